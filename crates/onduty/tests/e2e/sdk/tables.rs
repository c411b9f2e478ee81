//! The judge itself, and the fixtures before it: what is wrong with a body is found, whatever an SDK passes over.

use std::path::Path;

use serde_json::{Value, json};

use super::{Sdk, folder_of_scripts};

/// Where these bodies depart from the SDK's model tables.
async fn departures(bodies: Value) -> Vec<String> {
    let judge = folder_of_scripts().join("python/judge.py");
    let printed = Sdk::Python.run_file(None, judge, &[], bodies).await;
    let seen: Value = serde_json::from_str(&printed).unwrap();
    seen["departures"].as_array().unwrap().iter().map(|line| line.as_str().unwrap().to_owned()).collect()
}

fn fixture(path: &str) -> Value {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/genesys");
    serde_json::from_slice(&std::fs::read(folder.join(path).with_extension("json")).unwrap()).unwrap()
}

/// A body with another value at a pointer; its last part may be new.
fn damaged(body: &Value, pointer: &str, value: Value) -> Value {
    let mut body = body.clone();
    let (parent, member) = pointer.rsplit_once('/').unwrap();
    body.pointer_mut(parent).unwrap()[member] = value;
    body
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_kind_of_damage_to_a_body_is_found_and_named() {
    let (user, event) = (fixture("user/typical"), fixture("notification/activity"));
    let cases = [
        (&user, "User", "/nickname", json!("x"), "user.nickname: unknown member of User"),
        (&user, "User", "/version", json!("31"), "user.version: '31' is no int"),
        (&user, "User", "/version", json!(true), "user.version: True is no int"),
        (&user, "User", "/acdAutoAnswer", json!(0), "user.acdAutoAnswer: 0 is no bool"),
        (&user, "User", "/addresses", json!({}), "user.addresses: {} is no list[Contact]"),
        (&user, "User", "/presence", json!("On Queue"), "user.presence: 'On Queue' is no UserPresence"),
        (&user, "User", "/presence/message", json!(null), "user.presence.message: null"),
        (
            &user,
            "User",
            "/presence/modifiedDate",
            json!("yesterday"),
            "user.presence.modifiedDate: 'yesterday' is no datetime",
        ),
        (
            &user,
            "User",
            "/routingStatus/startTime",
            json!(1_772_442_850),
            "user.routingStatus.startTime: 1772442850 is no datetime",
        ),
        (
            &user,
            "User",
            "/routingStatus/startTime",
            json!("2026-03-02T09:14:08.020"),
            "user.routingStatus.startTime: '2026-03-02T09:14:08.020' has no time zone",
        ),
        (
            &user,
            "User",
            "/routingStatus/status",
            json!("ASLEEP"),
            "user.routingStatus.status: 'ASLEEP' is none of OFF_QUEUE, IDLE, INTERACTING, NOT_RESPONDING, COMMUNICATING",
        ),
        (&user, "User", "/routingStatus/status", json!(null), "user.routingStatus.status: null"),
        (&event, "frame", "/eventId", json!("x"), "frame TOPIC.eventId: unknown member"),
        (&event, "frame", "/eventBody/id", json!(7), "frame TOPIC.eventBody.id: 7 is no str"),
        (
            &event,
            "frame",
            "/eventBody/presence/label",
            json!("x"),
            "frame TOPIC.eventBody.presence.label: unknown member of AgentActivityChangedTopicPresence",
        ),
    ];
    let topic = event["topicName"].as_str().unwrap();
    let sent: Vec<Value> = cases
        .iter()
        .map(|(body, kind, pointer, value, _)| {
            let name = if *kind == "frame" { "frame" } else { "user" };
            json!({"where": name, "kind": kind, "body": damaged(body, pointer, value.clone())})
        })
        .collect();
    let expected: Vec<String> = cases.iter().map(|case| case.4.replace("TOPIC", topic)).collect();
    assert_eq!(departures(sent.into()).await, expected);
}

/// What the fixtures hold that the tables do not, and why that is right.
const EXCUSED: [(&str, &str); 2] = [
    ("presence-definitions/sparse.entities[0].languageLabels.en_US: null", "what the decoder has to survive"),
    ("presence-definitions/sparse.entities[0].systemPresence: 'Siesta'", "a value newer than the tables"),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_fixtures_have_the_shape_that_the_sdks_model_tables_say() {
    let fixtures = [
        ("User", "user", &["typical", "bare", "deleted", "fraction-absent-and-offset"][..]),
        ("UserEntityListing", "users", &["typical", "empty", "three-spellings", "never-logged-in-and-gone"]),
        ("RoutingStatus", "routingstatus", &["typical"]),
        ("UserPresence", "presence", &["typical", "message", "never-logged-in", "not-primary"]),
        ("list[UcUserPresence]", "presence-bulk", &["typical", "empty"]),
        (
            "OrganizationPresenceDefinitionEntityListing",
            "presence-definitions",
            &["typical", "empty", "sparse"],
        ),
        ("TokenInfo", "tokens-me", &["typical"]),
        ("AuthzSubject", "subjects-me", &["typical", "everything", "no-grants", "conditional"]),
        ("DivsPermittedEntityListing", "divisions-permitted", &["one"]),
        (
            "ErrorBody",
            "errors",
            &[
                "bad-credentials",
                "missing-any-permissions",
                "missing-division-permission",
                "not-a-user",
                "not-found",
                "scope",
                "too-many-requests",
                "too-many-requests-old",
                "user-not-found",
            ],
        ),
        (
            "frame",
            "notification",
            &[
                "activity",
                "activity-partial-routing",
                "heartbeat",
                "presence",
                "routing-status",
                "out-of-office",
            ],
        ),
        ("AgentActivityChangedTopicAgentActivity", "bare", &["activity", "routing-only"]),
    ];
    let mut sent = Vec::new();
    for (kind, folder, names) in fixtures {
        for name in names {
            let path = format!("{folder}/{name}");
            sent.push(json!({"where": path, "kind": kind, "body": fixture(&path)}));
        }
    }
    let mut found = departures(sent.into()).await;
    for (excused, _) in EXCUSED {
        let before = found.len();
        found.retain(|line| !line.contains(excused));
        assert!(found.len() < before, "nothing is excused by {excused} any more");
    }
    assert_eq!(found, Vec::<String>::new());
}
