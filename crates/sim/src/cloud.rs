//! The truth: one organisation of the platform and the people in it.
//!
//! Pure: no IO, no clock, no hidden randomness. Instants come in as values, changes go out as values. Everything
//! the simulator answers or pushes is a view of this.

pub mod access;
pub mod agent;
pub mod chance;
pub mod id;
pub mod moves;
pub mod organisation;
pub mod presence;
mod seeding;
pub mod sources;
pub mod stamp;

#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::sync::Arc;

use access::Access;
use agent::{Account, Agent, AgentState};
use id::Id;
use moves::{Facets, Force, Move, Pick, Step};
use organisation::{Division, Organisation, Queue, seeded_divisions, seeded_queues};
use presence::{Definition, Definitions, SystemPresence};
use seeding::Recruiter;
use sources::{PresenceSource, seeded_sources};
use stamp::Stamp;

/// Changes without a changed facet that are kept for whoever counts conversations.
const UNSEEN_MAX: usize = 1000;

/// One organisation, whole.
pub struct Cloud {
    seed: u64,
    /// The organisation itself.
    pub organisation: Organisation,
    /// Its divisions, the first of them home.
    pub divisions: [Division; 3],
    /// What agents can pick.
    pub definitions: Definitions,
    /// Where presences may come from besides the platform's own clients.
    pub sources: [PresenceSource; 2],
    /// Its queues.
    pub queues: Vec<Queue>,
    /// Its OAuth clients and roles.
    pub access: Access,
    agents: Vec<Agent>,
    by_agent: HashMap<Id, usize>,
    by_user: HashMap<Id, usize>,
    unseen: Vec<Change>,
}

/// Why something that changed is told to others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Occasion {
    /// Somebody came.
    LoggedIn,
    /// Somebody went.
    LoggedOut,
    /// Anything else.
    Changed,
}

/// The organisation's setting on restoring presences.
#[derive(Clone, Copy, Debug)]
pub struct Restoring {
    /// How long after a log-out, in milliseconds.
    pub within_ms: i64,
    /// Whether people are put on queue again, too.
    pub on_queue: bool,
}

/// One agent's state has changed.
#[derive(Clone, Debug)]
pub struct Change {
    /// Position of the agent.
    pub position: usize,
    /// What happened.
    pub occasion: Occasion,
    /// Which facets are new.
    pub facets: Facets,
    /// The state left.
    pub before: Arc<AgentState>,
    /// The state entered.
    pub state: Arc<AgentState>,
}

impl Cloud {
    /// The organisation of a seed as it stands at an instant.
    pub fn found(seed: u64, name: &str, agent_count: usize, now: Stamp) -> Self {
        let divisions = seeded_divisions(seed);
        let mut cloud = Self {
            seed,
            organisation: Organisation {
                id: Id::derive(seed, "organisation", 0),
                name: name.to_owned(),
                domain: format!("{}.example", name.to_ascii_lowercase()),
            },
            definitions: Definitions::seeded(seed, divisions[1].id),
            sources: seeded_sources(seed),
            queues: seeded_queues(seed, &divisions),
            access: Access::seeded(seed),
            divisions,
            agents: Vec::with_capacity(agent_count),
            by_agent: HashMap::new(),
            by_user: HashMap::new(),
            unseen: Vec::new(),
        };
        for position in 0..agent_count {
            let recruiter =
                Recruiter { seed, divisions: &cloud.divisions, definitions: &cloud.definitions, now };
            if let Some(mut agent) = recruiter.found(position, agent_count, &mut cloud.queues) {
                // Those at work are left alone: theirs is the state that everybody compares with.
                if agent.account == Account::Inactive {
                    agent.primary_source = Some(cloud.sources[0].id);
                }
                cloud.add(agent);
            }
        }
        cloud
    }

    fn add(&mut self, agent: Agent) {
        let position = self.agents.len();
        self.by_agent.insert(agent.id, position);
        self.by_user.insert(agent.user_id, position);
        self.agents.push(agent);
    }

    /// The seed everything was derived from.
    pub fn seed(&self) -> u64 {
        self.seed
    }

    /// Everybody who ever worked here, by position.
    pub fn agents(&self) -> &[Agent] {
        &self.agents
    }

    /// The agent at a position.
    pub fn agent(&self, position: usize) -> Option<&Agent> {
        self.agents.get(position)
    }

    /// Position of the agent with this agent id.
    pub fn position_by_agent(&self, id: Id) -> Option<usize> {
        self.by_agent.get(&id).copied()
    }

    /// Position of the agent with this user id.
    pub fn position_by_user(&self, id: Id) -> Option<usize> {
        self.by_user.get(&id).copied()
    }

    /// The agent with this user id.
    pub fn user(&self, id: Id) -> Option<&Agent> {
        self.position_by_user(id).and_then(|position| self.agents.get(position))
    }

    /// The queue with this id.
    pub fn queue(&self, id: Id) -> Option<&Queue> {
        self.queues.iter().find(|queue| queue.id == id)
    }

