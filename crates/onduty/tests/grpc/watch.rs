//! `WatchAgentStates`: a snapshot and then changes, filters, signs of life, slow consumers.

use std::sync::Arc;

use onduty_core::agent::{Presence, SystemPresence};
use onduty_core::definition::{Definition, Definitions};
use onduty_core::observation::{Clock as Stamp, Input, Said, Statement};
use onduty_core::time::Timestamp;
use onduty_proto::v1::get_agent_state_request::Id;
use onduty_proto::v1::{
    AgentFilter, GetAgentStateRequest, ResetReason, SystemPresence as Shown, WatchAgentStatesRequest,
};
use tonic::Code;
use tonic_types::StatusExt as _;

use crate::follower::{Came, Follower, revision};
use crate::stage::{NOW, PATIENCE, Stage, id, limits, said, within};

fn everyone() -> WatchAgentStatesRequest {
    WatchAgentStatesRequest::default()
}

fn often() -> WatchAgentStatesRequest {
    let interval = prost_types::Duration { seconds: 0, nanos: 100_000_000 };
    WatchAgentStatesRequest { progress_interval: Some(interval), ..everyone() }
}

#[tokio::test]
async fn an_empty_roster_is_a_whole_snapshot() {
    let stage = Stage::open().await;
    let mut follower = Follower::follow(&stage, everyone()).await;
    assert_eq!(follower.came().await, Came::Page { last: true });
    assert!(follower.replica.is_empty() && !follower.cursor.is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn there_is_no_gap_between_the_snapshot_and_the_changes_while_agents_move() {
    let stage = Stage::open().await;
    stage.roster.populate(0..2_000);
    let roster = stage.roster.clone();
    let mover = tokio::task::spawn_blocking(move || {
        for step in 0..300 {
            let presence = if step % 2 == 0 { SystemPresence::Busy } else { SystemPresence::Meal };
            roster.pick(step * 7 % 2_000, presence, NOW + 1 + step as i64);
        }
    });
    let mut followers = Vec::new();
    for _ in 0..4 {
        followers.push(Follower::follow(&stage, everyone()).await);
    }
    for follower in &mut followers {
        follower.until(|follower| !follower.replica.is_empty()).await;
    }
    mover.await.expect("moved");
    let truth = stage.roster.truth();
    for follower in &mut followers {
        follower.until_equal(&truth).await;
    }
}

#[tokio::test]
async fn a_slow_consumer_is_told_the_newest_state_of_each_agent_only() {
    let stage = Stage::open().await;
    stage.roster.populate(0..10);
    let mut follower = Follower::follow(&stage, everyone()).await;
    follower.came().await;
    let before = stage.roster.snapshot().revision().0;
    let flips = (0..5_000).map(|step| {
        let presence = if step % 2 == 0 { SystemPresence::Busy } else { SystemPresence::Meal };
        crate::stage::logged_in(3, presence, NOW + 1 + step)
    });
    stage.roster.take(&flips.collect::<Vec<_>>());
    follower.came().await;
    assert_eq!(follower.changes, [before + 5_000]);
    assert_eq!(follower.replica, stage.roster.truth());
}

#[tokio::test]
async fn an_agent_that_left_is_removed() {
    let stage = Stage::open().await;
    stage.roster.populate(0..3);
    let mut follower = Follower::follow(&stage, everyone()).await;
    follower.came().await;
    stage.roster.everybody_left(PATIENCE);
    follower.until(|follower| follower.replica.is_empty()).await;
    assert_eq!(follower.removed, [id(0), id(1), id(2)]);
}

#[tokio::test]
async fn an_agent_that_no_longer_matches_is_removed_and_one_that_does_again_comes_back() {
    let stage = Stage::open().await;
    stage.roster.populate(0..3);
    let busy = AgentFilter { presences: vec![Shown::Busy.into()], ..Default::default() };
    let mut follower =
        Follower::follow(&stage, WatchAgentStatesRequest { filter: Some(busy), ..everyone() }).await;
    assert_eq!(follower.came().await, Came::Page { last: true });
    assert!(follower.replica.is_empty());
    for (presence, at, held) in
        [(SystemPresence::Busy, 1, 1), (SystemPresence::Meal, 2, 0), (SystemPresence::Busy, 3, 1)]
    {
        stage.roster.pick(1, presence, NOW + at);
        follower.until(|follower| follower.replica.len() == held).await;
    }
    assert_eq!(follower.removed, [id(1)]);
}

#[tokio::test]
async fn those_who_are_watched_by_id_are_told_and_nobody_else_is_mentioned() {
    let stage = Stage::open().await;
    stage.roster.populate(0..5);
    let agent_ids = vec![id(1), id(4)];
    let mut follower = Follower::follow(&stage, WatchAgentStatesRequest { agent_ids, ..often() }).await;
    follower.came().await;
    assert_eq!(follower.replica.keys().collect::<Vec<_>>(), [&id(1), &id(4)]);
    stage.roster.pick(2, SystemPresence::Busy, NOW + 1);
    let hidden = stage.roster.snapshot().revision().0;
    assert_eq!(follower.came().await, Came::Progress);
    // The cursor moves on over what a filter hides; a first sign of life may have been on its way already.
    follower.until(|follower| revision(&follower.cursor) == hidden).await;
    stage.roster.pick(4, SystemPresence::Busy, NOW + 2);
    follower.until(|follower| follower.changes == [hidden + 1]).await;
    assert!(follower.removed.is_empty());
}

#[tokio::test]
async fn an_id_in_capitals_is_watched_as_the_id_that_it_is() {
    let stage = Stage::open().await;
    stage.roster.populate(0..12);
    let agent_ids = vec![id(10).to_ascii_uppercase()];
    let mut follower = Follower::follow(&stage, WatchAgentStatesRequest { agent_ids, ..often() }).await;
    assert_eq!(follower.came().await, Came::Page { last: true });
    assert_eq!(follower.replica.keys().collect::<Vec<_>>(), [&id(10)]);
}

#[tokio::test]
async fn a_quiet_watch_shows_signs_of_life() {
    let stage = Stage::open().await;
    let mut follower = Follower::follow(&stage, often()).await;
    assert_eq!(follower.came().await, Came::Page { last: true });
    for _ in 0..3 {
        assert_eq!(follower.came().await, Came::Progress);
    }
}

#[tokio::test]
async fn a_drain_ends_the_watch_with_a_cursor_to_resume_from() {
    let stage = Stage::open().await;
    stage.roster.populate(0..3);
    let mut follower = Follower::follow(&stage, everyone()).await;
    follower.came().await;
    let whole = follower.cursor.clone();
    stage.drain.cancel();
    assert_eq!(follower.came().await, Came::Reset(ResetReason::Draining));
    assert_eq!(follower.cursor, whole);
    assert_eq!(follower.next().await.expect("a clean end"), None);
    let mut late = Follower::follow(&stage, everyone()).await;
    assert_eq!(late.came().await, Came::Reset(ResetReason::Draining));
    assert_eq!(late.cursor, "", "a replica that is not whole is begun again");
}

#[tokio::test]
async fn a_watch_ends_when_its_caller_said_so() {
    let stage = Stage::open().await;
    let mut request = tonic::Request::new(everyone());
    request.set_timeout(std::time::Duration::from_millis(300));
    let mut stream = within(stage.client().watch_agent_states(request)).await.expect("a watch").into_inner();
    let ended = within(async {
        loop {
            match stream.message().await {
                Ok(Some(_)) => {}
                ended => return ended,
            }
        }
    });
    let status = ended.await.expect_err("cut by the deadline");
    // The client's own timer may be the first to notice.
    assert!(matches!(status.code(), Code::DeadlineExceeded | Code::Cancelled), "{status}");
}

#[tokio::test]
async fn what_can_t_be_watched_is_refused_by_field() {
    let stage = Stage::open().await;
    let request = WatchAgentStatesRequest { cursor: "last tuesday".into(), ..everyone() };
    let refused = within(stage.client().watch_agent_states(request)).await.expect_err("no cursor of ours");
    assert_eq!(refused.code(), Code::InvalidArgument);
    let violations = refused.get_details_bad_request().expect("violations").field_violations;
    assert_eq!(violations[0].field, "cursor");
}

#[tokio::test]
async fn there_is_room_for_so_many_watches_and_closing_one_makes_room() {
    let mut few = limits();
    few.watches = 2;
    let stage = Stage::with(few, |_, _| None).await;
    let one = Follower::follow(&stage, everyone()).await;
    let _two = Follower::follow(&stage, everyone()).await;
    let refused = within(stage.client().watch_agent_states(everyone())).await.expect_err("no room");
    assert_eq!(refused.code(), Code::ResourceExhausted);
    assert_eq!(refused.get_details_error_info().expect("error info").reason, "TOO_MANY_WATCHES");
    drop(one);
    within(async { while stage.client().watch_agent_states(everyone()).await.is_err() {} }).await;
}

#[tokio::test]
async fn a_label_that_changes_is_a_change_that_watches_see() {
    let stage = Stage::open().await;
    stage.roster.populate(0..1);
    let presence =
        Presence { system: SystemPresence::Break, definition_id: Some("p1".into()), message: "".into() };
    let clock = Some(Stamp::at(Timestamp::from_millis(NOW + 1)));
    let presence = Some(Said { value: presence, clock });
    stage.roster.take(&[said(&id(1), Statement { presence, ..Statement::default() })]);
    let mut follower = Follower::follow(&stage, everyone()).await;
    follower.until(|follower| follower.replica.len() == 2).await;
    for (read_at, label) in [(NOW + 2, "Coffee"), (NOW + 3, "Tea"), (NOW + 4, "")] {
        let labels = [("en_US".into(), label.into())].into();
        let by_id = [("p1".into(), Definition { labels, ..Definition::default() })].into();
        let (read_at, locale) = (Timestamp::from_millis(read_at), "en_US".into());
        stage.roster.take(&[Input::Definitions(Arc::new(Definitions { read_at, locale, by_id }))]);
        let truth = stage.roster.truth();
        follower.until_equal(&truth).await;
        let mut client = stage.client();
        let request = GetAgentStateRequest { id: Some(Id::AgentId(id(1))), max_staleness: None };
        let told = client.get_agent_state(request).await.unwrap().into_inner().agent_state.unwrap();
        assert_eq!(told.presence.unwrap().label, label);
    }
}
