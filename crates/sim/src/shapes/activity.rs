//! The body of activity notifications, which may tell all facets or only some.

use serde::Serialize;

use super::{DefinitionReference, RoutingFacet, Style};
use crate::cloud::agent::{Agent, AgentState};
use crate::cloud::id::Id;
use crate::cloud::moves::Facets;
use crate::cloud::stamp::Stamp;
use crate::faults::Faults;

/// The body of `v2.users.{id}.activity`. Facets that are not told are absent: no news.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ActivityBody {
    id: Id,
    #[serde(skip_serializing_if = "Option::is_none")]
    routing_status: Option<RoutingFacet>,
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

impl Told {
    /// What is told of a change under these switches.
    pub(crate) fn of(facets: Facets, faults: &Faults) -> Self {
        let all = !faults.activity_partial;
        Self {
            presence: all || facets.presence,
            routing: all || facets.routing,
            out_of_office: all || facets.out_of_office,
            queues: all || facets.queues,
            presence_clock: !faults.event_without_modified_date,
        }
    }
}

impl ActivityBody {
    /// Writes the facets told.
    pub(crate) fn of(agent: &Agent, state: &AgentState, told: Told, style: Style) -> Self {
        Self {
            id: agent.user_id,
            routing_status: told.routing.then(|| RoutingFacet::of(state, style)),
            presence: told.presence.then(|| ActivityPresence {
                presence_definition: DefinitionReference {
                    self_uri: None,
                    ..DefinitionReference::of(state, style)
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
