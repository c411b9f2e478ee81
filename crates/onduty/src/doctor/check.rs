//! One line of the doctor: what was looked at, how it stands, what that means and what to do.

use std::time::Duration;

use onduty_core::finding::{Evidence, Finding, Reason};

/// What a check that rests on another says, before that one's name.
const WAITS_FOR: &str = "waits for: ";

/// How a check stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// Nothing wrong.
    Ok,
    /// Worth knowing; answers are not kept back by it.
    Warn,
    /// Answers are kept back, or will be.
    Fail,
    /// Not looked at, because it rests on another check.
    Skipped,
}

/// One thing that was looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    /// What was looked at.
    pub name: &'static str,
    /// How it stands.
    pub status: Status,
    /// What was found.
    pub found: String,
    /// What that means for whoever asks for states.
    pub meaning: String,
    /// What to do.
    pub remedy: String,
    /// Why, where something is wrong.
    pub reason: Option<Reason>,
    /// What it rests on.
    pub evidence: Vec<Evidence>,
}

impl Check {
    /// Nothing wrong.
    pub fn ok(name: &'static str, found: impl Into<String>) -> Self {
        Self {
            name,
            status: Status::Ok,
            found: found.into(),
            meaning: String::new(),
            remedy: String::new(),
            reason: None,
            evidence: Vec::new(),
        }
    }

    /// Worth knowing.
    pub fn warn(name: &'static str, reason: Option<Reason>, found: impl Into<String>) -> Self {
        Self { status: Status::Warn, reason, ..Self::ok(name, found) }
    }

    /// Answers are kept back.
    pub fn fail(name: &'static str, reason: Reason, found: impl Into<String>) -> Self {
        Self { status: Status::Fail, reason: Some(reason), ..Self::ok(name, found) }
    }

    /// Answers are kept back for a reason that was found elsewhere. What shows it best is what was found.
    pub fn of_finding(name: &'static str, finding: &Finding) -> Self {
        let found = finding.evidence.last().map_or(&finding.summary, |evidence| &evidence.detail);
        Self {
            evidence: finding.evidence.clone(),
            ..Self::fail(name, finding.reason, found.clone())
                .meaning(&finding.summary)
                .remedy(&finding.remedy)
        }
    }

    /// Not looked at, for a reason of its own.
    pub fn skipped(name: &'static str, why: impl Into<String>) -> Self {
        Self { status: Status::Skipped, ..Self::ok(name, why) }
    }

    /// Not looked at, because it rests on another check.
    pub fn waits(name: &'static str, for_check: &str) -> Self {
        Self::skipped(name, format!("{WAITS_FOR}{for_check}"))
    }

    /// With what it means.
    #[must_use]
    pub fn meaning(mut self, meaning: impl Into<String>) -> Self {
        self.meaning = meaning.into();
        self
    }

    /// With what to do.
    #[must_use]
    pub fn remedy(mut self, remedy: impl Into<String>) -> Self {
        self.remedy = remedy.into();
        self
    }

    /// With what it rests on.
    #[must_use]
    pub fn seen(mut self, evidence: impl IntoIterator<Item = Evidence>) -> Self {
        self.evidence.extend(evidence);
        self
    }
}

/// The first of these checks that failed, or that itself waits for one: what rests on them waits for it.
pub(super) fn awaited(checks: &[Check], names: &[&str]) -> Option<String> {
    let check = checks.iter().find(|check| {
        names.contains(&check.name) && matches!(check.status, Status::Fail | Status::Skipped)
    })?;
    let chained = check.found.strip_prefix(WAITS_FOR);
    Some(chained.unwrap_or(check.name).to_owned())
}

/// A length of time in the unit that tells most.
pub(super) fn span(span: Duration) -> String {
    match span.as_secs() {
        0 => format!("{} ms", span.as_millis()),
        seconds @ 1..=119 => format!("{seconds} s"),
        seconds @ 120..=7_199 => format!("{} min", seconds / 60),
        seconds @ 7_200..=172_799 => format!("{} h", seconds / 3_600),
        seconds => format!("{} d", seconds / 86_400),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_waits_names_the_check_that_failed_and_not_one_that_waits_itself() {
        let checks = [
            Check::ok("a", ""),
            Check::fail("b", Reason::CredentialsRejected, ""),
            Check::waits("c", "b"),
            Check::warn("d", None, ""),
        ];
        let table: [(&[&str], Option<&str>); 5] = [
            (&["a", "d"], None),
            (&["b"], Some("b")),
            (&["c"], Some("b")),
            (&["a", "c"], Some("b")),
            (&["e"], None),
        ];
        for (names, expected) in table {
            assert_eq!(awaited(&checks, names).as_deref(), expected, "{names:?}");
        }
    }
}
