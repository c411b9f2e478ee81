//! `GetAgentState` and `BatchGetAgentStates`.

use std::sync::Arc;
use std::time::Duration;

use onduty_core::agent::SystemPresence;
use onduty_core::answer::{Asked, Refusal, Report};
use onduty_core::time::Timestamp;
use onduty_proto::v1::agent_state_result::Result as Item;
use onduty_proto::v1::get_agent_state_request::Id;
use onduty_proto::v1::{
    AgentState, BatchGetAgentStatesRequest, Finding, GetAgentStateRequest, SystemPresence as Shown,
};
use prost::{Message as _, Name as _};
use tonic::{Code, Request, Status};
use tonic_types::StatusExt as _;

use crate::stage::{
    NOW, Stage, busy_once_asked, heard_at, id, limits, logged_in, nobody, nothing, unknown, with_agent_id,
    within,
};

fn get(agent_id: impl Into<String>) -> GetAgentStateRequest {
    GetAgentStateRequest { id: Some(Id::AgentId(agent_id.into())), max_staleness: None }
}

fn batch(agent_ids: Vec<String>) -> BatchGetAgentStatesRequest {
    BatchGetAgentStatesRequest { agent_ids, max_staleness: None }
}

/// The finding inside a status.
fn finding_in(status: &Status) -> Finding {
    let details = tonic_types::pb::Status::decode(status.details()).expect("details").details;
    let any = details.iter().find(|any| any.type_url == Finding::type_url()).expect("a finding");
    Finding::decode(&*any.value).expect("decodes")
}

async fn state_of(stage: &Stage, agent_id: String) -> AgentState {
    let answer = within(stage.client().get_agent_state(get(agent_id))).await.expect("a state");
    answer.into_inner().agent_state.expect("a state")
}

