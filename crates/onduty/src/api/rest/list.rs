//! `GET /v1/agents/states`: every agent that matches, in pages, with an account that adds up.

use axum::extract::{RawQuery, State};
use axum::response::Response;
use onduty_proto::v1::{AgentState, ListAgentStatesRequest, ListAgentStatesResponse};
use prost::Message as _;

use super::query::{FILTER_PARAMETERS, PAGE_PARAMETERS, Query};
use super::{Shared, told};
use crate::api::convert::to_agent_state;
use crate::api::listing::{Wanted, read, rest_of};
use crate::api::paging::PAGE_BYTES_MAX;
use crate::api::problem::Problem;
use crate::proto_json::responses;

pub(super) async fn get(State(rest): Shared, RawQuery(query): RawQuery) -> Result<Response, Problem> {
    let query = Query::read(query.as_deref())?.only(&[&FILTER_PARAMETERS[..], &PAGE_PARAMETERS].concat())?;
    let (page_size, page_token) = query.page()?;
    let request = ListAgentStatesRequest { filter: Some(query.filter()?), page_size, page_token };
    let Wanted { selector, size, from } = read(request)?;
    let page = rest.answers.list(&selector, from, size).await.map_err(|finding| rest.missed(&finding))?;
    let agent_states = fitting(page.rows.iter().map(|row| to_agent_state(row)));
    let response = rest_of(page, agent_states.len(), &selector);
    Ok(told(responses::list(&ListAgentStatesResponse { agent_states, ..response })))
}

/// The states that a page has room for; the first always has.
fn fitting(states: impl Iterator<Item = AgentState>) -> Vec<AgentState> {
    let mut bytes = 0;
    let room = |state: &AgentState| {
        let first = bytes == 0;
        bytes += state.encoded_len();
        first || bytes <= PAGE_BYTES_MAX
    };
    states.take_while(room).collect()
}
