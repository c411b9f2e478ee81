//! A local copy, kept by the events of a watch.

use std::collections::BTreeMap;

use onduty_proto::v1::AgentState;

use crate::watch::Event;

/// The agents of a watch, as of its last event. A snapshot replaces all of them at once; a change heard twice, or
/// behind a newer one, changes nothing.
///
/// ```
/// use onduty_client::proto::AgentState;
/// use onduty_client::{Event, Replica};
///
/// let state = AgentState { agent_id: "a1".to_owned(), revision: 7, ..Default::default() };
/// let mut replica = Replica::default();
/// assert!(!replica.is_whole());
/// replica.apply(&Event::Snapshot { agent_states: vec![state], findings: Vec::new(), reset: None });
/// assert!(replica.is_whole());
/// assert_eq!(replica.get("a1").map(|state| state.revision), Some(7));
/// ```
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Replica {
    agents: BTreeMap<String, AgentState>,
    whole: bool,
}

impl Replica {
    /// Takes in one event; says whether the copy is another one now.
    pub fn apply(&mut self, event: &Event) -> bool {
        match event {
            Event::Snapshot { agent_states, .. } => {
                self.agents =
                    agent_states.iter().map(|state| (state.agent_id.clone(), state.clone())).collect();
                self.whole = true;
                true
            }
            Event::Changed { state } => {
                let held = self.agents.get(&state.agent_id);
                let newer = held.is_none_or(|held| held.revision < state.revision);
                if newer {
                    self.forget_earlier_name(state);
                    self.agents.insert(state.agent_id.clone(), AgentState::clone(state));
                }
                newer
            }
            Event::Removed { agent_id } => self.agents.remove(agent_id).is_some(),
            Event::Progress { .. } | Event::Disconnected { .. } => false,
        }
    }

    /// An agent first heard of by a push that names only its user is held under that id until its agent id is learned.
    fn forget_earlier_name(&mut self, state: &AgentState) {
        if state.agent_id != state.user_id
            && self.agents.get(&state.user_id).is_some_and(|held| held.user_id == state.user_id)
        {
            self.agents.remove(&state.user_id);
        }
    }

    /// Whether a snapshot has arrived. A watch resumed from a cursor sends none: there the caller brings its own copy.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.whole
    }

    /// The state of one agent.
    #[must_use]
    pub fn get(&self, agent_id: &str) -> Option<&AgentState> {
        self.agents.get(agent_id)
    }

    /// Every agent, ordered by agent id.
    pub fn iter(&self) -> impl Iterator<Item = &AgentState> {
        self.agents.values()
    }

    /// How many agents there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.agents.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.agents.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn state(agent_id: &str, revision: u64) -> AgentState {
        AgentState { agent_id: agent_id.to_owned(), revision, ..Default::default() }
    }

    fn changed(agent_id: &str, revision: u64) -> Event {
        Event::Changed { state: Box::new(state(agent_id, revision)) }
    }

    fn removed(agent_id: &str) -> Event {
        Event::Removed { agent_id: agent_id.to_owned() }
    }

    fn snapshot(agents: &[(&str, u64)]) -> Event {
        let agent_states = agents.iter().map(|(id, revision)| state(id, *revision)).collect();
        Event::Snapshot { agent_states, findings: Vec::new(), reset: None }
    }

    #[test]
    fn a_replica_is_what_the_events_say() {
        let learned = |agent_id: &str, revision| {
            let state = AgentState { user_id: "u".to_owned(), ..state(agent_id, revision) };
            Event::Changed { state: Box::new(state) }
        };
        type Row = (&'static str, Vec<Event>, &'static [(&'static str, u64)]);
        let table: &[Row] = &[
            ("empty", vec![], &[]),
            ("a snapshot", vec![snapshot(&[("a", 1), ("b", 2)])], &[("a", 1), ("b", 2)]),
            (
                "a change",
                vec![snapshot(&[("a", 1)]), changed("a", 3), changed("b", 4)],
                &[("a", 3), ("b", 4)],
            ),
            ("heard twice", vec![changed("a", 3), changed("a", 3)], &[("a", 3)]),
            ("heard late", vec![changed("a", 3), changed("a", 2)], &[("a", 3)]),
            ("a removal", vec![changed("a", 3), removed("a"), removed("a")], &[]),
            ("gone and back", vec![changed("a", 3), removed("a"), changed("a", 5)], &[("a", 5)]),
            ("replayed", vec![changed("a", 7), changed("a", 5), removed("a"), changed("a", 7)], &[("a", 7)]),
            ("its agent id learned later", vec![learned("u", 3), learned("a", 4)], &[("a", 4)]),
            ("another epoch", vec![changed("a", 90), changed("b", 91), snapshot(&[("a", 1)])], &[("a", 1)]),
        ];
        for (name, events, expected) in table {
            let mut replica = Replica::default();
            for event in events {
                replica.apply(event);
            }
            let held: Vec<_> =
                replica.iter().map(|state| (state.agent_id.as_str(), state.revision)).collect();
            assert_eq!(held, *expected, "{name}");
        }
    }
}
