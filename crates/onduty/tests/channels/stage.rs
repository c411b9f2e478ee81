//! A simulated platform that pushes by channels alone, and the whole sidecar beside it: one process, real sockets, the
//! sidecar's own wiring. Only its clock is ours, so that what it waits for can be waited for in a moment.

use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use onduty::app;
use onduty::clock::Clock;
use onduty::config::{Config, Layers, env_name};
use onduty_client::Client;
use onduty_client::proto::{AgentState, SourceStatus};
use onduty_core::time::Timestamp;
use onduty_sim::{SimOptions, Simulator};
use reqwest::Method;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout};
use tokio_util::sync::CancellationToken;

use crate::figures::Figures;
use crate::ports;
use crate::truth::{Api, differences};
use crate::wire::Wire;

/// How long a condition may take to come true. Generous: it bounds a failure, not a success.
const PATIENCE: Duration = Duration::from_secs(60);
/// A topic counts as live this long after the platform took it; and a sign of life vouches for what is older than
/// events may be late.
const LIVE_AFTER: Duration = Duration::from_secs(1);
pub(crate) const VOUCHED_AFTER: Duration = Duration::from_secs(7);

/// What is played.
pub(crate) struct Cast {
    pub(crate) agents: usize,
    /// Moves a second, from [`Stage::play`] on.
    pub(crate) rate: f64,
    /// Switches that are set before the sidecar starts.
    pub(crate) faults: Value,
    /// Settings of the sidecar, over those that all tests have.
    pub(crate) settings: &'static [(&'static str, &'static str)],
    /// By how much the sidecar's clock is behind the platform's at first. Where as much is made to pass, both agree.
    pub(crate) behind: Duration,
}

impl Default for Cast {
    fn default() -> Self {
        Self { agents: 60, rate: 0.0, faults: json!({}), settings: &[], behind: Duration::ZERO }
    }
}

/// The platform and the sidecar.
pub(crate) struct Stage {
    pub(crate) client: Client,
    pub(crate) wire: Wire,
    simulator: Simulator,
    admin: String,
    http: reqwest::Client,
    ahead_ms: Arc<AtomicI64>,
    stop: CancellationToken,
    running: JoinSet<ExitCode>,
    _store: TempDir,
}

impl Stage {
    /// Nobody moves, until somebody is moved or [`Stage::play`] is called.
    pub(crate) async fn open(cast: Cast) -> Self {
        let listen = SocketAddr::from(([127, 0, 0, 1], 0));
        let options = SimOptions { listen, agents: cast.agents, rate: cast.rate, ..SimOptions::default() };
        let simulator = Simulator::start(options).await.unwrap();
        let http = reqwest_client();
        // Some of these organisations are large; the allowance is not what is tried here.
        for (method, what, body) in [
            (Method::POST, "pause", json!({})),
            (Method::PUT, "faults", json!({"rate": 6000})),
            (Method::PUT, "faults", cast.faults),
        ] {
            order(&http, &simulator.url(), method, what, &body).await;
        }
        let ports = ports::free();
        let [api, admin] = ports.each_ref().map(|port| port.local_addr().unwrap().to_string());
        let store = TempDir::new().unwrap();
        let wire = Wire::to(simulator.addr()).await;
        let url = wire.url();
        let mut settings = vec![
            ("platform.api_url", url.as_str()),
            ("platform.login_url", url.as_str()),
            ("platform.api", "users"),
            ("platform.client_id", "sim-full"),
            ("platform.client_secret", "sim-secret"),
            ("api.listen", api.as_str()),
            ("admin.listen", admin.as_str()),
            ("sync.webhook", "false"),
            ("sync.sweep_interval", "1h"),
            // A machine that is busy with other tests is not to be taken for a silent socket.
            ("sync.channel_ping", "3s"),
            ("store.dir", store.path().to_str().unwrap()),
            ("log.level", "error"),
        ];
        settings.extend(cast.settings);
        let config = Config::load(&Layers {
            flags: Vec::new(),
            environment: settings.into_iter().map(|(key, value)| (env_name(key), value.to_owned())).collect(),
            file: None,
            state_dir: None,
            read_file: |path| std::fs::read_to_string(path),
        });
        let ahead_ms = Arc::new(AtomicI64::new(-i64::try_from(cast.behind.as_millis()).unwrap()));
        let (stop, mut running) = (CancellationToken::new(), JoinSet::new());
        let clock = ahead_of(Clock::system(), Arc::clone(&ahead_ms));
        drop(ports);
        running.spawn(app::run_by(clock, config.unwrap(), stop.clone()));
        let client = eventually("the sidecar answers", async || Client::connect(&api).await.ok()).await;
        Self { client, wire, simulator, admin, http, ahead_ms, stop, running, _store: store }
    }

