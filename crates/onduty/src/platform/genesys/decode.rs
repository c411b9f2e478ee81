//! From the platform's bytes to statements. Pure: no IO and no clock; what is not known comes in as a value.
//!
//! A body is parsed to plain JSON under limits, then read member by member, so that an error names the member at
//! fault by its path. One file a family of payloads. An absent member is no news; a member of the wrong type makes
//! the whole body malformed: half a body taken is a guess about the other half. Whoever a read lists is the
//! exception: one of them who can't be read must not hide all the others.

mod access;
mod agent_profiles;
mod agent_states;
mod bare;
mod channel;
mod cloudevents;
mod definitions;
mod eventbridge;
mod facets;
mod flat;
mod frame;
mod grants;
mod limits;
mod member;
mod notification;
mod oauth;
mod page;
mod presence;
mod queue;
mod refusal;
mod routing_status;
mod topic;
mod users;
mod webhook;

#[cfg(test)]
mod tests;

use std::fmt;
use std::sync::Arc;

use onduty_core::observation::{Observation, Source, Statement};
use onduty_core::time::Timestamp;

pub use access::{PermittedDivisions, TokenInfo, divisions, permitted_divisions, token_info};
pub use agent_profiles::{Profile, agent_profile, agent_profiles};
pub use agent_states::{agent_state, agent_states};
pub use channel::{MadeChannel, RejectedTopic, Topics, made_channel, topics};
pub use cloudevents::Attributes;
pub use definitions::definitions;
pub use frame::{Frame, UnreadableFrame, frame};
pub use grants::grants;
pub use limits::{BODY_DEPTH_MAX, EVENTS_MAX};
pub use oauth::{OauthRefusal, Token, oauth_refusal, token};
pub use page::{Page, total};
pub use presence::{presence, presences};
pub use queue::queue_name;
pub use refusal::{PlatformRefusal, platform_refusal};
pub use routing_status::{routing_status, routing_status_of_somebody};
pub use users::{user, users};
pub use webhook::webhook;

use onduty_core::agent::UserId;

/// How a body reached us; copied into every observation read from it.
#[derive(Clone, Copy, Debug)]
pub struct Arrival {
    /// By which way.
    pub source: Source,
    /// By our clock: when a push arrived, or when the request was sent.
    pub heard_at: Timestamp,
}

/// What a body says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Heard {
    /// The statements, in the order of the body.
    pub observations: Vec<Observation>,
    /// Well-formed parts that carry no news.
    pub ignored: Vec<Ignored>,
    /// Events that are authentic and not for us.
    pub unknown: Vec<UnknownEvent>,
}

/// Why a well-formed part carries no news.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Ignored {
    /// The presence of a secondary source: only the primary one counts.
    NotPrimary,
    /// It reports a change that failed.
    ErrorInfo,
    /// A part of an agent, in an answer that tells of many, that can't be read.
    Unreadable,
    /// It keeps a socket alive.
    Heartbeat,
    /// `OFF_QUEUE` without `startTime`: the platform says the same of a user that does not exist.
    MayNotExist,
}

/// An event of a type that says nothing of an agent's state, or that this version does not know.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct UnknownEvent {
    /// Its type; of a topic the template, without ids.
    pub kind: String,
    /// The sender's id of it, where it has one.
    pub event_id: Option<Arc<str>>,
}

/// A body is not what it should be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}: {problem}", self.member())]
pub struct Malformed {
    path: String,
    problem: String,
}

impl Arrival {
    /// A statement that arrived so.
    pub(in crate::platform::genesys) fn observation(
        self,
        user_id: UserId,
        statement: Statement,
    ) -> Observation {
        Observation {
            user_id,
            source: self.source,
            heard_at: self.heard_at,
            as_of: None,
            event_id: None,
            statement,
        }
    }
}

impl Heard {
    /// The parts that can't be read.
    pub fn unreadable(&self) -> usize {
        self.ignored.iter().filter(|ignored| **ignored == Ignored::Unreadable).count()
    }

    /// Appends what another part of the same body says.
    fn extend(&mut self, other: Self) {
        self.observations.extend(other.observations);
        self.ignored.extend(other.ignored);
        self.unknown.extend(other.unknown);
    }

    /// With the id and the instant of the event that carried it, where the parts have none of their own.
    fn in_event(mut self, event_id: &Arc<str>, as_of: Option<Timestamp>) -> Self {
        for observation in &mut self.observations {
            observation.event_id.get_or_insert_with(|| Arc::clone(event_id));
            observation.as_of = observation.as_of.or(as_of);
        }
        for unknown in &mut self.unknown {
            unknown.event_id.get_or_insert_with(|| Arc::clone(event_id));
        }
        self
    }
}

impl From<Observation> for Heard {
    fn from(observation: Observation) -> Self {
        Self { observations: vec![observation], ..Self::default() }
    }
}

impl From<Ignored> for Heard {
    fn from(ignored: Ignored) -> Self {
        Self { ignored: vec![ignored], ..Self::default() }
    }
}

impl From<UnknownEvent> for Heard {
    fn from(unknown: UnknownEvent) -> Self {
        Self { unknown: vec![unknown], ..Self::default() }
    }
}

impl Malformed {
    fn here(problem: impl Into<String>) -> Self {
        Self { path: String::new(), problem: problem.into() }
    }

    fn at(member: &str, problem: impl Into<String>) -> Self {
        Self::here(problem).under(member)
    }

    /// The same problem, seen from the object that holds the member.
    fn under(self, member: &str) -> Self {
        let separator = if self.path.is_empty() || self.path.starts_with('[') { "" } else { "." };
        Self { path: format!("{member}{separator}{}", self.path), ..self }
    }

    /// The same problem, seen from the array that holds the element.
    fn under_index(self, index: usize) -> Self {
        self.under(&format!("[{index}]"))
    }

    /// The path of the member at fault, such as `[3].state.presence.modifiedDate`; `.` is the body as a whole.
    pub fn member(&self) -> &str {
        if self.path.is_empty() { "." } else { &self.path }
    }

    /// What is wrong with it.
    pub fn problem(&self) -> &str {
        &self.problem
    }
}

impl Ignored {
    /// The name used in logs.
    pub const fn name(self) -> &'static str {
        match self {
            Self::NotPrimary => "not-primary",
            Self::ErrorInfo => "error-info",
            Self::Unreadable => "unreadable",
            Self::Heartbeat => "heartbeat",
            Self::MayNotExist => "may-not-exist",
        }
    }
}

impl fmt::Display for Ignored {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
