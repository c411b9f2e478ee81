//! Everything held about one agent, at one revision. A row is immutable but for its marks of evidence, shared by
//! every snapshot that contains it, and encoded for the wire at most once.

use std::cmp::Ordering;
use std::collections::BTreeSet;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use crate::agent::{AccountState, AgentId, DivisionId, Facet, Presence, QueueId, RoutingStatus, UserId};
use crate::cursor::Revision;
use crate::observation::{Said, Source, Statement};
use crate::roster::register::{Current, Mark, Register};
use crate::time::Timestamp;

/// One agent at one revision.
#[derive(Clone, Debug)]
pub struct Row {
    /// What was said, merged. A store keeps exactly this.
    pub held: Held,
    /// The change that made this row. 0 for an agent that was never shown: all that is known of it is older than
    /// the listing that does not name it.
    pub revision: Revision,
    /// Who made that change.
    pub changed_by: Source,
    /// When it was heard, by our clock.
    pub changed_at: Timestamp,
    /// Whether the agent exists. A row that does not is a tombstone: it tells watchers of the removal.
    pub present: bool,
    /// What the organisation calls the presence that is held, by the definitions as they were when this row was made.
    /// Readers are shown [`Row::presence_label`].
    pub label: Option<Arc<str>>,
    encoding: Encoding,
}

/// What was said about one agent, merged.
#[derive(Clone, Debug)]
pub struct Held {
    /// Who it is.
    pub user_id: UserId,
    /// The directory's words.
    pub profile: Profile,
    /// What the agent picked.
    pub presence: Register<Presence>,
    /// What the routing engine makes of it.
    pub routing_status: Register<RoutingStatus>,
    /// Out of office or not.
    pub out_of_office: Register<bool>,
    /// The queues the agent is active on.
    pub active_queues: Register<BTreeSet<QueueId>>,
    /// Whether somebody is logged in.
    pub login: Register<bool>,
    /// The latest instant at which somebody named this agent as existing.
    pub seen_at: Mark,
    /// The latest instant at which the platform said that there is no such agent.
    pub absent_at: Timestamp,
}

/// What the directory says, each word on its own, the latest wins.
#[derive(Clone, Debug, Default)]
pub struct Profile {
    /// The agent id, where it differs from the user id.
    pub agent_id: Option<Latest<AgentId>>,
    /// Display name.
    pub name: Option<Latest<Arc<str>>>,
    /// Division.
    pub division_id: Option<Latest<DivisionId>>,
    /// The account's state.
    pub account: Option<Latest<AccountState>>,
}

/// A word without a clock of its own: ordered by when it was last said, then by value.
#[derive(Clone, Debug)]
pub struct Latest<T> {
    /// When it was last said.
    pub at: Mark,
    /// What.
    pub value: T,
}

impl Held {
    /// An agent about whom nothing was said yet.
    pub fn new(user_id: UserId) -> Self {
        Self {
            user_id,
            profile: Profile::default(),
            presence: Register::default(),
            routing_status: Register::default(),
            out_of_office: Register::default(),
            active_queues: Register::default(),
            login: Register::default(),
            seen_at: Mark::new(Timestamp::MIN),
            absent_at: Timestamp::MIN,
        }
    }

    /// Whether what began then belongs to a session that is known to have ended. Only where the log-out itself has
    /// no clock, having been found by a read: a log-out that was told brings its own facets along.
    fn ended(&self, since: Option<Timestamp>) -> bool {
        match self.login.current() {
            Some(Current { value: false, since: None, vouched_at }) => {
                since.is_none_or(|since| since < vouched_at)
            }
            Some(_) | None => false,
        }
    }

    /// Of presence and routing status, whether each is held from a session that is known to have ended.
    pub(crate) fn ended_facets(&self) -> [bool; 2] {
        let presence = self.presence.current().map(|current| current.since);
        let routing_status = self.routing_status.current().map(|current| current.since);
        [presence, routing_status].map(|since| since.is_some_and(|since| self.ended(since)))
    }

    /// Whatever was vouched for since the first instant is vouched for until the second.
    pub(crate) fn cover(&self, since: Timestamp, until: Timestamp) {
        self.presence.cover(since, until);
        self.routing_status.cover(since, until);
        self.out_of_office.cover(since, until);
        self.active_queues.cover(since, until);
    }

