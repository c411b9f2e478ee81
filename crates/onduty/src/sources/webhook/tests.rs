//! The ingress as a sender meets it, with a keeper that takes everything, nothing, or never answers.

use axum::body::{Body, to_bytes};
use axum::http::{HeaderName, Method};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use onduty_core::agent::AgentId;
use onduty_core::cursor::Revision;
use standardwebhooks::Webhook;
use tokio::sync::mpsc;
use tower::ServiceExt as _;

use super::*;
use crate::config::Secret;
use crate::inlet::{self, Delivery, NotDurable, Receipt};
use crate::status::{Refused, Unproven};

const NOW_S: i64 = 1_772_442_848;
const SECRETS: [&str; 2] = ["whsec_c2VjcmV0LW9uZQ==", "whsec_c2VjcmV0LXR3bw=="];

fn event() -> Vec<u8> {
    br#"{"eventId":"e1","eventType":"agent.logged.out","agentId":"a1","userId":"u1",
        "timestamp":"2026-03-02T09:14:07.000Z","stateVersion":40,"state":{}}"#
        .to_vec()
}

fn config() -> IngressConfig {
    IngressConfig {
        listen: ([127, 0, 0, 1], 0).into(),
        secrets: SECRETS.map(Secret::new).to_vec(),
        bearer: Some(Secret::new("letmein")),
        basic: Some(Secret::new("user:word")),
        api_key: Some(Secret::new("key")),
        api_key_header: HeaderName::from_static("x-key"),
        insecure: false,
        tolerance: Duration::from_secs(300),
        max_body_bytes: 2_048,
        body_timeout: Duration::from_millis(50),
    }
}

/// A router, its standing, and the keeper's end of its inlet.
fn ingress(config: IngressConfig, inlet_bound: usize) -> (Router, StatusBoard, mpsc::Receiver<Delivery>) {
    ingress_of(PlatformApi::AgentStates, config, inlet_bound)
}

fn ingress_of(
    api: PlatformApi,
    config: IngressConfig,
    inlet_bound: usize,
) -> (Router, StatusBoard, mpsc::Receiver<Delivery>) {
    let (inlet, deliveries) = inlet::channel(inlet_bound);
    let status = StatusBoard::default();
    let clock = Clock::from_fn(|| Timestamp::from_millis(NOW_S * 1_000));
    let ingress =
        Ingress { spoken: api.into(), config, inlet, status: status.clone(), meters: Meters::new().0, clock };
    (router(ingress), status, deliveries)
}

fn post_with(headers: &[(&str, &str)], body: impl Into<Body>) -> Request {
    let mut request = Request::builder().method(Method::POST).uri("/webhooks/genesys");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.body(body.into()).unwrap()
}

const JSON: (&str, &str) = ("content-type", "application/json");
const BEARER: (&str, &str) = ("authorization", "Bearer letmein");

async fn answer(router: &Router, request: Request) -> (u16, HeaderMap, serde_json::Value) {
    let response = router.clone().oneshot(request).await.unwrap();
    let (head, body) = response.into_parts();
    let body = to_bytes(body, 65_536).await.unwrap();
    (head.status.as_u16(), head.headers, serde_json::from_slice(&body).unwrap_or_default())
}

/// The answer to a request while the keeper gives every delivery the same receipt; and how many it got.
async fn answer_with(
    request: Request,
    receipt: Result<(), NotDurable>,
) -> ((u16, HeaderMap, serde_json::Value), usize) {
    let (router, _, mut deliveries) = ingress(config(), 4);
    let keeper = async {
        let mut taken = 0;
        while let Some(Delivery { inputs, receipt: reply }) = deliveries.recv().await {
            taken += inputs.len();
            let receipt = receipt.clone().map(|()| Receipt {
                revision: Revision(1),
                outcomes: Vec::new(),
                corrections: 0,
            });
            let _ = reply.send(receipt);
        }
        taken
    };
    let ask = async {
        let answer = answer(&router, request).await;
        drop(router);
        answer
    };
    tokio::join!(ask, keeper)
}

