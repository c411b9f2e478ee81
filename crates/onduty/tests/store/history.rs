//! Every change is told, in order and without a gap, or the reader is told that it came too late.

use onduty::history::{CHANGES_MAX, History, HistoryError};
use onduty_core::cursor::Revision;
use tempfile::TempDir;

use super::{Store, options, pushed};

#[tokio::test]
async fn every_change_is_told_also_those_that_a_newer_one_hides() {
    let dir = TempDir::new().unwrap();
    let store = Store::open(dir.path(), options(100_000));
    let history = History::open(dir.path()).unwrap();
    assert_eq!(history.changes_after(Revision(0), 10).await.unwrap().len(), 0);
    for event in 1..=30 {
        store.inlet.commit(vec![pushed(event % 2, event), pushed(event % 2, event)]).await.unwrap();
    }
    let changes = history.changes_after(Revision(10), 15).await.unwrap();
    let told: Vec<_> = changes.iter().map(|row| (row.revision.0, row.name().unwrap().to_owned())).collect();
    assert_eq!(told, (11..=25).map(|n| (n, format!("Ada {n}"))).collect::<Vec<_>>());
    assert_eq!(history.changes_after(Revision(30), 15).await.unwrap().len(), 0);
    store.stop();
}

#[tokio::test]
async fn a_reader_that_comes_too_late_is_told_so() {
    let dir = TempDir::new().unwrap();
    let store = Store::open(dir.path(), options(50));
    let history = History::open(dir.path()).unwrap();
    for event in 1..=200 {
        store.inlet.commit(vec![pushed(event % 5, event)]).await.unwrap();
    }
    let oldest = history.oldest_revision().await.unwrap();
    assert!(oldest > Revision(100), "{oldest}");
    let changes = history.changes_after(oldest, CHANGES_MAX).await.unwrap();
    assert_eq!(changes.first().map(|row| row.revision), Some(oldest.next()));
    assert_eq!(changes.last().map(|row| row.revision), Some(store.view.snapshot().revision()));
    let late = history.changes_after(Revision(oldest.0 - 1), 1).await.unwrap_err();
    assert!(matches!(late, HistoryError::Expired { oldest: kept } if kept == oldest), "{late}");
    store.stop();
}

#[tokio::test]
async fn one_read_is_bounded_whatever_is_asked_for() {
    let dir = TempDir::new().unwrap();
    let store = Store::open(dir.path(), options(100_000));
    let events = 1..=CHANGES_MAX as u64 + 5;
    store.inlet.commit(events.map(|event| pushed(event, event)).collect()).await.unwrap();
    let history = History::open(dir.path()).unwrap();
    assert_eq!(history.changes_after(Revision(0), usize::MAX).await.unwrap().len(), CHANGES_MAX);
    store.stop();
}
