//! One agent: the id's form and kind, whether somebody of it exists, is visible and logged in, and how fresh both sides
//! are. What is missing was judged where every answer is; here its finding is put on the line that it belongs to.

use onduty_core::answer::Answer;
use onduty_core::finding::{Finding, Reason};
use onduty_core::observation::Source;
use onduty_core::row::Row;

use super::check::{Check, Status, span};
use super::facts::{AgentFacts, Facts};
use super::{budget, entrance, host, rights, sources};

/// The first of the lines about an agent.
pub const FORM: &str = "id form";
pub(super) const KIND: &str = "id kind";
pub(super) const EXISTENCE: &str = "existence";
pub(super) const VISIBILITY: &str = "visibility";
pub(super) const LOGIN: &str = "log-in";
pub(super) const FRESHNESS: &str = "freshness";

/// The lines in the order in which one rests on another.
const LINES: [&str; 6] = [FORM, KIND, EXISTENCE, VISIBILITY, LOGIN, FRESHNESS];

/// All lines about the agent, after those about everything else.
pub(super) fn judge(agent: &AgentFacts, facts: &Facts, before: &[Check]) -> Vec<Check> {
    let fine = |line| fine(line, agent, facts);
    // What is held will do; that it can't be read now is told with the freshness.
    let Answer::Miss(finding) = &agent.answer else {
        return LINES.into_iter().map(fine).collect();
    };
    let at = line_of(finding.reason);
    let elsewhere = blamed(finding.reason)
        .iter()
        .find(|name| before.iter().any(|check| check.name == **name && check.status == Status::Fail));
    let mut checks = Vec::with_capacity(LINES.len());
    for line in LINES {
        checks.push(match elsewhere {
            _ if place(line) < place(at) && is_known(line, agent, finding) => fine(line),
            Some(name) => Check::waits(line, name),
            None if line == at => broken(line, finding),
            None => Check::waits(line, at),
        });
    }
    checks
}

fn place(line: &str) -> usize {
    LINES.iter().position(|other| *other == line).unwrap_or(LINES.len())
}

/// The line on which a reason stands.
const fn line_of(reason: Reason) -> &'static str {
    match reason {
        Reason::IdMalformed => FORM,
        Reason::WrongIdKind => KIND,
        Reason::AgentUnknown | Reason::AgentDeleted | Reason::AgentInactive => EXISTENCE,
        Reason::NameUnknown
        | Reason::ScopeMissing
        | Reason::PermissionMissing
        | Reason::PermissionPending
        | Reason::PolicyDenied
        | Reason::DivisionNotVisible
        | Reason::Undetermined => VISIBILITY,
        Reason::NotLoggedIn => LOGIN,
        Reason::CredentialsRejected
        | Reason::WrongRegion
        | Reason::PlatformUnavailable
        | Reason::RateLimited
        | Reason::NotYetSynced
        | Reason::StateStale
        | Reason::PlatformCacheStale
        | Reason::StateWithheld
        | Reason::ClockSkewed
        | Reason::SourceSilent
        | Reason::ChannelLost
        | Reason::TopicRejected
        | Reason::StoreFailing
        | Reason::ConfigurationInvalid => FRESHNESS,
    }
}

/// What an answer that did not come, or came too late, rests on.
const ANSWERS: [&str; 7] = [
    host::LOGIN,
    host::API,
    entrance::CREDENTIALS,
    entrance::REGION,
    entrance::ENDPOINTS,
    budget::NAME,
    sources::name(Source::Sweep),
];

/// The lines about everything that a reason may have been told on already.
const fn blamed(reason: Reason) -> &'static [&'static str] {
    match reason {
        Reason::CredentialsRejected => &[entrance::CREDENTIALS],
        Reason::WrongRegion => &[entrance::REGION],
        Reason::PlatformUnavailable | Reason::NotYetSynced | Reason::StateStale => &ANSWERS,
        Reason::RateLimited => &[budget::NAME],
        Reason::NameUnknown => &[entrance::ENDPOINTS],
        Reason::ScopeMissing => &[rights::SCOPES],
        Reason::PermissionMissing | Reason::PolicyDenied => &[rights::PERMISSION],
        Reason::PermissionPending => &[rights::PERMISSION, rights::DIVISIONS],
        Reason::DivisionNotVisible => &[rights::DIVISIONS],
        Reason::IdMalformed
        | Reason::WrongIdKind
        | Reason::AgentUnknown
        | Reason::AgentDeleted
        | Reason::AgentInactive
        | Reason::PlatformCacheStale
        | Reason::NotLoggedIn
        | Reason::StateWithheld
        | Reason::ClockSkewed
        | Reason::SourceSilent
        | Reason::ChannelLost
        | Reason::TopicRejected
        | Reason::StoreFailing
        | Reason::ConfigurationInvalid
        | Reason::Undetermined => &[],
    }
}

