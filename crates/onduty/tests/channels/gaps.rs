//! A channel that is lost unannounced: who listened on it is read again, and nobody else.

use std::time::Duration;

use serde_json::{Value, json};

use crate::figures::Figures;
use crate::stage::{Cast, Stage, eventually};

/// More than one channel's topics.
const AGENTS: usize = 1_100;
const TOPICS_MAX: u64 = 1_000;
/// Agents in one reading by ids.
const BATCH: u64 = 100;

/// What it took to get over a loss.
struct Healing {
    channels_made: u64,
    sockets_opened: u64,
    /// Agents read again, and the requests for it.
    read: u64,
    changed: u64,
    readings: u64,
}

/// Loses the first of two channels in this way, while agents of both change.
async fn one_of_two_is_lost(order: Value, cause: &str) -> Healing {
    let stage = Stage::open(Cast { agents: AGENTS, ..Cast::default() }).await;
    stage.settled().await;
    let truth = stage.truth().await;
    let before = stage.figures().await;
    assert_eq!(before.platform("/sockets/open"), 2);
    let hit = stage.disconnect(order).await;
    assert_eq!(hit.as_object().unwrap().values().next().unwrap().as_array().unwrap().len(), 1, "{hit}");
    for agent in truth.as_array().unwrap().iter().step_by(20) {
        stage.turn(agent).await;
    }
    eventually("the loss is noticed", async || (stage.figures().await.losses(cause) > 0).then_some(())).await;
    stage.settled().await;
    stage.comes_to_show_the_truth().await;
    let after = stage.figures().await;
    assert_eq!((stage.channel().await.gaps, after.losses(cause)), (1, 1));
    assert_eq!(after.platform("/channels/topics"), before.platform("/channels/topics"));
    let first = stage.list().await.len() as u64 - TOPICS_MAX;
    let (changed, read) = after.read_again();
    let healing = Healing {
        channels_made: after.channels_made() - before.channels_made(),
        sockets_opened: after.platform("/sockets/opened") - before.platform("/sockets/opened"),
        read: read - before.read_again().1,
        changed: changed - before.read_again().0,
        readings: after.readings() - before.readings(),
    };
    assert!([TOPICS_MAX, first].contains(&healing.read), "one channel's agents, not {}", healing.read);
    assert_eq!(healing.readings, healing.read.div_ceil(BATCH), "and nobody else was asked for");
    stage.close().await;
    healing
}

/// Puts somebody who is not busy into a state that the wire falsifies; gives what was counted before.
async fn a_change_is_falsified(stage: &Stage, this: &'static str, that: &'static str) -> Figures {
    stage.settled().await;
    let (truth, before) = (stage.truth().await, stage.figures().await);
    let is_busy = |agent: &&Value| {
        agent["presence"]["systemPresence"].as_str().is_some_and(|name| name.eq_ignore_ascii_case("BUSY"))
    };
    let agent = truth.as_array().unwrap().iter().find(|agent| !is_busy(agent)).unwrap();
    stage.wire.falsify(this, that);
    stage.turn(agent).await;
    eventually("it could not be read", async || {
        stage.channel().await.detail.contains("1 events could not be read").then_some(())
    })
    .await;
    stage.wire.be_honest();
    stage.comes_to_show_the_truth().await;
    stage.settled().await;
    before
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_agent_whose_event_cannot_be_read_is_read_again_and_nobody_else() {
    let stage = Stage::open(Cast::default()).await;
    let before =
        a_change_is_falsified(&stage, r#""systemPresence":"BUSY""#, r#""systemPresence":123456"#).await;
    let after = stage.figures().await;
    assert_eq!(
        (after.read_again().0 - before.read_again().0, after.read_again().1 - before.read_again().1),
        (1, 1)
    );
    assert_eq!((stage.channel().await.gaps, after.readings() - before.readings()), (0, 1));
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn where_an_unreadable_event_does_not_even_tell_whose_it_is_everybody_of_the_channel_is_read_again() {
    let stage = Stage::open(Cast::default()).await;
    let before = a_change_is_falsified(&stage, r#""eventBody":{"id":"#, r#""eventBody":["id":"#).await;
    let after = stage.figures().await;
    assert_eq!(after.read_again().1 - before.read_again().1, after.covered("yes"));
    assert_eq!((stage.channel().await.gaps, after.platform("/sockets/opened")), (1, 1));
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_silent_socket_is_pinged_opened_again_on_its_channel_and_exactly_its_agents_are_read_again() {
    let healing = one_of_two_is_lost(json!({"halfOpen": 1}), "silent").await;
    assert_eq!((healing.channels_made, healing.sockets_opened), (0, 1));
    assert!(healing.changed > 0, "changes that went unheard were found");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_socket_that_is_cut_is_opened_again_on_its_channel_and_exactly_its_agents_are_read_again() {
    let healing = one_of_two_is_lost(json!({"sockets": 1}), "closed").await;
    assert_eq!((healing.channels_made, healing.sockets_opened), (0, 1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_expired_channel_is_replaced_with_all_its_topics_and_exactly_its_agents_are_read_again() {
    let healing = one_of_two_is_lost(json!({"expire": 1}), "closed").await;
    assert_eq!((healing.channels_made, healing.sockets_opened), (1, 1));
    assert!(healing.changed > 0, "changes that went unheard were found");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn silence_is_noticed_although_the_clock_is_set_back() {
    let stage = Stage::open(Cast::default()).await;
    stage.settled().await;
    let opened = stage.figures().await.platform("/sockets/opened");
    stage.set_back(Duration::from_secs(3_600));
    eventually("the socket is opened again", async || {
        (stage.figures().await.platform("/sockets/opened") > opened).then_some(())
    })
    .await;
    stage.disconnect(json!({"halfOpen": true})).await;
    eventually("the silence is noticed", async || (stage.figures().await.losses("silent") > 0).then_some(()))
        .await;
    let truth = stage.truth().await;
    stage.turn(&truth[1]).await;
    stage.comes_to_show_the_truth().await;
    assert_eq!(stage.figures().await.losses("clock-set-back"), 1);
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sockets_that_are_about_to_be_closed_together_are_all_replaced_before_without_a_gap() {
    // More channels than are replaced at once.
    let stage = Stage::open(Cast { agents: 4_200, ..Cast::default() }).await;
    stage.settled().await;
    let before = stage.figures().await;
    assert_eq!(before.platform("/sockets/open"), 5);
    stage.disconnect(json!({"closeSoon": true})).await;
    eventually("each is closed by one side or the other", async || {
        let now = stage.figures().await;
        let ended = now.platform("/sockets/ended/client") + now.platform("/sockets/ended/planned");
        (ended >= 5 && now.platform("/sockets/open") == 5).then_some(())
    })
    .await;
    let after = stage.figures().await;
    assert_eq!(after.platform("/sockets/ended/planned"), 0, "closed by us, before they were closed to us");
    assert_eq!((stage.channel().await.gaps, after.read_again()), (0, before.read_again()));
    stage.close().await;
}
