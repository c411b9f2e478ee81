//! onduty as it is served: its own listener, services, answers, publisher and history, with the default limits. Only
//! what feeds the roster is missing: the platform, the sources and the journal's commits.

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use onduty::answers::{Answers, Patience};
use onduty::api::front::{self, Door, Parts, ReflectionError};
use onduty::ask;
use onduty::clock::Clock;
use onduty::config::{Config, ConfigErrors, FileText, Layers, Listen};
use onduty::doctor::Doctor;
use onduty::history::{History, HistoryError};
use onduty::journal::error::JournalError;
use onduty::journal::{Journal, Options};
use onduty::listener::{BindError, Listener, ListenerLimits};
use onduty::meters::Meters;
use onduty::platform::genesys::error::ClientError;
use onduty::publish;
use onduty::readiness::Readiness;
use onduty::status::StatusBoard;
use onduty_core::cursor::Epoch;
use tokio_util::sync::CancellationToken;

use super::{LISTENING, Obedience};
use crate::directory::Directory;

/// Why it could not serve.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ServeError {
    /// The default limits.
    #[error("could not read the default configuration")]
    Config(#[from] ConfigErrors),
    /// A journal in a temporary directory, which the services want to be there.
    #[error("could not make an empty journal")]
    Journal(#[from] JournalError),
    /// Its reading end.
    #[error("could not open the history")]
    History(#[from] HistoryError),
    /// The doctor's client, which nobody asks for anything here.
    #[error(transparent)]
    Platform(#[from] ClientError),
    /// The services.
    #[error(transparent)]
    Services(#[from] ReflectionError),
    /// The port.
    #[error("could not listen")]
    Bind(#[from] BindError),
    /// A directory or a thread.
    #[error("the system refused a directory or a thread")]
    System(#[from] io::Error),
}

/// The states are as old as the process; nothing may be looked up because of that.
const MAX_STALENESS: Duration = Duration::from_secs(86_400);

/// Serves so many agents until standard input ends.
pub(crate) async fn serve(agents: u32) -> Result<(), ServeError> {
    let config = default_config()?;
    let limits = config.limits.clone();
    let clock = Clock::system();
    let mut directory = Directory::new(agents, clock.now());
    let (publisher, view) = publish::channel(directory.snapshot());
    let store = tempfile::tempdir()?;
    let kept = Options { history_entries: 1_000, history_retention: MAX_STALENESS, pages_max: None };
    let (_journal, _) = Journal::open(store.path(), kept, Epoch(1))?;
    let (asker, _inquiries) = ask::channel(limits.lookup_queue);
    let (meters, _registry) = Meters::new();
    let patience = Patience { default_max_staleness: MAX_STALENESS, lookup_timeout: limits.lookup_timeout };
    let stop = CancellationToken::new();
    let platform = &config.platform;
    let own = (platform.client_id.clone(), platform.client_secret.clone());
    let router = front::router(Parts {
        door: Door::new(BTreeMap::new(), own),
        answers: Answers::new(view.clone(), asker, clock.clone(), StatusBoard::default(), patience),
        view,
        history: History::open(store.path())?,
        doctor: Arc::new(Doctor::alone(&config, clock.clone())?),
        status: StatusBoard::default(),
        readiness: Readiness::new(),
        clock: clock.clone(),
        meters,
        limits: limits.clone(),
        drain: stop.child_token(),
    })?;
    let holding = ListenerLimits {
        connections: limits.api_connections,
        body_bytes: 1_048_576,
        streams_per_connection: limits.streams_per_connection,
        header_timeout: limits.header_timeout,
        stop_timeout: limits.stop_timeout,
    };
    let listener = Listener::bind("api", &Listen::Tcp(([127, 0, 0, 1], 0).into()), holding).await?;
    println!("{LISTENING}{}", listener.address());
    let change = move || {
        directory.change(clock.now());
        publisher.publish(directory.snapshot());
    };
    let obedience = Obedience::begin(change, stop.clone())?;
    listener.serve(router, stop).await;
    obedience.end();
    Ok(())
}

/// The limits that hold unless somebody sets others. The rest of the configuration only has to be there.
fn default_config() -> Result<Config, ConfigErrors> {
    let needed = r#"
        sync.webhook = false
        store.dir = "unused"
        [platform]
        api_url = "http://127.0.0.1:9"
        login_url = "http://127.0.0.1:9"
        client_id = "bench"
        client_secret = "bench"
    "#;
    let layers = Layers {
        flags: Vec::new(),
        environment: BTreeMap::new(),
        file: Some(FileText { name: "the benchmark's".to_owned(), text: needed.to_owned() }),
        state_dir: None,
        read_file: |_| Err(io::ErrorKind::Unsupported.into()),
    };
    Config::load(&layers)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_limits_are_to_be_had() {
        assert!(default_config().expect("a configuration").limits.watches >= 1_000);
    }
}
