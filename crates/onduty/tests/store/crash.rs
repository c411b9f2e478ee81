//! Killed at any point, the store comes back with everything that it acknowledged.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};

use onduty::journal::{FILE_NAME, Journal};
use onduty_core::cursor::Revision;
use onduty_core::roster::Roster;
use rusqlite::Connection;
use tempfile::TempDir;

use super::{EPOCH, Store, options, pushed};

/// Set for the process that is to be killed: its directory.
const VICTIM: &str = "ONDUTY_TEST_VICTIM";
/// The number of its first event.
const FIRST: &str = "ONDUTY_TEST_FIRST";
const WRITERS: u64 = 16;
const KILLS: u64 = 6;

#[test]
fn what_was_acknowledged_outlives_a_kill() {
    if let Some(dir) = std::env::var_os(VICTIM) {
        let first = std::env::var(FIRST).unwrap().parse().unwrap();
        acknowledge_for_ever(Path::new(&dir), first);
    }
    let dir = TempDir::new().unwrap();
    let mut acknowledged = BTreeSet::new();
    for kill in 0..KILLS {
        // A different number each time, so that the kill falls into appends, folds and checkpoints alike.
        let events = run_until_killed(dir.path(), kill * 10_000_000, 150 + 400 * kill as usize);
        acknowledged.extend(events);
        let kept = events_in(&dir.path().join(FILE_NAME));
        let lost: Vec<&String> = acknowledged.difference(&kept).collect();
        assert!(lost.is_empty(), "after kill {kill}: {lost:?} were acknowledged and are lost");
        rows_match_their_history(dir.path());
    }
}

/// Writes an event and, once it is acknowledged, its name on a line, over and over.
fn acknowledge_for_ever(dir: &Path, first: u64) -> ! {
    let store = Store::open(dir, options(1_000_000));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let writers = (0..WRITERS).map(|writer| {
        let inlet = store.inlet.clone();
        async move {
            for event in (first + writer..).step_by(WRITERS as usize) {
                inlet.commit(vec![pushed(event % 3_000, event)]).await.unwrap();
                let mut out = std::io::stdout().lock();
                writeln!(out, "event-{event}").and_then(|()| out.flush()).unwrap();
            }
        }
    });
    runtime.block_on(futures_util::future::join_all(writers));
    unreachable!("the numbers do not run out")
}

/// The events that a process acknowledged before it was killed.
fn run_until_killed(dir: &Path, first: u64, at_least: usize) -> Vec<String> {
    let mut victim = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "crash::what_was_acknowledged_outlives_a_kill", "--nocapture"])
        .env(VICTIM, dir)
        .env(FIRST, first.to_string())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(victim.stdout.take().unwrap()).lines();
    let mut events = Vec::new();
    while events.len() < at_least {
        let line = lines.next().expect("the victim lives until it is killed").unwrap();
        events.extend(line.starts_with("event-").then_some(line));
    }
    victim.kill().unwrap();
    // What it managed to write before the end was acknowledged as well; a last line may be cut short.
    let rest: Vec<String> = lines.map_while(Result::ok).collect();
    events.extend(rest.iter().take(rest.len().saturating_sub(1)).cloned());
    victim.wait().unwrap();
    events
}

fn events_in(file: &Path) -> BTreeSet<String> {
    let connection = Connection::open(file).unwrap();
    let mut select = connection.prepare("SELECT event_id FROM history").unwrap();
    select.query_map([], |row| row.get(0)).unwrap().collect::<Result<_, _>>().unwrap()
}

/// Each restored row is the newest that the history holds of its agent.
fn rows_match_their_history(dir: &Path) {
    let (journal, stored) = Journal::open(dir, options(1_000_000), EPOCH).unwrap();
    let snapshot = Roster::restore(stored).snapshot();
    drop(journal);
    let connection = Connection::open(dir.join(FILE_NAME)).unwrap();
    let newest = "SELECT user_id, max(revision) FROM history WHERE revision IS NOT NULL GROUP BY user_id";
    let mut select = connection.prepare(newest).unwrap();
    let mut rows = select.query([]).unwrap();
    let mut agents = 0;
    while let Some(row) = rows.next().unwrap() {
        let (user_id, revision): (String, i64) = (row.get(0).unwrap(), row.get(1).unwrap());
        let held = snapshot.by_user_id(&user_id).map(|row| row.revision);
        assert_eq!(held, Some(Revision(revision.cast_unsigned())), "{user_id}");
        agents += 1;
    }
    assert_eq!(snapshot.rows().count(), agents);
}
