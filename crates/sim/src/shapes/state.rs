//! Bodies of the agent-states API (contract section 8), and the truth that the control plane tells.

use serde::Serialize;

use super::{RoutingFacet, Style};
use crate::cloud::agent::{Agent, AgentState};
use crate::cloud::id::Id;
use crate::cloud::stamp::Stamp;

/// An agent's state in the agent-states API.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct StateBody {
    agent_id: Id,
    user_id: Id,
    name: String,
    division_id: Id,
    presence: StatePresence,
    routing_status: RoutingFacet,
    logged_in: bool,
    state_version: u64,
    modified_date: Stamp,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct StatePresence {
    system_presence: &'static str,
    presence_definition: Reference,
    #[serde(skip_serializing_if = "Option::is_none")]
    modified_date: Option<Stamp>,
}

impl StateBody {
    /// Writes one state of an agent.
    pub(crate) fn of(agent: &Agent, state: &AgentState, style: Style) -> Self {
        Self {
            agent_id: agent.id,
            user_id: agent.user_id,
            name: agent.name.clone(),
            division_id: agent.division,
            presence: StatePresence {
                system_presence: style.presence(state),
                presence_definition: Reference { id: state.presence.definition },
                modified_date: state.presence.since,
            },
            routing_status: RoutingFacet::of(state, style),
            logged_in: state.logged_in,
            state_version: state.version,
            modified_date: state.modified,
        }
    }

    /// The same without the presence clock, as the official presence sample has it.
    #[must_use]
    pub(crate) fn without_presence_clock(mut self) -> Self {
        self.presence.modified_date = None;
        self
    }
}

/// An agent whose state is left out: named, and nothing said about what they do.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct NamedBody {
    agent_id: Id,
    user_id: Id,
    name: String,
    division_id: Id,
}

impl NamedBody {
    /// Names an agent.
    pub(crate) fn of(agent: &Agent) -> Self {
        Self {
            agent_id: agent.id,
            user_id: agent.user_id,
            name: agent.name.clone(),
            division_id: agent.division,
        }
    }
}

/// The truth about an agent, for the control plane: a state and the facets that the agent-states API does not show.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct TruthBody {
    #[serde(flatten)]
    state: StateBody,
    account_state: &'static str,
    message: String,
    out_of_office: bool,
    out_of_office_modified_date: Stamp,
    queue_ids: Vec<Id>,
    date_active_queues_changed: Stamp,
}

impl TruthBody {
    /// Writes everything about an agent.
    pub(crate) fn of(agent: &Agent, style: Style) -> Self {
        let state = agent.state();
        Self {
            state: StateBody::of(agent, state, style),
            account_state: agent.account.text(),
            message: state.presence.message.clone(),
            out_of_office: state.out_of_office.active,
            out_of_office_modified_date: state.out_of_office.since,
            queue_ids: state.queues.ids.clone(),
            date_active_queues_changed: state.queues.since,
        }
    }
}

/// An agent's profile in the agent-states API.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ProfileBody {
    agent_id: Id,
    user_id: Id,
    name: String,
    division_id: Id,
    state: &'static str,
}

impl ProfileBody {
    /// Writes a profile.
    pub(crate) fn of(agent: &Agent) -> Self {
        Self {
            agent_id: agent.id,
            user_id: agent.user_id,
            name: agent.name.clone(),
            division_id: agent.division,
            state: agent.account.text(),
        }
    }
}

/// Something named by its id alone.
#[derive(Serialize)]
struct Reference {
    id: Id,
}
