//! State objects of the agent-states API. Each counts its changes in `stateVersion`, which settles two values of
//! one instant.

use std::sync::Arc;

use onduty_core::agent::{AgentId, DivisionId, UserId};
use onduty_core::observation::{Observation, Said, Statement};
use serde_json::Value;

use super::facets::{agent_presence, routing_status, versioned};
use super::limits::parse;
use super::member::{Object, count, elements, id, instant, object, readable, text, truth};
use super::{Arrival, Heard, Ignored, Malformed};

/// The most states taken in one answer; the platform's maximum is 50.
const STATES_MAX: usize = 500;

/// `GET /api/v2/agents/states`: several states. An empty array says nothing about anybody.
///
/// # Errors
///
/// When the body is malformed, or a state in it does not say whose it is and which. Any other part of a state that
/// can't be read is no news.
pub fn agent_states(body: &[u8], arrival: Arrival) -> Result<Heard, Malformed> {
    let mut heard = Heard::default();
    for each in elements(&parse(body)?, STATES_MAX, |value| read_readable(value, arrival))? {
        heard.extend(each);
    }
    Ok(heard)
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

/// One among many: whatever of it can't be read must not hide the others.
fn read_readable(value: &Value, arrival: Arrival) -> Result<Heard, Malformed> {
    if let Ok(whole) = read(value, arrival) {
        return Ok(whole.into());
    }
    let members = object(value)?;
    let agent_id = members.required("agentId", id)?;
    let user_id = members.required("userId", id)?;
    let version = members.optional("stateVersion", count)?.unwrap_or(0);
    let mut unreadable = 0;
    let division = readable(members.optional("divisionId", id), &mut unreadable);
    // A log-in of an instant that can't be read could be of any.
    let login = match members.optional("modifiedDate", instant) {
        Ok(changed_at) => readable(members.optional("loggedIn", truth), &mut unreadable)
            .map(|value| Said { value, clock: versioned(changed_at, version) }),
        Err(_) => {
            unreadable += 1;
            None
        }
    };
    let statement = Statement {
        agent_id: Some(AgentId::from(&*agent_id)),
        name: readable(members.optional("name", text), &mut unreadable).map(Into::into),
        division_id: division.map(|division| DivisionId::from(&*division)),
        presence: readable(
            members.optional("presence", |value| agent_presence(value, version)),
            &mut unreadable,
        ),
        routing_status: readable(
            members.optional("routingStatus", |value| routing_status(value, version)),
            &mut unreadable,
        ),
        login,
        ..Statement::default()
    };
    let mut heard = Heard::from(arrival.observation(UserId::from(&*user_id), statement));
    heard.ignored.extend(std::iter::repeat_n(Ignored::Unreadable, unreadable));
    Ok(heard)
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
