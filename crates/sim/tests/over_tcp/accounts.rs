//! Accounts and divisions of people: how they are changed, and how each API shows it.

use reqwest::Method;
use serde_json::{Value, json};

use crate::house::{House, text};

/// Statuses of the calls about one person: state, profile, user, user with `state=deleted`.
async fn statuses(house: &House, agent: &Value, token: &str) -> [u16; 4] {
    let (id, user) = (text(agent, "agentId"), text(agent, "userId"));
    let mut statuses = [0; 4];
    for (status, path) in statuses.iter_mut().zip([
        format!("/api/v2/agents/{id}/state"),
        format!("/api/v2/agents/{id}"),
        format!("/api/v2/users/{user}"),
        format!("/api/v2/users/{user}?state=deleted"),
    ]) {
        *status = house.get(&path, token).await.0;
    }
    statuses
}

async fn set_account(house: &House, agent: &Value, state: &str) -> Value {
    let path = format!("agents/{}/account", text(agent, "agentId"));
    house.control(Method::POST, &path, json!({"state": state})).await
}

#[tokio::test]
async fn an_account_is_ended_and_resumed_in_every_api() {
    let house = House::of(60).await;
    let (agent, token) = (house.somebody().await, house.token("sim-full").await);
    let (id, user) = (text(&agent, "agentId"), text(&agent, "userId"));
    assert_eq!(statuses(&house, &agent, &token).await, [200, 200, 200, 404]);
    for (account, expected) in [("inactive", [404, 200, 200, 404]), ("deleted", [404, 200, 404, 200])] {
        let truth = set_account(&house, &agent, account).await;
        assert_eq!((text(&truth, "accountState"), &truth["loggedIn"]), (account, &json!(false)));
        assert_eq!(statuses(&house, &agent, &token).await, expected, "{account}");
        let (_, profile) = house.get(&format!("/api/v2/agents/{id}"), &token).await;
        assert_eq!(text(&profile, "state"), account);
        let listed = async |query: &str| {
            let (status, page) = house.get(&format!("/api/v2/users?id={user}{query}"), &token).await;
            assert_eq!(status, 200);
            page["entities"].as_array().unwrap().iter().map(|user| user["state"].clone()).collect::<Vec<_>>()
        };
        assert!(listed("").await.is_empty());
        assert_eq!(listed("&state=any").await, [account]);
        let known = house.get(&format!("/sim/agents?accountState={account}"), "").await.1;
        assert!(known.as_array().unwrap().contains(&truth));
        set_account(&house, &agent, "active").await;
        let back = house.force(&agent, json!({"presence": "On Queue"})).await;
        assert_eq!(back["queueIds"], agent["queueIds"]);
        assert_eq!(statuses(&house, &agent, &token).await, [200, 200, 200, 404]);
    }
    house.close().await;
}

#[tokio::test]
async fn who_is_restored_is_a_member_of_the_former_queues() {
    let house = House::of(60).await;
    let (agent, token) = (house.somebody().await, house.token("sim-full").await);
    let queue = agent["queueIds"][0].as_str().unwrap();
    let path = format!("/api/v2/routing/queues/{queue}/members?pageSize=100");
    let is_member = async || {
        let (_, page) = house.get(&path, &token).await;
        page["entities"].as_array().unwrap().iter().any(|member| member["id"] == agent["userId"])
    };
    for (account, expected) in [("active", true), ("deleted", false), ("active", true), ("inactive", false)] {
        set_account(&house, &agent, account).await;
        assert_eq!(is_member().await, expected, "{account}");
    }
    house.close().await;
}

#[tokio::test]
async fn who_moves_to_another_division_is_seen_by_those_who_may_see_that_one() {
    let house = House::of(60).await;
    let (agent, token) = (house.somebody().await, house.token("sim-one-division").await);
    let list = format!("/api/v2/agents/states?agentId={}", text(&agent, "agentId"));
    for (division, shown, status) in [("Lisbon", 0, 403), ("Berlin", 1, 200)] {
        let path = format!("agents/{}/division", text(&agent, "userId"));
        let moved = house.control(Method::POST, &path, json!({"division": division})).await;
        assert_eq!(house.get(&list, &token).await.1.as_array().map(Vec::len), Some(shown));
        assert_eq!(statuses(&house, &agent, &token).await[0], status);
        let (_, user) = house.get(&format!("/api/v2/users/{}", text(&agent, "userId")), &token).await;
        assert_eq!(user["division"]["id"], moved["divisionId"]);
    }
    house.close().await;
}

#[tokio::test]
async fn queues_switched_off_are_missing_unless_asked_for() {
    let house = House::of(60).await;
    let (agent, token) = (house.somebody().await, house.token("sim-full").await);
    let (user, all) = (text(&agent, "userId"), agent["queueIds"].as_array().unwrap().len());
    let total = async |query: &str| {
        house.get(&format!("/api/v2/users/{user}/queues{query}"), &token).await.1["total"].clone()
    };
    assert_eq!((total("").await, total("?joined=false").await), (json!(all), json!(0)));
    house.control(Method::POST, &format!("agents/{user}/queues"), json!({"active": []})).await;
    assert_eq!((total("").await, total("?joined=false").await), (json!(0), json!(all)));
    house.control(Method::POST, &format!("agents/{user}/queues"), json!({"active": agent["queueIds"]})).await;
    assert_eq!((total("").await, total("?joined=true").await), (json!(all), json!(all)));
    house.close().await;
}

#[tokio::test]
async fn an_account_or_division_that_there_is_not_is_refused() {
    let house = House::of(1).await;
    let id = house.truth().await[0]["agentId"].as_str().unwrap().to_owned();
    for (what, body, status, message) in [
        (
            "account",
            json!({"state": "asleep"}),
            400,
            "an account is active, inactive or deleted, not `asleep`",
        ),
        ("division", json!({"division": "Bonn"}), 400, "no division is named `Bonn`"),
        ("queues", json!({"active": [id]}), 400, "not a member of a queue with the id"),
        ("mood", json!({}), 404, "no such control"),
    ] {
        let response = house.send(Method::POST, &format!("/sim/agents/{id}/{what}"), "", Some(body)).await;
        assert_eq!(response.status().as_u16(), status, "{what}");
        let error: Value = response.json().await.unwrap();
        assert!(text(&error, "message").contains(message), "{error}");
    }
    house.close().await;
}
