//! `platform.api = "auto"` over a restart: what was found out is remembered while the platform is away, and held against
//! it as soon as it is back.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use onduty_client::proto::AgentState;
use onduty_sim::WebhookFormat;
use serde_json::{Value, json};

use crate::stage::{Control, PATIENCE, Ports, Sidecar, http, simulator, until};
use crate::truth::{Api, differences};

const AGENTS: usize = 60;

/// Everything that is held, however old.
const ANY_AGE: Duration = Duration::from_secs(100 * 365 * 24 * 3_600);

impl Api {
    /// The switch that makes the simulator speak it.
    fn offered(self) -> Value {
        json!({ "agent_states_api": matches!(self, Self::AgentStates) })
    }
}

async fn sync(ports: Ports) -> Value {
    let url = format!("http://127.0.0.1:{}/v1/sync", ports.api);
    http().get(url).send().await.unwrap().json().await.unwrap()
}

async fn until_known(sidecar: &Sidecar, api: Api, origin: &str) -> Value {
    let wanted = (json!(api.name()), json!(format!("PLATFORM_API_ORIGIN_{origin}")));
    let known = until(PATIENCE, async || {
        let status = sync(sidecar.ports).await;
        let said = (status["platformApi"].clone(), status["platformApiOrigin"].clone());
        if said == wanted { Ok(status["platformApiFoundAt"].clone()) } else { Err(format!("{said:?}")) }
    });
    known.await.unwrap_or_else(|last| panic!("{last}, not {wanted:?}\n{}", sidecar.log_tail()))
}

/// What the doctor says of the configuration.
fn configuration_line(ports: Ports, folder: &Path) -> String {
    let mut doctor = Command::new(env!("CARGO_BIN_EXE_onduty"));
    doctor.args(["doctor", "-o", "json"]).env_clear().current_dir(folder);
    let ran = doctor.env("ONDUTY_ADDRESS", format!("127.0.0.1:{}", ports.api)).output().unwrap();
    let said: Value = serde_json::from_slice(&ran.stdout).unwrap();
    let checks = said["checks"].as_array().unwrap();
    let line = checks.iter().find(|check| check["name"] == "configuration").unwrap();
    line["found"].as_str().unwrap().to_owned()
}

/// The agents of whom one API says nothing that the other could not take back: a log-out that the agent-states API told of
/// stays held, for the users API knows no log-ins.
fn told_by_both(truth: Value, before: Api, after: Api) -> Value {
    match (before, after) {
        (Api::AgentStates, Api::Users) => {
            let agents = truth.as_array().unwrap().iter();
            agents.filter(|agent| agent["loggedIn"] == true).cloned().collect()
        }
        (Api::AgentStates, Api::AgentStates) | (Api::Users, _) => truth,
    }
}

async fn outlives_a_kill_and_follows_the_platform(before: Api, after: Api) {
    let ports = Ports::free();
    let sim = simulator(AGENTS, 0.0, WebhookFormat::Flat, ports).await;
    let control = Control::of(sim.url());
    control.put("faults", before.offered()).await;
    let mut sidecar = Sidecar::new(ports, &sim.url(), "auto", &[("SYNC__SWEEP_INTERVAL", "2s")]);
    sidecar.start();
    let client = sidecar.ready().await;
    let found_at = until_known(&sidecar, before, "FOUND_OUT").await;
    let listed = client.list(Default::default()).await.unwrap().agent_states.len();
    sidecar.kill();

    control.put("faults", json!({ "region_down": "503" })).await;
    sidecar.start();
    let client = sidecar.ready().await.with_max_staleness(ANY_AGE);
    assert_eq!(until_known(&sidecar, before, "REMEMBERED").await, found_at);
    assert_eq!(client.list(Default::default()).await.unwrap().agent_states.len(), listed);
    let said = configuration_line(ports, &sidecar.data_dir());
    assert!(said.contains("(remembered: found out "), "{said}");

    control.put("faults", after.offered()).await;
    control.put("faults", json!({ "region_down": "off" })).await;
    until_known(&sidecar, after, "FOUND_OUT").await;
    let truth = told_by_both(control.get("agents").await, before, after);
    let settled = until(PATIENCE, async || {
        let listing = client.list(Default::default()).await.map_err(|error| error.to_string())?;
        let told = |state: &&AgentState| {
            truth.as_array().unwrap().iter().any(|agent| agent["userId"] == state.user_id)
        };
        let found = differences(&truth, listing.agent_states.iter().filter(told), after);
        if found.is_empty() { Ok(()) } else { Err(found.join("\n")) }
    });
    settled.await.unwrap_or_else(|last| panic!("{last}\n{}", sidecar.log_tail()));
    sidecar.kill();

    // What took the place of the memory is the memory.
    control.put("faults", json!({ "region_down": "503" })).await;
    sidecar.start();
    sidecar.ready().await;
    until_known(&sidecar, after, "REMEMBERED").await;
    sim.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_users_api_is_remembered_over_a_kill_and_the_other_followed_once_the_platform_is_back() {
    outlives_a_kill_and_follows_the_platform(Api::Users, Api::AgentStates).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_agent_states_api_is_remembered_over_a_kill_and_the_other_followed_once_the_platform_is_back() {
    outlives_a_kill_and_follows_the_platform(Api::AgentStates, Api::Users).await;
}
