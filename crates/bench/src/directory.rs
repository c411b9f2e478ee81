//! The agents that are served: the same for every run, with ids in no order and a state of about 200 bytes, made by
//! the same merge as in the sidecar.

use onduty_core::agent::{AgentId, Presence, RoutingStatus, SystemPresence, UserId};
use onduty_core::cursor::Epoch;
use onduty_core::observation::{Clock, Input, Listing, Observation, Said, Source, Statement};
use onduty_core::roster::Roster;
use onduty_core::snapshot::Snapshot;
use onduty_core::time::Timestamp;

/// A roster whose agents begin and end interactions, one at a time.
#[derive(Debug)]
pub(crate) struct Directory {
    roster: Roster,
    agents: u32,
    changes: u32,
}

/// Odd, so that multiplying by it reorders all numbers of 32 bits and loses none (Knuth's multiplicative hash).
const SCATTER: u32 = 0x9E37_79B1;

/// The id of an agent.
pub(crate) fn agent_id(at: u32) -> String {
    format!("{:08x}-a9e7-4000-8000-{at:012x}", at.wrapping_mul(SCATTER))
}

/// The agent that comes at this place when agents are met in no order.
pub(crate) fn scattered(place: u32, agents: u32) -> u32 {
    let reordered = u64::from(place.wrapping_mul(SCATTER));
    u32::try_from((reordered * u64::from(agents)) >> u32::BITS).unwrap_or_default()
}

impl Directory {
    /// Agents who are all on queue and idle, as of `now`.
    pub(crate) fn new(agents: u32, now: Timestamp) -> Self {
        let mut roster = Roster::new(Epoch(1));
        for at in 0..agents {
            roster.step(&heard(at, now, first_word(at, now)));
        }
        // Nobody is listed before a full listing is complete.
        roster.step(&Input::Listing(Listing { started_at: now, finished_at: now, agents: agents.into() }));
        Self { roster, agents, changes: 0 }
    }

    /// The roster as it stands.
    pub(crate) fn snapshot(&self) -> Snapshot {
        self.roster.snapshot()
    }

    /// One agent begins an interaction, or ends the one before.
    pub(crate) fn change(&mut self, now: Timestamp) {
        let at = scattered(self.changes, self.agents);
        let busy = (self.changes / self.agents).is_multiple_of(2);
        self.changes = self.changes.wrapping_add(1);
        let status = if busy { RoutingStatus::Interacting } else { RoutingStatus::Idle };
        let statement = Statement { routing_status: said(status, now), ..Statement::default() };
        self.roster.step(&heard(at, now, statement));
    }
}

fn first_word(at: u32, now: Timestamp) -> Statement {
    let since = Timestamp::from_millis(now.as_millis() - 3_600_000 + i64::from(at % 60_000));
    let presence = Presence { system: SystemPresence::OnQueue, definition_id: None, message: "".into() };
    Statement {
        agent_id: Some(AgentId::from(&*agent_id(at))),
        name: Some(format!("Agent {at}").into()),
        presence: said(presence, since),
        routing_status: said(RoutingStatus::Idle, since),
        login: said(true, since),
        ..Statement::default()
    }
}

fn heard(at: u32, now: Timestamp, statement: Statement) -> Input {
    Input::Observation(Box::new(Observation {
        user_id: UserId::from(&*format!("{:08x}-05e5-4000-8000-{at:012x}", at.wrapping_mul(SCATTER))),
        source: Source::Webhook,
        heard_at: now,
        as_of: Some(now),
        event_id: None,
        statement,
    }))
}

fn said<T>(value: T, since: Timestamp) -> Option<Said<T>> {
    Some(Said { value, clock: Some(Clock::at(since)) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_change_is_one_revision_and_everybody_is_found() {
        let now = Timestamp::from_millis(1_700_000_000_000);
        let mut directory = Directory::new(500, now);
        assert_eq!(directory.snapshot().directory_total(), 500);
        assert!((0..500).all(|at| directory.snapshot().by_agent_id(&agent_id(at)).is_some()));
        let before = directory.snapshot().revision().0;
        for at in 1..=100 {
            directory.change(Timestamp::from_millis(now.as_millis() + i64::from(at)));
            assert_eq!(directory.snapshot().revision().0, before + at as u64);
        }
    }

    #[test]
    fn a_scattered_place_is_an_agent() {
        assert!((0..10_000).all(|place| scattered(place, 1_000) < 1_000));
        assert_eq!(scattered(u32::MAX, 1), 0);
    }
}
