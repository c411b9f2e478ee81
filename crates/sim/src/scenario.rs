//! The seeded life of a contact centre: who does what next.
//!
//! One seed gives one history of moves: the n-th move depends on the seed and on the moves before it, never on the
//! wall clock. Shifts start and end, agents go on queue, take calls, do after-call work, take breaks, and miss alerts.

pub mod script;

use std::collections::VecDeque;

use crate::cloud::agent::{Account, Agent, RoutingStatus};
use crate::cloud::chance::Chance;
use crate::cloud::moves::{Move, Pick};
use crate::cloud::presence::{Definition, SystemPresence};
use crate::cloud::stamp::Stamp;
use crate::cloud::{Change, Cloud};

/// How often another agent is tried when the one drawn cannot be moved, or nobody would see it.
const TRIES: usize = 16;

/// Decides the moves of one cloud.
#[derive(Debug)]
pub struct Scenario {
    chance: Chance,
    /// Agents that have just gone on queue and are to be noticed by routing.
    settling: VecDeque<usize>,
}

/// What an agent does next, before it is known with which definition.
#[derive(Clone, Copy, Debug)]
enum Intent {
    LogIn,
    LogOut,
    Pick(SystemPresence),
    Plain(Plain),
    ToggleOutOfOffice,
    ToggleQueue,
    Note,
}

#[derive(Clone, Copy, Debug)]
enum Plain {
    Answer,
    HangUp,
    Finish,
    Miss,
    Acknowledge,
    TakeOwnCall,
    EndOwnCall,
}

impl Scenario {
    /// The history of a seed, at its beginning.
    pub fn new(seed: u64) -> Self {
        Self { chance: Chance::new(seed).fork(0x005c_e9a2_1042), settling: VecDeque::new() }
    }

    /// Makes the next visible move. None when nobody can be moved. Costs the same however many agents there are.
    pub fn advance(&mut self, cloud: &mut Cloud, now: Stamp) -> Option<Change> {
        if let Some(position) = self.settling.pop_front()
            && let Some(change) = cloud.apply(position, &Move::Settle, now)
        {
            return Some(change);
        }
        (0..TRIES).find_map(|_| {
            let position = self.chance.index(cloud.agents().len());
            let happening = self.decide(cloud, cloud.agent(position)?)?;
            let change = cloud.apply(position, &happening, now)?;
            if change.facets.presence && change.state.presence.system == SystemPresence::OnQueue {
                self.settling.push_back(position);
            }
            Some(change)
        })
    }

    fn decide(&mut self, cloud: &Cloud, agent: &Agent) -> Option<Move> {
        if agent.account != Account::Active {
            return None;
        }
        let intent = *self.chance.weighted(choices(agent))?;
        let pick = |system, chance: &mut Chance| -> Option<Pick> {
            cloud.definitions.pickable(system, agent.division, chance).map(Definition::pick)
        };
        Some(match intent {
            Intent::LogIn => Move::LogIn(pick(SystemPresence::Available, &mut self.chance)?),
            Intent::LogOut => Move::LogOut(pick(SystemPresence::Offline, &mut self.chance)?),
            Intent::Pick(system) => Move::Pick(pick(system, &mut self.chance)?),
            Intent::Plain(plain) => plain.to_move(),
            Intent::ToggleOutOfOffice => Move::OutOfOffice(!agent.state().out_of_office.active),
            Intent::ToggleQueue => self.toggle_queue(agent)?,
            Intent::Note => Move::Message(self.note(agent)),
        })
    }

    /// Switches one of the agent's queues on or off.
    fn toggle_queue(&mut self, agent: &Agent) -> Option<Move> {
        let toggled = *agent.member_of.get(self.chance.index(agent.member_of.len()))?;
        let active = &agent.state().queues.ids;
        let ids = agent.member_of.iter().copied().filter(|id| active.contains(id) != (*id == toggled));
        Some(Move::Queues(ids.collect()))
    }

    fn note(&mut self, agent: &Agent) -> String {
        let notes = ["", "back in ten", "with a customer", "ask Rosa", "one to one"];
        let drawn = notes[self.chance.index(notes.len())];
        if drawn == agent.state().presence.message { "writing notes".to_owned() } else { drawn.to_owned() }
    }
}

