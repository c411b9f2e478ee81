//! The switches that make sockets and channels misbehave.

use std::collections::BTreeSet;

use reqwest::Method;
use serde_json::{Value, json};

use crate::house::{House, text};
use crate::socket::{Caller, Socket, topic};
use crate::webhooks::eventually;

/// Makes somebody change this many times, with a message of its own each.
async fn change(house: &House, agent: &Value, times: usize) {
    for time in 0..times {
        let presence = if time.is_multiple_of(2) { "Busy" } else { "Meal" };
        house.force(agent, json!({"presence": presence})).await;
    }
}

/// The clocks of the presences in the events until the answer to a ping, each of them a change.
async fn clocks(socket: &mut Socket) -> Vec<String> {
    let clock = |event: &Value| Some(event["eventBody"]["presence"]["modifiedDate"].as_str()?.to_owned());
    socket.events().await.iter().filter_map(clock).collect()
}

async fn channel_stats(house: &House) -> Value {
    house.get("/sim/stats", "").await.1["events"]["channel"].clone()
}

async fn ended(house: &House, cause: &str) -> u64 {
    house.get("/sim/stats", "").await.1["sockets"]["ended"][cause].as_u64().unwrap()
}

#[tokio::test]
pub(crate) async fn two_channels_lose_independently_and_the_losses_add_up() {
    let house = House::of(60).await;
    let caller = Caller::of(&house, "sim-full").await;
    let agent = house.somebody().await;
    let (_, mut one) = caller.listen(&[topic(&agent, "activity")]).await;
    let (_, mut two) = caller.listen(&[topic(&agent, "activity")]).await;
    house.set(json!({"event_loss": {"channel": 0.5}})).await;
    change(&house, &agent, 60).await;
    house.control(Method::POST, "pause", json!({})).await;
    let (of_one, of_two): (BTreeSet<String>, BTreeSet<String>) =
        (clocks(&mut one).await.into_iter().collect(), clocks(&mut two).await.into_iter().collect());
    assert!(of_one.difference(&of_two).count() > 5 && of_two.difference(&of_one).count() > 5);
    let stats = channel_stats(&house).await;
    assert_eq!((&stats["made"], &stats["duplicated"]), (&json!(120), &json!(0)));
    assert_eq!(stats["sent"], of_one.len() + of_two.len());
    assert_eq!(stats["lostBySwitch"], 120 - of_one.len() - of_two.len());
    let (_, faults) = house.get("/sim/faults", "").await;
    assert_eq!(faults["event_loss"], json!({"webhook": 0.0, "channel": 0.5}));
    house.close().await;
}

#[tokio::test]
pub(crate) async fn events_are_doubled_delayed_and_overtaken_by_switch() {
    let house = House::of(60).await;
    let caller = Caller::of(&house, "sim-full").await;
    let agent = house.somebody().await;
    let (_, mut socket) = caller.listen(&[topic(&agent, "activity")]).await;
    house.set(json!({"event_dup": 1, "event_delay": 200, "event_reorder": 0.5})).await;
    change(&house, &agent, 20).await;
    let paused = house.control(Method::POST, "pause", json!({})).await;
    assert_eq!(paused["outstanding"], 0);
    let clocks = clocks(&mut socket).await;
    let distinct: BTreeSet<&String> = clocks.iter().collect();
    assert_eq!((clocks.len(), distinct.len()), (40, 20));
    assert!(!clocks.is_sorted(), "nothing was overtaken");
    let stats = channel_stats(&house).await;
    assert_eq!((&stats["duplicated"], &stats["sent"]), (&json!(20), &json!(40)));
    house.close().await;
}

#[tokio::test]
async fn the_state_of_some_is_withheld_from_channels_too() {
    let house = House::of(60).await;
    let caller = Caller::of(&house, "sim-full").await;
    let agent = house.somebody().await;
    let (_, mut socket) = caller.listen(&[topic(&agent, "activity"), topic(&agent, "presence")]).await;
    house.set(json!({"state_withheld": [agent["userId"]]})).await;
    house.force(&agent, json!({"presence": "Busy"})).await;
    assert_eq!(clocks(&mut socket).await, Vec::<String>::new());
    assert_eq!(channel_stats(&house).await["lostBySwitch"], 2);
    house.close().await;
}

#[tokio::test]
pub(crate) async fn a_half_open_socket_stays_open_and_neither_sends_nor_answers() {
    let house = House::of(60).await;
    let caller = Caller::of(&house, "sim-full").await;
    let agent = house.somebody().await;
    let (channel, mut socket) = caller.listen(&[topic(&agent, "activity")]).await;
    house.set(json!({"half_open": true, "heartbeat_s": 1})).await;
    eventually("an event that nobody gets", async || {
        change(&house, &agent, 2).await;
        channel_stats(&house).await["lostHalfOpen"].as_u64() > Some(0)
    })
    .await;
    socket.say(json!({"message": "ping"})).await;
    assert!(caller.lives(&channel).await);
    house.set(json!({"half_open": false})).await;
    assert_eq!(house.get("/sim/stats", "").await.1["sockets"]["open"], 1);
    let mut again = Socket::to(&channel).await;
    house.force(&agent, json!({"presence": "Training"})).await;
    assert_eq!(clocks(&mut again).await.len(), 1);
    let (frames, code) = socket.until_the_end().await;
    assert_eq!(code, None);
    let answered = frames.iter().any(|frame| frame["eventBody"]["message"] == "pong");
    assert!(!answered, "a half-open socket answered");
    house.close().await;
}

