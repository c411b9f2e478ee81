//! What the scenes need: a simulator, a sidecar process that can be killed and started again on the same ports and
//! data, and waiting for a condition with a deadline.

use std::fs::File;
use std::future::Future;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use onduty_client::Client;
use onduty_sim::{SimOptions, Simulator, WebhookAuth, WebhookFormat, WebhookTarget};
use serde_json::Value;
use tempfile::TempDir;
use tokio::time::Instant;

use crate::ports;

/// What the simulator signs with.
pub(crate) const SECRET: &str = "whsec_b25kdXR5IGVuZCB0byBlbmQgdGVzdCBzZWNyZXQ=";

/// How long a condition may take to come true. Generous: it bounds a failure, not a success.
pub(crate) const PATIENCE: Duration = Duration::from_secs(90);

/// The sidecar's three ports.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ports {
    pub(crate) api: u16,
    pub(crate) ingress: u16,
    pub(crate) admin: u16,
}

impl Ports {
    /// Three that are free now. They are given back before the sidecar takes them, so that it can come back to the
    /// same ones after a kill.
    pub(crate) fn free() -> Self {
        let [api, ingress, admin] = ports::free().map(|held| held.local_addr().unwrap().port());
        Self { api, ingress, admin }
    }

    /// Where webhooks go.
    pub(crate) fn webhook_url(self) -> String {
        format!("http://127.0.0.1:{}/webhooks/genesys", self.ingress)
    }
}

/// A simulator that pushes to these ports.
pub(crate) async fn simulator(agents: usize, rate: f64, format: WebhookFormat, ports: Ports) -> Simulator {
    let webhook =
        WebhookTarget { url: ports.webhook_url(), auth: WebhookAuth::Signed(SECRET.into()), format };
    let listen = SocketAddr::from(([127, 0, 0, 1], 0));
    let options =
        SimOptions { listen, agents, rate, seed: 7, webhook: Some(webhook), ..SimOptions::default() };
    Simulator::start(options).await.unwrap()
}

/// The simulator's control plane.
#[derive(Clone, Debug)]
pub(crate) struct Control {
    base: String,
    http: reqwest::Client,
}

impl Control {
    pub(crate) fn of(base: String) -> Self {
        Self { base, http: http() }
    }

    /// Over TLS, with trust in this authority alone.
    pub(crate) fn trusting(base: String, authority: &[u8]) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let authority = reqwest::Certificate::from_pem(authority).unwrap();
        let http = reqwest::Client::builder().tls_certs_only([authority]).no_proxy().build().unwrap();
        Self { base, http }
    }

    pub(crate) async fn get(&self, path: &str) -> Value {
        let url = format!("{}/sim/{path}", self.base);
        self.http.get(url).send().await.unwrap().error_for_status().unwrap().json().await.unwrap()
    }

    pub(crate) async fn put(&self, path: &str, body: Value) {
        let url = format!("{}/sim/{path}", self.base);
        self.http.put(url).json(&body).send().await.unwrap().error_for_status().unwrap();
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Value {
        let url = format!("{}/sim/{path}", self.base);
        let answer = self.http.post(url).json(&body).timeout(Duration::from_secs(60));
        answer.send().await.unwrap().error_for_status().unwrap().json().await.unwrap()
    }
}

/// An HTTP client for plain HTTP; TLS is compiled in, so it wants a provider all the same.
pub(crate) fn http() -> reqwest::Client {
    // Another test of this process may have installed it already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(20)).build().unwrap()
}

/// Resident memory of a process.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Memory {
    pub(crate) now_kib: u64,
    pub(crate) peak_kib: u64,
}

