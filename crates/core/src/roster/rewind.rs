//! What becomes of all that our clock stamped when that clock was set back. It was ahead: its stamps are newer than
//! anything that is heard from now on, so that nothing new would count, and old evidence pass for fresh. So all of them
//! are moved back as far. The platform's clocks are others, and stay as they are.

use std::sync::Arc;
use std::time::Duration;

use super::Roster;
use crate::observation::Listing;
use crate::row::Row;
use crate::time::{CORRECTION_MAX, Timestamp};

/// How long a store has lain at least, if what it holds was stamped by a clock that was ahead: how long it really was
/// nobody knows, and evidence may be taken for older than it is.
const LAIN_MIN: Duration = Duration::from_secs(3_600);

impl Roster {
    /// Our clock was set back by so much. Readers are shown the same with older evidence, and nothing gets a revision.
    /// Walks over all rows.
    pub fn rewind(&mut self, by: Duration) {
        let rows: Vec<Arc<Row>> = self.state.rows.values().map(|row| Arc::new(row.rewound(by))).collect();
        rows.iter().for_each(|row| self.index(row));
        self.state.listing = self.state.listing.map(|listing| Listing {
            started_at: listing.started_at.before(by),
            finished_at: listing.finished_at.before(by),
            ..listing
        });
        if let Some(definitions) = &mut self.state.definitions {
            let definitions = Arc::make_mut(definitions);
            definitions.read_at = definitions.read_at.before(by);
        }
        if let Some(dialect) = &mut self.state.dialect {
            let dialect = Arc::make_mut(dialect);
            dialect.found_at = dialect.found_at.before(by);
        }
    }

    /// Rewinds what a store kept if it was stamped by a clock that was ahead of what ours says now, and says by how much
    /// that was.
    pub fn rewind_if_ahead_of(&mut self, now: Timestamp) -> Option<Duration> {
        let ahead = self.stamped_until().since(now);
        (ahead > CORRECTION_MAX).then(|| {
            self.rewind(ahead.saturating_add(LAIN_MIN));
            ahead
        })
    }

    /// The latest instant that our clock stamped anything with; `MIN` while nothing is held.
    pub fn stamped_until(&self) -> Timestamp {
        let rows = self.state.rows.values().map(|row| row.stamped_until());
        let listing = self.state.listing.map(|listing| listing.finished_at);
        rows.chain(listing).max().unwrap_or(Timestamp::MIN)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::agent::RoutingStatus;
    use crate::cursor::Epoch;
    use crate::observation::{Clock, Input, Observation, Said, Source, Statement};

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_millis(seconds * 1_000)
    }

    /// Somebody's routing status as it was read.
    fn read(value: RoutingStatus, clock: Option<Clock>, heard_at: Timestamp) -> Input {
        let routing_status = Some(Said { value, clock });
        Input::Observation(Box::new(Observation {
            user_id: "ada".into(),
            source: Source::Sweep,
            heard_at,
            as_of: None,
            event_id: None,
            statement: Statement { routing_status, ..Statement::default() },
        }))
    }

    fn status(roster: &Roster) -> (RoutingStatus, Timestamp) {
        let snapshot = roster.snapshot();
        let row = snapshot.by_user_id("ada").unwrap();
        (row.routing_status().unwrap().value.clone(), row.confirmed_at())
    }

    #[test]
    fn what_is_heard_after_a_clock_was_set_back_counts_at_once() {
        let mut roster = Roster::new(Epoch(1));
        roster.step(&read(RoutingStatus::Idle, None, at(10_000)));
        roster.step(&Input::Listing(Listing { started_at: at(9_999), finished_at: at(10_001), agents: 1 }));
        roster.rewind(Duration::from_secs(3_600));
        assert_eq!(status(&roster), (RoutingStatus::Idle, at(6_400)));
        // Without a clock of the platform's it is ordered by ours alone.
        roster.step(&read(RoutingStatus::Interacting, None, at(6_410)));
        assert_eq!(status(&roster), (RoutingStatus::Interacting, at(6_410)));
        let listing = Listing { started_at: at(6_420), finished_at: at(6_421), agents: 0 };
        assert_eq!(roster.step(&Input::Listing(listing)).changes.len(), 1, "she left");
    }

    #[test]
    fn a_store_from_the_time_to_come_is_taken_for_old_and_any_other_for_what_it_says() {
        let stored = || {
            let mut roster = Roster::new(Epoch(1));
            roster.step(&read(RoutingStatus::Idle, Some(Clock::at(at(5_000))), at(10_000)));
            roster
        };
        for now in [at(9_999), at(10_000), at(20_000)] {
            let mut roster = stored();
            assert_eq!(roster.rewind_if_ahead_of(now), None);
            assert_eq!(status(&roster), (RoutingStatus::Idle, at(10_000)));
        }
        let mut roster = stored();
        assert_eq!(roster.rewind_if_ahead_of(at(7_000)), Some(Duration::from_secs(3_000)));
        assert_eq!(status(&roster), (RoutingStatus::Idle, at(7_000).before(LAIN_MIN)));
        assert_eq!(Roster::new(Epoch(1)).rewind_if_ahead_of(at(0)), None, "nothing is held");
    }
}
