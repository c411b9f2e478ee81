//! From a question to a state or a finding. There is no third way out: an [`Answer`] has no empty value, so a
//! silent empty cannot be written.
//!
//! A question is first held against the snapshot ([`glance`]). Only if that cannot answer is the platform asked;
//! what it said comes in as observations, and as a [`Report`] to [`conclude`] from.

mod refusal;

use std::sync::Arc;
use std::time::Duration;

use crate::agent::AccountState;
use crate::cursor::Revision;
use crate::finding::{Evidence, Finding, Reason};
use crate::row::Row;
use crate::snapshot::Snapshot;
use crate::time::Timestamp;
pub use refusal::Refusal;
use refusal::refused;

/// A state, or why there is none.
#[derive(Clone, Debug)]
pub enum Answer {
    /// The state.
    State(Arc<Row>),
    /// Why there is none.
    Miss(Box<Finding>),
}

/// Whose state is wanted.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Asked {
    /// Of this agent.
    AgentId(Arc<str>),
    /// Of this person.
    UserId(Arc<str>),
}

/// A question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    /// Whose state.
    pub asked: Asked,
    /// How old the evidence for it may be.
    pub max_staleness: Duration,
}

/// What the snapshot alone can say.
#[derive(Clone, Debug)]
pub enum Glance {
    /// Enough.
    Settled(Answer),
    /// The platform must be asked.
    MustAsk,
}

/// What came of asking the platform about one id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Report {
    /// It told; what it told is in the snapshot.
    Told,
    /// It proved that there is no such agent.
    Absent(Vec<Evidence>),
    /// It answered and left this agent's state out; nothing shows why.
    Withheld(Vec<Evidence>),
    /// It could not be asked.
    Refused(Refusal),
}

impl Asked {
    /// The id.
    pub fn id(&self) -> &str {
        match self {
            Self::AgentId(id) | Self::UserId(id) => id,
        }
    }

    /// What the snapshot holds under it, tombstones included.
    pub fn row<'a>(&self, snapshot: &'a Snapshot) -> Option<&'a Arc<Row>> {
        match self {
            Self::AgentId(id) => snapshot.by_agent_id(id),
            Self::UserId(id) => snapshot.by_user_id(id),
        }
    }
}

/// What the snapshot alone can say to a question.
pub fn glance(snapshot: &Snapshot, question: &Question, now: Timestamp) -> Glance {
    match question.asked.row(snapshot) {
        Some(row) if row.present => {
            let fresh = now.since(row.confirmed_at()) <= question.max_staleness;
            if fresh && row.has_state() && !is_switched_off(row) {
                Glance::Settled(of_row(&question.asked, row))
            } else {
                Glance::MustAsk
            }
        }
        None if !looks_like_an_id(question.asked.id()) => {
            Glance::Settled(Answer::Miss(Box::new(malformed(question.asked.id()))))
        }
        Some(_) | None => Glance::MustAsk,
    }
}

/// The answer after the platform was asked (or could not be).
pub fn conclude(snapshot: &Snapshot, question: &Question, report: &Report, now: Timestamp) -> Answer {
    let asked = &question.asked;
    let row = asked.row(snapshot);
    let finding = match report {
        Report::Told => return told(asked, snapshot, now),
        Report::Absent(evidence) => match row {
            Some(row) if row.account() == Some(AccountState::Deleted) => {
                deleted(asked, row).seen(evidence.clone())
            }
            // Somebody named the agent after the platform said that there is none: the later word stands.
            Some(row) if row.present => return told(asked, snapshot, now),
            Some(_) | None => unknown(asked, row).seen(evidence.clone()),
        },
        Report::Withheld(evidence) => match row {
            Some(row) if is_switched_off(row) => inactive(asked, row).seen(evidence.clone()),
            None if snapshot.listing().is_none() => not_yet_synced(asked).seen(evidence.clone()),
            Some(_) | None => undetermined(asked, snapshot, now).seen(evidence.clone()),
        },
        Report::Refused(refusal) => refused(asked, snapshot, refusal, now),
    };
    Answer::Miss(Box::new(finding))
}

/// The answer after the platform told.
fn told(asked: &Asked, snapshot: &Snapshot, now: Timestamp) -> Answer {
    let finding = match asked.row(snapshot) {
        Some(row) if row.account() == Some(AccountState::Deleted) => deleted(asked, row),
        Some(row) if is_switched_off(row) => inactive(asked, row),
        Some(row) if row.present && row.has_state() => return of_row(asked, row),
        Some(_) | None => undetermined(asked, snapshot, now),
    };
    Answer::Miss(Box::new(finding))
}

