//! The contract's table from reason to HTTP status: every row, at both paths that tell of one agent.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use onduty_core::access::{Access, Grant, Needs, Permitted, Policy, Seen};
use onduty_core::agent::{AccountState, DivisionId, SystemPresence};
use onduty_core::answer::{Refusal, Report};
use onduty_core::facts::{Alone, Denial, Existence, Facts, Kind};
use onduty_core::finding::{Evidence, Reason};
use onduty_core::observation::{Input, Listing, Statement};
use onduty_core::time::Timestamp;
use serde_json::Value;

use crate::caller::{caller, check_finding};
use crate::stage::{NOW, Stage, heard_at, id, limits, logged_in, nothing, said, unknown};

fn now() -> Timestamp {
    Timestamp::from_millis(NOW)
}

fn seen<T>(value: T) -> Option<Seen<T>> {
    Some(Seen { value, origin: "/api/v2/test", at: now(), correlation_id: None })
}

fn missing(facts: Facts) -> Report {
    Report::Missing(Arc::new(facts))
}

/// The read of the one state was refused.
fn denied(status: u16, code: &str, access: Access) -> Report {
    let denial = Denial { status, code: code.into(), message: "no".into() };
    missing(Facts { alone: seen(Alone::Denied(denial)), ..needing(access) })
}

/// Nothing found out but what the token may do, where states need something.
fn needing(access: Access) -> Facts {
    let permission = "agent:state:view";
    let needs = Needs { scope: Some("agent:state:read"), permission, permission_binds: true, roles: &[] };
    Facts::none(needs, Arc::new(access))
}

/// A token that was given roles at this instant, or none.
fn granted(at: Option<i64>) -> Access {
    let policy = Policy {
        domain: "agent".into(),
        entity: "state".into(),
        actions: vec!["view".into()],
        conditional: false,
    };
    let grant = |at| Grant {
        role: "Agent State".into(),
        role_id: "r1".into(),
        division_id: None,
        policies: vec![policy.clone()],
        made_at: Some(Timestamp::from_millis(at)),
    };
    Access { grants: seen(at.map(grant).into_iter().collect()), ..Access::default() }
}

/// A token that sees one division, or all.
fn seeing(division: Option<&str>) -> Access {
    let divisions: BTreeSet<_> = division.map(DivisionId::from).into_iter().collect();
    let permitted = Permitted { everywhere: divisions.is_empty(), divisions, has_more: false };
    Access { permitted: seen(permitted), ..granted(None) }
}

/// What is held before the question.
#[derive(Clone, Copy)]
enum Held {
    /// Nobody; no listing was made.
    Nobody,
    /// Nobody; a listing was made.
    Listed,
    /// The agent, without a state.
    Named,
    /// The agent, whose account is switched off.
    SwitchedOff,
    /// The agent, with a state that is old.
    Old,
}

/// What the platform says of an id, what is held before, and the reason and status that follow.
fn table() -> Vec<(Held, Report, Reason, u16)> {
    use Held::{Listed, Named, Nobody, Old, SwitchedOff};
    use Reason as R;
    let refused = Report::Refused;
    let directory = |existence| missing(Facts { directory: seen(existence), ..nothing() });
    let older = Evidence { origin: "lookup".into(), detail: "older".into(), observed_at: None };
    let unavailable = Refusal::Unavailable { since: now(), detail: "no route".into() };
    let rejected = Refusal::CredentialsRejected { detail: "invalid_client".into() };
    let elsewhere = Refusal::WrongRegion {
        detail: "client not found".into(),
        region: "usw2.pure.cloud".into(),
        asked: "mypurecloud.ie".into(),
    };
    let later = Refusal::RateLimited { until: now().after(Duration::from_millis(2_500)) };
    vec![
        (Nobody, missing(Facts { kind: seen(Kind::Queue(None)), ..nothing() }), R::WrongIdKind, 400),
        (Nobody, denied(403, "app.not.authorized.for.scope", Access::default()), R::ScopeMissing, 403),
        (Nobody, denied(403, "missing.permissions", granted(None)), R::PermissionMissing, 403),
        (Nobody, denied(403, "missing.permissions", granted(Some(NOW - 60_000))), R::PermissionPending, 403),
        (Named, missing(needing(seeing(Some("elsewhere")))), R::DivisionNotVisible, 403),
        (Nobody, denied(403, "authz.policy.denied", Access::default()), R::PolicyDenied, 403),
        (Nobody, unknown(), R::AgentUnknown, 404),
        (SwitchedOff, missing(nothing()), R::AgentInactive, 404),
        (Named, missing(Facts { alone: seen(Alone::NoState), ..needing(seeing(None)) }), R::NotLoggedIn, 404),
        (Nobody, directory(Existence::Deleted), R::AgentDeleted, 410),
        (Nobody, denied(404, "not.found", Access::default()), R::NameUnknown, 424),
        (Old, Report::Refused(unavailable.clone()), R::StateStale, 409),
        (Old, Report::Overtaken(older), R::PlatformCacheStale, 409),
        (Nobody, refused(elsewhere), R::WrongRegion, 421),
        (Listed, refused(later), R::RateLimited, 429),
        (Nobody, refused(rejected), R::CredentialsRejected, 502),
        (Nobody, missing(Facts { alone: seen(Alone::Blank), ..nothing() }), R::StateWithheld, 502),
        (Listed, Report::Told, R::Undetermined, 502),
        (Nobody, refused(unavailable), R::PlatformUnavailable, 503),
        (Nobody, missing(nothing()), R::NotYetSynced, 503),
    ]
}

