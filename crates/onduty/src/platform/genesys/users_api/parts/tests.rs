//! What is wanting, and what is told when it stays so.

use std::sync::Arc;

use onduty_core::agent::{Presence, RoutingStatus, SystemPresence};
use onduty_core::cursor::Epoch;
use onduty_core::observation::{Input, Source};
use onduty_core::roster::Roster;

use super::*;

const BOTH: &[Part] = &Part::ALL;

fn at(millis: i64) -> Timestamp {
    Timestamp::from_millis(millis)
}

fn presence(millis: i64) -> Statement {
    let value = Presence { system: SystemPresence::Meal, definition_id: None, message: "".into() };
    Statement { presence: Some(Said { value, clock: Some(Clock::at(at(millis))) }), ..Statement::default() }
}

fn routing(millis: i64) -> Statement {
    let clock = Some(Clock::at(at(millis)));
    Statement { routing_status: Some(Said { value: RoutingStatus::Idle, clock }), ..Statement::default() }
}

fn both(millis: i64) -> Statement {
    Statement { routing_status: routing(millis).routing_status, ..presence(millis) }
}

fn observed(statement: Statement) -> Observation {
    let (user_id, source, heard_at) = (UserId::from("u"), Source::Lookup, at(9_000));
    Observation { user_id, source, heard_at, as_of: None, event_id: None, statement }
}

fn told(statement: Statement) -> Told {
    Told::of(Heard::from(observed(statement))).unwrap()
}

fn held(statement: Statement) -> Arc<Row> {
    let mut roster = Roster::new(Epoch(1));
    roster.step(&Input::Observation(Box::new(observed(statement))));
    Arc::clone(roster.snapshot().by_user_id("u").unwrap())
}

#[test]
fn whichever_part_was_left_out_or_lags_is_wanting_and_no_other() {
    let secondary = Told { not_primary: true, ..told(routing(5)) };
    let off = |statement| Statement { account: Some(AccountState::Inactive), ..statement };
    let table: [(&str, Told, Option<Statement>, &[Part]); 9] = [
        ("whole", told(both(5)), None, &[]),
        ("nothing", told(Statement::default()), None, BOTH),
        ("no presence", told(routing(5)), None, &[Part::Presence]),
        ("no routing status", told(presence(5)), None, &[Part::RoutingStatus]),
        ("a secondary presence", secondary, Some(both(5)), &[]),
        ("a presence that lags", told(both(5)), Some(presence(6)), &[Part::Presence]),
        ("both lag", told(both(5)), Some(both(6)), BOTH),
        ("newer than held", told(both(7)), Some(both(6)), &[]),
        ("switched off", told(off(both(5))), Some(both(6)), &[]),
    ];
    for (what, told, known, expected) in table {
        let row = known.map(held);
        assert_eq!(told.wanting(row.as_deref()), expected, "{what}");
    }
}

#[test]
fn what_was_told_when_asked_again_is_not_wanting() {
    let mut first = told(routing(5));
    first.and(told(presence(5)));
    assert_eq!(first.wanting(None), &[]);
}

#[test]
fn an_asker_is_told_of_whatever_part_that_is_held_could_not_be_read() {
    let blank = || Outcome::Blank(Seen { value: (), origin: "/", at: at(1), correlation_id: None });
    let failed = || Outcome::Failed(PlatformError::RateLimited { until: at(2) });
    let of = |part: Part, outcome| BTreeMap::from([(part, outcome)]);
    let secondary = || Told { not_primary: true, ..told(routing(5)) };
    let none = BTreeMap::new;
    let (p, r) = (Part::Presence, Part::RoutingStatus);
    type Line = (&'static str, Told, BTreeMap<Part, Outcome>, Option<Statement>, &'static str);
    let table: Vec<Line> = vec![
        ("whole", told(both(5)), none(), Some(both(4)), "told"),
        ("read alone", told(routing(5)), of(p, Outcome::Told), Some(both(4)), "told"),
        ("left out and held", told(routing(5)), of(p, blank()), Some(both(4)), "blank"),
        ("left out and never held", told(routing(5)), of(p, blank()), Some(routing(4)), "told"),
        (
            "left out altogether",
            told(Statement::default()),
            BTreeMap::from([(p, blank()), (r, blank())]),
            None,
            "blank",
        ),
        (
            "one left out, one not read",
            told(Statement::default()),
            BTreeMap::from([(p, blank()), (r, failed())]),
            None,
            "failed",
        ),
        ("not read", told(routing(5)), of(p, failed()), Some(both(4)), "failed"),
        ("not read, and it only lagged", told(both(3)), of(p, failed()), Some(both(4)), "told"),
        ("not read and never held", told(routing(5)), of(p, failed()), Some(routing(4)), "told"),
        ("not asked for", told(presence(5)), of(r, Outcome::NotAsked), Some(both(4)), "not asked"),
        ("not asked for and never held", told(presence(5)), of(r, Outcome::NotAsked), None, "told"),
        ("secondary and held", secondary(), none(), Some(both(4)), "not primary"),
        ("secondary and never held", secondary(), none(), Some(routing(4)), "told"),
        ("secondary, said alone", told(routing(5)), of(p, Outcome::NotPrimary), Some(both(4)), "not primary"),
    ];
    for (what, told, outcomes, known, expected) in table {
        let row = known.map(held);
        let verdict = match told.verdict(&outcomes, row.as_deref()) {
            Verdict::Told => "told",
            Verdict::NotPrimary => "not primary",
            Verdict::Blank(_) => "blank",
            Verdict::Failed(..) => "failed",
            Verdict::NotAsked => "not asked",
        };
        assert_eq!(verdict, expected, "{what}");
    }
}

#[test]
fn what_an_expand_adds_to_an_inactive_account_is_not_a_state() {
    let of = |account| told(Statement { account: Some(account), ..routing(5) });
    assert!(!of(AccountState::Inactive).tells_state() && !of(AccountState::Inactive).is_active());
    assert!(of(AccountState::Active).tells_state());
}
