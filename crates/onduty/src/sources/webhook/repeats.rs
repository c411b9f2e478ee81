//! Events that come twice and cannot be told from news by a clock.
//!
//! Senders deliver at least once, and late. Where a facet carries the platform's clock a repetition changes nothing,
//! and the timeline shows it as one. Where a facet has none, the time of hearing stands in: then an old event that
//! comes again would pass for the newest, so it is recognised by its id, and by saying the same.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use onduty_core::agent::UserId;
use onduty_core::observation::{Observation, Statement};

/// Events remembered. Amazon repeats within seconds as a rule; a repetition after so many others is taken as news,
/// which any read overrules.
const EVENTS_MAX: usize = 8_192;

type Key = (Arc<str>, UserId);

/// The events taken last, of those that have no clock.
#[derive(Debug, Default)]
pub(super) struct Repeats {
    said: HashMap<Key, Statement>,
    order: VecDeque<Key>,
}

impl Repeats {
    /// Whether this has been taken before.
    pub(super) fn knows(&self, observation: &Observation) -> bool {
        let key = key(observation);
        key.is_some_and(|key| self.said.get(&key).is_some_and(|said| *said == observation.statement))
    }

    /// Remembers what has been taken: to be called when it is durable, and not before.
    pub(super) fn remember(&mut self, observation: &Observation) {
        let Some(key) = key(observation) else { return };
        if self.said.insert(key.clone(), observation.statement.clone()).is_none() {
            self.order.push_back(key);
        }
        if self.order.len() > EVENTS_MAX
            && let Some(oldest) = self.order.pop_front()
        {
            self.said.remove(&oldest);
        }
    }
}

/// By what a repetition is recognised; none where there is no id, or no need.
fn key(observation: &Observation) -> Option<Key> {
    let Statement { presence, routing_status, out_of_office, active_queues, login, .. } =
        &observation.statement;
    let estimated = [
        presence.as_ref().is_some_and(|said| said.clock.is_none()),
        routing_status.as_ref().is_some_and(|said| said.clock.is_none()),
        out_of_office.as_ref().is_some_and(|said| said.clock.is_none()),
        active_queues.as_ref().is_some_and(|said| said.clock.is_none()),
        login.as_ref().is_some_and(|said| said.clock.is_none()),
    ];
    let id = observation.event_id.as_ref().filter(|_| estimated.contains(&true))?;
    Some((Arc::clone(id), observation.user_id.clone()))
}

#[cfg(test)]
mod tests {
    use onduty_core::observation::{Clock, Said, Source};
    use onduty_core::time::Timestamp;

    use super::*;

    fn observation(event_id: Option<&str>, away: bool, clock: Option<Clock>) -> Observation {
        Observation {
            user_id: UserId::from("u1"),
            source: Source::Webhook,
            heard_at: Timestamp::from_millis(5),
            as_of: None,
            event_id: event_id.map(Arc::from),
            statement: Statement { out_of_office: Some(Said { value: away, clock }), ..Statement::default() },
        }
    }

    #[test]
    fn only_the_same_said_again_under_the_same_id_without_a_clock_is_a_repetition() {
        let clock = Some(Clock::at(Timestamp::from_millis(1)));
        let mut repeats = Repeats::default();
        for taken in [observation(Some("e1"), true, None), observation(None, true, None)] {
            repeats.remember(&taken);
        }
        repeats.remember(&observation(Some("e2"), true, clock));
        for (event_id, away, clock, expected) in [
            (Some("e1"), true, None, true),
            (Some("e1"), false, None, false),
            (Some("e1"), true, clock, false),
            (Some("e2"), true, clock, false),
            (Some("e3"), true, None, false),
            (None, true, None, false),
        ] {
            let said = observation(event_id, away, clock);
            assert_eq!(repeats.knows(&said), expected, "{event_id:?} {away} {clock:?}");
        }
    }

    #[test]
    fn the_oldest_is_forgotten_when_there_are_too_many() {
        let mut repeats = Repeats::default();
        let nth = |n: usize| observation(Some(&format!("e{n}")), true, None);
        for n in 0..=EVENTS_MAX {
            repeats.remember(&nth(n));
        }
        assert!(!repeats.knows(&nth(0)) && repeats.knows(&nth(1)) && repeats.knows(&nth(EVENTS_MAX)));
        assert_eq!(repeats.said.len(), EVENTS_MAX);
    }
}
