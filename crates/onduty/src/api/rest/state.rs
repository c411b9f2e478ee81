//! `GET /v1/agents/{id}/state`: the state of one agent, or why there is none.

use axum::extract::{RawQuery, State};
use axum::response::Response;
use onduty_core::answer::{Answer, Asked};

use super::query::Query;
use super::{IdInPath, Shared, read_id, told};
use crate::api::convert::to_agent_state;
use crate::api::freshness::Freshness;
use crate::api::problem::Problem;
use crate::api::request::from_duration;
use crate::proto_json::responses;

pub(super) async fn get(
    State(rest): Shared,
    id: IdInPath,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    let query = Query::read(query.as_deref())?.only(&["maxStaleness"])?;
    let max_staleness = from_duration("maxStaleness", query.span("maxStaleness")?)?;
    let question = rest.answers.question(Asked::AgentId(read_id(id)?.into()), max_staleness);
    match rest.answers.get(&question, rest.lookups_end()).await {
        Answer::State(row) => {
            let response = told(responses::get(&to_agent_state(&row)));
            Ok(Freshness::of_one(&row, rest.view.snapshot().cursor(), rest.clock.now()).stamp(response))
        }
        Answer::Miss(finding) => Err(rest.missed(&finding)),
    }
}
