//! The flat event of the agent-states API: `agent.state.changed`, `agent.logged.in`, `agent.logged.out`.

use std::sync::Arc;

use onduty_core::agent::UserId;
use onduty_core::observation::Said;

use super::facets::versioned;
use super::member::{Object, count, id, instant, object, word};
use super::{Arrival, Heard, Malformed, UnknownEvent, agent_states};

/// The types of event that say something of an agent's state, and what each implies of the log-in.
const KINDS: [(&str, Option<bool>); 3] =
    [("agent.state.changed", None), ("agent.logged.in", Some(true)), ("agent.logged.out", Some(false))];

/// Whether an event of that type is read here.
pub(super) fn knows(kind: &str) -> bool {
    KINDS.iter().any(|(known, _)| *known == kind)
}

/// Whether an object looks like a flat event.
pub(super) fn looks_like(members: Object<'_>) -> bool {
    members.has("eventType") || members.has("eventId")
}

/// One flat event.
pub(super) fn read(members: Object<'_>, arrival: Arrival) -> Result<Heard, Malformed> {
    let event_id = members.required("eventId", id)?;
    let kind = members.required("eventType", word)?;
    let Some((_, implied_login)) = KINDS.iter().find(|(known, _)| *known == kind) else {
        return Ok(UnknownEvent { kind: kind.to_owned(), event_id: Some(event_id) }.into());
    };
    let state = members.optional("state", object)?;
    let agent_id = same_id(members, state, "agentId")?;
    let user_id = same_id(members, state, "userId")?;
    let state = state.ok_or_else(|| Malformed::at("state", "missing"))?;
    let made_at = members.optional("timestamp", instant)?;
    let version_inside = state.optional("stateVersion", count).map_err(|error| error.under("state"))?;
    let version_outside = members.optional("stateVersion", count)?;
    let version = version_inside.or(version_outside).unwrap_or(0);
    let mut statement =
        agent_states::statement(state, &agent_id, version).map_err(|error| error.under("state"))?;
    if let (None, Some(value)) = (&statement.login, *implied_login) {
        statement.login = Some(Said { value, clock: versioned(made_at, version) });
    }
    let mut observation = arrival.observation(UserId::from(&*user_id), statement);
    observation.as_of = made_at;
    observation.event_id = Some(event_id);
    Ok(observation.into())
}

/// An id that may stand on the event, in its state, or in both, and then must be the same.
fn same_id(outside: Object<'_>, inside: Option<Object<'_>>, name: &str) -> Result<Arc<str>, Malformed> {
    let outer = outside.optional(name, id)?;
    let inner = match inside {
        Some(state) => state.optional(name, id).map_err(|error| error.under("state"))?,
        None => None,
    };
    match (outer, inner) {
        (Some(outer), Some(inner)) if outer != inner => {
            Err(Malformed::at(name, format!("differs from the event's {name}")).under("state"))
        }
        (Some(id), _) | (None, Some(id)) => Ok(id),
        (None, None) => Err(Malformed::at(name, "missing")),
    }
}
