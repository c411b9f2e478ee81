//! Notification channels: made, subscribed, connected, kept alive.

use reqwest::Method;
use serde_json::{Value, json};

use crate::house::{House, text};
use crate::socket::{Caller, Socket, topic};
use crate::webhooks::eventually;

#[tokio::test]
async fn a_channel_is_made_from_no_body_from_null_and_from_json() {
    let house = House::of(2).await;
    let caller = Caller::of(&house, "sim-full").await;
    for body in [None, Some(Value::Null), Some(json!({}))] {
        let (status, channel) = caller.call(Method::POST, "channels", body).await;
        let id = text(&channel, "id");
        assert_eq!(status, 200);
        let host = house.url.strip_prefix("http://").unwrap();
        assert_eq!(text(&channel, "connectUri"), format!("ws://{host}/channels/{id}"));
        assert!(text(&channel, "expires").ends_with('Z'));
        assert!(caller.lives(&channel).await);
    }
    let nonsense = house.http.post(format!("{}/api/v2/notifications/channels", house.url));
    let refused = nonsense.bearer_auth(&caller.token).body("{").send().await.unwrap();
    assert_eq!(refused.status(), 400);
    house.close().await;
}

#[tokio::test]
async fn the_address_of_the_socket_is_that_of_whoever_stands_in_between() {
    let house = House::of(2).await;
    let caller = Caller::of(&house, "sim-full").await;
    let request = house.http.post(format!("{}/api/v2/notifications/channels", house.url));
    let request = request.bearer_auth(&caller.token).header("host", "proxy.example:8443");
    let channel: Value = request.send().await.unwrap().json().await.unwrap();
    assert!(text(&channel, "connectUri").starts_with("ws://proxy.example:8443/channels/streaming-"));
    house.close().await;
}

#[tokio::test]
async fn a_change_arrives_as_an_activity_event_with_every_facet() {
    let house = House::of(60).await;
    let caller = Caller::of(&house, "sim-full").await;
    let agent = house.force(&house.truth().await[1], json!({"presence": "Meal"})).await;
    let (_, mut socket) = caller.listen(&[topic(&agent, "activity")]).await;
    let agent = house.force(&agent, json!({"presence": "On Queue", "routingStatus": "INTERACTING"})).await;
    let event = socket.frame_of("v2.users.").await;
    assert_eq!(text(&event, "topicName"), topic(&agent, "activity"));
    assert_eq!(event["version"], "2");
    assert_eq!(text(&event["metadata"], "CorrelationId").len(), 36);
    let body = &event["eventBody"];
    assert_eq!(body["id"], agent["userId"]);
    assert_eq!(body["presence"]["presenceDefinition"]["systemPresence"], "ON_QUEUE");
    assert_eq!(body["presence"]["modifiedDate"], agent["presence"]["modifiedDate"]);
    assert_eq!(body["routingStatus"]["status"], "INTERACTING");
    assert_eq!(body["routingStatus"]["startTime"], agent["routingStatus"]["startTime"]);
    assert_eq!(body["activeQueueIds"], agent["queueIds"]);
    assert_eq!(body["outOfOffice"]["active"], agent["outOfOffice"]);
    house.close().await;
}

#[tokio::test]
async fn whoever_is_connected_hears_heartbeats_and_has_pings_answered() {
    let house = House::of(2).await;
    house.set(json!({"heartbeat_s": 1})).await;
    let caller = Caller::of(&house, "sim-full").await;
    let (_, mut socket) = caller.listen(&[]).await;
    let said = |message: &str| json!({"topicName": "channel.metadata", "eventBody": {"message": message}});
    socket.say(json!({"message": "ping"})).await;
    let (pong, heartbeat) = (said("pong"), said("WebSocket Heartbeat"));
    let mut heard = Vec::new();
    while !heard.contains(&pong) || heard.iter().filter(|frame| **frame == heartbeat).count() < 2 {
        heard.push(socket.frame_of("channel.metadata").await);
    }
    assert!(heard.iter().all(|frame| *frame == pong || *frame == heartbeat), "{heard:?}");
    house.close().await;
}

#[tokio::test]
pub(crate) async fn a_channel_lives_as_long_as_the_switch_says_and_then_cannot_be_had() {
    let house = House::of(2).await;
    let caller = Caller::of(&house, "sim-full").await;
    let (channel, mut socket) = caller.listen(&[]).await;
    house.set(json!({"channel_ttl": 0})).await;
    let (_, code) = socket.until_the_end().await;
    assert_eq!(code, Some(1000));
    assert!(!caller.lives(&channel).await);
    assert_eq!(Socket::refusal(&channel).await, 404);
    let (status, error) = caller.subscriptions(Method::GET, &channel, "", &[]).await;
    assert_eq!((status, text(&error, "code")), (404, "entity.not.found"));
    house.close().await;
}

#[tokio::test]
async fn posting_and_putting_subscriptions_prolongs_a_channels_life_and_reading_does_not() {
    let house = House::of(2).await;
    let caller = Caller::of(&house, "sim-full").await;
    let channel = caller.channel().await;
    let expires = async || {
        let (_, listing) = caller.call(Method::GET, "channels", None).await;
        text(&listing["entities"][0], "expires").to_owned()
    };
    let first = expires().await;
    caller.topics(&channel).await;
    assert!(caller.lives(&channel).await);
    assert_eq!(expires().await, first);
    for method in [Method::POST, Method::PUT] {
        let before = expires().await;
        eventually("a longer life", async || {
            caller.subscriptions(method.clone(), &channel, "", &[]).await;
            expires().await > before
        })
        .await;
    }
    house.close().await;
}
