//! Watch fan-out: one change to every watcher, at an even pace or in a burst.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use onduty_core::cursor::Cursor;
use prost::Message;
use tokio::task::JoinSet;
use tokio::time::sleep;

use super::{MeasureError, Run, WatchRun};
use crate::arguments::Load;
use crate::load::calls;
use crate::load::process::{Server, Side};
use crate::load::wire::{Connection, Messages, WireError};
use crate::serve::Order;

/// So many watchers on so many connections, and the changes that they are told.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Fan {
    watchers: u32,
    connections: u32,
    order: Order,
}

/// What has reached the watchers, all together.
#[derive(Debug, Default)]
struct Arrived {
    changes: AtomicU64,
    messages: AtomicU64,
    bytes: AtomicU64,
}

/// How a watcher knows how many changes it was told.
#[derive(Clone, Copy, Debug)]
enum Counting {
    /// Each message is a change.
    Messages,
    /// The cursor tells; it stood here at the beginning.
    From(u64),
}

/// What is read of a message of a watch: the rest is skipped, as a loader should.
#[derive(Clone, PartialEq, Message)]
struct Glimpse {
    #[prost(message, optional, tag = "2")]
    changes: Option<ChangesGlimpse>,
}

#[derive(Clone, PartialEq, Message)]
struct ChangesGlimpse {
    #[prost(string, tag = "2")]
    cursor: String,
}

const PACED_PER_SECOND: u32 = 20;
const BURST_PER_SECOND: u32 = 1_000;
/// Seconds of a burst. Whoever can't skip is busy with it for much longer.
const BURST_SECONDS: u32 = 2;
/// One change to everybody before the measurement.
const FIRST: Order = Order { changes: 1, per_second: 1 };
/// How often it is looked whether everything has arrived.
const LOOK: Duration = Duration::from_millis(5);
/// Beyond the time that the changes take to be made.
const ARRIVAL_TIMEOUT: Duration = Duration::from_secs(180);

impl Fan {
    /// A contact centre on an ordinary day.
    pub(super) fn paced(load: &Load, connections: u32) -> Self {
        let order = Order { changes: PACED_PER_SECOND * load.seconds, per_second: PACED_PER_SECOND };
        Self { watchers: load.watchers, connections, order }
    }

    /// More than can be told one by one.
    pub(super) fn burst(load: &Load, connections: u32) -> Self {
        let order = Order { changes: BURST_PER_SECOND * BURST_SECONDS, per_second: BURST_PER_SECOND };
        Self { watchers: load.watchers, connections, order }
    }

    /// Opens the watches, orders the changes, waits until every watcher has them all, and sees what that cost.
    pub(super) async fn run(&self, server: &mut Server) -> Result<Run, MeasureError> {
        let (counting, request) = match server.side {
            Side::Bare => (Counting::Messages, calls::watch("")),
            Side::Onduty => {
                let cursor = calls::cursor(server.address).await?;
                (Counting::From(revision(&cursor)), calls::watch(&cursor))
            }
        };
        let arrived = Arc::new(Arrived::default());
        let empty = server.usage()?;
        let mut watchers = self.open(server, request, counting, &arrived).await?;
        server.order(FIRST).await?;
        self.arrival(&mut watchers, &arrived, FIRST.changes).await?;

        let (begun, before) = (Instant::now(), server.usage()?);
        let messages = arrived.messages.load(Ordering::Relaxed);
        server.order(self.order).await?;
        self.arrival(&mut watchers, &arrived, FIRST.changes + self.order.changes).await?;
        let (after, wall) = (server.usage()?, begun.elapsed().as_secs_f64());
        let deliveries = f64::from(self.order.changes) * f64::from(self.watchers);
        let all_messages = arrived.messages.load(Ordering::Relaxed);
        let memory =
            after.resident.saturating_sub(empty.resident) as f64 / 1_024.0 / f64::from(self.watchers);
        Ok(Run {
            cpu: (after.cpu - before.cpu).as_secs_f64() / deliveries * 1e6,
            rate: deliveries / wall,
            message: arrived.bytes.load(Ordering::Relaxed) as f64 / all_messages as f64,
            watch: Some(WatchRun { messages: (all_messages - messages) as f64 / deliveries, memory }),
        })
    }

