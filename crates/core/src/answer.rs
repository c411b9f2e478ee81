//! From a question to a state or a finding. There is no third way out: an [`Answer`] has no empty value, so a
//! silent empty cannot be written.
//!
//! A question is first held against the snapshot ([`glance`]). Only if that cannot answer is the platform asked;
//! what it said comes in as observations, and as a [`Report`] to [`conclude`] from.

mod refusal;

use std::sync::Arc;
use std::time::Duration;

use crate::access::Needs;
use crate::agent::AccountState;
use crate::diagnose::{Case, diagnose};
use crate::facts::Facts;
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
    /// It told; what it told is in the snapshot, and nothing of the state that is held there is older than the asking.
    Told,
    /// It told, and left out or could not vouch for some of the state that is held: that stays as old as it was.
    Unconfirmed(Evidence),
    /// It told a state that is older than what it had pushed before.
    Overtaken(Evidence),
    /// It told no state. This is what was found out.
    Missing(Arc<Facts>),
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

    /// What the snapshot holds under it, tombstones included. The platform writes its ids in small letters; people
    /// paste them in capitals, too.
    pub fn row<'a>(&self, snapshot: &'a Snapshot) -> Option<&'a Arc<Row>> {
        let held = |id: &str| match self {
            Self::AgentId(_) => snapshot.by_agent_id(id),
            Self::UserId(_) => snapshot.by_user_id(id),
        };
        let has_capitals = self.id().bytes().any(|byte| byte.is_ascii_uppercase());
        held(self.id()).or_else(|| has_capitals.then(|| held(&self.id().to_ascii_lowercase())).flatten())
    }
}

/// What the snapshot alone can say to a question.
pub fn glance(snapshot: &Snapshot, question: &Question, now: Timestamp) -> Glance {
    let asked = &question.asked;
    let settled = match asked.row(snapshot) {
        Some(row) => state_within(question, row, now),
        None if !looks_like_an_id(asked.id()) => Some(Answer::Miss(Box::new(malformed(asked.id())))),
        None => None,
    };
    settled.map_or(Glance::MustAsk, Glance::Settled)
}

/// The answer after the platform was asked (or could not be).
pub fn conclude(snapshot: &Snapshot, question: &Question, report: &Report, now: Timestamp) -> Answer {
    let asked = &question.asked;
    let row = asked.row(snapshot);
    let finding = match report {
        Report::Told => return told(asked, snapshot, now),
        Report::Overtaken(older) => match row {
            Some(row) => match state_within(question, row, now) {
                Some(answer) => return answer,
                None => cache_stale(asked, row).seen([older.clone()]),
            },
            None => return told(asked, snapshot, now),
        },
        Report::Unconfirmed(seen) => {
            match row.filter(|row| row.present && row.has_state() && !is_switched_off(row)) {
                Some(row) => match state_within(question, row, now) {
                    Some(answer) => return answer,
                    None => unconfirmed(asked, row).seen([seen.clone()]),
                },
                None => return told(asked, snapshot, now),
            }
        }
        Report::Missing(facts) => match row.map(|row| (row, state_within(question, row, now))) {
            // Somebody named the agent after the platform said that there is none: the later word stands.
            Some((row, _)) if row.present && facts.prove_absence() => return told(asked, snapshot, now),
            Some((_, Some(Answer::State(row)))) => return Answer::State(row),
            // Of a log-out the read that showed it is better proof than what is held of it.
            Some((_, Some(miss))) if !facts.show_no_state() => return miss,
            Some(_) | None => missing(asked, snapshot, facts, now),
        },
        Report::Refused(refusal) => match row.and_then(|row| state_within(question, row, now)) {
            // Pushed while the platform could not be asked.
            Some(answer) => return answer,
            None => refused(asked, snapshot, refusal, now),
        },
    };
    Answer::Miss(Box::new(finding))
}

/// The answer that is held, if its evidence is fresh enough.
fn state_within(question: &Question, row: &Arc<Row>, now: Timestamp) -> Option<Answer> {
    let fresh = row.confirmed_at().is_within(question.max_staleness, now);
    let shown = row.present && fresh && row.has_state() && !is_switched_off(row);
    shown.then(|| of_row(&question.asked, row))
}

/// The answer after the platform told.
fn told(asked: &Asked, snapshot: &Snapshot, now: Timestamp) -> Answer {
    match asked.row(snapshot) {
        Some(row) if row.present && row.has_state() && !is_switched_off(row) => of_row(asked, row),
        Some(_) | None => {
            let facts = &Facts::none(Needs::NOTHING, Arc::default());
            let (row, listing) = (asked.row(snapshot), snapshot.listing());
            Answer::Miss(Box::new(diagnose(&Case { asked, row, listing, facts, now })))
        }
    }
}

/// What the facts prove. Of an id that nothing is known of, before the first listing, only that much can be said.
fn missing(asked: &Asked, snapshot: &Snapshot, facts: &Facts, now: Timestamp) -> Finding {
    let (row, listing) = (asked.row(snapshot), snapshot.listing());
    let finding = diagnose(&Case { asked, row, listing, facts, now });
    if finding.reason == Reason::Undetermined && row.is_none() && listing.is_none() && finding.also.is_empty()
    {
        return not_yet_synced(asked).seen(finding.evidence);
    }
    finding
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

/// Why nobody can be listed before the first full listing is complete: whoever it has not come to yet would be left
/// out without a word. `standing` is what is in its way, where anything is.
pub fn unlisted(standing: &str, now: Timestamp) -> Finding {
    let summary = "the first full listing has not finished, so it can't be said yet who there is";
    let remedy = "ask again shortly; `onduty wait` returns when the listing is complete";
    let seen = if standing.is_empty() { "the first full listing is under way" } else { standing };
    Finding::new(Reason::NotYetSynced, "", summary, remedy)
        .seen([Evidence::at("sweep", seen, now)])
        .retry_after(Duration::from_secs(5))
}

fn unconfirmed(asked: &Asked, row: &Arc<Row>) -> Finding {
    Finding::new(
        Reason::StateStale,
        asked.id(),
        "the state is known, but part of it is older than you accept, and the platform's read did not confirm that part",
        "accept an older state (max_staleness), or ask again: the platform leaves parts of a state out now and then",
    )
    .seen([Evidence::at(row.changed_by.name(), "last confirmed", row.confirmed_at())])
    .last_known(Some(row))
}

fn cache_stale(asked: &Asked, row: &Arc<Row>) -> Finding {
    Finding::new(
        Reason::PlatformCacheStale,
        asked.id(),
        "the platform's own read is older than what it pushed, and what it pushed is older than you accept",
        "accept an older state (max_staleness) or ask again: the platform's cache catches up by itself",
    )
    .seen([Evidence::at(row.changed_by.name(), "told the state held", row.changed_at)])
    .last_known(Some(row))
    .retry_after(Duration::from_secs(5))
}
