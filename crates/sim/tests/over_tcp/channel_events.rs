//! What is sent under each topic, once for each channel that wants it.

use std::collections::HashMap;
use std::time::Duration;

use onduty_sim::SimOptions;
use reqwest::Method;
use serde_json::{Value, json};

use crate::house::{House, still, text};
use crate::socket::{Caller, topic};
use crate::webhooks::eventually;

/// The members of a body, in order of name.
fn members(body: &Value) -> Vec<&str> {
    let mut names: Vec<&str> = body.as_object().unwrap().keys().map(String::as_str).collect();
    names.sort_unstable();
    names
}

#[tokio::test]
async fn a_presence_event_leaves_the_user_to_the_topic() {
    let house = House::of(60).await;
    let caller = Caller::of(&house, "sim-full").await;
    let agent = house.somebody().await;
    let (_, mut socket) = caller.listen(&[topic(&agent, "presence")]).await;
    let agent = house.force(&agent, json!({"presence": "Meal"})).await;
    house.set(json!({"presence_event_without_modifiedDate": true})).await;
    let source = format!("agents/{}/primarysource", text(&agent, "userId"));
    house.control(Method::POST, &source, json!({"source": "MicrosoftTeams"})).await;
    house.force(&agent, json!({"presence": "Break"})).await;
    let [first, second] = socket.events().await.try_into().unwrap();
    assert_eq!(text(&first, "topicName"), topic(&agent, "presence"));
    let body = &first["eventBody"];
    assert_eq!(members(body), ["message", "modifiedDate", "presenceDefinition", "primary", "source"]);
    assert_eq!(members(&body["presenceDefinition"]), ["id", "systemPresence"]);
    assert_eq!((text(body, "source"), &body["primary"]), ("PURECLOUD", &json!(true)));
    assert_eq!(body["modifiedDate"], agent["presence"]["modifiedDate"]);
    assert_eq!(second["eventBody"]["primary"], false);
    assert!(second["eventBody"].get("modifiedDate").is_none());
    house.close().await;
}

#[tokio::test]
async fn routing_absence_and_queues_have_topics_of_their_own() {
    let house = House::of(60).await;
    let caller = Caller::of(&house, "sim-full").await;
    let truth = house.truth().await;
    let agent = truth.iter().find(|agent| !agent["queueIds"].as_array().unwrap().is_empty()).unwrap();
    let agent = house.force(agent, json!({"presence": "On Queue", "outOfOffice": false})).await;
    let queue = agent["queueIds"][0].as_str().unwrap();
    let queue_topic = format!("v2.routing.queues.{queue}.users");
    let topics = [topic(&agent, "routingStatus"), topic(&agent, "outofoffice"), queue_topic.clone()];
    let (_, mut socket) = caller.listen(&topics).await;
    let agent = house.force(&agent, json!({"routingStatus": "INTERACTING"})).await;
    house.force(&agent, json!({"outOfOffice": true})).await;
    let path = format!("agents/{}/queues", text(&agent, "agentId"));
    house.control(Method::POST, &path, json!({"active": []})).await;
    let [routing, absence, switched] = socket.events().await.try_into().unwrap();
    assert_eq!(text(&routing, "topicName"), topics[0]);
    let status = json!({"status": "INTERACTING", "startTime": agent["routingStatus"]["startTime"]});
    assert_eq!(routing["eventBody"], json!({"id": agent["userId"], "routingStatus": status}));
    assert_eq!(text(&absence, "topicName"), topics[1]);
    let user = json!({"id": agent["userId"]});
    assert_eq!(absence["eventBody"], json!({"user": user, "active": true, "indefinite": true}));
    assert_eq!(text(&switched, "topicName"), queue_topic);
    let left = json!({"id": agent["userId"], "user": user, "queueId": queue, "joined": false});
    assert_eq!(switched["eventBody"], left);
    house.close().await;
}

