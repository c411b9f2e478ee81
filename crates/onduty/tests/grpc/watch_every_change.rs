//! `DELIVERY_EVERY_CHANGE`: each change, or an error that says where to go on.

use onduty_core::agent::SystemPresence;
use onduty_proto::v1::{Delivery, WatchAgentStatesRequest};
use tonic::Code;
use tonic_types::StatusExt as _;

use crate::follower::{Came, Follower, revision};
use crate::stage::{HISTORY_KEPT, NOW, Stage, logged_in};

fn every_change() -> WatchAgentStatesRequest {
    WatchAgentStatesRequest { delivery: Delivery::EveryChange.into(), ..Default::default() }
}

/// One agent changes so many times at once.
fn flip(stage: &Stage, from: i64, times: i64) {
    let flips = (from..from + times).map(|step| {
        let presence = if step % 2 == 0 { SystemPresence::Busy } else { SystemPresence::Meal };
        logged_in(1, presence, NOW + 1 + step)
    });
    stage.roster.take(&flips.collect::<Vec<_>>());
}

#[tokio::test]
async fn no_change_is_skipped_however_slow_the_consumer() {
    let stage = Stage::open().await;
    stage.roster.populate(0..3);
    let mut follower = Follower::follow(&stage, every_change()).await;
    assert_eq!(follower.came().await, Came::Page { last: true });
    let first = revision(&follower.cursor) + 1;
    flip(&stage, 0, 500);
    let last = stage.roster.snapshot().revision().0;
    follower.until(|follower| revision(&follower.cursor) == last).await;
    assert_eq!(follower.changes, (first..=last).collect::<Vec<_>>());
    // Cut and resumed, the next begins where this ended.
    flip(&stage, 500, 300);
    let mut follower = follower.resumed(&stage, every_change()).await;
    follower.until(|follower| revision(&follower.cursor) == last + 300).await;
    assert_eq!(follower.changes, (first..=last + 300).collect::<Vec<_>>());
}

#[tokio::test]
async fn changes_that_are_kept_no_longer_are_an_error_and_not_a_gap() {
    let stage = Stage::open().await;
    stage.roster.populate(0..3);
    let mut follower = Follower::follow(&stage, every_change()).await;
    follower.came().await;
    let kept = i64::try_from(HISTORY_KEPT).unwrap();
    for turn in 0..6 {
        flip(&stage, turn * kept, kept);
    }
    let request = WatchAgentStatesRequest { cursor: follower.cursor, ..every_change() };
    let mut resumed = Follower::follow(&stage, request).await;
    let expired = resumed.next().await.expect_err("no gap");
    assert_eq!(expired.code(), Code::OutOfRange);
    assert_eq!(expired.get_details_error_info().expect("error info").reason, "CURSOR_EXPIRED");
}

#[tokio::test]
async fn a_cursor_of_another_epoch_is_an_error_and_not_a_gap() {
    let stage = Stage::open().await;
    let request = WatchAgentStatesRequest { cursor: "c1-bad-1".into(), ..every_change() };
    let expired = Follower::follow(&stage, request).await.next().await.expect_err("no gap");
    assert_eq!(expired.code(), Code::OutOfRange);
    let info = expired.get_details_error_info().expect("error info");
    assert_eq!((&*info.reason, &*info.metadata["cause"]), ("CURSOR_EXPIRED", "epoch_changed"));
}

#[tokio::test]
async fn a_consumer_too_far_behind_is_told_where_to_resume() {
    let stage = Stage::open().await;
    stage.roster.populate(0..3);
    let mut follower = Follower::follow(&stage, every_change()).await;
    follower.came().await;
    flip(&stage, 0, 100_001);
    let slow = follower.next().await.expect_err("too slow");
    assert_eq!(slow.code(), Code::ResourceExhausted);
    let info = slow.get_details_error_info().expect("error info");
    assert_eq!((&*info.reason, &info.metadata["cursor"]), ("CONSUMER_TOO_SLOW", &follower.cursor));
}
