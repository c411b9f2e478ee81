//! The responses of `AgentStateService` as proto3 JSON. Their lists are always there, also where they are empty: a caller
//! who counts must not have to know that a member can be missing.

use onduty_proto::v1::{AgentState, AgentStateResult, ListAgentStatesResponse};
use serde_json::{Value, json};

use super::{Object, account, agent_state, agent_state_result};

/// A `GetAgentStateResponse`.
#[must_use]
pub fn get(state: &AgentState) -> Value {
    json!({"agentState": agent_state(state)})
}

/// A `BatchGetAgentStatesResponse`.
pub fn batch(results: impl Iterator<Item = AgentStateResult>) -> Value {
    let results: Vec<Value> = results.map(|result| agent_state_result(&result)).collect();
    let mut object = Object::default();
    object.set("results", Some(results.into()));
    object.finish()
}

/// A `ListAgentStatesResponse`.
#[must_use]
pub fn list(page: &ListAgentStatesResponse) -> Value {
    let states: Vec<Value> = page.agent_states.iter().map(agent_state).collect();
    let mut object = Object::default();
    object.set("agentStates", Some(states.into()));
    object.text("nextPageToken", &page.next_page_token);
    object.text("cursor", &page.cursor);
    object.set("account", page.account.as_ref().map(account));
    object.finish()
}
