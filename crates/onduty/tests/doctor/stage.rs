//! A simulated platform, a folder, and the binary: run for its output, or left running as a sidecar.

use std::future::Future;
use std::net::SocketAddr;
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use onduty_sim::{SimOptions, Simulator};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::time::Instant;

use crate::ports;

/// How long a condition may take to come true. Generous: it bounds a failure, not a success.
const PATIENCE: Duration = Duration::from_secs(90);

/// A platform and a place to run commands.
pub(crate) struct Stage {
    simulator: Simulator,
    http: reqwest::Client,
    pub(crate) folder: TempDir,
    /// Where the sidecar listens, once there is one: api, ingress, admin.
    ports: [u16; 3],
}

/// Who signs in, and to which API.
#[derive(Clone, Copy, Debug)]
pub(crate) struct As<'a>(pub(crate) &'a str, pub(crate) &'a str);

/// What the binary did.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) about: String,
}

/// A sidecar process, killed when dropped.
pub(crate) struct Sidecar(Child);

impl Drop for Sidecar {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Stage {
    pub(crate) async fn open() -> Self {
        let listen = SocketAddr::from(([127, 0, 0, 1], 0));
        let options = SimOptions { listen, agents: 60, rate: 0.0, ..SimOptions::default() };
        let simulator = Simulator::start(options).await.unwrap();
        // Another test of this process may have installed it already.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let http = reqwest::Client::builder().tls_certs_only([]).no_proxy().build().unwrap();
        let ports = ports::free().map(|held| held.local_addr().unwrap().port());
        Self { simulator, http, folder: TempDir::new().unwrap(), ports }
    }

    pub(crate) fn url(&self) -> String {
        self.simulator.url()
    }

    pub(crate) fn address(&self) -> String {
        format!("127.0.0.1:{}", self.ports[0])
    }

    /// The binary with a configuration for this platform.
    pub(crate) fn onduty(&self, As(client, api): As<'_>, arguments: &[&str]) -> Command {
        let port = |at: usize| format!("127.0.0.1:{}", self.ports[at]);
        let url = self.url();
        let mut command = Command::new(env!("CARGO_BIN_EXE_onduty"));
        command.args(arguments).env_clear().stdin(Stdio::null()).current_dir(self.folder.path());
        for (key, value) in [
            ("ADDRESS", self.address()),
            ("PLATFORM__API_URL", url.clone()),
            ("PLATFORM__LOGIN_URL", url.clone()),
            ("PLATFORM__REGIONS", format!("usw2.pure.cloud={url}/region/usw2.pure.cloud")),
            ("PLATFORM__API", api.to_owned()),
            ("PLATFORM__CLIENT_ID", client.to_owned()),
            ("PLATFORM__CLIENT_SECRET", "sim-secret".to_owned()),
            ("INGRESS__BEARER", "letmein".to_owned()),
            ("SYNC__CHANNEL", "false".to_owned()),
            ("API__LISTEN", port(0)),
            ("INGRESS__LISTEN", port(1)),
            ("ADMIN__LISTEN", port(2)),
            ("STORE__DIR", format!("{client}-{api}")),
        ] {
            command.env(format!("ONDUTY_{key}"), value);
        }
        command
    }

    /// `onduty doctor` with these arguments.
    pub(crate) fn doctor(&self, who: As<'_>, arguments: &[&str]) -> Ran {
        ran(self.onduty(who, &[&["doctor"], arguments].concat()))
    }

    /// What it says as JSON.
    pub(crate) fn diagnosis(&self, who: As<'_>, arguments: &[&str]) -> Value {
        let ran = self.doctor(who, &[&["-o", "json"], arguments].concat());
        serde_json::from_str(&ran.out).unwrap_or_else(|error| panic!("{error}: {ran:?}"))
    }

    /// A sidecar that runs until it is dropped, as soon as it is ready or `holds` of what the doctor says.
    pub(crate) async fn sidecar(&self, who: As<'_>, holds: impl Fn(&Value) -> Result<(), String>) -> Sidecar {
        let log = std::fs::File::create(self.folder.path().join("log")).unwrap();
        let mut command = self.onduty(who, &["serve"]);
        let process = command.stdout(log.try_clone().unwrap()).stderr(log).spawn().unwrap();
        let sidecar = Sidecar(process);
        until(async || {
            let ran = self.doctor(who, &["-o", "json"]);
            if !ran.about.starts_with("asked the sidecar") {
                return Err(ran.about);
            }
            holds(&serde_json::from_str(&ran.out).unwrap())
        })
        .await;
        sidecar
    }

    pub(crate) async fn get(&self, path: &str) -> Value {
        let answer = self.http.get(format!("{}/sim/{path}", self.url())).send().await.unwrap();
        serde_json::from_slice(&answer.error_for_status().unwrap().bytes().await.unwrap()).unwrap()
    }

    pub(crate) async fn faults(&self, switches: Value) {
        let request = self.http.put(format!("{}/sim/faults", self.url())).json(&switches);
        request.send().await.unwrap().error_for_status().unwrap();
    }

    /// Makes a client of all rights but for these members.
    pub(crate) async fn client(&self, id: &str, members: Value) {
        let mut client = json!({
            "clientId": id, "scopes": ["agent:read", "agent:state:read"], "roles": ["Master Admin"],
            "divisions": ["*"],
        });
        client.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
        let request = self.http.post(format!("{}/sim/clients", self.url())).json(&client);
        request.send().await.unwrap().error_for_status().unwrap();
    }

    /// Requests that clients have sent to routes that end so.
    pub(crate) async fn requests_to(&self, route: &str) -> u64 {
        let stats = self.get("stats").await;
        let lines = stats["requests"].as_array().unwrap().iter();
        lines
            .filter(|line| line["route"].as_str().unwrap().ends_with(route))
            .map(|line| line["count"].as_u64().unwrap())
            .sum()
    }
}

pub(crate) fn ran(mut command: Command) -> Ran {
    let Output { status, stdout, stderr } = command.output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Ran { code: status.code().unwrap(), out: text(stdout), about: text(stderr) }
}

/// The lines of one status, each with its reason.
pub(crate) fn lines_of(diagnosis: &Value, status: &str) -> Vec<(String, String)> {
    let checks = diagnosis["checks"].as_array().unwrap().iter();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    checks
        .filter(|check| check["status"] == format!("CHECK_STATUS_{status}"))
        .map(|check| (text(&check["name"]), text(&check["reason"])))
        .collect()
}

/// What was found on one line.
pub(crate) fn found<'a>(diagnosis: &'a Value, name: &str) -> &'a str {
    let mut checks = diagnosis["checks"].as_array().unwrap().iter();
    checks.find(|check| check["name"] == name).and_then(|check| check["found"].as_str()).unwrap()
}

/// Asks again and again until it holds.
pub(crate) async fn until<F: Future<Output = Result<(), String>>>(mut ask: impl FnMut() -> F) {
    let deadline = Instant::now() + PATIENCE;
    while let Err(last) = ask().await {
        assert!(Instant::now() < deadline, "it did not come true: {last}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}
