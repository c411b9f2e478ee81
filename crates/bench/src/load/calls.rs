//! The calls that are measured, and those that prepare them.

use std::collections::HashMap;
use std::net::SocketAddr;

use bytes::Bytes;
use onduty_proto::v1;
use prost::Message;

use super::wire::{Connection, WireError, framed};
use crate::directory::{agent_id, scattered};

pub(crate) const GET: &str = "/onduty.v1.AgentStateService/GetAgentState";
pub(crate) const BATCH: &str = "/onduty.v1.AgentStateService/BatchGetAgentStates";
pub(crate) const LIST: &str = "/onduty.v1.AgentStateService/ListAgentStates";
pub(crate) const WATCH: &str = "/onduty.v1.AgentStateService/WatchAgentStates";

/// Agents in one batch.
pub(crate) const BATCH_AGENTS: u32 = 100;

/// Different requests that are kept ready; more make no difference.
const REQUESTS_MAX: u32 = 100_000;

/// No sign of life is to disturb a run.
const PROGRESS_INTERVAL: prost_types::Duration = prost_types::Duration { seconds: 300, nanos: 0 };

/// Requests for single agents all over the directory.
pub(crate) fn gets(agents: u32) -> Vec<Bytes> {
    let request = |place| {
        let id = v1::get_agent_state_request::Id::AgentId(agent_id(scattered(place, agents)));
        framed(&v1::GetAgentStateRequest { id: Some(id), max_staleness: None })
    };
    (0..agents.min(REQUESTS_MAX)).map(request).collect()
}

/// Requests for a hundred agents each, all over the directory.
pub(crate) fn batches(agents: u32) -> Vec<Bytes> {
    let request = |batch| {
        let places = batch * BATCH_AGENTS..(batch + 1) * BATCH_AGENTS;
        let agent_ids = places.map(|place| agent_id(scattered(place, agents))).collect();
        framed(&v1::BatchGetAgentStatesRequest { agent_ids, max_staleness: None })
    };
    (0..agents.min(REQUESTS_MAX) / BATCH_AGENTS).map(request).collect()
}

/// A coalescing watch of everybody from a cursor on. (A snapshot of everybody to a thousand watchers would be the
/// larger part of a run.)
pub(crate) fn watch(cursor: &str) -> Bytes {
    framed(&v1::WatchAgentStatesRequest {
        cursor: cursor.to_owned(),
        progress_interval: Some(PROGRESS_INTERVAL),
        ..Default::default()
    })
}

/// Where onduty stands.
pub(crate) async fn cursor(address: SocketAddr) -> Result<String, WireError> {
    let connection = Connection::open(address).await?;
    let request = v1::ListAgentStatesRequest { page_size: 1, ..Default::default() };
    Ok(list(&connection, &request).await?.cursor)
}

/// The states of every agent that an onduty server serves, by agent id.
pub(crate) async fn every_state(address: SocketAddr) -> Result<HashMap<String, v1::AgentState>, WireError> {
    let connection = Connection::open(address).await?;
    let mut states = HashMap::new();
    let mut request = v1::ListAgentStatesRequest { page_size: 1_000, ..Default::default() };
    loop {
        let page = list(&connection, &request).await?;
        states.extend(page.agent_states.into_iter().map(|state| (state.agent_id.clone(), state)));
        if page.next_page_token.is_empty() {
            return Ok(states);
        }
        request.page_token = page.next_page_token;
    }
}

async fn list(
    connection: &Connection,
    request: &v1::ListAgentStatesRequest,
) -> Result<v1::ListAgentStatesResponse, WireError> {
    let page = connection.unary(&connection.method(LIST)?, framed(request)).await?;
    Ok(v1::ListAgentStatesResponse::decode(page)?)
}
