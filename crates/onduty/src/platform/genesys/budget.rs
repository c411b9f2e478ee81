//! How many requests may be sent, and for what. Pure: time and the platform's headers come in as values.
//!
//! The platform counts requests per token in windows and tells the count with every answer. Part of the allowance is
//! kept in reserve, because others may use the same token and clocks differ. Each purpose has a floor that no other
//! purpose can take, and diagnosis a ceiling; what is above the floors goes to whoever asks first.

mod governor;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::time::Duration;

use onduty_core::time::Timestamp;

use super::route::Route;
pub use governor::Governor;

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

/// The budget of one token.
#[derive(Clone, Debug)]
pub struct Budget {
    keeps_channels: bool,
    allowed: u32,
    used: u32,
    spent: [u32; Purpose::ALL.len()],
    spent_ever: [u64; Purpose::ALL.len()],
    window_ends_at: Option<Timestamp>,
    blocked_until: Option<Timestamp>,
    routes_blocked_until: BTreeMap<Route, Timestamp>,
}

/// Requests a minute before the platform has said how many (`client.credentials.token.rate.per.minute`).
pub const ALLOWED_AT_FIRST: u32 = 300;
/// The window before the platform has said when it ends.
const WINDOW: Duration = Duration::from_secs(60);
/// The longest wait, whatever the platform asks for: `Retry-After` of hours has been seen to freeze applications.
pub const WAIT_MAX: Duration = Duration::from_secs(300);
/// The headers count whole seconds; the window surely is over this much later.
const ROUNDING: Duration = Duration::from_secs(1);
/// A reset that is later by this much belongs to the next window, not to rounding.
const NEXT_WINDOW: Duration = Duration::from_secs(10);
/// The part of the allowance kept in reserve, in per cent.
const RESERVE: u32 = 10;

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
    const fn floor(self, keeps_channels: bool) -> u32 {
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
            used: 0,
            spent: [0; Purpose::ALL.len()],
            spent_ever: [0; Purpose::ALL.len()],
            window_ends_at: None,
            blocked_until: None,
            routes_blocked_until: BTreeMap::new(),
        }
    }
}

impl Budget {
    /// Whether requests for channels are to be expected.
    pub const fn keep_channels(&mut self, keeps_channels: bool) {
        self.keeps_channels = keeps_channels;
    }

    /// Whether a request may be sent now.
    pub fn decide(&mut self, now: Timestamp, purpose: Purpose, route: Route) -> Decision {
        self.forget_what_is_over(now);
        if let Some(until) = self.blocked_until.max(self.routes_blocked_until.get(&route).copied()) {
            return Decision::Wait(until);
        }
        let window_ends_at = *self.window_ends_at.get_or_insert(now.after(WINDOW));
        if self.left_for(purpose) == 0 {
            return Decision::Wait(window_ends_at);
        }
        self.used += 1;
        self.spent[purpose as usize] += 1;
        self.spent_ever[purpose as usize] += 1;
        Decision::Grant
    }

    /// Takes in what an answer says.
    pub fn record(&mut self, now: Timestamp, headers: &LimitHeaders) {
        self.forget_what_is_over(now);
        if let Some(allowed) = headers.allowed.filter(|allowed| *allowed > 0) {
            self.allowed = allowed;
        }
        let count = headers.count.unwrap_or(0);
        if let Some(reset) = headers.reset {
            let ends_at = now.after(reset.min(WAIT_MAX)).after(ROUNDING);
            match self.window_ends_at {
                Some(held) if count < self.used && ends_at > held.after(NEXT_WINDOW) => {
                    self.begin_window(Some(ends_at));
                }
                Some(held) => self.window_ends_at = Some(held.min(ends_at)),
                None => self.window_ends_at = Some(ends_at),
            }
        }
        self.used = self.used.max(count);
    }

    /// The platform said `429`. If by its own count the token has allowance left, it is the route that is limited:
    /// limits are layered, and partly undocumented.
    pub fn refused(
        &mut self,
        now: Timestamp,
        route: Route,
        headers: &LimitHeaders,
        retry_after: Option<Duration>,
    ) -> Timestamp {
        let wait = retry_after.or(headers.reset).unwrap_or(ROUNDING).clamp(ROUNDING, WAIT_MAX);
        let until = now.after(wait);
        let token_has_some =
            matches!((headers.count, headers.allowed), (Some(count), Some(allowed)) if count <= allowed);
        let blocked = if token_has_some {
            self.routes_blocked_until.entry(route).or_insert(until)
        } else {
            self.blocked_until.get_or_insert(until)
        };
        *blocked = until.max(*blocked);
        until
    }

    /// Requests that a purpose may still send in the present window.
    pub fn left_for(&self, purpose: Purpose) -> u32 {
        let left = self.usable().saturating_sub(self.used);
        let others: u32 =
            Purpose::ALL.into_iter().filter(|other| *other != purpose).map(|other| self.owed(other)).sum();
        let ceiling = self.usable() * purpose.ceiling() / 100;
        let own = ceiling.max(1).saturating_sub(self.spent[purpose as usize]);
        left.saturating_sub(others).max(self.owed(purpose)).min(left).min(own)
    }

    /// Requests left in the present window, the reserve not counted.
    pub fn left(&self) -> u32 {
        self.usable().saturating_sub(self.used)
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

    /// The floor of a purpose, in requests a window.
    pub const fn floor(&self, purpose: Purpose) -> u32 {
        self.usable() * purpose.floor(self.keeps_channels) / 100
    }

    /// The allowance without the reserve. Never nothing: with one request a minute, that one is sent.
    const fn usable(&self) -> u32 {
        let usable = self.allowed - self.allowed / 100 * RESERVE - self.allowed % 100 * RESERVE / 100;
        if usable == 0 { 1 } else { usable }
    }

    const fn owed(&self, purpose: Purpose) -> u32 {
        self.floor(purpose).saturating_sub(self.spent[purpose as usize])
    }

    fn forget_what_is_over(&mut self, now: Timestamp) {
        if self.window_ends_at.is_some_and(|ends_at| now >= ends_at) {
            self.begin_window(None);
        }
        self.blocked_until = self.blocked_until(now);
        self.routes_blocked_until.retain(|_, until| now < *until);
    }

    fn begin_window(&mut self, ends_at: Option<Timestamp>) {
        self.window_ends_at = ends_at;
        self.used = 0;
        self.spent = [0; Purpose::ALL.len()];
    }
}
