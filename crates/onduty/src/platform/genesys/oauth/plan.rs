//! When to use a token, when to fetch one, and when to leave the token endpoint alone. Pure.

use std::fmt;
use std::time::Duration;

use onduty_core::time::Timestamp;
use reqwest::header::HeaderValue;

use super::Bearer;
use crate::platform::genesys::backoff::backoff;
use crate::platform::genesys::error::PlatformError;

/// A token is renewed this long before its end, or a tenth of its life if that is less; and up to as much earlier
/// by jitter, so that many sidecars started together do not renew together.
const LEAD_MAX: Duration = Duration::from_secs(300);
/// The longest wait that the token endpoint can ask for.
const WAIT_MAX: Duration = Duration::from_secs(300);

/// The token held and the trouble had.
#[derive(Default)]
pub(super) struct Slot {
    held: Option<Held>,
    blocked: Option<Blocked>,
    generation: u64,
    /// Fetched tokens in a row that the platform refused.
    condemned: u32,
}

/// A token and when to renew it.
pub(super) struct Held {
    header: HeaderValue,
    renew_at: Timestamp,
    expires_at: Timestamp,
}

/// Why nothing is fetched before an instant.
pub(super) struct Blocked {
    cause: Cause,
    until: Timestamp,
    failures: u32,
}

/// Why there is no token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Cause {
    /// Too many token requests; and how long to wait, if that was said.
    RateLimited(Option<Duration>),
    /// The client is refused. Trying again at once mends nothing and may lock it.
    Rejected(String),
    /// This region does not know the client's id.
    ClientUnknown(String),
    /// Another region knows it.
    WrongRegion {
        /// In this region's words.
        detail: String,
        /// The other region's domain.
        region: String,
        /// This region.
        asked: String,
    },
    /// A fetched token is refused.
    TokenRefused(String),
    /// No useful answer.
    Unavailable {
        /// Since when.
        since: Timestamp,
        /// What was seen.
        detail: String,
    },
}

/// What to do.
pub(super) enum Next {
    /// Use this.
    Use(Bearer),
    /// Fetch a new one; this one still lives.
    Renew(Bearer),
    /// Fetch one; there is none.
    Fetch,
    /// Leave the endpoint alone.
    Fail(PlatformError),
}

impl Slot {
    pub(super) fn next(&self, now: Timestamp) -> Next {
        let alive = self.held.as_ref().filter(|held| now < held.expires_at);
        match (alive, self.blocked.as_ref().filter(|blocked| now < blocked.until)) {
            (Some(held), None) if now >= held.renew_at => Next::Renew(self.bearer(held)),
            (Some(held), _) => Next::Use(self.bearer(held)),
            (None, Some(blocked)) => Next::Fail(blocked.error()),
            (None, None) => Next::Fetch,
        }
    }

    /// What to use if somebody else has renewed the token since that one was looked at, or failed to: whoever was about
    /// to need not try as well.
    pub(super) fn settled_since(&self, looked_at: u64, now: Timestamp) -> Option<Bearer> {
        match self.next(now) {
            Next::Use(bearer) => Some(bearer),
            Next::Renew(bearer) => Some(bearer).filter(|bearer| bearer.generation != looked_at),
            Next::Fetch | Next::Fail(_) => None,
        }
    }

    /// How many tokens were fetched.
    pub(super) const fn generation(&self) -> u64 {
        self.generation
    }

    /// Takes a fetched token.
    pub(super) fn hold(&mut self, held: Held) -> Bearer {
        self.generation += 1;
        self.blocked = None;
        let bearer = self.bearer(&held);
        self.held = Some(held);
        bearer
    }

    /// Takes a failed fetch. A token that still lives is used on.
    pub(super) fn block(&mut self, blocked: Blocked, now: Timestamp) -> Result<Bearer, PlatformError> {
        let alive = self.held.as_ref().filter(|held| now < held.expires_at).map(|held| self.bearer(held));
        let error = blocked.error();
        self.blocked = Some(blocked);
        alive.ok_or(error)
    }

    /// The next to ask fetches a new one. The present one is used on if that fails.
    pub(super) fn renew_at(&mut self, now: Timestamp) {
        if let Some(held) = &mut self.held {
            held.renew_at = held.renew_at.min(now);
        }
    }

