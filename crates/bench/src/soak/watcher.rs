//! A gRPC watcher of everybody: what it has been told, and how long after the platform's own clock.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use onduty::clock::Clock;
use onduty_client::proto::AgentState;
use onduty_client::{Client, ClientError, Event, Scope};

use super::truth::{Clocks, People, clocks};
use super::wholeness::Interval;

/// What a watcher was told. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub(crate) struct Told(Arc<Mutex<Inner>>);

#[derive(Debug, Default)]
struct Inner {
    held: HashMap<String, Clocks>,
    changes: Vec<Change>,
    disconnections: u64,
}

/// A change that the watcher was told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Change {
    /// When it happened, by the platform's clock, in milliseconds.
    pub(crate) made_ms: i64,
    /// When the watcher had it.
    pub(crate) told_ms: i64,
}

/// Watches for ever.
///
/// # Errors
///
/// When the sidecar refuses to be watched.
pub(crate) async fn watch(client: Client, told: Told, clock: Clock) -> Result<(), ClientError> {
    let mut watch = client.watch(Scope::everyone());
    loop {
        let event = watch.next().await?;
        told.take(&event, clock.now().as_millis());
    }
}

impl Told {
    fn take(&self, event: &Event, now_ms: i64) {
        let mut inner = self.lock();
        match event {
            Event::Snapshot { agent_states, .. } => {
                inner.held =
                    agent_states.iter().map(|state| (state.user_id.clone(), clocks(state))).collect();
            }
            Event::Changed { state } => inner.change(state, now_ms),
            Event::Disconnected { .. } => inner.disconnections += 1,
            Event::Removed { .. } | Event::Progress { .. } => {}
        }
    }

    /// How many had their newest change in an interval, and those of them of whom the watcher was not told, one a line.
    pub(crate) fn unseen(&self, truth: &People, interval: Interval) -> (usize, Vec<String>) {
        let inner = self.lock();
        let (mut changed, mut unseen) = (0, Vec::new());
        for (id, facets) in truth.iter().filter(|(_, facets)| interval.holds(facets.clocks.newest())) {
            changed += 1;
            let held = inner.held.get(id).copied();
            if !held.is_some_and(|held| held.has_reached(facets.clocks)) {
                unseen.push(format!("{id}: is {:?} and was told as {held:?}", facets.clocks));
            }
        }
        (changed, unseen)
    }

    /// Every change told so far that happened in one of these intervals.
    pub(crate) fn changes_in(&self, intervals: &[Interval]) -> Vec<Change> {
        let inner = self.lock();
        let inside = |change: &&Change| intervals.iter().any(|interval| interval.holds(change.made_ms));
        inner.changes.iter().filter(inside).copied().collect()
    }

    /// How many changes were told, and how often the connection was lost.
    pub(crate) fn totals(&self) -> (usize, u64) {
        let inner = self.lock();
        (inner.changes.len(), inner.disconnections)
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn change(&mut self, state: &AgentState, told_ms: i64) {
        let now = clocks(state);
        let before = self.held.insert(state.user_id.clone(), now).unwrap_or_default();
        self.changes.extend(now.newest_beside(before).map(|made_ms| Change { made_ms, told_ms }));
    }
}

#[cfg(test)]
mod tests {
    use onduty_client::proto::AgentRoutingStatus;
    use prost_types::Timestamp;

    use super::*;
    use crate::soak::truth::people;

    fn state(id: &str, at: i64) -> AgentState {
        let since = Some(Timestamp { seconds: at, nanos: 0 });
        let routing_status = Some(AgentRoutingStatus { since, ..AgentRoutingStatus::default() });
        AgentState { user_id: id.into(), routing_status, ..AgentState::default() }
    }

    fn truth(ids: &[&str], at: i64) -> People {
        let at = jiff::Timestamp::from_second(at).expect("an instant").to_string();
        let agents = ids.iter().map(|id| {
            serde_json::json!({"userId": id, "name": "", "presence": {"systemPresence": "", "presenceDefinition":
                {"id": ""}}, "routingStatus": {"status": "", "startTime": at}})
        });
        people(agents.collect()).expect("people")
    }

    #[test]
    fn a_change_is_dated_by_the_platform_and_a_repetition_is_none() {
        let told = Told::default();
        let snapshot = Event::Snapshot { agent_states: vec![state("a", 5)], findings: vec![], reset: None };
        told.take(&snapshot, 6_000);
        let changed = Event::Changed { state: Box::new(state("a", 7)) };
        told.take(&changed, 7_040);
        told.take(&changed, 9_000);
        let all = [Interval { from_ms: 0, until_ms: 10_000 }];
        assert_eq!(told.changes_in(&all), [Change { made_ms: 7_000, told_ms: 7_040 }]);
        assert_eq!(told.changes_in(&[Interval { from_ms: 7_001, until_ms: 10_000 }]), []);
    }

    #[test]
    fn whoever_changed_while_push_was_whole_and_was_not_told_is_unseen() {
        let told = Told::default();
        told.take(&Event::Changed { state: Box::new(state("a", 7)) }, 7_040);
        let interval = Interval { from_ms: 6_000, until_ms: 8_000 };
        let (changed, unseen) = told.unseen(&truth(&["a", "b"], 7), interval);
        assert!(changed == 2 && unseen.len() == 1 && unseen[0].starts_with("b:"), "{unseen:?}");
        assert_eq!(told.unseen(&truth(&["a", "b"], 9), interval), (0, vec![]), "neither changed in it");
    }
}
