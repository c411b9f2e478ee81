//! Unary calls: four connections with sixteen calls in flight each.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use onduty_proto::v1;
use prost::Message;
use tokio::task::JoinSet;
use tokio::time::sleep;

use super::{MeasureError, Run};
use crate::load::calls;
use crate::load::process::Server;
use crate::load::wire::{Connection, WireError};

/// A method and what it is asked.
#[derive(Clone, Debug)]
pub(crate) struct Reads {
    /// Its path.
    pub(crate) path: &'static str,
    /// Requests, asked in turns.
    pub(crate) requests: Arc<[Bytes]>,
    /// Operations that one call counts for.
    pub(crate) answers: u32,
    /// How long is measured.
    pub(crate) seconds: u32,
}

const CONNECTIONS: usize = 4;
const IN_FLIGHT: usize = 16;

/// Not measured: connections, caches and the first encoding of each row.
const WARM_UP: Duration = Duration::from_secs(2);

impl Reads {
    /// Refuses to compare servers that answer differently.
    pub(super) async fn compare(&self, left: SocketAddr, right: SocketAddr) -> Result<(), MeasureError> {
        let (left, right) = (self.ask(left).await?, self.ask(right).await?);
        let same = left.len() == right.len()
            && if self.path == calls::GET {
                same::<v1::GetAgentStateResponse>(&left, &right)?
            } else {
                same::<v1::BatchGetAgentStatesResponse>(&left, &right)?
            };
        if same { Ok(()) } else { Err(MeasureError::Different(self.path)) }
    }

    /// Loads a server for a while and sees what that cost it.
    pub(super) async fn run(&self, server: &Server) -> Result<Run, MeasureError> {
        let message = self.ask(server.address).await?.len();
        let (done, next) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicUsize::new(0)));
        let mut callers = JoinSet::new();
        for _ in 0..CONNECTIONS {
            let connection = Arc::new(Connection::open(server.address).await?);
            let method = connection.method(self.path)?;
            for _ in 0..IN_FLIGHT {
                let (connection, method, requests) =
                    (Arc::clone(&connection), method.clone(), Arc::clone(&self.requests));
                let (done, next) = (Arc::clone(&done), Arc::clone(&next));
                callers.spawn(async move {
                    loop {
                        let turn = next.fetch_add(1, Ordering::Relaxed) % requests.len();
                        connection.unary(&method, requests[turn].clone()).await?;
                        done.fetch_add(1, Ordering::Relaxed);
                    }
                });
            }
        }
        while_called(&mut callers, WARM_UP).await?;
        let (begun, calls, before) = (Instant::now(), done.load(Ordering::Relaxed), server.usage()?);
        while_called(&mut callers, Duration::from_secs(self.seconds.into())).await?;
        let calls = done.load(Ordering::Relaxed) - calls;
        let (cpu, wall) = ((server.usage()?.cpu - before.cpu).as_secs_f64(), begun.elapsed().as_secs_f64());
        let operations = calls as f64 * f64::from(self.answers);
        let message = message as f64;
        Ok(Run { cpu: cpu / operations * 1e6, rate: operations / wall, message, watch: None })
    }

    async fn ask(&self, address: SocketAddr) -> Result<Bytes, WireError> {
        let connection = Connection::open(address).await?;
        connection.unary(&connection.method(self.path)?, self.requests[0].clone()).await
    }
}

/// Lets the callers call, unless one of them fails.
async fn while_called(callers: &mut JoinSet<Result<(), WireError>>, span: Duration) -> Result<(), WireError> {
    tokio::select! {
        () = sleep(span) => Ok(()),
        Some(Ok(failed)) = callers.join_next() => failed,
    }
}

fn same<T: Message + Default + PartialEq>(left: &Bytes, right: &Bytes) -> Result<bool, WireError> {
    Ok(T::decode(left.clone())? == T::decode(right.clone())?)
}
