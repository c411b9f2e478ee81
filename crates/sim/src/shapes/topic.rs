//! The bodies of notifications about one facet each.

use serde::Serialize;

use super::{DefinitionReference, RoutingFacet, Style};
use crate::cloud::agent::{Agent, AgentState, RoutingStatus};
use crate::cloud::id::Id;
use crate::cloud::stamp::Stamp;
use crate::cloud::{Change, Cloud};
use crate::faults::Faults;

/// The body of `v2.users.{id}.presence`. It does not name the user: the topic does.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PresenceEvent {
    source: &'static str,
    primary: bool,
    presence_definition: DefinitionReference,
    message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    modified_date: Option<Stamp>,
}

impl PresenceEvent {
    /// Writes the presence entered.
    pub(crate) fn of(agent: &Agent, state: &AgentState, faults: &Faults) -> Self {
        let definition = DefinitionReference::of(state, Style::event(faults));
        Self {
            source: "PURECLOUD",
            primary: agent.primary_source.is_none() && !faults.presence_not_primary.covers(agent),
            presence_definition: DefinitionReference { self_uri: None, ..definition },
            message: state.presence.message.clone(),
            modified_date: state.presence.since.filter(|_| !faults.event_without_modified_date),
        }
    }
}

/// The body of `v2.users.{id}.routingStatus`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RoutingEvent {
    id: Id,
    routing_status: RoutingFacet,
}

impl RoutingEvent {
    /// Writes the routing status entered.
    pub(crate) fn of(agent: &Agent, state: &AgentState, style: Style) -> Self {
        Self { id: agent.user_id, routing_status: RoutingFacet::of(state, style) }
    }
}

/// The body of `v2.users.{id}.routingStatus` that reports a change which did not come about.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct FailedRoutingEvent {
    #[serde(flatten)]
    wanted: RoutingEvent,
    error_info: ErrorInfo,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ErrorInfo {
    error_code: &'static str,
    status: u16,
    correlation_id: Id,
    user_message: &'static str,
    user_params_message: &'static str,
    user_params: [Reference; 0],
}

impl FailedRoutingEvent {
    /// Writes that the status before the change was wanted back, and by a later clock: whoever believes it is wrong.
    pub(crate) fn of(agent: &Agent, change: &Change, style: Style, correlation_id: Id) -> Self {
        let mut state = AgentState::clone(&change.state);
        state.routing.status = change.before.routing.status;
        state.routing.since = state.routing.since.map(|since| since.plus_millis(1));
        Self {
            wanted: RoutingEvent::of(agent, &state, style),
            error_info: ErrorInfo {
                error_code: "general.bad.request",
                status: 400,
                correlation_id,
                user_message: "An invalid routing status transition was attempted.",
                user_params_message: "",
                user_params: [],
            },
        }
    }
}

/// The body of `v2.users.{id}.integrationpresence` when another source has come to count.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SourceEvent {
    user_id: Id,
    event_type: &'static str,
    source: &'static str,
    modified_date: Stamp,
    presence_definition: DefinitionReference,
    message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    current_display_source_id: Option<Id>,
    #[serde(skip_serializing_if = "Option::is_none")]
    previous_display_source_id: Option<Id>,
}

impl SourceEvent {
    /// Writes which source counts now, and which did before; the platform's own has no id.
    pub(crate) fn of(
        cloud: &Cloud,
        agent: &Agent,
        state: &AgentState,
        former: Option<Id>,
        style: Style,
        now: Stamp,
    ) -> Self {
        let current = cloud.sources.iter().find(|source| agent.primary_source == Some(source.id));
        let definition = DefinitionReference::of(state, style);
        Self {
            user_id: agent.user_id,
            event_type: "UserPrimaryPresenceSourceChanged",
            source: current.map_or("PURECLOUD", |source| source.integration.unwrap_or(source.name)),
            modified_date: now,
            presence_definition: DefinitionReference { self_uri: None, ..definition },
            message: state.presence.message.clone(),
            current_display_source_id: agent.primary_source,
            previous_display_source_id: former,
        }
    }
}

#[derive(Serialize)]
struct Reference {
    id: Id,
}

/// The body of `v2.users.{id}.outofoffice`. Absences here have no dates.
#[derive(Serialize)]
pub(crate) struct OutOfOfficeEvent {
    user: Reference,
    active: bool,
    indefinite: bool,
}

impl OutOfOfficeEvent {
    /// Writes the flag.
    pub(crate) fn of(agent: &Agent, state: &AgentState) -> Self {
        let active = state.out_of_office.active;
        Self { user: Reference { id: agent.user_id }, active, indefinite: active }
    }
}

#[derive(PartialEq, Eq, Serialize)]
struct Stages {
    active: u8,
    acw: u8,
}

#[derive(PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
struct Conversations {
    contact_center: Stages,
    enterprise: Stages,
}

/// The body of `v2.users.{id}.conversationsummary`: calls are the only conversations here.
#[derive(PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SummaryEvent {
    user_id: Id,
    call: Conversations,
}

impl SummaryEvent {
    /// Counts the conversations that a routing status comes of.
    pub(crate) fn of(agent: &Agent, state: &AgentState) -> Self {
        let routed = state.routing.status == RoutingStatus::Interacting;
        let wrapping_up = state.routing.after_call_work;
        let own = state.routing.status == RoutingStatus::Communicating;
        Self {
            user_id: agent.user_id,
            call: Conversations {
                contact_center: Stages {
                    active: (routed && !wrapping_up).into(),
                    acw: (routed && wrapping_up).into(),
                },
                enterprise: Stages { active: own.into(), acw: 0 },
            },
        }
    }
}

/// The body of `v2.routing.queues.{id}.users`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct QueueUserEvent {
    id: Id,
    user: Reference,
    queue_id: Id,
    joined: bool,
}

impl QueueUserEvent {
    /// Writes that somebody has switched a queue on or off.
    pub(crate) fn of(agent: &Agent, queue_id: Id, joined: bool) -> Self {
        Self { id: agent.user_id, user: Reference { id: agent.user_id }, queue_id, joined }
    }
}
