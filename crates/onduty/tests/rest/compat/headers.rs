//! How fresh an answer is, in its headers, and what need not be sent twice.

use onduty_core::agent::SystemPresence;
use reqwest::Method;

use super::on_queue;
use crate::caller::caller;
use crate::stage::{NOW, Stage, id};

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
    for path in &paths {
        let told = caller.get(path).await;
        assert_eq!(told.status, 200, "{}", told.text);
        assert_eq!(told.header("age"), Some("0"), "{path}");
        assert_eq!(told.header("onduty-confirmed-at"), Some("2023-11-14T22:13:20.000Z"), "{path}");
        let revision: u64 = told.header("onduty-revision").unwrap().parse().unwrap();
        assert!((1..=2).contains(&revision), "{path}");
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
