//! An agent's state as the agent-states API writes it (its list and its single read), so that code written for the
//! platform reads it unchanged. A facet that is not known is left out, never null and never a default.
//!
//! Presences are spelled as that API spells them (`On Queue`; the platform has three spellings, and a value that this
//! version does not know stays as it came). `stateVersion` is the platform's where it counts one, and otherwise
//! onduty's own revision: either only grows, and is comparable only within one agent.

use onduty_core::agent::{DivisionId, Presence, RoutingStatus, SystemPresence};
use onduty_core::roster::register::{Current, Register};
use onduty_core::row::Row;
use onduty_core::time::Timestamp;
use serde::Serialize;

/// The members, in the platform's order.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct PlatformState<'a> {
    agent_id: &'a str,
    user_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    division_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    presence: Option<PlatformPresence<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    routing_status: Option<PlatformRouting<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    logged_in: Option<bool>,
    state_version: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    modified_date: Option<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct PlatformPresence<'a> {
    system_presence: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    presence_definition: Option<Reference<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    modified_date: Option<String>,
}

#[derive(Debug, Serialize)]
struct Reference<'a> {
    id: &'a str,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct PlatformRouting<'a> {
    status: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    start_time: Option<String>,
}

impl<'a> PlatformState<'a> {
    /// An agent's state.
    pub(super) fn of(row: &'a Row) -> Self {
        let (presence, routing, login) = (row.presence(), row.routing_status(), row.login());
        let begun = [
            presence.and_then(|presence| presence.since),
            routing.and_then(|status| status.since),
            login.and_then(|login| login.since),
        ];
        Self {
            agent_id: row.agent_id(),
            user_id: row.user_id().as_str(),
            name: row.name(),
            division_id: row.division_id().map(DivisionId::as_str),
            presence: presence.map(to_presence),
            routing_status: routing.map(to_routing),
            logged_in: login.map(|login| *login.value),
            state_version: version(row),
            modified_date: begun.into_iter().flatten().max().and_then(to_text),
        }
    }
}

fn to_presence(presence: Current<'_, Presence>) -> PlatformPresence<'_> {
    PlatformPresence {
        system_presence: spelled(&presence.value.system),
        presence_definition: presence.value.definition_id.as_deref().map(|id| Reference { id }),
        modified_date: presence.since.and_then(to_text),
    }
}

fn to_routing(status: Current<'_, RoutingStatus>) -> PlatformRouting<'_> {
    PlatformRouting { status: status.value.text(), start_time: status.since.and_then(to_text) }
}

/// The platform's version of the state, where it counts one.
fn version(row: &Row) -> u64 {
    fn of<T: Clone + Ord>(register: &Register<T>) -> u64 {
        register.exact().map_or(0, |exact| exact.clock.version)
    }
    let held = &row.held;
    match of(&held.presence).max(of(&held.routing_status)).max(of(&held.login)) {
        0 => row.revision.0,
        version => version,
    }
}

/// In the spelling of the platform's reads.
pub(super) fn spelled(presence: &SystemPresence) -> &str {
    match presence {
        SystemPresence::Available => "Available",
        SystemPresence::Away => "Away",
        SystemPresence::Busy => "Busy",
        SystemPresence::Break => "Break",
        SystemPresence::Meal => "Meal",
        SystemPresence::Meeting => "Meeting",
        SystemPresence::Training => "Training",
        SystemPresence::Idle => "Idle",
        SystemPresence::Offline => "Offline",
        SystemPresence::OnQueue => "On Queue",
        SystemPresence::Other(text) => text,
    }
}

/// ISO-8601 in UTC, with the milliseconds that the platform always writes.
pub(super) fn to_text(at: Timestamp) -> Option<String> {
    jiff::Timestamp::from_millisecond(at.as_millis()).ok().map(|at| format!("{at:.3}"))
}
