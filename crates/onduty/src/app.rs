//! The wiring: every part is built from its own section of the configuration and handed exactly what it needs.
//!
//! The order is the way of the data. The store is opened first, because what it holds is served before anything is
//! asked of the platform; listeners are bound before anything is started, so that a taken port is an error at once
//! and not a half-started sidecar.

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use onduty_core::cursor::Epoch;
use onduty_core::roster::Roster;
use prometheus_client::registry::Registry;
use tokio_util::sync::CancellationToken;

use crate::answers::{Answers, Patience};
use crate::api::admin;
use crate::api::front::{self, Door};
use crate::ask::{self, Asker};
use crate::clock::Clock;
use crate::config::{
    AdminConfig, ApiConfig, Config, Entry, IngressConfig, LimitsConfig, Listen, StoreConfig, SyncConfig,
};
use crate::doctor::{self, Doctor};
use crate::error_chain::Chain;
use crate::history::History;
use crate::inlet::{self, Inlet};
use crate::journal::{self, Journal};
use crate::keeper::Keeper;
use crate::lifecycle::{Lifecycle, Signals, Spawner, Stage, TaskResult};
use crate::listener::{BindError, Listener, ListenerLimits};
use crate::logging;
use crate::meters::Meters;
use crate::platform::{Platform, Spoken};
use crate::publish::{self, View};
use crate::readiness::{Latch, Readiness};
use crate::sources::channel::{Channels, Rhythm};
use crate::sources::lookup::Lookup;
use crate::sources::sweep::{Nudge, Sweep};
use crate::sources::webhook::{self, Ingress};
use crate::status::StatusBoard;

/// Requests at once on one HTTP/2 connection of the ingress. Senders there are strangers until their signature is
/// checked, and send one after the other.
const INGRESS_STREAMS: u32 = 32;
/// Connections at the admin listener. Probes and one scraper need few.
const ADMIN_CONNECTIONS: usize = 64;
/// From the end of a look-up's request to the end of its commit, beyond which its callers are told that it failed.
const LOOKUP_DEADLINE: Duration = Duration::from_secs(30);

