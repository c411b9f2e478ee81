//! The SDKs against the sidecar: the same scripts, another address, and no request to the platform.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::Instant;

use super::simulator::refused;
use super::{CLIENT, SECRET, Sdk, judge_reading, no_departures, still_simulator};
use crate::stage::{Control, PATIENCE, Ports, Sidecar, http};
use crate::truth::Api;

/// With a local client, so that a wrong token is refused; the sweep is not due while the test runs.
const SETTINGS: [(&str, &str); 4] = [
    ("API__CLIENTS", "desk=desk-secret"),
    ("SYNC__SWEEP_INTERVAL", "1h"),
    ("SYNC__WEBHOOK", "false"),
    ("SYNC__CHANNEL", "false"),
];

/// One that has read everybody, and its address.
pub(super) async fn sidecar_of(simulator: &str) -> (Sidecar, String) {
    sidecar_with(simulator, &[]).await
}

/// The same with other settings.
async fn sidecar_with(simulator: &str, settings: &[(&'static str, &str)]) -> (Sidecar, String) {
    let ports = Ports::free();
    let settings = [&SETTINGS, settings].concat();
    let mut sidecar = Sidecar::new(ports, simulator, Api::Users.name(), &settings);
    sidecar.start();
    sidecar.ready().await;
    (sidecar, format!("http://127.0.0.1:{}", ports.api))
}

/// Requests to the platform so far, once there have been none for a second.
async fn requests_when_quiet(control: &Control) -> Value {
    let mut seen = (Value::Null, Instant::now());
    let deadline = Instant::now() + PATIENCE;
    loop {
        let stats = control.get("stats").await["requests"].clone();
        if stats != seen.0 {
            seen = (stats, Instant::now());
        } else if seen.1.elapsed() > Duration::from_secs(1) {
            return seen.0;
        }
        assert!(Instant::now() < deadline, "the sidecar goes on asking: {}", seen.0);
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn both_official_sdks_read_everybody_from_the_sidecar_at_no_request_to_the_platform() {
    let (simulator, control) = still_simulator().await;
    let truth = control.get("agents").await;
    let (_sidecar, address) = sidecar_of(&simulator.url()).await;
    for sdk in Sdk::BOTH {
        let before = requests_when_quiet(&control).await;
        let seen = sdk.run("read_agents", &[&address, CLIENT, SECRET]).await;
        assert_eq!(requests_when_quiet(&control).await, before, "{sdk:?}: requests to the platform");
        judge_reading(sdk, &seen, &truth);
    }
    simulator.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn both_official_sdks_raise_their_own_exception_where_the_sidecar_refuses() {
    let (simulator, _) = still_simulator().await;
    let (_sidecar, address) = sidecar_of(&simulator.url()).await;
    for sdk in Sdk::BOTH {
        let seen = sdk.run("refusals", &[&address, "desk", "desk-secret"]).await;
        for (case, status, code) in [
            ("wrong_secret", 401, "invalid_client"),
            ("wrong_token", 401, "bad.credentials"),
            ("unknown_user", 404, "general.resource.not.found"),
            ("presence_of_nobody", 404, "presenceservice.usernotfound"),
            ("routing_of_nobody", 404, "general.resource.not.found"),
            ("unknown_path", 404, "not.found"),
        ] {
            refused(sdk, &seen[case], status, code);
        }
        let finding = &seen["routing_of_nobody"]["body"]["finding"];
        assert_eq!(finding["reason"], "AGENT_UNKNOWN", "{sdk:?}: in place of the platform's lie: {finding}");
        // Eight answers; signing in is none of them.
        no_departures(sdk, &seen, 8);
    }
    simulator.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn both_official_sdks_raise_their_own_exception_where_the_sidecar_may_not_look() {
    let (simulator, control) = still_simulator().await;
    control.put("faults", json!({"users_division_filter": true})).await;
    let (_sidecar, address) =
        sidecar_with(&simulator.url(), &[("PLATFORM__CLIENT_ID", "sim-one-division")]).await;
    let truth = control.get("agents").await;
    let listed = http().get(format!("{address}/v1/agents/states?pageSize=1000")).send().await.unwrap();
    let listed: Value = listed.json().await.unwrap();
    let shown = &listed["agentStates"][0]["divisionId"];
    let hidden = truth.as_array().unwrap().iter().find(|agent| agent["divisionId"] != *shown);
    let user = hidden.unwrap()["userId"].as_str().unwrap();
    for sdk in Sdk::BOTH {
        let seen = sdk.run("refusal_of_one", &[&address, "desk", "desk-secret", user]).await;
        refused(sdk, &seen["user"], 403, "missing.any.division.permissions");
        assert_eq!(seen["user"]["body"]["finding"]["reason"], "DIVISION_NOT_VISIBLE", "{sdk:?}");
        no_departures(sdk, &seen, 1);
    }
    simulator.shutdown().await;
}
