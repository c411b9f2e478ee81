//! A watch: one sequence of events over as many connections as it takes.

pub(crate) mod backoff;
pub(crate) mod session;

use std::collections::VecDeque;
use std::hash::{BuildHasher as _, Hasher as _};
use std::time::Duration;

use futures_util::Stream;
use onduty_proto::v1::{
    AgentFilter, AgentState, Delivery, Finding, ResetReason, WatchAgentStatesRequest,
    WatchAgentStatesResponse,
};
use prost_types::Timestamp;
use tokio::time::{Instant, sleep_until, timeout_at};
use tonic::Streaming;

use crate::client::Client;
use crate::error::ClientError;
use backoff::Backoff;
use session::{Session, Step};

/// After this many progress intervals without a message the connection counts as dead.
const SILENT_INTERVALS: u32 = 3;

/// The longest wait taken from a sidecar's advice.
const ADVICE_MAX: Duration = Duration::from_secs(60);

/// Which agents a watch is about.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Scope {
    agent_ids: Vec<String>,
    filter: Option<AgentFilter>,
}

impl Scope {
    /// Everybody.
    #[must_use]
    pub fn everyone() -> Self {
        Self::default()
    }

    /// These agents; nobody named means everybody.
    #[must_use]
    pub fn agents(agent_ids: Vec<String>) -> Self {
        Self { agent_ids, filter: None }
    }

    /// Whoever matches. An agent that stops matching is removed.
    #[must_use]
    pub fn matching(filter: AgentFilter) -> Self {
        Self { agent_ids: Vec::new(), filter: Some(filter) }
    }
}

/// How a watch is held.
#[derive(Debug, Clone, PartialEq)]
pub struct WatchOptions {
    /// Resume here instead of beginning with a snapshot.
    pub cursor: String,
    /// How much of what happens in between is wanted.
    pub delivery: Delivery,
    /// At most this long between two messages, from 100 ms to 5 min; three times that without one and the connection
    /// is made anew.
    pub progress_interval: Duration,
    /// Decides how waits between attempts are spread. Tests give one; the default differs with every call.
    pub seed: u64,
}

impl Default for WatchOptions {
    fn default() -> Self {
        Self {
            cursor: String::new(),
            delivery: Delivery::Coalesced,
            progress_interval: Duration::from_secs(10),
            seed: std::hash::RandomState::new().build_hasher().finish(),
        }
    }
}

/// What happened, in the order of the store's revisions.
#[derive(Debug)]
pub enum Event {
    /// Everything, at one instant: it replaces all that is held.
    Snapshot {
        /// Every agent of the watch.
        agent_states: Vec<AgentState>,
        /// Why there is no state of others that are watched by id, in the order asked. Of one that gets a state later
        /// its change is heard.
        findings: Vec<Finding>,
        /// Why a snapshot came in the middle of a watch: the store began anew, or the cursor was too old.
        reset: Option<ResetReason>,
    },
    /// An agent's new state. May be heard again after a reconnection.
    Changed {
        /// The state.
        state: Box<AgentState>,
    },
    /// An agent is gone, or no longer matches the filter.
    Removed {
        /// The agent.
        agent_id: String,
    },
    /// Nothing (else) changed.
    Progress {
        /// Everything up to this instant, by the sidecar's clock, has been sent.
        as_of: Option<Timestamp>,
    },
    /// The connection is gone; the watch goes on by itself. What is held stays true as of the last event.
    Disconnected {
        /// Why.
        cause: Cause,
        /// The next attempt is made after this long.
        retry_in: Duration,
    },
}

/// Why a connection ended.
#[derive(Debug, thiserror::Error)]
pub enum Cause {
    /// The sidecar is stopping and said where to resume.
    #[error("the sidecar is stopping")]
    Draining,
    /// The sidecar ended the stream without a word.
    #[error("the sidecar ended the stream")]
    Closed,
    /// Not even a sign of life came.
    #[error("nothing was heard for {} ms", silence.as_millis())]
    Silent {
        /// For how long.
        silence: Duration,
    },
    /// The connection or the call failed.
    #[error("the watch failed")]
    Failed(#[source] ClientError),
}

/// A running watch. Dropping it ends it.
#[derive(Debug)]
pub struct Watch {
    client: Client,
    scope: Scope,
    delivery: Delivery,
    progress_interval: Duration,
    session: Session,
    backoff: Backoff,
    link: Link,
    /// Events not yet handed out, each with the cursor that holds once it is.
    pending: VecDeque<(Event, String)>,
    handed_out: String,
}

#[derive(Debug)]
enum Link {
    Down { until: Instant },
    Up { stream: Box<Streaming<WatchAgentStatesResponse>>, heard: Instant },
}

impl Watch {
    pub(crate) fn new(client: Client, scope: Scope, options: WatchOptions) -> Self {
        let WatchOptions { cursor, delivery, progress_interval, seed } = options;
        Self {
            client,
            scope,
            delivery,
            progress_interval,
            session: Session::resuming(cursor.clone()),
            backoff: Backoff::new(seed),
            link: Link::Down { until: Instant::now() },
            pending: VecDeque::new(),
            handed_out: cursor,
        }
    }

