//! Sockets of notification channels: who may connect, what is kept, how they end.

use reqwest::Method;
use serde_json::{Value, json};

use crate::house::{House, text};
use crate::socket::{Caller, Socket, topic};
use crate::webhooks::eventually;

#[tokio::test]
async fn only_a_living_channel_can_be_connected_to_and_only_by_an_upgrade() {
    let house = House::of(2).await;
    let caller = Caller::of(&house, "sim-full").await;
    let channel = caller.channel().await;
    let url = text(&channel, "connectUri").replacen("ws", "http", 1);
    let plain = house.http.get(&url).send().await.unwrap();
    assert_eq!(
        (plain.status().as_u16(), &plain.headers()["sec-websocket-version"]),
        (426, &"13".parse().unwrap())
    );
    assert_eq!(house.http.post(&url).send().await.unwrap().status(), 405);
    let host = house.url.replacen("http", "ws", 1);
    for id in ["streaming-4-00000000000000000000000000", "nonsense", "", "../api"] {
        let unknown = json!({"connectUri": format!("{host}/channels/{id}")});
        assert_eq!(Socket::refusal(&unknown).await, 404, "{id}");
    }
    assert_eq!(Socket::refusal(&channel).await, 101);
    house.close().await;
}

#[tokio::test]
async fn nothing_is_kept_while_nobody_is_connected_and_the_subscriptions_stay() {
    let house = House::of(60).await;
    let caller = Caller::of(&house, "sim-full").await;
    let agent = house.somebody().await;
    let (channel, mut socket) = caller.listen(&[topic(&agent, "presence")]).await;
    house.force(&agent, json!({"presence": "Busy"})).await;
    assert_eq!(
        socket.frame_of("v2.users.").await["eventBody"]["presenceDefinition"]["systemPresence"],
        "BUSY"
    );
    drop(socket);
    let stats = async |path: &str| house.get("/sim/stats", "").await.1.pointer(path).unwrap().clone();
    eventually("the socket is gone", async || stats("/sockets/open").await == 0).await;
    house.force(&agent, json!({"presence": "Break"})).await;
    assert_eq!(stats("/events/channel/lostUnconnected").await, 1);
    let mut socket = Socket::to(&channel).await;
    house.force(&agent, json!({"presence": "Meal"})).await;
    assert_eq!(
        socket.frame_of("v2.users.").await["eventBody"]["presenceDefinition"]["systemPresence"],
        "MEAL"
    );
    house.close().await;
}

#[tokio::test]
async fn a_second_connection_ends_the_first() {
    let house = House::of(60).await;
    let caller = Caller::of(&house, "sim-full").await;
    let agent = house.somebody().await;
    let (channel, mut first) = caller.listen(&[topic(&agent, "activity")]).await;
    let mut second = Socket::to(&channel).await;
    assert_eq!(first.until_the_end().await.1, Some(1000));
    house.force(&agent, json!({"presence": "Busy"})).await;
    second.frame_of("v2.users.").await;
    let (_, stats) = house.get("/sim/stats", "").await;
    assert_eq!((&stats["sockets"]["open"], &stats["sockets"]["ended"]["replaced"]), (&json!(1), &json!(1)));
    house.close().await;
}

#[tokio::test]
pub(crate) async fn the_twenty_first_channel_displaces_an_unconnected_one_then_a_connected_one() {
    let house = House::of(1).await;
    let caller = Caller::of(&house, "sim-full").await;
    let (channel, mut socket) = caller.listen(&[]).await;
    let mut others = Vec::new();
    for _ in 0..20 {
        others.push(caller.channel().await);
    }
    assert!(caller.lives(&channel).await, "a connected channel went before an unconnected one");
    assert!(!caller.lives(&others[0]).await);
    house.set(json!({"channel_limit": 1})).await;
    caller.channel().await;
    let (frames, code) = socket.until_the_end().await;
    let last = frames.last().unwrap();
    assert!(text(last, "topicName").starts_with("v2.system.no_longer_subscribed."));
    assert_eq!(last["eventBody"]["reason"], "another_channel_subscribed");
    assert_eq!((code, caller.lives(&channel).await), (Some(1000), false));
    house.close().await;
}

