//! A simulator, the sources, and a keeper with a store of its own.

use std::collections::BTreeMap;
use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use axum::Router;
use onduty::ask::{self, Asker};
use onduty::clock::Clock;
use onduty::config::{BaseUrl, IngressConfig, Interval, Listen, PlatformApi, PlatformConfig, Region, Secret};
use onduty::inlet::{self, Inlet};
use onduty::journal::{Journal, Options};
use onduty::keeper::Keeper;
use onduty::lifecycle::{Lifecycle, Spawner, Stage};
use onduty::listener::{Listener, ListenerLimits};
use onduty::meters::Meters;
use onduty::platform::Platform;
use onduty::publish::{self, View};
use onduty::sources::lookup::Lookup;
use onduty::sources::sweep::{Nudge, Sweep};
use onduty::sources::webhook::{self, Ingress};
use onduty::status::StatusBoard;
use onduty_core::answer::{Asked, Report};
use onduty_core::cursor::Epoch;
use onduty_core::roster::Roster;
use onduty_core::time::Timestamp;
use onduty_sim::{SimOptions, Simulator, WebhookTarget};
use serde_json::Value;
use tempfile::TempDir;

use crate::front::{self, Said};

/// How long a condition may take to come true.
const PATIENCE: Duration = Duration::from_secs(30);

pub(crate) const WEBHOOK_SECRET: &str = "whsec_c2VjcmV0LW9uZQ==";

/// Everything but the api.
pub(crate) struct House {
    pub(crate) sim: Sim,
    pub(crate) platform: Arc<Platform>,
    pub(crate) asker: Asker,
    pub(crate) inlet: Inlet,
    pub(crate) view: View,
    pub(crate) status: StatusBoard,
    pub(crate) meters: Meters,
    pub(crate) clock: Clock,
    ahead_ms: Arc<AtomicI64>,
    sources: Spawner,
    _lifecycle: Lifecycle,
    _store: TempDir,
}

/// The simulated platform and its control plane.
#[derive(Clone)]
pub(crate) struct Sim {
    _running: Arc<Simulator>,
    url: String,
    http: reqwest::Client,
}

