//! States of agents as a table that fits the screen: ids and every age where there is room, the essential where not.

use comfy_table::{Cell, Color, ColumnConstraint, ContentArrangement, Row, Table, presets};
use onduty_core::time::Timestamp;
use onduty_proto::v1::{AgentState, SystemPresence};

use super::age::age;
use super::palette::{self, Tone};
use super::{Screen, plain};

/// From this width on there is room for everything.
const WIDE: u16 = 110;
/// From this width on there is room for ids beside a state in one word.
const MEDIUM: u16 = 78;
/// What stands where text had to be cut.
const CUT: &str = "…";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Column {
    Agent,
    Name,
    Presence,
    PresenceAge,
    Routing,
    RoutingAge,
    State,
    Queues,
    Confirmed,
}

impl Column {
    fn title(self) -> &'static str {
        match self {
            Self::Agent => "AGENT",
            Self::Name => "NAME",
            Self::Presence => "PRESENCE",
            Self::PresenceAge | Self::RoutingAge => "FOR",
            Self::Routing => "ROUTING",
            Self::State => "STATE",
            Self::Queues => "QUEUES",
            Self::Confirmed => "CONFIRMED",
        }
    }

    fn cell(self, state: &AgentState, now: Timestamp) -> (String, Tone) {
        let presence_since = state.presence.as_ref().and_then(|presence| presence.since);
        let routing_since = state.routing_status.as_ref().and_then(|routing| routing.since);
        match self {
            Self::Agent => (plain(&state.agent_id), Tone::Plain),
            Self::Name => (plain(&state.name), Tone::Plain),
            Self::Presence => palette::presence(state),
            Self::PresenceAge => (age(presence_since, now), Tone::Plain),
            Self::Routing => palette::routing(state),
            Self::RoutingAge => (age(routing_since, now), Tone::Plain),
            Self::State => in_one_word(state, now),
            Self::Queues if state.active_queues_known => {
                (state.active_queue_ids.len().to_string(), Tone::Plain)
            }
            Self::Queues => (String::new(), Tone::Plain),
            Self::Confirmed => (confirmed(state, now), Tone::Dim),
        }
    }
}

/// What matters most: the routing status of those on queue, the presence of everybody else; and since when.
#[must_use]
pub(crate) fn in_one_word(state: &AgentState, now: Timestamp) -> (String, Tone) {
    let on_queue =
        state.presence.as_ref().is_some_and(|presence| presence.system() == SystemPresence::OnQueue);
    let (text, tone, since) = match &state.routing_status {
        Some(routing) if on_queue => {
            let (text, tone) = palette::routing(state);
            (text, tone, routing.since)
        }
        Some(_) | None => {
            let (text, tone) = palette::presence(state);
            (text, tone, state.presence.as_ref().and_then(|presence| presence.since))
        }
    };
    (format!("{text} {}", age(since, now)).trim_end().to_owned(), tone)
}

fn confirmed(state: &AgentState, now: Timestamp) -> String {
    let age = age(state.confirmed_at, now);
    if age.is_empty() { age } else { format!("{age} ago") }
}

fn columns(width: u16) -> &'static [Column] {
    use Column::{Agent, Confirmed, Name, Presence, PresenceAge, Queues, Routing, RoutingAge, State};
    if width >= WIDE {
        &[Agent, Name, Presence, PresenceAge, Routing, RoutingAge, Queues, Confirmed]
    } else if width >= MEDIUM {
        &[Agent, Name, State]
    } else {
        &[Name, Presence, PresenceAge, Routing, RoutingAge]
    }
}

/// The table, a line a state below its head. No line is wider than the screen.
#[must_use]
pub(crate) fn table(states: &[AgentState], now: Timestamp, screen: Screen) -> Vec<String> {
    let columns = columns(screen.width);
    let mut table = Table::new();
    table
        .load_style(presets::NOTHING)
        .set_content_arrangement(ContentArrangement::Dynamic)
        .set_width(screen.width)
        .set_truncation_indicator(CUT);
    if screen.colour {
        table.enforce_styling();
    } else {
        table.force_no_tty();
    }
    table.set_header(row(columns.iter().map(|column| (column.title().to_owned(), Tone::Dim))));
    for state in states {
        table.add_row(row(columns.iter().map(|column| column.cell(state, now))));
    }
    for (column, settings) in columns.iter().zip(table.column_iter_mut()) {
        settings.set_padding((0, 2));
        // Names give way first, so that ids stay whole and ages readable.
        if !matches!(column, Column::Name) {
            settings.set_constraint(ColumnConstraint::ContentWidth);
        }
    }
    table.lines().map(|line| line.trim_end().to_owned()).collect()
}

fn row(cells: impl Iterator<Item = (String, Tone)>) -> Row {
    let mut row = Row::new();
    for (text, tone) in cells {
        row.add_cell(tinted(Cell::new(text), tone));
    }
    row.max_height(1);
    row
}

/// A cell in the colour of its tone.
pub(super) fn tinted(cell: Cell, tone: Tone) -> Cell {
    match tone {
        Tone::OnQueue | Tone::Good => cell.fg(Color::Green),
        Tone::Interacting => cell.fg(Color::Cyan),
        Tone::Away | Tone::Doubt => cell.fg(Color::Yellow),
        Tone::Alarm => cell.fg(Color::Red),
        Tone::Dim => cell.add_attribute(comfy_table::Attribute::Dim),
        Tone::Plain => cell,
    }
}

#[cfg(test)]
mod tests;
