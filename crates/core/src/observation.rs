//! What comes in: statements about agents, the word that a full listing is complete, what presences are called, and
//! what the platform speaks.
//!
//! A statement says only what its sender said. An absent facet is no news, never a default.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::agent::{AccountState, AgentId, DivisionId, Presence, QueueId, RoutingStatus, UserId};
use crate::definition::Definitions;
use crate::dialect::Dialect;
use crate::time::Timestamp;

/// One thing for the roster to take in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    /// A statement about one agent.
    Observation(Box<Observation>),
    /// A full listing was read to its end without a gap.
    Listing(Listing),
    /// The organisation's presence definitions were read to their end.
    Definitions(Arc<Definitions>),
    /// It was found out which of its APIs the platform speaks.
    Dialect(Arc<Dialect>),
    /// A push channel that would have told of any change was whole for a while.
    Coverage(Coverage),
}

/// One statement about one agent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Observation {
    /// Whom it is about.
    pub user_id: UserId,
    /// How it reached us.
    pub source: Source,
    /// By our clock: when a push arrived, or when the request was *sent* whose answer this is. An answer cannot
    /// vouch for anything after its question.
    pub heard_at: Timestamp,
    /// By the platform's clock: when the statement was made. Absent where the payload does not say.
    pub as_of: Option<Timestamp>,
    /// The sender's id of the event, where it has one.
    pub event_id: Option<Arc<str>>,
    /// What was said.
    pub statement: Statement,
}

/// What was said about an agent. Everything is optional because every payload leaves something out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Statement {
    /// The agent id that belongs to this user, in the agent-states API.
    pub agent_id: Option<AgentId>,
    /// Display name.
    pub name: Option<Arc<str>>,
    /// Division.
    pub division_id: Option<DivisionId>,
    /// The directory's word on the account.
    pub account: Option<AccountState>,
    /// Presence; its clock is `presence.modifiedDate`.
    pub presence: Option<Said<Presence>>,
    /// Presence at a source that is not the agent's primary one. Never held; told in the timeline.
    pub secondary_presence: Option<Said<Presence>>,
    /// Routing status; its clock is `routingStatus.startTime`.
    pub routing_status: Option<Said<RoutingStatus>>,
    /// Out of office; its clock is `outOfOffice.modifiedDate`.
    pub out_of_office: Option<Said<bool>>,
    /// Active queues; their clock is `dateActiveQueuesChanged`.
    pub active_queues: Option<Said<BTreeSet<QueueId>>>,
    /// Whether somebody is logged in; its clock is the state object's `modifiedDate` with `stateVersion`.
    pub login: Option<Said<bool>>,
    /// The platform said that there is no such agent. Only a read that does not lie may set this.
    pub absent: bool,
}

/// A value and the instant at which the platform says it began.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said<T> {
    /// The value.
    pub value: T,
    /// The facet's own clock. Absent where the payload has none: then the time of hearing stands in, as an
    /// estimate that any read may overrule.
    pub clock: Option<Clock>,
}

/// The platform's clock of one facet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Clock {
    /// When the value began.
    pub at: Timestamp,
    /// The platform's version of the state, where it counts one; otherwise 0. Settles two values of one instant.
    pub version: u64,
}

impl Clock {
    /// A clock without a version.
    pub const fn at(at: Timestamp) -> Self {
        Self { at, version: 0 }
    }
}

/// By which way something reached us. The order is the rank that settles two different values of one clock: a
/// read outranks a push, because a push is not repeated when it is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Source {
    /// Pushed to the ingress over HTTP.
    Webhook,
    /// Pushed over the notification socket.
    Channel,
    /// Read in a full listing.
    Sweep,
    /// Read by id because somebody asked.
    Lookup,
}

impl Source {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Webhook, Self::Channel, Self::Sweep, Self::Lookup];

    /// The name used in metrics, logs and on the wire.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Webhook => "webhook",
            Self::Channel => "channel",
            Self::Sweep => "sweep",
            Self::Lookup => "lookup",
        }
    }

    /// Whether this is an answer to a question of ours.
    pub const fn is_read(self) -> bool {
        match self {
            Self::Webhook | Self::Channel => false,
            Self::Sweep | Self::Lookup => true,
        }
    }
}

/// A full listing was read to its end. Every agent that it named was given to the roster beforehand as an
/// [`Observation`] heard at or after `started_at`; whoever was not named, and was not heard of since, is gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Listing {
    /// When its first request was sent, by our clock.
    pub started_at: Timestamp,
    /// When its last answer was taken in, by our clock.
    pub finished_at: Timestamp,
    /// How many agents it named.
    pub agents: u64,
}

/// Between two instants, any change of these agents would have been pushed to us, as far as the platform keeps its
/// word: whatever was still so at the first is still so at the second. It says nothing of a facet that nobody vouched
/// for since `since`, so a channel that was just opened confirms nobody who was not read after that.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Coverage {
    /// Whom the channel covers.
    pub agents: Arc<[UserId]>,
    /// Since when without a gap, by our clock.
    pub since: Timestamp,
    /// Until when, by our clock.
    pub until: Timestamp,
}