fn broken(line: &'static str, finding: &Finding) -> Check {
    Check {
        found: finding.summary.clone(),
        meaning: "GetAgentState answers with this finding".to_owned(),
        ..Check::of_finding(line, finding)
    }
}

/// Whether a line before the one that the finding stands on is in order, as far as that is known.
fn is_known(line: &str, agent: &AgentFacts, finding: &Finding) -> bool {
    match finding.reason {
        _ if line == FORM => true,
        // Of somebody who left, the id is still an agent's; nobody's is of no kind.
        Reason::AgentDeleted | Reason::AgentInactive => line == KIND,
        Reason::AgentUnknown => false,
        _ => agent.row.as_ref().is_some_and(|row| row.present),
    }
}

fn fine(line: &'static str, agent: &AgentFacts, facts: &Facts) -> Check {
    let row = agent.row.as_deref();
    match line {
        FORM => Check::ok(FORM, format!("{} is a UUID", agent.asked)),
        KIND => Check::ok(KIND, "an agent's"),
        EXISTENCE => {
            let name = row.and_then(|row| row.name()).unwrap_or("somebody whose name is not known");
            let division = row.and_then(Row::division_id).map(|id| match &facts.access {
                Some(access) => rights::name_of(access, id),
                None => id.as_str().to_owned(),
            });
            let division = division.map_or_else(String::new, |name| format!(", division {name}"));
            Check::ok(EXISTENCE, format!("{name}{division}"))
        }
        VISIBILITY => Check::ok(VISIBILITY, "the token may see it"),
        LOGIN => Check::ok(LOGIN, login(agent)),
        _ => freshness(agent),
    }
}

fn login(agent: &AgentFacts) -> &'static str {
    match agent.row.as_deref().and_then(Row::login).map(|login| *login.value) {
        Some(true) => "logged in",
        Some(false) => "logged out",
        // The users API has no word for it.
        None => "a state is held, so it does not matter here",
    }
}

fn freshness(agent: &AgentFacts) -> Check {
    let confirmed = agent.row.as_deref().map(|row| span(agent.now.since(row.confirmed_at())));
    let ours = confirmed.map_or("not confirmed".to_owned(), |age| format!("ours confirmed {age} ago"));
    match &agent.read {
        Answer::State(_) => Check::ok(FRESHNESS, format!("{ours}; the platform was read just now")),
        Answer::Miss(read) => {
            let check = Check::of_finding(FRESHNESS, read);
            Check {
                status: Status::Warn,
                found: format!("{ours}; the platform's read: {}", read.summary),
                meaning: "the state held is fresh enough; once it is not, this is the answer".to_owned(),
                ..check
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::testing::{agent, facts, missing};

    fn statuses(checks: &[Check]) -> Vec<(&'static str, Status)> {
        checks.iter().map(|check| (check.name, check.status)).collect()
    }

    #[test]
    fn every_reason_breaks_exactly_one_line_and_those_after_it_wait() {
        for reason in Reason::ALL {
            let checks = judge(&missing(*reason), &facts(|_| {}), &[]);
            let failed: Vec<&str> =
                checks.iter().filter(|check| check.status == Status::Fail).map(|check| check.name).collect();
            assert_eq!(failed, [line_of(*reason)], "{reason:?}");
            assert_eq!(checks.len(), LINES.len());
            let after = checks.iter().skip_while(|check| check.status != Status::Fail).skip(1);
            assert!(after.into_iter().all(|check| check.status == Status::Skipped), "{reason:?}");
        }
    }

    #[test]
    fn what_another_line_was_blamed_for_is_not_blamed_twice() {
        for reason in Reason::ALL.iter().filter(|reason| !blamed(**reason).is_empty()) {
            for name in blamed(*reason) {
                let before = [Check::fail(name, *reason, "")];
                let checks = judge(&missing(*reason), &facts(|_| {}), &before);
                assert!(checks.iter().all(|check| check.status != Status::Fail), "{reason:?}");
                assert!(checks.iter().any(|check| check.found == format!("waits for: {name}")), "{reason:?}");
            }
        }
    }

    #[test]
    fn an_agent_with_a_state_is_fine_and_a_read_that_fails_is_only_worth_knowing() {
        let healthy = judge(&agent(), &facts(|_| {}), &[]);
        assert!(healthy.iter().all(|check| check.status == Status::Ok), "{:?}", statuses(&healthy));
        let mut agent = agent();
        agent.read = missing(Reason::PlatformUnavailable).answer;
        let checks = judge(&agent, &facts(|_| {}), &[]);
        assert_eq!(checks.last().map(|check| check.status), Some(Status::Warn));
        assert!(checks[..5].iter().all(|check| check.status == Status::Ok));
    }
}
