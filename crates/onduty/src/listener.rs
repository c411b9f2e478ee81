//! The accept loop of every listener: HTTP/1.1 and cleartext HTTP/2 on one port, over TCP or a unix socket. What a
//! stranger can hold (connections, heads, streams, unfinished bodies, time) is bounded here, once.

pub mod body;
mod ration;
mod silence;
mod socket;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use http::Request;
use hyper::body::Incoming;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;
use tower::ServiceExt as _;

pub use self::ration::Crowded;
use self::ration::Ration;
use self::silence::Heard;
pub use self::socket::BindError;
use self::socket::Socket;
use crate::config::Listen;

/// A listener that is bound and not yet serving.
#[derive(Debug)]
pub struct Listener {
    name: &'static str,
    socket: Socket,
    limits: ListenerLimits,
}

/// What a stranger can hold.
#[derive(Clone, Copy, Debug)]
pub struct ListenerLimits {
    /// Connections open at once. More wait in the system's queue.
    pub connections: usize,
    /// Requests open at once on one HTTP/2 connection.
    pub streams_per_connection: u32,
    /// The longest body that is taken. Not enforced here, where it is not known what becomes of a longer one.
    pub body_bytes: usize,
    /// How long the head of a request may take, and a new connection to say anything at all.
    pub header_timeout: Duration,
    /// How long open requests may take to end after a stop; then they are cut.
    pub stop_timeout: Duration,
}

/// When to send again what found no room.
pub const CROWDED_WAIT: Duration = Duration::from_secs(1);

/// The head of one request.
const HEAD_BYTES_MAX: u32 = 64 * 1_024;

/// Header fields of one HTTP/1.1 request.
const HEADER_FIELDS_MAX: usize = 100;

/// A silent HTTP/2 peer is asked for a sign of life this often, and has this long to give one.
const PING_INTERVAL: Duration = Duration::from_secs(20);
const PING_TIMEOUT: Duration = Duration::from_secs(20);

/// Pause after the system refused a new connection (usually for want of file descriptors), growing to the longest.
const PAUSE_MIN: Duration = Duration::from_millis(10);
const PAUSE_MAX: Duration = Duration::from_secs(1);

impl Listener {
    /// Binds. Port 0 lets the system choose; see [`Listener::address`]. A unix socket that nobody answers at, left
    /// behind by a process that was killed, is replaced.
    ///
    /// # Errors
    /// When the address is in use or not to be had.
    pub async fn bind(name: &'static str, at: &Listen, limits: ListenerLimits) -> Result<Self, BindError> {
        Ok(Self { name, socket: Socket::bind(at).await?, limits })
    }

    /// Where it is bound.
    pub const fn address(&self) -> &Listen {
        self.socket.address()
    }

    /// Accepts and serves until `stop`, then lets open requests end for as long as they may and cuts the rest. Owns
    /// every connection: when this returns or is dropped, none is left.
    pub async fn serve(self, router: Router, stop: CancellationToken) {
        let builder = Arc::new(builder(&self.limits));
        let room = Arc::new(Semaphore::new(self.limits.connections));
        let ration = Ration::new(self.limits.body_bytes);
        let mut connections = JoinSet::new();
        let mut pause = PAUSE_MIN;
        loop {
            let place = tokio::select! {
                biased;
                () = stop.cancelled() => break,
                Some(_) = connections.join_next() => continue,
                place = Arc::clone(&room).acquire_owned() => place,
            };
            // Fails only when the semaphore is closed, which nobody does.
            let Ok(place) = place else { break };
            let accepted = tokio::select! {
                () = stop.cancelled() => break,
                accepted = self.socket.accept() => accepted,
            };
            match accepted {
                Ok(stream) => {
                    pause = PAUSE_MIN;
                    let connection = Connection {
                        builder: Arc::clone(&builder),
                        router: router.clone(),
                        ration: ration.clone(),
                        stop: stop.clone(),
                        header_timeout: self.limits.header_timeout,
                        _place: place,
                    };
                    connections.spawn(connection.serve(stream));
                }
                Err(error) if socket::concerns_one_connection(&error) => {}
                Err(error) => {
                    tracing::warn!(listener = self.name, error = %error, "can't accept a connection");
                    sleep(pause).await;
                    pause = (pause * 2).min(PAUSE_MAX);
                }
            }
        }
        self.finish(connections).await;
    }

    async fn finish(self, mut connections: JoinSet<()>) {
        // Nobody new gets in, not even into the system's queue.
        let Self { name, socket, limits } = self;
        drop(socket);
        let ended = async { while connections.join_next().await.is_some() {} };
        if timeout(limits.stop_timeout, ended).await.is_err() {
            tracing::warn!(
                listener = name,
                connections = connections.len(),
                "cut connections that had not ended"
            );
            connections.shutdown().await;
        }
    }
}

/// One accepted connection.
struct Connection {
    builder: Arc<Builder<TokioExecutor>>,
    router: Router,
    ration: Ration,
    stop: CancellationToken,
    header_timeout: Duration,
    _place: OwnedSemaphorePermit,
}

impl Connection {
    /// Serves it to its end. What goes wrong here is the peer's business (a reset, garbage, silence) and no news.
    async fn serve(self, stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static) {
        let (stream, heard) = Heard::listen(stream);
        let ration = self.ration;
        let rationed = move |request: Request<Incoming>| request.map(|body| ration.body(body));
        let service = TowerToHyperService::new(self.router.map_request(rationed));
        let connection = self.builder.serve_connection(TokioIo::new(stream), service);
        tokio::pin!(connection);
        let silent = heard.silent_for(self.header_timeout);
        tokio::pin!(silent);
        tokio::select! {
            _ = connection.as_mut() => return,
            () = self.stop.cancelled() => {}
            () = &mut silent => return,
        }
        connection.as_mut().graceful_shutdown();
        tokio::select! {
            _ = connection => {}
            () = silent => {}
        }
    }
}

fn builder(limits: &ListenerLimits) -> Builder<TokioExecutor> {
    let mut builder = Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.header_timeout)
        .max_headers(HEADER_FIELDS_MAX)
        .max_buf_size(HEAD_BYTES_MAX as usize);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_header_list_size(HEAD_BYTES_MAX)
        .max_concurrent_streams(limits.streams_per_connection)
        .keep_alive_interval(PING_INTERVAL)
        .keep_alive_timeout(PING_TIMEOUT);
    builder
}
