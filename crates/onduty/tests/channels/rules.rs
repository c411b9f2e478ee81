//! What the platform says about a channel, and what is to be done about it (facts 11.4), on one channel.

use std::time::Duration;

use reqwest::Method;
use serde_json::json;

use crate::figures::Figures;
use crate::stage::{Cast, Stage, diagnosis, eventually};

const SECOND: Duration = Duration::from_secs(1);
/// Nobody is bothered again before, whatever the jitter: half of the minute that both rules give.
const BACK_OFF: Duration = Duration::from_secs(30);
const SUBSCRIPTIONS: &str = "/api/v2/notifications/channels/{channelId}/subscriptions";

/// Lets the sidecar's time pass, a second for every look, until this is so; gives how much passed.
async fn time_until(stage: &Stage, what: &str, so: impl Fn(&Figures) -> bool) -> Duration {
    let mut passed = Duration::ZERO;
    eventually(what, async || {
        if so(&stage.figures().await) {
            return Some(());
        }
        stage.pass(SECOND);
        passed += SECOND;
        None
    })
    .await;
    passed
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_channel_that_the_platform_knows_no_more_is_replaced_although_its_socket_answers() {
    let stage = Stage::open(Cast::default()).await;
    stage.settled().await;
    let (truth, before) = (stage.truth().await, stage.figures().await);
    stage.disconnect(json!({"forget": true})).await;
    stage.turn(&truth[1]).await;
    // Asked for every five minutes.
    stage.pass(300 * SECOND);
    eventually("it is replaced", async || {
        (stage.figures().await.channels_made() > before.channels_made()).then_some(())
    })
    .await;
    stage.settled().await;
    stage.comes_to_show_the_truth().await;
    let after = stage.figures().await;
    assert_eq!((after.channels_made() - before.channels_made(), after.losses("gone")), (1, 1));
    assert!(after.subscriptions() > before.subscriptions() + 1, "asked for, and put");
    assert_eq!(after.read_again().1 - before.read_again().1, after.covered("yes"), "all of them");
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_channel_that_is_taken_over_raises_the_alarm_and_is_not_fought_for() {
    let stage = Stage::open(Cast::default()).await;
    stage.settled().await;
    let before = stage.figures().await;
    stage.disconnect(json!({"takeover": true})).await;
    eventually("it is noticed", async || (stage.figures().await.losses("taken-over") > 0).then_some(()))
        .await;
    let (reason, found) = diagnosis(&stage).await;
    assert_eq!(reason, "CHANNEL_LOST", "{found}");
    assert!(stage.channel().await.detail.contains("taken-over"), "{:?}", stage.channel().await);
    assert_eq!(stage.list().await.len() as u64, before.covered("yes"), "states are served");
    let peace = time_until(&stage, "another try", |now| now.channels_made() > before.channels_made()).await;
    assert!(peace >= BACK_OFF, "no new channel before, but after {peace:?}");

    stage.settled().await;
    assert_eq!(stage.figures().await.channels_made() - before.channels_made(), 1);
    let (reason, found) = diagnosis(&stage).await;
    assert_eq!(reason, "CHANNEL_LOST", "whoever it was is remembered for an hour: {found}");
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_channel_that_lives_on_without_its_topics_is_found_out_although_nobody_was_told_and_not_fought_for()
{
    let stage = Stage::open(Cast::default()).await;
    stage.settled().await;
    let before = stage.figures().await;
    stage.wire.falsify("v2.system.no_longer_subscribed", "v2.system.xx_xxxxxx_xxxxxxxxxx");
    stage.disconnect(json!({"takeover": true})).await;
    stage.pass(300 * SECOND);
    eventually("it is found out", async || (stage.figures().await.losses("taken-over") > 0).then_some(()))
        .await;
    stage.wire.be_honest();
    let (reason, found) = diagnosis(&stage).await;
    assert_eq!(reason, "CHANNEL_LOST", "{found}");
    let peace = time_until(&stage, "another try", |now| now.channels_made() > before.channels_made()).await;
    assert!(peace >= BACK_OFF, "no new channel before, but after {peace:?}");
    stage.settled().await;
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_topic_that_is_taken_from_a_channel_is_put_again_at_once_and_its_agent_read() {
    let stage = Stage::open(Cast::default()).await;
    stage.settled().await;
    let (before, truth) = (stage.figures().await, stage.truth().await);
    let user_id = truth[1]["userId"].as_str().unwrap();
    // Not told of it before the agent changed: otherwise the topic may be back by then.
    stage.wire.falsify("v2.subscription.updated", "channel.metadata.xxxxxx");
    stage.lose_topic(user_id).await;
    eventually("it is taken, untold", async || (stage.wire.falsified() > 0).then_some(())).await;
    stage.turn(&truth[1]).await;
    stage.wire.be_honest();
    stage.lose_topic(user_id).await;
    stage.comes_to_show_the_truth().await;
    stage.settled().await;
    let after = stage.figures().await;
    assert_eq!((after.channels_made(), stage.channel().await.gaps), (1, 1));
    assert_eq!(after.read_again().1 - before.read_again().1, 1, "and nobody else");
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn topics_are_put_again_before_the_channel_ends_and_there_is_no_gap() {
    let faults = json!({"channel_ttl": 8});
    let stage = Stage::open(Cast { faults, ..Cast::default() }).await;
    stage.settled().await;
    let before = stage.figures().await;
    eventually("it has outlived itself", async || {
        (stage.figures().await.subscriptions() >= before.subscriptions() + 3).then_some(())
    })
    .await;
    let (after, channel) = (stage.figures().await, stage.channel().await);
    assert_eq!((after.channels_made(), after.platform("/sockets/opened"), channel.gaps), (1, 1, 0));
    assert_eq!(after.read_again(), before.read_again());
    stage.close().await;
}

/// Refused with this status; which may be asked again so often at once.
async fn a_refused_subscription_is_left_alone(status: u16, tries: u64) {
    let trouble =
        json!({"http_error_p": 1, "http_error_status": status, "http_trouble_routes": [SUBSCRIPTIONS]});
    let stage = Stage::open(Cast { faults: trouble, ..Cast::default() }).await;
    eventually("it is refused", async || stage.channel().await.detail.contains("refused").then_some(()))
        .await;
    let refused = stage.figures().await;
    assert_eq!(refused.channels_made(), 1);
    assert!(refused.subscriptions() <= tries, "{}", refused.subscriptions());
    let peace = time_until(&stage, "another try", |now| now.channels_made() > 1).await;
    assert!(peace >= BACK_OFF, "not tried again before, but after {peace:?}");

    stage.switch(json!({"http_error_p": 0})).await;
    time_until(&stage, "it is granted", |now| now.covered("yes") > 0).await;
    stage.settled().await;
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_subscription_that_is_refused_is_not_tried_again_blindly() {
    // Once more with a new token.
    a_refused_subscription_is_left_alone(401, 2).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_subscription_that_is_forbidden_is_not_tried_again_blindly() {
    a_refused_subscription_is_left_alone(403, 1).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_channel_whose_topics_could_not_be_put_at_first_is_tried_again_and_no_other_is_made() {
    let trouble =
        json!({"http_error_p": 1, "http_error_status": 503, "http_trouble_routes": [SUBSCRIPTIONS]});
    let stage = Stage::open(Cast { faults: trouble, ..Cast::default() }).await;
    time_until(&stage, "it was tried twice", |now| now.platform("/sockets/opened") >= 2).await;
    stage.switch(json!({"http_error_p": 0})).await;
    time_until(&stage, "it is granted", |now| now.covered("yes") > 0).await;
    stage.settled().await;
    assert_eq!(stage.figures().await.channels_made(), 1);
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn new_topics_that_a_living_channel_is_refused_are_told_left_alone_and_cost_the_others_nothing() {
    let stage = Stage::open(Cast { settings: &[("sync.sweep_interval", "1s")], ..Cast::default() }).await;
    stage.settled().await;
    let truth = stage.truth().await;
    stage
        .switch(json!({"http_error_p": 1, "http_error_status": 403, "http_trouble_routes": [SUBSCRIPTIONS]}))
        .await;
    stage.control(Method::POST, "agents", json!({"count": 3})).await;
    eventually("it is told", async || {
        let (figures, channel) = (stage.figures().await, stage.channel().await);
        let is_told = channel.detail.contains("topics could not be put") && channel.detail.contains("403");
        (is_told && figures.covered("no") == 3).then_some(())
    })
    .await;
    let refused = stage.figures().await;
    stage.turn(&truth[1]).await;
    eventually("the others are heard", async || {
        (stage.figures().await.applied("channel") > refused.applied("channel")).then_some(())
    })
    .await;
    let peace = time_until(&stage, "another try", |now| now.subscriptions() > refused.subscriptions()).await;
    assert!(peace >= BACK_OFF, "not tried again before, but after {peace:?}");
    stage.switch(json!({"http_error_p": 0})).await;
    time_until(&stage, "it is granted", |now| now.covered("no") == 0).await;
    assert!(!stage.channel().await.detail.contains("could not be put"), "{:?}", stage.channel().await);
    assert_eq!((stage.figures().await.channels_made(), stage.channel().await.gaps), (1, 0));
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_socket_without_heartbeats_that_answers_pings_stays_and_vouches() {
    let stage = Stage::open(Cast { faults: json!({"heartbeat_stop": true}), ..Cast::default() }).await;
    stage.settled().await;
    // Four heartbeats are missing now.
    let heard_until = stage.now().after(110 * SECOND);
    stage.pass(120 * SECOND);
    eventually("pongs alone are signs of life", async || {
        let vouched_until = stage.channel().await.last_mark_at.unwrap_or_default().seconds;
        (vouched_until * 1_000 >= heard_until.as_millis()).then_some(())
    })
    .await;
    let figures = stage.figures().await;
    assert_eq!((stage.channel().await.gaps, figures.platform("/sockets/opened")), (0, 1));
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_socket_that_is_closed_time_and_again_is_opened_ever_more_rarely() {
    let (faults, settings) = (json!({"close_1001": 1}), &[("sync.channel_ping", "60s")]);
    let stage = Stage::open(Cast { faults, settings, ..Cast::default() }).await;
    let opened = async || {
        let now = stage.figures().await;
        (now.platform("/sockets/opened"), now.platform("/sockets/open"))
    };
    // Time passes for a closed one only: each is closed before its first ping, and has said something until then.
    eventually("it was opened six times, and closed", async || match opened().await {
        (6.., 0) => Some(()),
        (_, 0) => {
            stage.pass(SECOND);
            None
        }
        _ => None,
    })
    .await;
    let (before, closed_at) = (opened().await.0, stage.now());
    eventually("it is opened again", async || {
        // In small steps: opening takes some looks, too.
        stage.pass(SECOND / 10);
        (opened().await.0 > before).then_some(())
    })
    .await;
    let peace = stage.now().since(closed_at);
    assert!(peace >= 4 * SECOND, "{peace:?} after the sixth");
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_socket_that_is_about_to_be_closed_is_replaced_before_without_a_gap() {
    let stage = Stage::open(Cast { rate: 50.0, ..Cast::default() }).await;
    stage.settled().await;
    let before = stage.figures().await;
    stage.play().await;
    stage.disconnect(json!({"closeSoon": true})).await;
    eventually("two are open", async || (stage.figures().await.platform("/sockets/open") == 2).then_some(()))
        .await;
    stage.pass(10 * SECOND);
    eventually("one is left", async || (stage.figures().await.platform("/sockets/open") == 1).then_some(()))
        .await;
    stage.pause().await;
    stage.comes_to_show_the_truth().await;
    let after = stage.figures().await;
    assert_eq!(after.platform("/sockets/ended/client"), 1, "closed by us");
    assert_eq!(after.platform("/sockets/ended/planned"), 0, "before it was closed to us");
    assert_eq!(stage.channel().await.gaps, 0);
    assert_eq!(after.read_again(), before.read_again(), "nobody had to be read");
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_revoked_token_is_renewed_and_the_channel_replaced_and_healed() {
    let stage = Stage::open(Cast::default()).await;
    stage.settled().await;
    let (truth, before) = (stage.truth().await, stage.figures().await);
    stage.disconnect(json!({"revoke": true})).await;
    stage.turn(&truth[1]).await;
    eventually("it is noticed", async || (stage.figures().await.losses("token-revoked") > 0).then_some(()))
        .await;
    stage.settled().await;
    stage.comes_to_show_the_truth().await;
    let after = stage.figures().await;
    assert_eq!(after.channels_made() - before.channels_made(), 1);
    assert_eq!(after.read_again().1 - before.read_again().1, after.covered("yes"));
    stage.close().await;
}
