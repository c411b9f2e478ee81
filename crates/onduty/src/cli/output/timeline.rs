//! The timeline of an agent: who it is and what is held now, then a table of what was heard, a line for each facet. The
//! outcome has a column of its own where there is room; where there is not, the rule says it in words.

mod said;

use comfy_table::{Cell, ColumnConstraint, ContentArrangement, Row, Table, presets};
use onduty_core::time::Timestamp;
use onduty_proto::v1::{GetTimelineResponse, Ruling, Source, TimelineEntry, TimelineOutcome};

use super::age::age;
use super::palette::{self, Tone, words};
use super::states::tinted;
use super::{Screen, plain};
use said::{Said, said};

/// From this width on there is room for the outcome.
const WIDE: u16 = 100;

/// What is printed, line by line. No line of the table is wider than the screen.
#[must_use]
pub(crate) fn lines(timeline: &GetTimelineResponse, now: Timestamp, screen: Screen) -> Vec<String> {
    let mut lines = head(timeline, now);
    if !timeline.entries.is_empty() {
        lines.extend(table(&timeline.entries, now, screen));
    }
    lines
}

fn head(timeline: &GetTimelineResponse, now: Timestamp) -> Vec<String> {
    let GetTimelineResponse { agent_id, user_id, agent_state, kept_since, note, .. } = timeline;
    let mut who = plain(agent_id);
    if user_id != agent_id && !user_id.is_empty() {
        who = format!("{who} (user {})", plain(user_id));
    }
    let name = agent_state.as_ref().map(|state| plain(&state.name)).filter(|name| !name.is_empty());
    let mut lines = vec![name.map_or_else(|| who.clone(), |name| format!("{name}, {who}"))];
    if let Some(state) = agent_state {
        let ((presence, _), (routing, _)) = (palette::presence(state), palette::routing(state));
        let confirmed = age(state.confirmed_at, now);
        lines.push(format!(
            "  held   {presence}, {routing}; confirmed {confirmed} ago; revision {}",
            state.revision
        ));
    }
    if !note.is_empty() {
        lines.push(format!("  note   {}", plain(note)));
    }
    let since = kept_since.map_or_else(String::new, |at| format!("; kept since {}", clock(at, now)));
    lines.push(format!("  heard  newest first, times in UTC{since}"));
    lines
}

fn table(entries: &[TimelineEntry], now: Timestamp, screen: Screen) -> Vec<String> {
    let wide = screen.width >= WIDE;
    let mut table = Table::new();
    table
        .load_style(presets::NOTHING)
        .set_content_arrangement(ContentArrangement::Dynamic)
        .set_width(screen.width);
    if screen.colour {
        table.enforce_styling();
    } else {
        table.force_no_tty();
    }
    let titles =
        ["HEARD", "SOURCE", "SAID", "BEGAN", "OUTCOME", "RULE"].map(|title| (title.to_owned(), Tone::Dim));
    table.set_header(row(titles, wide));
    for entry in entries {
        for (at, said) in said(entry).into_iter().enumerate() {
            table.add_row(row(cells(entry, said, at == 0, now), wide));
        }
    }
    let rule = table.column_count().saturating_sub(1);
    for (at, column) in table.column_iter_mut().enumerate() {
        column.set_padding((0, 2));
        // What was said and the rule are broken into lines where they do not fit; nothing is cut.
        if at != SAID && at != rule {
            column.set_constraint(ColumnConstraint::ContentWidth);
        }
    }
    table.lines().map(|line| line.trim_end().to_owned()).collect()
}

/// The columns that are treated apart.
const SAID: usize = 2;
const OUTCOME: usize = 4;

fn row(cells: [(String, Tone); 6], wide: bool) -> Row {
    let shown = cells.into_iter().enumerate().filter(|(at, _)| wide || *at != OUTCOME);
    shown.map(|(_, (text, tone))| tinted(Cell::new(text), tone)).collect::<Vec<_>>().into()
}

/// When and from whom it came stands on the first line of an entry only.
fn cells(entry: &TimelineEntry, said: Said, first: bool, now: Timestamp) -> [(String, Tone); 6] {
    let once = |text: String| if first { text } else { String::new() };
    let source = match entry.source() {
        Source::Unspecified => String::new(),
        known => words(known.as_str_name(), "SOURCE_"),
    };
    let outcome = said.ruling.map_or_else(|| entry.outcome(), outcome_of);
    let outcome_text = match outcome {
        TimelineOutcome::Unspecified => String::new(),
        known => words(known.as_str_name(), "TIMELINE_OUTCOME_"),
    };
    let tone = tone(outcome);
    let instant = |at: Option<prost_types::Timestamp>| at.map_or_else(String::new, |at| clock(at, now));
    [
        (once(instant(entry.heard_at)), Tone::Plain),
        (once(source), Tone::Plain),
        (said.what, Tone::Plain),
        (instant(said.began_at), Tone::Plain),
        (outcome_text, tone),
        (plain(&said.rule), tone),
    ]
}

const fn tone(outcome: TimelineOutcome) -> Tone {
    match outcome {
        TimelineOutcome::Applied => Tone::Good,
        TimelineOutcome::Duplicate | TimelineOutcome::Forgotten => Tone::Dim,
        TimelineOutcome::Stale | TimelineOutcome::Removed => Tone::Doubt,
        TimelineOutcome::Rejected => Tone::Alarm,
        TimelineOutcome::Unspecified => Tone::Plain,
    }
}

/// What came of one facet.
const fn outcome_of(ruling: Ruling) -> TimelineOutcome {
    match ruling {
        Ruling::Applied | Ruling::ConflictWon => TimelineOutcome::Applied,
        Ruling::Duplicate => TimelineOutcome::Duplicate,
        Ruling::Older | Ruling::ConflictLost | Ruling::Overruled => TimelineOutcome::Stale,
        Ruling::ClockAhead | Ruling::NotPrimary => TimelineOutcome::Rejected,
        Ruling::Unspecified => TimelineOutcome::Unspecified,
    }
}

/// An instant of today as `10:31:02`, another as `08-23 10:31`, of another year as its date.
fn clock(at: prost_types::Timestamp, now: Timestamp) -> String {
    let millis = now.as_millis();
    let now = prost_types::Timestamp { seconds: millis.div_euclid(1_000), nanos: 0 }.to_string();
    let text = at.to_string();
    let parts = (text.get(..4), text.get(5..10), text.get(11..16), text.get(11..19));
    let (Some(year), Some(day), Some(minute), Some(second)) = parts else { return text };
    match (now.get(..4) == Some(year), now.get(5..10) == Some(day)) {
        (true, true) => second.to_owned(),
        (true, false) => format!("{day} {minute}"),
        (false, _) => format!("{year}-{day}"),
    }
}

#[cfg(test)]
mod tests;
