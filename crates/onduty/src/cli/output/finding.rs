//! A finding for people: what is wrong, what shows it, what to do, where to read on.

use onduty_core::time::Timestamp;
use onduty_proto::v1::Finding;

use super::age::age;
use super::palette::{Tone, paint};
use super::plain;

/// The lines of a finding; evidence is indented below what it proves.
#[must_use]
pub(crate) fn lines(finding: &Finding, now: Timestamp, colour: bool) -> Vec<String> {
    let of =
        if finding.agent_id.is_empty() { String::new() } else { format!(" {}", plain(&finding.agent_id)) };
    let mut lines = vec![format!(
        "{}{of}: {}",
        paint(&plain(&finding.reason), Tone::Alarm, colour),
        plain(&finding.summary)
    )];
    for evidence in &finding.evidence {
        let when = age(evidence.observed_at, now);
        let when = if when.is_empty() { when } else { format!(" ({when} ago)") };
        lines.push(format!("  seen    {}: {}{when}", plain(&evidence.origin), plain(&evidence.detail)));
    }
    if !finding.remedy.is_empty() {
        lines.push(format!("  remedy  {}", plain(&finding.remedy)));
    }
    if !finding.also.is_empty() {
        lines.push(format!("  also    {}", plain(&finding.also.join(", "))));
    }
    if !finding.help_url.is_empty() {
        lines.push(format!("  page    {}", plain(&finding.help_url)));
    }
    if let Some(state) = &finding.last_known {
        let (presence, _) = super::palette::presence(state);
        let (routing, _) = super::palette::routing(state);
        let confirmed = age(state.confirmed_at, now);
        lines.push(format!("  last    {presence}, {routing}; confirmed {confirmed} ago"));
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
        assert_eq!(
            lines(&finding, now, false),
            [
                "AGENT_UNKNOWN x\u{fffd}: no such agent",
                "  seen    GET /api/v2/users/x: 404 not.found (3s ago)",
                "  remedy  check the id",
                "  also    SCOPE_MISSING",
                "  page    https://onduty.dev/reasons/AGENT_UNKNOWN",
            ]
        );
        assert!(lines(&finding, now, true)[0].starts_with("\u{1b}[31mAGENT_UNKNOWN\u{1b}[0m x"));
    }
}
