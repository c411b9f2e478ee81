//! From a question to a state or a finding. There is no third way out: an [`Answer`] has no empty value, so a
//! silent empty cannot be written.
//!
//! A question is first held against the snapshot ([`glance`]). Only if that cannot answer is the platform asked;
//! what it said comes in as observations, and as a [`Report`] to [`conclude`] from.

use std::sync::Arc;
use std::time::Duration;

use crate::agent::AccountState;
use crate::cursor::Revision;
use crate::finding::{Evidence, Finding, Reason};
use crate::row::Row;
use crate::snapshot::Snapshot;
use crate::time::Timestamp;

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

/// Why the platform could not be asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The request budget is spent until then.
    RateLimited {
        /// When it will be asked again.
        until: Timestamp,
    },
    /// It gives no (useful) answer.
    Unavailable {
        /// Since when.
        since: Timestamp,
        /// What was seen.
        detail: String,
    },
    /// It refused the client's credentials.
    CredentialsRejected {
        /// In its own words, without the secret.
        detail: String,
    },
    /// More questions are waiting than may wait, or this one's time ran out before its turn.
    Crowded,
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
            if fresh && row.has_state() {
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
        Report::Told => match row {
            Some(row) if row.present && row.has_state() => return of_row(asked, row),
            Some(row) if row.account() == Some(AccountState::Deleted) => deleted(asked, row),
            Some(row) if row.account() == Some(AccountState::Inactive) => inactive(asked, row),
            Some(_) | None => undetermined(asked, snapshot, now),
        },
        Report::Absent(evidence) => match row.filter(|row| row.account() == Some(AccountState::Deleted)) {
            Some(row) => deleted(asked, row).seen(evidence.clone()),
            None => unknown(asked, row).seen(evidence.clone()),
        },
        Report::Withheld(evidence) => match row {
            Some(row) if row.account() == Some(AccountState::Inactive) => {
                inactive(asked, row).seen(evidence.clone())
            }
            None if snapshot.listing().is_none() => not_yet_synced(asked).seen(evidence.clone()),
            Some(_) | None => undetermined(asked, snapshot, now).seen(evidence.clone()),
        },
        Report::Refused(refusal) => refused(asked, snapshot, refusal, now),
    };
    Answer::Miss(Box::new(finding))
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

/// The platform can't be asked. What is known but old beats every word about the platform.
fn refused(asked: &Asked, snapshot: &Snapshot, refusal: &Refusal, now: Timestamp) -> Finding {
    let (evidence, retry_after) = match refusal {
        Refusal::RateLimited { until } => {
            (Evidence::at("budget", "the request budget is spent", now), Some(until.since(now)))
        }
        Refusal::Unavailable { since, detail } => (Evidence::at("platform", detail.clone(), *since), None),
        Refusal::CredentialsRejected { detail } => (Evidence::at("platform", detail.clone(), now), None),
        Refusal::Crowded => {
            let detail = "more look-ups are waiting than could be asked in time";
            (Evidence::at("lookup", detail, now), Some(Duration::from_secs(1)))
        }
    };
    let row = asked.row(snapshot).filter(|row| row.present && row.has_state());
    let finding = match (row, refusal) {
        (Some(row), _) => Finding::new(
            Reason::StateStale,
            asked.id(),
            "the state is known, but older than you accept, and the platform can't be asked now",
            "accept an older state (max_staleness), or see the evidence for why the platform can't be asked",
        )
        .seen([Evidence::at(row.changed_by.name(), "last confirmed", row.confirmed_at())])
        .last_known(Some(row)),
        (None, Refusal::CredentialsRejected { .. }) => Finding::new(
            Reason::CredentialsRejected,
            asked.id(),
            "the platform refused the client's credentials",
            "check platform.client_id, platform.client_secret and platform.region, and that the client is active",
        ),
        (None, Refusal::Unavailable { .. }) => Finding::new(
            Reason::PlatformUnavailable,
            asked.id(),
            "the platform does not answer",
            "check the network and the platform's status; onduty keeps trying",
        ),
        (None, Refusal::RateLimited { .. } | Refusal::Crowded) if snapshot.listing().is_none() => {
            not_yet_synced(asked)
        }
        (None, Refusal::RateLimited { .. } | Refusal::Crowded) => Finding::new(
            Reason::RateLimited,
            asked.id(),
            "the platform's request budget is spent",
            "ask again after the time given, or raise the client's rate limit with the platform",
        ),
    };
    let finding = finding.seen([evidence]);
    match retry_after {
        Some(wait) => finding.retry_after(wait),
        None => finding,
    }
}
