//! How many requests may be sent, and for what. Pure: time and the platform's headers come in as values.
//!
//! The platform counts requests per token in windows and tells the count with every answer. Both counts hold: its own
//! of the present window, with what is under way added, and ours of the last minute, because the shape of its windows
//! is not documented. Until an answer has told the count of a window, few requests are under way at once: the
//! allowance may be smaller than thought, and others may have used it.
//!
//! Part of the allowance is kept in reserve, because others may use the same token and clocks differ. Each purpose has
//! a floor that no other purpose can take, and diagnosis a ceiling; what is above the floors goes by precedence where
//! several wait, and otherwise to whoever asks first.
//!
//! By the wording of the platform's limit every token has an allowance of its own. A new one is given none here: the
//! last minute counts whoever asked in it, and a client that makes tokens to dodge limits is stopped elsewhere.

mod governor;
mod rolling;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::time::Duration;

use onduty_core::time::Timestamp;

use super::route::Route;
pub use governor::{Governor, Leave};
use rolling::{MEMORY, Rolling};

/// What a request is for, in order of precedence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Purpose {
    /// Callers who wait for an answer.
    Lookup,
    /// Upkeep of notification channels, and reading agents again of whom something may have been missed.
    Channel,
    /// Full listings.
    Sweep,
    /// Finding out why an answer is missing.
    Diagnosis,
}

/// Whether a request may be sent now. A grant is counted at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Send it.
    Grant,
    /// Ask again then.
    Wait(Timestamp),
    /// Ask again when an answer under way has come: it tells how much may be sent.
    AwaitAnswer,
}

/// A request that somebody wants to send.
#[derive(Clone, Copy, Debug)]
pub struct Request {
    /// What it is for.
    pub purpose: Purpose,
    /// Where it goes.
    pub route: Route,
    /// Whether others of higher precedence wait as well: then there is only what nobody else can take.
    pub gives_way: bool,
    /// Whether it has waited for an answer for as long as it could. Those under way may never come.
    pub has_waited: bool,
}

/// What an answer says of the limits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LimitHeaders {
    /// `inin-ratelimit-count`: requests counted in the present window.
    pub count: Option<u32>,
    /// `inin-ratelimit-allowed`: how many it may hold.
    pub allowed: Option<u32>,
    /// `inin-ratelimit-reset`: until it ends.
    pub reset: Option<Duration>,
}

/// What follows from a `429`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limited {
    /// Nothing is sent before.
    pub until: Timestamp,
    /// Whether that holds for one endpoint, and not for the token.
    pub endpoint_only: bool,
    /// For how long the platform wants to be left alone, where that is longer than anybody waits.
    pub asked: Option<Duration>,
    /// Whether it was so before.
    pub known: bool,
}

/// The budget of one client.
#[derive(Clone, Debug)]
pub struct Budget {
    keeps_channels: bool,
    allowed: u32,
    /// Whether any answer ever told of the allowance.
    is_heard: bool,
    counted: Option<Counted>,
    under_way: u32,
    sent: Rolling,
    spent_ever: [u64; Purpose::ALL.len()],
    blocked_until: Option<Timestamp>,
    routes_blocked_until: BTreeMap<Route, Timestamp>,
}

/// What the platform counted in its present window.
#[derive(Clone, Copy, Debug)]
struct Counted {
    count: u32,
    ends_at: Timestamp,
}

/// Requests a minute before the platform has said how many (`client.credentials.token.rate.per.minute`).
pub const ALLOWED_AT_FIRST: u32 = 300;
/// The window where the platform does not say when it ends.
const WINDOW: Duration = Duration::from_secs(60);
/// The longest wait, whatever the platform asks for: `Retry-After` of hours has been seen to freeze applications.
pub const WAIT_MAX: Duration = Duration::from_secs(300);
/// The headers count whole seconds; the window surely is over this much later.
const ROUNDING: Duration = Duration::from_secs(1);
/// A reset that is later by this much belongs to the next window, not to rounding.
const NEXT_WINDOW: Duration = Duration::from_secs(10);
/// When to ask again where others come first.
const TURN: Duration = Duration::from_secs(1);
/// The part of the allowance kept in reserve, in per cent.
const RESERVE: u32 = 10;

/// The part of the channels' floor that is not spent on reading agents again, in per cent: with the platform's default
/// allowance, what a dozen channels need to be opened.
const KEPT_FOR_OPENING: u32 = 70;

impl Purpose {
    /// All of them, in order of precedence.
    pub const ALL: [Self; 4] = [Self::Lookup, Self::Channel, Self::Sweep, Self::Diagnosis];

