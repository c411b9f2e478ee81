//! What was found out about one id that a look-up brought no state for. Gathered by whoever may ask the platform,
//! judged by [`crate::diagnose`].

use std::sync::Arc;

use crate::access::{Access, Needs, Seen};
use crate::agent::{AgentId, UserId};
use crate::finding::{Evidence, Reason};

/// What was found out about one id. A member is absent until it was looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Facts {
    /// What states need on this API.
    pub needs: Needs,
    /// What the token may do.
    pub access: Arc<Access>,
    /// What the list said.
    pub list: Option<Seen<Listed>>,
    /// What the read of this one state said.
    pub alone: Option<Seen<Alone>>,
    /// What the directory said of the id.
    pub directory: Option<Seen<Existence>>,
    /// What else the id turned out to be.
    pub kind: Option<Seen<Kind>>,
    /// Steps that could not be taken, and which cause each would have shown or ruled out.
    pub untaken: Vec<Untaken>,
}

/// What the list said of the id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Listed {
    /// Nothing: it left the id out.
    Omitted,
    /// It was refused.
    Denied(Denial),
}

/// What the read of one state said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Alone {
    /// That there is none, to somebody who may see it (or may not: ask what the token may do).
    NoState,
    /// It named the agent and left the state out.
    Blank,
    /// It was refused.
    Denied(Denial),
}

/// A refusal in the platform's own words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Denial {
    /// HTTP status.
    pub status: u16,
    /// Its code, such as `missing.any.permissions`.
    pub code: Arc<str>,
    /// Its words.
    pub message: Arc<str>,
}

/// What a refusal is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DenialKind {
    /// A scope is missing.
    Scope,
    /// A permission is held in no division.
    Permission,
    /// A permission is not held in this division.
    Division,
    /// A policy refuses.
    Policy,
    /// The endpoint does not exist.
    Endpoint,
    /// Something else.
    Other,
}

/// What the directory says of an id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Existence {
    /// It named the agent; what it told is in the snapshot.
    Named,
    /// There is nobody of that id, by a read that does not lie.
    Unknown,
    /// The account was deleted.
    Deleted,
    /// Somebody of that id exists, and the directory does not show them to this token.
    Hidden,
}

/// What an id is, if not an agent's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// An agent's, given where a user's belongs.
    Agent {
        /// That user's id.
        user_id: UserId,
        /// The person's name.
        name: Option<Arc<str>>,
    },
    /// A user's, given where an agent's belongs.
    User {
        /// That agent's id, where there is one.
        agent_id: Option<AgentId>,
        /// The person's name.
        name: Option<Arc<str>>,
    },
    /// A queue's; and its name.
    Queue(Option<Arc<str>>),
    /// A division's; and its name.
    Division(Option<Arc<str>>),
}

/// A step that could not be taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Untaken {
    /// Which, and why not.
    pub why: Evidence,
    /// The cause that it would have shown or ruled out.
    pub would_show: Reason,
    /// Whether the platform, asked again soon, may answer: nothing that rests on it is worth remembering.
    pub is_passing: bool,
}

impl Facts {
    /// Nothing found out yet.
    pub const fn none(needs: Needs, access: Arc<Access>) -> Self {
        Self { needs, access, list: None, alone: None, directory: None, kind: None, untaken: Vec::new() }
    }

    /// With the refusal of the read of one state.
    #[must_use]
    pub fn denied(mut self, denial: &Seen<Denial>) -> Self {
        self.alone = Some(denial.with(Alone::Denied(denial.value.clone())));
        self
    }

    /// Whether they prove that there is no such agent, so that asking again soon is pointless.
    pub fn prove_absence(&self) -> bool {
        self.directory.as_ref().is_some_and(|seen| seen.value == Existence::Unknown)
    }

    /// Whether the read of one state said that there is none.
    pub fn show_no_state(&self) -> bool {
        self.alone.as_ref().is_some_and(|seen| seen.value == Alone::NoState)
    }

    /// Whether asking again soon may come to more.
    pub fn are_passing(&self) -> bool {
        self.untaken.iter().any(|untaken| untaken.is_passing)
    }

    /// Every refusal among them.
    pub fn denials(&self) -> impl Iterator<Item = Seen<&Denial>> {
        let by_list = self.list.as_ref().and_then(|seen| match &seen.value {
            Listed::Denied(denial) => Some(seen.with(denial)),
            Listed::Omitted => None,
        });
        let alone = self.alone.as_ref().and_then(|seen| match &seen.value {
            Alone::Denied(denial) => Some(seen.with(denial)),
            Alone::NoState | Alone::Blank => None,
        });
        by_list.into_iter().chain(alone)
    }
}

impl Denial {
    /// What it is about, by its code: the messages name wrong permissions now and then.
    pub fn kind(&self) -> DenialKind {
        match (self.status, &*self.code) {
            (403, "app.not.authorized.for.scope") => DenialKind::Scope,
            (403, "missing.permissions" | "missing.any.permissions") => DenialKind::Permission,
            (403, "missing.division.permission" | "missing.any.division.permissions") => DenialKind::Division,
            (403, "authz.policy.denied") => DenialKind::Policy,
            (404, "not.found") => DenialKind::Endpoint,
            _ => DenialKind::Other,
        }
    }

    /// In words.
    pub fn words(&self) -> String {
        format!("{} {}: {}", self.status, self.code, self.message)
    }
}
