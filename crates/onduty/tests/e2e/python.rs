//! A client in another language, which knows nothing of onduty but what reflection tells it, sees what there is.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use onduty_sim::WebhookFormat;
use serde_json::{Value, json};

use crate::stage::{Control, Ports, Sidecar, simulator};
use crate::truth::Api;

const AGENTS: usize = 40;
const RATE: f64 = 20.0;
const STRANGER: &str = "00000000-0000-4000-8000-00000000dead";

/// What `reflection_client.py` saw at this address.
async fn seen_by_python(address: String) -> Value {
    let python = std::env::var_os("ONDUTY_TEST_PYTHON")
        .expect("this test needs Python with grpcio: run it as `cargo xtask test`, which provides it");
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/python/reflection_client.py");
    let run = move || Command::new(python).arg(script).args([&address, STRANGER]).output();
    let output = tokio::task::spawn_blocking(run).await.unwrap().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// The strings at `member` of each element, or the elements themselves.
fn set<'a>(array: &'a Value, member: &str) -> BTreeSet<&'a str> {
    array.as_array().unwrap().iter().map(|item| item.get(member).unwrap_or(item).as_str().unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn grpcio_with_reflection_only_lists_gets_batches_and_watches() {
    let ports = Ports::free();
    let sim = simulator(AGENTS, RATE, WebhookFormat::Notification, ports).await;
    let mut sidecar = Sidecar::new(ports, &sim.url(), Api::Users.name(), &[]);
    sidecar.start();
    sidecar.ready().await;
    let seen = seen_by_python(format!("127.0.0.1:{}", ports.api)).await;
    let truth = Control::of(sim.url()).get("agents").await;
    let everyone = set(&truth, "userId");

    let services = set(&seen["services"], "");
    for service in ["onduty.v1.AgentStateService", "onduty.v1.DiagnosisService", "grpc.health.v1.Health"] {
        assert!(services.contains(service), "{services:?}");
    }
    assert_eq!(seen["health"]["status"], "SERVING");
    assert!(!seen["sync"]["sources"].as_array().unwrap().is_empty(), "{}", seen["sync"]);

    assert_eq!(set(&seen["listed"]["states"], "user_id"), everyone);
    assert_eq!(seen["listed"]["pages"], AGENTS.div_ceil(7), "pages of 7");
    assert_eq!(seen["listed"]["account"]["directory_total"], AGENTS.to_string());

    let first = &seen["listed"]["states"][0];
    assert_eq!(seen["got"]["agent_id"], first["agent_id"]);
    assert_eq!(seen["got"]["name"], first["name"]);
    let batch = seen["batch"].as_array().unwrap();
    assert_eq!(batch[0]["agent_state"]["agent_id"], first["agent_id"]);
    assert_eq!(batch[1]["finding"]["reason"], "AGENT_UNKNOWN");
    assert_eq!(batch[2], batch[0], "asked twice, answered twice");
    assert_eq!(seen["miss"]["code"], "NOT_FOUND", "{}", seen["miss"]);
    assert_eq!(seen["miss"]["details_name_the_reason"], true);

    assert_eq!(set(&seen["watched"]["snapshot"], ""), everyone);
    assert_eq!(seen["watched"]["kinds"].as_array().unwrap().last(), Some(&json!("changes")));
    let resumed = set(&seen["resumed"]["kinds"], "");
    assert!(
        resumed.contains("changes") && !resumed.contains("snapshot") && !resumed.contains("reset"),
        "{resumed:?}"
    );
    sim.shutdown().await;
}
