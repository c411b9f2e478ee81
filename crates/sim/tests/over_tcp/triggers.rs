//! Process-automation triggers: kept, checked, and only for those who may.

use reqwest::Method;
use serde_json::{Value, json};

use crate::house::{House, text};
use crate::webhooks::{Receiver, SECRET};

const TRIGGERS: &str = "/api/v2/processautomation/triggers";
const WORKFLOW: &str = "00000000-0000-4000-8000-000000000000";

fn trigger() -> Value {
    json!({
        "name": "onduty activity", "topicName": "v2.users.{id}.activity", "enabled": true, "matchCriteria": [],
        "target": {"type": "Workflow", "id": WORKFLOW, "workflowTargetSettings": {"dataFormat": "Json"}},
        "eventTTLSeconds": 60,
    })
}

/// The same with some members changed.
fn but(changes: &Value) -> Value {
    let mut changed = trigger();
    let members = changed.as_object_mut().unwrap();
    members.extend(changes.as_object().unwrap().clone());
    members.retain(|_, value| !value.is_null());
    changed
}

#[tokio::test]
async fn a_trigger_is_made_read_changed_and_deleted() {
    let house = House::of(1).await;
    let token = house.token("sim-full").await;
    let (_, topics) = house.get(&format!("{TRIGGERS}/topics"), &token).await;
    assert_eq!(topics["entities"][0], "v2.users.{id}.activity");
    let (status, made) = house.query(TRIGGERS, &token, trigger()).await;
    assert_eq!((status, &made["version"], &made["eventTTLSeconds"]), (201, &json!(1), &json!(60)));
    let path = text(&made, "selfUri");
    assert_eq!(house.get(path, &token).await, (200, made.clone()));
    assert_eq!(house.get(TRIGGERS, &token).await.1["entities"], json!([made]));
    for (changes, status, version) in [
        (json!({"enabled": false, "version": 1}), 200, json!(2)),
        (json!({"enabled": true, "version": 1}), 409, json!(null)),
        (json!({"topicName": "v2.users.{id}.integrationpresence"}), 400, json!(null)),
        (json!({"eventTTLSeconds": null, "delayBySeconds": 60}), 200, json!(3)),
    ] {
        let response = house.send(Method::PUT, path, &token, Some(but(&changes))).await;
        assert_eq!(response.status().as_u16(), status, "{changes}");
        assert_eq!(response.json::<Value>().await.unwrap()["version"], version, "{changes}");
    }
    assert_eq!(house.send(Method::DELETE, path, &token, None).await.status(), 204);
    assert_eq!(house.get(path, &token).await.0, 404);
    house.close().await;
}

#[tokio::test]
async fn a_trigger_that_the_platform_would_not_take_is_refused() {
    let house = House::of(1).await;
    let token = house.token("sim-full").await;
    for (changes, code) in [
        (json!({"topicName": "v2.users.{id}.presence"}), "invalid.value"),
        (json!({"target": {"type": "Function", "id": WORKFLOW}}), "invalid.value"),
        (json!({"target": {"type": "Workflow", "id": "flow"}}), "invalid.id"),
        (json!({"matchCriteria": [{"jsonPath": "id", "operator": "Like", "value": 1}]}), "invalid.value"),
        (json!({"eventTTLSeconds": 9}), "constraint.validation"),
        (json!({"delayBySeconds": 60}), "constraint.validation"),
        (json!({"eventTTLSeconds": null, "delayBySeconds": 901}), "constraint.validation"),
        (json!({"description": "x".repeat(513)}), "constraint.validation"),
        (json!({"name": ""}), "constraint.validation"),
        (json!({"enabled": null}), "bad.request"),
    ] {
        let (status, refused) = house.query(TRIGGERS, &token, but(&changes)).await;
        assert_eq!((status, text(&refused, "code")), (400, code), "{changes}");
    }
    house.close().await;
}

#[tokio::test]
async fn triggers_are_listed_by_pages_of_up_to_two_hundred() {
    let house = House::of(1).await;
    house.set(json!({"rate": 0})).await;
    let token = house.token("sim-full").await;
    for number in 0..203 {
        let name = format!("trigger {number}");
        assert_eq!(house.query(TRIGGERS, &token, but(&json!({"name": name}))).await.0, 201);
    }
    for (size, expected) in [("", vec![200, 3]), ("?pageSize=100", vec![100, 100, 3])] {
        let (mut path, mut pages, mut names) = (format!("{TRIGGERS}{size}"), Vec::new(), Vec::new());
        loop {
            let (_, page) = house.get(&path, &token).await;
            let entities = page["entities"].as_array().unwrap();
            pages.push(entities.len());
            names.extend(entities.iter().map(|trigger| text(trigger, "name").to_owned()));
            assert_eq!(page.get("previousUri").is_some(), pages.len() > 1, "{page}");
            let Some(next) = page["nextUri"].as_str() else { break };
            next.clone_into(&mut path);
        }
        let all: Vec<String> = (0..203).map(|number| format!("trigger {number}")).collect();
        assert_eq!((pages, names), (expected, all));
    }
    for path in [TRIGGERS, "/api/v2/processautomation/triggers/topics"] {
        for size in ["0", "201", "all"] {
            let (status, refused) = house.get(&format!("{path}?pageSize={size}"), &token).await;
            assert_eq!((status, text(&refused, "code")), (400, "invalid.query.param.value"), "{path} {size}");
        }
    }
    house.close().await;
}

