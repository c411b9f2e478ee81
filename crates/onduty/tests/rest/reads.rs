//! The other reads: one state, the list and its account, the timeline, the standing of the sources.

use std::time::Duration;

use onduty::config::LimitsConfig;
use onduty_core::agent::SystemPresence;
use serde_json::{Value, json};

use crate::caller::{Caller, Told, Version, caller};
use crate::stage::{NOW, Stage, busy_once_asked, id, limits, named, nobody};

#[tokio::test]
async fn a_state_is_told_as_in_grpc_over_either_version_of_http() {
    let stage = Stage::open().await;
    stage.roster.pick(1, SystemPresence::Meal, NOW - 5_000);
    for version in [Version::One, Version::Two] {
        let told = Caller::new(&stage, version).get(&format!("/v1/agents/{}/state", id(1))).await;
        let expected = json!({"agentState": {
            "agentId": id(1), "userId": id(1), "name": "Agent 1", "divisionId": "division-1",
            "presence": {
                "system": "SYSTEM_PRESENCE_MEAL", "since": "2023-11-14T22:13:15Z", "systemText": "MEAL"
            },
            "loggedIn": true, "loggedInSince": "2023-11-14T22:13:19Z", "revision": "1",
            "confirmedAt": "2023-11-14T22:13:20Z", "source": "SOURCE_LOOKUP",
        }});
        assert_eq!(told.found(), expected);
        assert_eq!(told.header("age"), Some("0"));
    }
}

#[tokio::test]
async fn who_is_not_known_is_looked_up_and_then_told() {
    let stage = Stage::with(limits(), busy_once_asked).await;
    let state = caller(&stage).get(&format!("/v1/agents/{}/state", id(7))).await.found();
    assert_eq!(state["agentState"]["presence"]["system"], "SYSTEM_PRESENCE_BUSY");
    assert_eq!(stage.asked.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn a_platform_that_is_silent_is_a_finding_within_the_time_of_a_request() {
    let limits = LimitsConfig { request_timeout: Duration::from_secs(1), ..limits() };
    let stage = Stage::with(limits, |_, _| None).await;
    let problem = caller(&stage).get(&format!("/v1/agents/{}/state", nobody())).await.problem(503);
    assert_eq!(problem["reason"], "NOT_YET_SYNCED");
}

/// All pages of a list.
async fn pages(caller: &Caller, query: &str) -> Vec<Value> {
    let (mut pages, mut token) = (Vec::new(), String::new());
    loop {
        let page = caller.get(&format!("/v1/agents/states?{query}&pageToken={token}")).await.found();
        let next = page["nextPageToken"].as_str().map(str::to_owned);
        pages.push(page);
        match next {
            Some(next) => token = next,
            None => return pages,
        }
    }
}

#[tokio::test]
async fn a_list_is_told_in_pages_with_an_account_that_adds_up() {
    let stage = Stage::open().await;
    stage.roster.populate(0..9);
    stage.roster.pick(9, SystemPresence::Meal, NOW);
    stage.roster.take(&[named(&id(10))]);
    let pages = pages(&caller(&stage), "pageSize=4&filter.presences=AVAILABLE&filter.loggedIn=true").await;
    let told: Vec<&str> = pages
        .iter()
        .flat_map(|page| page["agentStates"].as_array().unwrap())
        .map(|state| state["agentId"].as_str().unwrap())
        .collect();
    assert_eq!(told, (0..9).map(id).collect::<Vec<_>>());
    assert_eq!(pages.len(), 3);
    let account =
        json!({"directoryTotal": "11", "shown": "9", "filtered": "1", "withheld": {}, "unknown": "1"});
    assert!(pages.iter().all(|page| page["account"] == account && page["cursor"] == pages[0]["cursor"]));
}

#[tokio::test]
async fn a_list_of_nobody_says_where_everybody_is() {
    let stage = Stage::open().await;
    stage.roster.populate(0..3);
    let page = caller(&stage).get("/v1/agents/states?filter.divisionIds=elsewhere").await.found();
    assert_eq!(page["agentStates"], json!([]));
    assert_eq!((&page["account"]["filtered"], &page["account"]["shown"]), (&json!("3"), &json!("0")));
}

#[tokio::test]
async fn a_timeline_is_told_in_pages_newest_first() {
    let stage = Stage::open().await;
    for (tick, presence) in [SystemPresence::Busy, SystemPresence::Meal].into_iter().enumerate() {
        stage.roster.pick(1, presence, NOW + i64::try_from(tick).unwrap());
    }
    let caller = caller(&stage);
    let path = format!("/v1/agents/{}/timeline?pageSize=1", id(1));
    let first = caller.get(&path).await.found();
    let token = first["nextPageToken"].as_str().expect("there is more");
    let second = caller.get(&format!("{path}&pageToken={token}")).await.found();
    let said = |page: &Value| page["entries"][0]["said"]["presence"]["system"].clone();
    assert_eq!([said(&first), said(&second)], ["SYSTEM_PRESENCE_MEAL", "SYSTEM_PRESENCE_BUSY"]);
    let nobody = caller.get(&format!("/v1/agents/{}/timeline", nobody())).await;
    assert_eq!(nobody.problem(404)["reason"], "AGENT_UNKNOWN");
}

#[tokio::test]
async fn the_standing_of_the_sources_is_told() {
    let stage = Stage::open().await;
    let status = caller(&stage).get("/v1/sync").await.found();
    let sources: Vec<&str> = status["sources"]
        .as_array()
        .unwrap()
        .iter()
        .map(|source| source["source"].as_str().unwrap())
        .collect();
    assert_eq!(sources, ["webhook", "channel", "sweep", "lookup"]);
    assert_eq!(status["awaited"], json!(["first full listing"]));
    assert_eq!((&status["fresh"], &status["drift"]["corrections"]), (&json!(true), &json!("0")));
}

#[tokio::test]
async fn a_parameter_at_fault_is_named() {
    let stage = Stage::open().await;
    let state = format!("/v1/agents/{}/state", id(1));
    let timeline = format!("/v1/agents/{}/timeline", id(1));
    let list = "/v1/agents/states";
    let table = [
        (format!("{state}?maxStaleness=soon"), "maxStaleness"),
        (format!("{state}?maxStaleness=-1s"), "maxStaleness"),
        (format!("{state}?maxStaleness=1s&maxStaleness=2s"), "maxStaleness"),
        (format!("{state}?max_staleness=1s"), "max_staleness"),
        ("/v1/agents/%ff/state".to_owned(), "id"),
        (format!("{list}?pageSize=1001"), "pageSize"),
        (format!("{list}?pageSize=-1"), "pageSize"),
        (format!("{list}?pageToken=x"), "pageToken"),
        (format!("{list}?filter.presences=AVAILABLE,NAPPING"), "filter.presences[1]"),
        (format!("{list}?filter.queueIds=,"), "filter.queueIds[0]"),
        (format!("{list}?filter.divisionIds={}", "x".repeat(257)), "filter.divisionIds[0]"),
        (format!("{list}?presence=MEAL"), "presence"),
        (format!("{timeline}?pageSize=x"), "pageSize"),
        (format!("{timeline}?pageToken=x"), "pageToken"),
        ("/v1/sync?x=1".to_owned(), "x"),
        (format!("/v1/sync?{}=1", "x".repeat(1_000)), &"x".repeat(50)),
    ];
    for (path, parameter) in table {
        let told: Told = caller(&stage).get(&path).await;
        assert_eq!(told.parameter(), parameter, "{path}");
    }
}
