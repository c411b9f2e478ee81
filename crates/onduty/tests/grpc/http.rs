//! HTTP/1.1 by hand: what a probe, a browser or somebody hostile sends.

use onduty::config::Listen;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::stage::within;

/// An answer: its status and its whole text, head included.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) text: String,
}

/// Opens a connection.
pub(crate) async fn connect(at: &Listen) -> TcpStream {
    within(TcpStream::connect(at.tcp().expect("a TCP address"))).await.expect("a connection")
}

/// Sends a request without a body and reads until the server closes.
pub(crate) async fn request(at: &Listen, method: &str, path: &str, headers: &[&str]) -> Answer {
    let headers: String = headers.iter().map(|header| format!("{header}\r\n")).collect();
    let head = format!(
        "{method} {path} HTTP/1.1\r\nHost: test\r\nConnection: close\r\nContent-Length: 0\r\n{headers}\r\n"
    );
    let mut stream = connect(at).await;
    within(stream.write_all(head.as_bytes())).await.expect("sent");
    let text = rest(&mut stream).await;
    let status = text.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or_default();
    Answer { status, text }
}

/// Reads until the server closes; a reset is an end, too.
pub(crate) async fn rest(stream: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    let _ = within(stream.read_to_end(&mut bytes)).await;
    String::from_utf8_lossy(&bytes).into_owned()
}