#[tokio::test]
async fn whoever_is_connected_is_told_that_the_subscriptions_have_changed() {
    let house = House::of(60).await;
    let caller = Caller::of(&house, "sim-full").await;
    let agent = house.somebody().await;
    let (channel, mut socket) = caller.listen(&[]).await;
    caller.put(&channel, &[topic(&agent, "activity")]).await;
    let told = socket.frame_of("v2.subscription.updated").await;
    assert_eq!(told["eventBody"]["systemTopicType"], "subscription_changed");
    assert_eq!(told["eventBody"]["channelId"], channel["id"]);
    caller.subscriptions(Method::DELETE, &channel, "", &[]).await;
    socket.frame_of("v2.subscription.updated").await;
    house.close().await;
}

#[tokio::test]
async fn a_subscription_over_the_socket_is_answered_there_and_is_all_or_nothing() {
    let house = House::of(60).await;
    let caller = Caller::of(&house, "sim-full").await;
    let agent = house.somebody().await;
    let (channel, mut socket) = caller.listen(&[]).await;
    let good = topic(&agent, "activity");
    for (topics, result) in [(vec![good.clone(), "v2.nothing".into()], "400"), (vec![good.clone()], "200")] {
        socket.say(json!({"message": "subscribe", "topics": topics, "correlationId": result})).await;
        let answer = loop {
            let frame = socket.frame().await;
            if frame["message"] == "subscribe" {
                break frame;
            }
        };
        assert_eq!((text(&answer, "result"), text(&answer, "correlationId")), (result, result));
    }
    assert_eq!(caller.topics(&channel).await, [good]);
    house.force(&agent, json!({"presence": "Busy"})).await;
    socket.frame_of("v2.users.").await;
    house.close().await;
}

#[tokio::test]
async fn the_other_region_has_channels_of_its_own() {
    const REGION: &str = "/region/usw2.pure.cloud";
    let house = House::of(1).await;
    let token: Value =
        house.ask_for_token(REGION, "sim-wrong-region", "sim-secret").await.json().await.unwrap();
    let token = text(&token, "access_token");
    let channels = format!("{REGION}/api/v2/notifications/channels");
    let channel: Value = house.send(Method::POST, &channels, token, None).await.json().await.unwrap();
    assert!(text(&channel, "connectUri").contains(&format!("{REGION}/channels/streaming-")));
    let (_, users) = house.get(&format!("{REGION}/api/v2/users"), token).await;
    let user = text(&users["entities"][0], "id");
    let subscriptions = format!("{channels}/{}/subscriptions", text(&channel, "id"));
    let topics = json!([{"id": format!("v2.users.{user}.presence")}]);
    assert_eq!(house.send(Method::PUT, &subscriptions, token, Some(topics)).await.status(), 200);
    let mut socket = Socket::to(&channel).await;
    let presence = format!("{REGION}/api/v2/users/{user}/presences/purecloud");
    let training = json!({"presenceDefinition": {"id": "d2390a99-8546-bad9-8f0a-219548e8aeb0"}});
    assert_eq!(house.send(Method::PATCH, &presence, token, Some(training)).await.status(), 200);
    assert_eq!(
        socket.frame_of("v2.users.").await["eventBody"]["presenceDefinition"]["systemPresence"],
        "TRAINING"
    );
    house.close().await;
}

#[tokio::test]
async fn trouble_by_switch_is_had_when_connecting_too() {
    let house = House::of(1).await;
    let caller = Caller::of(&house, "sim-full").await;
    let channel = caller.channel().await;
    house.set(json!({"region_down": "503"})).await;
    assert_eq!(Socket::refusal(&channel).await, 503);
    house.set(json!({"region_down": "off", "http_error_p": 1, "http_error_status": 500})).await;
    assert_eq!(Socket::refusal(&channel).await, 101);
    house.set(json!({"http_trouble_routes": ["/channels/{channelId}"]})).await;
    assert_eq!(Socket::refusal(&channel).await, 500);
    house.close().await;
}
