//! Analytics: what it tells that nothing else does, and what it silently leaves out.

use reqwest::Method;
use serde_json::{Value, json};

use crate::house::{House, text};

const STATUS: &str = "/api/v2/analytics/agents/status/query";
const COUNTS: &str = "/api/v2/analytics/agents/status/counts";
const ACTIVITY: &str = "/api/v2/analytics/users/activity/query";
const OBSERVATIONS: &str = "/api/v2/analytics/users/observations/query";

fn rows(body: &Value) -> &Vec<Value> {
    body["entities"].as_array().unwrap()
}

#[tokio::test]
async fn the_status_of_an_agent_has_both_facets_and_the_live_session() {
    let house = House::of(60).await;
    let (agent, token) = (house.somebody().await, house.token("sim-full").await);
    let user = text(&agent, "userId");
    let path = format!("/api/v2/analytics/agents/{user}/status");
    let (status, idle) = house.get(&path, &token).await;
    assert_eq!((status, text(&idle, "userId"), text(&idle, "userName")), (200, user, text(&agent, "name")));
    assert_eq!((&idle["systemPresence"], &idle["routingStatus"]), (&json!("ON_QUEUE"), &json!("IDLE")));
    assert_eq!(idle["presenceDate"], agent["presence"]["modifiedDate"]);
    assert_eq!(idle["sessionCount"], 0);
    let busy = house.force(&agent, json!({"routingStatus": "INTERACTING"})).await;
    let (_, talking) = house.get(&path, &token).await;
    let session = &talking["sessions"][0];
    assert_eq!((&talking["sessionCount"], &session["segmentType"]), (&json!(1), &json!("interact")));
    assert_eq!(session["sessionStart"], busy["routingStatus"]["startTime"]);
    assert!(busy["queueIds"].as_array().unwrap().contains(&session["routedQueueId"]));
    let nobody = "/api/v2/analytics/agents/00000000-0000-4000-8000-000000000000/status";
    assert_eq!(house.get(nobody, &token).await.0, 404);
    house.close().await;
}

#[tokio::test]
async fn the_status_query_gives_fifty_and_does_not_say_that_there_are_more() {
    let house = House::of(60).await;
    let token = house.token("sim-full").await;
    let (status, top) = house.query(STATUS, &token, json!({})).await;
    assert_eq!((status, rows(&top).len()), (200, 50));
    assert_eq!(top.as_object().unwrap().keys().collect::<Vec<_>>(), ["entities"]);
    let names: Vec<&str> = rows(&top).iter().map(|row| text(row, "userName")).collect();
    assert!(names.is_sorted());
    let mut sliced = 0;
    for division in divisions(&house, &token).await {
        let filter = json!({"type": "and", "predicates": [{"dimension": "divisionId", "value": division}]});
        sliced += rows(&house.query(STATUS, &token, json!({"userFilter": filter})).await.1).len();
    }
    assert_eq!(sliced, 58);
    house.close().await;
}

async fn divisions(house: &House, token: &str) -> Vec<Value> {
    let (_, page) = house.get("/api/v2/authorization/divisions", token).await;
    rows(&page).iter().map(|division| division["id"].clone()).collect()
}

#[tokio::test]
async fn a_row_hides_who_it_is_where_names_may_not_be_seen() {
    let house = House::of(60).await;
    let agent = house.somebody().await;
    let grants = |names_in: &str| {
        json!({"clientId": "c", "grants": [
            {"permissions": ["analytics:agentState:view"]},
            {"permissions": ["analytics:agentStateNames:view"], "division": names_in},
        ]})
    };
    for (names_in, shown) in [("Lisbon", false), ("Berlin", true)] {
        house.control(Method::POST, "clients", grants(names_in)).await;
        let token = house.token("c").await;
        let path = format!("/api/v2/analytics/agents/{}/status", text(&agent, "userId"));
        let (status, row) = house.get(&path, &token).await;
        assert_eq!((status, &row["divisionId"]), (200, &agent["divisionId"]));
        assert_eq!((row.get("userId").is_some(), row.get("userName").is_some()), (shown, shown));
        let (_, top) = house.query(STATUS, &token, json!({})).await;
        let named = |row: &&Value| row.get("userName").is_some();
        assert!(rows(&top).iter().filter(named).count() < rows(&top).len());
    }
    house.close().await;
}

