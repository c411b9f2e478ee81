//! A server to be tested against, its roster in the test's hands.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use onduty::answers::{Answers, Patience};
use onduty::api::front::Door;
use onduty::api::{admin, front};
use onduty::ask::{self, Inquiry};
use onduty::clock::Clock;
use onduty::config::{Config, FileText, Layers, LimitsConfig, Listen, Secret};
use onduty::doctor::Doctor;
use onduty::history::History;
use onduty::journal::batch::Batch;
use onduty::journal::{Journal, Options};
use onduty::listener::{Listener, ListenerLimits};
use onduty::meters::Meters;
use onduty::publish::{self, Publisher};
use onduty::readiness::{Latch, Readiness};
use onduty::status::StatusBoard;
use onduty_core::access::{Needs, Seen};
use onduty_core::agent::{AgentId, DivisionId, Presence, SystemPresence, UserId};
use onduty_core::answer::{Asked, Report};
use onduty_core::cursor::Epoch;
use onduty_core::facts::{Existence, Facts};
use onduty_core::observation::{Clock as Stamp, Input, Listing, Observation, Said, Source, Statement};
use onduty_core::roster::Roster;
use onduty_core::snapshot::Snapshot;
use onduty_core::time::Timestamp;
use onduty_proto::v1::agent_state_service_client::AgentStateServiceClient;
use tempfile::TempDir;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tonic::transport::{Channel, Endpoint};

/// The time, for everybody.
pub(crate) const NOW: i64 = 1_700_000_000_000;

/// Changes that the history keeps.
pub(crate) const HISTORY_KEPT: u64 = 1_000;

/// No step of a test takes longer.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// A server and everything around it.
pub(crate) struct Stage {
    pub(crate) roster: Arc<Keeper>,
    pub(crate) asked: Arc<Mutex<Vec<Asked>>>,
    pub(crate) drain: CancellationToken,
    pub(crate) stop: CancellationToken,
    pub(crate) status: StatusBoard,
    pub(crate) address: Listen,
    pub(crate) admin: Listen,
    latch: Mutex<Option<Latch>>,
    waiting: watch::Receiver<usize>,
    tasks: JoinSet<()>,
}

/// Plays the keeper: merges, commits, publishes. Whatever it is told is on disk and visible when it returns.
pub(crate) struct Keeper {
    roster: Mutex<(Roster, Journal)>,
    publisher: Publisher,
    _folder: TempDir,
}

/// What the platform says when asked; nothing leaves the question waiting.
pub(crate) type Platform = dyn Fn(&Keeper, &Asked) -> Option<Report> + Send + Sync;

/// An agent's id (and person's id, where nothing else is said).
pub(crate) fn id(number: usize) -> String {
    format!("00000000-0000-4000-8000-{number:012x}")
}

/// An id that belongs to nobody.
pub(crate) fn nobody() -> String {
    id(0xffff_ffff)
}

/// The default limits, made small where a test wants to reach them.
pub(crate) fn limits() -> LimitsConfig {
    LimitsConfig {
        api_connections: 4_096,
        ingress_connections: 1,
        streams_per_connection: 1_024,
        watches: 10_000,
        ids_per_batch: 1_000,
        request_bytes: 1_048_576,
        request_timeout: PATIENCE,
        header_timeout: Duration::from_secs(10),
        lookup_queue: 10_000,
        lookup_timeout: PATIENCE,
        inlet_queue: 1,
        stop_timeout: Duration::from_secs(10),
    }
}

impl Keeper {
    /// Takes in inputs and shows what came of them.
    pub(crate) fn take(&self, inputs: &[Input]) {
        let mut held = self.roster.lock().unwrap();
        let (roster, journal) = &mut *held;
        let mut batch = Batch::default();
        for input in inputs {
            let step = roster.step(input);
            match input {
                Input::Observation(observation) => batch.observed(observation, &step),
                Input::Listing(listing) => batch.listed(*listing, &step),
                Input::Definitions(definitions) => batch.defined(definitions, &step),
                Input::Dialect(_) | Input::Coverage(_) => {}
            }
        }
        let snapshot = roster.snapshot();
        journal.commit(batch, &snapshot, Timestamp::from_millis(NOW)).expect("committed");
        self.publisher.publish(snapshot);
    }

    /// A full listing long ago, which named nobody.
    pub(crate) fn list_nobody(&self) {
        let at = Timestamp::from_millis(0);
        self.take(&[Input::Listing(Listing { started_at: at, finished_at: at, agents: 0 })]);
    }

    /// Agents with numbers from..to are at work, in one division each by turns of three.
    pub(crate) fn populate(&self, numbers: std::ops::Range<usize>) {
        self.list_nobody();
        self.take(
            &numbers.map(|number| logged_in(number, SystemPresence::Available, NOW)).collect::<Vec<_>>(),
        );
    }

    /// One agent picks a presence at this instant.
    pub(crate) fn pick(&self, number: usize, presence: SystemPresence, at: i64) {
        self.take(&[logged_in(number, presence, at)]);
    }

