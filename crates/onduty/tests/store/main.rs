//! The store as its users see it: a keeper on a directory, a crash, a file of an older version, every change told.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "what goes wrong in a test fails it")]

mod crash;
mod history;
mod samples;
mod timeline;

use std::path::Path;
use std::thread::JoinHandle;
use std::time::Duration;

use onduty::clock::Clock;
use onduty::inlet::{self, Inlet};
use onduty::journal::error::JournalError;
use onduty::journal::{Journal, Options};
use onduty::keeper::Keeper;
use onduty::meters::Meters;
use onduty::publish::{self, View};
use onduty_core::cursor::Epoch;
use onduty_core::observation::{Input, Observation, Source, Statement};
use onduty_core::roster::Roster;
use onduty_core::time::Timestamp;

/// A keeper at work.
struct Store {
    inlet: Inlet,
    view: View,
    thread: JoinHandle<Result<(), JournalError>>,
}

const EPOCH: Epoch = Epoch(0x0123_4567_89ab_cdef);

fn options(history_entries: u64) -> Options {
    Options { history_entries, history_retention: Duration::from_secs(365 * 86_400), pages_max: None }
}

impl Store {
    fn open(dir: &Path, options: Options) -> Self {
        let (journal, stored) = Journal::open(dir, options, EPOCH).unwrap();
        let roster = Roster::restore(stored);
        let (publisher, view) = publish::channel(roster.snapshot());
        let (inlet, receiver) = inlet::channel(64);
        let clock = Clock::from_fn(|| Timestamp::from_millis(1_790_000_000_000));
        let keeper = Keeper::new(roster, journal, publisher, Meters::new().0, clock);
        let thread =
            std::thread::Builder::new().name("keeper".into()).spawn(move || keeper.run(receiver)).unwrap();
        Self { inlet, view, thread }
    }

    fn stop(self) {
        drop(self.inlet);
        self.thread.join().unwrap().unwrap();
    }
}

/// A push that gives an agent a name never given before.
fn pushed(user: u64, event: u64) -> Input {
    Input::Observation(Box::new(Observation {
        user_id: format!("user-{user}").as_str().into(),
        source: Source::Webhook,
        heard_at: Timestamp::from_millis(1_790_000_000_000 + event.cast_signed()),
        as_of: None,
        event_id: Some(format!("event-{event}").into()),
        statement: Statement { name: Some(format!("Ada {event}").into()), ..Statement::default() },
    }))
}
