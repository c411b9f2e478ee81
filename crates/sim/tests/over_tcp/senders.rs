//! Whoever carries events over HTTP: every envelope, every way to prove who sends, and a trigger's limits.

use reqwest::Method;
use serde_json::{Value, json};

use crate::house::{House, text};
use crate::socket::{Caller, topic};
use crate::webhooks::{Receiver, SECRET, eventually};

const FORMATS: [(&str, &str, &str); 8] = [
    ("flat", "/userId", "application/json"),
    ("notification", "/eventBody/id", "application/json"),
    ("eventbridge", "/detail/eventBody/id", "application/json"),
    ("process-automation", "/eventBody/id", "application/json"),
    ("bare", "/id", "application/json"),
    ("cloudevents", "/data/eventBody/id", "application/cloudevents+json"),
    ("cloudevents-batch", "/0/data/eventBody/id", "application/cloudevents-batch+json"),
    ("relay", "/1/eventBody/id", "application/json"),
];

#[tokio::test]
async fn every_envelope_names_the_user_in_its_own_place() {
    let receiver = Receiver::open(&[]).await;
    let house = House::pushing_to(receiver.url.clone(), SECRET, 60, 0.0).await;
    let agent = house.somebody().await;
    for (round, (format, place, media_type)) in FORMATS.into_iter().enumerate() {
        house.set(json!({"webhook_format": format})).await;
        house.force(&agent, json!({"outOfOffice": round % 2 == 0})).await;
        house.control(Method::POST, "pause", json!({})).await;
        let event = receiver.events().pop().unwrap();
        assert_eq!(event.pointer(place), Some(&agent["userId"]), "{format}: {event}");
        assert_eq!(receiver.headers().pop().unwrap()["content-type"], media_type, "{format}");
        if format == "process-automation" {
            assert_eq!(event.as_object().unwrap().len(), 2, "{event}");
        }
    }
    house.close().await;
}

#[tokio::test]
async fn the_sender_proves_itself_as_the_control_plane_says() {
    let receiver = Receiver::open(&[]).await;
    let house = House::pushing_to(receiver.url.clone(), SECRET, 60, 0.0).await;
    let agent = house.somebody().await;
    for (round, (body, header, value)) in [
        (json!({"scheme": "none"}), None, ""),
        (json!({"scheme": "basic", "secret": "ada:pass"}), Some("authorization"), "Basic YWRhOnBhc3M="),
        (json!({"scheme": "bearer", "secret": "token"}), Some("authorization"), "Bearer token"),
        (json!({"scheme": "api-key", "secret": "key"}), Some("x-onduty-key"), "key"),
        (json!({"scheme": "api-key", "secret": "key", "header": "x-own"}), Some("x-own"), "key"),
    ]
    .into_iter()
    .enumerate()
    {
        let shown = house.control(Method::PUT, "webhook", body.clone()).await;
        assert_eq!(shown, json!({"scheme": body["scheme"]}));
        house.force(&agent, json!({"outOfOffice": round % 2 == 0})).await;
        house.control(Method::POST, "pause", json!({})).await;
        let headers = receiver.headers().pop().unwrap();
        let proofs = ["authorization", "x-onduty-key", "x-own", "webhook-signature"];
        for name in proofs {
            let expected = (header == Some(name)).then_some(value);
            assert_eq!(headers.get(name).map(|value| value.to_str().unwrap()), expected, "{body} {name}");
        }
    }
    for (body, message) in [
        (json!({"scheme": "oauth"}), "the scheme is one of none, signed"),
        (json!({"scheme": "basic", "secret": "ada"}), "user:password"),
    ] {
        let response = house.send(Method::PUT, "/sim/webhook", "", Some(body)).await;
        assert_eq!(response.status().as_u16(), 400);
        let refused: Value = response.json().await.unwrap();
        assert!(text(&refused, "message").contains(message), "{refused}");
    }
    house.close().await;
}

