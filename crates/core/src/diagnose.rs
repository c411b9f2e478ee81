//! From facts to the one finding that they prove.
//!
//! Each family looks at the facts for its own causes. A cause is shown only on proof; what remains possible, because
//! something could not be read or contradicts itself, is an open question and never a cause. Of the causes shown the
//! first in the order of blame ([`Reason`]) is the finding, the others go along with it. With none shown the finding
//! is `UNDETERMINED`: it lists the open questions and what would settle each.

mod identity;
mod rights;
mod state;

use std::sync::Arc;
use std::time::Duration;

use crate::answer::Asked;
use crate::facts::Facts;
use crate::finding::{Evidence, Finding, Reason};
use crate::observation::Listing;
use crate::row::Row;
use crate::time::Timestamp;
pub use rights::{Hindrances, Rights, hindrance, hindrances, nobody_shown};

/// What is judged.
#[derive(Clone, Copy, Debug)]
pub struct Case<'a> {
    /// Whose state was asked for.
    pub asked: &'a Asked,
    /// What is held under that id.
    pub row: Option<&'a Arc<Row>>,
    /// The newest complete listing.
    pub listing: Option<Listing>,
    /// What was found out.
    pub facts: &'a Facts,
    /// Now, by our clock.
    pub now: Timestamp,
}

/// What a family makes of a case.
#[derive(Debug, Default)]
struct Verdict {
    shown: Vec<Cause>,
    open: Vec<Question>,
}

/// A cause that is proven.
#[derive(Debug)]
struct Cause {
    reason: Reason,
    summary: String,
    remedy: String,
    evidence: Vec<Evidence>,
    retry_after: Option<Duration>,
}

/// A cause that is possible and not proven.
#[derive(Clone, Debug)]
pub struct Question {
    /// Which.
    pub reason: Reason,
    /// What would settle it.
    pub settled_by: String,
    /// What makes it possible.
    pub evidence: Vec<Evidence>,
}

type Family = fn(&Case<'_>) -> Verdict;

const FAMILIES: [Family; 3] = [rights::judge, identity::judge, state::judge];

impl Verdict {
    fn show(&mut self, cause: Cause) {
        self.shown.push(cause);
    }

    fn leave_open(&mut self, reason: Reason, settled_by: impl Into<String>, evidence: Vec<Evidence>) {
        self.open.push(Question { reason, settled_by: settled_by.into(), evidence });
    }
}

impl Cause {
    fn new(reason: Reason, summary: impl Into<String>, remedy: impl Into<String>) -> Self {
        let (summary, remedy) = (summary.into(), remedy.into());
        Self { reason, summary, remedy, evidence: Vec::new(), retry_after: None }
    }

    fn seen(mut self, evidence: impl IntoIterator<Item = Evidence>) -> Self {
        self.evidence.extend(evidence);
        self
    }

    fn finding(self, asked: &str) -> Finding {
        let Self { reason, summary, remedy, evidence, retry_after } = self;
        let mut finding = Finding::new(reason, asked, summary, remedy).seen(evidence);
        finding.retry_after = retry_after;
        finding
    }
}

/// The finding that the facts prove.
pub fn diagnose(case: &Case<'_>) -> Finding {
    let mut verdict = Verdict::default();
    for family in FAMILIES {
        let Verdict { shown, open } = family(case);
        verdict.shown.extend(shown);
        verdict.open.extend(open);
    }
    verdict.shown.sort_by_key(|cause| cause.reason);
    let mut causes = verdict.shown.into_iter();
    let Some(first) = causes.next() else { return undetermined(case, verdict.open) };
    let reason = first.reason;
    let mut finding = first.finding(case.asked.id()).last_known(case.row);
    for cause in causes {
        finding = finding.seen(cause.evidence);
        if cause.reason != reason {
            finding.also.push(cause.reason);
        }
    }
    finding.also.dedup();
    finding.without_repetition()
}

fn undetermined(case: &Case<'_>, open: Vec<Question>) -> Finding {
    let mut possible: Vec<Reason> = open.iter().map(|question| question.reason).collect();
    possible.sort_unstable();
    possible.dedup();
    let names: Vec<&str> = possible.iter().map(|reason| reason.name()).collect();
    let (summary, remedy) = if open.is_empty() {
        let remedy = "compare the evidence with the client's scopes, roles and divisions, and with the agent's own \
                      division; `onduty doctor ID` runs every check";
        (
            "the platform gave no state for this agent, and nothing seen so far shows why".to_owned(),
            remedy.to_owned(),
        )
    } else {
        let mut settling: Vec<&str> = open.iter().map(|question| &*question.settled_by).collect();
        settling.dedup();
        let summary = format!(
            "the platform gave no state for this agent; what was seen does not tell apart {}",
            names.join(", ")
        );
        (summary, format!("to settle it: {}", settling.join("; ")))
    };
    let listing = case.listing.map(|listing| {
        let named = if case.row.is_some_and(|row| row.present) { "names" } else { "does not name" };
        Evidence::at("sweep", format!("the newest complete listing {named} this agent"), listing.finished_at)
    });
    let mut finding = Finding::new(Reason::Undetermined, case.asked.id(), summary, remedy)
        .seen(listing)
        .seen(state::words_of(case.facts))
        .seen(open.into_iter().flat_map(|question| question.evidence))
        .last_known(case.row);
    finding.also = possible;
    finding.without_repetition()
}
