//! The agent-states API: what it shows, and every way in which it silently shows nothing.

use reqwest::Method;
use serde_json::{Value, json};

use crate::house::{House, text};

const SOMEBODY_ELSE: &str = "00000000-0000-4000-8000-000000000000";

async fn list(house: &House, token: &str, ids: &[&str]) -> Value {
    let (status, body) = house.get(&format!("/api/v2/agents/states?agentId={}", ids.join(",")), token).await;
    assert_eq!(status, 200);
    body
}

/// The members of section 8, which the truth has too.
fn as_shown(truth: &Value) -> Value {
    let mut shown = truth.clone();
    let members = shown.as_object_mut().unwrap();
    let hidden = ["accountState", "message", "outOfOffice", "outOfOfficeModifiedDate", "queueIds"];
    for name in hidden.iter().chain(&["dateActiveQueuesChanged"]) {
        members.remove(*name).unwrap();
    }
    shown
}

#[tokio::test]
async fn who_is_logged_in_and_may_be_seen_is_shown_as_the_truth_has_it() {
    let house = House::of(60).await;
    let (agent, token) = (house.somebody().await, house.token("sim-full").await);
    assert_eq!(list(&house, &token, &[text(&agent, "agentId")]).await, json!([as_shown(&agent)]));
    let one = house.get(&format!("/api/v2/agents/{}/state", text(&agent, "agentId")), &token).await;
    assert_eq!(one, (200, as_shown(&agent)));
    house.close().await;
}

#[tokio::test]
async fn every_lack_of_right_and_every_wrong_id_is_a_silent_empty() {
    let house = House::of(60).await;
    let agent = house.somebody().await;
    let id = text(&agent, "agentId");
    let full = house.token("sim-full").await;
    let (_, queues) = house.get("/api/v2/routing/queues", &full).await;
    let queue = text(&queues["entities"][0], "id");
    for (client, id) in [
        ("sim-no-scope", id),
        ("sim-no-role", id),
        ("sim-fresh-grant", id),
        ("sim-full", text(&agent, "userId")),
        ("sim-full", queue),
        ("sim-full", SOMEBODY_ELSE),
        ("sim-full", "12345"),
        ("sim-full", "ada@acme.example"),
    ] {
        let token = house.token(client).await;
        assert_eq!(list(&house, &token, &[id]).await, json!([]), "{client} {id}");
    }
    house.close().await;
}

#[tokio::test]
async fn another_division_is_a_silent_empty_and_so_is_nobody_logged_in() {
    let house = House::of(60).await;
    let token = house.token("sim-one-division").await;
    let (_, permitted) = house
        .get("/api/v2/authorization/divisionspermitted/paged/me?permission=agent:state:view", &token)
        .await;
    let visible = text(&permitted["entities"][0], "id").to_owned();
    let truth = house.truth().await;
    for agent in &truth[..6] {
        let agent = house.force(agent, json!({"presence": "BUSY"})).await;
        let shown = list(&house, &token, &[text(&agent, "agentId")]).await;
        let expected =
            if agent["divisionId"] == visible.as_str() { json!([as_shown(&agent)]) } else { json!([]) };
        assert_eq!(shown, expected);
    }
    let gone = house.force(&house.somebody().await, json!({"loggedIn": false})).await;
    assert_eq!(list(&house, &house.token("sim-full").await, &[text(&gone, "agentId")]).await, json!([]));
    house.close().await;
}

#[tokio::test]
async fn some_found_are_shown_in_the_order_asked_and_each_once() {
    let house = House::of(60).await;
    let truth = house.truth().await;
    let (a, b) = (
        house.force(&truth[0], json!({"presence": "BUSY"})).await,
        house.force(&truth[1], json!({"presence": "MEAL"})).await,
    );
    let token = house.token("sim-full").await;
    let (first, second) = (text(&b, "agentId"), text(&a, "agentId"));
    let shown = list(&house, &token, &[first, SOMEBODY_ELSE, second, first]).await;
    assert_eq!(shown, json!([as_shown(&b), as_shown(&a)]));
    let repeated = format!("/api/v2/agents/states?agentId={first}&agentId={second}");
    assert_eq!(house.get(&repeated, &token).await, (200, shown));
    house.close().await;
}

#[tokio::test]
async fn more_than_fifty_ids_are_refused() {
    let house = House::of(1).await;
    let token = house.token("sim-full").await;
    for (count, expected) in [(50, 200), (51, 400)] {
        let path = format!("/api/v2/agents/states?agentId={}", vec![SOMEBODY_ELSE; count].join(","));
        assert_eq!(house.get(&path, &token).await.0, expected, "{count}");
    }
    house.close().await;
}

