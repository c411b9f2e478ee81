//! How many requests there were by when. Pure.

use std::time::Duration;

/// Counts that only grow, by time.
#[derive(Clone, Debug, Default)]
pub(super) struct Timeline(Vec<(Duration, u64)>);

impl Timeline {
    /// So many by then. Times come in order.
    pub(super) fn note(&mut self, at: Duration, count: u64) {
        self.0.push((at, count));
    }

    /// How many came after the one instant and up to the other.
    pub(super) fn between(&self, from: Duration, until: Duration) -> u64 {
        self.by(until).saturating_sub(self.by(from))
    }

    /// The most that came within any span of that length between the two instants.
    pub(super) fn busiest(&self, from: Duration, until: Duration, span: Duration) -> u64 {
        let inside = self.0.iter().map(|(at, _)| *at).filter(|at| from <= *at && *at <= until);
        let ends = inside.chain([until]);
        ends.map(|end| self.between(end.saturating_sub(span).max(from), end)).max().unwrap_or(0)
    }

    fn by(&self, at: Duration) -> u64 {
        let next = self.0.partition_point(|(noted, _)| *noted <= at);
        next.checked_sub(1).map_or(0, |last| self.0[last].1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn s(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn requests_are_counted_between_instants_and_in_the_busiest_span() {
        let mut timeline = Timeline::default();
        for (at, count) in [(1, 10), (30, 100), (50, 150), (100, 160), (150, 300)] {
            timeline.note(s(at), count);
        }
        assert_eq!(timeline.between(s(0), s(50)), 150);
        assert_eq!(timeline.between(s(50), s(149)), 10);
        assert_eq!(timeline.busiest(s(0), s(100), s(60)), 150);
        assert_eq!(timeline.busiest(s(60), s(150), s(60)), 150);
        assert_eq!(Timeline::default().busiest(s(0), s(9), s(1)), 0);
    }
}