    /// Stops both in order.
    pub(crate) async fn close(mut self) {
        self.stop.cancel();
        let ended = timeout(PATIENCE, self.running.join_next()).await.expect("it stops in time");
        let _code: ExitCode = ended.expect("one task").expect("no panic");
        self.simulator.shutdown().await;
    }

    /// Lets time pass for the sidecar, and for nobody else.
    pub(crate) fn pass(&self, time: Duration) {
        self.ahead_ms.fetch_add(i64::try_from(time.as_millis()).unwrap(), Ordering::Relaxed);
    }

    /// Sets the sidecar's clock back.
    pub(crate) fn set_back(&self, by: Duration) {
        self.ahead_ms.fetch_sub(i64::try_from(by.as_millis()).unwrap(), Ordering::Relaxed);
    }

    /// The sidecar's clock.
    pub(crate) fn now(&self) -> Timestamp {
        Timestamp::from_millis(Clock::system().now().as_millis() + self.ahead_ms.load(Ordering::Relaxed))
    }

    /// Waits until every agent is covered by a channel, and was read since: from then on nothing goes unheard.
    pub(crate) async fn settled(&self) {
        eventually("every agent is covered", async || {
            let covered = self.figures().await.covered("yes");
            (covered > 0 && covered == self.list().await.len() as u64).then_some(())
        })
        .await;
        let live = self.now().after(LIVE_AFTER);
        self.pass(VOUCHED_AFTER);
        eventually("every agent is vouched for", async || {
            let confirmed = self.list().await.iter().map(confirmed_at).min();
            confirmed.filter(|confirmed| *confirmed >= live)
        })
        .await;
        // What a gap hid is counted a moment after it can be seen, and before channels vouch for all of it.
        eventually("every reading is counted", async || {
            let vouched_until = self.channel().await.last_mark_at.as_ref().map(instant);
            vouched_until.filter(|until| *until >= live)
        })
        .await;
    }

    /// Everybody, as the sidecar has it; nobody before it is complete.
    pub(crate) async fn list(&self) -> Vec<AgentState> {
        self.client.list(Default::default()).await.map(|listing| listing.agent_states).unwrap_or_default()
    }

    /// Where channels stand.
    pub(crate) async fn channel(&self) -> SourceStatus {
        let status = self.client.sync_status().await.unwrap();
        status.sources.into_iter().find(|source| source.source == "channel").unwrap()
    }

    /// What was counted until now.
    pub(crate) async fn figures(&self) -> Figures {
        let metrics = self.http.get(format!("http://{}/metrics", self.admin)).send().await.unwrap();
        let metrics = metrics.text().await.unwrap();
        Figures::read(self.control(Method::GET, "stats", json!({})).await, &metrics)
    }

    /// An order to the simulator's control plane.
    pub(crate) async fn control(&self, method: Method, what: &str, body: Value) -> Value {
        order(&self.http, &self.simulator.url(), method, what, &body).await
    }

    pub(crate) async fn switch(&self, faults: Value) {
        self.control(Method::PUT, "faults", faults).await;
    }

    /// Breaks something; gives the channels hit.
    pub(crate) async fn disconnect(&self, what: Value) -> Value {
        self.control(Method::POST, "disconnect", what).await
    }

    /// Takes the topic of somebody from their channel, as another writer of the same client would.
    pub(crate) async fn lose_topic(&self, user_id: &str) {
        let (path, bearer) = self.wire.last_put();
        let others = self.list().await.into_iter().filter(|agent| agent.user_id != user_id);
        let topics: Vec<Value> =
            others.map(|agent| json!({"id": format!("v2.users.{}.activity", agent.user_id)})).collect();
        let url = format!("{}{path}", self.simulator.url());
        let put = self.http.put(url).header("authorization", bearer).json(&topics).send().await.unwrap();
        assert!(put.status().is_success(), "{}", put.status());
    }

    /// Lets everybody move.
    pub(crate) async fn play(&self) {
        self.control(Method::POST, "resume", json!({})).await;
    }

