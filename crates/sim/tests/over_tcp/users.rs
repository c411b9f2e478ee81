//! The users API: expands, states, the lie, presences, queues, and the API's own writes.

use reqwest::Method;
use serde_json::{Value, json};

use crate::house::{House, text};

const NOBODY: &str = "00000000-0000-4000-8000-000000000000";

#[tokio::test]
async fn lists_in_a_query_are_taken_in_all_three_forms() {
    let house = House::of(60).await;
    let (agent, token) = (house.somebody().await, house.token("sim-full").await);
    let user = text(&agent, "userId");
    let other = house.truth().await[4]["userId"].as_str().unwrap().to_owned();
    let mut bodies = Vec::new();
    for query in [
        format!("id={user}&id={other}&expand=presence&expand=routingStatus"),
        format!("id={user},{other}&expand=presence,routingStatus"),
        format!("id={user}%2C{other}&expand=presence%2CroutingStatus"),
    ] {
        let (status, body) = house.get(&format!("/api/v2/users?{query}"), &token).await;
        assert_eq!(status, 200);
        bodies.push(body["entities"].clone());
    }
    assert_eq!(bodies[0], bodies[1]);
    assert_eq!(bodies[1], bodies[2]);
    let first = &bodies[0][0];
    assert_eq!(first["presence"]["presenceDefinition"]["systemPresence"], "On Queue");
    assert_eq!(first["presence"]["modifiedDate"], agent["presence"]["modifiedDate"]);
    assert_eq!(first["routingStatus"]["startTime"], agent["routingStatus"]["startTime"]);
    assert!(first.get("outOfOffice").is_none());
    house.close().await;
}

#[tokio::test]
async fn only_active_users_are_listed_unless_asked_otherwise() {
    let house = House::of(120).await;
    let token = house.token("sim-no-role").await;
    for (query, total) in
        [("", 116), ("state=active", 116), ("state=inactive", 2), ("state=deleted", 2), ("state=any", 120)]
    {
        let (status, body) = house.get(&format!("/api/v2/users?pageSize=500&{query}"), &token).await;
        assert_eq!((status, &body["total"]), (200, &json!(total)), "{query}");
        assert_eq!(body["entities"].as_array().unwrap().len(), total);
    }
    assert_eq!(house.get("/api/v2/users?state=asleep", &token).await.0, 400);
    house.close().await;
}

#[tokio::test]
pub(crate) async fn unknown_ids_are_omitted_and_refused_when_none_is_known() {
    let house = House::of(60).await;
    let (agent, token) = (house.somebody().await, house.token("sim-full").await);
    let user = text(&agent, "userId");
    let (_, some) = house.get(&format!("/api/v2/users?id={NOBODY},{user},{user}"), &token).await;
    assert_eq!(some["total"], 1);
    let (status, error) = house.get(&format!("/api/v2/users?id={NOBODY}"), &token).await;
    assert_eq!((status, text(&error, "code")), (404, "general.resource.not.found"));
    house.set(json!({"users_unknown": "omit"})).await;
    let (status, none) = house.get(&format!("/api/v2/users?id={NOBODY}"), &token).await;
    assert_eq!((status, &none["entities"]), (200, &json!([])));
    let many = vec![NOBODY; 101].join(",");
    let (status, error) = house.get(&format!("/api/v2/users?id={many}"), &token).await;
    assert_eq!((status, text(&error, "code")), (400, "max.user.ids"));
    house.close().await;
}

#[tokio::test]
async fn who_left_is_found_with_state_deleted_only() {
    let house = House::of(60).await;
    let token = house.token("sim-full").await;
    let agent = house.truth().await.remove(3);
    let user = text(&agent, "userId");
    house.control(Method::DELETE, &format!("agents/{user}"), json!({})).await;
    assert_eq!(house.get(&format!("/api/v2/users/{user}"), &token).await.0, 404);
    let (status, body) = house.get(&format!("/api/v2/users/{user}?state=deleted"), &token).await;
    assert_eq!((status, text(&body, "state")), (200, "deleted"));
    let (_, account) = house.get(&format!("/api/v2/users/{user}/state"), &token).await;
    assert_eq!(text(&account, "state"), "deleted");
    house.close().await;
}

