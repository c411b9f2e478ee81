//! The merge against its reference model: any order and any repetition of the same statements ends in the same
//! state, and a watcher that follows by revision sees all of it.

mod model;
mod strategy;

use std::collections::BTreeMap;
use std::time::Duration;

use onduty_core::cursor::{Cursor, Epoch, Revision};
use onduty_core::observation::{Coverage, Input, Listing};
use onduty_core::roster::{Roster, Stored};
use onduty_core::snapshot::{Gap, Snapshot};
use onduty_core::time::Timestamp;
use proptest::prelude::*;

use model::{Shown, shown_by, shown_of};
use strategy::{history, history_and_replay};

fn run(inputs: &[Input]) -> Roster {
    let mut roster = Roster::new(Epoch(1));
    for input in inputs {
        roster.step(input);
    }
    roster
}

/// What a row shows but for its evidence, which moves without a revision.
fn seen(snapshot: &Snapshot) -> BTreeMap<String, String> {
    snapshot.present_after(None).map(|row| (row.user_id().to_string(), face(row))).collect()
}

fn face(row: &onduty_core::row::Row) -> String {
    let shown = format!("{:?}", Shown::of_row(row));
    shown.split(", confirmed_at").next().unwrap_or_default().to_owned()
}

/// Whether the evidence of somebody's log-out is ordered by the platform's clock, too.
fn logged_out(snapshot: &Snapshot) -> bool {
    snapshot.rows().any(|row| row.login().is_some_and(|login| !login.value))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn any_order_and_any_repetition_ends_in_the_state_of_the_reference((history, replay) in history_and_replay()) {
        let expected = shown_of(&history);
        prop_assert_eq!(&shown_by(&run(&history).snapshot()), &expected);
        prop_assert_eq!(&shown_by(&run(&replay).snapshot()), &expected);
    }

    #[test]
    fn a_replica_that_follows_by_revision_holds_what_the_snapshot_shows(
        history in history(),
        pauses in proptest::collection::vec(1..8_usize, 1..20),
    ) {
        let mut roster = Roster::new(Epoch(1));
        let (mut replica, mut cursor) = (BTreeMap::new(), Revision::default());
        let mut rest = history.as_slice();
        for pause in pauses.iter().cycle() {
            let (now, later) = rest.split_at((*pause).min(rest.len()));
            now.iter().for_each(|input| drop(roster.step(input)));
            let snapshot = roster.snapshot();
            for row in snapshot.changed_after(cursor) {
                prop_assert!(row.revision > cursor, "revisions come in order");
                cursor = row.revision;
                if row.present {
                    replica.insert(row.user_id().to_string(), face(row));
                } else {
                    replica.remove(row.user_id().as_str());
                }
            }
            prop_assert_eq!(&replica, &seen(&snapshot));
            prop_assert_eq!(cursor, snapshot.revision());
            rest = later;
            if rest.is_empty() { break; }
        }
    }

    #[test]
    fn every_change_is_told_once_and_nothing_changes_untold(history in history()) {
        let mut roster = Roster::new(Epoch(1));
        for input in &history {
            let before = roster.snapshot();
            let seen_before = seen(&before);
            let step = roster.step(input);
            let after = roster.snapshot();
            prop_assert_eq!(step.changes.is_empty(), before.revision() == after.revision());
            prop_assert_eq!(after.revision().0 - before.revision().0, step.changes.len() as u64);
            prop_assert_eq!(step.changes.is_empty(), seen_before == seen(&after));
            prop_assert_eq!(after.directory_total(), after.present_after(None).count());
        }
    }

    #[test]
    fn coverage_confirms_and_never_changes_what_is_shown(
        history in history(),
        at in 0..40_usize,
        since in 0..2_000_i64,
        length in 0..2_000_i64,
    ) {
        let mut roster = run(&history[..at.min(history.len())]);
        let before = roster.snapshot();
        let marks = |snapshot: &Snapshot| -> Vec<_> { snapshot.rows().map(|row| row.confirmed_at()).collect() };
        let (seen_before, marks_before) = (seen(&before), marks(&before));
        let (since, until) = (Timestamp::from_millis(since), Timestamp::from_millis(since + length));
        let agents = before.rows().map(|row| row.user_id().clone()).collect();
        let step = roster.step(&Input::Coverage(Coverage { agents, since, until }));
        let after = roster.snapshot();
        prop_assert!(step.changes.is_empty() && step.rewritten.is_none());
        prop_assert_eq!(seen(&after), seen_before);
        for (before, after) in marks_before.into_iter().zip(marks(&after)) {
            prop_assert!(after == before || (before >= since && after <= before.max(until)));
        }
    }

    #[test]
    fn a_clock_that_is_set_back_ages_all_evidence_and_shows_the_same(history in history(), by in 2..5_000_u64) {
        let mut roster = run(&history);
        let (before, stamped_until) = (roster.snapshot(), roster.stamped_until());
        let by = Duration::from_millis(by);
        roster.rewind(by);
        let after = roster.snapshot();
        prop_assert_eq!((seen(&after), after.cursor()), (seen(&before), before.cursor()));
        prop_assert_eq!(after.directory_total(), before.directory_total());
        prop_assert!(roster.stamped_until() <= stamped_until.before(by) || logged_out(&after));
        for (old, new) in before.rows().zip(after.rows()) {
            prop_assert_eq!((new.revision, new.present), (old.revision, old.present));
            let is_aged = new.confirmed_at() == old.confirmed_at().before(by);
            prop_assert!(is_aged || new.login().is_some_and(|login| !login.value));
        }
        prop_assert_eq!(
            after.listing().map(|listing| listing.started_at),
            before.listing().map(|listing| listing.started_at.before(by))
        );
    }

    #[test]
    fn after_a_clock_was_set_back_the_next_listing_counts_at_once(history in history()) {
        // By the clock as it was nobody could have left for an hour.
        let hour = Duration::from_secs(3_600);
        let mut roster = run(&history);
        let now = roster.stamped_until().before(hour).after(Duration::from_secs(1));
        roster.rewind(hour);
        let listing = Listing { started_at: now, finished_at: now, agents: 0 };
        roster.step(&Input::Listing(listing));
        let after = roster.snapshot();
        prop_assert_eq!(after.listing(), Some(listing));
        prop_assert_eq!(after.directory_total(), 0, "nobody was named by it");
    }

    #[test]
    fn a_restored_roster_goes_on_as_if_never_stopped((history, replay) in history_and_replay()) {
        let before = run(&history).snapshot();
        let stored = Stored {
            epoch: before.cursor().epoch,
            revision: before.revision(),
            forgotten: before.forgotten(),
            listing: before.listing(),
            definitions: before.definitions().cloned(),
            dialect: before.dialect().cloned(),
            rows: before.rows().map(|row| (**row).clone()).collect(),
        };
        let mut restored = Roster::restore(stored);
        prop_assert_eq!(shown_by(&restored.snapshot()), shown_by(&before));
        prop_assert_eq!(restored.snapshot().cursor(), before.cursor());
        prop_assert_eq!(restored.snapshot().dialect().cloned(), before.dialect().cloned());
        replay.iter().for_each(|input| drop(restored.step(input)));
        prop_assert_eq!(shown_by(&restored.snapshot()), shown_of(&history));
    }

    #[test]
    fn a_foreign_or_future_cursor_is_a_gap(history in history(), ahead in 1..5_u64) {
        let snapshot = run(&history).snapshot();
        let Cursor { epoch, revision } = snapshot.cursor();
        prop_assert_eq!(snapshot.resume(Cursor { epoch, revision }), Ok(revision));
        let future = Cursor { epoch, revision: Revision(revision.0 + ahead) };
        prop_assert_eq!(snapshot.resume(future), Err(Gap::EpochChanged));
        let foreign = Cursor { epoch: Epoch(epoch.0 + 1), revision };
        prop_assert_eq!(snapshot.resume(foreign), Err(Gap::EpochChanged));
    }
}