    pub(super) fn give_up(&mut self, generation: u64) {
        if self.generation == generation {
            self.held = None;
        }
    }

    pub(super) fn condemn(&mut self, generation: u64, now: Timestamp, cause: Cause, jitter: f64) {
        if self.generation == generation {
            self.held = None;
            self.condemned = self.condemned.saturating_add(1);
            self.blocked = Some(Blocked::new(cause, now, self.condemned - 1, jitter));
        }
    }

    pub(super) fn accepted(&mut self, generation: u64) {
        if self.generation == generation {
            self.condemned = 0;
        }
    }

    /// Failed fetches in a row.
    pub(super) fn failures(&self) -> u32 {
        self.blocked.as_ref().map_or(0, |blocked| blocked.failures)
    }

    fn bearer(&self, held: &Held) -> Bearer {
        Bearer { header: held.header.clone(), generation: self.generation }
    }
}

impl Held {
    /// A token asked for at an instant: its life is counted from the question, not from the answer.
    pub(super) fn new(header: HeaderValue, asked_at: Timestamp, life: Duration, jitter: f64) -> Self {
        let lead = (life / 10).min(LEAD_MAX);
        let early = lead + lead.mul_f64(jitter.clamp(0.0, 1.0));
        Self {
            header,
            renew_at: asked_at.after(life.saturating_sub(early)),
            expires_at: asked_at.after(life),
        }
    }
}

impl Blocked {
    /// After so many failures before this one.
    pub(super) fn new(cause: Cause, now: Timestamp, failures: u32, jitter: f64) -> Self {
        let failures = failures.saturating_add(1);
        let (base, cap) = match cause {
            Cause::RateLimited(_) => (5, 120),
            Cause::Rejected(_) | Cause::ClientUnknown(_) | Cause::WrongRegion { .. } => (30, 600),
            Cause::TokenRefused(_) => (1, 120),
            Cause::Unavailable { .. } => (1, 30),
        };
        let own = backoff(failures, Duration::from_secs(base), Duration::from_secs(cap), jitter);
        let wait = match &cause {
            Cause::RateLimited(Some(asked)) => own.max((*asked).min(WAIT_MAX)),
            Cause::RateLimited(None)
            | Cause::Rejected(_)
            | Cause::ClientUnknown(_)
            | Cause::WrongRegion { .. }
            | Cause::TokenRefused(_)
            | Cause::Unavailable { .. } => own,
        };
        Self { cause, until: now.after(wait), failures }
    }