#[tokio::test]
pub(crate) async fn routing_status_lies_about_nobody_and_presence_does_not() {
    let house = House::of(60).await;
    let (agent, token) = (house.somebody().await, house.token("sim-full").await);
    let (_, truth) =
        house.get(&format!("/api/v2/users/{}/routingstatus", text(&agent, "userId")), &token).await;
    assert_eq!(truth["startTime"], agent["routingStatus"]["startTime"]);
    let nobody = format!("/api/v2/users/{NOBODY}/routingstatus");
    assert_eq!(house.get(&nobody, &token).await, (200, json!({"userId": NOBODY, "status": "OFF_QUEUE"})));
    house.set(json!({"routing_lie": "404"})).await;
    assert_eq!(house.get(&nobody, &token).await.0, 404);
    let (status, error) = house.get(&format!("/api/v2/users/{NOBODY}/presences/purecloud"), &token).await;
    assert_eq!((status, text(&error, "code")), (404, "presenceservice.usernotfound"));
    house.close().await;
}

#[tokio::test]
pub(crate) async fn bulk_presences_are_an_array_of_at_most_fifty() {
    let house = House::of(60).await;
    let (agent, token) = (house.somebody().await, house.token("sim-full").await);
    let user = text(&agent, "userId");
    let path = format!("/api/v2/users/presences/purecloud/bulk?id={NOBODY},{user}");
    let (status, body) = house.get(&path, &token).await;
    assert_eq!((status, body.as_array().map(Vec::len), text(&body[0], "userId")), (200, Some(1), user));
    assert_eq!(house.get(&path.replace("purecloud", "PURECLOUD"), &token).await, (200, body));
    house.set(json!({"bulk_unknown": "404"})).await;
    assert_eq!(house.get(&path, &token).await.0, 404);
    let many = vec![user; 51].join(",");
    let (status, error) =
        house.get(&format!("/api/v2/users/presences/purecloud/bulk?id={many}"), &token).await;
    assert_eq!((status, text(&error, "code")), (400, "max.user.presences"));
    house.close().await;
}

#[tokio::test]
async fn somebody_is_put_on_queue_by_presence_and_never_by_routing_status() {
    let house = House::of(60).await;
    let agent = house.force(&house.truth().await[1], json!({"presence": "BREAK"})).await;
    let (user, token) = (text(&agent, "userId"), house.token("sim-full").await);
    let put = async |status: &str| {
        let body = json!({"userId": user, "status": status});
        house.send(Method::PUT, &format!("/api/v2/users/{user}/routingstatus"), &token, Some(body)).await
    };
    let refused = put("IDLE").await;
    assert_eq!(refused.status(), 400);
    assert_eq!(text(&refused.json::<Value>().await.unwrap(), "code"), "general.bad.request");
    let presences = format!("/api/v2/users/{user}/presences/purecloud");
    let on_queue = json!({"presenceDefinition": {"id": "e08eaf1b-ee47-4fa9-a231-1200e284798f"}});
    let patched = house.send(Method::PATCH, &presences, &token, Some(on_queue.clone())).await;
    assert_eq!(patched.status(), 200);
    let (_, truth) = house.get(&format!("/sim/agents/{user}"), "").await;
    assert_eq!(truth["presence"]["systemPresence"], "On Queue");
    assert_eq!(truth["routingStatus"]["status"], "IDLE");
    house.force(&agent, json!({"routingStatus": "NOT_RESPONDING"})).await;
    assert_eq!(put("IDLE").await.status(), 200);
    let other = house.token("sim-no-role").await;
    let refused = house.send(Method::PATCH, &presences, &other, Some(on_queue)).await;
    assert_eq!(refused.status(), 403);
    let code = "presence.not.authorized.update.other.user.presence";
    assert_eq!(text(&refused.json::<Value>().await.unwrap(), "code"), code);
    house.close().await;
}

#[tokio::test]
async fn a_presence_of_another_source_says_that_it_is_not_primary() {
    let house = House::of(60).await;
    let (agent, token) = (house.somebody().await, house.token("sim-full").await);
    let user = text(&agent, "userId");
    for (switch, primary) in [(json!([user]), false), (json!(false), true)] {
        house.set(json!({"presence_not_primary": switch})).await;
        let (_, whole) = house.get(&format!("/api/v2/users/{user}?expand=presence"), &token).await;
        let (_, single) = house.get(&format!("/api/v2/users/{user}/presences/purecloud"), &token).await;
        assert_eq!((&whole["presence"]["primary"], &single["primary"]), (&json!(primary), &json!(primary)));
    }
    house.close().await;
}

