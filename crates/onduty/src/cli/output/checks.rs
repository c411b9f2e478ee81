//! What the doctor says, for people: a line a check, and below what is wrong what shows it, what it means, what to do
//! and where to read on.

use onduty_core::access::without_correlation;
use onduty_proto::v1::{Check, CheckStatus};

use super::palette::{Tone, paint};
use super::wrap::wrapped;
use super::{Screen, plain};

/// The width of the column of names: the longest is `optional rights`.
const NAME_WIDTH: usize = 15;
/// At most so much evidence of one check is shown; all of it is in the JSON.
const EVIDENCE_MAX: usize = 4;

/// All lines of some checks.
#[must_use]
pub(crate) fn lines(checks: &[Check], screen: Screen) -> Vec<String> {
    checks.iter().flat_map(|check| of_check(check, screen)).collect()
}

fn of_check(check: &Check, screen: Screen) -> Vec<String> {
    let (mark, tone) = mark(check.status());
    let width = screen.prose_width();
    let first = format!("{mark}  {:NAME_WIDTH$}  ", plain(&check.name));
    let mut lines = wrapped(&first, &plain(&check.found), width);
    if let Some(line) = lines.first_mut() {
        // Coloured after it was broken: colour has no width.
        *line = line.replacen(mark.trim_end(), &paint(mark.trim_end(), tone, screen.colour), 1);
    }
    if !matches!(check.status(), CheckStatus::Fail | CheckStatus::Warn) {
        return lines;
    }
    let below = |label: &str, text: &str| match text {
        "" => Vec::new(),
        text => wrapped(&format!("      {label:8}"), &plain(text), width),
    };
    // The JSON has the ids of the requests.
    let evidence =
        check.evidence.iter().map(|evidence| (&evidence.origin, without_correlation(&evidence.detail)));
    let untold = evidence.filter(|(_, detail)| !check.found.contains(detail)).take(EVIDENCE_MAX);
    for (origin, detail) in untold {
        lines.extend(below("seen", &format!("{origin}: {detail}")));
    }
    lines.extend(below("means", &check.meaning));
    lines.extend(below("remedy", &check.remedy));
    lines.extend(below("page", &check.help_url));
    lines
}

/// The check on one line, if there is something to say.
#[must_use]
pub(crate) fn short(check: &Check) -> Option<String> {
    let (mark, _) = mark(check.status());
    let reason = if check.reason.is_empty() { String::new() } else { format!(" ({})", plain(&check.reason)) };
    (check.status() != CheckStatus::Ok)
        .then(|| format!("{mark}  {}: {}{reason}", plain(&check.name), plain(&check.found)))
}

/// How it stands altogether, on one line.
#[must_use]
pub(crate) fn verdict(checks: &[Check]) -> String {
    let count = |status| checks.iter().filter(|check| check.status() == status).count();
    let counted = |count: usize, one: &str, many: &str| match count {
        0 => None,
        1 => Some(format!("1 {one}")),
        count => Some(format!("{count} {many}")),
    };
    let (ok, skipped) = (count(CheckStatus::Ok), count(CheckStatus::Skipped));
    let parts = [
        counted(count(CheckStatus::Fail), "check failed", "checks failed"),
        counted(count(CheckStatus::Warn), "warning", "warnings"),
        counted(skipped, "skipped", "skipped"),
        Some(format!("{ok} ok")),
    ];
    let counts: Vec<String> = parts.into_iter().flatten().collect();
    let first = checks.iter().find(|check| check.status() == CheckStatus::Fail);
    match first {
        Some(check) => format!("{}; begin with: {}", counts.join(", "), plain(&check.name)),
        None => counts.join(", "),
    }
}

const fn mark(status: CheckStatus) -> (&'static str, Tone) {
    match status {
        CheckStatus::Ok => ("ok  ", Tone::Good),
        CheckStatus::Warn => ("warn", Tone::Doubt),
        CheckStatus::Fail => ("FAIL", Tone::Alarm),
        CheckStatus::Skipped => ("skip", Tone::Dim),
        CheckStatus::Unspecified => ("?   ", Tone::Plain),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use onduty_proto::v1::Evidence;

    fn check(name: &str, status: CheckStatus, found: &str) -> Check {
        Check { name: name.to_owned(), status: status.into(), found: found.to_owned(), ..Check::default() }
    }

    fn broken() -> Check {
        let seen = |detail: &str| Evidence {
            origin: "o".to_owned(),
            detail: detail.to_owned(),
            ..Evidence::default()
        };
        Check {
            meaning: "m".to_owned(),
            remedy: "a long remedy of several words that has to be broken somewhere before it ends"
                .to_owned(),
            help_url: "https://onduty.dev/reasons/SCOPE_MISSING".to_owned(),
            reason: "SCOPE_MISSING".to_owned(),
            evidence: vec![seen("lacks it"), seen("more")],
            ..check("scopes", CheckStatus::Fail, "the token lacks it")
        }
    }

    fn screen(colour: bool) -> Screen {
        Screen { is_terminal: colour, width: 60, height: 24, colour }
    }

    #[test]
    fn what_is_wrong_is_explained_below_its_line() {
        let shown = lines(&[check("clock", CheckStatus::Ok, "fine"), broken()], screen(true));
        assert_eq!(
            shown,
            [
                "\u{1b}[32mok\u{1b}[0m    clock            fine",
                "\u{1b}[31mFAIL\u{1b}[0m  scopes           the token lacks it",
                "      seen    o: more",
                "      means   m",
                "      remedy  a long remedy of several words that has to be",
                "              broken somewhere before it ends",
                "      page    https://onduty.dev/reasons/SCOPE_MISSING",
            ]
        );
        let plain = Screen { is_terminal: false, width: 120, height: 24, colour: false };
        let shown = lines(&[broken()], plain);
        assert!(shown.iter().all(|line| line.chars().count() <= 80 && !line.contains('\u{1b}')), "{shown:?}");
    }

    #[test]
    fn the_verdict_says_where_to_begin() {
        let skipped = check("sweep", CheckStatus::Skipped, "waits for: scopes");
        let fine = check("clock", CheckStatus::Ok, "fine");
        assert_eq!(
            verdict(&[fine.clone(), broken(), skipped.clone()]),
            "1 check failed, 1 skipped, 1 ok; begin with: scopes"
        );
        assert_eq!(verdict(std::slice::from_ref(&fine)), "1 ok");
        assert_eq!(short(&fine), None);
        assert_eq!(short(&skipped).as_deref(), Some("skip  sweep: waits for: scopes"));
        assert_eq!(short(&broken()).as_deref(), Some("FAIL  scopes: the token lacks it (SCOPE_MISSING)"));
    }
}
