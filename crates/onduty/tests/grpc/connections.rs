//! Listeners: both HTTP versions on one port, unix sockets, hostile peers, and the end.

use std::time::Duration;

use onduty::config::Listen;
use onduty::listener::{BindError, Listener, ListenerLimits};
use onduty_proto::v1::WatchAgentStatesRequest;
use tokio::io::AsyncWriteExt as _;
use tokio_util::sync::CancellationToken;

use crate::follower::{Came, Follower};
use crate::http::{connect, request, rest};
use crate::stage::{Stage, limits, within};

const LIMITS: ListenerLimits = ListenerLimits {
    connections: 2,
    body_bytes: 1_024,
    streams_per_connection: 8,
    header_timeout: Duration::from_millis(200),
    stop_timeout: Duration::from_millis(200),
};

#[tokio::test]
async fn an_unknown_path_is_a_problem_in_json_and_an_unknown_service_is_unimplemented() {
    let stage = Stage::open().await;
    let answer = request(&stage.address, "GET", "/nothing", &[]).await;
    assert_eq!(answer.status, 404);
    assert!(answer.text.contains("application/problem+json") && answer.text.contains(r#""status":404"#));
    let answer =
        request(&stage.address, "POST", "/no.Such/Method", &["Content-Type: application/grpc"]).await;
    assert!(answer.status == 200 && answer.text.contains("grpc-status: 12"), "{}", answer.text);
}

#[tokio::test]
async fn whoever_says_nothing_or_too_little_is_cut() {
    let mut hasty = limits();
    hasty.header_timeout = Duration::from_millis(200);
    let stage = Stage::with(hasty, |_, _| None).await;
    for beginning in ["", "PRI * HT", "GET /livez HTTP/1.1\r\nHost: slow\r\nX-Endless: "] {
        let mut stream = connect(&stage.address).await;
        stream.write_all(beginning.as_bytes()).await.expect("sent");
        rest(&mut stream).await;
    }
}

#[tokio::test]
async fn garbage_and_endless_heads_are_cut_and_others_are_served() {
    let stage = Stage::open().await;
    let mut stream = connect(&stage.address).await;
    let _ = stream.write_all(&[0xff; 4_096]).await;
    rest(&mut stream).await;
    let long = format!("X-Long: {}", "x".repeat(200_000));
    let answer = request(&stage.address, "GET", "/", &[&long]).await;
    assert!(matches!(answer.status, 431 | 400 | 0), "{}", answer.status);
    assert_eq!(request(&stage.address, "GET", "/", &[]).await.status, 404);
}

#[tokio::test]
async fn a_stop_lets_watches_end_with_their_cursor_and_frees_the_port() {
    let stage = Stage::open().await;
    stage.roster.populate(0..3);
    let mut follower = Follower::follow(&stage, WatchAgentStatesRequest::default()).await;
    follower.came().await;
    let address = stage.address.clone();
    stage.drain.cancel();
    assert!(matches!(follower.came().await, Came::Reset(_)));
    assert_eq!(follower.next().await.expect("a clean end"), None);
    drop(follower);
    stage.close().await;
    Listener::bind("again", &address, LIMITS).await.expect("the port is free");
}

#[tokio::test]
async fn a_connection_that_will_not_end_is_cut_at_the_deadline() {
    let listener = Listener::bind("test", &Listen::parse("127.0.0.1:0").unwrap(), LIMITS).await.unwrap();
    let (address, stop) = (listener.address().clone(), CancellationToken::new());
    let endless = axum::Router::new().fallback(async || std::future::pending::<()>().await);
    let client = async {
        let mut stream = connect(&address).await;
        stream.write_all(b"GET / HTTP/1.1\r\nHost: test\r\n\r\n").await.expect("sent");
        stop.cancel();
        assert_eq!(rest(&mut stream).await, "");
    };
    within(async { tokio::join!(listener.serve(endless, stop.clone()), client) }).await;
}

#[tokio::test]
async fn an_abandoned_socket_is_replaced_and_one_in_use_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("api.sock");
    let at = Listen::parse(&format!("unix:{}", path.display())).unwrap();
    drop(std::os::unix::net::UnixListener::bind(&path).unwrap());
    let listener = Listener::bind("api", &at, LIMITS).await.expect("nobody answered there");
    assert!(matches!(Listener::bind("api", &at, LIMITS).await, Err(BindError::InUse(_))));
    drop(listener);
    assert!(!path.exists(), "the file goes with the listener");
    std::fs::write(&path, "precious").unwrap();
    assert!(matches!(Listener::bind("api", &at, LIMITS).await, Err(BindError::NotASocket(_))));
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "precious");
}
