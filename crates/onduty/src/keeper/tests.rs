//! Durable before visible, visible before acknowledged; and what is refused leaves no trace.

use std::path::Path;
use std::thread::JoinHandle;
use std::time::Duration;

use futures_util::future::join_all;
use onduty_core::cursor::Epoch;
use onduty_core::observation::{Listing, Observation, Source, Statement};
use onduty_core::time::Timestamp;
use rusqlite::Connection;
use tempfile::TempDir;

use super::*;
use crate::inlet::{self, Inlet, InletError};
use crate::journal::{FILE_NAME, Options};
use crate::publish::{self, View};

struct Running {
    inlet: Inlet,
    view: View,
    thread: JoinHandle<Result<(), JournalError>>,
}

fn start(dir: &Path, pages_max: Option<u32>) -> Running {
    let history_retention = Duration::from_secs(365 * 86_400);
    let options = Options { history_entries: 100_000, history_retention, pages_max };
    let (journal, stored) = Journal::open(dir, options, Epoch(7)).unwrap();
    let roster = Roster::restore(stored);
    let (publisher, view) = publish::channel(roster.snapshot());
    let (inlet, receiver) = inlet::channel(256);
    let clock = Clock::from_fn(|| Timestamp::from_millis(1_000_000));
    let keeper = Keeper::new(roster, journal, publisher, Meters::new().0, clock);
    let thread =
        std::thread::Builder::new().name("keeper".into()).spawn(move || keeper.run(receiver)).unwrap();
    Running { inlet, view, thread }
}

impl Running {
    fn stop(self) {
        drop(self.inlet);
        self.thread.join().unwrap().unwrap();
    }
}

fn named(user: usize, source: Source, at: usize) -> Input {
    Input::Observation(Box::new(Observation {
        user_id: format!("u{user}").as_str().into(),
        source,
        heard_at: Timestamp::from_millis(at as i64),
        as_of: None,
        event_id: None,
        statement: Statement { name: Some(format!("Ada {at}").into()), ..Statement::default() },
    }))
}

fn pushed(user: usize, at: usize) -> Input {
    named(user, Source::Webhook, at)
}

/// Counts in the file as others see it.
fn count(dir: &Path, what: &str) -> i64 {
    let connection = Connection::open(dir.join(FILE_NAME)).unwrap();
    connection.query_row(&format!("SELECT count(*) FROM {what}"), [], |row| row.get(0)).unwrap()
}

#[tokio::test]
async fn what_is_acknowledged_is_visible_and_on_disk() {
    let dir = TempDir::new().unwrap();
    let running = start(dir.path(), None);
    let inputs = vec![pushed(1, 1), pushed(1, 1), pushed(2, 1)];
    let receipt = running.inlet.commit(inputs).await.unwrap();
    assert_eq!(receipt.outcomes, [Outcome::Applied, Outcome::Duplicate, Outcome::Applied]);
    assert_eq!(running.view.snapshot().revision(), receipt.revision);
    assert_eq!(count(dir.path(), "history WHERE source = 'webhook'"), 3, "duplicates are on disk, too");
    running.stop();
}

#[tokio::test]
async fn of_many_deliveries_at_once_each_is_told_its_own_revision() {
    let dir = TempDir::new().unwrap();
    let running = start(dir.path(), None);
    let deliveries = (1..=200).map(|n| running.inlet.commit(vec![pushed(n, n)]));
    let mut receipts: Vec<u64> =
        join_all(deliveries).await.into_iter().map(|receipt| receipt.unwrap().revision.0).collect();
    receipts.sort_unstable();
    assert_eq!(receipts, (1..=200).collect::<Vec<u64>>());
    running.stop();
}

#[tokio::test]
async fn a_delivery_without_statements_is_a_barrier() {
    let dir = TempDir::new().unwrap();
    let running = start(dir.path(), None);
    let (first, barrier) =
        tokio::join!(running.inlet.commit(vec![pushed(1, 1)]), running.inlet.commit(vec![]));
    assert_eq!(first.unwrap().revision, barrier.unwrap().revision);
    running.stop();
}

