//! What a watch makes of the messages it receives: pure, so that every sequence a server may send can be tested.

use onduty_proto::v1::change::Change as Item;
use onduty_proto::v1::watch_agent_states_response::Message;
use onduty_proto::v1::{
    AgentState, Finding, ResetReason, WatchAgentStatesResponse, WatchChanges, WatchReset, WatchSnapshot,
};

use super::Event;

/// The state of a watch across its connections: how far it has come, and the snapshot it is in the middle of.
///
/// ```
/// use onduty_client::proto::{WatchAgentStatesResponse, WatchProgress, watch_agent_states_response::Message};
/// use onduty_client::{Session, Step};
///
/// let mut session = Session::resuming("c1".to_owned());
/// let progress = WatchProgress { cursor: "c2".to_owned(), as_of: None };
/// let step = session.receive(WatchAgentStatesResponse { message: Some(Message::Progress(progress)) });
/// assert!(matches!(step, Step::Events(events) if events.len() == 1));
/// assert_eq!(session.cursor(), "c2");
/// ```
#[derive(Debug, Clone, Default)]
pub struct Session {
    cursor: String,
    pages: Vec<AgentState>,
    findings: Vec<Finding>,
    /// What the snapshot that is due replaces, if it replaces anything.
    reset: Option<ResetReason>,
}

/// What follows from a message.
#[derive(Debug)]
pub enum Step {
    /// These happened, in this order; after the last of them the cursor holds.
    Events(Vec<Event>),
    /// The server is going away: connect again and resume.
    Reconnect,
}

impl Session {
    /// Begins with a snapshot when `cursor` is empty, else with exactly what was missed since.
    #[must_use]
    pub fn resuming(cursor: String) -> Self {
        Self { cursor, ..Self::default() }
    }

    /// Where the next connection has to resume. Moves only when nothing before it can be missed any more: not in the
    /// middle of a snapshot.
    #[must_use]
    pub fn cursor(&self) -> &str {
        &self.cursor
    }

    /// Takes in one message.
    pub fn receive(&mut self, response: WatchAgentStatesResponse) -> Step {
        match response.message {
            Some(Message::Snapshot(page)) => Step::Events(self.page(page)),
            Some(Message::Changes(changes)) => Step::Events(self.changes(changes)),
            Some(Message::Progress(progress)) => {
                self.advance(progress.cursor);
                Step::Events(vec![Event::Progress { as_of: progress.as_of }])
            }
            Some(Message::Reset(reset)) => self.reset(reset),
            // A kind of message that this version does not know: a sign of life, and nothing else.
            None => Step::Events(Vec::new()),
        }
    }

    /// The connection is gone: half a snapshot is worth nothing.
    pub fn disconnected(&mut self) {
        self.pages.clear();
        self.findings.clear();
        self.reset = None;
    }

    fn page(&mut self, page: WatchSnapshot) -> Vec<Event> {
        self.pages.extend(page.agent_states);
        self.findings.extend(page.findings);
        if !page.last {
            return Vec::new();
        }
        self.advance(page.cursor);
        let (agent_states, findings) = (std::mem::take(&mut self.pages), std::mem::take(&mut self.findings));
        vec![Event::Snapshot { agent_states, findings, reset: self.reset.take() }]
    }

    fn changes(&mut self, changes: WatchChanges) -> Vec<Event> {
        self.advance(changes.cursor);
        let event = |item| match item {
            Item::Upserted(state) => Event::Changed { state: Box::new(state) },
            Item::Removed(agent_id) => Event::Removed { agent_id },
        };
        changes.changes.into_iter().filter_map(|change| change.change.map(event)).collect()
    }

    fn reset(&mut self, reset: WatchReset) -> Step {
        match reset.reason() {
            ResetReason::Draining => {
                self.advance(reset.cursor);
                Step::Reconnect
            }
            // Whatever the reason, known to this version or not: a snapshot follows and replaces everything.
            reason @ (ResetReason::EpochChanged | ResetReason::CursorExpired | ResetReason::Unspecified) => {
                self.pages.clear();
                self.findings.clear();
                self.reset = Some(reason);
                Step::Events(Vec::new())
            }
        }
    }