fn signature(secret: &str, id: &str, timestamp: i64, body: &[u8]) -> String {
    Webhook::new(secret).unwrap().sign(id, timestamp, body).unwrap()
}

#[tokio::test]
async fn each_way_of_proving_who_one_is_is_taken() {
    let body = event();
    let old_secret = signature(SECRETS[0], "m1", NOW_S, &body);
    let new_secret = format!("v1,bm9uc2Vuc2U= {}", signature(SECRETS[1], "m1", NOW_S, &body));
    let stamp = NOW_S.to_string();
    let basic = format!("Basic {}", STANDARD.encode("user:word"));
    let ways: [&[(&str, &str)]; 6] = [
        &[("webhook-id", "m1"), ("webhook-timestamp", &stamp), ("webhook-signature", &old_secret)],
        &[("webhook-id", "m1"), ("webhook-timestamp", &stamp), ("webhook-signature", &new_secret)],
        &[BEARER],
        &[("authorization", "bearer letmein")],
        &[("authorization", &basic)],
        &[("x-key", "key")],
    ];
    for way in ways {
        let headers = [&[JSON], way].concat();
        let ((status, _, body), taken) = answer_with(post_with(&headers, body.clone()), Ok(())).await;
        assert_eq!((status, taken), (204, 1), "{way:?} {body}");
    }
}

#[tokio::test]
async fn where_an_agent_is_a_user_an_event_gives_it_no_second_id_and_no_log_in() {
    for (api, second_id, login) in
        [(PlatformApi::AgentStates, Some("a1"), Some(false)), (PlatformApi::Users, None, None)]
    {
        let (router, _, mut deliveries) = ingress_of(api, config(), 4);
        let ask = answer(&router, post_with(&[JSON, BEARER], event()));
        let take = async {
            let Delivery { mut inputs, receipt } = deliveries.recv().await.unwrap();
            let taken = Receipt { revision: Revision(1), outcomes: Vec::new(), corrections: 0 };
            let _ = receipt.send(Ok(taken));
            inputs.pop().unwrap()
        };
        let ((status, _, _), taken) = tokio::join!(ask, take);
        let Input::Observation(taken) = taken else { panic!("{taken:?}") };
        assert_eq!(status, 204);
        assert_eq!(taken.statement.agent_id, second_id.map(AgentId::from), "{api:?}");
        assert_eq!(taken.statement.login.map(|login| login.value), login, "{api:?}");
    }
}

#[tokio::test]
async fn whoever_is_not_authentic_is_refused_and_counted_and_nothing_is_taken() {
    let body = event();
    let good = signature(SECRETS[0], "m1", NOW_S, &body);
    let other_body = signature(SECRETS[0], "m1", NOW_S, b"{}");
    let (early, late) = (NOW_S - 301, NOW_S + 301);
    let early_good = signature(SECRETS[0], "m1", early, &body);
    let late_good = signature(SECRETS[0], "m1", late, &body);
    let (stamp, early, late) = (NOW_S.to_string(), early.to_string(), late.to_string());
    let ways: [(&[(&str, &str)], Unproven); 12] = [
        (&[], Unproven::Anonymous),
        (&[("authorization", "Bearer letmeout")], Unproven::Bearer),
        (&[("authorization", "Bearer")], Unproven::Bearer),
        (&[("authorization", "Basic dXNlcjp3b3Jkcw==")], Unproven::Basic),
        (&[("x-key", "keys")], Unproven::ApiKey),
        (
            &[("webhook-id", "m1"), ("webhook-timestamp", &stamp), ("webhook-signature", &other_body)],
            Unproven::Signature,
        ),
        (
            &[("webhook-id", "m2"), ("webhook-timestamp", &stamp), ("webhook-signature", &good)],
            Unproven::Signature,
        ),
        (
            &[("webhook-id", "m1"), ("webhook-timestamp", &early), ("webhook-signature", &early_good)],
            Unproven::Window,
        ),
        (
            &[("webhook-id", "m1"), ("webhook-timestamp", &late), ("webhook-signature", &late_good)],
            Unproven::Window,
        ),
        (
            &[("webhook-id", "m1"), ("webhook-timestamp", "soon"), ("webhook-signature", &good)],
            Unproven::Incomplete,
        ),
        (&[("webhook-timestamp", &stamp), ("webhook-signature", &good)], Unproven::Incomplete),
        // A wrong signature is not mended by a right bearer.
        (
            &[BEARER, ("webhook-id", "m1"), ("webhook-timestamp", &stamp), ("webhook-signature", "v1,")],
            Unproven::Signature,
        ),
    ];
    for (way, unproven) in ways {
        let (router, board, mut deliveries) = ingress(config(), 4);
        let request = post_with(&[&[JSON], way].concat(), body.clone());
        let (status, headers, problem) = answer(&router, request).await;
        assert_eq!((status, deliveries.try_recv().is_ok()), (401, false), "{way:?}");
        assert!(headers.contains_key("www-authenticate"), "{way:?}");
        assert_eq!(problem["status"], 401);
        let refused = Refused { count: 1, last_at: Some(Timestamp::from_millis(NOW_S * 1_000)) };
        assert_eq!(board.read().refusals.iter().collect::<Vec<_>>(), [(unproven, refused)], "{way:?}");
    }
}

