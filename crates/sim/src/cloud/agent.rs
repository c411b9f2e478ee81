//! One agent: who it is, and the state it is in.
//!
//! A state is two facets with a clock each (presence and routing status), two more that move seldom (out of office,
//! active queues), and one version over all of them. A changed state is a new value; the old ones are kept for a
//! while, because the agent-states API answers from a cache that can lag.

use std::collections::VecDeque;
use std::sync::Arc;

use super::id::Id;
use super::presence::SystemPresence;
use super::stamp::Stamp;

/// How many former states of an agent are kept for the lagging cache.
const PAST_MAX: usize = 16;

/// Employment, not duty.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Account {
    /// Works here.
    Active,
    /// On leave.
    Inactive,
    /// Left.
    Deleted,
}

impl Account {
    /// As the platform writes it.
    pub fn text(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Inactive => "inactive",
            Self::Deleted => "deleted",
        }
    }
}

/// What the agent picked, and when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Presence {
    /// What the definition maps to.
    pub system: SystemPresence,
    /// The definition picked.
    pub definition: Id,
    /// Free text beside it.
    pub message: String,
    /// Since when; none for somebody who never logged in.
    pub since: Option<Stamp>,
}

/// What the system made of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RoutingStatus {
    /// Presence is not On Queue.
    OffQueue,
    /// Waiting for work.
    Idle,
    /// In a routed interaction, or in the work after it.
    Interacting,
    /// In a call of their own that blocks routing.
    Communicating,
    /// An alert timed out; no work until the agent acts.
    NotResponding,
}

impl RoutingStatus {
    const ALL: [Self; 5] =
        [Self::OffQueue, Self::Idle, Self::Interacting, Self::Communicating, Self::NotResponding];

    /// As the platform writes it.
    pub fn text(self) -> &'static str {
        match self {
            Self::OffQueue => "OFF_QUEUE",
            Self::Idle => "IDLE",
            Self::Interacting => "INTERACTING",
            Self::Communicating => "COMMUNICATING",
            Self::NotResponding => "NOT_RESPONDING",
        }
    }

    /// Reads any spelling by its letters.
    pub fn find(text: &str) -> Option<Self> {
        let wanted = super::presence::letters(text);
        Self::ALL.into_iter().find(|status| super::presence::letters(status.text()) == wanted)
    }
}

/// The routing facet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Routing {
    /// The status.
    pub status: RoutingStatus,
    /// The interaction is over and the work after it goes on. Not shown: the status stays `INTERACTING`.
    pub after_call_work: bool,
    /// Since when; none for somebody who never logged in.
    pub since: Option<Stamp>,
}

/// The flag an agent sets for longer absences.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutOfOffice {
    /// Set or not.
    pub active: bool,
    /// Since when.
    pub since: Stamp,
}

/// The queues on which the agent takes work.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ActiveQueues {
    /// Their ids.
    pub ids: Vec<Id>,
    /// Since when.
    pub since: Stamp,
}

/// Everything about an agent that moves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AgentState {
    /// What they picked.
    pub presence: Presence,
    /// What the system made of it.
    pub routing: Routing,
    /// Longer absence.
    pub out_of_office: OutOfOffice,
    /// Queues switched on.
    pub queues: ActiveQueues,
    /// Whether somebody is there.
    pub logged_in: bool,
    /// Grows by one with each change.
    pub version: u64,
    /// Instant of the last change of any facet; strictly increasing.
    pub modified: Stamp,
}

/// A person who takes work. Agent and user are two ids of one person.
#[derive(Clone, Debug)]
pub struct Agent {
    /// The id in the agent-states API.
    pub id: Id,
    /// The id in the users API.
    pub user_id: Id,
    /// Full name.
    pub name: String,
    /// Left part of the e-mail address, also of the chat address.
    pub login: String,
    /// The division they belong to.
    pub division: Id,
    /// Employment.
    pub account: Account,
    /// Since when they are in the directory.
    pub hired: Stamp,
    /// Since when the account is as it is.
    pub account_since: Stamp,
    /// Grows with each change of the account.
    pub account_version: u64,
    /// The queues they are a member of, whether switched on or not.
    pub member_of: Vec<Id>,
    /// The source whose presences count, when it is not the platform's own.
    pub primary_source: Option<Id>,
    state: Arc<AgentState>,
    past: VecDeque<Arc<AgentState>>,
}

/// What is fixed about an agent when they are hired.
#[derive(Debug)]
pub struct Person {
    /// The id in the agent-states API.
    pub id: Id,
    /// The id in the users API.
    pub user_id: Id,
    /// Full name.
    pub name: String,
    /// Left part of the e-mail address.
    pub login: String,
    /// Their division.
    pub division: Id,
    /// Their queues.
    pub member_of: Vec<Id>,
}

impl Agent {
    /// A new agent in this state.
    pub fn new(person: Person, account: Account, hired: Stamp, state: AgentState) -> Self {
        let Person { id, user_id, name, login, division, member_of } = person;
        Self {
            id,
            user_id,
            name,
            login,
            division,
            account,
            hired,
            account_since: hired,
            account_version: 1,
            member_of,
            primary_source: None,
            state: Arc::new(state),
            past: VecDeque::new(),
        }
    }

    /// The state now.
    pub fn state(&self) -> &Arc<AgentState> {
        &self.state
    }

    /// The state as it was at an instant; the oldest one kept when the instant is older.
    pub fn state_at(&self, instant: Stamp) -> &Arc<AgentState> {
        if self.state.modified <= instant {
            return &self.state;
        }
        let known = self.past.iter().rev().find(|state| state.modified <= instant);
        known.or_else(|| self.past.front()).unwrap_or(&self.state)
    }

    /// The last state before a log-out that lasts, and the instant of the log-out.
    pub(super) fn left(&self) -> Option<(&AgentState, Stamp)> {
        let went_at = self.state.presence.since.filter(|_| !self.state.logged_in)?;
        let left = self.past.iter().rev().find(|state| state.logged_in)?;
        Some((left, went_at))
    }

    /// Puts the agent into a new state and keeps the old one.
    pub(super) fn enter(&mut self, state: AgentState) -> Arc<AgentState> {
        if self.past.len() == PAST_MAX {
            self.past.pop_front();
        }
        self.past.push_back(std::mem::replace(&mut self.state, Arc::new(state)));
        Arc::clone(&self.state)
    }

    /// Ends or resumes employment.
    pub(super) fn set_account(&mut self, account: Account, at: Stamp) {
        self.account = account;
        self.account_since = at;
        self.account_version += 1;
    }
}
