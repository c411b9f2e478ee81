//! Places in a text, as a good compiler shows them: the line, a mark below it, why, and what there is instead.

use super::palette::{Tone, paint};
use super::{Screen, plain};
use crate::lint::{Finding, Report};

/// No wider than this, where nobody said how wide: what is pasted into a message should fit.
const WIDTH_MAX: usize = 80;

/// No narrower than this: words need a place to be.
const WIDTH_MIN: usize = 40;

/// All findings, and what they come to.
pub(crate) fn lines(report: &Report, name: &str, text: &str, screen: Screen) -> Vec<String> {
    let width = usize::from(screen.width).clamp(WIDTH_MIN, WIDTH_MAX);
    let mut shown = Vec::new();
    let mut rest = text.lines().enumerate();
    let mut current = (0, "");
    for finding in &report.findings {
        while current.0 < finding.line {
            let Some((index, line)) = rest.next() else { break };
            current = (index + 1, line);
        }
        shown.extend(one(finding, name, current.1, width, screen.colour));
        shown.push(String::new());
    }
    for line in &report.cut_lines {
        let read = crate::lint::LINE_BYTES_MAX / 1024;
        shown.push(format!("note: line {line} is longer than {read} KiB, and its rest was not read"));
    }
    if report.left_out > 0 {
        shown.push(format!("note: {} more findings are left out", report.left_out));
    }
    shown.push(sum(report));
    shown
}

fn sum(report: &Report) -> String {
    let names = |count: usize| if count == 1 { "1 name".to_owned() } else { format!("{count} names") };
    match (report.findings.len() + report.left_out, report.known) {
        (0, 0) => "no names of the platform found".to_owned(),
        (0, known) => format!("{} of the platform, none unknown", names(known)),
        (unknown, 0) => format!("{} unknown to the platform", names(unknown)),
        (unknown, known) => format!("{} unknown to the platform, {known} known", names(unknown)),
    }
}

fn one(finding: &Finding, name: &str, line: &str, width: usize, colour: bool) -> Vec<String> {
    let margin = finding.line.to_string().len();
    let blank = " ".repeat(margin);
    let (excerpt, before) = excerpt(line, finding, width.saturating_sub(margin + 3));
    let title = format!("NAME_UNKNOWN: no such {}: {}", finding.kind.word(), plain(&finding.name));
    let marked = finding.name.chars().count().clamp(1, excerpt.chars().count().saturating_sub(before).max(1));
    let mut lines = vec![
        paint(&cut(&title, width), Tone::Alarm, colour),
        format!("{blank}--> {}:{}:{}", plain(name), finding.line, finding.column),
        format!("{} | {excerpt}", finding.line),
        format!("{blank} | {}{}", " ".repeat(before), paint(&"^".repeat(marked), Tone::Alarm, colour)),
    ];
    lines.extend(labelled("why", &plain(&finding.why), margin, width));
    if let Some((first, others)) = finding.nearest.split_first() {
        lines.extend(labelled("nearest", &plain(first), margin, width));
        for other in others {
            lines.extend(labelled("", &plain(other), margin, width));
        }
    }
    lines
}

/// The part of a line that holds the mark, and how many characters are before it. Every character takes one column, so
/// that the mark stays below what it marks.
fn excerpt(line: &str, finding: &Finding, width: usize) -> (String, usize) {
    let before = finding.column - 1;
    let marked = finding.name.chars().count();
    let indent = line.chars().take_while(|c| c.is_whitespace()).count().min(before);
    let shown = |from: usize| -> String {
        let text: String = line.chars().skip(from).take(width).collect();
        plain(text.replace('\t', " ").trim_end())
    };
    if before + marked <= width {
        return (shown(0), before);
    }
    // What does not fit begins as late as it takes for the mark to be seen.
    let from = indent.max((before + marked).saturating_sub(width)).min(before);
    (shown(from), before - from)
}

fn cut(text: &str, width: usize) -> String {
    if text.chars().count() <= width {
        return text.to_owned();
    }
    let mut cut: String = text.chars().take(width.saturating_sub(1)).collect();
    cut.push('…');
    cut
}

/// `= why      …`, wrapped and aligned.
fn labelled(label: &str, text: &str, margin: usize, width: usize) -> Vec<String> {
    const LABEL: usize = 8;
    let sign = if label.is_empty() { ' ' } else { '=' };
    let head = format!("{}{sign} {label:LABEL$}", " ".repeat(margin + 1));
    let room = width.saturating_sub(head.chars().count()).max(1);
    let wrapped = super::wrap::wrap(text, room);
    let blank = " ".repeat(head.chars().count());
    let starts = std::iter::once(head.as_str()).chain(std::iter::repeat(blank.as_str()));
    starts.zip(wrapped).map(|(start, text)| format!("{start}{text}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue::Catalogue;
    use crate::lint::lint;

    fn shown(text: &str) -> Vec<String> {
        let screen = Screen { is_terminal: true, width: 200, height: 24, colour: false };
        lines(&lint(Catalogue::genesys(), text), "a.txt", text, screen)
    }

    #[test]
    fn the_mark_is_below_the_name_and_everything_fits_80_columns() {
        let far = format!("{}GET /api/v2/agents/states\t\u{1b}[2J", " x".repeat(400));
        for text in ["é GET /api/v2/agents/states # ", &far, "\tscope: user:presence:readonly"] {
            let lines = shown(text);
            let (source, mark) = (&lines[2], &lines[3]);
            let start = mark.chars().position(|c| c == '^').expect("a mark");
            let marked = mark.chars().filter(|c| *c == '^').count();
            let below: String = source.chars().skip(start).take(marked).collect();
            assert!(
                ["/api/v2/agents/states", "user:presence:readonly"].contains(&below.as_str()),
                "{lines:#?}"
            );
            assert!(lines.iter().all(|line| line.chars().count() <= 80), "{lines:#?}");
            assert!(!lines.concat().contains('\u{1b}'));
        }
    }

    #[test]
    fn the_last_line_says_how_much_was_judged() {
        for (text, expected) in [
            ("", "no names of the platform found"),
            ("GET /api/v2/users", "1 name of the platform, none unknown"),
            ("GET /api/v2/user", "1 name unknown to the platform"),
            ("GET /api/v2/users then /api/v2/agents/states", "1 name unknown to the platform, 1 known"),
        ] {
            assert_eq!(shown(text).last().map(String::as_str), Some(expected), "{text}");
        }
    }
}
