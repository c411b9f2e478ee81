//! The SDKs against a platform that speaks TLS only, as the real one does: REST over https, the socket over wss.

use onduty_sim::{SimOptions, Simulator};
use tempfile::TempDir;

use super::simulator::{CHANGES, judge_hearing};
use super::{AGENTS, CLIENT, SECRET, judge_reading};
use crate::stage::Control;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn both_official_sdks_read_everybody_and_hear_a_change_over_tls() {
    let folder = TempDir::new().unwrap();
    let options = SimOptions {
        listen: ([127, 0, 0, 1], 0).into(),
        agents: AGENTS,
        rate: 0.0,
        tls: Some(folder.path().to_owned()),
        ..SimOptions::default()
    };
    let simulator = Simulator::start(options).await.unwrap();
    let authority = simulator.ca_file().unwrap();
    let control = Control::trusting(simulator.url(), &std::fs::read(authority).unwrap());
    let url = simulator.url();
    assert!(url.starts_with("https://"), "{url}");
    for (sdk, definition, system) in CHANGES {
        let truth = control.get("agents").await;
        let seen = sdk.run_trusting(Some(authority), "read_agents", &[&url, CLIENT, SECRET]).await;
        judge_reading(sdk, &seen, &truth);

        let user = truth[3]["userId"].as_str().unwrap();
        let arguments = [&url, CLIENT, SECRET, user, definition];
        let seen = sdk.run_trusting(Some(authority), "change_and_hear", &arguments).await;
        judge_hearing(sdk, &seen, user, definition, system);
    }
    simulator.shutdown().await;
}