    /// The name in status and meters.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Lookup => "lookup",
            Self::Channel => "channel",
            Self::Sweep => "sweep",
            Self::Diagnosis => "diagnosis",
        }
    }

    /// The part of the usable allowance that no other purpose can take, in per cent. What channels would have goes to
    /// the listings that stand in for them where there are none.
    pub const fn floor(self, keeps_channels: bool) -> u32 {
        match self {
            Self::Lookup => 30,
            Self::Channel if keeps_channels => 20,
            Self::Channel => 0,
            Self::Sweep if keeps_channels => 30,
            Self::Sweep => 50,
            Self::Diagnosis => 10,
        }
    }

    /// The part of the usable allowance that it can take at most, in per cent: a storm of questions about what is
    /// missing slows down neither listings nor look-ups.
    const fn ceiling(self) -> u32 {
        match self {
            Self::Lookup | Self::Channel | Self::Sweep => 100,
            Self::Diagnosis => 20,
        }
    }
}

impl Default for Budget {
    fn default() -> Self {
        Self {
            keeps_channels: false,
            allowed: ALLOWED_AT_FIRST,
            is_heard: false,
            counted: None,
            under_way: 0,
            sent: Rolling::default(),
            spent_ever: [0; Purpose::ALL.len()],
            blocked_until: None,
            routes_blocked_until: BTreeMap::new(),
        }
    }
}

/// The part of an allowance that may be spent, in requests: the reserve is left. Never nothing: with one request a
/// minute, that one is sent.
pub const fn usable(allowed: u32) -> u32 {
    let usable = allowed - allowed / 100 * RESERVE - (allowed % 100 * RESERVE).div_ceil(100);
    if usable == 0 { 1 } else { usable }
}

impl Budget {
    /// Whether requests for channels are to be expected.
    pub const fn keep_channels(&mut self, keeps_channels: bool) {
        self.keeps_channels = keeps_channels;
    }

    /// Whether a request may be sent now.
    pub fn decide(&mut self, now: Timestamp, request: &Request) -> Decision {
        let Request { purpose, route, gives_way, has_waited } = *request;
        self.forget_what_is_over(now);
        if let Some(until) = self.blocked_until.max(self.routes_blocked_until.get(&route).copied()) {
            return Decision::Wait(until);
        }
        if self.left_for(purpose) == 0 {
            return Decision::Wait(self.first(now, |then| then.left_for(purpose) > 0));
        }
        if gives_way && self.owed(purpose) == 0 {
            return Decision::Wait(now.after(TURN));
        }
        if self.counted.is_none() && self.under_way >= self.blind_max() && !has_waited {
            return Decision::AwaitAnswer;
        }
        self.under_way += 1;
        self.sent.add(now, purpose);
        self.spent_ever[purpose as usize] += 1;
        Decision::Grant
    }

    /// A request that was granted is answered.
    pub const fn over(&mut self) {
        self.under_way = self.under_way.saturating_sub(1);
    }

    /// A request that was granted will not be answered. The platform may have counted it all the same.
    pub fn lost(&mut self) {
        self.over();
        if let Some(counted) = &mut self.counted {
            counted.count = counted.count.saturating_add(1);
        }
    }

    /// Takes in what an answer says.
    pub fn record(&mut self, now: Timestamp, headers: &LimitHeaders) {
        self.forget_what_is_over(now);
        // A proxy's page and a refused token's answer tell no allowance.
        self.is_heard |= headers.allowed.is_some() || headers.count.is_some();
        if let Some(allowed) = headers.allowed.filter(|allowed| *allowed > 0) {
            self.allowed = allowed;
        }
        let Some(count) = headers.count else { return };
        let ends_at = now.after(headers.reset.unwrap_or(WINDOW).min(WAIT_MAX)).after(ROUNDING);
        self.counted = Some(match self.counted {
            Some(held) if ends_at <= held.ends_at.after(NEXT_WINDOW) => {
                Counted { count: held.count.max(count), ends_at: held.ends_at.min(ends_at) }
            }
            Some(_) | None => Counted { count, ends_at },
        });
    }

    /// The platform said `429`. If by its own count the token plainly has allowance left, it is the endpoint that is
    /// limited: limits are layered, and partly undocumented.
    pub fn refused(
        &mut self,
        now: Timestamp,
        route: Route,
        headers: &LimitHeaders,
        retry_after: Option<Duration>,
    ) -> Limited {
        let asked = retry_after.or(headers.reset).unwrap_or(ROUNDING);
        let until = now.after(asked.clamp(ROUNDING, WAIT_MAX));
        let endpoint_only = matches!(
            (headers.count, headers.allowed),
            (Some(count), Some(allowed)) if count <= usable(allowed) && count < allowed
        );
        let blocked =
            if endpoint_only { self.routes_blocked_until.get(&route).copied() } else { self.blocked_until };
        let until = blocked.map_or(until, |blocked| blocked.max(until));
        if endpoint_only {
            self.routes_blocked_until.insert(route, until);
        } else {
            self.blocked_until = Some(until);
        }
        let known = blocked.is_some_and(|blocked| now < blocked);
        Limited { until, endpoint_only, asked: Some(asked).filter(|asked| *asked > WAIT_MAX), known }
    }