#[tokio::test]
async fn status_is_filtered_by_user_and_by_session_and_counted_without_listing() {
    let house = House::of(60).await;
    let token = house.token("sim-full").await;
    let truth = house.truth().await;
    for agent in &truth {
        house.force(agent, json!({"presence": "Break"})).await;
    }
    for agent in &truth[..2] {
        house.force(agent, json!({"presence": "On Queue", "routingStatus": "INTERACTING"})).await;
    }
    let is = |dimension: &str, value: &str| json!({"predicates": [{"dimension": dimension, "value": value}]});
    for (query, expected) in [
        (json!({"userFilter": is("routingStatus", "INTERACTING")}), 2),
        (json!({"userFilter": is("userId", text(&truth[5], "userId"))}), 1),
        (json!({"userFilter": is("online", "false")}), 0),
        (json!({"sessionFilter": is("mediaType", "voice"), "userOrder": "desc"}), 2),
        (json!({"sessionFilter": is("segmentType", "wrapup")}), 0),
    ] {
        let (status, body) = house.query(STATUS, &token, query.clone()).await;
        assert_eq!((status, rows(&body).len()), (200, expected), "{query}");
    }
    let path = format!("{COUNTS}?groupBy=segmentType,routingStatus");
    let (_, counts) = house.query(&path, &token, json!({})).await;
    assert_eq!(counts["segmentCounts"], json!([{"segmentType": "interact", "count": 2}]));
    let expected =
        json!([{"routingStatus": "INTERACTING", "count": 2}, {"routingStatus": "OFF_QUEUE", "count": 56}]);
    assert_eq!(counts["routingStatusCounts"], expected);
    house.close().await;
}

#[tokio::test]
async fn activity_leaves_out_the_middle_and_says_so() {
    let house = House::of(60).await;
    let token = house.token("sim-full").await;
    let (_, queues) = house.get("/api/v2/routing/queues", &token).await;
    let queue = text(&queues["entities"][0], "id");
    let query = json!({
        "metrics": [{"metric": "oMemberQueues", "details": true}], "groupBy": ["queueId"],
        "filter": {"type": "and", "predicates": [{"dimension": "queueId", "value": queue}]}, "order": "asc",
    });
    let (status, whole) = house.query(ACTIVITY, &token, query.clone()).await;
    assert_eq!((status, whole["results"].as_array().map(Vec::len)), (200, Some(1)));
    let whole = &whole["results"][0];
    assert_eq!((&whole["truncated"], &whole["group"]["queueId"]), (&json!(false), &json!(queue)));
    assert_eq!(whole["data"][0]["count"], rows(whole).len());
    house.set(json!({"activity_rows_max": 4})).await;
    let (_, cut) = house.query(ACTIVITY, &token, query).await;
    let cut = &cut["results"][0];
    let ends = [&rows(whole)[..2], &rows(whole)[rows(whole).len() - 2..]].concat();
    assert_eq!((&cut["truncated"], rows(cut)), (&json!(true), &ends));
    house.close().await;
}

#[tokio::test]
async fn observations_count_queues_and_know_no_state() {
    let house = House::of(60).await;
    let (agent, token) = (house.somebody().await, house.token("sim-full").await);
    house
        .control(Method::POST, &format!("agents/{}/queues", text(&agent, "userId")), json!({"active": []}))
        .await;
    let filter = json!({"type": "and", "predicates": [{"dimension": "userId", "value": agent["userId"]}]});
    let query = json!({"metrics": ["oActiveQueues", "oMemberQueues"], "filter": filter});
    let (status, body) = house.query(OBSERVATIONS, &token, query).await;
    let members = agent["queueIds"].as_array().unwrap().len();
    let expected = json!({"results": [{"group": {"userId": agent["userId"]}, "data": [
        {"metric": "oActiveQueues", "stats": {"count": 0}},
        {"metric": "oMemberQueues", "stats": {"count": members}},
    ]}]});
    assert_eq!((status, body), (200, expected));
    house.close().await;
}

