//! The timeline of one agent: what was heard about it, from whom, and the rule that decided. The same for every API.

mod entry;
mod place;

use std::sync::Arc;

use onduty_core::agent::UserId;
use onduty_core::answer::{Answer, Asked, looks_like_an_id};
use onduty_core::finding::{Finding, Reason};
use onduty_core::row::Row;
use onduty_proto::v1::get_timeline_request::Id;
use onduty_proto::v1::{GetTimelineRequest, GetTimelineResponse};
use prost::Message as _;
use tokio::sync::Semaphore;
use tokio::time::Instant;

use super::convert::{to_agent_state, to_timestamp};
use super::paging::{PAGE_BYTES_MAX, read_page_size};
use super::violation::Violation;
use crate::answers::Answers;
use crate::error_chain::Chain;
use crate::history::timeline::Part;
use crate::history::{History, HistoryError};
use crate::publish::View;
use entry::to_entry;
use place::Place;

/// Tells timelines. Cheap to clone.
#[derive(Clone, Debug)]
pub(super) struct Timelines {
    answers: Answers,
    view: View,
    history: History,
    /// One reads at a time: the history has one connection, and a thread that waits for it is a thread wasted.
    turn: Arc<Semaphore>,
}

/// Why there is no timeline to give.
#[derive(Debug)]
pub(super) enum NoTimeline {
    /// The request is at fault.
    Invalid(Violation),
    /// Nothing was ever heard of the agent, and the platform knows nothing either (or can't be asked); or the history
    /// can't be read.
    Missed(Box<Finding>),
}

impl From<Violation> for NoTimeline {
    fn from(violation: Violation) -> Self {
        Self::Invalid(violation)
    }
}

impl Timelines {
    /// Timelines out of `history`, beside what `view` shows; for an agent in neither, `answers` says why.
    pub(super) fn new(answers: Answers, view: View, history: History) -> Self {
        Self { answers, view, history, turn: Arc::new(Semaphore::new(1)) }
    }

    /// One page. An agent of whom nothing is kept and nothing held is looked up, until the deadline.
    ///
    /// # Errors
    ///
    /// See [`NoTimeline`].
    pub(super) async fn page(
        &self,
        request: GetTimelineRequest,
        deadline: Option<Instant>,
    ) -> Result<GetTimelineResponse, NoTimeline> {
        let GetTimelineRequest { id, page_size, page_token } = request;
        let asked = match id {
            Some(Id::AgentId(id)) => Asked::AgentId(id.into()),
            Some(Id::UserId(id)) => Asked::UserId(id.into()),
            None => {
                return Err(Violation::new("id", "one of agent_id and user_id is needed").into());
            }
        };
        let size = read_page_size(page_size).map_err(|allowed| Violation::new("page_size", allowed))?;
        let snapshot = self.view.snapshot();
        let row = asked.row(&snapshot).cloned();
        let user_id = row.as_ref().map_or_else(|| UserId::from(asked.id()), |row| row.user_id().clone());
        let epoch = snapshot.cursor().epoch;
        let from = Place::read(&page_token, epoch, &user_id)
            .map_err(|error| Violation::new("page_token", error.to_string()))?;
        let known = row.is_some() || looks_like_an_id(asked.id());
        let part = if known { self.read(&asked, &user_id, from, size).await? } else { Part::default() };
        let (row, part) = if is_nothing(row.as_ref(), &part) && from.is_none() {
            let row = self.look_up(asked.clone(), deadline).await?;
            let part = self.read(&asked, row.user_id(), None, size).await?;
            (Some(row), part)
        } else {
            (row, part)
        };
        let user_id = row.as_ref().map_or(user_id, |row| row.user_id().clone());
        Ok(to_page(&user_id, row.as_deref(), part, |seq| Place(seq).write(epoch, &user_id)))
    }

    async fn read(
        &self,
        asked: &Asked,
        user_id: &UserId,
        before: Option<Place>,
        size: usize,
    ) -> Result<Part, NoTimeline> {
        let before = before.map(|Place(seq)| seq);
        let read = async {
            let _turn = self.turn.acquire().await.map_err(|_| HistoryError::Stopping)?;
            self.history.timeline(user_id.clone(), before, size).await
        };
        read.await.map_err(|error| NoTimeline::Missed(Box::new(unreadable(asked, &error))))
    }

    /// The agent after asking the platform: somebody whom the platform knows has a timeline from now on.
    async fn look_up(&self, asked: Asked, deadline: Option<Instant>) -> Result<Arc<Row>, NoTimeline> {
        match self.answers.get(&self.answers.question(asked, None), deadline).await {
            Answer::State(row) => Ok(row),
            Answer::Miss(finding) => Err(NoTimeline::Missed(finding)),
        }
    }
}

/// The log says what is wrong with the store: its place on disk is no business of callers.
fn unreadable(asked: &Asked, error: &HistoryError) -> Finding {
    tracing::error!(error = %Chain(error), "a timeline could not be read");
    let remedy = "ask again; if it stays so, onduty's own log says what is wrong with the store";
    Finding::new(Reason::StoreFailing, asked.id(), "the history could not be read", remedy)
}

/// Whether nothing was heard and nothing is held.
fn is_nothing(row: Option<&Arc<Row>>, part: &Part) -> bool {
    part.entries.is_empty() && part.before.is_none() && row.is_none_or(|row| !row.present)
}

fn to_page(
    user_id: &UserId,
    row: Option<&Row>,
    part: Part,
    token: impl FnOnce(u64) -> String,
) -> GetTimelineResponse {
    let note = note(row, &part);
    let Part { entries, mut before, kept_since } = part;
    let mut page = GetTimelineResponse {
        agent_id: row.map_or(user_id.as_str(), Row::agent_id).to_owned(),
        user_id: user_id.as_str().to_owned(),
        agent_state: row.filter(|row| has_state(row)).map(to_agent_state),
        kept_since: kept_since.map(to_timestamp),
        note,
        ..Default::default()
    };
    let mut bytes = page.encoded_len();
    let mut last = None;
    for entry in &entries {
        let told = to_entry(entry);
        bytes += told.encoded_len();
        if let Some(last) = last.filter(|_| bytes > PAGE_BYTES_MAX) {
            before = Some(last);
            break;
        }
        page.entries.push(told);
        last = Some(entry.seq);
    }
    page.next_page_token = before.map(token).unwrap_or_default();
    page
}

fn has_state(row: &Row) -> bool {
    row.present && row.has_state()
}

/// What is missing on a page, and why.
fn note(row: Option<&Row>, part: &Part) -> String {
    let entries = match (part.entries.is_empty(), part.before) {
        (false, _) => None,
        (true, Some(_)) => Some("nothing about this agent in the part that was read: go on with the token"),
        (true, None) => Some("nothing (older) that was heard about this agent is kept"),
    };
    let state = match row {
        None => Some("nothing is held about this agent any more: the removal is forgotten"),
        Some(row) if !row.present => Some("the agent is gone; asking for its state says why"),
        Some(row) if !row.has_state() => Some("no state of this agent is known; asking for it says why"),
        Some(_) => None,
    };
    let both: Vec<&str> = entries.into_iter().chain(state).collect();
    both.join("; ")
}

#[cfg(test)]
mod tests;