/// Whether the account is inactive. What is held of its state is left over from before.
fn is_switched_off(row: &Row) -> bool {
    row.account() == Some(AccountState::Inactive)
}

/// The answer that a row with a state gives.
pub fn of_row(asked: &Asked, row: &Arc<Row>) -> Answer {
    match row.login() {
        Some(login) if !*login.value => Answer::Miss(Box::new(not_logged_in(asked, row))),
        Some(_) | None => Answer::State(Arc::clone(row)),
    }
}

/// Whether some id of the platform could look like that: a UUID. Agent ids, user ids and queue ids all do.
pub fn looks_like_an_id(text: &str) -> bool {
    let groups = [8, 4, 4, 4, 12];
    text.len() == 36
        && text.split('-').map(str::len).eq(groups)
        && text.bytes().all(|byte| byte == b'-' || byte.is_ascii_hexdigit())
}

fn malformed(asked: &str) -> Finding {
    let length = asked.chars().count();
    Finding::new(
        Reason::IdMalformed,
        asked,
        "no id of this platform looks like that",
        "pass the agent's id as the platform writes it: a UUID of 36 characters, not an extension, an e-mail \
         address or the number of another product",
    )
    .seen([Evidence {
        origin: "request".into(),
        detail: format!("the id has {length} characters and is not a UUID"),
        observed_at: None,
    }])
}

fn unknown(asked: &Asked, row: Option<&Arc<Row>>) -> Finding {
    let left = row.filter(|row| row.revision > Revision::default()).map(|row| {
        Evidence::at(
            row.changed_by.name(),
            "the agent was known until then; no listing or read has named it since",
            row.changed_at,
        )
    });
    Finding::new(
        Reason::AgentUnknown,
        asked.id(),
        "there is no such agent in this organisation",
        "check the id, and that the client belongs to the agent's organisation and region",
    )
    .seen(left)
    .last_known(row)
}

fn inactive(asked: &Asked, row: &Arc<Row>) -> Finding {
    Finding::new(
        Reason::AgentInactive,
        asked.id(),
        "the directory says that this account is switched off",
        "activate the account, or stop asking for it",
    )
    .seen([account_evidence(row, "inactive")])
    .last_known(Some(row))
}

fn deleted(asked: &Asked, row: &Arc<Row>) -> Finding {
    Finding::new(
        Reason::AgentDeleted,
        asked.id(),
        "the directory says that this account was deleted",
        "remove the id where it is stored; a person who comes back gets a new one",
    )
    .seen([account_evidence(row, "deleted")])
    .last_known(Some(row))
}

fn account_evidence(row: &Row, state: &str) -> Evidence {
    let said_at = row.held.profile.account.as_ref().map(|account| account.at.get());
    Evidence { origin: "directory".into(), detail: format!("account state is {state}"), observed_at: said_at }
}

fn not_logged_in(asked: &Asked, row: &Arc<Row>) -> Finding {
    let login = row.login();
    Finding::new(
        Reason::NotLoggedIn,
        asked.id(),
        "the agent exists and has no state because nobody is logged in",
        "nothing to mend: the state appears when the agent logs in",
    )
    .seen(login.map(|login| match login.since {
        Some(since) => Evidence::at(row.changed_by.name(), "the platform told of the log-out", since),
        None => Evidence::at(row.changed_by.name(), "the platform has no state for it", login.vouched_at),
    }))
    .last_known(Some(row))
}

fn not_yet_synced(asked: &Asked) -> Finding {
    Finding::new(
        Reason::NotYetSynced,
        asked.id(),
        "the first full listing has not finished, so nothing can be said about this agent yet",
        "ask again shortly; `onduty wait` returns when the listing is complete",
    )
    .retry_after(Duration::from_secs(5))
}

fn undetermined(asked: &Asked, snapshot: &Snapshot, now: Timestamp) -> Finding {
    let row = asked.row(snapshot);
    let listing = snapshot.listing().map(|listing| {
        let named = if row.is_some_and(|row| row.present) { "names" } else { "does not name" };
        Evidence::at("sweep", format!("the newest complete listing {named} this agent"), listing.finished_at)
    });
    Finding::new(
        Reason::Undetermined,
        asked.id(),
        "the platform gave no state for this agent, and nothing seen so far shows why",
        "compare the evidence with the client's scopes, roles and divisions, and with the agent's own division",
    )
    .seen(listing)
    .seen([Evidence::at("lookup", "asked for this agent alone, the platform gave no state", now)])
    .last_known(row)
}
