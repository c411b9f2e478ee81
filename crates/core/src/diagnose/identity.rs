//! What the id is: nobody's, somebody's who left, or something else's.

use super::{Case, Cause, Verdict};
use crate::agent::AccountState;
use crate::cursor::Revision;
use crate::facts::{Existence, Kind};
use crate::finding::{Evidence, Reason};

pub(super) fn judge(case: &Case<'_>) -> Verdict {
    let mut verdict = Verdict::default();
    let account = case.row.and_then(|row| row.account());
    let existence = case.facts.directory.as_ref();
    let is = |wanted| existence.filter(|seen| seen.value == wanted);
    if let Some(kind) = &case.facts.kind {
        verdict.show(wrong_kind(&kind.value).seen([kind.says(kind.value.words())]));
    } else if account == Some(AccountState::Deleted) || is(Existence::Deleted).is_some() {
        let told = is(Existence::Deleted).map(|seen| seen.says("the account was deleted"));
        verdict.show(deleted().seen(told).seen(account_word(case)));
    } else if let Some(seen) = is(Existence::Unknown) {
        verdict.show(
            unknown(case)
                .seen(left(case))
                .seen([seen.says("there is nobody of this id")])
                .seen(case.facts.untaken.iter().map(|untaken| untaken.why.clone())),
        );
    } else if account == Some(AccountState::Inactive) {
        verdict.show(inactive().seen(account_word(case)));
    }
    verdict
}

/// The id of something else.
pub(super) fn wrong_kind(kind: &Kind) -> Cause {
    let remedy = match kind {
        Kind::User { agent_id: Some(agent_id), .. } => format!("ask for the agent id {}", agent_id.as_str()),
        Kind::User { agent_id: None, .. } => "this user is no agent; ask for the id of one who is".to_owned(),
        Kind::Agent { user_id, .. } => {
            format!("ask for it as an agent id, or for the user id {}", user_id.as_str())
        }
        Kind::Queue(_) => {
            "ask for an agent; `onduty list --queue ID` shows who is active on this queue".to_owned()
        }
        Kind::Division(_) => {
            "ask for an agent; `onduty list --division ID` shows who belongs to it".to_owned()
        }
    };
    Cause::new(Reason::WrongIdKind, kind.words(), remedy)
}

impl Kind {
    pub(super) fn words(&self) -> String {
        let named = |kind: &str, name: &Option<_>| match name {
            Some(name) => format!("this is the id of the {kind} \"{name}\", not of an agent"),
            None => format!("this is the id of a {kind}, not of an agent"),
        };
        match self {
            Self::Agent { name: Some(name), .. } => format!("this is the agent id of {name}, not a user id"),
            Self::Agent { name: None, .. } => "this is an agent's id, not a user's".to_owned(),
            Self::User { name: Some(name), .. } => format!("this is the user id of {name}, not an agent id"),
            Self::User { name: None, .. } => "this is a user's id, not an agent's".to_owned(),
            Self::Queue(name) => named("queue", name),
            Self::Division(name) => named("division", name),
        }
    }
}

fn unknown(case: &Case<'_>) -> Cause {
    let token = case.facts.access.token.as_ref();
    let organisation = token.and_then(|token| token.value.organisation.as_deref());
    let place =
        organisation.map_or("this organisation".to_owned(), |name| format!("the organisation \"{name}\""));
    Cause::new(
        Reason::AgentUnknown,
        format!("there is no such agent in {place}"),
        "check the id, and that the client belongs to the agent's organisation and region",
    )
}

fn deleted() -> Cause {
    Cause::new(
        Reason::AgentDeleted,
        "the directory says that this account was deleted",
        "remove the id where it is stored; a person who comes back gets a new one",
    )
}

fn inactive() -> Cause {
    Cause::new(
        Reason::AgentInactive,
        "the directory says that this account is switched off",
        "activate the account, or stop asking for it",
    )
}

fn account_word(case: &Case<'_>) -> Option<Evidence> {
    let account = case.row?.held.profile.account.as_ref()?;
    let detail = match account.value {
        AccountState::Active => "account state is active",
        AccountState::Inactive => "account state is inactive",
        AccountState::Deleted => "account state is deleted",
    };
    Some(Evidence::at("directory", detail, account.at.get()))
}

/// Somebody who was known once.
fn left(case: &Case<'_>) -> Option<Evidence> {
    let row = case.row.filter(|row| row.revision > Revision::default())?;
    let detail = "the agent was known until then; no listing or read has named it since";
    Some(Evidence::at(row.changed_by.name(), detail, row.changed_at))
}
