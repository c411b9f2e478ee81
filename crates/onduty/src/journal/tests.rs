//! Durability by promise: what was committed comes back, what can't be opened says why, what is bounded stays so.

use std::fmt::Write as _;

use onduty_core::observation::{Input, Observation, Source, Statement};
use onduty_core::roster::Roster;
use onduty_core::roster::register::Register;
use onduty_core::row::{Held, Profile, Row};
use proptest::prelude::*;
use tempfile::TempDir;

use super::*;
use crate::journal::strategy::batches;

const EPOCH: Epoch = Epoch(0xfeed);
const NOW: Timestamp = Timestamp::from_millis(60 * 3_600_000);

fn options(history_entries: u64) -> Options {
    Options { history_entries, history_retention: Duration::from_secs(365 * 86_400), pages_max: None }
}

fn open(dir: &Path, options: &Options) -> (Journal, Roster) {
    let (journal, stored) = Journal::open(dir, options.clone(), EPOCH).unwrap();
    (journal, Roster::restore(stored))
}

/// Steps and commits as the keeper does.
fn commit(journal: &mut Journal, roster: &mut Roster, inputs: &[Input]) -> Result<(), JournalError> {
    let mut next = roster.clone();
    let mut batch = Batch::default();
    for input in inputs {
        let step = next.step(input);
        match input {
            Input::Observation(observation) => batch.observed(observation, &step),
            Input::Listing(listing) => batch.listed(*listing, &step),
            Input::Definitions(definitions) => batch.defined(definitions, &step),
            Input::Dialect(_) | Input::Coverage(_) => {}
        }
    }
    journal.commit(batch, &next.snapshot(), NOW)?;
    *roster = next;
    Ok(())
}

/// A push about an agent who thereby gets another name.
fn renamed(user: usize, name: usize) -> Input {
    let heard_at = Timestamp::from_millis(name as i64);
    let statement = Statement { name: Some(format!("Ada {name}").into()), ..Statement::default() };
    Input::Observation(Box::new(Observation {
        user_id: UserId::from(format!("u{user}").as_str()),
        source: Source::Webhook,
        heard_at,
        as_of: None,
        event_id: Some(format!("e{name}").into()),
        statement,
    }))
}

fn history_len(dir: &Path) -> u64 {
    let connection = Connection::open(dir.join(FILE_NAME)).unwrap();
    let count: i64 = connection.query_row("SELECT count(*) FROM history", [], |row| row.get(0)).unwrap();
    count.cast_unsigned()
}

/// All that is held but for the marks of evidence.
fn held_without_marks(roster: &Roster) -> String {
    let snapshot = roster.snapshot();
    let mut text = format!(
        "{} {} {:?} {:?} {:?} {}\n",
        snapshot.cursor(),
        snapshot.forgotten(),
        snapshot.listing(),
        snapshot.definitions(),
        snapshot.dialect(),
        snapshot.directory_total()
    );
    for row in snapshot.rows() {
        let Row { held, revision, changed_by, changed_at, present, label, .. } = &**row;
        let Held { user_id, profile: Profile { agent_id, name, division_id, account }, .. } = held;
        let words = (
            agent_id.as_ref().map(|word| &word.value),
            name.as_ref().map(|word| &word.value),
            division_id.as_ref().map(|word| &word.value),
            account.as_ref().map(|word| &word.value),
        );
        let facets = (
            held.presence.exact().map(|exact| (&exact.value, exact.clock, exact.source)),
            held.routing_status.exact().map(|exact| (&exact.value, exact.clock, exact.source)),
            held.out_of_office.exact().map(|exact| (&exact.value, exact.clock, exact.source)),
            held.active_queues.exact().map(|exact| (&exact.value, exact.clock, exact.source)),
            held.login.exact().map(|exact| (&exact.value, exact.clock, exact.source)),
        );
        let estimates = (
            estimated(&held.presence),
            estimated(&held.routing_status),
            estimated(&held.out_of_office),
            estimated(&held.active_queues),
            estimated(&held.login),
        );
        let absent_at = held.absent_at;
        let change = (revision, changed_by, changed_at, present, label, absent_at);
        writeln!(text, "{user_id} {change:?} {words:?} {facets:?} {estimates:?}").unwrap();
    }
    text
}

