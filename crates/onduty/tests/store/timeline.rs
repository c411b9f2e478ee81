//! What was heard about one agent is found again, however long ago and whatever else was heard, after a restart and
//! in files of older versions.

use onduty::history::History;
use onduty::history::timeline::{ENTRIES_MAX, Entry, Fate, Part};
use onduty::journal::{FILE_NAME, Journal};
use onduty_core::agent::{Facet, UserId};
use onduty_core::cursor::Revision;
use onduty_core::observation::Source;
use onduty_core::roster::Outcome;
use onduty_core::roster::ruling::Ruling;
use onduty_core::time::Timestamp;
use rusqlite::Connection;
use tempfile::TempDir;

use super::samples::{at, samples, written};
use super::{EPOCH, Store, options, pushed};

async fn timeline(history: &History, user: &str, before: Option<u64>, limit: usize) -> Part {
    history.timeline(UserId::from(user), before, limit).await.unwrap()
}

fn events(entries: &[Entry]) -> Vec<String> {
    entries.iter().map(|entry| entry.event_id.as_deref().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn what_was_heard_of_one_among_many_is_found_page_by_page_and_after_a_restart() {
    let dir = TempDir::new().unwrap();
    let mut said = Vec::new();
    for restart in 0..2_u64 {
        let store = Store::open(dir.path(), options(100_000));
        for batch in 0..10 {
            // One agent in the midst of a thousand others; more entries than one stretch of the index has.
            let first = 1 + (restart * 10 + batch) * 1_000;
            let inputs = (first..first + 1_000).map(|event| {
                let user = if event % 400 == 7 { 7 } else { 1_000 + event % 1_000 };
                said.extend((user == 7).then(|| format!("event-{event}")));
                pushed(user, event)
            });
            store.inlet.commit(inputs.collect()).await.unwrap();
        }
        store.stop();
    }
    let store = Store::open(dir.path(), options(100_000));
    let history = History::open(dir.path()).unwrap();
    let (mut told, mut before) = (Vec::new(), None);
    loop {
        let part = timeline(&history, "user-7", before, 3).await;
        assert!(part.entries.len() <= 3);
        told.extend(events(&part.entries));
        before = part.before;
        if before.is_none() {
            break;
        }
    }
    said.reverse();
    assert_eq!(told, said);
    let whole = timeline(&history, "user-7", None, ENTRIES_MAX).await;
    assert_eq!((events(&whole.entries), whole.before), (said, None));
    assert_eq!(timeline(&history, "nobody", None, ENTRIES_MAX).await.entries, []);
    store.stop();
}

#[tokio::test]
async fn one_read_is_bounded_and_goes_on_where_it_ended() {
    let dir = TempDir::new().unwrap();
    let store = Store::open(dir.path(), options(100_000));
    let all = 1..=ENTRIES_MAX as u64 + 5;
    store.inlet.commit(all.map(|event| pushed(1, event)).collect()).await.unwrap();
    let history = History::open(dir.path()).unwrap();
    let part = timeline(&history, "user-1", None, usize::MAX).await;
    assert_eq!((part.entries.len(), part.before), (ENTRIES_MAX, Some(6)));
    let rest = timeline(&history, "user-1", part.before, usize::MAX).await;
    assert_eq!((rest.entries.len(), rest.before), (5, None));
    store.stop();
}

#[tokio::test]
async fn a_history_too_long_for_one_read_is_read_in_several() {
    let dir = TempDir::new().unwrap();
    let store = Store::open(dir.path(), options(1_000));
    store.inlet.commit(vec![pushed(1, 1)]).await.unwrap();
    store.stop();
    let far = 1_i64 << 26;
    let connection = Connection::open(dir.path().join(FILE_NAME)).unwrap();
    let copy = "INSERT INTO history (seq, user_id, heard_at, source, event_id, outcome)
                SELECT ?1, user_id, heard_at, source, 'far', outcome FROM history";
    connection.execute(copy, [far]).unwrap();
    let history = History::open(dir.path()).unwrap();
    let mut part = timeline(&history, "user-1", None, 10).await;
    let (mut told, mut reads) = (events(&part.entries), 1);
    while part.before.is_some() {
        assert!(reads < 100);
        part = timeline(&history, "user-1", part.before, 10).await;
        told.extend(events(&part.entries));
        reads += 1;
    }
    assert_eq!(told, ["far", "event-1"]);
    assert!(reads > 3, "{reads}");
}

#[test]
fn the_index_is_used() {
    let dir = TempDir::new().unwrap();
    Store::open(dir.path(), options(1_000)).stop();
    let connection = Connection::open(dir.path().join(FILE_NAME)).unwrap();
    let plan = "EXPLAIN QUERY PLAN SELECT seq, statement FROM history
                WHERE seq >> 12 = ?1 AND user_id = ?2 AND seq < ?3 ORDER BY seq DESC LIMIT ?4";
    let mut plan = connection.prepare(plan).unwrap();
    let steps = plan.query_map((1, "u", 2, 3), |row| row.get(3)).unwrap();
    let steps: Vec<String> = steps.collect::<Result<_, _>>().unwrap();
    assert_eq!(steps, ["SEARCH history USING INDEX history_by_agent (<expr>=? AND user_id=? AND rowid<?)"]);
}

#[tokio::test]
async fn files_of_every_version_tell_what_they_kept() {
    for (version, sample) in (1..).zip(samples()) {
        let dir = written(&sample);
        let (_journal, _) = Journal::open(dir.path(), options(1_000), EPOCH).unwrap();
        let history = History::open(dir.path()).unwrap();

        let dan = timeline(&history, "user-dan", None, 10).await;
        assert_eq!(dan.kept_since, Some(Timestamp::from_millis(1_789_800_000_000)));
        let fates: Vec<Fate> = dan.entries.iter().map(|entry| entry.fate).collect();
        assert_eq!(fates, [Fate::Forgotten, Fate::Removed, Fate::Judged(Outcome::Applied)]);
        let rules: Vec<&str> = dan.entries.iter().map(Entry::rule).collect();
        assert_eq!(
            rules,
            [
                "gone for so long that the removal is forgotten",
                "a full listing did not name the agent",
                "new in the directory: the profile, or the agent",
            ]
        );

        let cyd = timeline(&history, "user-cyd", None, 1).await;
        assert_eq!(cyd.entries[0].rule(), "the platform says there is no such agent");

        let ada = timeline(&history, "user-ada", None, 10).await;
        let applied = ada.entries.iter().find(|entry| entry.revision == Some(Revision(6))).unwrap();
        assert_eq!(
            (applied.heard_at, applied.as_of, applied.source),
            (at(11), Some(at(10)), Source::Webhook)
        );
        assert!(applied.statement.routing_status.is_some());
        let kept = (version > 1).then_some(Ruling::Applied);
        assert_eq!(applied.rulings.of(Facet::RoutingStatus), kept, "version {version}");
        if version > 1 {
            let newest = &ada.entries[0];
            assert!(newest.statement.secondary_presence.is_some());
            let rulings: Vec<_> = newest.rulings.iter().collect();
            let expected = [(Facet::Presence, Ruling::NotPrimary), (Facet::RoutingStatus, Ruling::Older)];
            assert_eq!(
                (rulings.as_slice(), newest.rule()),
                (&expected[..], "not the primary presence source")
            );
        }
    }
}
