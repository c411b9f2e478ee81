//! Webhooks: when one came last, what keeps them away, and who is turned away at the door.

use std::time::Duration;

use onduty_core::finding::{Evidence, Reason};

use super::check::{Check, span};
use super::facts::Facts;
use crate::status::{Phase, Refused, SourceStanding, Unproven};

/// A sender that was turned away is set up wrongly still if that was not longer ago.
const REMEMBERED: Duration = Duration::from_secs(3_600);

const ORIGIN: &str = "webhook";

/// How they stand.
pub(super) fn check(name: &'static str, standing: &SourceStanding, facts: &Facts) -> Check {
    let lag = standing.lag.map_or_else(String::new, |lag| format!(", {} after it was said", span(lag)));
    let found = match standing.last_event_at {
        Some(at) => format!("last event {} ago{lag}", span(facts.now.since(at))),
        None => "nothing has come yet".to_owned(),
    };
    if standing.phase == Phase::Failing {
        return Check::warn(name, Some(Reason::SourceSilent), format!("{found}; events are turned away"))
            .meaning(format!("senders are told to come again: {}", standing.detail))
            .remedy("look at the store's line and at the disk");
    }
    if let Some(unproven) = turned_away(standing, facts) {
        return Check::warn(name, Some(Reason::SourceSilent), format!("{found}; {}", told(unproven, facts)))
            .meaning("its sender is told 401, and what it carried is not taken: what nothing else tells is as old as the last listing")
            .remedy(remedy(unproven))
            .seen(seen(facts));
    }
    silence(name, standing, facts, found).seen(seen(facts))
}

/// How the sender failed who was turned away last, if that is worth a look: whoever offers a proof means us, and whoever
/// offers none may be any stranger that found the port, once others get through.
fn turned_away(standing: &SourceStanding, facts: &Facts) -> Option<Unproven> {
    let recent = |refused: &Refused| refused.last_at.is_some_and(|at| facts.now.since(at) < REMEMBERED);
    let means_us = |unproven: Unproven| unproven != Unproven::Anonymous || standing.last_event_at.is_none();
    facts
        .board
        .refusals
        .iter()
        .filter(|(unproven, refused)| recent(refused) && means_us(*unproven))
        .max_by_key(|(_, refused)| refused.last_at)
        .map(|(unproven, _)| unproven)
}

fn told(unproven: Unproven, facts: &Facts) -> String {
    let refused = facts.board.refusals.of(unproven);
    let ago = refused
        .last_at
        .map_or_else(String::new, |at| format!(", the last {} ago", span(facts.now.since(at))));
    format!("turned away {}{ago}: {}", times(refused.count), unproven.words())
}

fn times(count: u64) -> String {
    match count {
        1 => "once".to_owned(),
        2 => "twice".to_owned(),
        count => format!("{count} times"),
    }
}

const fn remedy(unproven: Unproven) -> &'static str {
    match unproven {
        Unproven::Signature => {
            "give the sender a secret of ingress.secrets, or add the sender's there: several hold at once, so that they can \
             be changed one after the other. If they are the same, something in between changes the body"
        }
        Unproven::Window => {
            "set the sender's clock and this machine's (see clock); if events wait so long on purpose, raise \
             ingress.tolerance"
        }
        Unproven::Incomplete => {
            "let the sender send webhook-id and webhook-timestamp (seconds since 1970) beside webhook-signature, as \
             Standard Webhooks has it"
        }
        Unproven::Bearer => "let the sender send `Authorization: Bearer` with what ingress.bearer holds",
        Unproven::Basic => "let the sender send `Authorization: Basic` with what ingress.basic holds",
        Unproven::ApiKey => {
            "let the sender send what ingress.api_key holds in the header ingress.api_key_header"
        }
        Unproven::Anonymous => {
            "let the sender sign (ingress.secrets), or send a bearer, Basic or a key (ingress.bearer, ingress.basic, \
             ingress.api_key)"
        }
    }
}

/// One line a kind of sender, also of those that are no cause for alarm.
fn seen(facts: &Facts) -> Vec<Evidence> {
    let lines = facts.board.refusals.iter().filter_map(|(unproven, refused)| {
        let detail = format!("401, {}: {}", times(refused.count), unproven.words());
        Some(Evidence::at(ORIGIN, detail, refused.last_at?))
    });
    lines.collect()
}