    /// The division with this id.
    pub fn division(&self, id: Id) -> Option<&Division> {
        self.divisions.iter().find(|division| division.id == id)
    }

    /// Makes something happen to an agent. None when the rules do not allow it, or nobody can see that it happened.
    /// Only people whose account is active can be moved.
    pub fn apply(&mut self, position: usize, happening: &Move, now: Stamp) -> Option<Change> {
        let agent = self.agents.get_mut(position)?;
        if agent.account != Account::Active {
            return None;
        }
        match agent.state().step(happening, now) {
            Step::Impossible => None,
            Step::Hidden(state) => {
                let before = Arc::clone(agent.state());
                let (occasion, facets) = (Occasion::Changed, Facets::default());
                let change = Change { position, occasion, facets, before, state: agent.enter(state) };
                if self.unseen.len() < UNSEEN_MAX {
                    self.unseen.push(change);
                }
                None
            }
            Step::Changed(state, facets) => {
                let occasion = match (facets.logged_in, state.logged_in) {
                    (true, true) => Occasion::LoggedIn,
                    (true, false) => Occasion::LoggedOut,
                    (false, _) => Occasion::Changed,
                };
                let before = Arc::clone(agent.state());
                Some(Change { position, occasion, facets, before, state: agent.enter(state) })
            }
        }
    }

    /// Carries away the changes since the last time that only a count of conversations shows.
    pub fn take_unseen(&mut self) -> Vec<Change> {
        std::mem::take(&mut self.unseen)
    }

    /// A forced state with the presences to fall back to.
    pub fn force(&self, force: Force) -> Move {
        let available = self.pick(SystemPresence::Available);
        let offline = self.pick(SystemPresence::Offline);
        Move::Force(Force { fallback: available.zip(offline), ..force })
    }

    /// The standard pick of a system presence.
    pub fn pick(&self, system: SystemPresence) -> Option<Pick> {
        self.definitions.standard(system).map(Definition::pick)
    }

    /// What somebody who comes back at an instant is put into again: the presence they went with, when they went no
    /// longer ago than the window and that presence may be restored.
    pub fn restorable(&self, position: usize, window: Restoring, now: Stamp) -> Option<Pick> {
        let agent = self.agents.get(position)?;
        let (left, went_at) = agent.left()?;
        let in_time = now.millis_since(went_at) <= window.within_ms;
        let allowed = window.on_queue || left.presence.system != SystemPresence::OnQueue;
        let pick = Pick { system: left.presence.system, definition: left.presence.definition };
        (in_time && allowed).then_some(pick)
    }

    /// Hires people; gives their positions.
    pub fn hire(&mut self, count: usize, now: Stamp) -> Vec<usize> {
        let first = self.agents.len();
        for position in first..first + count {
            let recruiter = Recruiter {
                seed: self.seed,
                divisions: &self.divisions,
                definitions: &self.definitions,
                now,
            };
            if let Some(agent) = recruiter.hire(position, &mut self.queues) {
                self.add(agent);
            }
        }
        (first..self.agents.len()).collect()
    }

    /// Logs somebody out for good: their account is deleted, their ids stay taken.
    pub fn dismiss(&mut self, position: usize, now: Stamp) -> Option<Change> {
        self.set_account(position, Account::Deleted, now)
    }

    /// Makes an account active, inactive or deleted. Whoever is not active is logged out; whoever is deleted is in
    /// no queue until the account is restored.
    pub fn set_account(&mut self, position: usize, account: Account, now: Stamp) -> Option<Change> {
        if self.agents.get(position)?.account == account {
            return None;
        }
        let offline = self.pick(SystemPresence::Offline).filter(|_| account != Account::Active);
        let change = offline.and_then(|offline| self.apply(position, &Move::LogOut(offline), now));
        let agent = self.agents.get_mut(position)?;
        agent.set_account(account, now);
        for queue in &mut self.queues {
            if account == Account::Deleted {
                queue.members.retain(|member| *member != position);
            } else if agent.member_of.contains(&queue.id) && !queue.members.contains(&position) {
                queue.members.push(position);
            }
        }
        change
    }

    /// Makes a source somebody's primary one; none is the platform's own. Gives a change of no facet, and the source
    /// that counted before, unless it is the same.
    pub fn set_primary_source(
        &mut self,
        position: usize,
        source: Option<Id>,
    ) -> Option<(Change, Option<Id>)> {
        let agent = self.agents.get_mut(position).filter(|agent| agent.primary_source != source)?;
        let former = std::mem::replace(&mut agent.primary_source, source);
        let state = Arc::clone(agent.state());
        let (occasion, facets) = (Occasion::Changed, Facets::default());
        let change = Change { position, occasion, facets, before: Arc::clone(&state), state };
        Some((change, former))
    }

    /// Moves somebody to another division. What they are in stays as it is.
    pub fn transfer(&mut self, position: usize, division: Id) {
        if let Some(agent) = self.agents.get_mut(position) {
            agent.division = division;
        }
    }
}
