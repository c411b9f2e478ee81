//! The control plane under `/sim/`.

use onduty_sim::scenario::script::Script;
use onduty_sim::{SimOptions, Simulator};
use reqwest::Method;
use serde_json::{Value, json};

use crate::house::{House, still, text};

#[tokio::test]
async fn the_truth_is_told_about_everybody_active_with_all_facets() {
    let house = House::of(60).await;
    let truth = house.truth().await;
    assert_eq!(truth.len(), 58);
    for agent in &truth {
        assert_ne!(agent["agentId"], agent["userId"]);
        assert!(agent["queueIds"].is_array() && agent["outOfOffice"].is_boolean());
        let (_, by_agent) = house.get(&format!("/sim/agents/{}", text(agent, "agentId")), "").await;
        let (_, by_user) = house.get(&format!("/sim/agents/{}", text(agent, "userId")), "").await;
        assert_eq!((&by_agent, &by_user), (agent, agent));
    }
    assert!(truth.iter().any(|agent| agent["loggedIn"] == json!(false)));
    house.close().await;
}

#[tokio::test]
async fn one_seed_gives_the_same_people_in_every_run() {
    let ids = async |seed| {
        let house = House::with(SimOptions { seed, ..still() }).await;
        let truth = house.truth().await;
        house.close().await;
        truth.iter().map(|agent| (agent["agentId"].clone(), agent["name"].clone())).collect::<Vec<_>>()
    };
    let first = ids(7).await;
    assert_eq!(first, ids(7).await);
    assert_ne!(first, ids(8).await);
}

#[tokio::test]
async fn a_forced_state_is_true_at_once_with_a_higher_version() {
    let house = House::of(60).await;
    let before = house.force(&house.truth().await[1], json!({"presence": "Busy"})).await;
    let after = house
        .force(&before, json!({"presence": "ON_QUEUE", "routingStatus": "INTERACTING", "outOfOffice": true}))
        .await;
    assert_eq!(after["presence"]["systemPresence"], "On Queue");
    assert_eq!(after["routingStatus"]["status"], "INTERACTING");
    assert_eq!((&after["loggedIn"], &after["outOfOffice"]), (&json!(true), &json!(true)));
    assert_eq!(after["stateVersion"].as_u64(), before["stateVersion"].as_u64().map(|version| version + 1));
    let gone = house.force(&after, json!({"loggedIn": false})).await;
    assert_eq!(gone["presence"]["systemPresence"], "Offline");
    assert_eq!(gone["routingStatus"]["status"], "OFF_QUEUE");
    house.close().await;
}

#[tokio::test]
async fn nonsense_is_refused_and_named() {
    let house = House::of(1).await;
    let id = house.truth().await[0]["agentId"].as_str().unwrap().to_owned();
    for (method, path, body, status, message) in [
        (Method::PUT, "faults".into(), json!({"event_los": 1}), 400, "the nearest is `event_loss`"),
        (
            Method::POST,
            format!("agents/{id}/state"),
            json!({"presence": "Lunch"}),
            400,
            "no presence is named \"Lunch\"",
        ),
        (
            Method::POST,
            format!("agents/{id}/state"),
            json!({"presense": "Meal"}),
            400,
            "unknown field `presense`",
        ),
        (Method::POST, "agents/nobody/state".into(), json!({}), 404, "no agent or user has the id `nobody`"),
        (
            Method::POST,
            "clients".into(),
            json!({"clientId": "x", "roles": ["King"]}),
            400,
            "no role is named `King`",
        ),
        (Method::GET, "agent".into(), json!({}), 404, "no such control"),
    ] {
        let response = house.send(method, &format!("/sim/{path}"), "", Some(body)).await;
        assert_eq!(response.status().as_u16(), status, "{path}");
        let error: Value = response.json().await.unwrap();
        assert!(text(&error, "message").contains(message), "{error}");
    }
    house.close().await;
}

#[tokio::test]
async fn switches_are_set_from_inside_the_process_too() {
    let house = House::of(1).await;
    let given = json!({"event_loss": 0.5, "rate": 7});
    house.simulator.set_faults(given.as_object().unwrap()).unwrap();
    assert!(house.simulator.set_faults(json!({"rat": 1}).as_object().unwrap()).is_err());
    let (_, faults) = house.get("/sim/faults", "").await;
    assert_eq!((&faults["event_loss"], &faults["rate"]), (&json!(0.5), &json!(7)));
    house.close().await;
}