#[tokio::test]
async fn the_single_call_says_why_not() {
    let house = House::of(60).await;
    let agent = house.somebody().await;
    let gone = house.force(&house.truth().await[2], json!({"loggedIn": false})).await;
    let home = house.force(&house.truth().await[0], json!({"presence": "BUSY"})).await;
    let id = text(&agent, "agentId");
    for (client, id, status, code) in [
        ("sim-no-scope", id, 403, "app.not.authorized.for.scope"),
        ("sim-no-role", id, 403, "missing.permissions"),
        ("sim-fresh-grant", id, 403, "missing.permissions"),
        ("sim-one-division", text(&home, "agentId"), 403, "missing.division.permission"),
        ("sim-full", text(&gone, "agentId"), 404, "not.found"),
        ("sim-full", text(&agent, "userId"), 404, "not.found"),
        ("sim-full", SOMEBODY_ELSE, 404, "not.found"),
        ("sim-full", "12345", 404, "not.found"),
    ] {
        let token = house.token(client).await;
        let (got, body) = house.get(&format!("/api/v2/agents/{id}/state"), &token).await;
        assert_eq!((got, text(&body, "code")), (status, code), "{client} {id}");
    }
    house.close().await;
}

#[tokio::test]
pub(crate) async fn a_fresh_grant_takes_effect_after_the_lag() {
    let house = House::of(60).await;
    let (agent, token) = (house.somebody().await, house.token("sim-fresh-grant").await);
    house.set(json!({"permission_lag": 0})).await;
    assert_eq!(list(&house, &token, &[text(&agent, "agentId")]).await, json!([as_shown(&agent)]));
    house.close().await;
}

#[tokio::test]
pub(crate) async fn the_list_lags_behind_by_the_switch_and_the_single_call_does_not() {
    let house = House::of(60).await;
    let (before, token) = (house.somebody().await, house.token("sim-full").await);
    house.set(json!({"states_cache_lag_s": 3600})).await;
    let after = house.force(&before, json!({"presence": "MEAL"})).await;
    let shown = list(&house, &token, &[text(&after, "agentId")]).await;
    assert_ne!(shown, json!([as_shown(&after)]));
    let (_, one) = house.get(&format!("/api/v2/agents/{}/state", text(&after, "agentId")), &token).await;
    assert_eq!(one, as_shown(&after));
    house.set(json!({"states_cache_lag_s": 0})).await;
    assert_eq!(list(&house, &token, &[text(&after, "agentId")]).await, json!([as_shown(&after)]));
    house.close().await;
}

#[tokio::test]
async fn profiles_need_only_agent_read_and_are_paged_to_the_end() {
    let house = House::of(120).await;
    let token = house.token("sim-no-scope").await;
    let mut path = "/api/v2/agents?pageSize=50&pageNumber=1".to_owned();
    let mut states = Vec::new();
    loop {
        let (status, page) = house.get(&path, &token).await;
        assert_eq!((status, &page["total"], &page["pageCount"]), (200, &json!(118), &json!(3)));
        let entities = page["entities"].as_array().unwrap();
        states.extend(entities.iter().map(|profile| text(profile, "state").to_owned()));
        let Some(next) = page["nextUri"].as_str() else { break };
        next.clone_into(&mut path);
    }
    let count = |wanted: &str| states.iter().filter(|state| *state == wanted).count();
    assert_eq!((count("active"), count("inactive"), count("deleted")), (116, 2, 0));
    assert_eq!(house.get("/api/v2/agents?pageSize=501", &token).await.0, 400);
    house.close().await;
}

#[tokio::test]
async fn a_profile_is_found_by_either_id_even_after_its_agent_has_left() {
    let house = House::of(60).await;
    let token = house.token("sim-full").await;
    let agent = house.truth().await.remove(3);
    let (id, user) = (text(&agent, "agentId"), text(&agent, "userId"));
    house.control(Method::DELETE, &format!("agents/{id}"), json!({})).await;
    let (status, profile) = house.get(&format!("/api/v2/agents/{id}"), &token).await;
    assert_eq!((status, text(&profile, "state"), text(&profile, "userId")), (200, "deleted", user));
    let (_, by_user) = house.get(&format!("/api/v2/agents?userId={user}"), &token).await;
    assert_eq!(by_user["entities"], json!([profile]));
    assert_eq!(house.get(&format!("/api/v2/agents/{user}"), &token).await.0, 404);
    house.close().await;
}
