//! Subscriptions of notification channels: names, refusals, limits.

use reqwest::Method;
use serde_json::{Value, json};

use crate::house::{House, text};
use crate::socket::{Caller, names, topic};

const NOBODY: &str = "00000000-0000-4000-8000-000000000000";

/// The state and reason of each entry, by name.
fn states(answer: &Value) -> Vec<(String, String, String)> {
    let entities = answer["entities"].as_array().unwrap().iter();
    let text = |entry: &Value, member: &str| entry[member].as_str().unwrap_or_default().to_owned();
    entities.map(|entry| (text(entry, "id"), text(entry, "state"), text(entry, "rejectionReason"))).collect()
}

#[tokio::test]
async fn post_adds_put_replaces_and_delete_takes_all() {
    let house = House::of(60).await;
    let caller = Caller::of(&house, "sim-full").await;
    let agent = house.somebody().await;
    let [one, two, three] = ["activity", "presence", "routingStatus"].map(|last| topic(&agent, last));
    let channel = caller.channel().await;
    assert_eq!(caller.topics(&channel).await, Vec::<String>::new());
    for (method, given, expected) in [
        (Method::POST, vec![&one], vec![&one]),
        (Method::POST, vec![&two, &one], vec![&one, &two]),
        (Method::PUT, vec![&three], vec![&three]),
        (Method::POST, vec![], vec![&three]),
        (Method::PUT, vec![], vec![]),
    ] {
        let given: Vec<String> = given.into_iter().cloned().collect();
        let (status, answer) = caller.subscriptions(method, &channel, "", &given).await;
        let expected: Vec<String> = expected.into_iter().cloned().collect();
        assert_eq!((status, names(&answer)), (200, expected.clone()));
        assert_eq!(caller.topics(&channel).await, expected);
    }
    caller.put(&channel, &[one, two]).await;
    assert_eq!(caller.subscriptions(Method::DELETE, &channel, "", &[]).await.0, 200);
    assert_eq!(caller.topics(&channel).await, Vec::<String>::new());
    house.close().await;
}

#[tokio::test]
async fn names_that_differ_by_letter_case_are_one_topic() {
    let house = House::of(60).await;
    let caller = Caller::of(&house, "sim-full").await;
    let agent = house.somebody().await;
    let channel = caller.channel().await;
    caller.put(&channel, &[topic(&agent, "routingStatus"), topic(&agent, "routingstatus")]).await;
    assert_eq!(caller.topics(&channel).await, [topic(&agent, "routingStatus")]);
    house.close().await;
}

#[tokio::test]
async fn one_refused_topic_fails_the_request_and_changes_nothing() {
    let house = House::of(60).await;
    let caller = Caller::of(&house, "sim-full").await;
    let agent = house.somebody().await;
    let (good, channel) = (topic(&agent, "activity"), caller.channel().await);
    caller.put(&channel, std::slice::from_ref(&good)).await;
    let long = format!("{}?{}", topic(&agent, "x").trim_end_matches(".x"), ["presence"; 20].join("&"));
    for (bad, status, code) in [
        ("v2.users.ada.presence".to_owned(), 400, "notification.invalid.topic"),
        (topic(&agent, "mood"), 400, "notification.invalid.topic"),
        (long, 400, "notification.invalid.topic"),
        (format!("v2.detail.events.agent.{NOBODY}.state"), 400, "notification.transport.not.allowed"),
        (topic(&agent, "workforcemanagement.adherence"), 403, "notification.unauthorized.topic"),
    ] {
        for method in [Method::POST, Method::PUT] {
            let topics = [topic(&agent, "presence"), bad.clone()];
            let (given, error) = caller.subscriptions(method, &channel, "", &topics).await;
            assert_eq!((given, text(&error, "code")), (status, code), "{bad}");
            assert_eq!(text(&error, "entityId"), bad);
        }
    }
    for (method, code) in
        [(Method::POST, "notification.unauthorized.topic"), (Method::PUT, "notification.forbidden.topic")]
    {
        let tokens = [topic(&agent, "tokens")];
        let (given, error) = caller.subscriptions(method.clone(), &channel, "", &tokens).await;
        assert_eq!((given, text(&error, "code")), (403, code), "only a replacement is forbidden");
        let others = [topic(&agent, "presence"), tokens[0].clone()];
        let apart = caller.channel().await;
        let (_, answer) = caller.subscriptions(method, &apart, "?ignoreErrors=true", &others).await;
        assert_eq!(text(&answer["entities"][1], "rejectionReason"), code);
    }
    assert_eq!(caller.topics(&channel).await, [good]);
    house.close().await;
}

#[tokio::test]
async fn with_errors_ignored_each_topic_has_a_state_and_the_refused_ones_a_reason() {
    let house = House::of(60).await;
    let caller = Caller::of(&house, "sim-full").await;
    let agent = house.somebody().await;
    let channel = caller.channel().await;
    let adherence = topic(&agent, "workforcemanagement.adherence");
    let prefix = adherence.trim_end_matches(".workforcemanagement.adherence");
    let combined = format!("{prefix}?presence&workforcemanagement.adherence");
    let topics = [topic(&agent, "activity"), "v2.nothing".to_owned(), combined.clone()];
    let (status, answer) = caller.subscriptions(Method::PUT, &channel, "?ignoreErrors=true", &topics).await;
    assert_eq!(status, 200);
    let expected = [
        (topics[0].as_str(), "Permitted", ""),
        (combined.as_str(), "Permitted", ""),
        ("v2.nothing", "Rejected", "notification.invalid.topic"),
        (adherence.as_str(), "Rejected", "notification.unauthorized.topic"),
    ];
    let expected = expected.map(|(id, state, why)| (id.to_owned(), state.to_owned(), why.to_owned()));
    assert_eq!(states(&answer), expected);
    assert_eq!(answer["entities"][3]["missingPermissions"], json!(["wfm:realtimeAdherence:view"]));
    assert_eq!(caller.topics(&channel).await, [topics[0].clone(), combined]);
    house.close().await;
}

