//! Who is covered and who is not, and what a mark is worth.

use std::time::Duration;

use onduty_client::proto::AgentState;
use onduty_core::time::Timestamp;
use reqwest::Method;
use serde_json::{Value, json};

use crate::stage::{Cast, Stage, confirmed_at, diagnosis, eventually};

/// Somebody whose presence has a clock, or never had one; and who does not move.
async fn somebody(stage: &Stage, has_clock: bool) -> String {
    let list = stage.list().await;
    let is_like_that =
        |agent: &AgentState| agent.presence.as_ref().is_some_and(|is| is.since.is_some() == has_clock);
    list.into_iter().find(is_like_that).unwrap().user_id
}

async fn confirmed(stage: &Stage, user_id: &str) -> Timestamp {
    let list = stage.list().await;
    confirmed_at(list.iter().find(|agent| agent.user_id == user_id).unwrap())
}

/// Until the platform has said so: not to be covered yet counts alike.
async fn every_topic_is_refused(stage: &Stage) {
    eventually("every topic is refused", async || {
        let (figures, all) = (stage.figures().await, stage.list().await.len() as u64);
        let is_told = stage.channel().await.detail.contains(&format!("{all} topics rejected"));
        (is_told && figures.covered("no") == all).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn topics_follow_who_is_hired_and_who_leaves() {
    let stage = Stage::open(Cast { settings: &[("sync.sweep_interval", "1s")], ..Cast::default() }).await;
    stage.settled().await;
    let before = stage.figures().await.platform("/channels/topics");
    let hired = stage.control(Method::POST, "agents", json!({"count": 3})).await;
    eventually("newcomers have topics", async || {
        (stage.figures().await.platform("/channels/topics") == before + 3).then_some(())
    })
    .await;
    let swept = stage.figures().await;
    stage.turn(&hired[0]).await;
    eventually("a newcomer's change is heard", async || {
        (stage.figures().await.applied("channel") > swept.applied("channel")).then_some(())
    })
    .await;
    for agent in hired.as_array().unwrap() {
        let id = agent["userId"].as_str().unwrap();
        stage.control(Method::POST, &format!("agents/{id}/account"), json!({"state": "deleted"})).await;
    }
    eventually("who left has none", async || {
        (stage.figures().await.platform("/channels/topics") == before).then_some(())
    })
    .await;
    let after = stage.figures().await;
    assert_eq!((after.channels_made(), stage.channel().await.gaps), (1, 0), "and the channel stayed");
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_channel_that_nobody_needs_any_more_is_given_up_and_counts_no_longer() {
    let settings = &[("sync.sweep_interval", "1s")];
    let stage = Stage::open(Cast { agents: 1_100, settings, ..Cast::default() }).await;
    stage.settled().await;
    assert!(stage.channel().await.detail.starts_with("2 of 2 channels"), "{:?}", stage.channel().await);
    let truth = stage.truth().await;
    for agent in truth.as_array().unwrap().iter().take(400) {
        let id = agent["userId"].as_str().unwrap();
        stage.control(Method::POST, &format!("agents/{id}/account"), json!({"state": "deleted"})).await;
    }
    eventually("one channel holds everybody", async || {
        let detail = stage.channel().await.detail;
        assert!(!detail.starts_with("2 of 1 channels"), "{detail}");
        detail.starts_with("1 of 1 channels").then_some(())
    })
    .await;
    stage.settled().await;
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_moves_to_another_channel_is_heard_on_the_old_one_until_the_new_one_has_the_topic() {
    let settings = &[("sync.sweep_interval", "1s")];
    let stage = Stage::open(Cast { agents: 1_100, settings, ..Cast::default() }).await;
    stage.settled().await;
    let route = "/api/v2/notifications/channels/{channelId}/subscriptions";
    let trouble = json!({"http_error_p": 1, "http_error_status": 500, "http_trouble_routes": [route]});
    stage.switch(trouble).await;
    let truth = stage.truth().await;
    // Channels are filled in order of the ids, so that whoever has the last one is on the second.
    let mut all: Vec<&Value> = truth.as_array().unwrap().iter().collect();
    all.sort_by_key(|agent| agent["userId"].as_str());
    let moving = all.pop().unwrap();
    for agent in all.into_iter().take(400) {
        let id = agent["userId"].as_str().unwrap();
        stage.control(Method::POST, &format!("agents/{id}/account"), json!({"state": "deleted"})).await;
    }
    eventually("one channel is to hold everybody", async || {
        stage.channel().await.detail.starts_with("1 of 1 channels").then_some(())
    })
    .await;
    let before = stage.figures().await;
    assert_eq!(before.platform("/sockets/open"), 2, "the other one is listened to for a while");
    stage.turn(moving).await;
    eventually("the change is heard", async || {
        (stage.figures().await.applied("channel") > before.applied("channel")).then_some(())
    })
    .await;
    stage.switch(json!({"http_error_p": 0})).await;
    eventually("who moved has a topic there", async || {
        stage.pass(Duration::from_secs(1));
        let now = stage.figures().await;
        (now.covered("yes") == stage.list().await.len() as u64).then_some(())
    })
    .await;
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn topics_that_cannot_be_put_when_somebody_leaves_are_put_later() {
    let stage = Stage::open(Cast { settings: &[("sync.sweep_interval", "1s")], ..Cast::default() }).await;
    stage.settled().await;
    let before = stage.figures().await;
    let route = "/api/v2/notifications/channels/{channelId}/subscriptions";
    let trouble = json!({"http_error_p": 1, "http_error_status": 500, "http_trouble_routes": [route]});
    stage.switch(trouble).await;
    let leaver = stage.truth().await[1]["userId"].as_str().unwrap().to_owned();
    stage.control(Method::POST, &format!("agents/{leaver}/account"), json!({"state": "deleted"})).await;
    eventually("it was tried in vain", async || {
        stage.pass(Duration::from_secs(1));
        (stage.figures().await.subscriptions() >= before.subscriptions() + 8).then_some(())
    })
    .await;
    stage.switch(json!({"http_error_p": 0})).await;
    eventually("who left has no topic", async || {
        stage.pass(Duration::from_secs(1));
        let now = stage.figures().await;
        (now.platform("/channels/topics") == before.platform("/channels/topics") - 1).then_some(())
    })
    .await;
    stage.settled().await;
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_is_beyond_the_topics_is_counted_named_and_covered_by_listings() {
    let settings = &[("sync.channels_max", "1"), ("sync.sweep_interval", "2s")];
    let stage = Stage::open(Cast { agents: 1_100, settings, ..Cast::default() }).await;
    let beyond = eventually("it is counted who is beyond", async || {
        let figures = stage.figures().await;
        Some(figures.covered("no")).filter(|no| *no > 0 && figures.covered("yes") == 1_000)
    })
    .await;
    assert_eq!(beyond + 1_000, stage.list().await.len() as u64);
    let detail = stage.channel().await.detail;
    assert!(detail.contains(&format!("{beyond} agents beyond the topics")), "{detail}");
    let (_, found) = diagnosis(&stage).await;
    assert!(found.contains(&format!("{beyond} agents beyond the topics")), "{found}");
    let truth = stage.truth().await;
    for agent in truth.as_array().unwrap().iter().step_by(10) {
        stage.turn(agent).await;
    }
    stage.comes_to_show_the_truth().await;
    let figures = stage.figures().await;
    assert!(figures.applied("channel") > 0, "most are heard");
    eventually("the others are counted at the end of a listing", async || {
        (stage.figures().await.corrections() > 0).then_some(())
    })
    .await;
    assert_eq!(figures.platform("/channels/open"), 1);
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_topic_that_is_rejected_is_named_and_costs_the_others_nothing() {
    let stage = Stage::open(Cast::default()).await;
    stage.settled().await;
    let all = stage.list().await.len() as u64;
    let user_id = somebody(&stage, true).await;
    stage.close().await;

    // One seed gives the same people.
    let topic = format!("v2.users.{user_id}.activity");
    let stage = Stage::open(Cast { faults: json!({"topic_reject": [topic]}), ..Cast::default() }).await;
    eventually("all but one are covered", async || {
        let figures = stage.figures().await;
        (figures.covered("yes") == all - 1 && figures.covered("no") == 1).then_some(())
    })
    .await;
    let detail = stage.channel().await.detail;
    assert!(detail.contains("1 topics rejected") && detail.contains(&topic), "{detail}");
    let (reason, found) = diagnosis(&stage).await;
    assert_eq!(reason, "TOPIC_REJECTED", "{found}");
    let truth = stage.truth().await;
    let other = truth.as_array().unwrap().iter().find(|agent| agent["userId"] != user_id.as_str()).unwrap();
    stage.turn(other).await;
    stage.comes_to_show_the_truth().await;
    assert_eq!(stage.figures().await.applied("channel"), 1);
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_is_refused_the_whole_topic_is_heard_in_parts_and_not_vouched_for() {
    let faults = json!({"topic_reject": ["v2.users.{id}.activity"]});
    let stage = Stage::open(Cast { faults, ..Cast::default() }).await;
    every_topic_is_refused(&stage).await;
    let truth = stage.truth().await;
    stage.turn(&truth[1]).await;
    eventually("the change is heard", async || (stage.figures().await.applied("channel") > 0).then_some(()))
        .await;
    stage.comes_to_show_the_truth().await;
    assert_eq!(stage.figures().await.covered("yes"), 0, "active queues are in no part");
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn topics_refused_for_want_of_a_permission_are_told_with_its_name_left_alone_and_put_once_it_is_given()
{
    let faults = json!({"topic_reject": ["v2.users.{id}.activity"]});
    let stage = Stage::open(Cast { faults, ..Cast::default() }).await;
    every_topic_is_refused(&stage).await;
    let detail = stage.channel().await.detail;
    assert!(detail.contains("directory:user:view"), "the permission that the platform names: {detail}");
    let (reason, found) = diagnosis(&stage).await;
    assert_eq!(reason, "TOPIC_REJECTED", "{found}");
    stage.comes_to_show_the_truth().await;

    // Rights are given by people: nobody asks again for a quarter of an hour, and no channel is made for it.
    let before = stage.figures().await;
    stage.pass(Duration::from_secs(800));
    eventually("the channel is looked at", async || {
        (stage.figures().await.subscriptions() > before.subscriptions()).then_some(())
    })
    .await;
    let refused = stage.figures().await;
    let (as_a_whole, in_parts) = (1, 1);
    let puts = as_a_whole + in_parts;
    assert_eq!((refused.channels_made(), stage.wire.puts(), refused.covered("yes")), (1, puts, 0));

    stage.switch(json!({"topic_reject": []})).await;
    stage.pass(Duration::from_secs(120));
    stage.settled().await;
    let given = stage.figures().await;
    assert_eq!((given.channels_made(), stage.wire.puts(), given.covered("no")), (1, puts + 1, 0));
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn marks_move_by_signs_of_life_alone_and_stop_with_them() {
    let stage = Stage::open(Cast::default()).await;
    stage.settled().await;
    let before = stage.figures().await;
    let user_id = somebody(&stage, true).await;
    for _ in 0..2 {
        let last = confirmed(&stage, &user_id).await;
        eventually("an idle agent's mark moves", async || {
            (confirmed(&stage, &user_id).await > last).then_some(())
        })
        .await;
    }
    assert_eq!(stage.figures().await.requests(), before.requests(), "and nothing was asked");

    // Whoever tries to connect anew is refused, so that nothing can be read again either.
    stage.switch(json!({"region_down": "503"})).await;
    stage.disconnect(json!({"halfOpen": true})).await;
    let silent_at = stage.now();
    eventually("the silence is noticed", async || (stage.figures().await.losses("silent") > 0).then_some(()))
        .await;
    stage.pass(Duration::from_secs(60));
    let gone = stage.figures().await;
    eventually("another try failed", async || {
        (stage.figures().await.requests() > gone.requests()).then_some(())
    })
    .await;
    let last = confirmed(&stage, &user_id).await;
    assert!(last <= silent_at, "nobody vouches for what nobody could have told: {last:?}, {silent_at:?}");
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_is_idle_and_covered_is_answered_fresh_without_asking_the_platform() {
    let stage = Stage::open(Cast::default()).await;
    stage.settled().await;
    let before = stage.figures().await;
    let client = stage.client.clone().with_max_staleness(Duration::from_secs(30));
    let idle = [somebody(&stage, true).await, somebody(&stage, false).await];
    stage.pass(Duration::from_secs(120));
    let last = stage.now();
    for user_id in &idle {
        eventually("their mark follows", async || {
            (confirmed(&stage, user_id).await >= last.before(Duration::from_secs(10))).then_some(())
        })
        .await;
        let state = client.get_by_user_id(user_id).await.unwrap();
        assert!(confirmed_at(&state) >= stage.now().before(Duration::from_secs(30)));
    }
    assert_eq!(stage.figures().await.requests(), before.requests());
    // As a check: without a mark that young it is asked for.
    stage.pass(Duration::from_secs(120));
    let _ = client.get_by_user_id(&idle[0]).await.unwrap();
    assert!(stage.figures().await.requests() > before.requests());
    stage.close().await;
}
