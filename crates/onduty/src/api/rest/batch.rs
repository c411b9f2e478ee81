//! `POST /v1/agents/states:batchGet`: an answer for each id, in order. One bad id spoils nothing for the others.

use axum::extract::{Request, State};
use axum::response::Response;
use http::StatusCode;
use onduty_core::answer::Answer;
use onduty_proto::v1::agent_state_result::Result as Item;
use onduty_proto::v1::{AgentStateResult, BatchGetAgentStatesRequest};
use serde::Deserialize;

use super::query::{Query, read_span};
use super::{API, Shared, told};
use crate::api::convert::{to_agent_state, to_finding};
use crate::api::problem::Problem;
use crate::api::request::questions;
use crate::listener::body;
use crate::proto_json::responses;

/// Room for the longest batch there may be, 1,000 ids of 256 bytes, and its punctuation, twice.
pub(super) const BODY_BYTES_MAX: usize = 512 * 1_024;

/// How much an error may repeat of a body.
const ERROR_CHARS_MAX: usize = 300;

/// A `BatchGetAgentStatesRequest` as proto3 JSON, which also allows the names of the protocol.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Body {
    #[serde(rename = "agentIds", alias = "agent_ids", default)]
    agent_ids: Vec<String>,
    #[serde(rename = "maxStaleness", alias = "max_staleness", default)]
    max_staleness: Option<String>,
}

pub(super) async fn post(State(rest): Shared, request: Request) -> Result<Response, Problem> {
    let (head, body) = request.into_parts();
    Query::read(head.uri.query())?.only(&[])?;
    let limit = rest.body_bytes_max;
    if let Err(error) = body::check_head(&head.headers, limit) {
        body::discard(&head.headers, body, rest.longest).await;
        return Err(error.into());
    }
    let bytes = body::read(body, limit, rest.longest).await?;
    let questions = questions(&rest.answers, rest.ids_max, read(&bytes)?)?;
    let answers = rest.answers.batch(&questions, rest.lookups_end()).await;
    let results = answers.into_iter().map(|answer| match answer {
        Answer::State(row) => Item::AgentState(to_agent_state(&row)),
        Answer::Miss(finding) => {
            rest.meters.missed(finding.reason, API);
            Item::Finding(to_finding(&finding))
        }
    });
    Ok(told(responses::batch(results.map(|item| AgentStateResult { result: Some(item) }))))
}

fn read(bytes: &[u8]) -> Result<BatchGetAgentStatesRequest, Problem> {
    let Body { agent_ids, max_staleness } = serde_json::from_slice(bytes).map_err(|error| {
        let error: String = error.to_string().chars().take(ERROR_CHARS_MAX).collect();
        let detail = format!("the body is not {{\"agentIds\": [\"…\"], \"maxStaleness\": \"30s\"}}: {error}");
        Problem::new(StatusCode::BAD_REQUEST, &detail)
    })?;
    let max_staleness = max_staleness.map(|text| read_span("maxStaleness", &text)).transpose()?;
    Ok(BatchGetAgentStatesRequest { agent_ids, max_staleness })
}
