//! Resuming a watch: exactly what was missed, or a reset and a fresh snapshot.

use std::time::Duration;

use onduty_core::agent::SystemPresence;
use onduty_core::roster::TOMBSTONE_LIFE;
use onduty_proto::v1::{ResetReason, WatchAgentStatesRequest};

use crate::follower::{Came, Follower};
use crate::stage::{NOW, Stage, heard_at, id, logged_in};

fn everyone() -> WatchAgentStatesRequest {
    WatchAgentStatesRequest::default()
}

#[tokio::test]
async fn a_watch_cut_and_resumed_ten_times_holds_what_an_uncut_one_holds() {
    let stage = Stage::open().await;
    stage.roster.populate(0..50);
    let mut uncut = Follower::follow(&stage, everyone()).await;
    let mut cut = Follower::follow(&stage, everyone()).await;
    cut.until(|follower| follower.replica.len() == 50).await;
    for round in 0..10_usize {
        stage.roster.pick(round, SystemPresence::Busy, NOW + 1 + round as i64);
        cut.until_equal(&stage.roster.truth()).await;
        stage.roster.pick(round * 2 + 20, SystemPresence::Meal, NOW + 100 + round as i64);
        stage.roster.populate(50 + round..51 + round);
        cut = cut.resumed(&stage, everyone()).await;
        assert_eq!(cut.came().await, Came::Changes, "resuming begins with what was missed");
    }
    let truth = stage.roster.truth();
    cut.until_equal(&truth).await;
    uncut.until_equal(&truth).await;
}

#[tokio::test]
async fn a_cursor_of_another_epoch_is_reset_and_a_snapshot_follows_in_the_same_stream() {
    let stage = Stage::open().await;
    stage.roster.populate(0..3);
    for foreign in ["c1-0000000000000bad-1", "c1-0000000000000001-ffff"] {
        let request = WatchAgentStatesRequest { cursor: foreign.to_owned(), ..everyone() };
        let mut follower = Follower::follow(&stage, request).await;
        assert_eq!(follower.came().await, Came::Reset(ResetReason::EpochChanged));
        assert_eq!(follower.came().await, Came::Page { last: true });
        assert_eq!(follower.replica, stage.roster.truth());
        stage.roster.pick(1, SystemPresence::Busy, NOW + 1);
        follower.until_equal(&stage.roster.truth()).await;
    }
}

#[tokio::test]
async fn a_cursor_older_than_the_tombstones_is_reset() {
    let stage = Stage::open().await;
    stage.roster.populate(0..3);
    let mut old = Follower::follow(&stage, everyone()).await;
    old.came().await;
    let left = Duration::from_secs(60);
    stage.roster.everybody_left(left);
    let back = NOW + 2 * i64::try_from((left + TOMBSTONE_LIFE).as_millis()).unwrap();
    stage.roster.everybody_left(left + TOMBSTONE_LIFE + left);
    stage.roster.take(&[heard_at(back, logged_in(7, SystemPresence::Busy, NOW))]);
    let mut old = old.resumed(&stage, everyone()).await;
    assert_eq!(old.came().await, Came::Reset(ResetReason::CursorExpired));
    old.until_equal(&stage.roster.truth()).await;
    assert_eq!(old.replica.keys().collect::<Vec<_>>(), [&id(7)]);
}
