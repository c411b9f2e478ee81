//! Instants as plain values. Core never reads a clock: every instant comes in from outside, either from the
//! platform's clock or from ours, and the field that holds it says which.

use std::fmt;
use std::time::Duration;

/// A clock that goes back by no more than this is being corrected; by more, it is set back, and what was stamped by it
/// before is of another time.
pub const CORRECTION_MAX: Duration = Duration::from_secs(1);

/// An instant, in milliseconds since 1970-01-01T00:00:00Z. The platform's own precision.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Timestamp(i64);

impl Timestamp {
    /// Earlier than every instant that can be heard.
    pub const MIN: Self = Self(i64::MIN);

    /// Later than every instant that can be heard.
    pub const MAX: Self = Self(i64::MAX);

    /// From milliseconds since the epoch.
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis)
    }

    /// Milliseconds since the epoch.
    pub const fn as_millis(self) -> i64 {
        self.0
    }

    /// How long after `earlier` this is; zero when it is not after.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }

    /// Whether what was evident at this instant is at most so old. An instant to come was stamped before the clock was
    /// set back: how old it is, nobody knows.
    pub fn is_within(self, bound: Duration, now: Self) -> bool {
        self <= now.after(CORRECTION_MAX) && now.since(self) <= bound
    }

    /// This instant moved forward.
    #[must_use]
    pub fn after(self, by: Duration) -> Self {
        Self(self.0.saturating_add(i64::try_from(by.as_millis()).unwrap_or(i64::MAX)))
    }

    /// This instant moved back.
    #[must_use]
    pub fn before(self, by: Duration) -> Self {
        Self(self.0.saturating_sub(i64::try_from(by.as_millis()).unwrap_or(i64::MAX)))
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}ms", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interval_is_never_negative() {
        let (early, late) = (Timestamp::from_millis(1_000), Timestamp::from_millis(3_500));
        assert_eq!(late.since(early), Duration::from_millis(2_500));
        assert_eq!(early.since(late), Duration::ZERO);
        assert_eq!(late.since(Timestamp::MIN), Duration::from_millis(i64::MAX as u64));
    }

    #[test]
    fn evidence_of_an_instant_to_come_is_of_no_known_age() {
        let (now, minute) = (Timestamp::from_millis(100_000), Duration::from_secs(60));
        let table = [(40_000, true), (39_999, false), (100_000, true), (101_000, true), (101_001, false)];
        for (at, expected) in table {
            assert_eq!(Timestamp::from_millis(at).is_within(minute, now), expected, "{at}");
        }
        assert!(!Timestamp::MAX.is_within(Duration::MAX, now), "however much is accepted");
    }

    #[test]
    fn moving_an_instant_stops_at_the_ends_of_time() {
        assert_eq!(Timestamp::MIN.before(Duration::MAX), Timestamp::MIN);
        assert_eq!(Timestamp::from_millis(5).after(Duration::MAX), Timestamp::from_millis(i64::MAX));
    }
}
