//! State objects of the agent-states API. Each counts its changes in `stateVersion`, which settles two values of
//! one instant.

use std::sync::Arc;

use onduty_core::agent::{AgentId, DivisionId, UserId};
use onduty_core::observation::{Observation, Said, Statement};
use serde_json::Value;

use super::facets::{agent_presence, routing_status, versioned};
use super::limits::parse;
use super::member::{Object, count, elements, id, instant, object, text, truth};
use super::{Arrival, Malformed};

/// The most states taken in one answer; the platform's maximum is 50.
const STATES_MAX: usize = 500;

/// `GET /api/v2/agents/states`: several states. An empty array says nothing about anybody.
///
/// # Errors
///
/// When the body, or any state in it, is malformed.
pub fn agent_states(body: &[u8], arrival: Arrival) -> Result<Vec<Observation>, Malformed> {
    elements(&parse(body)?, STATES_MAX, |value| read(value, arrival))
}

/// `GET /api/v2/agents/{id}/state`: one state.
///
/// # Errors
///
/// When the body is malformed.
pub fn agent_state(body: &[u8], arrival: Arrival) -> Result<Observation, Malformed> {
    read(&parse(body)?, arrival)
}

fn read(value: &Value, arrival: Arrival) -> Result<Observation, Malformed> {
    let members = object(value)?;
    let agent_id = members.required("agentId", id)?;
    let user_id = members.required("userId", id)?;
    let version = members.optional("stateVersion", count)?.unwrap_or(0);
    let statement = statement(members, &agent_id, version)?;
    Ok(arrival.observation(UserId::from(&*user_id), statement))
}

/// What a state object says, its agent being known.
pub(super) fn statement(
    members: Object<'_>,
    agent_id: &Arc<str>,
    version: u64,
) -> Result<Statement, Malformed> {
    let changed_at = versioned(members.optional("modifiedDate", instant)?, version);
    let logged_in = members.optional("loggedIn", truth)?;
    Ok(Statement {
        agent_id: Some(AgentId::from(&**agent_id)),
        name: members.optional("name", text)?.map(Into::into),
        division_id: members.optional("divisionId", id)?.map(|division| DivisionId::from(&*division)),
        presence: members.optional("presence", |value| agent_presence(value, version))?,
        routing_status: members.optional("routingStatus", |value| routing_status(value, version))?,
        login: logged_in.map(|value| Said { value, clock: changed_at }),
        ..Statement::default()
    })
}