/// When it was heard is but a mark where there is nothing to be ordered against.
fn estimated<T: Clone + Ord>(register: &Register<T>) -> Option<(&T, Option<Timestamp>)> {
    let estimate = register.estimate()?;
    Some((&estimate.value, register.exact().map(|_| estimate.heard_at.get())))
}

fn held(roster: &Roster) -> String {
    let snapshot = roster.snapshot();
    format!("{} {:?}", held_without_marks(roster), snapshot.rows().collect::<Vec<_>>())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn what_was_committed_comes_back_whatever_was_folded(
        batches in batches(),
        crashes in proptest::collection::vec(0..4_u8, 16),
        history_entries in prop_oneof![Just(4_u64), Just(100_000)],
    ) {
        let dir = TempDir::new().unwrap();
        let options = options(history_entries);
        let (mut journal, mut roster) = open(dir.path(), &options);
        for (inputs, chance) in batches.iter().zip(crashes) {
            commit(&mut journal, &mut roster, inputs).unwrap();
            if chance == 0 {
                journal.fold_some(&roster.snapshot(), NOW).unwrap();
            }
            if chance == 1 {
                // Dropped in the middle, as by a crash.
                drop(journal);
                let restored;
                (journal, restored) = open(dir.path(), &options);
                prop_assert_eq!(held_without_marks(&restored), held_without_marks(&roster));
                roster = restored;
            }
        }
        journal.close(&roster.snapshot(), NOW).unwrap();
        let (_journal, restored) = open(dir.path(), &options);
        prop_assert_eq!(held(&restored), held(&roster));
    }
}

#[test]
fn a_new_journal_keeps_its_epoch_and_its_directory_is_private() {
    use std::os::unix::fs::PermissionsExt;
    let parent = TempDir::new().unwrap();
    let dir = parent.path().join("state/onduty");
    let (journal, stored) = Journal::open(&dir, options(10), Epoch(u64::MAX)).unwrap();
    assert_eq!(stored.epoch, Epoch(u64::MAX));
    drop(journal);
    let (_journal, stored) = Journal::open(&dir, options(10), Epoch(2)).unwrap();
    assert_eq!(stored.epoch, Epoch(u64::MAX), "an epoch outlives its process");
    assert_eq!(std::fs::metadata(&dir).unwrap().permissions().mode() & 0o777, 0o700);
}

#[test]
fn a_second_instance_is_refused_while_the_first_lives() {
    let dir = TempDir::new().unwrap();
    let first = open(dir.path(), &options(10));
    let error = Journal::open(dir.path(), options(10), EPOCH).unwrap_err();
    assert!(matches!(error, JournalError::InUse { .. }), "{error}");
    drop(first);
    open(dir.path(), &options(10));
}

#[test]
fn the_history_stays_inside_its_bounds_and_the_rows_stay_whole() {
    let dir = TempDir::new().unwrap();
    let (mut journal, mut roster) = open(dir.path(), &options(100));
    for n in 0..1_000 {
        commit(&mut journal, &mut roster, &[renamed(n % 7, n)]).unwrap();
    }
    assert!(history_len(dir.path()) <= 110, "{}", history_len(dir.path()));
    drop(journal);
    let (_journal, restored) = open(dir.path(), &options(100));
    assert_eq!(held_without_marks(&restored), held_without_marks(&roster));
}

