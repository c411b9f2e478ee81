//! Why an agent who exists and may be seen has no state to show.

use super::{Case, Cause, Verdict};
use crate::facts::{Alone, Existence, Facts, Listed};
use crate::finding::{Evidence, Reason};

pub(super) fn judge(case: &Case<'_>) -> Verdict {
    let mut verdict = Verdict::default();
    let facts = case.facts;
    for untaken in &facts.untaken {
        let settled_by = format!("asking again when {} can be read", untaken.why.origin);
        verdict.leave_open(untaken.would_show, settled_by, vec![untaken.why.clone()]);
    }
    let Some(alone) = &facts.alone else { return verdict };
    let division = case.row.and_then(|row| row.division_id());
    match &alone.value {
        Alone::Blank => verdict.show(withheld().seen([alone.says("named the agent and left the state out")])),
        Alone::NoState if facts.access.sees(division) => {
            verdict
                .show(not_logged_in().seen([alone.says("there is no state, for somebody who may see it")]));
        }
        // Where the token's rights do not reach, or are not known, a 404 may be a way of saying so.
        Alone::NoState if facts.access.permitted.is_none() => {
            let settled_by = "asking again when the token's rights can be read";
            let seen = facts.access.unread.clone();
            verdict.leave_open(Reason::DivisionNotVisible, settled_by, seen.clone());
            verdict.leave_open(Reason::NotLoggedIn, settled_by, seen);
        }
        Alone::NoState | Alone::Denied(_) => {}
    }
    verdict
}

fn withheld() -> Cause {
    Cause::new(
        Reason::StateWithheld,
        "the platform names the agent and leaves the state out, also when asked for it alone",
        "ask again; if it stays so, open a case with the platform and give it the correlation ids of the evidence",
    )
}

fn not_logged_in() -> Cause {
    Cause::new(
        Reason::NotLoggedIn,
        "the agent exists and has no state because nobody is logged in",
        "nothing to mend: the state appears when the agent logs in",
    )
}

/// Everything that was seen of the id, in words.
pub(super) fn words_of(facts: &Facts) -> Vec<Evidence> {
    let list = facts.list.as_ref().map(|seen| match &seen.value {
        Listed::Omitted => seen.says("asked for this id, the list left it out"),
        Listed::Denied(denial) => seen.says(denial.words()),
    });
    let directory = facts.directory.as_ref().map(|seen| {
        seen.says(match seen.value {
            Existence::Named => "the directory names this agent",
            Existence::Unknown => "there is nobody of this id",
            Existence::Deleted => "the account was deleted",
            Existence::Hidden => "somebody of this id exists, and the directory does not show them",
        })
    });
    let alone = facts.alone.as_ref().map(|seen| match &seen.value {
        Alone::NoState => seen.says("404: there is no state to be seen"),
        Alone::Blank => seen.says("named the agent and left the state out"),
        Alone::Denied(denial) => seen.says(denial.words()),
    });
    [list, directory, alone].into_iter().flatten().collect()
}
