//! When push was whole: nothing was done to it, and every agent was covered. Pure.

use std::time::Duration;

/// Trouble may take with it what is on its way.
const ON_ITS_WAY_MS: i64 = 1_000;
/// A topic is taken for live this long after the sidecar counts it.
const SETTLING_MS: i64 = 1_500;

/// A span of time, in milliseconds of the wall clock, both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Interval {
    /// From then.
    pub(crate) from_ms: i64,
    /// Until then.
    pub(crate) until_ms: i64,
}

impl Interval {
    /// Whether an instant is within it.
    pub(crate) const fn holds(self, at_ms: i64) -> bool {
        self.from_ms <= at_ms && at_ms <= self.until_ms
    }

    /// How long it is.
    pub(crate) const fn length_ms(self) -> i64 {
        self.until_ms - self.from_ms
    }
}

/// Keeps count of when push was whole.
#[derive(Clone, Debug)]
pub(crate) struct Wholeness {
    /// For so long the sidecar may not have noticed what was done.
    unnoticed_ms: i64,
    /// Not whole before, whatever the sidecar believes.
    not_before_ms: i64,
    since_ms: Option<i64>,
    past: Vec<Interval>,
}

impl Wholeness {
    /// Of a sidecar that may take so long to notice what was done to it.
    pub(crate) fn new(unnoticed_for: Duration) -> Self {
        let unnoticed_ms = i64::try_from(unnoticed_for.as_millis()).unwrap_or(i64::MAX);
        Self { unnoticed_ms, not_before_ms: 0, since_ms: None, past: Vec::new() }
    }

    /// The sidecar was looked at, with nothing being done to it. Says whether that is news.
    pub(crate) fn look(&mut self, is_covered: bool, now_ms: i64) -> bool {
        match (is_covered, self.since_ms) {
            (true, None) if now_ms < self.not_before_ms => return false,
            (true, None) => self.since_ms = Some(now_ms + SETTLING_MS),
            (false, Some(_)) => self.end(now_ms),
            _ => return false,
        }
        true
    }

    /// Something is done to it now.
    pub(crate) fn disturb(&mut self, now_ms: i64) {
        self.not_before_ms = now_ms + self.unnoticed_ms;
        self.end(now_ms);
    }

    fn end(&mut self, now_ms: i64) {
        self.past.extend(self.present(now_ms - ON_ITS_WAY_MS));
        self.since_ms = None;
    }

    /// The interval that lasts, until that instant.
    pub(crate) fn present(&self, until_ms: i64) -> Option<Interval> {
        let from_ms = self.since_ms?;
        (from_ms < until_ms).then_some(Interval { from_ms, until_ms })
    }

    /// Those that are over.
    pub(crate) fn past(&self) -> &[Interval] {
        &self.past
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interval_begins_when_all_are_covered_and_ends_before_what_disturbs_it() {
        let mut wholeness = Wholeness::new(Duration::from_secs(6));
        assert!(!wholeness.look(false, 0) && wholeness.present(50_000).is_none());
        assert!(wholeness.look(true, 1_000) && !wholeness.look(true, 2_000));
        assert_eq!(wholeness.present(9_000), Some(Interval { from_ms: 2_500, until_ms: 9_000 }));
        wholeness.disturb(20_000);
        assert_eq!(wholeness.past(), [Interval { from_ms: 2_500, until_ms: 19_000 }]);
        assert!(!wholeness.look(true, 25_999), "it may not have noticed yet");
        assert!(wholeness.look(true, 26_000) && wholeness.look(false, 27_000));
        assert_eq!(wholeness.past().len(), 1, "too short to hold anything");
    }
}
