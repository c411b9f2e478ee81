//! The live view: a fixed roll of agents, because rows that jump cannot be read, and below it what changed last.

use std::collections::VecDeque;

use onduty_client::proto::{AgentPresence, AgentRoutingStatus, AgentState, RoutingStatus, SystemPresence};
use onduty_client::{Event, Replica};
use onduty_core::time::Timestamp;

use crate::cli::output::palette::{Tone, paint};
use crate::cli::output::{Screen, plain, states};
use crate::cli::watch::short_change_line;

/// Draws on a screen of its own, without a cursor.
pub(super) const ENTER: &str = "\u{1b}[?1049h\u{1b}[?25l\u{1b}[2J";
/// Gives the screen back as it was.
pub(super) const LEAVE: &str = "\u{1b}[?25h\u{1b}[?1049l";

/// Changes remembered for the lower part.
const RECENT_MAX: usize = 64;
/// Least lines that the roll needs to be worth its room.
const ROLL_MIN: usize = 6;

/// A change in words, with and without colour: a line can be cut only where it has none.
#[derive(Debug)]
struct Recent {
    bare: String,
    painted: String,
}

impl Recent {
    fn line(&self, screen: Screen) -> String {
        let fits = self.bare.chars().count() <= usize::from(screen.width);
        if fits && screen.colour { self.painted.clone() } else { cut(&self.bare, screen.width) }
    }
}

/// What the frames are made from.
#[derive(Debug, Default)]
pub(super) struct View {
    replica: Replica,
    recent: VecDeque<Recent>,
    changes: u64,
    trouble: Option<String>,
}

impl View {
    /// Takes in what happened.
    pub(super) fn take_in(&mut self, event: &Event) {
        match event {
            Event::Changed { state } => {
                self.changes += 1;
                let before = self.replica.get(&state.agent_id);
                self.recent.push_front(Recent {
                    bare: short_change_line(before, state, false),
                    painted: short_change_line(before, state, true),
                });
                self.recent.truncate(RECENT_MAX);
                self.trouble = None;
            }
            Event::Disconnected { cause, .. } => self.trouble = Some(plain(&cause.to_string())),
            Event::Snapshot { .. } | Event::Removed { .. } | Event::Progress { .. } => self.trouble = None,
        }
        self.replica.apply(event);
    }

    /// How many agents there are.
    pub(super) fn agents(&self) -> usize {
        self.replica.len()
    }

    /// An agent to ask for: one on queue, if there is one.
    pub(super) fn some_agent(&self) -> Option<&str> {
        let on_queue = self.replica.iter().find(|state| presence_of(state) == SystemPresence::OnQueue);
        on_queue.or_else(|| self.replica.iter().next()).map(|state| state.agent_id.as_str())
    }

    /// One frame, no larger than the screen.
    pub(super) fn frame(&self, greeting: &[String], now: Timestamp, screen: Screen) -> Vec<String> {
        let height = usize::from(screen.height).saturating_sub(1);
        let mut lines: Vec<String> = greeting.iter().map(|line| cut(line, screen.width)).collect();
        lines.push(self.summary(screen));
        lines.push(String::new());
        let room = height.saturating_sub(lines.len());
        let roll_room = (room * 2 / 3).max(ROLL_MIN).min(room);
        let mut roll: Vec<AgentState> = self.replica.iter().cloned().collect();
        roll.sort_by(|one, other| (&one.name, &one.agent_id).cmp(&(&other.name, &other.agent_id)));
        roll.truncate(roll_room.saturating_sub(1));
        lines.extend(states::table(&roll, now, screen));
        lines.push(String::new());
        lines.push(paint("LAST CHANGES", Tone::Dim, screen.colour));
        lines.extend(self.recent.iter().map(|recent| recent.line(screen)));
        lines.truncate(height);
        lines
    }