#[tokio::test]
async fn a_failed_change_is_reported_beside_the_one_that_came_about_and_is_not_true() {
    let house = House::of(60).await;
    let caller = Caller::of(&house, "sim-full").await;
    let agent = house.somebody().await;
    let (_, mut socket) = caller.listen(&[topic(&agent, "routingStatus"), topic(&agent, "presence")]).await;
    house.set(json!({"routing_status_error_p": 1.0})).await;
    let agent = house.force(&agent, json!({"routingStatus": "INTERACTING"})).await;
    house.force(&agent, json!({"outOfOffice": true})).await;
    let [true_one, failed] = socket.events().await.try_into().unwrap();
    assert_eq!(true_one["eventBody"]["routingStatus"], agent["routingStatus"]);
    assert!(true_one["eventBody"].get("errorInfo").is_none());
    let body = &failed["eventBody"];
    assert_eq!(text(&failed, "topicName"), topic(&agent, "routingStatus"));
    assert_eq!(body["routingStatus"]["status"], "IDLE", "whoever believes it goes back in time");
    assert!(text(&body["routingStatus"], "startTime") > text(&agent["routingStatus"], "startTime"));
    assert_eq!(body["errorInfo"]["errorCode"], "general.bad.request");
    house.close().await;
}

#[tokio::test]
async fn a_change_of_the_primary_source_is_told_with_both_and_once() {
    let house = House::of(60).await;
    let caller = Caller::of(&house, "sim-full").await;
    let agent = house.somebody().await;
    let (_, sources) = house.get("/api/v2/presence/sources", &caller.token).await;
    let topics = ["integrationpresence", "activity"].map(|last| topic(&agent, last));
    let (_, mut socket) = caller.listen(&topics).await;
    let control = format!("agents/{}/primarysource", text(&agent, "userId"));
    for source in ["MicrosoftTeams", "MicrosoftTeams", "Branch telephones"] {
        house.control(Method::POST, &control, json!({"source": source})).await;
    }
    let path = format!("/api/v2/users/{}/presences/purecloud", text(&agent, "userId"));
    house.send(Method::PATCH, &path, &caller.token, Some(json!({"primary": true}))).await;
    let events = socket.events().await;
    let told: Vec<[&Value; 3]> = events
        .iter()
        .map(|event| {
            assert_eq!(text(event, "topicName"), topics[0]);
            let body = &event["eventBody"];
            assert_eq!(text(body, "eventType"), "UserPrimaryPresenceSourceChanged");
            assert_eq!(text(&body["presenceDefinition"], "systemPresence"), "ON_QUEUE");
            ["source", "currentDisplaySourceId", "previousDisplaySourceId"].map(|member| &body[member])
        })
        .collect();
    let [teams, branch] = [0, 1].map(|index| &sources["entities"][index]["id"]);
    let named = ["MicrosoftTeams", "Branch telephones", "PURECLOUD"].map(Value::from);
    let none = Value::Null;
    assert_eq!(told, [[&named[0], teams, &none], [&named[1], branch, teams], [&named[2], &none, branch]]);
    house.close().await;
}

#[tokio::test]
async fn a_summary_of_conversations_tells_the_work_after_a_call_which_nothing_else_does() {
    let house = House::with(SimOptions { rate: 300.0, ..still() }).await;
    let caller = Caller::of(&house, "sim-full").await;
    let truth = house.truth().await;
    let topics: Vec<String> = truth.iter().map(|agent| topic(agent, "conversationsummary")).collect();
    let (_, mut socket) = caller.listen(&topics).await;
    let mut stages: HashMap<String, Vec<Value>> = HashMap::new();
    let call = [(1, 0), (0, 1), (0, 0)].map(|(active, acw)| json!({"active": active, "acw": acw}));
    let seen_through = async {
        loop {
            let event = socket.frame_of("v2.users.").await;
            let of_user = stages.entry(text(&event, "topicName").to_owned()).or_default();
            of_user.push(event["eventBody"]["call"]["contactCenter"].clone());
            if of_user.ends_with(&call) {
                break;
            }
        }
    };
    let waited = tokio::time::timeout(Duration::from_secs(30), seen_through).await;
    assert!(waited.is_ok(), "no call was seen from its beginning to the end of its work");
    house.close().await;
}