fn silence(name: &'static str, standing: &SourceStanding, facts: &Facts, found: String) -> Check {
    let drift = &facts.board.drift;
    // The first listing corrects a store that was away; a later one whatever no event told of.
    let silent = drift.sweeps > 1
        && drift.last_corrections > 0
        && standing.last_event_at.is_none_or(|at| drift.last_started_at.is_some_and(|began| at < began));
    if !silent {
        return Check::ok(name, found);
    }
    let corrected = drift.last_corrections;
    Check::warn(
        name,
        Some(Reason::SourceSilent),
        format!("{found}; the last listing corrected {corrected} agents"),
    )
    .meaning("they changed and no event told of it: between listings their states are old")
    .remedy(
        "check that the platform's trigger or integration is on and sends to the ingress listener: nobody was turned \
         away there of late",
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::check::Status;
    use crate::doctor::testing::{NOW, facts};
    use onduty_core::observation::Source;
    use onduty_core::time::Timestamp;

    fn checked(change: impl FnOnce(&mut Facts)) -> Check {
        let facts = facts(change);
        check("webhook", facts.board.source(Source::Webhook), &facts)
    }

    fn ago(seconds: u64) -> Timestamp {
        NOW.before(Duration::from_secs(seconds))
    }

    #[test]
    fn whoever_is_turned_away_is_told_of_with_how_often_by_what_and_what_to_do() {
        for (unproven, word) in [
            (Unproven::Signature, "ingress.secrets"),
            (Unproven::Window, "clock"),
            (Unproven::Incomplete, "webhook-timestamp"),
            (Unproven::Bearer, "ingress.bearer"),
            (Unproven::Basic, "ingress.basic"),
            (Unproven::ApiKey, "ingress.api_key_header"),
            (Unproven::Anonymous, "sign"),
        ] {
            let check = checked(|facts| {
                for seconds in [90, 60, 30] {
                    facts.board.refusals.add(unproven, ago(seconds));
                }
            });
            assert_eq!(
                (check.status, check.reason),
                (Status::Warn, Some(Reason::SourceSilent)),
                "{unproven:?}"
            );
            let told = format!("turned away 3 times, the last 30 s ago: {}", unproven.words());
            assert!(check.found.ends_with(&told), "{}", check.found);
            assert!(check.remedy.contains(word), "{unproven:?}: {}", check.remedy);
            assert_eq!(check.evidence.len(), 1, "{:?}", check.evidence);
        }
    }

    #[test]
    fn strangers_at_a_door_that_others_come_through_and_mistakes_long_mended_are_no_cause_for_alarm() {
        let table = [
            (Unproven::Anonymous, 30, None, Status::Warn),
            (Unproven::Anonymous, 30, Some(NOW), Status::Ok),
            // The old secret of two, say: others get through, and this sender does not.
            (Unproven::Signature, 30, Some(NOW), Status::Warn),
            (Unproven::Signature, 3_600, Some(NOW), Status::Ok),
        ];
        for (unproven, seconds, event, expected) in table {
            let check = checked(|facts| {
                facts.board.sources[Source::Webhook as usize].last_event_at = event;
                facts.board.refusals.add(unproven, ago(seconds));
            });
            assert_eq!(check.status, expected, "{unproven:?} {seconds} {event:?}");
            assert_eq!(check.evidence.len(), 1, "it stays to be seen");
        }
    }

    #[test]
    fn push_is_silent_when_listings_find_what_it_did_not_tell() {
        let table = [
            (1, 5, None, Status::Ok),
            (2, 0, None, Status::Ok),
            (2, 5, None, Status::Warn),
            (2, 5, Some(NOW), Status::Ok),
        ];
        for (sweeps, corrections, event, expected) in table {
            let check = checked(|facts| {
                facts.board.sources[Source::Webhook as usize].last_event_at = event;
                let drift = &mut facts.board.drift;
                (drift.sweeps, drift.last_corrections, drift.last_started_at) =
                    (sweeps, corrections, Some(NOW));
            });
            assert_eq!(check.status, expected, "{sweeps} {corrections} {event:?}");
        }
    }
}