#[tokio::test]
async fn a_full_listing_removes_who_left_and_counts_its_corrections() {
    let dir = TempDir::new().unwrap();
    let running = start(dir.path(), None);
    running.inlet.commit(vec![pushed(1, 1), pushed(2, 1)]).await.unwrap();
    let (started_at, finished_at) = (Timestamp::from_millis(10), Timestamp::from_millis(20));
    let listing = Input::Listing(Listing { started_at, finished_at, agents: 1 });
    let receipt = running.inlet.commit(vec![named(1, Source::Sweep, 11), listing]).await.unwrap();
    assert_eq!(receipt.corrections, 1);
    assert_eq!(running.view.snapshot().directory_total(), 1);
    assert_eq!(count(dir.path(), "history WHERE outcome = 'removed' AND user_id = 'u2'"), 1);
    running.stop();
    let again = start(dir.path(), None);
    assert_eq!(again.view.snapshot().listing().map(|listing| listing.agents), Some(1));
    assert_eq!(again.view.snapshot().directory_total(), 1);
    again.stop();
}

#[tokio::test]
async fn a_store_that_was_stamped_by_a_clock_that_was_ahead_takes_in_what_is_heard_now() {
    let dir = TempDir::new().unwrap();
    let (now, hour) = (1_000_000, 3_600_000);
    let running = start(dir.path(), None);
    let (started_at, finished_at) =
        (Timestamp::from_millis(now + hour), Timestamp::from_millis(now + hour + 20));
    let listing = Input::Listing(Listing { started_at, finished_at, agents: 1 });
    let ahead = named(1, Source::Sweep, usize::try_from(now + hour).unwrap());
    running.inlet.commit(vec![ahead, listing]).await.unwrap();
    running.stop();

    let again = start(dir.path(), None);
    let (started_at, finished_at) = (Timestamp::from_millis(now), Timestamp::from_millis(now + 20));
    let listing = Input::Listing(Listing { started_at, finished_at, agents: 0 });
    let receipt = again.inlet.commit(vec![pushed(2, usize::try_from(now).unwrap()), listing]).await.unwrap();
    assert_eq!(receipt.corrections, 1, "who is not listed left");
    assert_eq!(again.view.snapshot().listing(), Some(Listing { started_at, finished_at, agents: 0 }));
    assert_eq!(again.view.snapshot().directory_total(), 1);
    again.stop();
}

#[tokio::test]
async fn what_is_not_durable_is_neither_visible_nor_acknowledged() {
    let dir = TempDir::new().unwrap();
    let running = start(dir.path(), Some(16));
    let mut acknowledged = 0;
    let refused = loop {
        match running.inlet.commit(vec![pushed(acknowledged, 1)]).await {
            Ok(_) if acknowledged > 10_000 => panic!("a full disk refuses nothing"),
            Ok(_) => acknowledged += 1,
            Err(error) => break error,
        }
    };
    assert!(matches!(&refused, InletError::NotDurable(_)));
    assert!(refused.to_string().contains("no room left"), "{refused}");
    assert_eq!(running.view.snapshot().revision().0, acknowledged as u64);
    drop(running.inlet);
    assert!(running.thread.join().unwrap().is_err(), "what could not be folded is told at the end");

    let again = start(dir.path(), None);
    assert_eq!(again.view.snapshot().revision().0, acknowledged as u64);
    again.inlet.commit(vec![pushed(acknowledged, 1)]).await.unwrap();
    again.stop();
}

#[tokio::test]
async fn the_end_folds_everything_and_leaves_one_file() {
    let dir = TempDir::new().unwrap();
    let running = start(dir.path(), None);
    running.inlet.commit((1..=300).map(|n| pushed(n, n)).collect()).await.unwrap();
    assert_eq!(count(dir.path(), "agents"), 0, "nothing is folded on the way of so few");
    running.stop();
    assert!(!dir.path().join(FILE_NAME).with_extension("sqlite-wal").exists());
    assert_eq!(count(dir.path(), "agents"), 300);
}

#[tokio::test]
async fn idle_moments_are_used_for_folding() {
    let dir = TempDir::new().unwrap();
    let running = start(dir.path(), None);
    running.inlet.commit((1..=3_000).map(|n| pushed(n, n)).collect()).await.unwrap();
    let deadline = tokio::time::Instant::now() + Duration::from_secs(20);
    let mut folded = 0;
    while folded < 3_000 {
        assert!(tokio::time::Instant::now() < deadline, "{folded} of 3000 rows are folded");
        tokio::task::yield_now().await;
        folded = count(dir.path(), "agents");
    }
    running.stop();
}