/// Why the sidecar could not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The store.
    #[error("could not open the store")]
    Journal(#[from] journal::error::JournalError),
    /// The store's reading end.
    #[error("could not open the history")]
    History(#[from] crate::history::HistoryError),
    /// A port or a socket.
    #[error("could not listen for {listener}")]
    Bind {
        /// Which listener.
        listener: &'static str,
        /// Why.
        source: BindError,
    },
    /// TLS.
    #[error("could not set up the platform's client")]
    Platform(#[from] crate::platform::genesys::error::ClientError),
    /// Server reflection.
    #[error(transparent)]
    Reflection(#[from] front::ReflectionError),
    /// The system refused a thread or a signal handler.
    #[error("the system refused a thread or a signal handler")]
    System(#[from] std::io::Error),
}

/// Runs the sidecar until a signal, `stop`, or a task that fails. The exit code tells a stop from a failure.
pub async fn run(config: Config, stop: CancellationToken) -> ExitCode {
    run_by(Clock::system(), config, stop).await
}

/// As [`run`], by a clock of the caller's making: what is relied on for minutes can be outlived without waiting.
pub async fn run_by(clock: Clock, config: Config, stop: CancellationToken) -> ExitCode {
    logging::begin(&config.log);
    let lifecycle = Lifecycle::new(config.limits.stop_timeout);
    let started =
        async { Ok::<_, StartError>((Signals::listen()?, start(clock, config, &lifecycle).await?)) };
    let signals = match started.await {
        Ok((signals, ())) => signals,
        Err(error) => {
            tracing::error!(error = %Chain(&error), "could not start");
            return ExitCode::FAILURE;
        }
    };
    let stopper = lifecycle.stopper();
    lifecycle.spawner(Stage::Servers).spawn("stop from inside", async move {
        tokio::select! {
            () = stop.cancelled() => stopper.stop(),
            () = stopper.stopping() => {}
        }
        Ok(())
    });
    ExitCode::from(lifecycle.run(signals).await.exit_code())
}

/// What tells the time, counts, and shows what is being done.
#[derive(Clone)]
struct Instruments {
    clock: Clock,
    meters: Meters,
    status: StatusBoard,
}

/// The listeners, bound.
struct Listeners {
    api: Listener,
    ingress: Option<Listener>,
    admin: Listener,
}

async fn start(clock: Clock, config: Config, lifecycle: &Lifecycle) -> Result<(), StartError> {
    let settings = doctor::Settings::from(&config);
    let Config { platform, api, ingress, admin, sync, store, log: _, limits, entries } = config;
    let (meters, registry) = Meters::new();
    let instruments = Instruments { clock, meters, status: StatusBoard::default() };
    let Instruments { clock, meters, status } = instruments.clone();

    let ApiConfig { listen: api, clients, locale } = api;
    let door = Door::new(clients, (platform.client_id.clone(), platform.client_secret.clone()));
    let AdminConfig { listen: admin } = admin;

    let (journal, roster, history) = open(store)?;
    let (publisher, view) = publish::channel(roster.snapshot());
    let ingress_at = sync.webhook.then_some(Listen::Tcp(ingress.listen));
    let ingress_at = ingress_at.as_ref().map(|at| (at, ingress.max_body_bytes));
    let listeners = Listeners::bind(&api, ingress_at, &Listen::Tcp(admin), &limits).await?;
    let platform = Platform::new(&platform, view.clone(), clock.clone(), status.clone(), meters.clone())?;
    let platform = Arc::new(platform);

    let (inlet, deliveries) = inlet::channel(limits.inlet_queue);
    let (asker, inquiries) = ask::channel(limits.lookup_queue);
    let keeper = Keeper::new(roster, journal, publisher, meters.clone(), clock.clone());
    let keep = move || keeper.run(deliveries).map_err(Into::into);
    lifecycle.spawner(Stage::Keeper).spawn_thread("keeper", keep)?;

    let sources = lifecycle.spawner(Stage::Sources);
    if let Some(listener) = listeners.ingress {
        start_webhook(&sources, listener, platform.spoken(), ingress, &instruments, inlet.clone());
    }
    let lookup = Lookup {
        platform: Arc::clone(&platform),
        view: view.clone(),
        inlet: inlet.clone(),
        status: status.clone(),
        meters: meters.clone(),
        clock: clock.clone(),
        inquiries,
        deadline: LOOKUP_DEADLINE,
        unknown_id_memory: sync.unknown_id_memory,
    };
    sources.spawn("look-up", lookup.run(sources.token()));
    if sync.channel {
        start_channels(&sources, &sync, Arc::clone(&platform), view.clone(), inlet.clone(), &instruments);
    }
    let looked_at = Arc::clone(&platform);
    let sweep = Sweep {
        platform,
        view: view.clone(),
        inlet,
        status,
        meters,
        clock,
        interval: sync.sweep_interval,
        channels_max: sync.channels(),
        locale: locale.into(),
        nudge: Nudge::default(),
    };
    sources.spawn("sweep", sweep.run(sources.token()));

    let readers = Readers {
        instruments,
        view,
        asker,
        history,
        platform: looked_at,
        door,
        settings,
        registry,
        sync,
        limits,
        entries,
    };
    serve(&lifecycle.spawner(Stage::Servers), listeners.api, listeners.admin, readers)
}

/// The store, and the roster that it held.
fn open(store: StoreConfig) -> Result<(Journal, Roster, History), StartError> {
    let StoreConfig { dir, history_entries, history_retention } = store;
    let options = journal::Options { history_entries, history_retention, pages_max: None };
    let (journal, stored) = Journal::open(&dir, options, Epoch(rand::random()))?;
    let roster = Roster::restore(stored);
    let (agents, revision) = (roster.snapshot().directory_total(), roster.snapshot().revision());
    tracing::info!(dir = %dir.display(), agents, %revision, "the store is open");
    Ok((journal, roster, History::open(&dir)?))
}

impl Listeners {
    async fn bind(
        api: &Listen,
        ingress: Option<(&Listen, usize)>,
        admin: &Listen,
        limits: &LimitsConfig,
    ) -> Result<Self, StartError> {
        let holding = |connections, body_bytes| ListenerLimits {
            connections,
            body_bytes,
            streams_per_connection: limits.streams_per_connection,
            header_timeout: limits.header_timeout,
            stop_timeout: limits.stop_timeout,
        };
        let api = bind("api", api, holding(limits.api_connections, limits.request_bytes)).await?;
        let ingress = match ingress {
            Some((at, longest)) => {
                let mut strangers = holding(limits.ingress_connections, longest);
                strangers.streams_per_connection = limits.streams_per_connection.min(INGRESS_STREAMS);
                Some(bind("ingress", at, strangers).await?)
            }
            None => None,
        };
        Ok(Self { api, ingress, admin: bind("admin", admin, holding(ADMIN_CONNECTIONS, 0)).await? })
    }
}

async fn bind(name: &'static str, at: &Listen, limits: ListenerLimits) -> Result<Listener, StartError> {
    let bound = Listener::bind(name, at, limits).await;
    let listener = bound.map_err(|source| StartError::Bind { listener: name, source })?;
    tracing::info!(listener = name, address = %listener.address(), "listening");
    Ok(listener)
}

fn start_webhook(
    sources: &Spawner,
    listener: Listener,
    spoken: Spoken,
    config: IngressConfig,
    instruments: &Instruments,
    inlet: Inlet,
) {
    let Instruments { clock, meters, status } = instruments.clone();
    let router = webhook::router(Ingress { spoken, config, inlet, status, meters, clock });
    let stop = sources.token();
    sources.spawn("ingress", async move {
        listener.serve(router, stop).await;
        Ok(())
    });
}

fn start_channels(
    sources: &Spawner,
    sync: &SyncConfig,
    platform: Arc<Platform>,
    view: View,
    inlet: Inlet,
    instruments: &Instruments,
) {
    let Instruments { clock, meters, status } = instruments.clone();
    let rhythm = Rhythm { ping: sync.channel_ping, rotation: sync.channel_rotation };
    let channels_max = sync.channels_max;
    let channels = Channels { platform, view, inlet, status, meters, clock, channels_max, rhythm };
    sources.spawn("channels", channels.run(sources.token()));
}

/// What the reading side is made of.
struct Readers {
    instruments: Instruments,
    view: View,
    asker: Asker,
    history: History,
    /// For the doctor alone: whoever answers does not ask the platform.
    platform: Arc<Platform>,
    door: Door,
    settings: doctor::Settings,
    registry: Registry,
    sync: SyncConfig,
    limits: LimitsConfig,
    entries: Vec<Entry>,
}

fn serve(servers: &Spawner, api: Listener, admin: Listener, readers: Readers) -> Result<(), StartError> {
    let Readers {
        instruments,
        view,
        asker,
        history,
        platform,
        door,
        settings,
        registry,
        sync,
        limits,
        entries,
    } = readers;
    let Instruments { clock, meters, status } = instruments;
    let readiness = Readiness::new();
    let latch = readiness.hold("the first full listing");
    servers.spawn("readiness", ready_once_listed(latch, view.clone(), servers.token()));

    // Cancelled by a stop as well as by `POST /drainz`, which stops nothing else.
    let drain = servers.token().child_token();
    let patience =
        Patience { default_max_staleness: sync.default_max_staleness, lookup_timeout: limits.lookup_timeout };
    let answers = Answers::new(view.clone(), asker, clock.clone(), status.clone(), patience);
    let doctor = Doctor::beside(doctor::Parts {
        settings,
        platform,
        answers: answers.clone(),
        view: view.clone(),
        board: status.clone(),
        clock: clock.clone(),
    });
    let services = front::router(front::Parts {
        answers,
        view,
        history,
        doctor: Arc::new(doctor),
        status: status.clone(),
        readiness: readiness.clone(),
        door,
        clock: clock.clone(),
        meters,
        limits,
        drain: drain.clone(),
    })?;
    let probes = admin::router(admin::Parts { registry, readiness, status, clock, config: entries, drain });
    for (name, listener, router) in [("api", api, services), ("admin", admin, probes)] {
        let stop = servers.token();
        servers.spawn(name, async move {
            listener.serve(router, stop).await;
            Ok(())
        });
    }
    Ok(())
}

/// Ready is: can answer from the store, even if old. A store that never saw a full listing cannot.
async fn ready_once_listed(latch: Latch, mut view: View, stop: CancellationToken) -> TaskResult {
    let listed = async {
        while view.snapshot().listing().is_none() {
            if view.next().await.is_err() {
                return;
            }
        }
        latch.release();
        tracing::info!(agents = view.snapshot().directory_total(), "ready");
    };
    stop.run_until_cancelled(listed).await;
    Ok(())
}