    fn error(&self) -> PlatformError {
        match &self.cause {
            Cause::RateLimited(_) => PlatformError::RateLimited { until: self.until },
            Cause::Rejected(detail) | Cause::ClientUnknown(detail) | Cause::TokenRefused(detail) => {
                PlatformError::CredentialsRejected { detail: detail.clone() }
            }
            Cause::WrongRegion { detail, region, asked } => {
                let (detail, region, asked) = (detail.clone(), region.clone(), asked.clone());
                PlatformError::WrongRegion { detail, region, asked }
            }
            Cause::Unavailable { since, detail } => {
                PlatformError::Unavailable { since: *since, detail: detail.clone() }
            }
        }
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::RateLimited(_) => f.write_str("too many token requests"),
            Self::Rejected(detail)
            | Self::ClientUnknown(detail)
            | Self::TokenRefused(detail)
            | Self::Unavailable { detail, .. } => f.write_str(detail),
            Self::WrongRegion { detail, region, .. } => {
                write!(f, "{detail}, but known in the region {region}")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_millis(seconds * 1_000)
    }

    fn held(life_s: u64, jitter: f64) -> Held {
        Held::new(HeaderValue::from_static("Bearer t"), at(0), Duration::from_secs(life_s), jitter)
    }

    fn rejected() -> Cause {
        Cause::Rejected("400 invalid_client: client not found".into())
    }

    #[test]
    fn a_token_is_renewed_early_and_at_another_time_by_everybody() {
        let table = [
            (86_399, 0.0, 86_099),
            (86_399, 1.0, 85_799),
            (86_399, 0.5, 85_949),
            (300, 0.0, 270),
            (300, 1.0, 240),
            (0, 1.0, 0),
        ];
        for (life, jitter, expected) in table {
            assert_eq!(held(life, jitter).renew_at, at(expected), "life {life}, jitter {jitter}");
        }
    }

    #[test]
    fn a_token_that_cannot_be_renewed_is_used_to_its_end() {
        let mut slot = Slot::default();
        slot.hold(held(300, 0.0));
        assert!(matches!(slot.next(at(269)), Next::Use(_)));
        assert!(matches!(slot.next(at(270)), Next::Renew(_)));
        let cause = Cause::Unavailable { since: at(270), detail: "503".into() };
        assert!(slot.block(Blocked::new(cause.clone(), at(270), 0, 1.0), at(270)).is_ok());
        assert!(matches!(slot.next(at(270)), Next::Use(_)));
        assert!(matches!(slot.next(at(271)), Next::Renew(_)));
        assert!(slot.block(Blocked::new(cause, at(299), 0, 1.0), at(300)).is_err());
        assert!(matches!(slot.next(at(300)), Next::Fetch));
    }

    #[test]
    fn a_token_asked_to_be_renewed_lives_on_until_there_is_another() {
        let mut slot = Slot::default();
        let first = slot.hold(held(86_399, 0.0)).generation;
        slot.renew_at(at(10));
        assert!(matches!(slot.next(at(10)), Next::Renew(bearer) if bearer.generation == first));
        slot.hold(held(86_399, 0.0));
        assert!(matches!(slot.next(at(10)), Next::Use(bearer) if bearer.generation == first + 1));
    }

    #[test]
    fn who_comes_to_renew_a_token_that_somebody_has_just_renewed_uses_that() {
        let mut slot = Slot::default();
        let first = slot.hold(held(300, 0.0)).generation;
        assert!(matches!(slot.next(at(270)), Next::Renew(_)));
        assert!(slot.settled_since(first, at(270)).is_none(), "nobody has");
        let cause = Cause::Unavailable { since: at(270), detail: "503".into() };
        assert!(slot.block(Blocked::new(cause, at(270), 0, 1.0), at(270)).is_ok());
        assert!(
            slot.settled_since(first, at(270)).is_some_and(|bearer| bearer.generation == first),
            "failed"
        );
        let second = slot.hold(held(300, 0.0)).generation;
        assert!(slot.settled_since(first, at(270)).is_some_and(|bearer| bearer.generation == second));
    }

    #[test]
    fn a_refused_client_is_not_tried_again_at_once() {
        let mut slot = Slot::default();
        let mut now = at(0);
        for wait in [30, 60, 120, 240, 480, 600, 600] {
            assert!(matches!(slot.next(now), Next::Fetch));
            assert!(slot.block(Blocked::new(rejected(), now, slot.failures(), 1.0), now).is_err());
            let next = now.after(Duration::from_secs(wait));
            let before = next.before(Duration::from_millis(1));
            let refused = matches!(slot.next(before), Next::Fail(PlatformError::CredentialsRejected { .. }));
            assert!(refused, "{wait}");
            now = next;
        }
    }

    #[test]
    fn the_wait_that_the_endpoint_asks_for_is_kept_within_reason() {
        for (asked, expected) in [(None, 5), (Some(42), 42), (Some(1), 5), (Some(86_400), 300)] {
            let cause = Cause::RateLimited(asked.map(Duration::from_secs));
            assert_eq!(Blocked::new(cause, at(0), 0, 1.0).until, at(expected), "{asked:?}");
        }
    }

    #[test]
    fn only_the_token_that_was_refused_is_given_up() {
        let mut slot = Slot::default();
        let first = slot.hold(held(300, 0.0)).generation;
        let second = slot.hold(held(300, 0.0)).generation;
        slot.give_up(first);
        assert!(matches!(slot.next(at(0)), Next::Use(bearer) if bearer.generation == second));
        slot.condemn(second, at(0), Cause::TokenRefused("401".into()), 1.0);
        assert!(matches!(slot.next(at(0)), Next::Fail(PlatformError::CredentialsRejected { .. })));
        assert!(matches!(slot.next(at(1)), Next::Fetch));
    }
}
