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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::agent::{Presence, UserId};
    use crate::cursor::Epoch;
    use crate::observation::{Clock, Input, Observation, Said, Source, Statement};
    use crate::roster::Roster;
    use crate::time::Timestamp;

    fn said<T>(value: T) -> Option<Said<T>> {
        Some(Said { value, clock: Some(Clock::at(Timestamp::from_millis(1))) })
    }

    /// Ada is on queue and idle, active on q1, in division d1, logged in.
    fn ada() -> Statement {
        let system = SystemPresence::OnQueue;
        Statement {
            division_id: Some(DivisionId::from("d1")),
            presence: said(Presence { system, definition_id: None, message: "".into() }),
            routing_status: said(RoutingStatus::Idle),
            active_queues: said([QueueId::from("q1")].into()),
            login: said(true),
            ..Statement::default()
        }
    }

    fn matches(statement: Statement, selector: &Selector) -> bool {
        let mut roster = Roster::new(Epoch(1));
        let heard_at = Timestamp::from_millis(5);
        let user_id = UserId::from("ada");
        let observation =
            Observation { user_id, source: Source::Sweep, heard_at, as_of: None, event_id: None, statement };
        roster.step(&Input::Observation(Box::new(observation)));
        roster.snapshot().by_user_id("ada").is_some_and(|row| selector.matches(row))
    }

    #[test]
    fn every_condition_must_hold_and_any_value_of_one_will_do() {
        let all = Selector {
            presences: [SystemPresence::Away, SystemPresence::OnQueue].into(),
            routing_statuses: [RoutingStatus::Idle].into(),
            queue_ids: ["q1", "q9"].map(QueueId::from).into(),
            division_ids: [DivisionId::from("d1")].into(),
            logged_in: Some(true),
            agent_ids: ["ada".into()].into(),
        };
        assert!(matches(ada(), &all));
        for broken in [
            Selector { presences: [SystemPresence::Away].into(), ..all.clone() },
            Selector { routing_statuses: [RoutingStatus::OffQueue].into(), ..all.clone() },
            Selector { queue_ids: [QueueId::from("q9")].into(), ..all.clone() },
            Selector { division_ids: [DivisionId::from("d2")].into(), ..all.clone() },
            Selector { logged_in: Some(false), ..all.clone() },
            Selector { agent_ids: ["ben".into()].into(), ..all.clone() },
        ] {
            assert!(!matches(ada(), &broken), "{broken:?}");
        }
    }

    #[test]
    fn everyone_is_selected_by_no_condition_and_the_unknown_by_no_other() {
        assert!(Selector::default().is_everyone());
        assert!(matches(Statement::default(), &Selector::default()));
        for condition in [
            Selector { presences: [SystemPresence::Offline].into(), ..Selector::default() },
            Selector { logged_in: Some(false), ..Selector::default() },
            Selector { queue_ids: [QueueId::from("q1")].into(), ..Selector::default() },
        ] {
            assert!(!matches(Statement::default(), &condition), "{condition:?}");
        }
    }
}