#[tokio::test]
async fn people_are_hired_and_dismissed_in_every_listing() {
    let house = House::of(60).await;
    let token = house.token("sim-full").await;
    let hired = house.control(Method::POST, "agents", json!({"count": 2})).await;
    assert_eq!(hired.as_array().unwrap().len(), 2);
    assert_eq!(house.truth().await.len(), 60);
    assert_eq!(house.get("/api/v2/agents", &token).await.1["total"], 61);
    house.control(Method::DELETE, &format!("agents/{}", text(&hired[0], "userId")), json!({})).await;
    assert_eq!(house.truth().await.len(), 59);
    assert_eq!(house.get("/api/v2/agents", &token).await.1["total"], 60);
    assert_eq!(house.get("/api/v2/users", &token).await.1["total"], 59);
    let moved = format!("/sim/agents/{}/state", text(&hired[0], "agentId"));
    let refused = house.send(Method::POST, &moved, "", Some(json!({"loggedIn": true}))).await;
    assert_eq!(refused.status(), 409);
    house.close().await;
}

#[tokio::test]
async fn requests_are_counted_by_route_client_and_status() {
    let house = House::of(60).await;
    let token = house.token("sim-full").await;
    for agent in &house.truth().await[..3] {
        house.get(&format!("/api/v2/users/{}", text(agent, "userId")), &token).await;
    }
    house.get("/api/v2/users/nobody", &token).await;
    let (_, stats) = house.get("/sim/stats", "").await;
    let count = |route: &str, status: u16| {
        let found = stats["requests"].as_array().unwrap().iter();
        let of_route = found.filter(|row| row["route"] == route && row["status"] == status);
        of_route.map(|row| row["count"].as_u64().unwrap()).sum::<u64>()
    };
    assert_eq!((count("/api/v2/users/{userId}", 200), count("/api/v2/users/{userId}", 404)), (3, 1));
    assert_eq!(count("/oauth/token", 200), 1);
    house.close().await;
}

#[tokio::test]
async fn a_reset_forgets_the_requests_counted_so_far_and_no_event() {
    let house = House::of(60).await;
    let token = house.token("sim-full").await;
    house.force(&house.truth().await[1], json!({"presence": "Meal", "outOfOffice": true})).await;
    house.get("/api/v2/users", &token).await;
    let before = house.control(Method::POST, "stats/reset", json!({})).await;
    assert_eq!(before["requests"].as_array().unwrap().len(), 2);
    house.get("/api/v2/tokens/me", &token).await;
    let (_, after) = house.get("/sim/stats", "").await;
    let one = json!([{"route": "/api/v2/tokens/me", "client": "sim-full", "status": 200, "count": 1}]);
    assert_eq!(after["requests"], one);
    assert_eq!(after["events"], before["events"]);
    house.close().await;
}

#[tokio::test]
async fn pause_stops_the_moving_and_resume_starts_it() {
    let house = House::with(SimOptions { rate: 500.0, ..still() }).await;
    let made = async || house.get("/sim/stats", "").await.1["events"]["made"].as_u64().unwrap();
    crate::webhooks::eventually("agents move", async || made().await > 0).await;
    let paused = house.control(Method::POST, "pause", json!({})).await;
    assert_eq!(paused, json!({"paused": true, "outstanding": 0}));
    let truth = house.truth().await;
    let count = made().await;
    assert_eq!(house.truth().await, truth);
    house.control(Method::POST, "resume", json!({})).await;
    crate::webhooks::eventually("agents move again", async || made().await > count).await;
    house.close().await;
}

#[tokio::test]
async fn a_script_is_played_without_seeded_moves_when_it_says_so() {
    let text = "random = false\n[[move]]\nat_s = 0.05\nagent = 0\npresence = \"Meal\"\n";
    let options = SimOptions { rate: 100.0, script: Some(Script::parse(text).unwrap()), ..still() };
    let house = House::with(options).await;
    crate::webhooks::eventually("the move is made", async || {
        house.truth().await[0]["presence"]["systemPresence"] == "Meal"
    })
    .await;
    let (_, stats) = house.get("/sim/stats", "").await;
    assert_eq!(stats["events"]["made"], 1);
    house.close().await;
}

#[tokio::test]
async fn an_address_in_use_and_options_out_of_bounds_do_not_start() {
    let house = House::of(1).await;
    let taken = SimOptions { listen: house.simulator.addr(), ..still() };
    let error = Simulator::start(taken).await.err().unwrap();
    assert!(error.to_string().starts_with("could not listen on 127.0.0.1:"), "{error}");
    assert!(Simulator::start(SimOptions { agents: 1_000_000, ..still() }).await.is_err());
    assert!(Simulator::start(SimOptions { rate: f64::NAN, ..still() }).await.is_err());
    house.close().await;
}
