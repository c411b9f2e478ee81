//! The shell around the pure parts: the listener, the tasks, and time.

mod connections;
mod keeper;
mod mover;
mod sockets;
mod tls;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::Notify;
use tokio::time::{Instant, timeout_at};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::cloud::stamp::Stamp;
use crate::delivery::Courier;
use crate::faults::{FaultError, WebhookFormat};
use crate::scenario::script::{Script, ScriptError};
use crate::sender::{AuthError, Credentials, WebhookAuth};
use crate::world::World;
use mover::Mover;
pub use tls::TlsError;

/// Most agents of one simulator.
const AGENTS_MAX: usize = 200_000;
/// Most moves a second.
const RATE_MAX: f64 = 20_000.0;
/// How long a pause waits for events on their way.
const PAUSE_DEADLINE: Duration = Duration::from_secs(30);
/// How long open requests are waited for at the end.
const SHUTDOWN_DEADLINE: Duration = Duration::from_secs(10);

/// How a simulator is to be.
#[derive(Clone, Debug)]
pub struct SimOptions {
    /// Where to listen; port 0 takes any free one.
    pub listen: SocketAddr,
    /// How many agents.
    pub agents: usize,
    /// Moves a second.
    pub rate: f64,
    /// The seed of everything.
    pub seed: u64,
    /// Where events go.
    pub webhook: Option<WebhookTarget>,
    /// Scripted moves.
    pub script: Option<Script>,
    /// Speak TLS only, and write the certificate that clients are to trust into this folder.
    pub tls: Option<PathBuf>,
}

impl Default for SimOptions {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 7480)),
            agents: 60,
            rate: 2.0,
            seed: 1,
            webhook: None,
            script: None,
            tls: None,
        }
    }
}

/// A receiver of webhooks.
#[derive(Clone, Debug)]
pub struct WebhookTarget {
    /// Its address, `http` or `https`.
    pub url: String,
    /// How the sender proves who it is; the control plane changes it.
    pub auth: WebhookAuth,
    /// The envelope at the start; a switch changes it.
    pub format: WebhookFormat,
}

