//! What colours mean: on queue green, interacting cyan, break and meal yellow, not responding red, offline dim. Nothing
//! is told by colour alone.

use onduty_proto::v1::{AgentState, RoutingStatus, SystemPresence};

use super::plain;

/// The meaning that a colour stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tone {
    /// Takes work.
    OnQueue,
    /// Has work.
    Interacting,
    /// Will be back: a break, a meal, a meeting.
    Away,
    /// Needs somebody's attention.
    Alarm,
    /// Not there, or no news.
    Dim,
    /// Taken, in order.
    Good,
    /// Not taken, or not quite in order.
    Doubt,
    /// Nothing special.
    Plain,
}

/// The presence as people read it: the organisation's label, else the platform's kind, else the text as it came.
pub(crate) fn presence(state: &AgentState) -> (String, Tone) {
    let Some(presence) = &state.presence else {
        return match state.logged_in {
            Some(false) => ("logged out".to_owned(), Tone::Dim),
            Some(true) | None => ("not known".to_owned(), Tone::Dim),
        };
    };
    let system = presence.system();
    let text = match (presence.label.as_str(), system, presence.system_text.as_str()) {
        ("", SystemPresence::Unspecified, "") => "not known".to_owned(),
        ("", SystemPresence::Unspecified, text) => plain(text),
        ("", known, _) => words(known.as_str_name(), "SYSTEM_PRESENCE_"),
        (label, _, _) => plain(label),
    };
    let tone = match system {
        SystemPresence::OnQueue => Tone::OnQueue,
        SystemPresence::Break
        | SystemPresence::Meal
        | SystemPresence::Meeting
        | SystemPresence::Training
        | SystemPresence::Away => Tone::Away,
        SystemPresence::Offline => Tone::Dim,
        SystemPresence::Available
        | SystemPresence::Busy
        | SystemPresence::Idle
        | SystemPresence::Unspecified => Tone::Plain,
    };
    (text, tone)
}

/// The routing status as people read it.
pub(crate) fn routing(state: &AgentState) -> (String, Tone) {
    let Some(routing) = &state.routing_status else { return ("not known".to_owned(), Tone::Dim) };
    let status = routing.status();
    let text = match (status, routing.status_text.as_str()) {
        (RoutingStatus::Unspecified, "") => "not known".to_owned(),
        (RoutingStatus::Unspecified, text) => plain(text),
        (known, _) => words(known.as_str_name(), "ROUTING_STATUS_"),
    };
    let tone = match status {
        RoutingStatus::Idle => Tone::OnQueue,
        RoutingStatus::Interacting | RoutingStatus::Communicating => Tone::Interacting,
        RoutingStatus::NotResponding => Tone::Alarm,
        RoutingStatus::OffQueue => Tone::Dim,
        RoutingStatus::Unspecified => Tone::Plain,
    };
    (text, tone)
}

/// `SYSTEM_PRESENCE_ON_QUEUE` as `on queue`.
pub(crate) fn words(name: &str, prefix: &str) -> String {
    name.strip_prefix(prefix).unwrap_or(name).replace('_', " ").to_lowercase()
}

/// Colours `text` for a terminal.
pub(crate) fn paint(text: &str, tone: Tone, colour: bool) -> String {
    if !colour || text.is_empty() {
        return text.to_owned();
    }
    let style = style(tone);
    format!("{style}{text}{style:#}")
}

fn style(tone: Tone) -> anstyle::Style {
    let style = anstyle::Style::new();
    match tone {
        Tone::OnQueue | Tone::Good => style.fg_color(Some(anstyle::AnsiColor::Green.into())),
        Tone::Interacting => style.fg_color(Some(anstyle::AnsiColor::Cyan.into())),
        Tone::Away | Tone::Doubt => style.fg_color(Some(anstyle::AnsiColor::Yellow.into())),
        Tone::Alarm => style.fg_color(Some(anstyle::AnsiColor::Red.into())),
        Tone::Dim => style.dimmed(),
        Tone::Plain => style,
    }
}
