//! The fixtures judge the simulator too: whatever it sends has only members found there, of the JSON types found
//! there, and has every member of the typical one.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use reqwest::Method;
use serde_json::{Value, json};

use crate::house::{House, text};
use crate::socket::{Caller, topic};

type Members = BTreeMap<String, BTreeSet<&'static str>>;

/// Every member of a body by its path, with the JSON types seen there.
fn members(body: &Value, path: &str, found: &mut Members) {
    let kind = match body {
        Value::Null => "null",
        Value::Bool(_) => "bool",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(elements) => {
            elements.iter().for_each(|element| members(element, &format!("{path}[]"), found));
            "array"
        }
        Value::Object(object) => {
            object.iter().for_each(|(name, member)| members(member, &format!("{path}.{name}"), found));
            "object"
        }
    };
    found.entry(path.to_owned()).or_default().insert(kind);
}

fn members_of(bodies: &[Value]) -> Members {
    let mut found = Members::new();
    bodies.iter().for_each(|body| members(body, "", &mut found));
    found
}

/// The well-formed fixtures of a channel by name.
fn fixtures(channel: &str) -> BTreeMap<String, Value> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/genesys").join(channel);
    let files = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path());
    let bodies = files.filter(|file| file.extension().is_some_and(|ending| ending == "json"));
    bodies
        .filter(|file| {
            !std::fs::read_to_string(file.with_extension("expected")).unwrap().starts_with("error")
        })
        .map(|file| {
            let name = file.file_stem().unwrap().to_string_lossy().into_owned();
            (name, serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap())
        })
        .collect()
}

/// Holds bodies of the simulator against a channel: nothing that no fixture has, everything that `model` has.
#[track_caller]
fn judge(channel: &str, model: &str, sent: &[Value]) {
    let known = fixtures(channel);
    let all: Vec<Value> = known.values().cloned().collect();
    let (allowed, sent) = (members_of(&all), members_of(sent));
    for (path, kinds) in &sent {
        let fitting = allowed.get(path).is_some_and(|allowed| kinds.is_subset(allowed));
        assert!(fitting, "{channel}: no fixture has {path} as {kinds:?}");
    }
    for path in members_of(&[known[model].clone()]).keys() {
        assert!(sent.contains_key(path), "{channel}: {model} has {path}, the simulator does not send it");
    }
}

#[tokio::test]
async fn the_simulators_answers_have_the_shape_of_the_fixtures() {
    let house = House::of(120).await;
    let agent = house.somebody().await;
    let (id, user) = (text(&agent, "agentId"), text(&agent, "userId"));
    let (full, berlin) = (house.token("sim-full").await, house.token("sim-one-division").await);
    let permitted = "/api/v2/authorization/divisionspermitted/paged/me?permission=agent:state:view";
    let expands = "expand=presence,routingStatus,outOfOffice";
    for (channel, model, paths) in [
        (
            "users",
            "typical",
            vec![
                format!("/api/v2/users?pageSize=500&state=any&{expands}"),
                format!("/api/v2/users?pageSize=40&pageNumber=2&{expands}"),
            ],
        ),
        ("user", "typical", vec![format!("/api/v2/users/{user}?{expands}")]),
        ("routingstatus", "typical", vec![format!("/api/v2/users/{user}/routingstatus")]),
        ("presence", "typical", vec![format!("/api/v2/users/{user}/presences/purecloud")]),
        ("presence-bulk", "typical", vec![format!("/api/v2/users/presences/purecloud/bulk?id={user}")]),
        ("agent-states", "typical", vec![format!("/api/v2/agents/states?agentId={id}")]),
        ("agent-state", "typical", vec![format!("/api/v2/agents/{id}/state")]),
        (
            "agent-profiles",
            "typical",
            vec![
                "/api/v2/agents?pageSize=50&pageNumber=1".into(),
                "/api/v2/agents?pageSize=50&pageNumber=2".into(),
                format!("/api/v2/agents/{id}"),
            ],
        ),
        ("tokens-me", "typical", vec!["/api/v2/tokens/me".into()]),
        ("divisions-permitted", "one", vec![permitted.into()]),
    ] {
        let mut sent = Vec::new();
        for path in paths {
            let (status, body) = house.get(&path, &full).await;
            assert_eq!(status, 200, "{path}");
            sent.push(body);
        }
        judge(channel, model, &sent);
    }
    let (_, subject) = house.get("/api/v2/authorization/subjects/me", &berlin).await;
    judge("subjects-me", "typical", &[subject]);
    house.close().await;
}

#[tokio::test]
async fn the_simulators_refusals_have_the_shape_of_the_fixtures() {
    let house = House::of(60).await;
    let (full, no_role) = (house.token("sim-full").await, house.token("sim-no-role").await);
    let mut sent = Vec::new();
    for (path, token) in [
        ("/api/v2/nothing", &full),
        ("/api/v2/users/00000000-0000-4000-8000-000000000000", &full),
        ("/api/v2/routing/queues/00000000-0000-4000-8000-000000000000/members", &no_role),
    ] {
        sent.push(house.get(path, token).await.1);
    }
    let allowed: Vec<Value> = fixtures("errors").into_values().map(without_params).collect();
    let allowed = members_of(&allowed);
    for path in members_of(&sent.into_iter().map(without_params).collect::<Vec<_>>()).keys() {
        assert!(allowed.contains_key(path), "no fixture has {path}");
    }
    let token: Value = house.ask_for_token("", "sim-full", "sim-secret").await.json().await.unwrap();
    judge("oauth", "token", &[token]);
    let refused: Value = house.ask_for_token("", "nobody", "x").await.json().await.unwrap();
    judge("oauth", "client-not-found", &[refused]);
    house.close().await;
}

/// The names of message parameters depend on the message.
fn without_params(mut body: Value) -> Value {
    body.as_object_mut().unwrap().remove("messageParams");
    body
}

#[tokio::test]
async fn the_simulators_events_have_the_shape_of_the_fixtures() {
    for (format, channel, model) in [
        ("flat", "webhook-flat", "state-changed"),
        ("notification", "notification", "activity"),
        ("eventbridge", "eventbridge", "activity"),
    ] {
        let receiver = crate::webhooks::Receiver::open(&[]).await;
        let house = House::pushing_to(receiver.url.clone(), crate::webhooks::SECRET, 60, 0.0).await;
        house.set(json!({"webhook_format": format})).await;
        for agent in &house.truth().await[..5] {
            house.force(agent, json!({"presence": "On Queue", "routingStatus": "INTERACTING"})).await;
        }
        house.control(Method::POST, "pause", json!({})).await;
        judge(channel, model, &receiver.events());
        house.close().await;
    }
}

#[tokio::test]
async fn the_simulators_notifications_have_the_shape_of_the_fixtures() {
    let house = House::of(60).await;
    let caller = Caller::of(&house, "sim-full").await;
    let agent = house.somebody().await;
    for (topic_end, model, change) in [
        ("activity", "activity", json!({"routingStatus": "INTERACTING"})),
        ("presence", "presence", json!({"presence": "Meal"})),
        ("routingStatus", "routing-status", json!({"presence": "On Queue"})),
    ] {
        let (_, mut socket) = caller.listen(&[topic(&agent, topic_end)]).await;
        house.force(&agent, change).await;
        judge("notification", model, &[socket.frame_of("v2.users.").await]);
    }
    house.set(json!({"heartbeat_s": 1})).await;
    let (_, mut socket) = caller.listen(&[]).await;
    judge("notification", "heartbeat", &[socket.frame_of("channel.metadata").await]);
    house.close().await;
}