#[tokio::test]
async fn an_event_older_than_a_triggers_life_is_dropped_and_counted() {
    let receiver = Receiver::open(&[503; 200]).await;
    let house = House::pushing_to(receiver.url.clone(), SECRET, 60, 0.0).await;
    house.set(json!({"webhook_ttl": 1})).await;
    house.somebody().await;
    let stats = async || house.get("/sim/stats", "").await.1["events"]["webhook"].clone();
    eventually("the event has expired", async || stats().await["outstanding"] == 0).await;
    let stats = stats().await;
    assert_eq!(
        (&stats["lostExpired"], &stats["lost"], &stats["acknowledged"]),
        (&stats["made"], &stats["made"], &json!(0))
    );
    house.close().await;
}

#[tokio::test]
async fn an_event_ages_from_when_it_happened_and_not_from_when_it_was_let_go() {
    let receiver = Receiver::open(&[]).await;
    let house = House::pushing_to(receiver.url.clone(), SECRET, 60, 0.0).await;
    house.set(json!({"webhook_ttl": 1, "event_delay": {"webhook": 4000}})).await;
    let agent = house.somebody().await;
    for round in 0..20 {
        house.force(&agent, json!({"outOfOffice": round % 2 == 0})).await;
    }
    let stats = async || house.get("/sim/stats", "").await.1["events"]["webhook"].clone();
    eventually("all are let go", async || stats().await["outstanding"] == 0).await;
    let stats = stats().await;
    // Three in four are held back for longer than they live.
    assert!(stats["lostExpired"].as_u64() > Some(10), "{stats}");
    house.close().await;
}

#[tokio::test]
async fn beyond_the_throttle_events_wait_until_it_is_lifted() {
    let receiver = Receiver::open(&[]).await;
    let house = House::pushing_to(receiver.url.clone(), SECRET, 60, 0.0).await;
    house.set(json!({"webhook_throttle": 2})).await;
    let agent = house.somebody().await;
    for away in [true, false, true] {
        house.force(&agent, json!({"outOfOffice": away})).await;
    }
    let stats = async || house.get("/sim/stats", "").await.1["events"]["webhook"].clone();
    eventually("two are delivered", async || stats().await["acknowledged"] == 2).await;
    let stats = stats().await;
    assert_eq!(stats["pushed"], 2);
    assert_eq!(stats["outstanding"].as_u64().unwrap() + 2, stats["made"].as_u64().unwrap());
    // Sooner than the minute is over: nothing is waited for that long.
    house.set(json!({"webhook_throttle": 0})).await;
    let delivered = async || house.get("/sim/stats", "").await.1["events"]["webhook"]["outstanding"] == 0;
    eventually("the others are delivered", delivered).await;
    house.close().await;
}

#[tokio::test]
async fn one_change_has_one_correlation_id_on_every_transport() {
    let receiver = Receiver::open(&[]).await;
    let house = House::pushing_to(receiver.url.clone(), SECRET, 60, 0.0).await;
    house.set(json!({"webhook_format": "notification"})).await;
    let (agent, caller) = (house.somebody().await, Caller::of(&house, "sim-full").await);
    let (_, mut socket) = caller.listen(&[topic(&agent, "activity")]).await;
    // After-call work is told to channels alone, and moves no webhook's number.
    house.force(&agent, json!({"routingStatus": "INTERACTING"})).await;
    let work = format!("agents/{}/work", text(&agent, "userId"));
    for event in ["hang_up", "finish"] {
        house.control(Method::POST, &work, json!({"event": event})).await;
    }
    house.control(Method::POST, "pause", json!({})).await;
    let ids = |events: &[Value]| -> Vec<Value> {
        events.iter().map(|event| event["metadata"]["CorrelationId"].clone()).collect()
    };
    let (by_socket, pushed) = (ids(&socket.events().await), ids(&receiver.events()));
    assert_eq!(by_socket.len(), 2);
    assert!(by_socket.iter().all(|id| pushed.contains(id)), "{by_socket:?} {pushed:?}");
    house.close().await;
}
