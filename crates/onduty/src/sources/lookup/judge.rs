//! What a look-up came to, held against what is known once all that it told is taken in. Pure.

use onduty_core::agent::UserId;
use onduty_core::answer::{Asked, Report};
use onduty_core::finding::Evidence;
use onduty_core::observation::Statement;
use onduty_core::snapshot::Snapshot;
use onduty_core::time::Timestamp;

/// What a report comes to, held against what is known once the observations are taken in: a read that left out a part
/// of the state that is held, or told it by a cache that is behind, confirms nothing of that part.
pub(super) fn judged(
    report: Report,
    asked: &Asked,
    snapshot: &Snapshot,
    said: &[(UserId, Statement)],
    asked_at: Timestamp,
) -> Report {
    if !matches!(report, Report::Told | Report::Unconfirmed(_)) {
        return report;
    }
    if let Some(older) = overtaken(asked, snapshot, said, asked_at) {
        return Report::Overtaken(older);
    }
    let row = asked.row(snapshot).filter(|row| row.present && row.has_state());
    match (report, row) {
        (Report::Told, Some(row)) if row.confirmed_at() < asked_at => {
            let detail = "the platform's read did not tell again all of the state that is held";
            Report::Unconfirmed(Evidence::at("lookup", detail, asked_at))
        }
        (Report::Unconfirmed(_), Some(row)) if row.confirmed_at() >= asked_at => Report::Told,
        (report, _) => report,
    }
}

/// What the read says against itself, if all that it tells of somebody is older than what is held.
fn overtaken(
    asked: &Asked,
    snapshot: &Snapshot,
    said: &[(UserId, Statement)],
    asked_at: Timestamp,
) -> Option<Evidence> {
    let row = asked.row(snapshot)?;
    let about = said.iter().filter(|(id, _)| id == row.user_id()).map(|(_, statement)| statement);
    let mut told = about.filter(|statement| tells_state(statement)).peekable();
    let is_behind = told.peek().is_some() && told.all(|statement| row.is_ahead_of(statement));
    let detail = "the platform's read tells an older state than is held";
    is_behind.then(|| Evidence::at("lookup", detail, asked_at))
}

const fn tells_state(statement: &Statement) -> bool {
    statement.presence.is_some() || statement.routing_status.is_some() || statement.login.is_some()
}

#[cfg(test)]
mod tests {
    use onduty_core::agent::{Presence, RoutingStatus, SystemPresence};
    use onduty_core::cursor::Epoch;
    use onduty_core::observation::{Clock, Input, Observation, Said, Source};
    use onduty_core::roster::Roster;

    use super::*;

    const HELD: i64 = 1_000;
    const ASKED: i64 = 5_000;

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_millis(millis)
    }

    fn statement(presence: Option<i64>, routing: Option<i64>) -> Statement {
        let value = Presence { system: SystemPresence::Meal, definition_id: None, message: "".into() };
        let clock = |since| Some(Clock::at(at(since)));
        Statement {
            presence: presence.map(|since| Said { value, clock: clock(since) }),
            routing_status: routing.map(|since| Said { value: RoutingStatus::Idle, clock: clock(since) }),
            ..Statement::default()
        }
    }

    /// The report on somebody of whom both parts are held since [`HELD`], after a look-up that told this.
    fn after(told: Statement, report: Report) -> &'static str {
        let user_id = UserId::from("u");
        let mut roster = Roster::new(Epoch(1));
        for (heard_at, said) in [(HELD, statement(Some(HELD), Some(HELD))), (ASKED + 1, told.clone())] {
            let (source, heard_at, user_id) = (Source::Lookup, at(heard_at), user_id.clone());
            let said =
                Observation { user_id, source, heard_at, as_of: None, event_id: None, statement: said };
            roster.step(&Input::Observation(Box::new(said)));
        }
        let asked = Asked::UserId("u".into());
        match judged(report, &asked, &roster.snapshot(), &[(user_id, told)], at(ASKED)) {
            Report::Told => "told",
            Report::Unconfirmed(_) => "unconfirmed",
            Report::Overtaken(_) => "overtaken",
            Report::Missing(_) | Report::Refused(_) => "neither",
        }
    }

    #[test]
    fn a_read_confirms_what_it_told_again_and_nothing_else() {
        let table = [
            ("all of it", statement(Some(HELD), Some(HELD)), "told"),
            ("all of it, changed", statement(Some(HELD + 9), Some(HELD + 9)), "told"),
            ("no presence", statement(None, Some(HELD)), "unconfirmed"),
            ("no routing status", statement(Some(HELD + 9), None), "unconfirmed"),
            ("nothing", statement(None, None), "unconfirmed"),
            (
                "an older presence and a newer routing status",
                statement(Some(HELD - 9), Some(HELD + 9)),
                "overtaken",
            ),
            ("what was before", statement(Some(HELD - 9), Some(HELD - 9)), "overtaken"),
        ];
        for (what, told, expected) in table {
            assert_eq!(after(told, Report::Told), expected, "{what}");
        }
    }

    #[test]
    fn what_is_confirmed_all_the_same_is_told() {
        let doubted = || Report::Unconfirmed(Evidence::at("/", "a secondary source", at(ASKED)));
        assert_eq!(after(statement(Some(HELD), Some(HELD)), doubted()), "told");
        assert_eq!(after(statement(None, Some(HELD)), doubted()), "unconfirmed");
    }
}
