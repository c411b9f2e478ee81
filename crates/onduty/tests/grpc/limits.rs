//! What a stranger sends is bounded, and refused in the terms of the protocol.

use std::time::Duration;

use onduty_proto::v1::get_agent_state_request::Id;
use onduty_proto::v1::{BatchGetAgentStatesRequest, GetAgentStateRequest};
use tonic::metadata::MetadataValue;
use tonic::{Code, Request};
use tonic_types::StatusExt as _;

use crate::stage::{Stage, id, limits, nobody, within};

#[tokio::test]
async fn a_batch_has_one_to_a_thousand_ids() {
    let stage = Stage::open().await;
    stage.roster.populate(1..2);
    for (count, code) in [(0, Code::InvalidArgument), (1_000, Code::Ok), (1_001, Code::InvalidArgument)] {
        let request = BatchGetAgentStatesRequest { agent_ids: vec![id(1); count], max_staleness: None };
        let answer = within(stage.client().batch_get_agent_states(request)).await;
        assert_eq!(answer.as_ref().map_or_else(tonic::Status::code, |_| Code::Ok), code, "{count}");
        if let Err(refused) = answer {
            let violations = refused.get_details_bad_request().expect("violations").field_violations;
            assert_eq!(violations[0].field, "agent_ids");
        }
    }
}

#[tokio::test]
async fn a_question_about_nobody_in_particular_is_refused() {
    let stage = Stage::open().await;
    let request = GetAgentStateRequest { id: None, max_staleness: None };
    let refused = within(stage.client().get_agent_state(request)).await.expect_err("about whom?");
    assert_eq!(refused.code(), Code::InvalidArgument);
    let negative = GetAgentStateRequest {
        id: Some(Id::AgentId(nobody())),
        max_staleness: Some(prost_types::Duration { seconds: -1, nanos: 0 }),
    };
    let refused = within(stage.client().get_agent_state(negative)).await.expect_err("how old?");
    let violations = refused.get_details_bad_request().expect("violations").field_violations;
    assert_eq!(violations[0].field, "max_staleness");
}

#[tokio::test]
async fn a_request_larger_than_allowed_is_refused_and_the_connection_lives_on() {
    let mut small = limits();
    small.request_bytes = 64 * 1_024;
    let stage = Stage::with(small, |_, _| None).await;
    stage.roster.populate(1..2);
    let mut client = stage.client();
    let huge = GetAgentStateRequest { id: Some(Id::AgentId("x".repeat(10_000_000))), max_staleness: None };
    within(client.get_agent_state(huge)).await.expect_err("too large");
    let fine = GetAgentStateRequest { id: Some(Id::AgentId(id(1))), max_staleness: None };
    within(client.get_agent_state(fine)).await.expect("a state");
}

#[tokio::test]
async fn a_timeout_that_is_none_is_refused() {
    let stage = Stage::open().await;
    let mut request =
        Request::new(GetAgentStateRequest { id: Some(Id::AgentId(nobody())), max_staleness: None });
    request.metadata_mut().insert("grpc-timeout", MetadataValue::from_static("soon"));
    let refused = within(stage.client().get_agent_state(request)).await.expect_err("no timeout");
    assert_eq!(refused.code(), Code::InvalidArgument);
}

#[tokio::test]
async fn no_call_takes_longer_than_the_server_allows() {
    let mut hasty = limits();
    hasty.request_timeout = Duration::from_millis(300);
    let mut stage = Stage::with(hasty, |_, _| None).await;
    let request = GetAgentStateRequest { id: Some(Id::AgentId(nobody())), max_staleness: None };
    let missed = within(stage.client().get_agent_state(request)).await.expect_err("nobody answers");
    assert_eq!(missed.get_details_error_info().expect("a finding in time").reason, "NOT_YET_SYNCED");
    stage.questions_waiting(0).await;
}
