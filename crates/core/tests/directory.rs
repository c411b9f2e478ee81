//! Who exists: the newest complete listing and later evidence, in whatever order they arrive.

use std::time::Duration;

use onduty_core::agent::{AgentId, Facet, Presence, RoutingStatus, SystemPresence, UserId};
use onduty_core::cursor::{Cursor, Epoch, Revision};
use onduty_core::observation::{Clock, Input, Listing, Observation, Said, Source, Statement};
use onduty_core::roster::ruling::Ruling;
use onduty_core::roster::{Outcome, Roster, Step, TOMBSTONE_LIFE};
use onduty_core::snapshot::{Gap, Snapshot};
use onduty_core::time::Timestamp;

fn told(user: &str, source: Source, heard: i64, made: Option<i64>, clock: i64) -> Input {
    let routing_status =
        Some(Said { value: RoutingStatus::Idle, clock: Some(Clock::at(Timestamp::from_millis(clock))) });
    Input::Observation(Box::new(Observation {
        user_id: UserId::from(user),
        source,
        heard_at: Timestamp::from_millis(heard),
        as_of: made.map(Timestamp::from_millis),
        event_id: None,
        statement: Statement { routing_status, ..Statement::default() },
    }))
}

fn named(user: &str, agent_id: &str, heard: i64) -> Input {
    let Input::Observation(mut said) = told(user, Source::Sweep, heard, None, 1) else { unreachable!() };
    said.statement.agent_id = Some(AgentId::from(agent_id));
    Input::Observation(said)
}

fn listing(started: i64) -> Input {
    let started_at = Timestamp::from_millis(started);
    Input::Listing(Listing { started_at, finished_at: started_at.after(Duration::from_millis(5)), agents: 1 })
}

fn present(roster: &Roster) -> Vec<String> {
    roster.snapshot().present_after(None).map(|row| row.user_id().to_string()).collect()
}

#[test]
fn a_complete_listing_removes_whom_it_does_not_name_and_says_so() {
    let mut roster = Roster::new(Epoch(1));
    roster.step(&told("ada", Source::Sweep, 10, None, 1));
    roster.step(&told("ben", Source::Sweep, 10, None, 1));
    roster.step(&told("ben", Source::Sweep, 100, None, 1));
    let step = roster.step(&listing(100));
    assert_eq!(present(&roster), ["ben"]);
    let removed: Vec<_> = step.changes.iter().map(|row| (row.user_id().as_str(), row.present)).collect();
    assert_eq!(removed, [("ada", false)]);
    assert!(step.correction);
}

#[test]
fn nobody_is_removed_before_a_listing_is_complete() {
    let mut roster = Roster::new(Epoch(1));
    roster.step(&told("ada", Source::Webhook, 10, Some(10), 1));
    roster.step(&told("ben", Source::Sweep, 1_000, None, 1));
    assert_eq!(present(&roster), ["ada", "ben"]);
}

#[test]
fn yesterdays_event_does_not_bring_back_who_left_and_todays_does() {
    let mut roster = Roster::new(Epoch(1));
    roster.step(&told("ada", Source::Sweep, 10, None, 1));
    roster.step(&listing(100));
    let late = roster.step(&told("ada", Source::Webhook, 150, Some(50), 50));
    assert!(late.changes.is_empty());
    assert!(present(&roster).is_empty());
    let stranger = roster.step(&told("eve", Source::Webhook, 150, Some(60), 60));
    assert!(stranger.changes.is_empty(), "nor somebody whom the listing never named");
    roster.step(&told("ada", Source::Webhook, 160, Some(155), 155));
    assert_eq!(present(&roster), ["ada"]);
}

#[test]
fn an_agent_hired_during_a_listing_stays() {
    let mut roster = Roster::new(Epoch(1));
    roster.step(&told("eve", Source::Webhook, 120, Some(115), 115));
    roster.step(&listing(100));
    assert_eq!(present(&roster), ["eve"]);
}

#[test]
fn an_older_listing_that_ends_later_changes_nothing() {
    let mut roster = Roster::new(Epoch(1));
    roster.step(&told("ada", Source::Sweep, 60, None, 1));
    roster.step(&listing(50));
    let step: Step = roster.step(&listing(40));
    assert!(step.changes.is_empty());
    assert_eq!(present(&roster), ["ada"]);
}

