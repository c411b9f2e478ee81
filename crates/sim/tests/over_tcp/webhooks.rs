//! Webhooks: signed, at least once, in every envelope, and with losses that add up.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Request, Response, StatusCode};
use http_body_util::{BodyExt, Empty};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use reqwest::Method;
use serde_json::{Value, json};
use standardwebhooks::Webhook;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::house::{House, text};

pub(crate) const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

/// Waits until a condition holds, or fails saying what never came true.
pub(crate) async fn eventually(what: &str, condition: impl AsyncFn() -> bool) {
    let waited = tokio::time::timeout(Duration::from_secs(30), async {
        while !condition().await {
            tokio::task::yield_now().await;
        }
    });
    assert!(waited.await.is_ok(), "never came true: {what}");
}

/// A receiver that keeps what it is sent, and answers first with the given statuses, then with 204.
pub(crate) struct Receiver {
    pub(crate) url: String,
    received: Arc<Mutex<Vec<(HeaderMap, Bytes)>>>,
    statuses: Arc<Mutex<VecDeque<u16>>>,
    tasks: TaskTracker,
    stop: CancellationToken,
}

impl Receiver {
    pub(crate) async fn open(statuses: &[u16]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let receiver = Self {
            url: format!("http://{}/hook", listener.local_addr().unwrap()),
            received: Arc::default(),
            statuses: Arc::new(Mutex::new(statuses.iter().copied().collect())),
            tasks: TaskTracker::new(),
            stop: CancellationToken::new(),
        };
        let (received, statuses) = (Arc::clone(&receiver.received), Arc::clone(&receiver.statuses));
        let (tasks, stop) = (receiver.tasks.clone(), receiver.stop.clone());
        let accept = async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (received, statuses) = (Arc::clone(&received), Arc::clone(&statuses));
                let service =
                    service_fn(move |request| take(request, Arc::clone(&received), Arc::clone(&statuses)));
                let connection = hyper::server::conn::http1::Builder::new();
                let serving = connection.serve_connection(TokioIo::new(stream), service);
                tasks.spawn(serving);
            }
        };
        let stopped = stop.clone();
        receiver.tasks.spawn(async move {
            tokio::select! {
                () = stopped.cancelled() => {}
                () = accept => {}
            }
        });
        receiver
    }

    pub(crate) fn headers(&self) -> Vec<HeaderMap> {
        self.received.lock().unwrap().iter().map(|(headers, _)| headers.clone()).collect()
    }

    pub(crate) fn events(&self) -> Vec<Value> {
        let received = self.received.lock().unwrap();
        received.iter().map(|(_, body)| serde_json::from_slice(body).unwrap()).collect()
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

async fn take(
    request: Request<Incoming>,
    received: Arc<Mutex<Vec<(HeaderMap, Bytes)>>>,
    statuses: Arc<Mutex<VecDeque<u16>>>,
) -> Result<Response<Empty<Bytes>>, hyper::Error> {
    let (parts, body) = request.into_parts();
    let body = body.collect().await?.to_bytes();
    let status = statuses.lock().unwrap().pop_front().unwrap_or(204);
    received.lock().unwrap().push((parts.headers, body));
    let mut response = Response::new(Empty::new());
    *response.status_mut() = StatusCode::from_u16(status).unwrap();
    Ok(response)
}

async fn webhook_stats(house: &House) -> HashMap<String, u64> {
    let (_, stats) = house.get("/sim/stats", "").await;
    serde_json::from_value(stats["events"]["webhook"].clone()).unwrap()
}

#[tokio::test]
async fn an_event_carries_the_whole_state_and_a_signature_that_the_official_crate_accepts() {
    let receiver = Receiver::open(&[]).await;
    let house = House::pushing_to(receiver.url.clone(), SECRET, 60, 0.0).await;
    let agent = house.force(&house.truth().await[0], json!({"loggedIn": false})).await;
    let back = house.force(&agent, json!({"loggedIn": true})).await;
    let busy = house.force(&back, json!({"presence": "On Queue", "routingStatus": "INTERACTING"})).await;
    house.control(Method::POST, "pause", json!({})).await;
    let wanted = |version: &Value| {
        receiver.events().into_iter().find(|event| event["stateVersion"] == *version).unwrap()
    };
    let event = wanted(&busy["stateVersion"]);
    assert_eq!(text(&event, "eventType"), "agent.state.changed");
    assert_eq!(text(&wanted(&back["stateVersion"]), "eventType"), "agent.logged.in");
    for member in ["agentId", "userId", "name", "presence", "routingStatus", "loggedIn", "stateVersion"] {
        assert_eq!(event["state"][member], busy[member], "{member}");
    }
    assert_eq!(event["timestamp"], busy["modifiedDate"]);
    let verifier = Webhook::new(SECRET).unwrap();
    for (headers, body) in receiver.received.lock().unwrap().iter() {
        verifier.verify(body, headers).unwrap();
        let event: Value = serde_json::from_slice(body).unwrap();
        assert_eq!(headers["webhook-id"], text(&event, "eventId"));
        assert!(verifier.verify(&[body, &b" "[..]].concat(), headers).is_err());
    }
    house.close().await;
}

#[tokio::test]
async fn whatever_is_not_accepted_is_tried_again_with_the_same_id() {
    let receiver = Receiver::open(&[503, 500, 429, 401]).await;
    let house = House::pushing_to(receiver.url.clone(), SECRET, 60, 0.0).await;
    house.force(&house.truth().await[0], json!({"presence": "TRAINING"})).await;
    house.control(Method::POST, "pause", json!({})).await;
    let ids: HashSet<String> =
        receiver.events().iter().map(|event| text(event, "eventId").to_owned()).collect();
    assert_eq!((receiver.events().len(), ids.len()), (5, 1));
    let stats = webhook_stats(&house).await;
    assert_eq!((stats["made"], stats["acknowledged"], stats["retried"], stats["lost"]), (1, 1, 4, 0));
    house.close().await;
}

#[tokio::test]
async fn an_event_refused_for_good_is_given_up_and_counted_as_lost() {
    let receiver = Receiver::open(&[400; 6]).await;
    let house = House::pushing_to(receiver.url.clone(), SECRET, 60, 0.0).await;
    house.force(&house.truth().await[0], json!({"presence": "TRAINING"})).await;
    let paused = house.control(Method::POST, "pause", json!({})).await;
    assert_eq!(paused["outstanding"], 0);
    let stats = webhook_stats(&house).await;
    assert_eq!((stats["acknowledged"], stats["lostRefused"], stats["lost"]), (0, 1, 1));
    house.close().await;
}

#[tokio::test]
pub(crate) async fn losses_and_copies_add_up_and_every_event_not_lost_arrives() {
    let receiver = Receiver::open(&[]).await;
    let house = House::pushing_to(receiver.url.clone(), SECRET, 300, 400.0).await;
    house.set(json!({"event_loss": 0.2, "event_dup": 0.2, "event_reorder": 0.2, "event_delay": 50})).await;
    eventually("four hundred events", async || webhook_stats(&house).await["made"] > 400).await;
    let paused = house.control(Method::POST, "pause", json!({})).await;
    assert_eq!(paused["outstanding"], 0);
    let stats = webhook_stats(&house).await;
    assert_eq!(stats["made"] + stats["duplicated"], stats["acknowledged"] + stats["lost"]);
    assert!(stats["lostBySwitch"] > 0 && stats["duplicated"] > 0);
    let events = receiver.events();
    let ids: HashSet<&str> = events.iter().map(|event| text(event, "eventId")).collect();
    assert_eq!(events.len() as u64, stats["acknowledged"]);
    assert_eq!(ids.len() as u64, stats["made"] - stats["lostBySwitch"]);
    house.close().await;
}

#[tokio::test]
async fn without_loss_the_last_event_of_each_agent_is_its_true_state() {
    let receiver = Receiver::open(&[]).await;
    let house = House::pushing_to(receiver.url.clone(), SECRET, 60, 400.0).await;
    eventually("three hundred events", async || webhook_stats(&house).await["made"] > 300).await;
    house.control(Method::POST, "pause", json!({})).await;
    let mut last: HashMap<String, Value> = HashMap::new();
    for event in receiver.events() {
        let kept = last.entry(text(&event, "agentId").to_owned()).or_insert_with(|| event.clone());
        if kept["stateVersion"].as_u64() < event["stateVersion"].as_u64() {
            *kept = event;
        }
    }
    for agent in house.truth().await {
        let Some(event) = last.get(text(&agent, "agentId")) else { continue };
        for member in ["presence", "routingStatus", "loggedIn", "stateVersion", "modifiedDate"] {
            assert_eq!(event["state"][member], agent[member]);
        }
    }
    house.close().await;
}

#[tokio::test]
pub(crate) async fn notifications_spell_in_capitals_and_tell_only_the_changed_facet_when_asked() {
    let receiver = Receiver::open(&[]).await;
    let house = House::pushing_to(receiver.url.clone(), SECRET, 60, 0.0).await;
    let agent = house.force(&house.truth().await[0], json!({"presence": "Meal"})).await;
    let user = text(&agent, "userId");
    house.set(json!({"webhook_format": "notification"})).await;
    let agent = house.force(&agent, json!({"presence": "On Queue"})).await;
    house.control(Method::POST, "pause", json!({})).await;
    let whole = receiver.events().pop().unwrap();
    assert_eq!(text(&whole, "topicName"), format!("v2.users.{user}.activity"));
    let body = &whole["eventBody"];
    assert_eq!(body["presence"]["presenceDefinition"]["systemPresence"], "ON_QUEUE");
    assert_eq!(body["presence"]["modifiedDate"], agent["presence"]["modifiedDate"]);
    assert_eq!(body["activeQueueIds"], agent["queueIds"]);
    house.set(json!({"webhook_format": "eventbridge", "activity_partial": true})).await;
    house.force(&agent, json!({"routingStatus": "INTERACTING"})).await;
    house.control(Method::POST, "pause", json!({})).await;
    let partial = receiver.events().pop().unwrap();
    assert_eq!(text(&partial, "detail-type"), "v2.users.{id}.activity");
    let told: HashSet<&String> = partial["detail"]["eventBody"].as_object().unwrap().keys().collect();
    assert_eq!(told.len(), 2, "{partial}");
    assert_eq!(partial["detail"]["eventBody"]["routingStatus"]["status"], "INTERACTING");
    house.close().await;
}

#[tokio::test]
async fn events_wait_for_a_receiver_that_is_not_there_yet() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    drop(listener);
    let house = House::pushing_to(format!("http://{addr}/hook"), SECRET, 60, 0.0).await;
    house.force(&house.truth().await[0], json!({"presence": "TRAINING"})).await;
    eventually("a second try", async || webhook_stats(&house).await["retried"] > 0).await;
    let stats = webhook_stats(&house).await;
    assert_eq!((stats["outstanding"], stats["lost"]), (1, 0));
    house.close().await;
}