fn row_of(reason: Reason) -> (Held, Report, Reason, u16) {
    table().into_iter().find(|row| row.2 == reason).unwrap()
}

async fn stage(held: Held, report: Report) -> Stage {
    let stage = Stage::with(limits(), move |_, _| Some(report.clone())).await;
    let told = |account| {
        let division_id = Some(DivisionId::from("d1"));
        said(&id(1), Statement { division_id, account, ..Statement::default() })
    };
    let listing = Input::Listing(Listing { started_at: now(), finished_at: now(), agents: 0 });
    match held {
        Held::Nobody => {}
        Held::Named => stage.roster.take(&[told(None)]),
        Held::SwitchedOff => stage.roster.take(&[told(Some(AccountState::Inactive))]),
        Held::Old => {
            let old = logged_in(1, SystemPresence::Busy, NOW - 900_000);
            stage.roster.take(&[heard_at(NOW - 600_000, old)]);
        }
        Held::Listed => stage.roster.take(&[listing]),
    }
    stage
}

/// The members of a problem that a finding has, too.
fn finding_in(problem: &Value) -> Value {
    let mut finding = problem.clone();
    for member in ["type", "title", "status", "detail"] {
        finding.as_object_mut().unwrap().remove(member).expect(member);
    }
    finding
}

#[tokio::test]
async fn every_reason_has_its_status_and_says_the_same_at_both_paths() {
    for (held, report, reason, status) in table() {
        let stage = stage(held, report).await;
        let caller = caller(&stage);
        let one = caller.get(&format!("/v1/agents/{}/state", id(1))).await;
        let listed = caller.get(&format!("/api/v2/agents/states?agentId={}", id(1))).await;

        let problem = one.problem(status);
        check_finding(&problem, reason, &id(1));
        assert_eq!(problem["type"], reason.help_url());
        assert_eq!(problem["title"], reason.name());
        assert_eq!(problem["detail"], problem["summary"]);
        let several = listed.problem(status);
        assert_eq!(several["findings"], Value::Array(vec![finding_in(&problem)]));
        assert_eq!(several["states"], Value::Array(Vec::new()));
        for member in ["type", "title", "detail"] {
            assert_eq!(several[member], problem[member]);
        }
        let waits = [
            Reason::RateLimited,
            Reason::NotYetSynced,
            Reason::PlatformCacheStale,
            Reason::PermissionPending,
        ]
        .contains(&reason);
        for told in [one, listed] {
            assert_eq!(told.header("retry-after").is_some(), waits, "{}", reason.name());
            assert_eq!(told.header("cache-control"), Some("no-store"));
            assert_eq!(told.header("age"), None);
        }
    }
}

#[test]
fn the_table_has_every_reason_of_a_miss() {
    let mut reasons: Vec<Reason> = table().into_iter().map(|(_, _, reason, _)| reason).collect();
    reasons.sort_unstable();
    // The first is shown without a look-up, and has a test of its own; six are the doctor's.
    let mut expected = Reason::ALL.to_vec();
    expected.retain(|reason| {
        !matches!(
            reason,
            Reason::IdMalformed
                | Reason::ClockSkewed
                | Reason::SourceSilent
                | Reason::ChannelLost
                | Reason::TopicRejected
                | Reason::StoreFailing
                | Reason::ConfigurationInvalid
        )
    });
    assert_eq!(reasons, expected);
}

#[tokio::test]
async fn waiting_is_told_in_whole_seconds_rounded_up() {
    let (held, report, ..) = row_of(Reason::RateLimited);
    let stage = stage(held, report).await;
    let told = caller(&stage).get(&format!("/v1/agents/{}/state", id(1))).await;
    told.problem(429);
    assert_eq!(told.header("retry-after"), Some("3"));
}

#[tokio::test]
async fn what_was_last_known_goes_along() {
    let (held, report, ..) = row_of(Reason::StateStale);
    let stage = stage(held, report).await;
    let problem = caller(&stage).get(&format!("/v1/agents/{}/state", id(1))).await.problem(409);
    assert_eq!(problem["lastKnown"]["presence"]["system"], "SYSTEM_PRESENCE_BUSY");
    assert_eq!(problem["lastKnown"]["confirmedAt"], "2023-11-14T22:03:20Z");
    let accepting = caller(&stage).get(&format!("/v1/agents/{}/state?maxStaleness=600s", id(1))).await;
    assert_eq!(accepting.found()["agentState"]["presence"]["system"], "SYSTEM_PRESENCE_BUSY");
    assert_eq!(accepting.header("age"), Some("600"));
}
