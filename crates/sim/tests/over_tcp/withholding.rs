//! States that are left out, and states out of caches that lag: by switch, and lifted again.

use reqwest::Method;
use serde_json::{Value, json};

use crate::house::{House, text};

/// Every read that shows a state: the list, the single call, and those of the users API.
struct Reads {
    list: String,
    one: String,
    users: String,
    user: String,
    presence: String,
    routing: String,
    bulk: String,
}

impl Reads {
    fn about(agent: &Value) -> Self {
        let (id, user) = (text(agent, "agentId"), text(agent, "userId"));
        let expand = "expand=presence,routingStatus,outOfOffice";
        Self {
            list: format!("/api/v2/agents/states?agentId={id}"),
            one: format!("/api/v2/agents/{id}/state"),
            users: format!("/api/v2/users?id={user}&{expand}"),
            user: format!("/api/v2/users/{user}?{expand}"),
            presence: format!("/api/v2/users/{user}/presences/purecloud"),
            routing: format!("/api/v2/users/{user}/routingstatus"),
            bulk: format!("/api/v2/users/presences/purecloud/bulk?id={user}"),
        }
    }

    /// The system presence that each read shows, in the order of the members; routing status where that is told.
    async fn shown(&self, house: &House, token: &str) -> [Value; 7] {
        let get = async |path: &str| house.get(path, token).await.1;
        let system = "/presence/presenceDefinition/systemPresence";
        let at = |body: Value, pointer: &str| body.pointer(pointer).cloned().unwrap_or(Value::Null);
        [
            at(get(&self.list).await, "/0/presence/systemPresence"),
            at(get(&self.one).await, "/presence/systemPresence"),
            at(get(&self.users).await, &format!("/entities/0{system}")),
            at(get(&self.user).await, system),
            at(get(&self.presence).await, "/presenceDefinition/systemPresence"),
            at(get(&self.routing).await, "/status"),
            at(get(&self.bulk).await, "/0/presenceDefinition/systemPresence"),
        ]
    }
}

fn on_queue() -> [Value; 7] {
    ["On Queue", "On Queue", "On Queue", "On Queue", "On Queue", "IDLE", "On Queue"].map(Into::into)
}

#[tokio::test]
async fn a_withheld_state_leaves_the_agent_named_everywhere_and_comes_back_when_lifted() {
    let house = House::of(60).await;
    let (agent, token) = (house.somebody().await, house.token("sim-full").await);
    let reads = Reads::about(&agent);
    for withheld in [json!(true), json!([agent["agentId"]]), json!([agent["userId"]])] {
        house.set(json!({"state_withheld": withheld})).await;
        assert_eq!(reads.shown(&house, &token).await, [const { Value::Null }; 7], "{withheld}");
        assert_eq!(house.get(&reads.list, &token).await, (200, json!([])));
        assert_eq!(house.get(&reads.bulk, &token).await, (200, json!([])));
        let (status, one) = house.get(&reads.one, &token).await;
        let named = json!({
            "agentId": agent["agentId"], "userId": agent["userId"], "name": agent["name"],
            "divisionId": agent["divisionId"],
        });
        assert_eq!((status, one), (200, named));
        let (status, user) = house.get(&reads.user, &token).await;
        assert_eq!((status, &user["id"]), (200, &agent["userId"]));
        for expanded in ["presence", "routingStatus", "outOfOffice"] {
            assert!(user.get(expanded).is_none(), "{expanded}");
        }
        let (status, presence) = house.get(&reads.presence, &token).await;
        assert_eq!((status, &presence["id"], &presence["primary"]), (200, &agent["userId"], &json!(true)));
        assert!(presence.get("modifiedDate").is_none() && presence.get("message").is_none());
        let routing = (200, json!({"userId": agent["userId"]}));
        assert_eq!(house.get(&reads.routing, &token).await, routing);
        house.set(json!({"state_withheld": false})).await;
        assert_eq!(reads.shown(&house, &token).await, on_queue());
    }
    house.close().await;
}

