//! Which agents a list or a watch is about.

use std::collections::BTreeSet;

use crate::agent::{DivisionId, QueueId, RoutingStatus, SystemPresence};
use crate::row::Row;

/// All conditions given must hold; an empty selector is everyone. A facet that is not known matches no condition
/// on it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selector {
    /// Any of these presences.
    pub presences: BTreeSet<SystemPresence>,
    /// Any of these routing statuses.
    pub routing_statuses: BTreeSet<RoutingStatus>,
    /// Active on any of these queues.
    pub queue_ids: BTreeSet<QueueId>,
    /// In any of these divisions.
    pub division_ids: BTreeSet<DivisionId>,
    /// Logged in, or not.
    pub logged_in: Option<bool>,
    /// Any of these agent ids.
    pub agent_ids: BTreeSet<Box<str>>,
}

impl Selector {
    /// Whether it selects everyone.
    pub fn is_everyone(&self) -> bool {
        *self == Self::default()
    }

    /// Whether it selects this agent.
    pub fn matches(&self, row: &Row) -> bool {
        fn any<T: Ord>(wanted: &BTreeSet<T>, found: Option<&T>) -> bool {
            wanted.is_empty() || found.is_some_and(|found| wanted.contains(found))
        }
        any(&self.presences, row.presence().map(|presence| &presence.value.system))
            && any(&self.routing_statuses, row.routing_status().map(|status| status.value))
            && any(&self.division_ids, row.division_id())
            && self.logged_in.is_none_or(|wanted| row.login().is_some_and(|login| *login.value == wanted))
            && (self.queue_ids.is_empty()
                || row.active_queues().is_some_and(|queues| !queues.value.is_disjoint(&self.queue_ids)))
            && (self.agent_ids.is_empty() || self.agent_ids.contains(row.agent_id()))
    }
}
