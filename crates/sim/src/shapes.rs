//! The bodies in which the truth is written, for answers and for events.
//!
//! A member that is not known is absent, never null: official SDKs stumble over an explicit null.

use serde::Serialize;

use crate::cloud::Cloud;
use crate::cloud::agent::{Agent, AgentState};
use crate::cloud::id::Id;
use crate::cloud::presence::Spelling;
use crate::cloud::stamp::Stamp;
use crate::faults::Faults;

/// How clocks and presences are written just now.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Style {
    spelling: Spelling,
    skew_ms: i64,
}

impl Style {
    /// The style of REST answers under these switches.
    pub(crate) fn rest(faults: &Faults) -> Self {
        Self { spelling: faults.presence_spelling, skew_ms: faults.clock_skew_ms }
    }

    /// The style of notifications.
    pub(crate) fn event(faults: &Faults) -> Self {
        Self { spelling: Spelling::Upper, skew_ms: faults.clock_skew_ms }
    }

    /// The routing clock, which may run ahead of the presence clock.
    pub(crate) fn routing_since(self, state: &AgentState) -> Option<Stamp> {
        state.routing.since.map(|since| since.plus_millis(self.skew_ms))
    }

    /// The presence in the spelling of the day.
    pub(crate) fn presence(self, state: &AgentState) -> &'static str {
        state.presence.system.spelt(self.spelling)
    }
}

/// An agent's state in the agent-states API.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct StateBody {
    agent_id: Id,
    user_id: Id,
    name: String,
    division_id: Id,
    presence: StatePresence,
    routing_status: StateRouting,
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

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct StateRouting {
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    start_time: Option<Stamp>,
}

/// Something named by its id alone.
#[derive(Serialize)]
pub(crate) struct Reference {
    /// The id.
    pub(crate) id: Id,
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
            routing_status: StateRouting {
                status: state.routing.status.text(),
                start_time: style.routing_since(state),
            },
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

/// A presence definition, as presences refer to it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct DefinitionReference {
    id: Id,
    system_presence: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    self_uri: Option<String>,
}

/// A user's presence. The bulk call names the user; the single ones do so by `id`, and expands not at all.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PresenceBody {
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<Id>,
    #[serde(skip_serializing_if = "Option::is_none")]
    user_id: Option<Id>,
    source: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    primary: Option<bool>,
    presence_definition: DefinitionReference,
    message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    modified_date: Option<Stamp>,
    self_uri: String,
}

impl PresenceBody {
    /// As an expanded part of a user.
    pub(crate) fn expanded(agent: &Agent, style: Style) -> Self {
        let state = agent.state();
        let definition = state.presence.definition;
        Self {
            id: None,
            user_id: None,
            source: "PURECLOUD",
            primary: Some(true),
            presence_definition: DefinitionReference {
                id: definition,
                system_presence: style.presence(state),
                self_uri: Some(format!("/api/v2/presencedefinitions/{definition}")),
            },
            message: state.presence.message.clone(),
            modified_date: state.presence.since,
            self_uri: format!("/api/v2/users/{}/presences", agent.user_id),
        }
    }

    /// As the answer of the user's own presence call.
    pub(crate) fn single(agent: &Agent, style: Style) -> Self {
        Self { id: Some(agent.user_id), ..Self::expanded(agent, style) }
    }

    /// As an element of the bulk answer, which says nothing about primary sources.
    pub(crate) fn bulk(agent: &Agent, style: Style) -> Self {
        Self {
            id: Some(agent.user_id),
            user_id: Some(agent.user_id),
            primary: None,
            ..Self::expanded(agent, style)
        }
    }
}

/// A user's routing status.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RoutingBody {
    user_id: Id,
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    start_time: Option<Stamp>,
}

impl RoutingBody {
    /// Writes the routing facet.
    pub(crate) fn of(agent: &Agent, style: Style) -> Self {
        let state = agent.state();
        Self {
            user_id: agent.user_id,
            status: state.routing.status.text(),
            start_time: style.routing_since(state),
        }
    }

    /// What the platform says of a user that does not exist.
    pub(crate) fn lie(user_id: Id) -> Self {
        Self { user_id, status: "OFF_QUEUE", start_time: None }
    }
}