#[test]
fn a_dropped_tombstone_expires_the_cursors_before_it_and_no_others() {
    let mut roster = Roster::new(Epoch(1));
    roster.step(&told("ada", Source::Sweep, 10, None, 1));
    let before_removal = roster.snapshot().cursor();
    roster.step(&listing(100));
    let after_removal = roster.snapshot().cursor();
    let day_later = 100 + i64::try_from(TOMBSTONE_LIFE.as_millis()).unwrap() + 10;
    let step = roster.step(&listing(day_later));
    assert_eq!(step.forgotten, [UserId::from("ada")]);
    let snapshot = roster.snapshot();
    assert_eq!(snapshot.resume(before_removal), Err(Gap::CursorExpired));
    assert_eq!(snapshot.resume(after_removal), Ok(after_removal.revision));
    assert!(snapshot.by_user_id("ada").is_none());
    let start = Cursor { epoch: Epoch(1), revision: Revision::default() };
    assert_eq!(snapshot.resume(start), Err(Gap::CursorExpired));
}

#[test]
fn the_outcome_of_a_statement_is_what_it_did_as_a_whole() {
    let mut roster = Roster::new(Epoch(1));
    let far = 400 * 24 * 3600 * 1000;
    for (input, outcome, ruling) in [
        (told("ada", Source::Webhook, 100, Some(90), 90), Outcome::Applied, Ruling::Applied),
        (told("ada", Source::Webhook, 101, Some(90), 90), Outcome::Duplicate, Ruling::Duplicate),
        (told("ada", Source::Webhook, 102, Some(80), 80), Outcome::Stale, Ruling::Older),
        (told("ada", Source::Webhook, 103, Some(103), far), Outcome::Rejected, Ruling::ClockAhead),
    ] {
        let step = roster.step(&input);
        assert_eq!(step.outcome(), outcome);
        assert_eq!(step.rulings.iter().map(|(_, ruling)| ruling).collect::<Vec<_>>(), [ruling]);
    }
}

#[test]
fn a_presence_at_a_secondary_source_is_ruled_out_and_never_held() {
    let mut roster = Roster::new(Epoch(1));
    roster.step(&told("ada", Source::Webhook, 100, Some(90), 90));
    let Input::Observation(mut elsewhere) = told("ada", Source::Webhook, 110, Some(105), 105) else {
        panic!("an observation")
    };
    let presence = Presence { system: SystemPresence::Meal, definition_id: None, message: "".into() };
    let clock = Some(Clock::at(Timestamp::from_millis(105)));
    elsewhere.statement =
        Statement { secondary_presence: Some(Said { value: presence, clock }), ..Statement::default() };
    let step = roster.step(&Input::Observation(elsewhere));
    assert_eq!(step.outcome(), Outcome::Rejected);
    assert_eq!(step.rulings.of(Facet::Presence), Some(Ruling::NotPrimary));
    assert!(step.changes.is_empty());
    assert!(roster.snapshot().rows().all(|row| row.presence().is_none()));
}

#[test]
fn only_what_a_sweep_had_to_mend_counts_as_a_correction() {
    let mut roster = Roster::new(Epoch(1));
    assert!(
        !roster.step(&told("ada", Source::Sweep, 10, None, 5)).correction,
        "the first word is no correction"
    );
    assert!(!roster.step(&told("ada", Source::Sweep, 20, None, 5)).correction, "nor is the same again");
    assert!(!roster.step(&told("ada", Source::Webhook, 30, Some(29), 29)).correction, "nor is push");
    assert!(roster.step(&told("ada", Source::Sweep, 40, None, 35)).correction);
}

#[test]
fn evidence_moves_without_a_revision() {
    let mut roster = Roster::new(Epoch(1));
    roster.step(&told("ada", Source::Sweep, 10, None, 5));
    let before = roster.snapshot();
    assert!(roster.step(&told("ada", Source::Sweep, 70, None, 5)).changes.is_empty());
    let after = roster.snapshot();
    assert_eq!(after.revision(), before.revision());
    let confirmed = after.by_user_id("ada").map(|row| row.confirmed_at());
    assert_eq!(confirmed, Some(Timestamp::from_millis(70)));
}

#[test]
fn an_agent_id_that_was_given_on_stays_with_its_new_holder() {
    let mut roster = Roster::new(Epoch(1));
    roster.step(&named("ada", "seat 7", 10));
    roster.step(&named("ben", "seat 7", 20));
    roster.step(&named("ada", "seat 8", 30));
    let holder = |roster: &Roster, id| roster.snapshot().by_agent_id(id).map(|row| row.user_id().to_string());
    assert_eq!(holder(&roster, "seat 7").as_deref(), Some("ben"));
    assert_eq!(holder(&roster, "seat 8").as_deref(), Some("ada"));
    let forgotten_at = 40 + i64::try_from(TOMBSTONE_LIFE.as_millis()).unwrap();
    roster.step(&named("cyd", "seat 8", 35));
    roster.step(&listing(40));
    roster.step(&named("cyd", "seat 8", 41));
    roster.step(&listing(forgotten_at + 100));
    roster.step(&named("cyd", "seat 8", forgotten_at + 101));
    assert_eq!(holder(&roster, "seat 8").as_deref(), Some("cyd"));
}

