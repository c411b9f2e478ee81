//! The API's own writes about many: presences in bulk, and states that foreign systems inject.

use reqwest::Method;
use serde_json::{Value, json};

use crate::house::{House, text};

const NOBODY: &str = "00000000-0000-4000-8000-000000000000";
const MEAL: &str = "3fd96123-badb-4f69-bc03-1b1ccc6d8014";
const ON_QUEUE: &str = "e08eaf1b-ee47-4fa9-a231-1200e284798f";

async fn send(house: &House, method: Method, path: &str, token: &str, body: Value) -> (u16, Value) {
    let response = house.send(method, path, token, Some(body)).await;
    (response.status().as_u16(), response.json().await.unwrap())
}

fn wanted(user: &Value, definition: &str) -> Value {
    json!({"id": user, "presenceDefinition": {"id": definition}, "message": "by the administrator"})
}

#[tokio::test]
async fn presences_are_set_in_bulk_all_of_them_or_none() {
    let house = House::of(60).await;
    let truth = house.truth().await;
    let (full, berlin) = (house.token("sim-full").await, house.token("sim-one-division").await);
    let [a, b] = [1, 2].map(|n: usize| truth[n]["userId"].clone());
    for agent in &truth[1..3] {
        house.force(agent, json!({"presence": "Busy"})).await;
    }
    let many = vec![wanted(&a, MEAL); 51];
    for (token, body, status, code) in [
        (&house.token("sim-no-role").await, json!([wanted(&a, MEAL)]), 403, "missing.permissions"),
        (&berlin, json!([wanted(&a, MEAL), wanted(&b, MEAL)]), 403, "missing.division.permission"),
        (&full, json!([wanted(&a, MEAL), wanted(&b, ON_QUEUE)]), 400, "endpoint.does.not.support.on.queue"),
        (&full, json!([wanted(&a, MEAL), wanted(&json!(NOBODY), MEAL)]), 404, "presenceservice.usernotfound"),
        (&full, json!([{"presenceDefinition": {"id": MEAL}}]), 400, "bad.request"),
        (&full, json!(many), 400, "max.user.presences"),
    ] {
        let (got, refused) = send(&house, Method::PUT, "/api/v2/users/presences/bulk", token, body).await;
        assert_eq!((got, text(&refused, "code")), (status, code));
        let (_, still) = house.get(&format!("/sim/agents/{}", a.as_str().unwrap()), "").await;
        assert_eq!(still["presence"]["systemPresence"], "Busy", "{code}");
    }
    let body = json!([wanted(&a, MEAL), wanted(&b, MEAL)]);
    let (status, shown) = send(&house, Method::PUT, "/api/v2/users/presences/bulk", &full, body).await;
    assert_eq!((status, shown.as_array().map(Vec::len)), (200, Some(2)));
    for (index, user) in [&a, &b].into_iter().enumerate() {
        assert_eq!(shown[index]["presenceDefinition"]["systemPresence"], "Meal");
        let (_, truth) = house.get(&format!("/sim/agents/{}", user.as_str().unwrap()), "").await;
        assert_eq!(
            (text(&truth["presence"], "systemPresence"), text(&truth, "message")),
            ("Meal", "by the administrator")
        );
    }
    house.close().await;
}

#[tokio::test]
async fn a_presence_update_may_meet_one_that_has_not_completed() {
    let house = House::of(60).await;
    let (agent, token) = (house.somebody().await, house.token("sim-full").await);
    let path = format!("/api/v2/users/{}/presences/purecloud", text(&agent, "userId"));
    let body = json!({"presenceDefinition": {"id": MEAL}});
    for (conflict, status, presence) in [(1.0, 409, "On Queue"), (0.0, 200, "Meal")] {
        house.set(json!({"presence_conflict": conflict})).await;
        let (got, answer) = send(&house, Method::PATCH, &path, &token, body.clone()).await;
        assert_eq!(got, status);
        if status == 409 {
            assert_eq!(text(&answer, "code"), "presenceservice.conflict");
        }
        let (_, truth) = house.get(&format!("/sim/agents/{}", text(&agent, "userId")), "").await;
        assert_eq!(truth["presence"]["systemPresence"], presence);
    }
    house.close().await;
}