#[derive(Serialize)]
struct OutOfOfficeBody {
    active: bool,
    indefinite: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct DivisionReference {
    id: Id,
    name: &'static str,
    self_uri: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Chat {
    jabber_id: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Contact {
    address: String,
    media_type: &'static str,
    #[serde(rename = "type")]
    kind: &'static str,
}

/// Which parts of a user are asked for beyond the plain ones.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Expand {
    /// `presence`
    pub(crate) presence: bool,
    /// `routingStatus`
    pub(crate) routing: bool,
    /// `outOfOffice`
    pub(crate) out_of_office: bool,
}

/// A user.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct UserBody {
    id: Id,
    name: String,
    division: DivisionReference,
    chat: Chat,
    email: String,
    primary_contact_info: [Contact; 1],
    addresses: [Contact; 0],
    state: &'static str,
    username: String,
    version: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    routing_status: Option<RoutingBody>,
    #[serde(skip_serializing_if = "Option::is_none")]
    presence: Option<PresenceBody>,
    #[serde(skip_serializing_if = "Option::is_none")]
    out_of_office: Option<OutOfOfficeBody>,
    acd_auto_answer: bool,
    self_uri: String,
}

impl UserBody {
    /// Writes a user with the parts asked for. Division names are empty in user bodies, as on the platform.
    pub(crate) fn of(cloud: &Cloud, agent: &Agent, expand: Expand, style: Style) -> Self {
        let address = format!("{}@{}", agent.login, cloud.organisation.domain);
        Self {
            id: agent.user_id,
            name: agent.name.clone(),
            division: DivisionReference {
                id: agent.division,
                name: "",
                self_uri: format!("/api/v2/authorization/divisions/{}", agent.division),
            },
            chat: Chat { jabber_id: format!("{}@{}", agent.user_id, cloud.organisation.domain) },
            email: address.clone(),
            primary_contact_info: [Contact {
                address: address.clone(),
                media_type: "EMAIL",
                kind: "PRIMARY",
            }],
            addresses: [],
            state: agent.account.text(),
            username: address,
            version: agent.account_version,
            routing_status: expand.routing.then(|| RoutingBody::of(agent, style)),
            presence: expand.presence.then(|| PresenceBody::expanded(agent, style)),
            out_of_office: expand.out_of_office.then(|| OutOfOfficeBody {
                active: agent.state().out_of_office.active,
                indefinite: agent.state().out_of_office.active,
            }),
            acd_auto_answer: false,
            self_uri: format!("/api/v2/users/{}", agent.user_id),
        }
    }
}

/// The body of `v2.users.{id}.activity`. Facets that are not told are absent: no news.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ActivityBody {
    id: Id,
    #[serde(skip_serializing_if = "Option::is_none")]
    routing_status: Option<StateRouting>,
    #[serde(skip_serializing_if = "Option::is_none")]
    presence: Option<ActivityPresence>,
    #[serde(skip_serializing_if = "Option::is_none")]
    out_of_office: Option<ActivityOutOfOffice>,
    #[serde(skip_serializing_if = "Option::is_none")]
    active_queue_ids: Option<Vec<Id>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    date_active_queues_changed: Option<Stamp>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ActivityPresence {
    presence_definition: DefinitionReference,
    presence_message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    modified_date: Option<Stamp>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ActivityOutOfOffice {
    active: bool,
    modified_date: Stamp,
}

/// Which facets an activity notification tells, and whether it tells the presence clock.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Told {
    /// Presence.
    pub(crate) presence: bool,
    /// Routing status.
    pub(crate) routing: bool,
    /// Out of office.
    pub(crate) out_of_office: bool,
    /// Active queues.
    pub(crate) queues: bool,
    /// The presence's `modifiedDate`.
    pub(crate) presence_clock: bool,
}

impl ActivityBody {
    /// Writes the facets told.
    pub(crate) fn of(agent: &Agent, state: &AgentState, told: Told, style: Style) -> Self {
        Self {
            id: agent.user_id,
            routing_status: told.routing.then(|| StateRouting {
                status: state.routing.status.text(),
                start_time: style.routing_since(state),
            }),
            presence: told.presence.then(|| ActivityPresence {
                presence_definition: DefinitionReference {
                    id: state.presence.definition,
                    system_presence: style.presence(state),
                    self_uri: None,
                },
                presence_message: state.presence.message.clone(),
                modified_date: state.presence.since.filter(|_| told.presence_clock),
            }),
            out_of_office: told.out_of_office.then_some(ActivityOutOfOffice {
                active: state.out_of_office.active,
                modified_date: state.out_of_office.since,
            }),
            active_queue_ids: told.queues.then(|| state.queues.ids.clone()),
            date_active_queues_changed: told.queues.then_some(state.queues.since),
        }
    }
}