    /// Requests that a purpose may still send now, if nobody else sends any.
    pub fn left_for(&self, purpose: Purpose) -> u32 {
        let left = self.left();
        let others: u32 =
            Purpose::ALL.into_iter().filter(|other| *other != purpose).map(|other| self.owed(other)).sum();
        let ceiling = usable(self.allowed) * purpose.ceiling() / 100;
        let own = ceiling.max(1).saturating_sub(self.sent.of(purpose));
        left.saturating_sub(others).max(self.owed(purpose)).min(left).min(own)
    }

    /// Whose share pays for reading agents again after a gap. The channels' does while enough of it is left to open
    /// channels again, which helps more agents with one request; otherwise the listings', which would read the same.
    ///
    /// # Errors
    ///
    /// When neither has anything left: the instant at which one of them has.
    pub fn pays_for_repairs(&mut self, now: Timestamp) -> Result<Purpose, Timestamp> {
        self.forget_what_is_over(now);
        self.payer().ok_or_else(|| self.first(now, |then| then.payer().is_some()))
    }

    fn payer(&self) -> Option<Purpose> {
        let kept_for_opening = self.floor(Purpose::Channel) * KEPT_FOR_OPENING / 100;
        let spares = [
            (Purpose::Channel, self.owed(Purpose::Channel).saturating_sub(kept_for_opening).min(self.left())),
            (Purpose::Sweep, self.left_for(Purpose::Sweep)),
        ];
        spares.into_iter().find(|(_, spare)| *spare > 0).map(|(purpose, _)| purpose)
    }

    /// Requests that may be sent now, the reserve not counted.
    pub fn left(&self) -> u32 {
        // Every answer's count holds the request that it answers; what is unanswered may come on top.
        let counted = self.counted.map_or(0, |counted| counted.count.saturating_add(self.under_way));
        usable(self.allowed).saturating_sub(counted.max(self.sent.total()))
    }

    /// Requests a window that the platform allows.
    pub const fn allowed(&self) -> u32 {
        self.allowed
    }

    /// Requests granted to a purpose since the start.
    pub const fn spent_ever(&self, purpose: Purpose) -> u64 {
        self.spent_ever[purpose as usize]
    }

    /// Until when nothing at all may be sent.
    pub fn blocked_until(&self, now: Timestamp) -> Option<Timestamp> {
        self.blocked_until.filter(|until| now < *until)
    }

    /// The endpoints that are limited by themselves, and until when.
    pub fn routes_blocked(&self, now: Timestamp) -> impl Iterator<Item = (Route, Timestamp)> {
        let blocked = self.routes_blocked_until.iter().map(|(route, until)| (*route, *until));
        blocked.filter(move |(_, until)| now < *until)
    }

    /// The floor of a purpose, in requests a window.
    pub const fn floor(&self, purpose: Purpose) -> u32 {
        usable(self.allowed) * purpose.floor(self.keeps_channels) / 100
    }

    const fn owed(&self, purpose: Purpose) -> u32 {
        self.floor(purpose).saturating_sub(self.sent.of(purpose))
    }

    /// Requests under way at once while the platform's count is not known. Before any answer the allowance is not
    /// known either.
    fn blind_max(&self) -> u32 {
        if self.is_heard { (self.allowed - usable(self.allowed)).max(1) } else { 1 }
    }

    /// When something comes true, if nobody sends anything until then.
    fn first(&self, now: Timestamp, comes_true: impl Fn(&Self) -> bool) -> Timestamp {
        let mut then = self.clone();
        let mut ends: Vec<Timestamp> = self.sent.ends().collect();
        ends.extend(self.counted.map(|counted| counted.ends_at));
        ends.sort_unstable();
        let free = ends.into_iter().find(|at| {
            then.forget_what_is_over(*at);
            comes_true(&then)
        });
        free.unwrap_or(now.after(TURN)).max(now.after(Duration::from_millis(1)))
    }

    fn forget_what_is_over(&mut self, now: Timestamp) {
        // Whatever is further ahead than anything may be was told before our clock was set back.
        let holds = |until: Timestamp| now < until && until <= now.after(WAIT_MAX).after(MEMORY);
        self.counted = self.counted.filter(|counted| holds(counted.ends_at));
        self.blocked_until = self.blocked_until.filter(|until| holds(*until));
        self.routes_blocked_until.retain(|_, until| holds(*until));
        self.sent.forget(now);
    }
}
