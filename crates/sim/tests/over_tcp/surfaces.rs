//! Smaller surfaces that a client may look at: published limits, and presences from unregistered sources.

use serde_json::{Value, json};

use crate::house::{House, text};

const NOBODY: &str = "00000000-0000-4000-8000-000000000000";

async fn limit(house: &House, token: &str, path: &str, key: &str) -> Value {
    let (_, listed) = house.get(&format!("/api/v2/organizations/limits/namespaces/{path}"), token).await;
    let limits = listed["entities"].as_array().unwrap();
    limits.iter().find(|limit| limit["key"] == key).unwrap()["value"].clone()
}

#[tokio::test]
async fn every_namespace_of_interest_has_limits() {
    let house = House::of(1).await;
    let token = house.token("sim-full").await;
    for namespace in [
        "platform.api",
        "notifications",
        "presence",
        "analytics.agents",
        "analytics.realtime",
        "users",
        "routing",
        "authorization",
    ] {
        for end in ["", "/defaults"] {
            let path = format!("/api/v2/organizations/limits/namespaces/{namespace}{end}");
            let (status, listed) = house.get(&path, &token).await;
            assert_eq!((status, &listed["entities"][0]["namespace"]), (200, &json!(namespace)), "{path}");
        }
    }
    house.close().await;
}

#[tokio::test]
async fn limits_are_those_in_effect_and_the_defaults_stay() {
    let house = House::of(1).await;
    let token = house.token("sim-full").await;
    let (rate, channels) = ("client.credentials.token.rate.per.minute", "websocket.channels.max");
    for (faults, a_minute, open) in [
        (json!({}), 300, 20),
        (json!({"rate": 50, "window_s": 20, "channel_limit": 3}), 150, 3),
        (json!({"rate": 100, "window_s": 60}), 100, 3),
        (json!({"rate": 0, "channel_limit": 0}), 1_000_000, 1),
    ] {
        house.set(faults.clone()).await;
        assert_eq!(limit(&house, &token, "platform.api", rate).await, a_minute, "{faults}");
        assert_eq!(limit(&house, &token, "notifications", channels).await, open, "{faults}");
        assert_eq!(limit(&house, &token, "platform.api/defaults", rate).await, 300);
        assert_eq!(limit(&house, &token, "notifications/defaults", channels).await, 20);
    }
    house.close().await;
}

#[tokio::test]
async fn a_source_that_nobody_registered_has_said_nothing_about_anybody() {
    let house = House::of(60).await;
    let (agent, token) = (house.somebody().await, house.token("sim-full").await);
    let user = text(&agent, "userId");
    let (status, alone) = house.get(&format!("/api/v2/users/{user}/presences/branch-7"), &token).await;
    assert_eq!((status, &alone["source"], &alone["primary"]), (200, &json!("branch-7"), &json!(false)));
    assert_eq!(alone["presenceDefinition"]["systemPresence"], "Offline");
    assert_eq!((&alone["id"], alone.get("modifiedDate")), (&json!(user), None));
    let bulk = format!("/api/v2/users/presences/branch-7/bulk?id={user},{NOBODY}");
    let (status, told) = house.get(&bulk, &token).await;
    assert_eq!((status, told.as_array().map(Vec::len), &told[0]["userId"]), (200, Some(1), &json!(user)));
    house.set(json!({"bulk_unknown": "404"})).await;
    let (_, sources) = house.get("/api/v2/presence/sources", &token).await;
    let registered = text(&sources["entities"][1], "id");
    for (path, status, code) in [
        (bulk, 404, "presenceservice.usernotfound"),
        (format!("/api/v2/users/{NOBODY}/presences/branch-7"), 404, "presenceservice.usernotfound"),
        (format!("/api/v2/users/{user}/presences/{registered}"), 400, "constraint.validation"),
        (format!("/api/v2/users/presences/microsoftteams/bulk?id={user}"), 400, "constraint.validation"),
        (
            format!("/api/v2/users/presences/branch-7/bulk?id={}", vec![user; 51].join(",")),
            400,
            "max.user.presences",
        ),
    ] {
        let (got, refused) = house.get(&path, &token).await;
        assert_eq!((got, text(&refused, "code")), (status, code), "{path}");
    }
    house.close().await;
}
