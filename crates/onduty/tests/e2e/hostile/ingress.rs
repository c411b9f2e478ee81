//! Whole requests at the ingress that are wrong in one way each.

use bytes::Bytes;
use http_body_util::StreamBody;
use hyper::body::Frame;
use reqwest::{Client, Method, RequestBuilder, Response};
use serde_json::{Value, json};

use crate::event::{available, now, signed, signer};
use crate::stage::{Ports, http};

/// The credentials of a sender that cannot sign.
pub(super) const BEARER: &str = "a bearer for the senders that cannot sign";

const STRANGER: &str = "00000000-0000-4000-8000-00000000dead";
const MEGABYTE: usize = 1_000_000;

/// A sound event about somebody who must never show up.
fn sound() -> Value {
    available("sound", STRANGER, 1, now())
}

/// The sound event with one thing wrong with it.
fn wrong(path: &str, value: Value) -> Value {
    let mut event = sound();
    *event.pointer_mut(path).unwrap() = value;
    event
}

/// Bodies, and the member that the problem names; none for what is taken.
fn bodies() -> Vec<(&'static str, Vec<u8>, Option<&'static str>)> {
    let long = || Value::from("x".repeat(MEGABYTE));
    let mut unknown_members = wrong("/eventType", "agent.skills.changed".into());
    unknown_members["surprise"] = json!({ "inside": [1, 2, { "still": null }] });
    let mut bad_utf8 = sound().to_string().into_bytes();
    let name = bad_utf8.windows(3).position(|bytes| bytes == b"Ada").unwrap();
    bad_utf8[name..name + 2].copy_from_slice(b"\xff\xfe");
    let json = |value: Value| value.to_string().into_bytes();
    vec![
        ("nothing", Vec::new(), Some(".")),
        ("half of an event", json(sound())[..200].to_vec(), Some(".")),
        ("two events with nothing between", json(sound()).repeat(2), Some(".")),
        ("not text", vec![0; 4_096], Some(".")),
        ("text in bad UTF-8", bad_utf8, Some(".")),
        ("half of a pair of surrogates", br#"{"eventId":"\ud800"}"#.to_vec(), Some(".")),
        ("a number that is none", br#"{"eventId":"e","stateVersion":1e999999}"#.to_vec(), Some(".")),
        ("deep arrays", b"[".repeat(100_000), Some(".")),
        ("deep objects", br#"{"a":"#.repeat(100_000), Some(".")),
        ("text", json("state".into()), Some(".")),
        ("no event", json(json!({ "hello": "world" })), Some(".")),
        ("too many events", json(json!(vec![json!({}); 10_001])), Some(".")),
        ("an id that is a number", json(wrong("/eventId", 5.into())), Some("eventId")),
        ("a type that is a list", json(wrong("/eventType", json!([]))), Some("eventType")),
        ("an id of a megabyte", json(wrong("/agentId", long())), Some("agentId")),
        ("another one", json(wrong("/state/userId", long())), Some("state.userId")),
        ("a name of a megabyte", json(wrong("/state/name", long())), Some("state.name")),
        ("an id with a line break", json(wrong("/userId", "a\nb".into())), Some("userId")),
        ("a state that is a number", json(wrong("/state", 7.into())), Some("state")),
        ("two minds about who", json(wrong("/state/userId", "other".into())), Some("state.userId")),
        (
            "a presence of no type",
            json(wrong("/state/presence/systemPresence", json!({}))),
            Some("state.presence.systemPresence"),
        ),
        ("a version before the first", json(wrong("/stateVersion", (-1).into())), Some("stateVersion")),
        ("a time of no day", json(wrong("/timestamp", "2026-13-45".into())), Some("timestamp")),
        (
            "one bad event among good ones",
            json(json!([sound(), wrong("/eventType", 7.into()), sound()])),
            Some("[1].eventType"),
        ),
        ("an unknown type with unknown members", json(unknown_members), None),
    ]
}

/// Heads that are wrong around a body that is sound, and the status each gets.
fn heads(post: impl Fn() -> RequestBuilder) -> Vec<(&'static str, RequestBuilder, u16)> {
    let (body, signer) = (sound().to_string(), signer());
    let trusted = || post().bearer_auth(BEARER);
    let claiming = |time: &str, signed_at: i64| {
        let signature = signer.sign("m", signed_at, body.as_bytes()).unwrap();
        let signed = post().header("webhook-id", "m").header("webhook-timestamp", time);
        signed.header("webhook-signature", signature)
    };
    let at = |seconds: i64| claiming(&seconds.to_string(), seconds);
    let (soon, now) = (now().as_second() + 3_600, now().as_second());
    let tampered = signed(post(), &signer, "m", body.clone()).body(body.replace("Ada", "Eve"));
    let requests = vec![
        ("nobody in particular", post(), 401),
        ("the wrong bearer", post().bearer_auth("sesame"), 401),
        ("no scheme", post().header("authorization", "x".repeat(8_000)), 401),
        ("basic of no base64", post().header("authorization", "Basic %%%"), 401),
        ("a signature of long ago", at(1), 401),
        ("a signature before all time", at(i64::MIN), 401),
        ("a signature of the future", at(soon), 401),
        ("a signature after all time", at(i64::MAX), 401),
        ("a time that is none", claiming("soon", now), 401),
        ("plain text", trusted().header("content-type", "text/plain"), 415),
        ("a form", trusted().header("content-type", "application/x-www-form-urlencoded"), 415),
        ("other letters", trusted().header("content-type", "application/json; charset=utf-16"), 415),
        ("squeezed", trusted().header("content-encoding", "gzip"), 415),
    ];
    let mut heads: Vec<_> =
        requests.into_iter().map(|(what, request, code)| (what, request.body(body.clone()), code)).collect();
    heads.push(("another body than was signed", tampered, 401));
    let long = signed(post(), &signer, &"m".repeat(10_000), body);
    heads.push(("a message id of ten thousand", long, 401));
    heads.push(("ten megabytes that say so", trusted().body(vec![b' '; 10 * MEGABYTE]), 413));
    heads.push(("ten megabytes in chunks", trusted().body(in_chunks(10 * MEGABYTE)), 413));
    heads.push(("ten megabytes from nobody", post().body(vec![b' '; 10 * MEGABYTE]), 413));
    heads
}

/// A body that does not say how long it is.
fn in_chunks(bytes: usize) -> reqwest::Body {
    let chunk = Bytes::from(vec![b' '; 10_000]);
    let count = bytes / chunk.len();
    let frames =
        std::iter::repeat_with(move || Ok::<_, std::io::Error>(Frame::data(chunk.clone()))).take(count);
    reqwest::Body::wrap(StreamBody::new(futures_util::stream::iter(frames)))
}

/// Holds an answer against the form of RFC 9457.
pub(super) async fn expect_problem(what: &str, answer: Response, status: u16) -> Value {
    let headers = answer.headers().clone();
    let got = answer.status();
    let text = answer.text().await.unwrap();
    assert_eq!(got, status, "{what}: {text}");
    assert_eq!(headers["content-type"], "application/problem+json", "{what}");
    assert!(status != 401 || headers.contains_key("www-authenticate"), "{what}");
    assert!(status != 405 || headers["allow"] == "POST", "{what}");
    let problem: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(problem["status"], status, "{what}: {text}");
    assert!(problem["detail"].as_str().is_some_and(|detail| !detail.is_empty()), "{what}: {text}");
    assert!(text.len() < 1_000, "{what}: no more of it comes back than helps: {text}");
    problem
}

async fn through(http: &Client, ports: Ports) {
    let url = ports.webhook_url();
    for (what, body, member) in bodies() {
        let answer = http.post(&url).bearer_auth(BEARER).header("content-type", "application/json");
        let answer = answer.body(body).send().await.unwrap_or_else(|error| panic!("{what}: {error:?}"));
        match member {
            Some(member) => {
                assert_eq!(expect_problem(what, answer, 400).await["member"], member, "{what}");
            }
            None => assert_eq!(answer.status(), 204, "{what}"),
        }
    }
    for (what, request, status) in heads(|| http.post(&url)) {
        let answer = request.send().await.unwrap_or_else(|error| panic!("{what}: {error:?}"));
        expect_problem(what, answer, status).await;
    }
    for method in [Method::GET, Method::PUT, Method::DELETE, Method::OPTIONS] {
        let answer = http.request(method.clone(), &url).send().await.unwrap();
        expect_problem(method.as_str(), answer, 405).await;
    }
    for path in ["", "/states", "/%00", "/../../etc/passwd", "?a=%ff"] {
        let answer = http.get(format!("{url}{path}")).send().await.unwrap();
        expect_problem(path, answer, if path.starts_with('/') { 404 } else { 405 }).await;
    }
}

/// All of it, over both versions of HTTP.
pub(super) async fn every_kind_of_garbage(ports: Ports) {
    through(&http(), ports).await;
    let http2 = Client::builder().no_proxy().http2_prior_knowledge().build().unwrap();
    through(&http2, ports).await;
}
