//! What look-ups cost the platform.

use std::collections::BTreeSet;

use futures_util::future::join_all;
use onduty_sim::WebhookFormat;
use serde_json::{Value, json};

use crate::stage::{Control, Ports, Sidecar, simulator};
use crate::truth::Api;

const STRANGERS: usize = 300;
const CALLS: usize = 1_000;

/// Requests that the platform has counted on its API.
fn requests(stats: &Value) -> u64 {
    let routes = stats["requests"].as_array().unwrap().iter();
    let api = routes.filter(|counted| counted["route"].as_str().unwrap().starts_with("/api/v2/"));
    api.map(|counted| counted["count"].as_u64().unwrap()).sum()
}

async fn cost_of_a_storm(api: Api, ids: impl Fn(&Value) -> Vec<String>, batch_max: usize, all_found: bool) {
    let ports = Ports::free();
    let sim = simulator(60, 0.0, WebhookFormat::Flat, ports).await;
    let control = Control::of(sim.url());
    let settings = [("SYNC__SWEEP_INTERVAL", "1h"), ("SYNC__WEBHOOK", "false")];
    let mut sidecar = Sidecar::new(ports, &sim.url(), api.name(), &settings);
    sidecar.start();
    let client = sidecar.ready().await;
    let before_hiring: BTreeSet<String> = control
        .get("agents")
        .await
        .as_array()
        .unwrap()
        .iter()
        .map(|agent| agent["userId"].to_string())
        .collect();
    control.post("agents", json!({ "count": STRANGERS })).await;
    let agents = control.get("agents").await;
    let hired: Value = agents
        .as_array()
        .unwrap()
        .iter()
        .filter(|a| !before_hiring.contains(&a["userId"].to_string()))
        .cloned()
        .collect();
    for agent in hired.as_array().unwrap() {
        let path = format!("agents/{}/state", agent["userId"].as_str().unwrap());
        control.post(&path, json!({ "loggedIn": true, "presence": "Available" })).await;
    }
    let ids = ids(&hired);
    assert_eq!(ids.len(), STRANGERS);

    let before = requests(&control.get("stats").await);
    let answers = join_all((0..CALLS).map(|call| client.get(&ids[call % ids.len()]))).await;
    let spent = requests(&control.get("stats").await) - before;
    for answer in answers {
        match answer {
            Ok(state) => assert!(all_found && state.presence.is_some(), "{state:?}"),
            Err(error) => {
                assert!(!all_found, "{error}: {:?}\n{}", error.finding(), sidecar.log_tail());
                assert_eq!(error.reason(), Some("AGENT_UNKNOWN"));
            }
        }
    }
    assert_eq!(spent as usize, STRANGERS.div_ceil(batch_max), "requests for {STRANGERS} ids");
    sim.shutdown().await;
}

fn members(agents: &Value, member: &str) -> Vec<String> {
    agents.as_array().unwrap().iter().map(|agent| agent[member].as_str().unwrap().to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_calls_for_300_unseen_users_cost_three_requests() {
    cost_of_a_storm(Api::Users, |agents| members(agents, "userId"), 100, true).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_calls_for_300_unseen_agents_cost_six_requests() {
    cost_of_a_storm(Api::AgentStates, |agents| members(agents, "agentId"), 50, true).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_calls_for_300_users_who_do_not_exist_cost_three_requests() {
    let nobody = |_: &Value| (0..STRANGERS).map(|n| format!("00000000-0000-4000-8000-{n:012}")).collect();
    cost_of_a_storm(Api::Users, nobody, 100, false).await;
}