    /// An empty cursor would start the watch over; the last one known is better.
    fn advance(&mut self, cursor: String) {
        if !cursor.is_empty() {
            self.cursor = cursor;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use onduty_proto::v1::{Change, WatchProgress};

    fn message(message: Message) -> WatchAgentStatesResponse {
        WatchAgentStatesResponse { message: Some(message) }
    }

    fn page(ids: &[&str], last: bool, cursor: &str) -> WatchAgentStatesResponse {
        let state = |id: &&str| AgentState { agent_id: (*id).to_owned(), ..Default::default() };
        let agent_states = ids.iter().map(state).collect();
        let rest = WatchSnapshot { last, cursor: cursor.to_owned(), ..WatchSnapshot::default() };
        message(Message::Snapshot(WatchSnapshot { agent_states, ..rest }))
    }

    fn reasons(ids: &[&str], last: bool, cursor: &str) -> WatchAgentStatesResponse {
        let finding = |id: &&str| Finding { agent_id: (*id).to_owned(), ..Finding::default() };
        let findings = ids.iter().map(finding).collect();
        let rest = WatchSnapshot { last, cursor: cursor.to_owned(), ..WatchSnapshot::default() };
        message(Message::Snapshot(WatchSnapshot { findings, ..rest }))
    }

    /// Ids that begin with `-` are removed.
    fn changes(ids: &[&str], cursor: &str) -> WatchAgentStatesResponse {
        let change = |id: &&str| match id.strip_prefix('-') {
            Some(id) => Change { change: Some(Item::Removed(id.to_owned())) },
            None => {
                let state = AgentState { agent_id: (*id).to_owned(), ..Default::default() };
                Change { change: Some(Item::Upserted(state)) }
            }
        };
        let changes = ids.iter().map(change).collect();
        message(Message::Changes(WatchChanges { changes, cursor: cursor.to_owned() }))
    }

    fn progress(cursor: &str) -> WatchAgentStatesResponse {
        message(Message::Progress(WatchProgress { cursor: cursor.to_owned(), as_of: None }))
    }

    fn reset(reason: ResetReason, cursor: &str) -> WatchAgentStatesResponse {
        message(Message::Reset(WatchReset { reason: reason.into(), cursor: cursor.to_owned() }))
    }

    fn told(step: Step) -> String {
        let Step::Events(events) = step else { return "reconnect".to_owned() };
        let event = |event: Event| match event {
            Event::Snapshot { agent_states, findings, reset } => {
                let ids: Vec<_> = agent_states.into_iter().map(|state| state.agent_id).collect();
                let without: String = findings.iter().map(|miss| format!(" but {}", miss.agent_id)).collect();
                let reset = reset.map_or("", |reason| reason.as_str_name());
                format!("all {}{reset}{without}", ids.join("+"))
            }
            Event::Changed { state } => format!("set {}", state.agent_id),
            Event::Removed { agent_id } => format!("gone {agent_id}"),
            Event::Progress { .. } => "progress".to_owned(),
            Event::Disconnected { .. } => "disconnected".to_owned(),
        };
        events.into_iter().map(event).collect::<Vec<_>>().join(", ")
    }

    #[test]
    fn every_sequence_of_messages_has_its_events_and_its_cursor() {
        use ResetReason::{CursorExpired, Draining, EpochChanged, Unspecified};
        type Row = (&'static str, Vec<(WatchAgentStatesResponse, &'static str, &'static str)>);
        let table: Vec<Row> = vec![
            ("one page", vec![(page(&["a", "b"], true, "c1"), "all a+b", "c1")]),
            ("an empty snapshot", vec![(page(&[], true, "c1"), "all ", "c1")]),
            (
                "pages",
                vec![(page(&["a"], false, "c1"), "", "c0"), (page(&["b"], true, "c1"), "all a+b", "c1")],
            ),
            (
                "reasons",
                vec![
                    (page(&["a"], false, "c1"), "", "c0"),
                    (reasons(&["x"], false, "c1"), "", "c0"),
                    (reasons(&["y"], true, "c1"), "all a but x but y", "c1"),
                    (page(&["a"], true, "c2"), "all a", "c2"),
                ],
            ),
            ("changes", vec![(changes(&["a", "-b", "c"], "c2"), "set a, gone b, set c", "c2")]),
            ("progress", vec![(progress("c3"), "progress", "c3")]),
            ("no cursor", vec![(progress(""), "progress", "c0")]),
            ("an unknown message", vec![(WatchAgentStatesResponse { message: None }, "", "c0")]),
            ("drain", vec![(reset(Draining, "c4"), "reconnect", "c4")]),
            (
                "another epoch",
                vec![
                    (reset(EpochChanged, ""), "", "c0"),
                    (page(&["a"], false, "d1"), "", "c0"),
                    (page(&[], true, "d1"), "all aRESET_REASON_EPOCH_CHANGED", "d1"),
                    (page(&["b"], true, "d2"), "all b", "d2"),
                ],
            ),
            (
                "a reset in the middle of a snapshot",
                vec![
                    (page(&["a"], false, "c1"), "", "c0"),
                    (reset(CursorExpired, ""), "", "c0"),
                    (page(&["b"], true, "c2"), "all bRESET_REASON_CURSOR_EXPIRED", "c2"),
                ],
            ),
            (
                "a reason of a later version",
                vec![
                    (reset(Unspecified, ""), "", "c0"),
                    (page(&["b"], true, "c2"), "all bRESET_REASON_UNSPECIFIED", "c2"),
                ],
            ),
        ];
        for (name, steps) in table {
            let mut session = Session::resuming("c0".to_owned());
            for (response, expected, cursor) in steps {
                assert_eq!(told(session.receive(response)), expected, "{name}");
                assert_eq!(session.cursor(), cursor, "{name}");
            }
        }
    }

    #[test]
    fn half_a_snapshot_does_not_survive_its_connection() {
        let mut session = Session::resuming("c0".to_owned());
        session.receive(reset(ResetReason::EpochChanged, ""));
        session.receive(page(&["a"], false, "c1"));
        session.receive(reasons(&["x"], false, "c1"));
        session.disconnected();
        assert_eq!(session.cursor(), "c0");
        assert_eq!(told(session.receive(page(&["b"], true, "c2"))), "all b");
    }
}
