//! The socket of a channel: text frames in, pings out. Opened by the same HTTP client as every other request, so that
//! certificates, proxies and time-outs are the same.

use std::time::Duration;

use futures_util::{SinkExt as _, StreamExt as _};
use onduty_core::observation::Source;
use onduty_core::time::Timestamp;
use reqwest::header::{CONNECTION, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_VERSION, UPGRADE};
use tokio::time::timeout;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::handshake::client::generate_key;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::{Role, WebSocketConfig};
use tokio_tungstenite::tungstenite::{Error as WireError, Message};

use crate::config::Secret;
use crate::error_chain::Chain;
use crate::platform::genesys::client::Client;
use crate::platform::genesys::decode::{self, Arrival, Frame, UnreadableFrame};
use crate::platform::genesys::transport::what_happened;

/// From the request to the answer that opens the socket.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// For one frame to be taken by the other side.
const SEND_TIMEOUT: Duration = Duration::from_secs(5);
/// For both sides to say good-bye.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(5);
/// The longest frame taken. An activity event of somebody in a thousand queues has some 40 kB.
const FRAME_MAX: usize = 1024 * 1024;
/// What the platform answers with a frame of its own.
const PING: &str = r#"{"message":"ping"}"#;

/// An open socket.
pub struct Socket {
    wire: WebSocketStream<reqwest::Upgraded>,
}

/// One frame and when it came, by our clock.
#[derive(Debug)]
pub struct Heard {
    /// When.
    pub at: Timestamp,
    /// What; or why it can't be read.
    pub frame: Result<Frame, UnreadableFrame>,
}

/// Why there is no socket, or no longer one. The address is in none of it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SocketError {
    /// The platform does not know the channel (any more), or not for us.
    #[error("the platform refused the socket with {status}: the channel is gone")]
    Refused {
        /// The HTTP status.
        status: u16,
    },
    /// The way there is broken.
    #[error("could not open the socket: {0}")]
    Unreachable(String),
    /// The address is not one to connect to.
    #[error("the channel's address is no address of a socket that may be used here: {0}")]
    Address(&'static str),
    /// It ended.
    #[error("the socket ended: {0}")]
    Ended(String),
}

impl std::fmt::Debug for Socket {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Socket")
    }
}

impl Socket {
    pub(super) async fn connect(client: &Client, uri: &Secret) -> Result<Self, SocketError> {
        let url = http_url(uri.expose(), client.is_plain())?;
        let key = generate_key();
        let request = client
            .upgrading()
            .get(url)
            .header(CONNECTION, "Upgrade")
            .header(UPGRADE, "websocket")
            .header(SEC_WEBSOCKET_VERSION, "13")
            .header(SEC_WEBSOCKET_KEY, &key);
        let opened = timeout(CONNECT_TIMEOUT, async {
            let response = request.send().await.map_err(|error| unreachable(&error))?;
            let status = response.status().as_u16();
            match status {
                101 => {}
                400..=499 if status != 408 && status != 429 => return Err(SocketError::Refused { status }),
                _ => return Err(SocketError::Unreachable(format!("answered with {status}"))),
            }
            let accepted =
                response.headers().get(SEC_WEBSOCKET_ACCEPT).map(|value| value.as_bytes().to_vec());
            if accepted.as_deref() != Some(derive_accept_key(key.as_bytes()).as_bytes()) {
                return Err(SocketError::Unreachable("whoever answered is no WebSocket server".to_owned()));
            }
            response.upgrade().await.map_err(|error| unreachable(&error))
        });
        let limit = format!("no answer within {CONNECT_TIMEOUT:?}");
        let upgraded = opened.await.unwrap_or(Err(SocketError::Unreachable(limit)))?;
        let config =
            WebSocketConfig::default().max_message_size(Some(FRAME_MAX)).max_frame_size(Some(FRAME_MAX));
        Ok(Self { wire: WebSocketStream::from_raw_socket(upgraded, Role::Client, Some(config)).await })
    }

    /// The next frame. May be given up while it waits without losing one.
    ///
    /// # Errors
    ///
    /// When there will be no more.
    pub async fn next(&mut self, client: &Client) -> Result<Heard, SocketError> {
        loop {
            let text = match self.wire.next().await {
                Some(Ok(Message::Text(text))) => text,
                Some(Ok(Message::Close(frame))) => {
                    let code = frame.map_or(1005, |frame| u16::from(frame.code));
                    return Err(SocketError::Ended(format!("closed by the platform with code {code}")));
                }
                // Pings of the protocol are answered by the library.
                Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Binary(_) | Message::Frame(_))) => {
                    continue;
                }
                Some(Err(error)) => return Err(ended(&error)),
                None => return Err(SocketError::Ended("closed without a word".to_owned())),
            };
            let at = client.now();
            let frame = decode::frame(text.as_bytes(), Arrival { source: Source::Channel, heard_at: at });
            return Ok(Heard { at, frame });
        }
    }

    /// Asks for a sign of life. Without one in a while the platform cuts the socket as idle.
    ///
    /// # Errors
    ///
    /// When it can't be sent.
    pub async fn ping(&mut self) -> Result<(), SocketError> {
        let sent = timeout(SEND_TIMEOUT, self.wire.send(Message::text(PING))).await;
        sent.map_err(|_| SocketError::Ended(format!("took no ping within {SEND_TIMEOUT:?}")))?
            .map_err(|error| ended(&error))
    }

    /// Says good-bye, and waits a little for the same. What is still on its way is not heard any more.
    pub async fn close(mut self) {
        let good_bye = async {
            if self.wire.close(None).await.is_ok() {
                while let Some(Ok(_)) = self.wire.next().await {}
            }
        };
        // Who does not answer is left without it.
        let _ = timeout(CLOSE_TIMEOUT, good_bye).await;
    }
}

fn unreachable(error: &reqwest::Error) -> SocketError {
    SocketError::Unreachable(what_happened(error))
}

fn ended(error: &WireError) -> SocketError {
    SocketError::Ended(Chain(error).to_string())
}

/// The address as the HTTP client takes it. What the platform says without TLS is believed only where it is spoken to
/// without TLS already.
fn http_url(uri: &str, is_plain: bool) -> Result<String, SocketError> {
    match uri.split_once("://") {
        Some(("wss", rest)) => Ok(format!("https://{rest}")),
        Some(("ws", rest)) if is_plain => Ok(format!("http://{rest}")),
        Some(("ws", _)) => Err(SocketError::Address("it is not encrypted, and the platform's API is")),
        Some(_) | None => Err(SocketError::Address("neither wss:// nor ws://")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_socket_is_encrypted_where_the_api_is() {
        assert_eq!(http_url("wss://s.example/channels/x", false).unwrap(), "https://s.example/channels/x");
        assert_eq!(http_url("ws://127.0.0.1:1/channels/x", true).unwrap(), "http://127.0.0.1:1/channels/x");
        for (uri, is_plain) in [("ws://s.example/x", false), ("https://s.example/x", false), ("x", true)] {
            assert!(matches!(http_url(uri, is_plain), Err(SocketError::Address(_))), "{uri}");
        }
    }
}