/// Who signs in, and to which API.
#[derive(Clone, Copy)]
pub(crate) struct As(pub(crate) PlatformApi, pub(crate) &'static str);

impl Sim {
    pub(crate) async fn start(agents: usize, rate: f64, webhook: Option<WebhookTarget>) -> Self {
        Self::of(SimOptions { agents, rate, webhook, ..SimOptions::default() }).await
    }

    /// A quiet organisation of its own.
    pub(crate) async fn seeded(agents: usize, seed: u64) -> Self {
        Self::of(SimOptions { agents, rate: 0.0, seed, ..SimOptions::default() }).await
    }

    async fn of(options: SimOptions) -> Self {
        let listen = SocketAddr::from(([127, 0, 0, 1], 0));
        let options = SimOptions { listen, ..options };
        let running = Simulator::start(options).await.unwrap();
        let _ = rustls::crypto::ring::default_provider().install_default();
        let http = reqwest::Client::builder().tls_certs_only([]).no_proxy().build().unwrap();
        Self { url: running.url(), _running: Arc::new(running), http }
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    pub(crate) async fn get(&self, path: &str) -> Value {
        let answer = self.http.get(format!("{}{path}", self.url)).send().await.unwrap();
        serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap()
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Value {
        let answer = self.http.post(format!("{}{path}", self.url)).json(&body).send().await.unwrap();
        let status = answer.status();
        assert!(status.is_success() || status == 409, "{path} {body}: {status}");
        serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap_or_default()
    }

    /// Somebody leaves for good.
    pub(crate) async fn dismiss(&self, id: &str) {
        let answer = self.http.delete(format!("{}/sim/agents/{id}", self.url)).send().await.unwrap();
        assert!(answer.status().is_success(), "{id}");
    }

    pub(crate) async fn faults(&self, switches: Value) {
        let answer = self.http.put(format!("{}/sim/faults", self.url)).json(&switches).send().await.unwrap();
        assert!(answer.status().is_success(), "{switches}");
    }

    /// Requests so far, by route and status.
    pub(crate) async fn requests(&self) -> BTreeMap<(String, u64), u64> {
        let stats = self.get("/sim/stats").await;
        let mut requests = BTreeMap::new();
        for line in stats["requests"].as_array().unwrap() {
            let key = (line["route"].as_str().unwrap().to_owned(), line["status"].as_u64().unwrap());
            *requests.entry(key).or_default() += line["count"].as_u64().unwrap();
        }
        requests
    }

    /// Requests so far to routes that end so.
    pub(crate) async fn requests_to(&self, route: &str) -> u64 {
        self.requests().await.iter().filter(|((to, _), _)| to.ends_with(route)).map(|(_, count)| count).sum()
    }
}

impl House {
    pub(crate) async fn of(who: As, agents: usize) -> Self {
        Self::with(who, Sim::start(agents, 0.0, None).await)
    }

    pub(crate) fn with(who: As, sim: Sim) -> Self {
        Self::in_regions(who, sim, Vec::new())
    }

    pub(crate) fn in_regions(As(api, client): As, sim: Sim, regions: Vec<Region>) -> Self {
        let url = sim.url.clone();
        Self::built(Some(api), client, sim, &url, regions)
    }

    /// One that reaches the platform through a server in front of it; without an API it has to find out which there is.
    pub(crate) async fn behind(
        api: Option<PlatformApi>,
        sim: Sim,
        alter: impl Fn(&str, Said) -> Said + Send + Sync + 'static,
    ) -> Self {
        let (listener, address) = bind("front").await;
        let front = front::router(&sim, alter);
        let house = Self::built(api, "sim-full", sim, &format!("http://{address}"), Vec::new());
        house.serve(listener, front);
        house
    }

    /// Answers there for as long as the house stands.
    pub(crate) fn serve(&self, listener: Listener, router: Router) {
        let stop = self.sources.token();
        self.sources.spawn("front", async move {
            listener.serve(router, stop).await;
            Ok(())
        });
    }

    /// One that has to find out which API there is.
    pub(crate) fn without_api(sim: Sim) -> Self {
        let url = sim.url.clone();
        Self::built(None, "sim-full", sim, &url, Vec::new())
    }

    fn built(api: Option<PlatformApi>, client: &str, sim: Sim, url: &str, regions: Vec<Region>) -> Self {
        let ahead_ms = Arc::new(AtomicI64::new(0));
        let clock = {
            let (system, ahead_ms) = (Clock::system(), Arc::clone(&ahead_ms));
            Clock::from_fn(move || {
                Timestamp::from_millis(system.now().as_millis() + ahead_ms.load(Ordering::Relaxed))
            })
        };
        let (status, meters) = (StatusBoard::default(), Meters::new().0);
        let store = TempDir::new().unwrap();
        let options = Options {
            history_entries: 100_000,
            history_retention: Duration::from_secs(3_600),
            pages_max: None,
        };
        let (journal, stored) = Journal::open(store.path(), options, Epoch(1)).unwrap();
        let roster = Roster::restore(stored);
        let (publisher, view) = publish::channel(roster.snapshot());
        let (inlet, deliveries) = inlet::channel(64);
        let url = BaseUrl::parse(url).unwrap();
        let config = PlatformConfig {
            region: None,
            api_url: url.clone(),
            login_url: url,
            regions,
            api,
            client_id: client.to_owned(),
            client_secret: Secret::new("sim-secret"),
        };
        let platform =
            Platform::new(&config, view.clone(), clock.clone(), status.clone(), meters.clone()).unwrap();
        let platform = Arc::new(platform);
        let (asker, inquiries) = ask::channel(10_000);
        let lifecycle = Lifecycle::new(Duration::from_secs(5));
        let sources = lifecycle.spawner(Stage::Sources);
        let lookup = Lookup {
            view: view.clone(),
            platform: Arc::clone(&platform),
            inlet: inlet.clone(),
            status: status.clone(),
            meters: meters.clone(),
            clock: clock.clone(),
            inquiries,
            deadline: Duration::from_secs(15),
            unknown_id_memory: Duration::from_secs(10),
        };
        sources.spawn("lookup", lookup.run(sources.token()));
        let keeper = Keeper::new(roster, journal, publisher, meters.clone(), clock.clone());
        let keep = move || keeper.run(deliveries).map_err(Into::into);
        sources.of(Stage::Keeper).spawn_thread("keeper", keep).unwrap();
        Self {
            sim,
            platform,
            asker,
            inlet,
            view,
            status,
            meters,
            clock,
            ahead_ms,
            sources,
            _lifecycle: lifecycle,
            _store: store,
        }
    }

    /// Moves the sidecar's clock, and nobody else's.
    pub(crate) fn pass(&self, time: Duration) {
        self.ahead_ms.fetch_add(i64::try_from(time.as_millis()).unwrap(), Ordering::Relaxed);
    }

    /// Sets the sidecar's clock back, and nobody else's.
    pub(crate) fn set_back(&self, time: Duration) {
        self.ahead_ms.fetch_sub(i64::try_from(time.as_millis()).unwrap(), Ordering::Relaxed);
    }

    pub(crate) fn sweep(&self, interval: Duration) -> Nudge {
        let nudge = Nudge::default();
        let sweep = Sweep {
            platform: Arc::clone(&self.platform),
            view: self.view.clone(),
            inlet: self.inlet.clone(),
            status: self.status.clone(),
            meters: self.meters.clone(),
            clock: self.clock.clone(),
            interval: Interval::Fixed(interval),
            channels_max: 0,
            locale: "en_US".into(),
            nudge: nudge.clone(),
        };
        self.sources.spawn("sweep", sweep.run(self.sources.token()));
        nudge
    }

    /// Sweeps until there have been so many complete listings.
    pub(crate) async fn swept(&self, sweeps: u64) {
        until("the listing is complete", async || self.status.read().drift.sweeps >= sweeps).await;
    }

    pub(crate) async fn ingress(&self, config: IngressConfig) -> SocketAddr {
        let (listener, address) = bind_ingress().await;
        self.ingress_on(listener, config);
        address
    }

    pub(crate) fn ingress_on(&self, listener: Listener, config: IngressConfig) {
        let router = webhook::router(Ingress {
            spoken: self.platform.spoken(),
            config,
            inlet: self.inlet.clone(),
            status: self.status.clone(),
            meters: self.meters.clone(),
            clock: self.clock.clone(),
        });
        let stop = self.sources.token();
        self.sources.spawn("ingress", async move {
            listener.serve(router, stop).await;
            Ok(())
        });
    }

    pub(crate) async fn ask(&self, ids: &[String]) -> Vec<Report> {
        self.asker.ask(ids.iter().map(|id| Asked::AgentId(id.as_str().into())).collect()).await
    }
}

/// A place for an ingress, before there is anything behind it: a simulator wants to know where to push at its start.
pub(crate) async fn bind_ingress() -> (Listener, SocketAddr) {
    bind("ingress").await
}

/// A free port.
pub(crate) async fn bind(name: &'static str) -> (Listener, SocketAddr) {
    let limits = ListenerLimits {
        connections: 64,
        body_bytes: 1_048_576,
        streams_per_connection: 16,
        header_timeout: Duration::from_secs(5),
        stop_timeout: Duration::from_secs(1),
    };
    let at = Listen::Tcp(SocketAddr::from(([127, 0, 0, 1], 0)));
    let listener = Listener::bind(name, &at, limits).await.unwrap();
    let address = listener.address().tcp().unwrap();
    (listener, address)
}

pub(crate) fn ingress_config() -> IngressConfig {
    IngressConfig {
        listen: SocketAddr::from(([127, 0, 0, 1], 0)),
        secrets: vec![Secret::new(WEBHOOK_SECRET)],
        bearer: Some(Secret::new("letmein")),
        basic: None,
        api_key: None,
        api_key_header: "x-onduty-key".parse().unwrap(),
        insecure: false,
        tolerance: Duration::from_secs(300),
        max_body_bytes: 1_048_576,
        body_timeout: Duration::from_millis(500),
    }
}

/// Waits for a condition; how it stood last is for the caller's message.
pub(crate) async fn until(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    within(what, async {
        while !holds().await {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    })
    .await;
}

pub(crate) async fn within<T>(what: &str, future: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, future).await.unwrap_or_else(|_| unreachable!("not in time: {what}"))
}