#[tokio::test]
async fn injected_states_obey_no_rule_and_refused_items_are_answered_with_200() {
    let house = House::of(60).await;
    let (agent, token) = (house.somebody().await, house.token("sim-full").await);
    let user = text(&agent, "userId");
    let (_, sources) = house.get("/api/v2/presence/sources", &token).await;
    let source = text(&sources["entities"][1], "id");
    let presence = |user: &str, source: &str, definition: &str| json!({"eventId": NOBODY, "userId": user, "sourceId": source, "presenceDefinitionId": definition});
    let events = json!({"userPresenceEvents": [
        presence(user, source, MEAL), presence(NOBODY, source, MEAL), presence(user, NOBODY, MEAL),
        presence(user, source, NOBODY),
    ]});
    let path = "/api/v2/events/users/presence";
    let (status, answer) = send(&house, Method::POST, path, &token, events.clone()).await;
    let messages: Vec<&str> =
        answer["errors"].as_array().unwrap().iter().map(|error| text(error, "message")).collect();
    let expected =
        ["the user does not exist", "the source is not registered", "the presence definition does not exist"];
    assert_eq!((status, messages.as_slice()), (200, &expected[..]));
    assert_eq!(
        (&answer["errors"][0]["eventId"], &answer["errors"][0]["retryable"]),
        (&json!(NOBODY), &json!(false))
    );
    let (_, truth) = house.get(&format!("/sim/agents/{user}"), "").await;
    assert_eq!(
        (text(&truth["presence"], "systemPresence"), text(&truth["routingStatus"], "status")),
        ("Meal", "IDLE")
    );

    let status_path = "/api/v2/events/users/routingstatus";
    let injected = |status: &str| {
        let event = json!({"eventId": NOBODY, "agentId": user, "sourceId": source, "status": status});
        json!({"userRoutingStatusEvents": [event]})
    };
    for (status, errors) in [("Interacting", 0), ("Dancing", 1)] {
        let (got, answer) = send(&house, Method::POST, status_path, &token, injected(status)).await;
        assert_eq!((got, answer["errors"].as_array().map(Vec::len)), (200, Some(errors)), "{status}");
    }
    let (_, truth) = house.get(&format!("/sim/agents/{user}"), "").await;
    assert_eq!(
        (text(&truth["presence"], "systemPresence"), text(&truth["routingStatus"], "status")),
        ("Meal", "INTERACTING")
    );

    let other = house.token("sim-no-role").await;
    for (path, body) in [(path, events), (status_path, injected("Idle"))] {
        assert_eq!(send(&house, Method::POST, path, &other, body).await.0, 403, "{path}");
    }
    house.close().await;
}

#[tokio::test]
async fn a_batch_of_injected_states_has_from_one_to_a_hundred_of_them() {
    let house = House::of(1).await;
    let token = house.token("sim-full").await;
    let presence =
        json!({"eventId": NOBODY, "userId": NOBODY, "sourceId": NOBODY, "presenceDefinitionId": MEAL});
    let routing = json!({"eventId": NOBODY, "agentId": NOBODY, "sourceId": NOBODY, "status": "Idle"});
    for (last, list, item) in
        [("presence", "userPresenceEvents", presence), ("routingstatus", "userRoutingStatusEvents", routing)]
    {
        for (count, expected) in [
            (0, (400, Some("zero.events.submitted"))),
            (100, (200, None)),
            (101, (400, Some("max.batch.size.surpassed"))),
        ] {
            let body = json!({list: vec![item.clone(); count]});
            let path = format!("/api/v2/events/users/{last}");
            let (status, answer) = send(&house, Method::POST, &path, &token, body).await;
            assert_eq!((status, answer["code"].as_str()), expected, "{last} {count}");
        }
    }
    house.close().await;
}
