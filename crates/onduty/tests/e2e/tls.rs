//! A platform that speaks TLS only: REST over https, the notification socket over wss, and what is said where its
//! authority is not trusted.

use std::net::SocketAddr;
use std::process::Command;

use onduty_client::Replica;
use onduty_sim::{SimOptions, Simulator};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::pushes::{everything, see};
use crate::stage::{Control, PATIENCE, Ports, Sidecar, until};

const AGENTS: usize = 60;

/// Agents whose changes come over a socket.
const COVERED: &str = "onduty_channel_agents{covered=\"yes\"}";

/// A simulator that speaks TLS only, and its address by name.
async fn simulator(folder: &TempDir) -> (Simulator, String) {
    let options = SimOptions {
        listen: SocketAddr::from(([127, 0, 0, 1], 0)),
        agents: AGENTS,
        rate: 0.0,
        tls: Some(folder.path().to_owned()),
        ..SimOptions::default()
    };
    let simulator = Simulator::start(options).await.unwrap();
    let url = format!("https://localhost:{}", simulator.addr().port());
    (simulator, url)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn over_tls_a_change_reaches_a_watcher_by_the_notification_socket() {
    let folder = TempDir::new().unwrap();
    let (sim, url) = simulator(&folder).await;
    let ca_file = sim.ca_file().unwrap();
    let control = Control::trusting(url.clone(), &std::fs::read(ca_file).unwrap());
    let settings = [("SYNC__CHANNEL", "true"), ("SYNC__WEBHOOK", "false"), ("SYNC__SWEEP_INTERVAL", "1h")];
    let mut sidecar = Sidecar::new(Ports::free(), &url, "users", &settings);
    sidecar.set("SSL_CERT_FILE", ca_file.to_str().unwrap());
    sidecar.start();
    let client = sidecar.ready().await;

    let agents = control.get("agents").await;
    let agents = agents.as_array().unwrap();
    let user = agents.iter().find(|agent| agent["loggedIn"] == true).unwrap()["userId"].as_str().unwrap();
    let covered = until(PATIENCE, async || match sidecar.metric(COVERED).await {
        covered if covered >= agents.len() as u64 => Ok(()),
        covered => Err(format!("{covered} of {} are covered", agents.len())),
    });
    covered.await.unwrap_or_else(|last| panic!("{last}\n{}", sidecar.log_tail()));
    let (mut watch, mut replica) = (everything(&client), Replica::default());
    for presence in ["Meal", "Busy", "Meal"] {
        control.post(&format!("agents/{user}/state"), json!({ "presence": presence })).await;
        see(&mut watch, &mut replica, user, presence).await;
    }
    sim.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_doctor_names_a_certificate_that_nobody_here_trusts() {
    let (folder, stranger) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    let (sim, url) = simulator(&folder).await;
    let (other, _) = simulator(&stranger).await;
    let mut doctor = Command::new(env!("CARGO_BIN_EXE_onduty"));
    doctor.args(["doctor", "-o", "json"]).env_clear().current_dir(folder.path());
    let nobody = format!("127.0.0.1:{}", Ports::free().api);
    for (key, value) in [
        ("SSL_CERT_FILE", other.ca_file().unwrap().to_str().unwrap()),
        ("ONDUTY_ADDRESS", &nobody),
        ("ONDUTY_PLATFORM__API_URL", &url),
        ("ONDUTY_PLATFORM__LOGIN_URL", &url),
        ("ONDUTY_PLATFORM__CLIENT_ID", "sim-full"),
        ("ONDUTY_PLATFORM__CLIENT_SECRET", "sim-secret"),
        ("ONDUTY_SYNC__WEBHOOK", "false"),
        ("ONDUTY_STORE__DIR", "store"),
    ] {
        doctor.env(key, value);
    }
    let ran = tokio::task::spawn_blocking(move || doctor.output().unwrap()).await.unwrap();
    let said = String::from_utf8(ran.stdout).unwrap();
    let diagnosis: Value = serde_json::from_str(&said).unwrap_or_else(|error| panic!("{error}: {said}"));
    let checks = diagnosis["checks"].as_array().unwrap();
    let objects = |check: &&Value| {
        check["found"]
            .as_str()
            .is_some_and(|found| found.contains("issued by nobody whom this machine trusts"))
    };
    // The log-in host and the API host.
    assert_eq!(checks.iter().filter(objects).count(), 2, "{diagnosis:#}");
    sim.shutdown().await;
    other.shutdown().await;
}