#[tokio::test]
async fn analytics_needs_its_permissions_and_takes_only_what_it_knows() {
    let house = House::of(60).await;
    let (full, no_role) = (house.token("sim-full").await, house.token("sim-no-role").await);
    let unknown = json!({"predicates": [{"dimension": "mood", "value": "good"}]});
    for (path, body) in [
        (STATUS, json!({"userFilter": unknown})),
        (STATUS, json!({"userOrderBy": "mood"})),
        (COUNTS, json!({"sessionFilter": unknown})),
        (ACTIVITY, json!({"metrics": [{"metric": "oMoods"}]})),
        (ACTIVITY, json!({"metrics": [], "groupBy": ["mood"]})),
        (OBSERVATIONS, json!({"metrics": [], "filter": unknown})),
    ] {
        let (status, error) = house.query(path, &no_role, body.clone()).await;
        assert_eq!((status, text(&error, "code")), (403, "missing.any.permissions"), "{path}");
        let (status, error) = house.query(path, &full, body).await;
        assert_eq!((status, text(&error, "code")), (400, "invalid.value"), "{path}");
    }
    for (path, body) in [
        (ACTIVITY, json!({"metrics": [], "groupBy": vec!["userId"; 7]})),
        (OBSERVATIONS, json!({"metrics": vec!["oActiveQueues"; 3], "filter": {}})),
    ] {
        let (status, error) = house.query(path, &full, body).await;
        assert_eq!((status, text(&error, "code")), (400, "constraint.validation"), "{path}");
    }
    house.close().await;
}

#[tokio::test]
async fn a_withheld_state_is_missing_in_analytics_too() {
    let house = House::of(60).await;
    let (agent, token) = (house.somebody().await, house.token("sim-full").await);
    house.set(json!({"state_withheld": [agent["agentId"]]})).await;
    let path = format!("/api/v2/analytics/agents/{}/status", text(&agent, "userId"));
    let (_, row) = house.get(&path, &token).await;
    let expected =
        json!({"userId": agent["userId"], "userName": agent["name"], "divisionId": agent["divisionId"]});
    assert_eq!(row, expected);
    let on_queue = json!({"predicates": [{"dimension": "systemPresence", "value": "ON_QUEUE"}]});
    let (_, top) = house.query(STATUS, &token, json!({"userFilter": on_queue})).await;
    assert!(rows(&top).iter().all(|row| row["userId"] != agent["userId"]));
    house.close().await;
}

#[tokio::test]
async fn where_any_permission_is_enough_another_division_is_refused_by_its_own_code_and_all_are_named() {
    let house = House::of(1).await;
    let (berlin, full) = (house.token("sim-one-division").await, house.token("sim-full").await);
    let user = house.truth().await[0]["userId"].clone();
    let (_, queues) = house.get("/api/v2/routing/queues", &full).await;
    let queue = &queues["entities"][0];
    let members =
        "routing:queue:view, routing:queue:edit, routing:queue:readonly, routing:queueMember:manage";
    for (path, permissions) in [
        (format!("/api/v2/analytics/agents/{}/status", user.as_str().unwrap()), "analytics:agentState:view"),
        (format!("/api/v2/routing/queues/{}/members", text(queue, "id")), members),
    ] {
        let (status, error) = house.get(&path, &berlin).await;
        assert_eq!((status, text(&error, "code")), (403, "missing.any.division.permissions"), "{path}");
        let home = text(&queue["division"], "id");
        let params = json!({"permissions": format!("[{permissions}]"), "divisions": format!("[{home}]")});
        assert_eq!(error["messageParams"], params, "{path}");
    }
    house.close().await;
}
