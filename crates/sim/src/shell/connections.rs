//! The listener: HTTP/1.1 and HTTP/2, in the clear or over TLS, with limits on everything a stranger controls.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use serde_json::json;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::sockets::{self, Refused};
use super::{Shared, now};
use crate::wire::{self, Answer, BODY_MAX, Call, Method, Outcome, Query};

/// Connections open at once; further ones wait to be accepted.
const CONNECTIONS_MAX: usize = 1024;
/// A caller has this long to shake hands, where TLS is spoken.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);
/// A caller has this long to send its headers, which is also how long a connection may idle between requests.
const HEADER_TIMEOUT: Duration = Duration::from_secs(30);
/// And this long to send its body.
const BODY_TIMEOUT: Duration = Duration::from_secs(20);
/// Headers of one request, in bytes.
const HEADERS_MAX: u32 = 32_768;
/// Requests at once on one HTTP/2 connection.
const STREAMS_MAX: u32 = 256;
/// A request that is left hanging by switch is dropped after this.
const HANG: Duration = Duration::from_secs(120);
/// After a failed accept (too many open files) others get time to close theirs.
const ACCEPT_BACKOFF: Duration = Duration::from_millis(50);

/// Stands for the host where a caller names none.
const NO_HOST: &str = "localhost";

/// Accepts connections until stopped.
pub(super) async fn serve(
    listener: TcpListener,
    acceptor: Option<TlsAcceptor>,
    shared: Arc<Shared>,
    tasks: TaskTracker,
    stop: CancellationToken,
) {
    let room = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    loop {
        let accepted = tokio::select! {
            () = stop.cancelled() => return,
            accepted = async {
                let place = Arc::clone(&room).acquire_owned().await;
                (place, listener.accept().await)
            } => accepted,
        };
        match accepted {
            (Ok(place), Ok((stream, _))) => {
                let (shared, stop) = (Arc::clone(&shared), stop.clone());
                let secure = acceptor.is_some();
                let guest = Guest { shared, tasks: tasks.clone(), stop, place: Arc::new(place), secure };
                tasks.spawn(welcome(stream, acceptor.clone(), guest));
            }
            (_, Err(error)) => {
                tracing::warn!(%error, "could not accept a connection");
                tokio::time::sleep(ACCEPT_BACKOFF).await;
            }
            (Err(_), _) => return,
        }
    }
}

/// What everything that happens on one connection has at hand.
#[derive(Clone)]
pub(super) struct Guest {
    pub(super) shared: Arc<Shared>,
    pub(super) tasks: TaskTracker,
    pub(super) stop: CancellationToken,
    /// Its place among the connections, which a socket keeps when HTTP has done its part.
    #[expect(dead_code, reason = "held, not read: the place is free when the last holder is gone")]
    pub(super) place: Arc<OwnedSemaphorePermit>,
    /// Whether it came over TLS.
    pub(super) secure: bool,
}

/// Shakes hands where TLS is spoken, then serves.
async fn welcome(stream: TcpStream, acceptor: Option<TlsAcceptor>, guest: Guest) {
    let _ = stream.set_nodelay(true);
    let Some(acceptor) = acceptor else {
        return converse(stream, guest).await;
    };
    let shaken = tokio::select! {
        () = guest.stop.cancelled() => return,
        shaken = tokio::time::timeout(HANDSHAKE_TIMEOUT, acceptor.accept(stream)) => shaken,
    };
    match shaken {
        Ok(Ok(stream)) => converse(stream, guest).await,
        Ok(Err(error)) => tracing::debug!(%error, "no TLS with a caller"),
        Err(_) => tracing::debug!("a caller was too slow to shake hands"),
    }
}

/// Serves one connection until it ends, or until the stop lets it finish what it is at.
async fn converse(stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static, guest: Guest) {
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER_TIMEOUT)
        .max_buf_size(HEADERS_MAX as usize);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_header_list_size(HEADERS_MAX)
        .max_concurrent_streams(STREAMS_MAX);
    let stop = guest.stop.clone();
    let service = service_fn(move |request| respond(request, guest.clone()));
    let connection = builder.serve_connection_with_upgrades(TokioIo::new(stream), service);
    tokio::pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = stop.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(error, "connection ended badly");
    }
}

