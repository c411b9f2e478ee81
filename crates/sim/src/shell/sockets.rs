//! The sockets of notification channels: the upgrade, and the task that writes and reads each of them.
//!
//! What is sent and when is decided by the world; a socket's task does what its line says, in that order.

use std::time::Duration;

use bytes::Bytes;
use futures_util::{SinkExt, StreamExt};
use http::{HeaderMap, HeaderValue, Request, Response, StatusCode, header};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::upgrade::{OnUpgrade, Upgraded};
use hyper_util::rt::TokioIo;
use tokio::time::timeout;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, Role, WebSocketConfig};
use tokio_tungstenite::tungstenite::{Error, Message};

use super::connections::Guest;
use super::now;
use crate::channels::{LineEnd, Post};
use crate::stats::Ending;
use crate::wire::Answer;
use crate::wire::socket::{self, Connected, Place};

/// The version of the protocol.
const VERSION: &str = "13";
/// The client has this long to take the answer to its wish to upgrade.
const UPGRADE_TIMEOUT: Duration = Duration::from_secs(10);
/// And this long to take what is written to it.
const WRITE_TIMEOUT: Duration = Duration::from_secs(10);
/// And this long to say good-bye back.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(3);
/// Posts taken from the line at once.
const BATCH: usize = 64;
/// The longest message that a client may send, in bytes: a subscription to a thousand topics fits.
const MESSAGE_MAX: usize = 512_000;
/// What may wait inside the protocol layer, in bytes.
const WRITE_BUFFER_MAX: usize = 1 << 20;

type Socket = WebSocketStream<TokioIo<Upgraded>>;

/// Why no socket was opened: the answer to give instead.
pub(super) enum Refused {
    /// With this answer.
    Answer(Answer),
    /// With none.
    Hang,
}

/// Opens a socket for a request that asks for one, and starts the task that serves it.
pub(super) fn open(request: &mut Request<Incoming>, guest: &Guest) -> Result<Response<Full<Bytes>>, Refused> {
    let accept = handshake(request)?;
    let path = request.uri().path().to_owned();
    let (place, line) = match guest.shared.with(|world| socket::connect(world, &path, now())) {
        Connected::Open(place, line) => (place, line),
        Connected::Refused(answer) => return Err(Refused::Answer(answer)),
        Connected::Hang => return Err(Refused::Hang),
    };
    let upgrade = hyper::upgrade::on(request);
    guest.tasks.spawn(serve(upgrade, guest.clone(), place, line));
    let mut response = Response::new(Full::new(Bytes::new()));
    *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    let headers = response.headers_mut();
    headers.insert(header::CONNECTION, HeaderValue::from_static("Upgrade"));
    headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
    headers.insert(header::SEC_WEBSOCKET_ACCEPT, accept);
    Ok(response)
}

/// The answer to the client's key, if the request is a wish for a WebSocket of this version (RFC 6455, 4.2.1).
fn handshake(request: &Request<Incoming>) -> Result<HeaderValue, Refused> {
    let headers = request.headers();
    let refuse = |status| {
        let mut answer = Answer::empty(status);
        answer.headers.push(("sec-websocket-version", VERSION.to_owned()));
        Refused::Answer(answer)
    };
    if request.method() != http::Method::GET {
        return Err(refuse(405));
    }
    if !lists(headers, &header::CONNECTION, "upgrade") || !lists(headers, &header::UPGRADE, "websocket") {
        return Err(refuse(426));
    }
    if headers.get(header::SEC_WEBSOCKET_VERSION).is_none_or(|version| version != VERSION) {
        return Err(refuse(426));
    }
    let key = headers.get(header::SEC_WEBSOCKET_KEY).ok_or_else(|| refuse(400))?;
    HeaderValue::from_str(&derive_accept_key(key.as_bytes())).map_err(|_| refuse(400))
}

fn lists(headers: &HeaderMap, name: &header::HeaderName, wanted: &str) -> bool {
    let values = headers.get_all(name).into_iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).any(|word| word.trim().eq_ignore_ascii_case(wanted))
}

/// How a socket's task left it.
struct Left {
    /// Events taken from the line and not sent.
    unsent: u64,
    /// Why, where that was not decided at the other end of the line.
    ending: Ending,
}