#[test]
fn old_history_goes_by_age_but_never_before_it_is_folded() {
    let dir = TempDir::new().unwrap();
    let options = Options { history_retention: Duration::from_secs(1), ..options(1_000_000) };
    let (mut journal, mut roster) = open(dir.path(), &options);
    for n in 0..50 {
        commit(&mut journal, &mut roster, &[renamed(n, n)]).unwrap();
    }
    assert_eq!(history_len(dir.path()), 50, "nothing is folded yet");
    journal.fold_some(&roster.snapshot(), NOW).unwrap();
    journal.fold_some(&roster.snapshot(), NOW).unwrap();
    assert_eq!(history_len(dir.path()), 0);
    commit(&mut journal, &mut roster, &[renamed(1, 51)]).unwrap();
    drop(journal);
    let (_journal, restored) = open(dir.path(), &options);
    assert_eq!(held_without_marks(&restored), held_without_marks(&roster));
}

#[test]
fn a_full_disk_refuses_the_batch_and_is_recovered_from_without_reopening() {
    let dir = TempDir::new().unwrap();
    let options = Options { pages_max: Some(24), ..options(1_000_000) };
    let (mut journal, mut roster) = open(dir.path(), &options);
    let mut committed = 0;
    let error = loop {
        match commit(&mut journal, &mut roster, &[renamed(committed, committed)]) {
            Ok(()) => committed += 1,
            Err(error) => break error,
        }
    };
    assert!(matches!(error, JournalError::Full { .. }), "{error}");
    assert!(commit(&mut journal, &mut roster, &[renamed(0, 9_999)]).is_err());
    journal.connection.pragma_update(None, "max_page_count", 10_000).unwrap();
    commit(&mut journal, &mut roster, &[renamed(committed, committed)]).unwrap();
    assert_eq!(roster.snapshot().revision().0, committed as u64 + 1);
    drop(journal);
    let (_journal, restored) = open(dir.path(), &options);
    assert_eq!(held_without_marks(&restored), held_without_marks(&roster));
}

/// A closed journal of some size, with some of its bytes overwritten.
fn damaged(at: usize, with: &[u8]) -> TempDir {
    let dir = TempDir::new().unwrap();
    let (mut journal, mut roster) = open(dir.path(), &options(1_000_000));
    for n in 0..400 {
        commit(&mut journal, &mut roster, &[renamed(n, n)]).unwrap();
    }
    journal.close(&roster.snapshot(), NOW).unwrap();
    let file = dir.path().join(FILE_NAME);
    let mut bytes = std::fs::read(&file).unwrap();
    bytes[at..at + with.len()].copy_from_slice(with);
    std::fs::write(&file, bytes).unwrap();
    dir
}

#[test]
fn a_damaged_file_is_named_and_left_as_it_is() {
    for (at, with) in [(0, vec![b'x'; 100]), (5 * 4096, vec![0xaa; 4096]), (2 * 4096, vec![0; 8192])] {
        let dir = damaged(at, &with);
        let file = dir.path().join(FILE_NAME);
        let before = std::fs::read(&file).unwrap();
        let error = Journal::open(dir.path(), options(10), EPOCH).unwrap_err();
        assert!(matches!(error, JournalError::Corrupt { .. }), "{error}");
        assert!(error.to_string().contains(FILE_NAME), "{error}");
        assert_eq!(std::fs::read(&file).unwrap(), before);
    }
}

#[test]
fn a_file_of_another_program_or_of_tomorrow_is_refused() {
    let dir = TempDir::new().unwrap();
    let file = dir.path().join(FILE_NAME);
    Connection::open(&file).unwrap().execute_batch("CREATE TABLE stamps (country TEXT)").unwrap();
    let error = Journal::open(dir.path(), options(10), EPOCH).unwrap_err();
    assert!(matches!(error, JournalError::Foreign { .. }), "{error}");

    let dir = TempDir::new().unwrap();
    drop(open(dir.path(), &options(10)));
    let file = dir.path().join(FILE_NAME);
    let tomorrow = migrate::NEWEST + 1;
    Connection::open(&file).unwrap().pragma_update(None, "user_version", tomorrow).unwrap();
    let error = Journal::open(dir.path(), options(10), EPOCH).unwrap_err();
    assert!(matches!(error, JournalError::Newer { found, .. } if found == tomorrow), "{error}");
}
