//! The nouns: who an agent is and what can be said of one. Words and values are the platform's own.
//!
//! Known values compare by meaning (`On Queue`, `OnQueue` and `ON_QUEUE` are one presence); a value that this
//! version does not know keeps the text it came with, so that it is shown and never dropped.

use std::borrow::Borrow;
use std::fmt;
use std::sync::Arc;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Arc<str>);

        impl $name {
            /// The id as the platform writes it.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                Self(text.into())
            }
        }

        impl Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

id! {
    /// The person's id. Every statement of either API carries it, so it is the key under which statements about
    /// one agent meet.
    UserId
}
id! {
    /// The id under which the agent-states API knows the agent. In the users API it is the user id.
    AgentId
}
impl From<&UserId> for AgentId {
    /// The id of an agent who has no other.
    fn from(id: &UserId) -> Self {
        Self(Arc::clone(&id.0))
    }
}

id! {
    /// A division of the organisation.
    DivisionId
}
id! {
    /// A routing queue.
    QueueId
}

/// The platform's kinds of presence.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SystemPresence {
    /// Ready for colleagues, not for queue work.
    Available,
    /// Away from the desk.
    Away,
    /// Busy.
    Busy,
    /// On a break.
    Break,
    /// At a meal.
    Meal,
    /// In a meeting.
    Meeting,
    /// In training.
    Training,
    /// The client saw no activity; unrelated to the routing status of that name.
    Idle,
    /// Not there.
    Offline,
    /// Taking work from queues.
    OnQueue,
    /// A value this version does not know, as it came.
    Other(Arc<str>),
}

impl SystemPresence {
    /// Every value with a name, in the platform's order.
    pub const KNOWN: [Self; 10] = [
        Self::Available,
        Self::Away,
        Self::Busy,
        Self::Break,
        Self::Meal,
        Self::Meeting,
        Self::Training,
        Self::Idle,
        Self::Offline,
        Self::OnQueue,
    ];

    /// Reads any of the platform's spellings: only letters count, and their case does not.
    pub fn parse(text: &str) -> Self {
        Self::KNOWN
            .into_iter()
            .find(|known| same_letters(known.text(), text))
            .unwrap_or_else(|| Self::Other(text.into()))
    }

    /// The spelling of the platform's notifications, or the text as it came.
    pub fn text(&self) -> &str {
        match self {
            Self::Available => "AVAILABLE",
            Self::Away => "AWAY",
            Self::Busy => "BUSY",
            Self::Break => "BREAK",
            Self::Meal => "MEAL",
            Self::Meeting => "MEETING",
            Self::Training => "TRAINING",
            Self::Idle => "IDLE",
            Self::Offline => "OFFLINE",
            Self::OnQueue => "ON_QUEUE",
            Self::Other(text) => text,
        }
    }
}

/// What the routing engine makes of an agent.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RoutingStatus {
    /// Presence is not On Queue.
    OffQueue,
    /// On queue and waiting for work.
    Idle,
    /// Handling an interaction; stays through after-call work.
    Interacting,
    /// Let an interaction ring out; gets no work until the agent acts.
    NotResponding,
    /// On a call that did not come from a queue.
    Communicating,
    /// A value this version does not know, as it came.
    Other(Arc<str>),
}

impl RoutingStatus {
    /// Every value with a name.
    pub const KNOWN: [Self; 5] =
        [Self::OffQueue, Self::Idle, Self::Interacting, Self::NotResponding, Self::Communicating];

    /// Reads any of the platform's spellings: only letters count, and their case does not.
    pub fn parse(text: &str) -> Self {
        Self::KNOWN
            .into_iter()
            .find(|known| same_letters(known.text(), text))
            .unwrap_or_else(|| Self::Other(text.into()))
    }

    /// The spelling of REST and events, or the text as it came.
    pub fn text(&self) -> &str {
        match self {
            Self::OffQueue => "OFF_QUEUE",
            Self::Idle => "IDLE",
            Self::Interacting => "INTERACTING",
            Self::NotResponding => "NOT_RESPONDING",
            Self::Communicating => "COMMUNICATING",
            Self::Other(text) => text,
        }
    }
}

/// What an agent picked.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Presence {
    /// The platform's kind.
    pub system: SystemPresence,
    /// The organisation's own definition, where it was named.
    pub definition_id: Option<Arc<str>>,
    /// The free text set beside it. Empty when the platform said that there is none.
    pub message: Arc<str>,
}

/// The directory's word on an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AccountState {
    /// Can work.
    Active,
    /// Switched off.
    Inactive,
    /// Deleted; the directory still remembers it.
    Deleted,
}

/// The facets of a state. Each has its own clock on the platform and no version is shared between them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Facet {
    /// What the agent picked.
    Presence,
    /// What the routing engine makes of it.
    RoutingStatus,
    /// Out of office or not.
    OutOfOffice,
    /// The queues the agent is active on.
    ActiveQueues,
    /// Whether somebody is logged in.
    Login,
}

impl Facet {
    /// All of them.
    pub const ALL: [Self; 5] =
        [Self::Presence, Self::RoutingStatus, Self::OutOfOffice, Self::ActiveQueues, Self::Login];

    /// The name used in evidence, logs and the timeline.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Presence => "presence",
            Self::RoutingStatus => "routing_status",
            Self::OutOfOffice => "out_of_office",
            Self::ActiveQueues => "active_queues",
            Self::Login => "logged_in",
        }
    }

    /// The facet of that name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|facet| facet.name() == name)
    }
}

fn same_letters(left: &str, right: &str) -> bool {
    fn letters(text: &str) -> impl Iterator<Item = char> + '_ {
        text.chars().filter(|c| c.is_alphabetic()).flat_map(char::to_uppercase)
    }
    letters(left).eq(letters(right))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_three_spellings_of_a_presence_are_one() {
        for text in ["On Queue", "OnQueue", "ON_QUEUE", "on queue"] {
            assert_eq!(SystemPresence::parse(text), SystemPresence::OnQueue, "{text}");
        }
        for known in SystemPresence::KNOWN {
            assert_eq!(SystemPresence::parse(known.text()), known);
        }
    }

    #[test]
    fn a_routing_status_is_read_in_rest_and_in_inject_spelling() {
        assert_eq!(RoutingStatus::parse("NotResponding"), RoutingStatus::NotResponding);
        for known in RoutingStatus::KNOWN {
            assert_eq!(RoutingStatus::parse(known.text()), known);
        }
    }

    #[test]
    fn an_unknown_value_is_kept_as_it_came() {
        assert_eq!(SystemPresence::parse("Siesta (long)").text(), "Siesta (long)");
        assert_eq!(RoutingStatus::parse("").text(), "");
    }
}