async fn serve(upgrade: OnUpgrade, guest: Guest, place: Place, mut line: LineEnd) {
    let mut left = Left { unsent: 0, ending: Ending::Client };
    if let Ok(Ok(upgraded)) = timeout(UPGRADE_TIMEOUT, upgrade).await {
        let config = WebSocketConfig::default()
            .max_message_size(Some(MESSAGE_MAX))
            .max_frame_size(Some(MESSAGE_MAX))
            .max_write_buffer_size(WRITE_BUFFER_MAX);
        let io = TokioIo::new(upgraded);
        let socket = WebSocketStream::from_raw_socket(io, Role::Server, Some(config)).await;
        left = run(socket, &guest, &place, &mut line).await;
    }
    line.posts.close();
    while let Ok(post) = line.posts.try_recv() {
        left.unsent += u64::from(matches!(post, Post::Event(_)));
    }
    let Left { unsent, ending } = left;
    guest.shared.with(|world| socket::hung_up(world, &place, line.socket, unsent, ending));
    guest.shared.settled.notify_waiters();
}

/// Serves a socket until it ends.
async fn run(mut socket: Socket, guest: &Guest, place: &Place, line: &mut LineEnd) -> Left {
    let mut batch = Vec::with_capacity(BATCH);
    let left = |unsent, ending| Left { unsent, ending };
    loop {
        tokio::select! {
            () = line.cut.cancelled() => return left(0, Ending::Client),
            () = guest.stop.cancelled() => {
                close(socket, u16::from(CloseCode::Away), guest).await;
                return left(0, Ending::Client);
            }
            taken = line.posts.recv_many(&mut batch, BATCH) => {
                if taken == 0 {
                    return left(0, Ending::Client);
                }
                let events = batch.iter().filter(|post| matches!(post, Post::Event(_))).count() as u64;
                let written = tokio::select! {
                    () = line.cut.cancelled() => return left(events, Ending::Client),
                    written = timeout(WRITE_TIMEOUT, write(&mut socket, &mut batch)) => written,
                };
                let next = match written {
                    Ok(Ok(next)) => next,
                    Ok(Err(_)) => return left(events, Ending::Client),
                    Err(_) => return left(events, Ending::Slow),
                };
                if events > 0 {
                    guest.shared.with(|world| world.stats.channel.sent += events);
                    guest.shared.settled.notify_waiters();
                }
                match next {
                    Next::Write => {}
                    Next::Close(code) => {
                        close(socket, code, guest).await;
                        return left(0, Ending::Client);
                    }
                    Next::Freeze => {
                        freeze(socket, guest, line).await;
                        return left(0, Ending::Client);
                    }
                }
            }
            heard = socket.next() => match heard {
                Some(Ok(message)) => hear(&message, guest, place, line.socket),
                Some(Err(_)) | None => return left(0, Ending::Client),
            },
        }
    }
}

/// What to do after some posts were written.
enum Next {
    Write,
    Close(u16),
    Freeze,
}

/// Writes posts up to one that ends the writing.
async fn write(socket: &mut Socket, batch: &mut Vec<Post>) -> Result<Next, Error> {
    let mut next = Next::Write;
    for post in batch.drain(..) {
        match post {
            Post::Event(text) | Post::Notice(text) => socket.feed(Message::text(&*text)).await?,
            Post::Close(code) => next = Next::Close(code),
            Post::Freeze => next = Next::Freeze,
        }
    }
    socket.flush().await?;
    Ok(next)
}

/// Says good-bye, and waits a little for the client to do the same; not at the simulator's own end.
async fn close(mut socket: Socket, code: u16, guest: &Guest) {
    let frame = CloseFrame { code: CloseCode::from(code), reason: "".into() };
    let good_bye = async {
        if socket.close(Some(frame)).await.is_ok() {
            tokio::select! {
                () = guest.stop.cancelled() => {}
                () = async { while let Some(Ok(_)) = socket.next().await {} } => {}
            }
        }
    };
    let _ = timeout(CLOSE_TIMEOUT, good_bye).await;
}

/// Holds a socket open without reading or writing, until its line is cut or dropped.
async fn freeze(socket: Socket, guest: &Guest, line: &mut LineEnd) {
    tokio::select! {
        () = line.cut.cancelled() => {}
        () = guest.stop.cancelled() => {}
        _ = line.posts.recv() => {}
    }
    drop(socket);
}

/// Passes on what a client sent. Pings of the protocol itself are answered below this layer.
fn hear(message: &Message, guest: &Guest, place: &Place, socket: u64) {
    let text = match message {
        Message::Text(text) => Some(text.as_str()),
        _ => None,
    };
    guest.shared.with(|world| socket::say(world, place, socket, text, now()));
}