#[tokio::test]
async fn a_combined_topic_brings_events_under_the_single_names() {
    let house = House::of(60).await;
    let caller = Caller::of(&house, "sim-full").await;
    let agent = house.somebody().await;
    let combined = format!("v2.users.{}?PRESENCE&routingstatus", text(&agent, "userId"));
    let (_, mut socket) = caller.listen(&[combined, topic(&agent, "presence")]).await;
    house.force(&agent, json!({"presence": "Meal"})).await;
    let names: Vec<String> =
        socket.events().await.iter().map(|event| text(event, "topicName").to_owned()).collect();
    assert_eq!(names, [topic(&agent, "presence"), topic(&agent, "routingStatus")]);
    house.close().await;
}

#[tokio::test]
async fn only_the_changed_facet_is_told_when_asked() {
    let house = House::of(60).await;
    let caller = Caller::of(&house, "sim-full").await;
    let agent = house.somebody().await;
    house.set(json!({"activity_partial": true})).await;
    let (_, mut socket) = caller.listen(&[topic(&agent, "activity")]).await;
    house.force(&agent, json!({"routingStatus": "INTERACTING"})).await;
    let event = socket.frame_of("v2.users.").await;
    assert_eq!(members(&event["eventBody"]), ["id", "routingStatus"]);
    house.close().await;
}

#[tokio::test]
async fn the_platforms_own_writes_are_told_too() {
    let house = House::of(60).await;
    let caller = Caller::of(&house, "sim-full").await;
    let agent = house.force(&house.truth().await[1], json!({"presence": "Available"})).await;
    let (_, mut socket) = caller.listen(&[topic(&agent, "activity")]).await;
    let path = format!("/api/v2/users/{}/presences/purecloud", text(&agent, "userId"));
    let meal = json!({"presenceDefinition": {"id": "3fd96123-badb-4f69-bc03-1b1ccc6d8014"}});
    assert_eq!(house.send(Method::PATCH, &path, &caller.token, Some(meal)).await.status(), 200);
    let body = socket.frame_of("v2.users.").await["eventBody"].clone();
    assert_eq!(body["presence"]["presenceDefinition"]["systemPresence"], "MEAL");
    house.close().await;
}

#[tokio::test]
async fn without_faults_every_event_arrives_and_the_last_of_each_user_is_the_truth() {
    let house = House::with(SimOptions { agents: 300, rate: 800.0, ..still() }).await;
    let caller = Caller::of(&house, "sim-full").await;
    let truth = house.truth().await;
    let topics: Vec<String> = truth.iter().map(|agent| topic(agent, "activity")).collect();
    let (_, mut socket) = caller.listen(&topics).await;
    let stats = async || house.get("/sim/stats", "").await.1["events"]["channel"].clone();
    eventually("five hundred events", async || stats().await["sent"].as_u64() > Some(500)).await;
    let paused = house.control(Method::POST, "pause", json!({})).await;
    assert_eq!(paused["outstanding"], 0);
    let events = socket.events().await;
    let stats = stats().await;
    assert_eq!(stats["sent"].as_u64(), Some(events.len() as u64));
    assert_eq!(
        stats["made"].as_u64(),
        Some(events.len() as u64 + stats["lostUnconnected"].as_u64().unwrap())
    );
    let last: HashMap<&str, &Value> =
        events.iter().map(|event| (text(event, "topicName"), &event["eventBody"])).collect();
    for agent in house.truth().await {
        let Some(body) = last.get(topic(&agent, "activity").as_str()) else { continue };
        assert_eq!(body["routingStatus"], agent["routingStatus"]);
        assert_eq!(body["presence"]["modifiedDate"], agent["presence"]["modifiedDate"]);
        assert_eq!(body["activeQueueIds"], agent["queueIds"]);
    }
    house.close().await;
}