    /// Lets nobody move, and what is on its way arrive.
    pub(crate) async fn pause(&self) {
        let paused = self.control(Method::POST, "pause", json!({})).await;
        assert_eq!(paused["outstanding"], 0, "{paused}");
    }

    /// Everybody, as the platform has it.
    pub(crate) async fn truth(&self) -> Value {
        self.control(Method::GET, "agents", json!({})).await
    }

    /// Puts whoever never was on a queue on one: until then a routing status has no clock, and two statements without one
    /// that come close together are told apart by a reading only.
    pub(crate) async fn everybody_has_clocks(&self) {
        let truth = self.truth().await;
        let never = |agent: &&Value| agent["routingStatus"]["startTime"].is_null();
        for agent in truth.as_array().unwrap().iter().filter(never) {
            let path = format!("agents/{}/state", agent["userId"].as_str().unwrap());
            self.control(Method::POST, &path, json!({"presence": "On Queue"})).await;
        }
    }

    /// Makes somebody busy or available, whatever they are not.
    pub(crate) async fn turn(&self, agent: &Value) {
        let id = agent["userId"].as_str().unwrap();
        let now = self.control(Method::GET, &format!("agents/{id}"), json!({})).await;
        let is_busy =
            now["presence"]["systemPresence"].as_str().is_some_and(|name| name.eq_ignore_ascii_case("BUSY"));
        let next = if is_busy { "Available" } else { "Busy" };
        self.control(Method::POST, &format!("agents/{id}/state"), json!({"presence": next})).await;
    }

    /// Whether these states are what the platform has.
    async fn is_true_of(&self, states: impl IntoIterator<Item = &AgentState>) -> Result<(), String> {
        let differences = differences(&self.truth().await, states, Api::Users);
        match differences.as_slice() {
            [] => Ok(()),
            [first, ..] => Err(format!("{} differences, such as {first}", differences.len())),
        }
    }

    /// Waits until the list is the platform's.
    pub(crate) async fn comes_to_show_the_truth(&self) {
        self.shows_the_truth_by(async || self.list().await).await;
    }

    /// Waits until what is shown is what the platform has.
    pub(crate) async fn shows_the_truth_by(&self, shown: impl AsyncFn() -> Vec<AgentState>) {
        let deadline = Instant::now() + PATIENCE;
        while let Err(last) = self.is_true_of(&shown().await).await {
            assert!(Instant::now() < deadline, "{last}");
            sleep(Duration::from_millis(50)).await;
        }
    }
}

/// When there was last evidence of a state.
pub(crate) fn confirmed_at(state: &AgentState) -> Timestamp {
    instant(&state.confirmed_at.unwrap_or_default())
}

fn instant(at: &prost_types::Timestamp) -> Timestamp {
    Timestamp::from_millis(at.seconds * 1_000 + i64::from(at.nanos) / 1_000_000)
}

/// The doctor's line about channels: its reason and what was found.
pub(crate) async fn diagnosis(stage: &Stage) -> (String, String) {
    let checks = stage.client.diagnose(None).await.unwrap().checks;
    let check = checks.into_iter().find(|check| check.name == "channel").unwrap();
    (check.reason, check.found)
}

/// Asks again and again until there is an answer.
pub(crate) async fn eventually<T>(what: &str, mut ask: impl AsyncFnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(answer) = ask().await {
            return answer;
        }
        assert!(Instant::now() < deadline, "not in time: {what}");
        sleep(Duration::from_millis(50)).await;
    }
}

fn reqwest_client() -> reqwest::Client {
    // Another test of this process may have installed it already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder().tls_certs_only([]).no_proxy().timeout(PATIENCE).build().unwrap()
}

async fn order(http: &reqwest::Client, url: &str, method: Method, what: &str, body: &Value) -> Value {
    let answer = http.request(method, format!("{url}/sim/{what}")).json(body).send().await.unwrap();
    let status = answer.status();
    let text = answer.text().await.unwrap();
    assert!(status.is_success(), "{what} {body}: {status} {text}");
    serde_json::from_str(&text).unwrap_or_default()
}

fn ahead_of(clock: Clock, ahead_ms: Arc<AtomicI64>) -> Clock {
    Clock::from_fn(move || Timestamp::from_millis(clock.now().as_millis() + ahead_ms.load(Ordering::Relaxed)))
}
