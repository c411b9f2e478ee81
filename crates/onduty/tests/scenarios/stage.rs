//! A simulated platform and the whole sidecar beside it: one process, real sockets, the sidecar's own wiring. Only its
//! clock is ours, so that what it relies on for a while can be outlived without waiting.

use std::net::TcpListener;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use onduty::app;
use onduty::clock::Clock;
use onduty::config::{Config, Layers, PlatformApi, env_name};
use onduty_client::Client;
use onduty_client::proto::SourceState;
use onduty_core::time::Timestamp;
use tempfile::TempDir;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout};
use tokio_util::sync::CancellationToken;

use crate::platform::{PUSH_SECRET, Simulated};
use crate::ports;

/// How long a condition may take to come true. Generous: it bounds a failure, not a success.
const PATIENCE: Duration = Duration::from_secs(60);

/// Two ports that are free now.
pub(crate) struct Ports {
    api: TcpListener,
    ingress: TcpListener,
}

impl Ports {
    pub(crate) fn free() -> Self {
        let [api, ingress] = ports::free();
        Self { api, ingress }
    }

    pub(crate) fn ingress(&self) -> u16 {
        self.ingress.local_addr().unwrap().port()
    }
}

/// The sidecar, asked over gRPC.
pub(crate) struct Sidecar {
    /// Asks for what is so now: no state held is fresh enough.
    pub(crate) client: Client,
    /// Where its api listens.
    pub(crate) address: String,
    pub(crate) http: reqwest::Client,
    /// Speaks HTTP/2 from the first byte on, as gRPC does.
    pub(crate) h2: reqwest::Client,
    ahead_ms: Arc<AtomicI64>,
    stop: CancellationToken,
    running: JoinSet<ExitCode>,
    _store: TempDir,
}

impl Sidecar {
    /// A sidecar of this client, once its first full listing is complete, or has failed.
    pub(crate) async fn start(api: PlatformApi, client: &str, platform: &Simulated, ports: Ports) -> Self {
        let store = TempDir::new().unwrap();
        let address = ports.api.local_addr().unwrap().to_string();
        let settings = [
            ("platform.api_url", platform.url()),
            ("platform.login_url", platform.url()),
            ("platform.regions", platform.other_regions()),
            ("platform.api", spelled(api).to_owned()),
            ("platform.client_id", client.to_owned()),
            ("platform.client_secret", "sim-secret".to_owned()),
            ("api.listen", address.clone()),
            ("ingress.listen", ports.ingress.local_addr().unwrap().to_string()),
            ("ingress.secrets", PUSH_SECRET.to_owned()),
            ("admin.listen", "127.0.0.1:0".to_owned()),
            ("sync.sweep_interval", "1h".to_owned()),
            // What is not told by the one push of a scenario is to be found out by asking.
            ("sync.channel", "false".to_owned()),
            ("store.dir", store.path().display().to_string()),
            ("log.level", "error".to_owned()),
        ];
        let config = Config::load(&Layers {
            flags: Vec::new(),
            environment: settings.into_iter().map(|(key, value)| (env_name(key), value)).collect(),
            file: None,
            state_dir: None,
            read_file: |path| std::fs::read_to_string(path),
        });
        let ahead_ms = Arc::new(AtomicI64::new(0));
        let clock = ahead_of(Clock::system(), Arc::clone(&ahead_ms));
        drop(ports);
        let (stop, mut running) = (CancellationToken::new(), JoinSet::new());
        running.spawn(app::run_by(clock, config.unwrap(), stop.clone()));
        let client = connected(&address).await.with_max_staleness(Duration::ZERO);
        let http = || reqwest::Client::builder().tls_certs_only([]).no_proxy();
        let h2 = http().http2_prior_knowledge().build().unwrap();
        let http = http().build().unwrap();
        let sidecar = Self { client, address, http, h2, ahead_ms, stop, running, _store: store };
        sidecar.settled().await;
        sidecar
    }

    /// Lets time pass for the sidecar, and for nobody else.
    pub(crate) fn pass(&self, time: Duration) {
        self.ahead_ms.fetch_add(i64::try_from(time.as_millis()).unwrap(), Ordering::Relaxed);
    }

    /// Whether a full listing is complete.
    pub(crate) async fn is_synced(&self) -> bool {
        self.client.is_serving().await.unwrap()
    }

    /// Stops it in order.
    pub(crate) async fn stop(mut self) {
        self.stop.cancel();
        let ended = timeout(PATIENCE, self.running.join_next()).await.expect("it stops in time");
        let _code: ExitCode = ended.expect("one task").expect("no panic");
    }

    async fn settled(&self) {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let status = self.client.sync_status().await.unwrap();
            let sweep = status.sources.iter().find(|source| source.source == "sweep");
            // It says what is in its way before it gives up.
            if sweep.is_some_and(|sweep| sweep.state() != SourceState::Starting || !sweep.detail.is_empty()) {
                return;
            }
            assert!(Instant::now() < deadline, "the first listing neither ends nor fails: {status:?}");
            sleep(Duration::from_millis(10)).await;
        }
    }
}

fn spelled(api: PlatformApi) -> &'static str {
    match api {
        PlatformApi::Users => "users",
        PlatformApi::AgentStates => "agent-states",
    }
}

fn ahead_of(clock: Clock, ahead_ms: Arc<AtomicI64>) -> Clock {
    Clock::from_fn(move || Timestamp::from_millis(clock.now().as_millis() + ahead_ms.load(Ordering::Relaxed)))
}

async fn connected(address: &str) -> Client {
    let trying = async {
        loop {
            match Client::connect(address).await {
                Ok(client) => return client,
                Err(_) => sleep(Duration::from_millis(10)).await,
            }
        }
    };
    timeout(PATIENCE, trying).await.expect("the sidecar answers")
}