    /// A full listing, so long after everything so far, that named nobody.
    pub(crate) fn everybody_left(&self, after: Duration) {
        let at = Timestamp::from_millis(NOW).after(after);
        self.take(&[Input::Listing(Listing { started_at: at, finished_at: at, agents: 0 })]);
    }

    /// The roster as everybody would see it.
    pub(crate) fn snapshot(&self) -> Snapshot {
        self.roster.lock().unwrap().0.snapshot()
    }

    /// Every agent that exists, with its newest revision.
    pub(crate) fn truth(&self) -> BTreeMap<String, u64> {
        let rows = self.snapshot();
        rows.present_after(None).map(|row| (row.agent_id().to_owned(), row.revision.0)).collect()
    }
}

/// A statement about an agent, heard now.
pub(crate) fn said(user_id: &str, statement: Statement) -> Input {
    Input::Observation(Box::new(Observation {
        user_id: UserId::from(user_id),
        source: Source::Lookup,
        heard_at: Timestamp::from_millis(NOW),
        as_of: None,
        event_id: None,
        statement,
    }))
}

/// The same, heard at another time.
pub(crate) fn heard_at(at: i64, input: Input) -> Input {
    match input {
        Input::Observation(mut observation) => {
            observation.heard_at = Timestamp::from_millis(at);
            Input::Observation(observation)
        }
        other @ (Input::Listing(_) | Input::Definitions(_) | Input::Dialect(_) | Input::Coverage(_)) => other,
    }
}

/// Somebody is logged in and picked a presence at this instant.
pub(crate) fn logged_in(number: usize, presence: SystemPresence, at: i64) -> Input {
    let clock = |at| Some(Stamp::at(Timestamp::from_millis(at)));
    let presence = Presence { system: presence, definition_id: None, message: "".into() };
    let statement = Statement {
        name: Some(format!("Agent {number}").into()),
        division_id: Some(DivisionId::from(format!("division-{}", number % 3).as_str())),
        presence: Some(Said { value: presence, clock: clock(at) }),
        login: Some(Said { value: true, clock: clock(NOW - 1_000) }),
        ..Statement::default()
    };
    said(&id(number), statement)
}

/// Somebody exists; no more is known.
pub(crate) fn named(user_id: &str) -> Input {
    said(user_id, Statement::default())
}

/// Somebody whose agent id is another than the person's.
pub(crate) fn with_agent_id(user_id: &str, agent_id: &str) -> Input {
    let login = Some(Said { value: true, clock: None });
    said(user_id, Statement { agent_id: Some(AgentId::from(agent_id)), login, ..Statement::default() })
}

/// The report on an id that is proven to be nobody's.
pub(crate) fn unknown() -> Report {
    let at = Timestamp::from_millis(NOW);
    let seen = Seen { value: Existence::Unknown, origin: "/api/v2/users", at, correlation_id: None };
    Report::Missing(Arc::new(Facts { directory: Some(seen), ..nothing() }))
}

/// A platform that knows everybody and says that they are busy.
pub(crate) fn busy_once_asked(roster: &Keeper, asked: &Asked) -> Option<Report> {
    let number = usize::from_str_radix(&asked.id()[24..], 16).unwrap();
    roster.take(&[logged_in(number, SystemPresence::Busy, NOW)]);
    Some(Report::Told)
}

/// Nothing found out.
pub(crate) fn nothing() -> Facts {
    Facts::none(Needs::NOTHING, Arc::default())
}

/// A doctor whose platform is nowhere: whatever it says, it answers.
fn doctor(clock: &Clock) -> Doctor {
    let text = r#"
        sync.webhook = false
        store.dir = "unused"
        [platform]
        api_url = "http://127.0.0.1:9"
        login_url = "http://127.0.0.1:9"
        client_id = "c"
        client_secret = "s"
    "#;
    let layers = Layers {
        flags: Vec::new(),
        environment: BTreeMap::new(),
        file: Some(FileText { name: "the test's".to_owned(), text: text.to_owned() }),
        state_dir: None,
        read_file: |_| Err(std::io::ErrorKind::Unsupported.into()),
    };
    let config = Config::load(&layers).expect("a configuration");
    Doctor::alone(&config, clock.clone()).expect("a client")
}

impl Stage {
    /// A server whose platform knows nothing more.
    pub(crate) async fn open() -> Self {
        Self::with(limits(), |_, _| Some(unknown())).await
    }

    /// A server with these limits, and a platform that says this.
    pub(crate) async fn with(
        limits: LimitsConfig,
        platform: impl Fn(&Keeper, &Asked) -> Option<Report> + Send + Sync + 'static,
    ) -> Self {
        let door = Door::new(BTreeMap::new(), ("own".to_owned(), Secret::new("own-secret")));
        Self::behind(door, limits, platform).await
    }