#[tokio::test]
async fn what_is_fresh_in_memory_is_told_without_asking_the_platform() {
    let stage = Stage::open().await;
    stage.roster.pick(1, SystemPresence::Meal, NOW - 5_000);
    let state = state_of(&stage, id(1)).await;
    let presence = state.presence.as_ref().expect("a presence");
    assert_eq!(presence.system(), Shown::Meal);
    assert_eq!(presence.since.expect("since").seconds, (NOW - 5_000) / 1_000);
    assert_eq!((&*state.agent_id, &*state.name, state.logged_in), (&*id(1), "Agent 1", Some(true)));
    assert_eq!(state.routing_status, None, "a facet that is not known is absent");
    assert!(stage.asked.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_person_s_id_and_an_agent_s_id_lead_to_the_same_state() {
    let stage = Stage::open().await;
    stage.roster.take(&[with_agent_id(&id(1), &id(2))]);
    let by_agent = state_of(&stage, id(2)).await;
    let by_user = GetAgentStateRequest { id: Some(Id::UserId(id(1))), max_staleness: None };
    let by_user = within(stage.client().get_agent_state(by_user)).await.expect("a state").into_inner();
    assert_eq!(by_user.agent_state, Some(by_agent));
}

#[tokio::test]
async fn who_is_not_known_is_looked_up_and_then_told() {
    let stage = Stage::with(limits(), busy_once_asked).await;
    assert_eq!(state_of(&stage, id(7)).await.presence.expect("a presence").system(), Shown::Busy);
    assert_eq!(*stage.asked.lock().unwrap(), [Asked::AgentId(id(7).into())]);
}

#[tokio::test]
async fn what_is_older_than_the_caller_accepts_is_not_passed_off_as_fresh() {
    let stage = Stage::with(limits(), |_, _| Some(Report::Refused(Refusal::Crowded))).await;
    stage.roster.take(&[heard_at(NOW - 600_000, logged_in(1, SystemPresence::Busy, NOW - 900_000))]);
    let accepting = |seconds| GetAgentStateRequest {
        max_staleness: Some(prost_types::Duration { seconds, nanos: 0 }),
        ..get(id(1))
    };
    within(stage.client().get_agent_state(accepting(600))).await.expect("old enough for this caller");
    for request in [get(id(1)), accepting(599)] {
        let missed = within(stage.client().get_agent_state(request)).await.expect_err("too old");
        assert_eq!(missed.code(), Code::FailedPrecondition);
        let finding = finding_in(&missed);
        assert_eq!(finding.reason, "STATE_STALE");
        let last_known = finding.last_known.expect("the old state");
        assert_eq!(last_known.confirmed_at.expect("its age").seconds, (NOW - 600_000) / 1_000);
    }
    assert_eq!(stage.asked.lock().unwrap().len(), 2);
}

#[tokio::test]
async fn every_kind_of_miss_names_its_reason_on_the_wire() {
    let at = Timestamp::from_millis(NOW);
    let table: Vec<(Report, &str, Code)> = vec![
        (unknown(), "AGENT_UNKNOWN", Code::NotFound),
        (Report::Missing(Arc::new(nothing())), "NOT_YET_SYNCED", Code::Unavailable),
        (Report::Told, "UNDETERMINED", Code::Internal),
        (Report::Refused(Refusal::RateLimited { until: at }), "NOT_YET_SYNCED", Code::Unavailable),
        (
            Report::Refused(Refusal::Unavailable { since: at, detail: "no route".into() }),
            "PLATFORM_UNAVAILABLE",
            Code::Unavailable,
        ),
        (
            Report::Refused(Refusal::CredentialsRejected { detail: "invalid_client".into() }),
            "CREDENTIALS_REJECTED",
            Code::FailedPrecondition,
        ),
    ];
    for (report, reason, code) in table {
        let stage = Stage::with(limits(), move |_, _| Some(report.clone())).await;
        let missed = within(stage.client().get_agent_state(get(nobody()))).await.expect_err(reason);
        assert_eq!(missed.code(), code, "{reason}");
        let info = missed.get_details_error_info().expect("error info");
        assert_eq!((&*info.domain, &*info.reason), ("onduty.dev", reason));
        assert_eq!(info.metadata.get("agent_id"), Some(&nobody()));
        let help = missed.get_details_help().expect("help");
        assert_eq!(help.links[0].url, format!("https://onduty.dev/reasons/{reason}"));
        let finding = finding_in(&missed);
        assert_eq!((&*finding.reason, &*finding.summary), (reason, missed.message()));
        assert_eq!(missed.get_details_retry_info().is_some(), reason == "NOT_YET_SYNCED", "{reason}");
    }
}

#[tokio::test]
async fn an_id_that_no_id_looks_like_is_refused_without_asking() {
    let stage = Stage::open().await;
    for text in ["", "4711", "a.b@example.com", &"x".repeat(100_000)] {
        let missed = within(stage.client().get_agent_state(get(text))).await.expect_err("malformed");
        assert_eq!(missed.code(), Code::InvalidArgument);
        assert_eq!(finding_in(&missed).reason, "ID_MALFORMED");
    }
    assert!(stage.asked.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_batch_answers_each_id_in_order_and_looks_each_up_once() {
    let stage = Stage::open().await;
    stage.roster.populate(1..3);
    let asked = vec![id(2), nobody(), id(1), "4711".to_owned(), nobody(), id(2)];
    let answer = within(stage.client().batch_get_agent_states(batch(asked))).await.expect("answers");
    let told: Vec<_> = answer
        .into_inner()
        .results
        .into_iter()
        .map(|result| match result.result.expect("never empty") {
            Item::AgentState(state) => state.agent_id,
            Item::Finding(finding) => format!("{} {}", finding.reason, finding.agent_id),
        })
        .collect();
    let unknown = format!("AGENT_UNKNOWN {}", nobody());
    assert_eq!(told, [&id(2), &unknown, &id(1), "ID_MALFORMED 4711", &unknown, &id(2)]);
    assert_eq!(*stage.asked.lock().unwrap(), [Asked::AgentId(nobody().into())]);
}

#[tokio::test]
async fn a_caller_s_deadline_leaves_time_to_say_why_there_is_no_answer() {
    let stage = Stage::with(limits(), |_, _| None).await;
    let mut request = Request::new(batch(vec![nobody()]));
    request.set_timeout(Duration::from_secs(2));
    let answer = within(stage.client().batch_get_agent_states(request)).await.expect("a finding in time");
    let Some(Item::Finding(finding)) = answer.into_inner().results.remove(0).result else {
        panic!("a state of nobody")
    };
    assert_eq!(finding.reason, "NOT_YET_SYNCED");
}

#[tokio::test]
async fn a_caller_who_hangs_up_leaves_nobody_waiting() {
    let mut stage = Stage::with(limits(), |_, _| None).await;
    let ids = (1..=20).map(id).collect();
    let mut client = stage.client();
    let call = client.batch_get_agent_states(batch(ids));
    tokio::select! {
        _ = call => panic!("nobody answers"),
        () = stage.questions_waiting(20) => {}
    }
    stage.questions_waiting(0).await;
}
