//! Every way in which states reach us: when it was last heard, up to when it vouches for completeness, its gaps.

use onduty_core::finding::{Evidence, Reason};
use onduty_core::observation::Source;

use super::check::{Check, awaited, span};
use super::entrance;
use super::facts::Facts;
use super::{budget, channels, host, webhook};
use crate::config::show_duration;
use crate::status::{Phase, SourceStanding};

/// What a source that asks the platform rests on.
pub(super) const RESTS_ON: [&str; 5] =
    [host::LOGIN, host::API, entrance::CREDENTIALS, entrance::REGION, entrance::ENDPOINTS];

/// One line a source.
pub(super) fn judge(facts: &Facts, before: &[Check]) -> Vec<Check> {
    Source::ALL.iter().map(|source| check(*source, facts, before)).collect()
}

pub(super) const fn name(source: Source) -> &'static str {
    match source {
        Source::Webhook => "webhook",
        Source::Channel => "channel",
        Source::Sweep => "sweep",
        Source::Lookup => "look-up",
    }
}

fn check(source: Source, facts: &Facts, before: &[Check]) -> Check {
    let (name, standing) = (name(source), facts.board.source(source));
    if !facts.sidecar {
        return Check::skipped(name, "no sidecar is running");
    }
    if standing.phase == Phase::Disabled {
        return Check::ok(name, "switched off");
    }
    let check = match source {
        Source::Sweep => sweep(facts, before),
        Source::Webhook => webhook::check(name, standing, facts),
        Source::Channel => channels::check(name, standing, facts, awaited(before, &RESTS_ON)),
        Source::Lookup => called(name, standing, before),
    };
    check.seen(seen(source, standing, facts))
}

fn seen(source: Source, standing: &SourceStanding, facts: &Facts) -> Vec<Evidence> {
    let mut seen: Vec<Evidence> = standing
        .last_event_at
        .map(|at| Evidence::at(source.name(), "the last statement heard", at))
        .into_iter()
        .chain(standing.last_mark_at.map(|at| Evidence::at(source.name(), "complete up to here", at)))
        .collect();
    if !standing.detail.is_empty() {
        seen.push(Evidence::at(source.name(), standing.detail.clone(), facts.now));
    }
    seen
}

fn sweep(facts: &Facts, before: &[Check]) -> Check {
    const NAME: &str = name(Source::Sweep);
    let standing = facts.board.source(Source::Sweep);
    let interval =
        facts.board.listing.map_or_else(|| "so often".to_owned(), |listing| show_duration(listing.interval));
    let gaps = match standing.gaps {
        0 => String::new(),
        1 => ", 1 gap since start".to_owned(),
        gaps => format!(", {gaps} gaps since start"),
    };
    let Some(mark) = standing.last_mark_at else {
        return match awaited(before, &RESTS_ON) {
            Some(name) => Check::waits(NAME, &name),
            None if standing.phase == Phase::Failing => {
                let found = format!("no full listing has succeeded: {}", standing.detail);
                Check::fail(NAME, Reason::NotYetSynced, found)
                    .meaning("nothing can be said of agents who were not looked up one by one")
                    .remedy("see what it met; it tries on by itself")
            }
            None => Check::warn(NAME, Some(Reason::NotYetSynced), "the first full listing has not finished")
                .meaning("nothing can be said of agents who were not looked up one by one")
                .remedy("wait: `onduty wait` returns when it is complete"),
        };
    };
    let agents = facts.directory.agents;
    let found =
        format!("{agents} agents, complete {} ago, every {interval}{gaps}", span(facts.now.since(mark)));
    if !standing.is_fresh(facts.now) {
        return match awaited(before, &RESTS_ON) {
            Some(name) => Check::waits(NAME, &name),
            None => Check::fail(NAME, Reason::SourceSilent, found)
                .meaning("what push lost is not repaired, and nobody new or gone is noticed")
                .remedy("see what it met; it tries on by itself"),
        };
    }
    match standing.phase {
        Phase::Failing => {
            Check::warn(NAME, Some(Reason::SourceSilent), format!("{found}; the last one failed"))
                .meaning(format!("what it met: {}", standing.detail))
                .remedy("nothing yet: it tries again by itself")
        }
        Phase::Disabled | Phase::Starting | Phase::Running => Check::ok(NAME, found),
    }
}

fn called(name: &'static str, standing: &SourceStanding, before: &[Check]) -> Check {
    match (standing.phase, awaited(before, &[&RESTS_ON[..], &[budget::NAME]].concat())) {
        (Phase::Failing, Some(other)) => Check::waits(name, &other),
        (Phase::Failing, None) => {
            Check::warn(name, Some(Reason::SourceSilent), format!("the last one failed: {}", standing.detail))
                .meaning("whoever asks for an id that is not held gets that as the answer")
                .remedy("ask again; if it stays so, the platform does not answer what is asked of it")
        }
        (Phase::Starting, _) => Check::ok(name, "starting"),
        (Phase::Running | Phase::Disabled, _) => Check::ok(name, "ready"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::check::Status;
    use crate::doctor::testing::{NOW, facts};
    use std::time::Duration;

    fn sweep_of(change: impl FnOnce(&mut SourceStanding)) -> Facts {
        facts(|facts| change(&mut facts.board.sources[Source::Sweep as usize]))
    }

    #[test]
    fn a_sweep_is_silent_only_outside_its_bound_and_only_by_itself() {
        let old = Some(NOW.before(Duration::from_secs(1_000)));
        let failed = [Check::fail(entrance::CREDENTIALS, Reason::CredentialsRejected, "")];
        type Row<'a> = (Phase, Option<onduty_core::time::Timestamp>, &'a [Check], Status, Option<Reason>);
        let table: [Row<'_>; 8] = [
            (Phase::Running, Some(NOW), &[], Status::Ok, None),
            (Phase::Failing, Some(NOW), &[], Status::Warn, Some(Reason::SourceSilent)),
            (Phase::Failing, old, &[], Status::Fail, Some(Reason::SourceSilent)),
            (Phase::Running, old, &[], Status::Fail, Some(Reason::SourceSilent)),
            (Phase::Failing, old, &failed, Status::Skipped, None),
            (Phase::Failing, None, &[], Status::Fail, Some(Reason::NotYetSynced)),
            (Phase::Starting, None, &[], Status::Warn, Some(Reason::NotYetSynced)),
            (Phase::Failing, None, &failed, Status::Skipped, None),
        ];
        for (phase, mark, before, status, reason) in table {
            let facts = sweep_of(|standing| (standing.phase, standing.last_mark_at) = (phase, mark));
            let check = sweep(&facts, before);
            assert_eq!((check.status, check.reason), (status, reason), "{phase:?} {mark:?}");
        }
    }

    #[test]
    fn without_a_sidecar_there_are_no_sources() {
        let checks = judge(&facts(|facts| facts.sidecar = false), &[]);
        assert!(checks.iter().all(|check| check.found == "no sidecar is running"));
        assert_eq!(checks.len(), Source::ALL.len());
    }
}