impl Plain {
    fn to_move(self) -> Move {
        match self {
            Self::Answer => Move::Answer,
            Self::HangUp => Move::HangUp,
            Self::Finish => Move::Finish,
            Self::Miss => Move::Miss,
            Self::Acknowledge => Move::Acknowledge,
            Self::TakeOwnCall => Move::TakeOwnCall,
            Self::EndOwnCall => Move::EndOwnCall,
        }
    }
}

/// What somebody in this situation may do next, and how likely.
fn choices(agent: &Agent) -> &'static [(u32, Intent)] {
    use SystemPresence::{Available, Break, Busy, Meal, Meeting, OnQueue, Training};
    let state = agent.state();
    if !state.logged_in {
        return &[
            (30, Intent::LogIn),
            (60, Intent::Pick(SystemPresence::Offline)),
            (1, Intent::ToggleOutOfOffice),
        ];
    }
    if state.presence.system != OnQueue {
        return &[
            (70, Intent::Pick(OnQueue)),
            (8, Intent::Pick(Available)),
            (6, Intent::Pick(Busy)),
            (4, Intent::Pick(Meeting)),
            (2, Intent::Pick(Training)),
            (2, Intent::Note),
            (8, Intent::LogOut),
        ];
    }
    match state.routing.status {
        RoutingStatus::Idle | RoutingStatus::OffQueue => &[
            (80, Intent::Plain(Plain::Answer)),
            (5, Intent::Plain(Plain::Miss)),
            (3, Intent::Plain(Plain::TakeOwnCall)),
            (5, Intent::Pick(Break)),
            (3, Intent::Pick(Meal)),
            (1, Intent::ToggleQueue),
            (3, Intent::LogOut),
        ],
        RoutingStatus::Interacting if state.routing.after_call_work => {
            &[(90, Intent::Plain(Plain::Finish)), (5, Intent::Pick(Break)), (1, Intent::Pick(Meal))]
        }
        RoutingStatus::Interacting => &[(1, Intent::Plain(Plain::HangUp))],
        RoutingStatus::Communicating => &[(1, Intent::Plain(Plain::EndOwnCall))],
        RoutingStatus::NotResponding => {
            &[(70, Intent::Plain(Plain::Acknowledge)), (20, Intent::Pick(Break)), (10, Intent::LogOut)]
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn history(seed: u64, moves: usize, now: Stamp, pace_ms: i64) -> Vec<(usize, String)> {
        let mut cloud = Cloud::found(seed, "Acme", 120, now);
        let mut scenario = Scenario::new(seed);
        (0..moves)
            .filter_map(|n| scenario.advance(&mut cloud, now.plus_millis(n as i64 * pace_ms)))
            .map(|change| {
                let state = &change.state;
                let shown = format!(
                    "{:?} {:?} {} {:?} {:?} v{}",
                    state.presence.system,
                    state.routing.status,
                    state.presence.message,
                    state.queues.ids,
                    state.logged_in,
                    state.version
                );
                (change.position, shown)
            })
            .collect()
    }

    #[test]
    fn one_seed_gives_one_history_whatever_the_wall_clock_says() {
        let first = history(42, 3000, Stamp::from_millis(1_700_000_000_000), 5);
        let second = history(42, 3000, Stamp::from_millis(1_900_000_000_000), 1000);
        assert_eq!(first.len(), 3000);
        assert_eq!(first, second);
        assert_ne!(first, history(43, 3000, Stamp::from_millis(1_700_000_000_000), 5));
    }

    #[test]
    fn a_long_history_visits_every_routing_status_and_keeps_people_at_work() {
        let now = Stamp::from_millis(1_700_000_000_000);
        let mut cloud = Cloud::found(5, "Acme", 300, now);
        let mut scenario = Scenario::new(5);
        let mut seen = std::collections::HashSet::new();
        for n in 0..20_000 {
            let change = scenario.advance(&mut cloud, now.plus_millis(n)).unwrap();
            seen.insert(change.state.routing.status);
        }
        assert_eq!(seen.len(), 5);
        let at_work = cloud.agents().iter().filter(|agent| agent.state().logged_in).count();
        assert!((100..290).contains(&at_work), "{at_work} of 300 at work");
    }
}
