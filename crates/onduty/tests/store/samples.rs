//! A file of every version that was ever written still opens, with everything in it.

use std::path::PathBuf;

use onduty::journal::{FILE_NAME, Journal};
use onduty_core::agent::{AccountState, RoutingStatus, SystemPresence};
use onduty_core::cursor::Revision;
use onduty_core::roster::Roster;
use onduty_core::time::Timestamp;
use rusqlite::Connection;
use tempfile::TempDir;

use super::{EPOCH, Store, options};

/// The samples, by version.
pub(crate) fn samples() -> Vec<PathBuf> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/journal_samples");
    (1..).map(|version| folder.join(format!("v{version}.sql"))).take_while(|file| file.exists()).collect()
}

pub(crate) fn written(sample: &PathBuf) -> TempDir {
    let dir = TempDir::new().unwrap();
    let connection = Connection::open(dir.path().join(FILE_NAME)).unwrap();
    connection.execute_batch(&std::fs::read_to_string(sample).unwrap()).unwrap();
    dir
}

pub(crate) fn at(seconds: i64) -> Timestamp {
    Timestamp::from_millis(1_790_000_000_000 + seconds * 1_000)
}

#[test]
fn every_version_opens_and_says_what_it_said() {
    for (version, sample) in (1..).zip(samples()) {
        let dir = written(&sample);
        let (_journal, stored) = Journal::open(dir.path(), options(1_000), EPOCH).unwrap();
        let snapshot = Roster::restore(stored).snapshot();
        assert_eq!(snapshot.cursor().to_string(), "c1-0123456789abcdef-7");
        assert_eq!((snapshot.forgotten(), snapshot.rows().count()), (Revision(2), 3));
        assert_eq!(snapshot.listing().map(|listing| (listing.started_at, listing.agents)), Some((at(0), 3)));

        let ada = snapshot.by_agent_id("agent-ada").unwrap();
        assert_eq!((ada.revision, ada.changed_at, ada.present), (Revision(6), at(11), true));
        let presence = ada.presence().unwrap();
        assert_eq!((&presence.value.system, presence.since), (&SystemPresence::OnQueue, Some(at(-50))));
        let definitions = snapshot.definitions().map(|read| (read.read_at, &*read.locale, read.by_id.len()));
        assert_eq!(definitions, (version >= 3).then_some((at(0), "de", 2)));
        assert_eq!(snapshot.dialect(), None, "no version before kept what the platform speaks");
        assert_eq!(ada.presence_label(), (version >= 3).then_some("Am Telefon"));
        let status = ada.routing_status().unwrap();
        assert_eq!((status.value, status.since), (&RoutingStatus::Idle, Some(at(10))));
        let away = ada.out_of_office().unwrap();
        assert_eq!((away.value, away.since, away.vouched_at), (&false, None, at(0)));
        assert_eq!(ada.active_queues().unwrap().value.len(), 2);
        assert_eq!(ada.login().map(|login| *login.value), Some(true));

        let ben = snapshot.by_user_id("user-ben").unwrap();
        assert_eq!(ben.presence().unwrap().value.system.text(), "Siesta");
        let cyd = snapshot.by_user_id("user-cyd").unwrap();
        assert_eq!((cyd.present, cyd.account()), (false, Some(AccountState::Inactive)));
    }
}

#[test]
fn the_newest_version_has_a_sample() {
    let dir = TempDir::new().unwrap();
    Store::open(dir.path(), options(1_000)).stop();
    let connection = Connection::open(dir.path().join(FILE_NAME)).unwrap();
    let newest: u32 = connection.pragma_query_value(None, "user_version", |row| row.get(0)).unwrap();
    assert_eq!(samples().len(), newest as usize, "a new step in journal/migrate.rs comes with a sample");
}

/// What the platform speaks came as lines of `meta` without a new version: whoever does not know a line leaves it alone.
#[test]
fn a_line_of_meta_that_nobody_here_knows_is_no_hindrance_and_is_kept() {
    let dir = TempDir::new().unwrap();
    Store::open(dir.path(), options(1_000)).stop();
    let file = dir.path().join(FILE_NAME);
    let connection = Connection::open(&file).unwrap();
    connection.execute("INSERT INTO meta VALUES ('from_a_later_program', 'a word')", []).unwrap();
    drop(connection);
    Store::open(dir.path(), options(1_000)).stop();
    let kept = "SELECT value FROM meta WHERE key = 'from_a_later_program'";
    let kept: String = Connection::open(&file).unwrap().query_row(kept, [], |row| row.get(0)).unwrap();
    assert_eq!(kept, "a word");
}