#[test]
fn an_agent_is_found_under_the_id_it_has_now_and_under_no_other() {
    let mut roster = Roster::new(Epoch(1));
    let found = |roster: &Roster, id: &str| {
        roster.snapshot().by_agent_id(id).map(|row| (row.user_id().to_string(), row.revision))
    };
    let at = |user: &str, revision: u64| Some((user.to_owned(), Revision(revision)));

    roster.step(&told("ada", Source::Sweep, 10, None, 5));
    assert_eq!(found(&roster, "ada"), at("ada", 1), "without an agent id it goes by its user id");
    roster.step(&named("ada", "a-1", 20));
    assert_eq!((found(&roster, "ada"), found(&roster, "a-1")), (None, at("ada", 2)));
    roster.step(&told("ada", Source::Sweep, 30, None, 25));
    assert_eq!(found(&roster, "a-1"), at("ada", 3), "the newest row is found");

    for start in [60, 70 + i64::try_from(TOMBSTONE_LIFE.as_millis()).expect("a day")] {
        roster.step(&listing(start));
    }
    assert_eq!(found(&roster, "a-1"), None, "forgotten");
}

#[test]
fn what_begins_a_moment_after_a_state_without_a_clock_is_not_hidden_because_both_were_heard_together() {
    // Somebody who was never routed signs in and goes on queue: two pushes, made 20 ms apart, heard at one instant.
    let pushed = |presence_at: i64, value: RoutingStatus, routing_at: Option<i64>| {
        let clock = |at| Clock::at(Timestamp::from_millis(at));
        let presence = Presence { system: SystemPresence::OnQueue, definition_id: None, message: "".into() };
        let statement = Statement {
            presence: Some(Said { value: presence, clock: Some(clock(presence_at)) }),
            routing_status: Some(Said { value, clock: routing_at.map(clock) }),
            ..Statement::default()
        };
        Input::Observation(Box::new(Observation {
            user_id: UserId::from("ada"),
            source: Source::Channel,
            heard_at: Timestamp::from_millis(900),
            as_of: None,
            event_id: None,
            statement,
        }))
    };
    let first = pushed(740, RoutingStatus::OffQueue, None);
    let second = pushed(740, RoutingStatus::Idle, Some(760));
    for inputs in [[&first, &second], [&second, &first]] {
        let mut roster = Roster::new(Epoch(1));
        inputs.into_iter().for_each(|input| drop(roster.step(input)));
        let snapshot = roster.snapshot();
        let shown = snapshot.by_user_id("ada").and_then(|row| row.routing_status());
        let shown = shown.map(|shown| (shown.value.clone(), shown.since));
        assert_eq!(shown, Some((RoutingStatus::Idle, Some(Timestamp::from_millis(760)))));
    }
}

#[test]
fn a_log_out_read_again_after_a_presence_was_told_takes_it_back_as_a_change() {
    let at = Timestamp::from_millis;
    let ada = |source, heard, statement| {
        Input::Observation(Box::new(Observation {
            user_id: UserId::from("ada"),
            source,
            heard_at: at(heard),
            as_of: None,
            event_id: None,
            statement,
        }))
    };
    let login = Some(Said { value: false, clock: None });
    let logged_out =
        |heard| ada(Source::Sweep, heard, Statement { login: login.clone(), ..Statement::default() });
    let value = Presence { system: SystemPresence::Available, definition_id: None, message: "".into() };
    let presence = Some(Said { value, clock: Some(Clock::at(at(120))) });
    let mut roster = Roster::new(Epoch(1));
    roster.step(&logged_out(100));
    roster.step(&ada(Source::Webhook, 125, Statement { presence, ..Statement::default() }));
    let before = roster.snapshot();
    let shown = |snapshot: &Snapshot| snapshot.by_agent_id("ada").is_some_and(|row| row.presence().is_some());
    assert!(shown(&before));
    let step = roster.step(&logged_out(130));
    assert_eq!(step.changes.len(), 1, "a watcher is told, and a store keeps it");
    assert!(!shown(&roster.snapshot()));
    assert!(shown(&before), "whoever holds the older snapshot goes on seeing what was");
    assert!(roster.step(&logged_out(140)).changes.is_empty(), "from then on it is only evidence");
}
