//! The bodies in which the truth is written, for answers and for events.
//!
//! A member that is not known is absent, never null: official SDKs stumble over an explicit null.

mod activity;
mod state;
mod topic;
mod user;

pub(crate) use activity::{ActivityBody, Told};
pub(crate) use state::{NamedBody, ProfileBody, StateBody, TruthBody};
pub(crate) use topic::{
    FailedRoutingEvent, OutOfOfficeEvent, PresenceEvent, QueueUserEvent, RoutingEvent, SourceEvent,
    SummaryEvent,
};
pub(crate) use user::{Expand, PresenceBody, RoutingBody, UserBody};

use serde::Serialize;

use crate::cloud::agent::AgentState;
use crate::cloud::id::Id;
use crate::cloud::presence::{Definition, Spelling};
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

/// A routing status that does not name its user.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct RoutingFacet {
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    start_time: Option<Stamp>,
}

impl RoutingFacet {
    fn of(state: &AgentState, style: Style) -> Self {
        Self { status: state.routing.status.text(), start_time: style.routing_since(state) }
    }
}

/// A presence definition, as presences refer to it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct DefinitionReference {
    id: Id,
    system_presence: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    self_uri: Option<String>,
}

impl DefinitionReference {
    fn to(definition: &Definition, style: Style) -> Self {
        let self_uri = Some(format!("/api/v2/presencedefinitions/{}", definition.id));
        Self { id: definition.id, system_presence: definition.system.spelt(style.spelling), self_uri }
    }

    fn of(state: &AgentState, style: Style) -> Self {
        let definition = state.presence.definition;
        let self_uri = Some(format!("/api/v2/presencedefinitions/{definition}"));
        Self { id: definition, system_presence: style.presence(state), self_uri }
    }
}