#[tokio::test]
async fn triggers_need_a_permission_for_each_thing_done_to_them() {
    let house = House::of(1).await;
    let (_, made) = house.query(TRIGGERS, &house.token("sim-full").await, trigger()).await;
    let path = text(&made, "selfUri");
    for (permission, allowed) in [
        ("processautomation:trigger:view", [200, 403, 403, 403]),
        ("processautomation:trigger:edit", [200, 403, 200, 403]),
        ("processautomation:trigger:add", [403, 201, 403, 403]),
        ("processautomation:trigger:delete", [403, 403, 403, 204]),
    ] {
        let client = json!({"clientId": "automation", "permissions": [permission]});
        house.control(Method::POST, "clients", client).await;
        let token = house.token("automation").await;
        let mut statuses = Vec::new();
        for (method, path, body) in [
            (Method::GET, path, None),
            (Method::POST, TRIGGERS, Some(trigger())),
            (Method::PUT, path, Some(trigger())),
            (Method::DELETE, path, None),
        ] {
            statuses.push(house.send(method, path, &token, body).await.status().as_u16());
        }
        assert_eq!(statuses, allowed, "{permission}");
    }
    house.close().await;
}

#[tokio::test]
async fn a_test_says_which_triggers_an_event_would_start_and_why_not_the_others() {
    let house = House::of(1).await;
    let token = house.token("sim-full").await;
    let on_idle = json!({"jsonPath": "routingStatus.status", "operator": "Equal", "value": "IDLE"});
    let (_, idle) =
        house.query(TRIGGERS, &token, but(&json!({"name": "idle", "matchCriteria": [on_idle]}))).await;
    let (_, all) = house.query(TRIGGERS, &token, but(&json!({"name": "all"}))).await;
    let event = |status: &str| json!({"id": WORKFLOW, "routingStatus": {"status": status}});
    let alone = format!("{}/test", text(&idle, "selfUri"));
    let topic = format!("{TRIGGERS}/topics/v2.users.%7Bid%7D.activity/test");
    for (body, matches, valid, matched) in [
        (event("IDLE"), true, true, vec![&idle, &all]),
        (event("OFF_QUEUE"), false, true, vec![&all]),
        // Official SDKs send a text.
        (json!(event("IDLE").to_string()), true, true, vec![&idle, &all]),
        (json!({"routingStatus": {"status": "IDLE"}}), false, false, vec![]),
    ] {
        let (status, told) = house.query(&alone, &token, body.clone()).await;
        assert_eq!((status, &told["triggerMatches"]), (200, &json!(matches)), "{body}");
        assert_eq!(told["schemaValidation"]["matches"], json!(valid), "{body}");
        let criterion = &told["jsonPathValidation"]["details"][0];
        assert_eq!(criterion["match"], json!(matches || !valid), "{body}");
        let (status, told) = house.query(&topic, &token, body.clone()).await;
        let named = |list: &str| -> Vec<Value> {
            let triggers = told["triggerMatchValidation"][list].as_array().unwrap();
            triggers.iter().map(|trigger| trigger["id"].clone()).collect()
        };
        let expected: Vec<Value> = matched.iter().map(|trigger| trigger["id"].clone()).collect();
        assert_eq!((status, named("matchedTriggers")), (200, expected), "{body}");
        assert_eq!(named("unmatchedTriggers").len(), 2 - matched.len(), "{body}");
    }
    let nothing = format!("{TRIGGERS}/topics/v2.users.%7Bid%7D.presence/test");
    assert_eq!(house.query(&nothing, &token, event("IDLE")).await.0, 404);
    let refused = house.token("sim-no-role").await;
    for path in [&alone, &topic] {
        let (status, error) = house.query(path, &refused, event("IDLE")).await;
        assert_eq!((status, text(&error, "code")), (403, "missing.any.permissions"), "{path}");
    }
    house.close().await;
}

#[tokio::test]
async fn a_workflow_whose_triggers_are_all_off_posts_nothing() {
    let receiver = Receiver::open(&[]).await;
    let house = House::pushing_to(receiver.url.clone(), SECRET, 60, 0.0).await;
    let (agent, token) = (house.somebody().await, house.token("sim-full").await);
    house.set(json!({"webhook_format": "process-automation"})).await;
    let mut away = false;
    let mut posts = async || {
        away = !away;
        house.control(Method::POST, "pause", json!({})).await;
        let before = receiver.events().len();
        house.force(&agent, json!({"outOfOffice": away})).await;
        house.control(Method::POST, "pause", json!({})).await;
        receiver.events().len() - before
    };
    assert_eq!(posts().await, 1, "without a trigger");
    let (_, off) = house.query(TRIGGERS, &token, but(&json!({"enabled": false}))).await;
    let other = json!({"topicName": "v2.users.{id}.integrationpresence"});
    house.query(TRIGGERS, &token, but(&other)).await;
    assert_eq!(posts().await, 0, "one for another topic is none");
    house.send(Method::PUT, text(&off, "selfUri"), &token, Some(trigger())).await;
    assert_eq!(posts().await, 1, "switched on");
    house.close().await;
}
