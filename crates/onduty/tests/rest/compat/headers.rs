//! How fresh an answer is, in its headers, and what need not be sent twice.

use std::collections::BTreeMap;
use std::sync::Arc;

use onduty_core::agent::SystemPresence;
use onduty_core::answer::Report;
use onduty_core::definition::Definitions;
use onduty_core::observation::Input;
use onduty_core::time::Timestamp;
use reqwest::Method;

use super::on_queue;
use crate::caller::caller;
use crate::stage::{NOW, Stage, heard_at, id, limits, nobody, unknown};

#[tokio::test]
async fn every_answer_says_how_old_it_is_and_up_to_where_it_tells() {
    let stage = Stage::open().await;
    stage.roster.list_nobody();
    stage.roster.take(&[on_queue(1), on_queue(2)]);
    let caller = caller(&stage);
    let paths = [
        format!("/api/v2/users/{}", id(1)),
        format!("/api/v2/users/{}/routingstatus", id(1)),
        format!("/api/v2/users/{}/presences/purecloud", id(1)),
        format!("/api/v2/users/presences/purecloud/bulk?id={}", id(1)),
        "/api/v2/users?expand=presence".to_owned(),
        format!("/api/v2/agents/states?agentId={}", id(1)),
        format!("/v1/agents/{}/state", id(1)),
    ];
    // Of one agent its own newest change, of several the newest of all.
    for (path, revision) in paths.iter().zip([1, 1, 1, 2, 2, 2, 1]) {
        let told = caller.get(path).await;
        assert_eq!(told.status, 200, "{}", told.text);
        assert_eq!(told.header("age"), Some("0"), "{path}");
        assert_eq!(told.header("onduty-confirmed-at"), Some("2023-11-14T22:13:20.000Z"), "{path}");
        assert_eq!(told.header("onduty-revision"), Some(&*revision.to_string()), "{path}");
        assert_eq!(told.header("onduty-cursor"), Some(&*format!("c1-0000000000000001-{revision}")));
    }
    for path in &paths[..5] {
        let told = caller.get(path).await;
        assert_eq!(told.header("cache-control"), Some("private, no-cache, max-age=300"), "{path}");
        assert!(told.header("etag").is_some());
    }
}

#[tokio::test]
async fn what_did_not_change_is_not_sent_again_and_what_did_is() {
    let stage = Stage::open().await;
    stage.roster.list_nobody();
    stage.roster.take(&[on_queue(1), on_queue(2)]);
    let caller = caller(&stage);
    let one = format!("/api/v2/users/{}?expand=presence", id(1));
    let all = "/api/v2/users?expand=presence".to_owned();
    let tag = async |path: &str| caller.get(path).await.header("etag").unwrap().to_owned();
    let (tag_of_one, tag_of_all) = (tag(&one).await, tag(&all).await);
    let again = async |path: &str, tag: &str| {
        let told = caller.call(Method::GET, path, &[("if-none-match", tag)], "").await;
        assert!(told.header("inin-correlation-id").is_some() && told.header("age").is_some());
        assert!(told.status != 304 || told.text.is_empty());
        told.status
    };
    assert_eq!((again(&one, &tag_of_one).await, again(&all, &tag_of_all).await), (304, 304));
    stage.roster.pick(2, SystemPresence::Meal, NOW);
    assert_eq!((again(&one, &tag_of_one).await, again(&all, &tag_of_all).await), (304, 200));
    stage.roster.pick(1, SystemPresence::Meal, NOW);
    assert_eq!(again(&one, &tag_of_one).await, 200);
}

#[tokio::test]
async fn an_answer_never_says_that_it_tells_more_than_it_does() {
    for path in [
        "/api/v2/users/presences/purecloud/bulk?id=",
        "/api/v2/users?expand=presence&id=",
        "/api/v2/agents/states?agentId=",
    ] {
        // Somebody else changes while the platform is asked about a stranger.
        let stage = Stage::with(limits(), |roster, _| {
            roster.pick(1, SystemPresence::Meal, NOW);
            roster.take(&[on_queue(2)]);
            Some(Report::Told)
        })
        .await;
        stage.roster.list_nobody();
        stage.roster.take(&[on_queue(1)]);
        let before = stage.roster.snapshot().cursor();
        let told = caller(&stage).get(&format!("{path}{},{}", id(1), id(2))).await;
        assert_eq!(told.status, 200, "{}", told.text);
        assert!(stage.roster.snapshot().cursor() != before, "somebody changed meanwhile");
        let told = told.header("onduty-cursor");
        assert_eq!(told, Some(&*before.to_string()), "a watch from there tells that change");
    }
}

#[tokio::test]
async fn a_state_beside_a_miss_says_how_old_it_is_too() {
    let stage = Stage::with(limits(), |_, _| Some(unknown())).await;
    stage.roster.list_nobody();
    stage.roster.take(&[heard_at(NOW - 42_000, on_queue(1))]);
    let caller = caller(&stage);
    let table = [
        ("/api/v2/users?expand=presence&id=", 200),
        ("/api/v2/users/presences/purecloud/bulk?id=", 404),
        ("/api/v2/agents/states?agentId=", 207),
    ];
    for (path, status) in table {
        let told = caller.get(&format!("{path}{},{}", id(1), nobody())).await;
        assert_eq!((told.status, told.header("age")), (status, Some("42")), "{}", told.text);
        assert_eq!(told.header("cache-control"), Some("no-store"));
        let nothing = caller.get(&format!("{path}{}", nobody())).await;
        assert_eq!(nothing.header("age"), None, "there is no state of any age: {}", nothing.text);
    }
}

#[tokio::test]
async fn definitions_have_a_version_of_their_own_and_a_cursor_that_a_watch_can_go_on_from() {
    let stage = Stage::open().await;
    stage.roster.take(&[on_queue(1)]);
    let read = |at| {
        let definitions = Definitions {
            read_at: Timestamp::from_millis(at),
            locale: "en_US".into(),
            by_id: BTreeMap::new(),
        };
        Input::Definitions(Arc::new(definitions))
    };
    stage.roster.take(&[read(NOW - 7_000)]);
    let caller = caller(&stage);
    let path = "/api/v2/presence/definitions";
    let told = caller.get(path).await;
    assert_eq!(told.header("age"), Some("7"));
    assert_eq!(told.header("onduty-cursor"), Some(&*stage.roster.snapshot().cursor().to_string()));
    let tag = told.header("etag").unwrap().to_owned();
    let again = async || caller.call(Method::GET, path, &[("if-none-match", &tag)], "").await.status;
    stage.roster.pick(1, SystemPresence::Meal, NOW);
    assert_eq!(again().await, 304, "no agent is part of it");
    stage.roster.take(&[read(NOW)]);
    assert_eq!(again().await, 200);
}