#[tokio::test]
async fn a_queues_topic_needs_the_permission_in_the_queues_division() {
    let house = House::of(60).await;
    let full = house.token("sim-full").await;
    let (_, queues) = house.get("/api/v2/routing/queues", &full).await;
    let everywhere = Caller::of(&house, "sim-full").await;
    let berlin = Caller::of(&house, "sim-one-division").await;
    let (everywheres, berlins) = (everywhere.channel().await, berlin.channel().await);
    let mut refused = 0;
    for queue in queues["entities"].as_array().unwrap() {
        let topics = [format!("v2.routing.queues.{}.users", text(queue, "id"))];
        everywhere.put(&everywheres, &topics).await;
        let (status, answer) = berlin.subscriptions(Method::PUT, &berlins, "", &topics).await;
        if status == 403 {
            assert_eq!(text(&answer, "code"), "notification.unauthorized.divisioned.topic");
            refused += 1;
        }
    }
    assert!(refused > 0, "every queue is in Berlin");
    house.close().await;
}

#[tokio::test]
async fn a_channel_has_at_most_a_thousand_topics_and_a_combined_one_counts_once() {
    let house = House::of(1).await;
    let caller = Caller::of(&house, "sim-full").await;
    let channel = caller.channel().await;
    let topics: Vec<String> = (0..1000)
        .map(|user| format!("v2.users.00000000-0000-4000-8000-{user:012}?presence&routingStatus"))
        .collect();
    caller.put(&channel, &topics).await;
    let one_more = [format!("v2.users.{NOBODY}.activity")];
    let (status, error) = caller.subscriptions(Method::POST, &channel, "?ignoreErrors=true", &one_more).await;
    let code = "notification.subscription.too.many.subscriptions";
    assert_eq!((status, text(&error, "code")), (400, code));
    let (status, _) =
        caller.subscriptions(Method::PUT, &channel, "", &[&topics[..], &one_more].concat()).await;
    assert_eq!(status, 400);
    assert_eq!(caller.topics(&channel).await.len(), 1000);
    house.close().await;
}

#[tokio::test]
async fn a_channel_belongs_to_its_client_whatever_the_token() {
    let house = House::of(1).await;
    let caller = Caller::of(&house, "sim-full").await;
    let (again, other) = (Caller::of(&house, "sim-full").await, Caller::of(&house, "sim-no-role").await);
    let channel = caller.channel().await;
    assert!(caller.lives(&channel).await && again.lives(&channel).await);
    assert!(!other.lives(&channel).await);
    let (status, error) = other.subscriptions(Method::PUT, &channel, "", &[]).await;
    assert_eq!((status, text(&error, "code")), (404, "entity.not.found"));
    let bad = json!({"id": "not-a-channel"});
    let (status, error) = caller.subscriptions(Method::GET, &bad, "", &[]).await;
    assert_eq!((status, text(&error, "code")), (400, "notification.unable.to.get.channel.id"));
    let listed = async |caller: &Caller<'_>, query: &str| {
        let (status, listing) = caller.call(Method::GET, &format!("channels{query}"), None).await;
        (status, listing["entities"].as_array().map_or(0, Vec::len), listing["entities"][0]["id"].clone())
    };
    assert_eq!(listed(&caller, "").await, (200, 1, channel["id"].clone()));
    assert_eq!(listed(&again, "?includechannels=token").await, (200, 0, Value::Null));
    assert_eq!(listed(&again, "?includechannels=oauthclient").await, (200, 1, Value::Null));
    assert_eq!(listed(&other, "?includechannels=oauthclient").await.1, 0);
    assert_eq!(listed(&caller, "?includechannels=all").await.0, 400);
    house.close().await;
}

#[tokio::test]
async fn what_can_be_subscribed_to_is_told_with_the_parts_asked_for() {
    let house = House::of(1).await;
    let caller = Caller::of(&house, "sim-full").await;
    let (_, plain) = caller.call(Method::GET, "availabletopics", None).await;
    assert_eq!(plain["entities"][0], json!({"id": "v2.users.{id}.activity"}));
    let query = "availabletopics?expand=transports,requiresPermissions&expand=enforced&includePreview=true";
    let (_, expanded) = caller.call(Method::GET, query, None).await;
    let topics = expanded["entities"].as_array().unwrap();
    let adherence = topics.iter().find(|topic| text(topic, "id").ends_with("adherence")).unwrap();
    assert_eq!(adherence["requiresPermissions"], json!(["wfm:realtimeAdherence:view"]));
    assert_eq!(
        (&adherence["transports"], &adherence["enforced"]),
        (&json!(["Websocket", "EventBridge"]), &json!(true))
    );
    let offered = |topic: &&Value| {
        let over = topic["transports"].as_array().unwrap();
        over.contains(&json!("All")) || over.contains(&json!("ProcessAutomation"))
    };
    let automated: Vec<&Value> = topics.iter().filter(offered).map(|topic| &topic["id"]).collect();
    assert_eq!(automated, ["v2.users.{id}.activity", "v2.users.{id}.integrationpresence"]);
    let (_, triggers) = house.get("/api/v2/processautomation/triggers/topics", &caller.token).await;
    assert_eq!(triggers["entities"], json!(automated));
    assert!(adherence.get("description").is_none());
    assert_eq!(caller.call(Method::GET, "availabletopics?expand=mood", None).await.0, 400);
    house.close().await;
}