/// A sidecar process, killed when dropped.
pub(crate) struct Sidecar {
    pub(crate) ports: Ports,
    settings: Vec<(&'static str, String)>,
    environment: Vec<(&'static str, String)>,
    home: TempDir,
    process: Option<Child>,
}

impl Sidecar {
    /// A sidecar that is not running yet. `settings` are environment variables without their prefix.
    pub(crate) fn new(
        ports: Ports,
        platform_url: &str,
        api: &str,
        settings: &[(&'static str, &str)],
    ) -> Self {
        let mut all = vec![
            ("PLATFORM__API_URL", platform_url.to_owned()),
            ("PLATFORM__LOGIN_URL", platform_url.to_owned()),
            ("PLATFORM__API", api.to_owned()),
            ("PLATFORM__CLIENT_ID", "sim-full".to_owned()),
            ("PLATFORM__CLIENT_SECRET", "sim-secret".to_owned()),
            ("API__LISTEN", format!("127.0.0.1:{}", ports.api)),
            ("INGRESS__LISTEN", format!("127.0.0.1:{}", ports.ingress)),
            ("ADMIN__LISTEN", format!("127.0.0.1:{}", ports.admin)),
            ("INGRESS__SECRETS", format!("[\"{SECRET}\"]")),
            ("LOG__FORMAT", "text".to_owned()),
            // Whoever tests the channels switches them on: beside them nothing of webhooks alone would be shown.
            ("SYNC__CHANNEL", "false".to_owned()),
        ];
        all.extend(settings.iter().map(|(key, value)| (*key, (*value).to_owned())));
        Self { ports, settings: all, environment: Vec::new(), home: TempDir::new().unwrap(), process: None }
    }

    /// Puts a variable that is not onduty's own into its environment.
    pub(crate) fn set(&mut self, variable: &'static str, value: &str) {
        self.environment.push((variable, value.to_owned()));
    }

    /// Starts it.
    pub(crate) fn start(&mut self) {
        let log = File::options().create(true).append(true).open(self.log_path()).unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_onduty"));
        command
            .arg("serve")
            .arg("--data-dir")
            .arg(self.data_dir())
            .env_clear()
            .envs(self.environment.iter().cloned());
        for (key, value) in &self.settings {
            command.env(format!("ONDUTY_{key}"), value);
        }
        command.stdin(Stdio::null()).stdout(log.try_clone().unwrap()).stderr(log);
        self.process = Some(command.spawn().unwrap());
    }

    /// Kills it without a word of warning.
    pub(crate) fn kill(&mut self) {
        if let Some(mut process) = self.process.take() {
            process.kill().unwrap();
            process.wait().unwrap();
        }
    }

    /// Whether the process has ended by itself.
    pub(crate) fn has_ended(&mut self) -> bool {
        self.process.as_mut().is_none_or(|process| process.try_wait().unwrap().is_some())
    }

    /// What it holds of the machine's memory, in KiB.
    pub(crate) fn memory(&self) -> Memory {
        let pid = self.process.as_ref().unwrap().id();
        let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
        let kib = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap();
            line.trim_end_matches("kB").trim().parse().unwrap()
        };
        Memory { now_kib: kib("VmRSS:"), peak_kib: kib("VmHWM:") }
    }

    /// Everything it logged.
    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(self.log_path()).unwrap_or_default()
    }

    /// Where its data is.
    pub(crate) fn data_dir(&self) -> PathBuf {
        self.home.path().join("data")
    }

    fn log_path(&self) -> PathBuf {
        self.home.path().join("log")
    }

    /// The end of what it logged, for failures.
    pub(crate) fn log_tail(&self) -> String {
        let log = self.log();
        let lines: Vec<&str> = log.lines().collect();
        lines[lines.len().saturating_sub(40)..].join("\n")
    }

    /// The value of one series of its metrics; 0 when it has none yet.
    pub(crate) async fn metric(&self, series: &str) -> u64 {
        let url = format!("http://127.0.0.1:{}/metrics", self.ports.admin);
        let text = http().get(url).send().await.unwrap().text().await.unwrap();
        let value = text.lines().find_map(|line| line.strip_prefix(series));
        value.map_or(0, |value| value.trim().parse().unwrap())
    }

    /// A client of it, once it answers.
    pub(crate) async fn client(&mut self) -> Client {
        let address = format!("127.0.0.1:{}", self.ports.api);
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Ok(client) = Client::connect(&address).await {
                return client;
            }
            assert!(!self.has_ended(), "the sidecar ended:\n{}", self.log_tail());
            assert!(Instant::now() < deadline, "the sidecar does not answer:\n{}", self.log_tail());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// A client of it, once it is ready.
    pub(crate) async fn ready(&mut self) -> Client {
        let client = self.client().await;
        let ready = until(PATIENCE, async || match client.is_serving().await {
            Ok(true) => Ok(()),
            other => Err(format!("{other:?}")),
        });
        if let Err(last) = ready.await {
            panic!("not ready: {last}\n{}", self.log_tail());
        }
        client
    }
}

impl Drop for Sidecar {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Asks again and again until the answer is good; gives the last bad one at the deadline.
pub(crate) async fn until<T, F>(patience: Duration, mut ask: impl FnMut() -> F) -> Result<T, String>
where
    F: Future<Output = Result<T, String>>,
{
    let deadline = Instant::now() + patience;
    loop {
        match ask().await {
            Ok(good) => return Ok(good),
            Err(bad) if Instant::now() >= deadline => return Err(bad),
            Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
        }
    }
}