#[tokio::test]
pub(crate) async fn a_dropped_expand_leaves_the_user_and_no_null() {
    let house = House::of(60).await;
    house.set(json!({"expand_drop": 1.0})).await;
    let token = house.token("sim-full").await;
    let (status, body) = house.get("/api/v2/users?expand=presence,routingStatus,outOfOffice", &token).await;
    assert_eq!(status, 200);
    let user = body["entities"][0].as_object().unwrap();
    assert!(!["presence", "routingStatus", "outOfOffice"].iter().any(|name| user.contains_key(*name)));
    house.close().await;
}

#[tokio::test]
async fn queue_members_are_silently_capped_and_followed_by_the_next_link() {
    let house = House::of(400).await;
    let token = house.token("sim-full").await;
    let (_, queues) = house.get("/api/v2/routing/queues", &token).await;
    let queue = text(&queues["entities"][0], "id");
    let mut path = format!("/api/v2/routing/queues/{queue}/members?pageSize=500&joined=true");
    let mut pages = Vec::new();
    loop {
        let (status, page) = house.get(&path, &token).await;
        assert_eq!((status, &page["pageSize"], page.get("total")), (200, &json!(100), None));
        pages.push(page["entities"].as_array().unwrap().len());
        let Some(next) = page["nextUri"].as_str() else { break };
        next.clone_into(&mut path);
    }
    // Half of the four hundred are in the queue, and six of those have left.
    assert_eq!(pages, [100, 94]);
    let (status, error) = house.get("/api/v2/routing/queues/12345/members", &token).await;
    assert_eq!((status, text(&error, "code")), (400, "invalid.id"));
    let (_, berlin) = house.get("/api/v2/routing/queues", &house.token("sim-one-division").await).await;
    assert_eq!((&queues["total"], &berlin["total"]), (&json!(5), &json!(2)));
    house.close().await;
}

#[tokio::test]
async fn definitions_are_those_of_the_divisions_one_may_see() {
    let house = House::of(1).await;
    let full = house.token("sim-full").await;
    for (path, token, total) in [
        ("/api/v2/presence/definitions", &full, 11),
        ("/api/v2/presence/definitions?deactivated=TRUE", &full, 1),
        ("/api/v2/presencedefinitions", &full, 12),
    ] {
        let (status, body) = house.get(path, token).await;
        assert_eq!((status, &body["total"]), (200, &json!(total)), "{path}");
    }
    house
        .control(
            Method::POST,
            "clients",
            json!({"clientId": "home", "roles": ["Master Admin"], "divisions": ["Home"]}),
        )
        .await;
    let (_, home) = house.get("/api/v2/presence/definitions", &house.token("home").await).await;
    assert_eq!(home["total"], 10);
    let (_, permitted) = house.get("/api/v2/authorization/divisions", &full).await;
    for (index, total) in [(0, 10), (1, 11)] {
        let division = text(&permitted["entities"][index], "id");
        let path = format!("/api/v2/presence/definitions?divisionId={division}");
        assert_eq!(house.get(&path, &full).await.1["total"], total, "{index}");
    }
    house.close().await;
}

#[tokio::test]
async fn a_queue_is_shown_by_its_id_to_those_who_may_see_its_division() {
    let house = House::of(1).await;
    let full = house.token("sim-full").await;
    let (_, queues) = house.get("/api/v2/routing/queues", &full).await;
    // The first queue is in the home division.
    let queue = text(&queues["entities"][0], "id");
    for (id, client, status, code) in [
        (queue, "sim-full", 200, None),
        (queue, "sim-no-role", 403, Some("missing.permissions")),
        (queue, "sim-one-division", 403, Some("missing.division.permission")),
        (NOBODY, "sim-full", 404, Some("resource.not.found")),
        ("12345", "sim-full", 400, Some("invalid.id")),
    ] {
        let token = house.token(client).await;
        let (got, body) = house.get(&format!("/api/v2/routing/queues/{id}"), &token).await;
        assert_eq!((got, body.get("code").and_then(Value::as_str)), (status, code), "{id} {client}");
    }
    house.close().await;
}