    /// The same behind a door for the platform's paths.
    pub(crate) async fn behind(
        door: Door,
        limits: LimitsConfig,
        platform: impl Fn(&Keeper, &Asked) -> Option<Report> + Send + Sync + 'static,
    ) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let options =
            Options { history_entries: HISTORY_KEPT, history_retention: Duration::MAX, pages_max: None };
        let (journal, stored) = Journal::open(folder.path(), options, Epoch(1)).expect("a new journal");
        let history = History::open(folder.path()).expect("its history");
        let roster = Roster::restore(stored);
        let (publisher, view) = publish::channel(roster.snapshot());
        let roster = Mutex::new((roster, journal));
        let keeper = Arc::new(Keeper { roster, publisher, _folder: folder });
        let (asker, inquiries) = ask::channel(limits.lookup_queue);
        let asked = Arc::<Mutex<Vec<Asked>>>::default();
        let (waiting_now, waiting) = watch::channel(0);
        let mut tasks = JoinSet::new();
        let platform: Arc<Platform> = Arc::new(platform);
        tasks.spawn(play(inquiries, Arc::clone(&keeper), platform, Arc::clone(&asked), waiting_now));

        let clock = Clock::from_fn(|| Timestamp::from_millis(NOW));
        let (readiness, status) = (Readiness::new(), StatusBoard::default());
        let (meters, registry) = Meters::new();
        let (drain, stop) = (CancellationToken::new(), CancellationToken::new());
        let patience = Patience {
            default_max_staleness: Duration::from_secs(300),
            lookup_timeout: limits.lookup_timeout,
        };
        let parts = front::Parts {
            answers: Answers::new(view.clone(), asker, clock.clone(), status.clone(), patience),
            view,
            history,
            doctor: Arc::new(doctor(&clock)),
            status: status.clone(),
            readiness: readiness.clone(),
            door,
            clock: clock.clone(),
            meters,
            limits: limits.clone(),
            drain: drain.clone(),
        };
        let latch = Mutex::new(Some(readiness.hold("first full listing")));
        let admin = admin::Parts {
            registry,
            readiness,
            status: status.clone(),
            clock,
            config: Vec::new(),
            drain: drain.clone(),
        };
        let mut serve = async |name, router| {
            let at = Listen::parse("127.0.0.1:0").unwrap();
            let limits = ListenerLimits {
                connections: limits.api_connections,
                body_bytes: 1_048_576,
                streams_per_connection: limits.streams_per_connection,
                header_timeout: limits.header_timeout,
                stop_timeout: limits.stop_timeout,
            };
            let listener = Listener::bind(name, &at, limits).await.expect("a free port");
            let address = listener.address().clone();
            tasks.spawn(listener.serve(router, stop.clone()));
            address
        };
        let address = serve("api", front::router(parts).expect("descriptors")).await;
        let admin = serve("admin", admin::router(admin)).await;
        Self { roster: keeper, asked, drain, stop, status, address, admin, latch, waiting, tasks }
    }

    /// A connection of its own.
    pub(crate) fn channel(&self) -> Channel {
        Endpoint::from_shared(format!("http://{}", self.address)).unwrap().connect_lazy()
    }

    /// A client on a connection of its own.
    pub(crate) fn client(&self) -> AgentStateServiceClient<Channel> {
        AgentStateServiceClient::new(self.channel())
    }

    /// The first full listing is there.
    pub(crate) fn become_ready(&self) {
        self.latch.lock().unwrap().take().expect("not ready yet").release();
    }

    /// Waits until so many questions wait at the platform.
    pub(crate) async fn questions_waiting(&mut self, count: usize) {
        within(self.waiting.wait_for(|waiting| *waiting == count)).await.expect("the platform lives");
    }

    /// Stops the listeners and waits for their end.
    pub(crate) async fn close(mut self) {
        self.stop.cancel();
        drop(self.roster);
        // The platform ends with the last asker, which the servers hold.
        while let Some(ended) = within(self.tasks.join_next()).await {
            ended.expect("no task panicked");
        }
    }
}

/// The result, or a failed test.
pub(crate) async fn within<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, future).await.expect("done within the deadline")
}

async fn play(
    mut inquiries: mpsc::Receiver<Inquiry>,
    keeper: Arc<Keeper>,
    platform: Arc<Platform>,
    asked: Arc<Mutex<Vec<Asked>>>,
    waiting_now: watch::Sender<usize>,
) {
    let mut waiting = JoinSet::new();
    loop {
        tokio::select! {
            inquiry = inquiries.recv() => {
                let Some(Inquiry { asked: whom, mut reply }) = inquiry else { return };
                asked.lock().unwrap().push(whom.clone());
                match platform(&keeper, &whom) {
                    Some(report) => drop(reply.send(report)),
                    None => {
                        waiting.spawn(async move { reply.closed().await });
                        waiting_now.send_replace(waiting.len());
                    }
                }
            }
            Some(_) = waiting.join_next() => {
                waiting_now.send_replace(waiting.len());
            }
        }
    }
}