    /// Where to resume so that nothing after the last event handed out is missed: what to store beside a copy.
    #[must_use]
    pub fn cursor(&self) -> &str {
        &self.handed_out
    }

    /// The next event. May be dropped at any await point (in a `select!`, say) without losing one.
    ///
    /// # Errors
    ///
    /// Only what connecting again cannot mend: a request that the sidecar refuses, or, with every change asked for, a
    /// cursor that it no longer can resume from.
    pub async fn next(&mut self) -> Result<Event, ClientError> {
        loop {
            if let Some((event, cursor)) = self.pending.pop_front() {
                self.handed_out = cursor;
                return Ok(event);
            }
            match self.advance().await {
                Ok(()) => {}
                Err(Cause::Failed(error)) if !error.is_transient() => return Err(error),
                Err(cause) => self.disconnect(cause),
            }
        }
    }

    /// The events as a stream, which ends after the first error.
    pub fn into_stream(self) -> impl Stream<Item = Result<Event, ClientError>> {
        futures_util::stream::try_unfold(self, |mut watch| async move {
            let event = watch.next().await?;
            Ok(Some((event, watch)))
        })
    }

    /// One step: a connection made, or a message taken in.
    async fn advance(&mut self) -> Result<(), Cause> {
        let silence = self.progress_interval.saturating_mul(SILENT_INTERVALS);
        match &mut self.link {
            Link::Down { until } => {
                sleep_until(*until).await;
                let request = self.request();
                let deadline = Instant::now() + silence;
                let mut states = self.client.states();
                let opened = timeout_at(deadline, states.watch_agent_states(request)).await;
                let stream = opened
                    .map_err(|_| Cause::Silent { silence })?
                    .map_err(|status| Cause::Failed(self.client.error(&status)))?;
                self.link = Link::Up { stream: Box::new(stream.into_inner()), heard: Instant::now() };
                Ok(())
            }
            Link::Up { stream, heard } => {
                let message = timeout_at(*heard + silence, stream.message())
                    .await
                    .map_err(|_| Cause::Silent { silence })?
                    .map_err(|status| Cause::Failed(self.client.error(&status)))?
                    .ok_or(Cause::Closed)?;
                *heard = Instant::now();
                self.backoff.reset();
                self.take_in(message)
            }
        }
    }

    fn take_in(&mut self, message: WatchAgentStatesResponse) -> Result<(), Cause> {
        let before = self.session.cursor().to_owned();
        match self.session.receive(message) {
            Step::Events(mut events) => {
                let last = events.pop();
                self.pending.extend(events.into_iter().map(|event| (event, before.clone())));
                self.pending.extend(last.map(|event| (event, self.session.cursor().to_owned())));
                Ok(())
            }
            Step::Reconnect => Err(Cause::Draining),
        }
    }

    fn disconnect(&mut self, cause: Cause) {
        self.session.disconnected();
        let advised = match &cause {
            Cause::Failed(error) => error.retry_after().unwrap_or_default().min(ADVICE_MAX),
            Cause::Draining | Cause::Closed | Cause::Silent { .. } => Duration::ZERO,
        };
        let retry_in = self.backoff.next_wait().max(advised);
        self.link = Link::Down { until: Instant::now() + retry_in };
        let cursor = self.session.cursor().to_owned();
        self.pending.push_back((Event::Disconnected { cause, retry_in }, cursor));
    }

    fn request(&self) -> WatchAgentStatesRequest {
        WatchAgentStatesRequest {
            agent_ids: self.scope.agent_ids.clone(),
            filter: self.scope.filter.clone(),
            cursor: self.session.cursor().to_owned(),
            delivery: self.delivery.into(),
            progress_interval: prost_types::Duration::try_from(self.progress_interval).ok(),
        }
    }
}
