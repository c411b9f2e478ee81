//! A consumer of a watch that keeps a replica by the contract's rules, and checks the promises on every message.

use std::collections::BTreeMap;

use onduty_core::cursor::Cursor;
use onduty_proto::v1::change::Change as Kind;
use onduty_proto::v1::watch_agent_states_response::Message;
use onduty_proto::v1::{Finding, ResetReason, WatchAgentStatesRequest, WatchAgentStatesResponse};
use tonic::{Status, Streaming};

use crate::stage::{Stage, within};

/// The consumer.
pub(crate) struct Follower {
    stream: Streaming<WatchAgentStatesResponse>,
    /// Agents and the revisions of their states.
    pub(crate) replica: BTreeMap<String, u64>,
    /// Every revision that was told as a change, in order.
    pub(crate) changes: Vec<u64>,
    /// Agents that were told to be removed.
    pub(crate) removed: Vec<String>,
    /// Why agents of the snapshot have no state, in the order told.
    pub(crate) findings: Vec<Finding>,
    /// Where to resume, once the replica is whole.
    pub(crate) cursor: String,
    snapshot: Option<BTreeMap<String, u64>>,
}

/// What kind of message came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Came {
    /// A page of a snapshot, the last or not.
    Page { last: bool },
    /// Changes.
    Changes,
    /// A sign of life.
    Progress,
    /// A reset.
    Reset(ResetReason),
}

impl Follower {
    /// Begins a watch with an empty replica.
    pub(crate) async fn follow(stage: &Stage, request: WatchAgentStatesRequest) -> Self {
        let stream = within(stage.client().watch_agent_states(request)).await.expect("a watch").into_inner();
        Self {
            stream,
            replica: BTreeMap::new(),
            changes: Vec::new(),
            removed: Vec::new(),
            findings: Vec::new(),
            cursor: String::new(),
            snapshot: None,
        }
    }

    /// Cuts the watch and resumes it on another connection.
    pub(crate) async fn resumed(self, stage: &Stage, request: WatchAgentStatesRequest) -> Self {
        let Self { stream, replica, changes, removed, cursor, .. } = self;
        drop(stream);
        let again = Self::follow(stage, WatchAgentStatesRequest { cursor: cursor.clone(), ..request }).await;
        Self { replica, changes, removed, cursor, ..again }
    }

    /// Takes in one message; `None` at the end of the stream.
    pub(crate) async fn next(&mut self) -> Result<Option<Came>, Status> {
        let Some(message) = within(self.stream.message()).await? else { return Ok(None) };
        Ok(Some(match message.message.expect("never empty") {
            Message::Snapshot(page) => {
                let snapshot = self.snapshot.get_or_insert_default();
                let (ceiling, cursor) = (revision(&page.cursor), page.cursor);
                for state in page.agent_states {
                    assert!(state.revision <= ceiling, "a snapshot is of one cursor");
                    assert!(snapshot.insert(state.agent_id, state.revision).is_none(), "told once");
                }
                self.findings.extend(page.findings);
                if page.last {
                    self.replica = self.snapshot.take().expect("a snapshot");
                    self.cursor = cursor;
                }
                Came::Page { last: page.last }
            }
            Message::Changes(changes) => {
                assert!(!changes.changes.is_empty(), "changes change something");
                for change in changes.changes {
                    match change.change.expect("never empty") {
                        Kind::Upserted(state) => {
                            assert!(state.revision > revision(&self.cursor), "told already");
                            assert!(self.changes.last() < Some(&state.revision), "ordered by revision");
                            self.changes.push(state.revision);
                            self.replica.insert(state.agent_id, state.revision);
                        }
                        Kind::Removed(agent_id) => {
                            self.replica.remove(&agent_id);
                            self.removed.push(agent_id);
                        }
                    }
                }
                self.advance(changes.cursor);
                Came::Changes
            }
            Message::Progress(progress) => {
                assert!(progress.as_of.is_some());
                self.advance(progress.cursor);
                Came::Progress
            }
            Message::Reset(reset) => {
                self.snapshot = None;
                self.findings.clear();
                if reset.reason() == ResetReason::Draining {
                    self.cursor = reset.cursor.clone();
                }
                Came::Reset(reset.reason())
            }
        }))
    }

    /// Takes in one message of a stream that goes on.
    pub(crate) async fn came(&mut self) -> Came {
        self.next().await.expect("no error").expect("not the end")
    }

    /// Takes in messages until the replica is what it should be.
    pub(crate) async fn until(&mut self, done: impl Fn(&Self) -> bool) {
        while !done(self) {
            self.came().await;
        }
    }

    /// Takes in messages until the replica equals the truth, which must have come to rest.
    pub(crate) async fn until_equal(&mut self, truth: &BTreeMap<String, u64>) {
        self.until(|follower| follower.replica == *truth).await;
    }

    fn advance(&mut self, cursor: String) {
        assert!(revision(&cursor) >= revision(&self.cursor), "a cursor never moves back");
        self.cursor = cursor;
    }
}

/// The revision inside a cursor: tests may look, clients may not.
pub(crate) fn revision(cursor: &str) -> u64 {
    cursor.parse::<Cursor>().map_or(0, |cursor| cursor.revision.0)
}
