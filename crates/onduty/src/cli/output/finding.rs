//! A finding for people: what is wrong, what shows it, what to do, where to read on.

use onduty_core::time::Timestamp;
use onduty_proto::v1::Finding;

use super::age::age;
use super::palette::{Tone, paint};
use super::wrap::wrapped;
use super::{Screen, plain};

/// The lines of a finding, no wider than prose is on this screen; evidence is indented below what it proves.
#[must_use]
pub(crate) fn lines(finding: &Finding, now: Timestamp, screen: Screen) -> Vec<String> {
    let of =
        if finding.agent_id.is_empty() { String::new() } else { format!(" {}", plain(&finding.agent_id)) };
    let width = screen.prose_width();
    let reason = plain(&finding.reason);
    let mut lines = wrapped("", &format!("{reason}{of}: {}", plain(&finding.summary)), width);
    if let Some(line) = lines.first_mut() {
        // Coloured after it was broken: colour has no width.
        *line = line.replacen(&reason, &paint(&reason, Tone::Alarm, screen.colour), 1);
    }
    let mut below = |label: &str, text: &str| {
        if !text.is_empty() {
            lines.extend(wrapped(&format!("  {label:8}"), &plain(text), width));
        }
    };
    for evidence in &finding.evidence {
        let when = age(evidence.observed_at, now);
        let when = if when.is_empty() { when } else { format!(" ({when} ago)") };
        below("seen", &format!("{}: {}{when}", evidence.origin, evidence.detail));
    }
    below("remedy", &finding.remedy);
    below("also", &finding.also.join(", "));
    below("page", &finding.help_url);
    if let Some(state) = &finding.last_known {
        let (presence, _) = super::palette::presence(state);
        let (routing, _) = super::palette::routing(state);
        let confirmed = age(state.confirmed_at, now);
        below("last", &format!("{presence}, {routing}; confirmed {confirmed} ago"));
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use onduty_proto::v1::Evidence;

    #[test]
    fn a_finding_says_what_is_wrong_what_shows_it_and_what_to_do() {
        let evidence = Evidence {
            origin: "GET /api/v2/users/x".to_owned(),
            detail: "404 not.found".to_owned(),
            observed_at: Some(prost_types::Timestamp { seconds: 5, nanos: 0 }),
        };
        let finding = Finding {
            reason: "AGENT_UNKNOWN".to_owned(),
            agent_id: "x\u{1b}".to_owned(),
            summary: "no such agent".to_owned(),
            evidence: vec![evidence],
            remedy: "check the id".to_owned(),
            help_url: "https://onduty.dev/reasons/AGENT_UNKNOWN".to_owned(),
            last_known: None,
            also: vec!["SCOPE_MISSING".to_owned()],
        };
        let now = Timestamp::from_millis(8_000);
        let screen = Screen { is_terminal: false, width: 120, height: 24, colour: false };
        assert_eq!(
            lines(&finding, now, screen),
            [
                "AGENT_UNKNOWN x\u{fffd}: no such agent",
                "  seen    GET /api/v2/users/x: 404 not.found (3s ago)",
                "  remedy  check the id",
                "  also    SCOPE_MISSING",
                "  page    https://onduty.dev/reasons/AGENT_UNKNOWN",
            ]
        );
        let screen = Screen { colour: true, ..screen };
        assert!(lines(&finding, now, screen)[0].starts_with("\u{1b}[31mAGENT_UNKNOWN\u{1b}[0m x"));
    }
}