#[tokio::test]
pub(crate) async fn a_silent_client_is_closed_with_1001() {
    let house = House::of(1).await;
    let caller = Caller::of(&house, "sim-full").await;
    let (channel, mut socket) = caller.listen(&[]).await;
    house.set(json!({"close_1001": 1})).await;
    assert_eq!(socket.until_the_end().await.1, Some(1001));
    assert_eq!(ended(&house, "idle").await, 1);
    assert!(caller.lives(&channel).await);
    house.close().await;
}

#[tokio::test]
pub(crate) async fn a_planned_close_is_announced_and_the_subscriptions_survive_it() {
    let house = House::of(60).await;
    let caller = Caller::of(&house, "sim-full").await;
    let agent = house.somebody().await;
    let (channel, mut socket) = caller.listen(&[topic(&agent, "activity")]).await;
    house.set(json!({"socket_closing_after": 1, "socket_closing_notice_s": 1})).await;
    let notice = socket.frame_of("v2.system.socket_closing").await;
    assert!(notice["eventBody"]["message"].is_string());
    assert_eq!(socket.until_the_end().await.1, Some(1000));
    assert_eq!(ended(&house, "planned").await, 1);
    house.set(json!({"socket_closing_after": 0})).await;
    let mut again = Socket::to(&channel).await;
    house.force(&agent, json!({"presence": "Busy"})).await;
    assert_eq!(clocks(&mut again).await.len(), 1);
    house.close().await;
}

#[tokio::test]
pub(crate) async fn a_channel_taken_over_is_told_so_and_hears_no_more() {
    let house = House::of(60).await;
    let caller = Caller::of(&house, "sim-full").await;
    let agent = house.somebody().await;
    let (channel, mut socket) = caller.listen(&[topic(&agent, "activity")]).await;
    house.set(json!({"channel_takeover": 1})).await;
    let told = socket.frame_of("v2.system.no_longer_subscribed.").await;
    assert!(text(&told, "topicName").ends_with(text(&channel, "id")));
    assert_eq!(told["eventBody"]["oauthClientId"], "sim-full");
    assert_eq!(told["eventBody"]["systemTopicType"], "no_longer_subscribed");
    house.force(&agent, json!({"presence": "Busy"})).await;
    assert_eq!(clocks(&mut socket).await, Vec::<String>::new());
    assert!(caller.lives(&channel).await);
    assert_eq!(caller.topics(&channel).await, Vec::<String>::new());
    house.close().await;
}

#[tokio::test]
pub(crate) async fn topics_are_refused_by_name_by_template_and_by_object() {
    let house = House::of(60).await;
    let caller = Caller::of(&house, "sim-full").await;
    let agent = house.somebody().await;
    let (activity, presence) = (topic(&agent, "activity"), topic(&agent, "presence"));
    for (reject, refused) in [
        (json!([activity]), 1),
        (json!(["V2.users.{id}.presence"]), 1),
        (json!([agent["userId"]]), 2),
        (json!([]), 0),
    ] {
        house.set(json!({"topic_reject": reject})).await;
        let channel = caller.channel().await;
        let topics = [activity.clone(), presence.clone()];
        let (_, answer) = caller.subscriptions(Method::PUT, &channel, "?ignoreErrors=true", &topics).await;
        let rejected =
            answer["entities"].as_array().unwrap().iter().filter(|entry| entry["state"] == "Rejected");
        assert_eq!(rejected.clone().count(), refused, "{answer}");
        for entry in rejected {
            assert_eq!(entry["rejectionReason"], "notification.unauthorized.topic");
            assert_eq!(entry["missingPermissions"].as_array().unwrap().len(), 1);
        }
        let (status, _) = caller.subscriptions(Method::PUT, &channel, "", &topics).await;
        assert_eq!(status, if refused > 0 { 403 } else { 200 });
    }
    house.close().await;
}

#[tokio::test]
pub(crate) async fn a_token_that_dies_before_its_time_takes_its_channels_along() {
    for how in ["early", "deleted", "disabled", "idle"] {
        let house = House::of(1).await;
        let caller = Caller::of(&house, "sim-full").await;
        let (channel, mut socket) = caller.listen(&[]).await;
        match how {
            "early" => house.set(json!({"token_die_early": 1})).await,
            "idle" => house.set(json!({"idle_timeout": 1})).await,
            "deleted" => {
                house.send(Method::DELETE, "/api/v2/tokens/me", &caller.token, None).await;
            }
            _ => {
                let disabled = json!({"clientId": "sim-full", "disabled": true});
                house.control(Method::POST, "clients", disabled).await;
            }
        }
        let (frames, code) = socket.until_the_end().await;
        let last = frames.last().unwrap();
        let expected = format!("v2.system.token_revoked.{}", text(&channel, "id"));
        assert_eq!((text(last, "topicName"), code), (expected.as_str(), Some(1000)), "{how}");
        assert_eq!(last["eventBody"]["reason"], "user_tokens_revoked");
        assert_eq!(ended(&house, "tokenRevoked").await, 1);
        assert_eq!(Socket::refusal(&channel).await, 404);
        house.close().await;
    }
}