    fn summary(&self, screen: Screen) -> String {
        let count =
            |test: &dyn Fn(&AgentState) -> bool| self.replica.iter().filter(|state| test(state)).count();
        let routing = |wanted| count(&|state| routing_of(state) == wanted);
        let presence = |wanted: &[SystemPresence]| count(&|state| wanted.contains(&presence_of(state)));
        let on_queue = presence(&[SystemPresence::OnQueue]);
        let offline = presence(&[SystemPresence::Offline]);
        let away = self.replica.len().saturating_sub(on_queue + offline);
        let parts = [
            (format!("{} agents", self.replica.len()), Tone::Plain),
            (format!("{on_queue} on queue"), Tone::OnQueue),
            (format!("{} interacting", routing(RoutingStatus::Interacting)), Tone::Interacting),
            (format!("{} not responding", routing(RoutingStatus::NotResponding)), Tone::Alarm),
            (format!("{away} off queue"), Tone::Away),
            (format!("{offline} offline"), Tone::Dim),
            (format!("{} changes", self.changes), Tone::Plain),
        ];
        if let Some(trouble) = &self.trouble {
            return cut(&format!("{trouble}; connecting again"), screen.width);
        }
        let mut line = String::new();
        let mut room = usize::from(screen.width);
        for (text, tone) in parts {
            let Some(left) = room.checked_sub(text.chars().count() + 3) else { break };
            room = left;
            let between = if line.is_empty() { "" } else { " · " };
            line.push_str(between);
            line.push_str(&paint(&text, tone, screen.colour));
        }
        line
    }
}

/// The bytes that put a frame on the screen in place of the one before, without a flicker.
pub(super) fn on_screen(lines: &[String]) -> String {
    let body: String = lines.iter().map(|line| format!("{line}\u{1b}[K\r\n")).collect();
    format!("\u{1b}[H{body}\u{1b}[J")
}

fn presence_of(state: &AgentState) -> SystemPresence {
    state.presence.as_ref().map_or(SystemPresence::Unspecified, AgentPresence::system)
}

fn routing_of(state: &AgentState) -> RoutingStatus {
    state.routing_status.as_ref().map_or(RoutingStatus::Unspecified, AgentRoutingStatus::status)
}

fn cut(line: &str, width: u16) -> String {
    let width = usize::from(width);
    if line.chars().count() <= width {
        return line.to_owned();
    }
    line.chars().take(width.saturating_sub(1)).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn state(n: usize, presence: SystemPresence, revision: u64) -> AgentState {
        let presence = AgentPresence { system: presence.into(), ..Default::default() };
        AgentState {
            agent_id: format!("{n:08}-1111-2222-3333-444444444444"),
            name: format!("Agent {n:03}"),
            presence: Some(presence),
            revision,
            ..Default::default()
        }
    }

    fn view() -> View {
        let mut view = View::default();
        let agent_states = (0..200).map(|n| state(n, SystemPresence::Meal, 1)).collect();
        view.take_in(&Event::Snapshot { agent_states, findings: Vec::new(), reset: None });
        for n in 0..100 {
            view.take_in(&Event::Changed { state: Box::new(state(n, SystemPresence::OnQueue, 2)) });
        }
        view
    }

    #[test]
    fn a_frame_fits_every_screen() {
        let view = view();
        let greeting = vec!["x".repeat(300); 8];
        for (width, height) in [(60, 20), (80, 24), (120, 40), (40, 10), (20, 5), (1, 1)] {
            let screen = Screen { is_terminal: true, width, height, colour: false };
            let lines = view.frame(&greeting, Timestamp::from_millis(0), screen);
            assert!(lines.len() < usize::from(height), "{width}×{height}: {} lines", lines.len());
            if width >= 60 {
                for line in &lines {
                    assert!(line.chars().count() <= usize::from(width), "{width}×{height}: {line}");
                }
            }
        }
    }

    #[test]
    fn a_frame_counts_and_shows_the_newest_change_first() {
        let screen = Screen { is_terminal: true, width: 120, height: 40, colour: false };
        let lines = view().frame(&[], Timestamp::from_millis(0), screen);
        assert_eq!(
            lines[0],
            "200 agents · 100 on queue · 0 interacting · 0 not responding · 100 off queue · 0 offline · 100 changes"
        );
        let last = lines.iter().position(|line| line == "LAST CHANGES").expect("there is a lower part");
        assert!(lines[last + 1].contains("Agent 099  meal → on queue"), "{}", lines[last + 1]);
        assert_eq!(view().some_agent(), Some("00000000-1111-2222-3333-444444444444"));
    }
}
