//! gRPC over HTTP/2 with bytes on both ends. Requests are framed beforehand and responses are not decoded, so that
//! the loader is quicker than what it loads.

use std::io;
use std::net::SocketAddr;

use bytes::{Buf as _, BufMut as _, Bytes, BytesMut};
use http::{HeaderMap, Method, Request, Response, Uri};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::client::conn::http2::{Builder, SendRequest};
use hyper_util::rt::{TokioExecutor, TokioIo};
use prost::Message;
use tokio::net::TcpStream;
use tokio::task::JoinSet;

/// A connection to a server. Ends when it is dropped.
#[derive(Debug)]
pub(crate) struct Connection {
    sender: SendRequest<Full<Bytes>>,
    authority: String,
    _driver: JoinSet<()>,
}

/// The messages of one response, as bytes.
#[derive(Debug)]
pub(crate) struct Messages {
    body: Incoming,
    received: BytesMut,
}

/// Why a call failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum WireError {
    /// There is no connection.
    #[error("could not connect to {address}")]
    Connect {
        /// Where to.
        address: SocketAddr,
        /// Why not.
        source: io::Error,
    },
    /// The request could not be put together.
    #[error("could not make a request")]
    Request(#[from] http::Error),
    /// The connection broke.
    #[error("the connection to the server broke")]
    Http(#[from] hyper::Error),
    /// The server refused.
    #[error("the server answered with gRPC status {status}: {message}")]
    Refused {
        /// Its code.
        status: String,
        /// Its text.
        message: String,
    },
    /// It ended the answer too early.
    #[error("the answer ended before its message")]
    Incomplete,
    /// It does not decode.
    #[error("the answer is not the message it should be")]
    Malformed(#[from] prost::DecodeError),
}

/// A byte that says "not compressed" and four of length.
const FRAME_HEAD: usize = 5;

/// A message as it stands in the body of a request.
pub(crate) fn framed(message: &impl Message) -> Bytes {
    let bytes = message.encode_to_vec();
    let mut out = BytesMut::with_capacity(FRAME_HEAD + bytes.len());
    out.put_u8(0);
    out.put_u32(u32::try_from(bytes.len()).unwrap_or(u32::MAX));
    out.put_slice(&bytes);
    out.freeze()
}

/// Takes the next whole message out of what was received.
fn unframed(received: &mut BytesMut) -> Option<Bytes> {
    let length = received.get(1..FRAME_HEAD)?.try_into().map(u32::from_be_bytes).ok()?;
    let length = usize::try_from(length).ok()?;
    if received.len() < FRAME_HEAD + length {
        return None;
    }
    received.advance(FRAME_HEAD);
    Some(received.split_to(length).freeze())
}

impl Connection {
    /// Connects.
    pub(crate) async fn open(address: SocketAddr) -> Result<Self, WireError> {
        let connect = async {
            let stream = TcpStream::connect(address).await?;
            stream.set_nodelay(true)?;
            Ok(stream)
        };
        let stream = connect.await.map_err(|source| WireError::Connect { address, source })?;
        let (sender, driver) = Builder::new(TokioExecutor::new()).handshake(TokioIo::new(stream)).await?;
        let mut tasks = JoinSet::new();
        tasks.spawn(async {
            // What goes wrong with the connection, its calls report.
            let _ = driver.await;
        });
        Ok(Self { sender, authority: address.to_string(), _driver: tasks })
    }

    /// A method of the server, by its path.
    pub(crate) fn method(&self, path: &str) -> Result<Uri, WireError> {
        Ok(Uri::builder().scheme("http").authority(&*self.authority).path_and_query(path).build()?)
    }

    /// Calls a method that gives one message.
    pub(crate) async fn unary(&self, method: &Uri, framed: Bytes) -> Result<Bytes, WireError> {
        let mut messages = self.stream(method, framed).await?;
        let message = messages.next().await?.ok_or(WireError::Incomplete)?;
        while messages.next().await?.is_some() {}
        Ok(message)
    }

    /// Calls a method that gives any number of messages.
    pub(crate) async fn stream(&self, method: &Uri, framed: Bytes) -> Result<Messages, WireError> {
        let request = Request::builder()
            .method(Method::POST)
            .uri(method.clone())
            .header(http::header::TE, "trailers")
            .header(http::header::CONTENT_TYPE, "application/grpc")
            .body(Full::new(framed))?;
        let response: Response<Incoming> = self.sender.clone().send_request(request).await?;
        accepted(response.headers())?;
        Ok(Messages { body: response.into_body(), received: BytesMut::new() })
    }
}

impl Messages {
    /// The next message; `None` at a good end.
    pub(crate) async fn next(&mut self) -> Result<Option<Bytes>, WireError> {
        loop {
            if let Some(message) = unframed(&mut self.received) {
                return Ok(Some(message));
            }
            let Some(frame) = self.body.frame().await.transpose()? else {
                return if self.received.is_empty() { Ok(None) } else { Err(WireError::Incomplete) };
            };
            match frame.into_data() {
                Ok(data) => self.received.extend_from_slice(&data),
                Err(frame) => accepted(frame.trailers_ref().unwrap_or(&HeaderMap::new()))?,
            }
        }
    }
}

/// Head and trailers may both carry a status; where it is not there, nothing was refused so far.
fn accepted(headers: &HeaderMap) -> Result<(), WireError> {
    let text =
        |name| String::from_utf8_lossy(headers.get(name).map_or(b"", |value| value.as_bytes())).into_owned();
    match headers.get("grpc-status") {
        Some(status) if status != "0" => {
            Err(WireError::Refused { status: text("grpc-status"), message: text("grpc-message") })
        }
        Some(_) | None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_taken_out_whole_and_in_order() {
        let first = prost_types::Timestamp { seconds: 1, nanos: 2 };
        let second = prost_types::Timestamp { seconds: 300, nanos: 4 };
        let sent = [framed(&first), framed(&second), framed(&prost_types::Timestamp::default())].concat();
        for cut in 0..=sent.len() {
            let mut received = BytesMut::from(&sent[..cut]);
            let mut taken: Vec<Bytes> = std::iter::from_fn(|| unframed(&mut received)).collect();
            received.extend_from_slice(&sent[cut..]);
            taken.extend(std::iter::from_fn(|| unframed(&mut received)));
            assert_eq!(taken, [first.encode_to_vec(), second.encode_to_vec(), Vec::new()], "cut at {cut}");
            assert!(received.is_empty());
        }
    }

    #[test]
    fn only_a_status_other_than_zero_is_a_refusal() {
        let headers = |status: &'static str| {
            HeaderMap::from_iter([("grpc-status".parse().unwrap(), status.parse().unwrap())])
        };
        assert!(accepted(&HeaderMap::new()).is_ok());
        assert!(accepted(&headers("0")).is_ok());
        assert!(matches!(accepted(&headers("5")), Err(WireError::Refused { status, .. }) if status == "5"));
    }
}