/// A request that gets no answer.
#[derive(Debug, thiserror::Error)]
#[error("left without an answer, by switch or because the simulator stops")]
struct LeftHanging;

async fn respond(mut request: Request<Incoming>, guest: Guest) -> Result<Response<Full<Bytes>>, LeftHanging> {
    let head_only = request.method() == http::Method::HEAD;
    let path = request.uri().path().to_owned();
    if wire::socket::is_socket(&path) {
        return match sockets::open(&mut request, &guest) {
            Ok(response) => Ok(response),
            Err(Refused::Answer(answer)) => Ok(to_response(answer, head_only)),
            Err(Refused::Hang) => hang(&guest.stop).await,
        };
    }
    let Guest { shared, stop, secure, .. } = guest;
    let answer = match (request.method(), path.as_str()) {
        (&http::Method::POST, "/sim/pause") => {
            let outstanding = tokio::select! {
                () = stop.cancelled() => return Err(LeftHanging),
                outstanding = shared.pause() => outstanding,
            };
            Answer::ok(&json!({"paused": true, "outstanding": outstanding}))
        }
        (&http::Method::POST, "/sim/resume") => {
            shared.with(|world| world.moving = true);
            Answer::ok(&json!({"paused": false}))
        }
        _ => match read(request, secure).await {
            None => Answer::json(408, &json!({"message": "the body did not come in time", "status": 408})),
            Some(call) => match shared.with(|world| wire::answer(world, &call)) {
                Outcome::Answer(answer) => answer,
                Outcome::Hang => return hang(&stop).await,
            },
        },
    };
    Ok(to_response(answer, head_only))
}

/// Lets a caller wait.
async fn hang(stop: &CancellationToken) -> Result<Response<Full<Bytes>>, LeftHanging> {
    tokio::select! {
        () = stop.cancelled() => {}
        () = tokio::time::sleep(HANG) => {}
    }
    Err(LeftHanging)
}

/// Reads a request whole. None when its body does not come in time.
async fn read(request: Request<Incoming>, secure: bool) -> Option<Call> {
    let (parts, body) = request.into_parts();
    let read = Limited::new(body, BODY_MAX).collect();
    let (body, oversized) = match tokio::time::timeout(BODY_TIMEOUT, read).await {
        Ok(Ok(body)) => (body.to_bytes(), false),
        Ok(Err(error)) if error.is::<LengthLimitError>() => (Bytes::new(), true),
        Ok(Err(_)) | Err(_) => return None,
    };
    let host = parts.headers.get(http::header::HOST).and_then(|value| value.to_str().ok());
    let authority = parts.uri.authority().map(http::uri::Authority::as_str);
    let authorization = parts.headers.get(http::header::AUTHORIZATION);
    Some(Call {
        method: Method::of(parts.method.as_str()),
        path: parts.uri.path().to_owned(),
        query: Query::parse(parts.uri.query().unwrap_or_default()),
        authorization: authorization.and_then(|value| value.to_str().ok()).map(str::to_owned),
        host: authority.or(host).unwrap_or(NO_HOST).to_owned(),
        secure,
        body: body.to_vec(),
        oversized,
        now: now(),
    })
}

fn to_response(answer: Answer, head_only: bool) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::new()));
    *response.status_mut() = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    for (name, value) in answer.headers {
        if let Ok(value) = HeaderValue::try_from(value) {
            response.headers_mut().insert(HeaderName::from_static(name), value);
        }
    }
    if !answer.body.is_empty() {
        let json = HeaderValue::from_static("application/json");
        response.headers_mut().insert(http::header::CONTENT_TYPE, json);
        if !head_only {
            *response.body_mut() = Full::new(answer.body.into());
        }
    }
    response
}