/// Why a simulator could not start.
#[derive(Debug, thiserror::Error)]
pub enum SimError {
    /// The address is taken or not ours.
    #[error("could not listen on {listen}; choose another address with --listen")]
    Listen {
        /// The address.
        listen: SocketAddr,
        /// Why not.
        source: std::io::Error,
    },
    /// The options make no sense.
    #[error("{0}")]
    Options(String),
    /// The webhook's address is none.
    #[error("the webhook address `{url}` is no http or https address")]
    WebhookUrl {
        /// The address.
        url: String,
    },
    /// The webhook's credentials are none.
    #[error("could not use the webhook's credentials")]
    WebhookAuth(#[from] AuthError),
    /// The HTTP client could not be made.
    #[error("could not set up the webhook client")]
    WebhookClient(#[source] reqwest::Error),
    /// The scenario can't be played.
    #[error("could not use the scenario")]
    Script(#[from] ScriptError),
    /// No TLS.
    #[error("could not set up TLS")]
    Tls(#[from] TlsError),
}

/// What all tasks share: the world behind its lock, and two bells.
pub(crate) struct Shared {
    world: Mutex<World>,
    /// Rung when there are events to carry away.
    pub(crate) mail: Notify,
    /// Rung when a delivery has come to an end.
    pub(crate) settled: Notify,
}

impl Shared {
    /// Works on the world. Nothing waits while the lock is held.
    pub(crate) fn with<R>(&self, work: impl FnOnce(&mut World) -> R) -> R {
        let mut world = self.world.lock().unwrap_or_else(PoisonError::into_inner);
        let result = work(&mut world);
        let has_mail = world.has_mail();
        drop(world);
        if has_mail {
            self.mail.notify_one();
        }
        result
    }

    /// Stops the moving, and waits until every event made so far has been delivered, lost or given up. Gives how
    /// many are still under way when the patience is over.
    pub(crate) async fn pause(&self) -> u64 {
        let deadline = Instant::now() + PAUSE_DEADLINE;
        self.with(|world| {
            world.moving = false;
            world.settle(None, now());
        });
        loop {
            let settled = self.settled.notified();
            tokio::pin!(settled);
            settled.as_mut().enable();
            let outstanding = self.with(|world| world.stats.outstanding());
            if outstanding == 0 || timeout_at(deadline, settled).await.is_err() {
                return outstanding;
            }
        }
    }
}

/// A running simulator. Dropping it stops it without waiting; [`Simulator::shutdown`] waits.
pub struct Simulator {
    addr: SocketAddr,
    ca_file: Option<PathBuf>,
    shared: Arc<Shared>,
    tasks: TaskTracker,
    stop: CancellationToken,
}

impl Simulator {
    /// Founds the world and starts to serve it.
    pub async fn start(options: SimOptions) -> Result<Self, SimError> {
        let SimOptions { listen, agents, rate, seed, webhook, script, tls } = options;
        if agents > AGENTS_MAX || !(0.0..=RATE_MAX).contains(&rate) {
            let text = format!("at most {AGENTS_MAX} agents, and from 0 to {RATE_MAX} events a second");
            return Err(SimError::Options(text));
        }
        let mut world = World::new(seed, agents, webhook.is_some(), now());
        let moves = script.as_ref().map(|script| script.resolve(&world.here.cloud)).transpose()?;
        let rate = if script.is_some_and(|script| !script.random) { 0.0 } else { rate };
        if let Some(webhook) = &webhook {
            world.faults.webhook_format = webhook.format;
            world.credentials = Arc::new(Credentials::of(&webhook.auth)?);
        }
        let tls = match tls {
            Some(folder) => Some(tls::prepare(&folder).await?),
            None => None,
        };
        let (acceptor, ca_file) = tls.map(|tls| (tls.acceptor, tls.ca_file)).unzip();
        let shared =
            Arc::new(Shared { world: Mutex::new(world), mail: Notify::new(), settled: Notify::new() });
        let listener =
            TcpListener::bind(listen).await.map_err(|source| SimError::Listen { listen, source })?;
        let addr = listener.local_addr().map_err(|source| SimError::Listen { listen, source })?;
        let (tasks, stop) = (TaskTracker::new(), CancellationToken::new());
        if let Some(webhook) = webhook {
            let courier =
                Courier::new(Arc::clone(&shared), webhook.address()?).map_err(SimError::WebhookClient)?;
            tasks.spawn(courier.run(stop.clone()));
        }
        let mover = Mover::new(Arc::clone(&shared), rate, moves.unwrap_or_default());
        tasks.spawn(mover.run(stop.clone()));
        tasks.spawn(keeper::keep(Arc::clone(&shared), stop.clone()));
        tasks.spawn(connections::serve(listener, acceptor, Arc::clone(&shared), tasks.clone(), stop.clone()));
        Ok(Self { addr, ca_file, shared, tasks, stop })
    }

    /// The address it listens on.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Its base URL: log-in host, API host and control plane are one origin.
    pub fn url(&self) -> String {
        let scheme = if self.ca_file.is_some() { "https" } else { "http" };
        format!("{scheme}://{}", self.addr)
    }

    /// The file with the certificate of the authority to trust, where it speaks TLS.
    pub fn ca_file(&self) -> Option<&Path> {
        self.ca_file.as_deref()
    }

    /// Sets switches by name, as `PUT /sim/faults` does: all of those given, or none.
    pub fn set_faults(&self, given: &serde_json::Map<String, serde_json::Value>) -> Result<(), FaultError> {
        self.shared.with(|world| {
            let next = world.faults.merged(given)?;
            world.switch(next);
            Ok(())
        })
    }

    /// Stops every task and waits for them. Says whether they all ended in time.
    pub async fn shutdown(self) -> bool {
        self.stop.cancel();
        self.tasks.close();
        tokio::time::timeout(SHUTDOWN_DEADLINE, self.tasks.wait()).await.is_ok()
    }
}

impl Drop for Simulator {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

impl WebhookTarget {
    fn address(&self) -> Result<reqwest::Url, SimError> {
        let url = reqwest::Url::parse(&self.url).ok().filter(|url| matches!(url.scheme(), "http" | "https"));
        url.ok_or_else(|| SimError::WebhookUrl { url: self.url.clone() })
    }
}

/// The platform's clock.
#[expect(clippy::disallowed_methods, reason = "the one place where time enters the simulator")]
pub(crate) fn now() -> Stamp {
    Stamp::from_millis(jiff::Timestamp::now().as_millisecond())
}