    /// The same by a clock that was set back. A log-out that a read found stays where it is stamped, if what it hides would
    /// come into sight: that is ordered by both clocks.
    pub(crate) fn rewound(&self, by: Duration) -> Self {
        fn rewound<T: Clone>(latest: Option<&Latest<T>>, by: Duration) -> Option<Latest<T>> {
            latest.map(|latest| Latest { at: latest.at.rewound(by), value: latest.value.clone() })
        }
        let profile = Profile {
            agent_id: rewound(self.profile.agent_id.as_ref(), by),
            name: rewound(self.profile.name.as_ref(), by),
            division_id: rewound(self.profile.division_id.as_ref(), by),
            account: rewound(self.profile.account.as_ref(), by),
        };
        let held = Self {
            user_id: self.user_id.clone(),
            profile,
            presence: self.presence.rewound(by),
            routing_status: self.routing_status.rewound(by),
            out_of_office: self.out_of_office.rewound(by),
            active_queues: self.active_queues.rewound(by),
            login: self.login.rewound(by),
            seen_at: self.seen_at.rewound(by),
            absent_at: self.absent_at.before(by),
        };
        if held.ended_facets() == self.ended_facets() {
            held
        } else {
            Self { login: self.login.clone(), ..held }
        }
    }

    /// Moves every mark of evidence to where it stands in `other`, which must hold the same values.
    pub(crate) fn raise_marks_to(&self, other: &Self) {
        fn raise<T>(held: &Option<Latest<T>>, other: &Option<Latest<T>>) {
            if let (Some(held), Some(other)) = (held, other) {
                held.at.raise(other.at.get());
            }
        }
        self.seen_at.raise(other.seen_at.get());
        self.presence.raise_marks_to(&other.presence);
        self.routing_status.raise_marks_to(&other.routing_status);
        self.out_of_office.raise_marks_to(&other.out_of_office);
        self.active_queues.raise_marks_to(&other.active_queues);
        self.login.raise_marks_to(&other.login);
        raise(&self.profile.agent_id, &other.profile.agent_id);
        raise(&self.profile.name, &other.profile.name);
        raise(&self.profile.division_id, &other.profile.division_id);
        raise(&self.profile.account, &other.profile.account);
    }
}

impl Row {
    /// A row as it was stored, or as the roster makes it.
    pub fn new(
        held: Held,
        revision: Revision,
        changed_by: Source,
        changed_at: Timestamp,
        present: bool,
    ) -> Self {
        let (label, encoding) = (None, Encoding::default());
        Self { held, revision, changed_by, changed_at, present, label, encoding }
    }

    /// The same row with another label.
    #[must_use]
    pub fn labelled(self, label: Option<Arc<str>>) -> Self {
        Self { label, encoding: Encoding::default(), ..self }
    }

    /// The same row by a clock that was set back.
    pub(crate) fn rewound(&self, by: Duration) -> Self {
        Self { held: self.held.rewound(by), changed_at: self.changed_at.before(by), ..self.clone() }
    }

    /// The latest instant that our clock stamped it with.
    pub(crate) fn stamped_until(&self) -> Timestamp {
        self.changed_at.max(self.held.seen_at.get()).max(self.held.absent_at).max(self.confirmed_at())
    }

    /// Who it is.
    pub const fn user_id(&self) -> &UserId {
        &self.held.user_id
    }

    /// The id under which callers know the agent: its agent id, or the user id where there is no other.
    pub fn agent_id(&self) -> &str {
        self.held.profile.agent_id.as_ref().map_or_else(|| self.held.user_id.as_str(), |id| id.value.as_str())
    }

    /// Display name.
    pub fn name(&self) -> Option<&str> {
        self.held.profile.name.as_ref().map(|name| &*name.value)
    }

    /// Division.
    pub fn division_id(&self) -> Option<&DivisionId> {
        self.held.profile.division_id.as_ref().map(|division| &division.value)
    }

    /// The directory's word on the account.
    pub fn account(&self) -> Option<AccountState> {
        self.held.profile.account.as_ref().map(|account| account.value)
    }

