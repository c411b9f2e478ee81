//! Bytes that are no request at all, at both doors: the connection ends, with or without a word.

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::stage::{PATIENCE, Ports};

/// Connections opened and dropped at once.
const VISITS: usize = 2_000;

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// What HTTP/1.1 does not allow.
fn http1() -> Vec<(&'static str, Vec<u8>)> {
    let post = |headers: &str| {
        format!("POST /webhooks/genesys HTTP/1.1\r\nhost: x\r\n{headers}\r\n\r\n").into_bytes()
    };
    let many = (0..10_000).map(|n| format!("x-{n}: {n}\r\n")).collect::<String>();
    vec![
        ("noise", vec![0xff; 4_096]),
        ("zeros", vec![0; 4_096]),
        (
            "a greeting in TLS",
            [b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03".as_slice(), &[7; 506]].concat(),
        ),
        ("no version", b"GET /\r\n\r\n".to_vec()),
        ("a version to come", b"GET / HTTP/9.9\r\nhost: x\r\n\r\n".to_vec()),
        ("a path of a megabyte", [b"GET /".as_slice(), &[b'x'; 1_000_000], b" HTTP/1.1\r\n\r\n"].concat()),
        ("a header of a megabyte", post(&format!("webhook-id: {}", "x".repeat(1_000_000)))),
        ("ten thousand headers", post(&many)),
        ("a header without a name", post(": x")),
        ("a header with a zero", post("x: \0")),
        ("a length below nothing", post("content-length: -1")),
        ("a length beyond all", post("content-length: 99999999999999999999")),
        ("two lengths", post("content-length: 1\r\ncontent-length: 2")),
        ("two ways to end", post("transfer-encoding: chunked, identity\r\ncontent-length: 4")),
    ]
}

/// A frame of HTTP/2 on the first stream, or on none.
fn frame(kind: u8, flags: u8, stream: u8, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    let head = [length[1], length[2], length[3], kind, flags, 0, 0, 0, stream];
    [&head, payload].concat()
}

/// What HTTP/2 does not allow, after a proper beginning.
fn http2() -> Vec<(&'static str, Vec<u8>)> {
    let [data, headers, settings, push, window, continuation] = [0, 1, 4, 5, 8, 9];
    let agreed = frame(settings, 0, 0, &[]);
    let after = |frames: Vec<u8>| [PREFACE, &agreed, &frames].concat();
    let endless =
        [frame(headers, 0, 1, &[0x82]), frame(continuation, 0, 1, &[0; 16_000]).repeat(100)].concat();
    vec![
        ("noise for frames", [PREFACE, &[0xff; 4_096]].concat()),
        ("a frame larger than agreed", after(frame(data, 0, 1, &vec![0; 1_000_000]))),
        ("data for nobody", after(frame(data, 0, 1, b"x"))),
        ("headers that cannot be unpacked", after(frame(headers, 5, 1, &[0xff; 512]))),
        ("headers without end", after(endless)),
        ("a promise from a client", after(frame(push, 4, 1, &[0, 0, 0, 2]))),
        ("a window beyond all", after(frame(window, 0, 0, &[0x7f, 0xff, 0xff, 0xff]))),
        ("a window of nothing", after(frame(window, 0, 0, &[0; 4]))),
        ("an even stream", after(frame(headers, 5, 2, &[0x82]))),
    ]
}

/// Says this and waits for the end of the connection; what was answered.
async fn say(what: &str, port: u16, bytes: &[u8]) -> Vec<u8> {
    let mut answer = Vec::new();
    let talk = async {
        let mut stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
        // It may hang up before it has heard everything.
        let _ = stream.write_all(bytes).await;
        let _ = stream.read_to_end(&mut answer).await;
    };
    timeout(PATIENCE, talk).await.unwrap_or_else(|_| panic!("{what}: the connection is still open"));
    answer
}

/// All of it.
pub(super) async fn every_kind_of_noise(ports: Ports) {
    for port in [ports.ingress, ports.api] {
        for (what, bytes) in http1() {
            let answer = say(what, port, &bytes).await;
            let refused = answer.is_empty() || answer.starts_with(b"HTTP/1.1 4");
            assert!(refused, "{what}: {}", String::from_utf8_lossy(&answer));
        }
        for (what, bytes) in http2() {
            say(what, port, &bytes).await;
        }
        for _ in 0..VISITS {
            drop(TcpStream::connect(("127.0.0.1", port)).await.unwrap());
        }
    }
}
