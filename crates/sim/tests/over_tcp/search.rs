//! The search for users, and its index that lags.

use reqwest::Method;
use serde_json::{Value, json};

use crate::house::{House, text};

const SEARCH: &str = "/api/v2/users/search";

async fn found(house: &House, token: &str, query: Value) -> Vec<Value> {
    let (status, body) = house.query(SEARCH, token, json!({"query": query})).await;
    assert_eq!(status, 200);
    assert_eq!(body["total"], body["results"].as_array().unwrap().len());
    body["results"].as_array().unwrap().clone()
}

#[tokio::test]
async fn a_user_is_found_by_name_and_by_address() {
    let house = House::of(20).await;
    let (agent, token) = (house.somebody().await, house.token("sim-full").await);
    let name = text(&agent, "name");
    let given = name.split(' ').next().unwrap();
    for query in [
        json!([{"type": "EXACT", "fields": ["name"], "value": name}]),
        json!([{"type": "STARTS_WITH", "fields": ["name"], "value": given.to_lowercase()}]),
        json!([{"type": "CONTAINS", "fields": ["email"], "value": "agent1@"}]),
        json!([{"type": "TERMS", "fields": ["id"], "values": [agent["userId"]]}]),
    ] {
        let results = found(&house, &token, query.clone()).await;
        assert!(results.iter().any(|user| user["id"] == agent["userId"]), "{query}");
    }
    let not = json!([{"type": "MATCH_ALL"}, {"type": "EXACT", "fields": ["name"], "value": name, "operator": "NOT"}]);
    assert!(found(&house, &token, not).await.iter().all(|user| user["id"] != agent["userId"]));
    let body = json!({"query": [{"type": "TERM", "fields": ["id"], "value": agent["userId"]}],
        "expand": ["presence"]});
    let (_, body) = house.query(SEARCH, &token, body).await;
    let presence = &body["results"][0]["presence"]["presenceDefinition"]["systemPresence"];
    assert_eq!(presence, "On Queue");
    house.close().await;
}

#[tokio::test]
async fn a_newcomer_is_not_found_while_the_index_lags_though_the_directory_has_them() {
    let house = House::of(3).await;
    let token = house.token("sim-full").await;
    house.set(json!({"search_lag_s": 3600})).await;
    let hired = house.control(Method::POST, "agents", json!({"count": 1})).await;
    let user = text(&hired[0], "userId");
    let query = json!([{"type": "EXACT", "fields": ["id"], "value": user}]);
    assert!(found(&house, &token, query.clone()).await.is_empty());
    assert_eq!(found(&house, &token, json!([{"type": "MATCH_ALL"}])).await.len(), 3);
    assert_eq!(house.get(&format!("/api/v2/users/{user}"), &token).await.0, 200);
    house.set(json!({"search_lag_s": 0})).await;
    assert_eq!(found(&house, &token, query).await.len(), 1);
    house.close().await;
}

#[tokio::test]
async fn search_needs_a_permission_and_keeps_to_divisions_only_when_asked() {
    let house = House::of(60).await;
    let all = json!([{"type": "MATCH_ALL"}]);
    let berlin = house.token("sim-one-division").await;
    for (enforced, total) in [(false, 58), (true, 19)] {
        let body = json!({"query": all, "pageSize": 5, "enforcePermissions": enforced});
        let (status, page) = house.query(SEARCH, &berlin, body).await;
        assert_eq!((status, page["results"].as_array().map(Vec::len)), (200, Some(5)));
        assert_eq!(page["total"], total, "{enforced}");
    }
    let client = json!({"clientId": "c", "permissions": ["agent:state:view"]});
    house.control(Method::POST, "clients", client).await;
    let (status, error) = house.query(SEARCH, &house.token("c").await, json!({"query": all})).await;
    assert_eq!((status, text(&error, "code")), (403, "missing.permissions"));
    let odd = json!([{"type": "EXACT", "fields": ["mood"], "value": "good"}]);
    let (status, error) = house.query(SEARCH, &berlin, json!({"query": odd})).await;
    assert_eq!((status, text(&error, "code")), (400, "invalid.value"));
    house.close().await;
}

#[tokio::test]
async fn a_search_asks_for_so_many_results_by_so_many_criteria_of_so_many_values_and_no_more() {
    let house = House::of(1).await;
    let token = house.token("sim-full").await;
    let all = json!({"type": "MATCH_ALL"});
    let by_id = |count| json!({"type": "TERMS", "fields": ["id"], "values": vec!["x"; count]});
    let one_more = json!({"type": "TERMS", "fields": ["id"], "values": vec!["x"; 100], "value": "y"});
    for (body, expected) in [
        (json!({"query": [all], "pageSize": 100}), None),
        (json!({"query": [all], "pageSize": 101}), Some("too.many.requested.results")),
        (json!({"query": [all], "pageSize": 0}), Some("constraint.validation")),
        (json!({"query": vec![all.clone(); 10]}), None),
        (json!({"query": vec![all.clone(); 11]}), Some("too.many.search.criteria")),
        (json!({"query": [by_id(100)]}), None),
        (json!({"query": [by_id(101)]}), Some("search.criteria.values.exceed.limit")),
        (json!({"query": [one_more]}), Some("search.criteria.values.exceed.limit")),
    ] {
        let (status, answer) = house.query(SEARCH, &token, body.clone()).await;
        let expected = (if expected.is_some() { 400 } else { 200 }, expected);
        assert_eq!((status, answer["code"].as_str()), expected, "{body}");
    }
    house.close().await;
}