    /// Whether somebody is logged in, where it is known.
    pub fn login(&self) -> Option<Current<'_, bool>> {
        self.held.login.current()
    }

    /// What the agent picked, where it is known.
    pub fn presence(&self) -> Option<Current<'_, Presence>> {
        self.held.presence.current().filter(|current| !self.held.ended(current.since))
    }

    /// What the organisation calls that presence; `None` where its definition is not known.
    pub fn presence_label(&self) -> Option<&str> {
        self.presence().and(self.label.as_deref())
    }

    /// What the routing engine makes of the agent, where it is known.
    pub fn routing_status(&self) -> Option<Current<'_, RoutingStatus>> {
        self.held.routing_status.current().filter(|current| !self.held.ended(current.since))
    }

    /// Out of office or not, where it is known.
    pub fn out_of_office(&self) -> Option<Current<'_, bool>> {
        self.held.out_of_office.current()
    }

    /// The queues the agent is active on, where they are known.
    pub fn active_queues(&self) -> Option<Current<'_, BTreeSet<QueueId>>> {
        self.held.active_queues.current()
    }

    /// Whether anything at all is known of the agent's state.
    pub fn has_state(&self) -> bool {
        self.login().is_some() || self.presence().is_some() || self.routing_status().is_some()
    }

    /// The latest instant at which there is evidence that the platform still held this state: the least of its
    /// facets' marks. Somebody who is not logged in has no other facet to confirm. Queues are told by push only and
    /// would hold the mark back for ever after a gap; out of office is read without a clock, and would hold it back
    /// to the last listing.
    pub fn confirmed_at(&self) -> Timestamp {
        let login = self.login();
        if let Some(login) = login.filter(|login| !*login.value) {
            return login.vouched_at;
        }
        [
            login.map(|login| login.vouched_at),
            self.presence().map(|presence| presence.vouched_at),
            self.routing_status().map(|status| status.vouched_at),
        ]
        .into_iter()
        .flatten()
        .min()
        .unwrap_or(Timestamp::MIN)
    }

    /// Whether a statement tells an older presence, routing status or login than is held, and none that is newer:
    /// whoever made it looked at the past.
    pub fn is_ahead_of(&self, statement: &Statement) -> bool {
        fn order<T>(held: Option<Current<'_, T>>, said: Option<&Said<T>>) -> Option<Ordering> {
            Some(held?.since?.cmp(&said?.clock?.at))
        }
        let orders = [
            order(self.held.presence.current(), statement.presence.as_ref()),
            order(self.held.routing_status.current(), statement.routing_status.as_ref()),
            order(self.login(), statement.login.as_ref()),
        ];
        let any = |wanted| orders.into_iter().flatten().any(|order| order == wanted);
        any(Ordering::Greater) && !any(Ordering::Less)
    }

    /// The facets that are known.
    pub fn known_facets(&self) -> impl Iterator<Item = Facet> + '_ {
        Facet::ALL.into_iter().filter(|facet| match facet {
            Facet::Presence => self.presence().is_some(),
            Facet::RoutingStatus => self.routing_status().is_some(),
            Facet::OutOfOffice => self.out_of_office().is_some(),
            Facet::ActiveQueues => self.active_queues().is_some(),
            Facet::Login => self.login().is_some(),
        })
    }

    /// Whether readers see the same agent in both; evidence aside.
    pub(crate) fn shows_same_as(&self, other: &Self) -> bool {
        self.agent_id() == other.agent_id()
            && self.name() == other.name()
            && self.division_id() == other.division_id()
            && self.account() == other.account()
            && self.shows_same_facets_as(other)
            && self.presence_label() == other.presence_label()
            && same(self.out_of_office(), other.out_of_office())
            && same(self.active_queues(), other.active_queues())
    }

    /// Whether readers see the same presence, routing status and login in both.
    pub(crate) fn shows_same_facets_as(&self, other: &Self) -> bool {
        same(self.presence(), other.presence())
            && same(self.routing_status(), other.routing_status())
            && same(self.login(), other.login())
    }

    /// The row as bytes for the wire, made by `encode` the first time and kept. Core knows nothing of their form;
    /// [`Row::confirmed_at`] moves and must not be among them.
    pub fn encoded_with(&self, encode: impl FnOnce(&Self) -> Vec<u8>) -> &[u8] {
        self.encoding.0.get_or_init(|| encode(self).into())
    }
}

fn same<T: PartialEq>(left: Option<Current<'_, T>>, right: Option<Current<'_, T>>) -> bool {
    left.map(|left| (left.value, left.since)) == right.map(|right| (right.value, right.since))
}

/// A place for the encoded row. A changed row starts with an empty one.
#[derive(Debug, Default)]
struct Encoding(OnceLock<Box<[u8]>>);

impl Clone for Encoding {
    fn clone(&self) -> Self {
        Self::default()
    }
}