#[tokio::test]
async fn only_the_states_of_those_named_are_withheld_and_only_of_those_logged_in() {
    let house = House::of(60).await;
    let (agent, token) = (house.somebody().await, house.token("sim-full").await);
    let other = house.force(&house.truth().await[4], json!({"presence": "Meal"})).await;
    house.set(json!({"state_withheld": [agent["userId"]]})).await;
    let both =
        format!("/api/v2/agents/states?agentId={},{}", text(&agent, "agentId"), text(&other, "agentId"));
    let (_, shown) = house.get(&both, &token).await;
    assert_eq!((shown.as_array().map(Vec::len), &shown[0]["agentId"]), (Some(1), &other["agentId"]));
    house.force(&agent, json!({"loggedIn": false})).await;
    assert_eq!(house.get(&Reads::about(&agent).one, &token).await.0, 404);
    house.close().await;
}

#[tokio::test]
async fn no_event_tells_a_state_that_is_withheld() {
    let receiver = crate::webhooks::Receiver::open(&[]).await;
    let house = House::pushing_to(receiver.url.clone(), crate::webhooks::SECRET, 60, 0.0).await;
    let truth = house.truth().await;
    house.set(json!({"state_withheld": [truth[1]["agentId"]]})).await;
    for agent in &truth[1..3] {
        house.force(agent, json!({"presence": "Training", "outOfOffice": true})).await;
    }
    house.control(Method::POST, "pause", json!({})).await;
    let told: Vec<Value> = receiver.events().iter().map(|event| event["agentId"].clone()).collect();
    assert_eq!(told, [truth[2]["agentId"].clone()]);
    let (_, stats) = house.get("/sim/stats", "").await;
    assert_eq!(stats["events"]["webhook"]["lostBySwitch"], 1);
    house.close().await;
}

#[tokio::test]
async fn each_cache_lags_by_its_own_switch() {
    let house = House::of(60).await;
    let (before, token) = (house.somebody().await, house.token("sim-full").await);
    // An hour ago, before both changes, this agent was not at a meal either.
    let after = house.force(&before, json!({"presence": "Meal"})).await;
    let reads = Reads::about(&after);
    let now = ["Meal", "Meal", "Meal", "Meal", "Meal", "OFF_QUEUE", "Meal"].map(Value::from);
    assert_eq!(reads.shown(&house, &token).await, now);
    for (switch, lagging) in [
        ("states_cache_lag_s", &[0][..]),
        ("state_cache_lag_s", &[1]),
        ("users_cache_lag_s", &[2, 3, 4, 5, 6]),
    ] {
        house.set(json!({switch: 3600})).await;
        let shown = reads.shown(&house, &token).await;
        for (index, (shown, now)) in shown.iter().zip(&now).enumerate() {
            // Routing status may have been the same an hour ago.
            if index != 5 {
                assert_eq!(shown != now, lagging.contains(&index), "{switch} {index}");
            }
        }
        house.set(json!({switch: 0})).await;
        assert_eq!(reads.shown(&house, &token).await, now);
    }
    house.close().await;
}

#[tokio::test]
async fn without_the_agent_states_api_its_paths_are_plainly_not_found() {
    let house = House::of(60).await;
    let (agent, token) = (house.somebody().await, house.token("sim-full").await);
    let id = text(&agent, "agentId");
    let paths = [
        "/api/v2/agents".to_owned(),
        format!("/api/v2/agents/{id}"),
        format!("/api/v2/agents/{id}/state"),
        format!("/api/v2/agents/states?agentId={id}"),
    ];
    for (switch, status, code) in [("off", 404, Some("not.found")), ("on", 200, None)] {
        house.set(json!({"agent_states_api": switch})).await;
        for path in &paths {
            let (got, body) = house.get(path, &token).await;
            assert_eq!((got, body.get("code").and_then(Value::as_str)), (status, code), "{switch} {path}");
        }
        assert_eq!(house.get(&format!("/api/v2/users/{}", text(&agent, "userId")), &token).await.0, 200);
    }
    house.close().await;
}