#[tokio::test]
async fn an_insecure_ingress_takes_everything_from_everybody() {
    let (router, _, deliveries) = ingress(IngressConfig { insecure: true, ..config() }, 1);
    drop(deliveries);
    let (status, _, _) = answer(&router, post_with(&[JSON], "{\"eventId\":\"e\",\"eventType\":\"x\"}")).await;
    assert_eq!(status, 204);
}

#[tokio::test]
async fn malformed_bodies_are_refused_by_member_and_an_array_whole() {
    let mut array = b"[".to_vec();
    array.extend(event());
    array.extend(br#",{"eventId":"e2","eventType":"agent.logged.out","userId":"u2","state":{}}]"#);
    let table: [(&[u8], &str); 8] = [
        (&array, "[1].agentId"),
        (b"", "."),
        (b"{\"eventId\":", "."),
        (b"\"hello\"", "."),
        (b"{\"presence\":{}}", "id"),
        (b"{\"topicName\":5}", "topicName"),
        (b"\xff\xfe{}", "."),
        (&[b'['; 500], "."),
    ];
    for (body, member) in table {
        let request = post_with(&[JSON, BEARER], body.to_vec());
        let ((status, headers, problem), taken) = answer_with(request, Ok(())).await;
        assert_eq!((status, taken), (400, 0), "{}", String::from_utf8_lossy(body));
        assert_eq!(problem["member"], member);
        assert_eq!(headers["content-type"], "application/problem+json");
    }
}

#[tokio::test]
async fn unknown_types_and_parts_without_news_are_acknowledged() {
    for body in [
        r#"{"eventId":"e","eventType":"agent.skills.changed"}"#,
        r#"{"topicName":"channel.metadata","eventBody":{"message":"WebSocket Heartbeat"}}"#,
        "[]",
    ] {
        let ((status, ..), taken) = answer_with(post_with(&[JSON, BEARER], body), Ok(())).await;
        assert_eq!((status, taken), (204, 0), "{body}");
    }
}

#[tokio::test]
async fn a_cloudevent_in_binary_mode_is_read_with_its_headers() {
    let headers = [
        JSON,
        BEARER,
        ("ce-specversion", "1.0"),
        ("ce-id", "c1"),
        ("ce-type", "agent.logged.out"),
        ("ce-source", "x"),
    ];
    let ((status, ..), taken) = answer_with(post_with(&headers, event()), Ok(())).await;
    assert_eq!((status, taken), (204, 1));
    let headers = [JSON, BEARER, ("ce-specversion", "1.0"), ("ce-type", "agent.logged.out")];
    let ((status, _, problem), taken) = answer_with(post_with(&headers, event()), Ok(())).await;
    assert_eq!((status, taken, problem["member"].as_str()), (400, 0, Some("ce-id")));
}

#[tokio::test]
async fn what_is_no_webhook_by_its_head_is_refused_before_its_body() {
    let (router, ..) = ingress(config(), 1);
    let long = (usize::MAX / 2).to_string();
    let table: [(&[(&str, &str)], u16); 4] = [
        (&[("content-type", "text/plain"), BEARER], 415),
        (&[("content-type", "application/x-www-form-urlencoded"), BEARER], 415),
        (&[JSON, BEARER, ("content-encoding", "gzip")], 415),
        (&[JSON, BEARER, ("content-length", &long)], 413),
    ];
    for (headers, expected) in table {
        let never = Body::from_stream(futures_util::stream::pending::<Result<Vec<u8>, std::io::Error>>());
        let (status, _, problem) = answer(&router, post_with(headers, never)).await;
        assert_eq!(
            (status, problem["status"].as_u64()),
            (expected, Some(u64::from(expected))),
            "{headers:?}"
        );
    }
    for (method, path, expected) in [
        (Method::GET, "/webhooks/genesys", 405),
        (Method::PUT, "/webhooks/genesys", 405),
        (Method::POST, "/", 404),
    ] {
        let request = Request::builder().method(method).uri(path).body(Body::empty()).unwrap();
        assert_eq!(answer(&router, request).await.0, expected);
    }
}

#[tokio::test]
async fn a_body_that_is_too_long_or_too_slow_is_refused() {
    let (router, ..) = ingress(config(), 1);
    // Chunked: its length shows only as it comes.
    let chunks = std::iter::repeat_with(|| Ok::<_, std::io::Error>(vec![b' '; 1_000])).take(5);
    let long = Body::from_stream(futures_util::stream::iter(chunks));
    assert_eq!(answer(&router, post_with(&[JSON, BEARER], long)).await.0, 413);
    let never = Body::from_stream(futures_util::stream::pending::<Result<Vec<u8>, std::io::Error>>());
    assert_eq!(answer(&router, post_with(&[JSON, BEARER], never)).await.0, 408);
}

#[tokio::test]
async fn what_cannot_be_made_durable_is_never_acknowledged() {
    let request = || post_with(&[JSON, BEARER], event());
    let failed = answer_with(request(), Err(NotDurable("disk full".into()))).await;
    assert_eq!((failed.0.0, failed.0.1["retry-after"].to_str().unwrap()), (503, "5"));

    let (router, status, deliveries) = ingress(config(), 1);
    drop(deliveries);
    let (code, headers, _) = answer(&router, request()).await;
    assert_eq!((code, headers["retry-after"].to_str().unwrap()), (503, "5"));
    assert_eq!(status.read().source(Source::Webhook).last_event_at, None);

    let (router, _, deliveries) = ingress(config(), 1);
    let waits = router.clone().oneshot(request());
    let refused = async {
        let (code, headers, _) = answer(&router, request()).await;
        assert_eq!((code, headers["retry-after"].to_str().unwrap()), (503, "1"));
        drop(deliveries);
    };
    let (waited, ()) = tokio::join!(waits, refused);
    assert_eq!(waited.unwrap().status(), 503, "a keeper that stopped without an answer kept nothing");
}

#[tokio::test]
async fn the_standing_tells_the_last_event_and_its_lag() {
    let (router, status, mut deliveries) = ingress(config(), 1);
    let keeper = async {
        let delivery = deliveries.recv().await.unwrap();
        let receipt = Receipt { revision: Revision(1), outcomes: Vec::new(), corrections: 0 };
        delivery.receipt.send(Ok(receipt)).unwrap();
    };
    let ((code, ..), ()) = tokio::join!(answer(&router, post_with(&[JSON, BEARER], event())), keeper);
    assert_eq!(code, 204);
    let standing = status.read();
    let webhook = standing.source(Source::Webhook);
    assert_eq!(webhook.last_event_at, Some(Timestamp::from_millis(NOW_S * 1_000)));
    assert_eq!((webhook.phase, webhook.lag), (Phase::Running, Some(Duration::from_secs(1))));
}
