//! `POST /sim/disconnect`: what is open is broken by order, and the answer says what was hit.

use reqwest::Method;
use serde_json::{Value, json};

use crate::house::{House, text};
use crate::socket::{Caller, Socket, topic};

async fn order(house: &House, order: Value) -> Value {
    house.control(Method::POST, "disconnect", order).await
}

/// Three channels with a socket each.
async fn three(caller: &Caller<'_>) -> (Vec<Value>, Vec<Socket>) {
    let (mut channels, mut sockets) = (Vec::new(), Vec::new());
    for _ in 0..3 {
        let (channel, socket) = caller.listen(&[]).await;
        channels.push(channel["id"].clone());
        sockets.push(socket);
    }
    (channels, sockets)
}

#[tokio::test]
async fn sockets_are_cut_all_or_the_first_so_many_or_those_named() {
    let house = House::of(1).await;
    let caller = Caller::of(&house, "sim-full").await;
    let (ids, mut sockets) = three(&caller).await;
    assert_eq!(order(&house, json!({"sockets": [ids[2]]})).await, json!({"sockets": [ids[2]]}));
    assert_eq!(sockets.pop().unwrap().until_the_end().await.1, None);
    assert_eq!(order(&house, json!({"sockets": 1})).await, json!({"sockets": [ids[0]]}));
    assert_eq!(
        order(&house, json!({"sockets": true, "clientId": "sim-no-role"})).await["sockets"],
        json!([])
    );
    assert_eq!(order(&house, json!({"sockets": true})).await, json!({"sockets": [ids[1]]}));
    for mut socket in sockets {
        assert_eq!(socket.until_the_end().await.1, None);
    }
    let (_, stats) = house.get("/sim/stats", "").await;
    assert_eq!((&stats["sockets"]["ended"]["control"], &stats["channels"]["open"]), (&json!(3), &json!(3)));
    house.close().await;
}

#[tokio::test]
async fn channels_are_expired_taken_over_and_announced_to_close() {
    let house = House::of(1).await;
    let caller = Caller::of(&house, "sim-full").await;
    let (ids, mut sockets) = three(&caller).await;
    let hit = order(&house, json!({"expire": [ids[0]], "takeover": [ids[1]], "closeSoon": [ids[2]]})).await;
    assert_eq!(hit, json!({"expire": [ids[0]], "takeover": [ids[1]], "closeSoon": [ids[2]]}));
    assert_eq!(sockets[0].until_the_end().await.1, Some(1000));
    sockets[1].frame_of("v2.system.no_longer_subscribed.").await;
    sockets[2].frame_of("v2.system.socket_closing").await;
    let lives = async |id: &Value| caller.lives(&json!({"id": id})).await;
    assert_eq!((lives(&ids[0]).await, lives(&ids[1]).await, lives(&ids[2]).await), (false, true, true));
    house.close().await;
}

#[tokio::test]
async fn a_channel_is_forgotten_by_order_and_its_socket_goes_on_without_events() {
    let house = House::of(60).await;
    let caller = Caller::of(&house, "sim-full").await;
    let agent = &house.truth().await[1];
    let (channel, mut socket) = caller.listen(&[topic(agent, "activity")]).await;
    assert_eq!(order(&house, json!({"forget": true})).await, json!({"forget": [channel["id"]]}));
    assert!(!caller.lives(&channel).await);
    assert_eq!(Socket::refusal(&channel).await, 404);
    for presence in ["Meal", "Busy"] {
        house.force(agent, json!({"presence": presence})).await;
    }
    socket.say(json!({"message": "ping"})).await;
    let pong = socket.frame_of("").await;
    assert_eq!(pong["eventBody"]["message"], "pong", "and no event before it");
    socket.say(json!({"message": "subscribe", "topics": [topic(agent, "activity")]})).await;
    assert_eq!(socket.frame().await["result"], "404");
    let (_, stats) = house.get("/sim/stats", "").await;
    assert_eq!((&stats["channels"]["open"], &stats["sockets"]["open"]), (&json!(0), &json!(1)));
    house.close().await;
}

#[tokio::test]
async fn a_socket_made_half_open_by_order_answers_no_more() {
    let house = House::of(1).await;
    let caller = Caller::of(&house, "sim-full").await;
    let (ids, mut sockets) = three(&caller).await;
    assert_eq!(order(&house, json!({"halfOpen": 1})).await, json!({"halfOpen": [ids[0]]}));
    sockets[0].say(json!({"message": "ping"})).await;
    order(&house, json!({"sockets": true})).await;
    let (frames, code) = sockets[0].until_the_end().await;
    assert!(frames.iter().all(|frame| frame["eventBody"]["message"] != "pong"), "{frames:?}");
    assert_eq!(code, None);
    house.close().await;
}

#[tokio::test]
async fn tokens_are_revoked_when_nothing_else_is_ordered_or_when_that_is() {
    let house = House::of(1).await;
    let caller = Caller::of(&house, "sim-full").await;
    let (_, mut socket) = caller.listen(&[]).await;
    assert_eq!(order(&house, json!({"sockets": 0})).await, json!({"sockets": []}));
    assert_eq!(order(&house, json!({"clientId": "sim-full"})).await, json!({"tokensRevoked": 1}));
    socket.frame_of("v2.system.token_revoked.").await;
    house.token("sim-full").await;
    let hit = order(&house, json!({"revoke": true, "expire": true})).await;
    assert_eq!(hit["tokensRevoked"], 1);
    house.close().await;
}

#[tokio::test]
async fn an_order_that_makes_no_sense_is_refused_and_nothing_is_done() {
    let house = House::of(1).await;
    let caller = Caller::of(&house, "sim-full").await;
    let (channel, _socket) = caller.listen(&[]).await;
    for nonsense in [json!({"sockets": true, "expire": -1}), json!({"sockets": true, "sokets": 1})] {
        let refused = house.send(Method::POST, "/sim/disconnect", "", Some(nonsense)).await;
        assert_eq!(refused.status(), 400);
    }
    let (_, stats) = house.get("/sim/stats", "").await;
    assert_eq!(stats["sockets"]["open"], 1);
    assert!(caller.lives(&json!({"id": text(&channel, "id")})).await);
    house.close().await;
}