    async fn open(
        &self,
        server: &Server,
        request: Bytes,
        counting: Counting,
        arrived: &Arc<Arrived>,
    ) -> Result<JoinSet<Result<(), WireError>>, WireError> {
        let mut watchers = JoinSet::new();
        for at in 0..self.connections {
            let connection = Arc::new(Connection::open(server.address).await?);
            let method = connection.method(calls::WATCH)?;
            for _ in 0..share(self.watchers, self.connections, at) {
                let messages = connection.stream(&method, request.clone()).await?;
                watchers.spawn(watch(Arc::clone(&connection), messages, counting, Arc::clone(arrived)));
            }
        }
        Ok(watchers)
    }

    /// Waits until every watcher was told so many changes.
    async fn arrival(
        &self,
        watchers: &mut JoinSet<Result<(), WireError>>,
        arrived: &Arrived,
        changes: u32,
    ) -> Result<(), MeasureError> {
        let expected = u64::from(changes) * u64::from(self.watchers);
        let limit = ARRIVAL_TIMEOUT + Duration::from_secs((changes / self.order.per_second).into());
        let begun = Instant::now();
        loop {
            let now = arrived.changes.load(Ordering::Relaxed);
            if now >= expected {
                return Ok(());
            }
            if begun.elapsed() > limit {
                return Err(MeasureError::Stuck { seconds: limit.as_secs(), arrived: now, expected });
            }
            tokio::select! {
                () = sleep(LOOK) => {}
                Some(Ok(failed)) = watchers.join_next() => failed?,
            }
        }
    }
}

/// Counts what one watcher is told, for as long as it is told anything.
async fn watch(
    _connection: Arc<Connection>,
    mut messages: Messages,
    counting: Counting,
    arrived: Arc<Arrived>,
) -> Result<(), WireError> {
    let mut told = 0;
    while let Some(message) = messages.next().await? {
        arrived.messages.fetch_add(1, Ordering::Relaxed);
        arrived.bytes.fetch_add(message.len() as u64, Ordering::Relaxed);
        let so_far = match counting {
            Counting::Messages => told + 1,
            Counting::From(start) => {
                let cursor = Glimpse::decode(message)?.changes.map(|changes| changes.cursor);
                cursor.map_or(told, |cursor| revision(&cursor) - start)
            }
        };
        arrived.changes.fetch_add(so_far - told, Ordering::Relaxed);
        told = so_far;
    }
    Err(WireError::Incomplete)
}

/// The revision of a cursor. Every change that is made here is one revision.
fn revision(cursor: &str) -> u64 {
    cursor.parse().map_or(0, |cursor: Cursor| cursor.revision.0)
}

/// How many of the watchers are on this connection.
const fn share(watchers: u32, connections: u32, at: u32) -> u32 {
    watchers / connections + if at < watchers % connections { 1 } else { 0 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use onduty_proto::v1;

    #[test]
    fn every_watcher_has_a_connection() {
        for (watchers, connections) in [(1_000, 10), (1_000, 1_000), (1_003, 10), (3, 10)] {
            let shares = (0..connections).map(|at| share(watchers, connections, at));
            assert_eq!(shares.sum::<u32>(), watchers);
        }
    }

    #[test]
    fn a_glimpse_finds_the_cursor_among_changes() {
        let state = v1::AgentState { agent_id: "a".into(), ..Default::default() };
        let change = v1::Change { change: Some(v1::change::Change::Upserted(state)) };
        let cursor = "c1-0000000000000001-2a".to_owned();
        let changes = v1::WatchChanges { changes: vec![change; 3], cursor: cursor.clone() };
        let message = v1::watch_agent_states_response::Message::Changes(changes);
        let bytes = v1::WatchAgentStatesResponse { message: Some(message) }.encode_to_vec();
        let glimpse = Glimpse::decode(&*bytes).expect("decodes").changes.expect("changes");
        assert_eq!((revision(&glimpse.cursor), glimpse.cursor), (42, cursor));
    }
}
