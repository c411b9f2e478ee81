//! Peers that begin and stall, hundreds at once: they are cut, and the others are served meanwhile.

use futures_util::future::join_all;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::{Sender, api};
use crate::event::now;
use crate::stage::{PATIENCE, Ports};

/// At each door, with each of the four short beginnings.
const PEERS: usize = 30;

/// At each door, just before the end of a large body: together far more than may be held.
const LARGE_PEERS: usize = 250;

/// At the ingress, with a large body in pieces of a byte.
const CRUMBLING_PEERS: usize = 20;

/// Just below what the ingress takes.
const BODY: usize = 1_000_000;

/// How a request begins that never ends, how often, and how its answer begins.
type Beginning = (usize, Vec<u8>, &'static str);

fn at_either_door(head: &str) -> Vec<Beginning> {
    vec![
        (PEERS, b"P".to_vec(), ""),
        (PEERS, format!("{}x-endless: ", &head[..head.len() - 2]).into_bytes(), ""),
        (PEERS, b"PRI * HTTP/2.0\r\n".to_vec(), ""),
    ]
}

fn at_the_ingress() -> Vec<Beginning> {
    let now = now().as_second();
    let head = format!(
        "POST /webhooks/genesys HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\nwebhook-id: m\r\n\
         webhook-signature: v1,bm9ib2R5\r\nwebhook-timestamp: {now}\r\ncontent-length: {BODY}\r\n\r\n"
    );
    let almost = [head.as_bytes(), &[b' '; BODY - 1]].concat();
    let chunked = head.replace(&format!("content-length: {BODY}"), "transfer-encoding: chunked");
    let crumbs = [chunked.as_bytes(), &b"1\r\n \r\n".repeat(BODY)].concat();
    let mut beginnings = at_either_door(&head);
    // Too slow; or, where there is no room for it, crowded out.
    beginnings.push((PEERS, head.into_bytes(), "HTTP/1.1 408"));
    beginnings.push((LARGE_PEERS, almost, "HTTP/1.1 "));
    beginnings.push((CRUMBLING_PEERS, crumbs, "HTTP/1.1 "));
    beginnings
}

fn at_the_api() -> Vec<Beginning> {
    let head = format!(
        "POST /{} HTTP/1.1\r\nhost: x\r\ncontent-type: application/grpc\r\ncontent-length: {BODY}\r\n\r\n",
        api::GET_PATH
    );
    let mut almost = [head.as_bytes(), &api::framed(&[b' '; BODY - 5])].concat();
    almost.pop();
    let mut beginnings = at_either_door(&head);
    beginnings.push((PEERS, head.into_bytes(), "HTTP/1.1 200"));
    beginnings.push((LARGE_PEERS, almost, "HTTP/1.1 200"));
    beginnings
}

async fn begin(port: u16, bytes: &[u8]) -> TcpStream {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    // It may be refused before it has said all.
    let _ = stream.write_all(bytes).await;
    stream
}

/// All of it.
pub(super) async fn hundreds_stall(ports: Ports, sender: &Sender) {
    for (port, beginnings) in [(ports.ingress, at_the_ingress()), (ports.api, at_the_api())] {
        let peers = beginnings.iter().flat_map(|beginning| std::iter::repeat_n(beginning, beginning.0));
        let stalled =
            join_all(peers.map(async |(_, bytes, answer)| (begin(port, bytes).await, *answer))).await;
        sender.gets_on(20).await;
        let ends = stalled.into_iter().map(async |(mut stream, expected)| {
            let mut answer = Vec::new();
            let end = timeout(PATIENCE, stream.read_to_end(&mut answer)).await;
            assert!(end.is_ok(), "a peer that stalls is still connected");
            let answer = String::from_utf8_lossy(&answer);
            assert!(answer.starts_with(expected), "{expected} and not {answer}");
        });
        join_all(ends).await;
    }
}
