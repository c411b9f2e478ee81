//! `GET /api/v2/agents/states`: drop-in where the platform answers, and never silent where it says nothing.

use std::fs;
use std::path::Path;

use onduty::platform::genesys::decode::{self, Arrival};
use onduty_core::finding::Reason;
use onduty_core::observation::{Input, Source};
use onduty_core::time::Timestamp;
use serde_json::{Value, json};

use crate::caller::{Caller, Version, caller, check_finding};
use crate::stage::{NOW, Stage, heard_at, id, limits, logged_in, named, nobody, with_agent_id};

const PATH: &str = "/api/v2/agents/states";

/// The states of a payload of the platform, heard now.
fn heard(bytes: &[u8]) -> Vec<Input> {
    let arrival = Arrival { source: Source::Lookup, heard_at: Timestamp::from_millis(NOW) };
    let heard = decode::agent_states(bytes, arrival).expect("a fixture");
    heard.observations.into_iter().map(|observation| Input::Observation(Box::new(observation))).collect()
}

fn ids_of(states: &Value) -> String {
    let ids: Vec<_> =
        states.as_array().unwrap().iter().map(|state| state["agentId"].as_str().unwrap()).collect();
    ids.join(",")
}

#[tokio::test]
async fn what_the_platform_wrote_comes_out_as_it_was() {
    for name in ["typical", "clocks-missing", "facet-missing"] {
        let file = format!("../../fixtures/genesys/agent-states/{name}.json");
        let bytes = fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join(file)).unwrap();
        let written: Value = serde_json::from_slice(&bytes).unwrap();
        let stage = Stage::open().await;
        // Instants of the fixtures lie ahead of the stage's clock, by less than what is refused.
        let inputs: Vec<Input> =
            heard(&bytes).into_iter().map(|input| heard_at(FIXTURES_AT, input)).collect();
        stage.roster.take(&inputs);
        let told = caller(&stage).get(&format!("{PATH}?agentId={}", ids_of(&written))).await;
        assert_eq!(told.found(), written, "{name}");
    }
}

/// Noon of the day of the fixtures.
const FIXTURES_AT: i64 = 1_772_452_800_000;

#[tokio::test]
async fn a_facet_that_is_not_known_is_left_out_and_a_version_is_always_there() {
    let stage = Stage::open().await;
    stage.roster.take(&[with_agent_id(&id(1), &id(2))]);
    let states = caller(&stage).get(&format!("{PATH}?agentId={}", id(2))).await.found();
    let revision = stage.roster.truth()[&id(2)];
    let expected = json!([{
        "agentId": id(2), "userId": id(1), "loggedIn": true, "stateVersion": revision,
    }]);
    assert_eq!(states, expected);
}

#[tokio::test]
async fn every_way_to_list_ids_is_understood_and_an_id_asked_twice_is_answered_once() {
    let stage = Stage::open().await;
    stage.roster.populate(1..4);
    let (a, b, c) = (id(1), id(2), id(3));
    for query in [
        format!("agentId={c}&agentId={a}&agentId={b}"),
        format!("agentId={c},{a},{b}"),
        format!("agentId={c}%2C{a}%2c{b}"),
        format!("agentId={c}%2C{a}&agentId={b}"),
        format!("agentId={c},{c}&agentId={a},{b}&agentId={c}"),
        format!("x=1&agentId={c},{a}&expand=all&agentId={b}&"),
    ] {
        let states = caller(&stage).get(&format!("{PATH}?{query}")).await.found();
        assert_eq!(ids_of(&states), format!("{c},{a},{b}"), "{query}");
    }
}

#[tokio::test]
async fn some_found_is_207_with_the_states_and_a_finding_for_each_other_id() {
    let stage = Stage::open().await;
    stage.roster.populate(1..3);
    let asked = format!("{},{},4711,{}", id(2), nobody(), id(1));
    let problem = caller(&stage).get(&format!("{PATH}?agentId={asked}")).await.problem(207);
    assert_eq!(ids_of(&problem["states"]), format!("{},{}", id(2), id(1)));
    assert_eq!(problem["states"][0]["presence"]["systemPresence"], "Available");
    let findings = problem["findings"].as_array().unwrap();
    assert_eq!(findings.len(), 2);
    check_finding(&findings[0], Reason::AgentUnknown, &nobody());
    check_finding(&findings[1], Reason::IdMalformed, "4711");
    assert_eq!(problem["type"], Reason::AgentUnknown.help_url());
}

#[tokio::test]
async fn none_found_has_the_status_of_the_first_finding() {
    let stage = Stage::open().await;
    for (asked, status) in [(format!("4711,{}", nobody()), 400), (format!("{},4711", nobody()), 404)] {
        let problem = caller(&stage).get(&format!("{PATH}?agentId={asked}")).await.problem(status);
        assert_eq!(problem["states"], json!([]));
        assert_eq!(problem["findings"].as_array().unwrap().len(), 2);
    }
}

#[tokio::test]
async fn a_thousand_ids_are_answered_over_either_version_of_http() {
    let stage = Stage::open().await;
    stage.roster.populate(0..1_000);
    let ids: Vec<String> = (0..1_000).map(id).collect();
    for version in [Version::One, Version::Two] {
        let caller = Caller::new(&stage, version);
        let commas = format!("{PATH}?agentId={}", ids.join("%2C"));
        let repeated: Vec<String> = ids.iter().map(|id| format!("agentId={id}")).collect();
        for path in [commas, format!("{PATH}?{}", repeated.join("&"))] {
            assert_eq!(ids_of(&caller.get(&path).await.found()), ids.join(","), "{version:?}");
        }
    }
}

#[tokio::test]
async fn what_can_t_be_asked_is_refused_by_the_name_of_its_parameter() {
    let stage = Stage::with(onduty::config::LimitsConfig { ids_per_batch: 3, ..limits() }, |_, _| {
        panic!("the platform was asked")
    })
    .await;
    let table = [
        (String::new(), "agentId"),
        ("?".to_owned(), "agentId"),
        ("?agentId".to_owned(), "agentId"),
        ("?agentId=".to_owned(), "agentId"),
        ("?agentId=,,&agentId=".to_owned(), "agentId"),
        (format!("?agentIds={}", id(1)), "agentId"),
        (format!("?agentid={}", id(1)), "agentId"),
        ("?agentId=a,b,c,d".to_owned(), "agentId"),
        ("?agentId=a&agentId=a&agentId=a&agentId=a".to_owned(), "agentId"),
        (format!("?agentId=a,{}", "x".repeat(257)), "agentId[1]"),
        ("?agentId=%".to_owned(), "agentId"),
        ("?agentId=%4".to_owned(), "agentId"),
        ("?agentId=%zz".to_owned(), "agentId"),
        ("?agentId=%ff%fe".to_owned(), "agentId"),
        ("?%ff=1".to_owned(), "query"),
    ];
    for (query, parameter) in table {
        let told = caller(&stage).get(&format!("{PATH}{query}")).await;
        assert_eq!(told.parameter(), parameter, "{query}");
    }
}

#[tokio::test]
async fn ids_that_no_id_looks_like_are_findings_however_they_are_written() {
    let stage = Stage::open().await;
    let long = "x".repeat(256);
    let table = [
        ("4711", "4711"),
        ("%00", "\0"),
        ("a+b", "a b"),
        ("%F0%9F%98%80", "😀"),
        ("a%2Fb", "a/b"),
        ("%3Cscript%3E", "<script>"),
        (&long, &long[..200]),
    ];
    for (written, asked) in table {
        let problem = caller(&stage).get(&format!("{PATH}?agentId={written}")).await.problem(400);
        check_finding(&problem["findings"][0], Reason::IdMalformed, asked);
    }
}

#[tokio::test]
async fn evidence_that_is_old_shows_in_the_age() {
    let stage = Stage::open().await;
    stage.roster.populate(1..2);
    let before = logged_in(2, onduty_core::agent::SystemPresence::Busy, NOW - 900_000);
    stage.roster.take(&[heard_at(NOW - 61_500, before), named(&id(3))]);
    let told = caller(&stage).get(&format!("{PATH}?agentId={},{}", id(1), id(2))).await;
    told.found();
    assert_eq!(told.header("age"), Some("61"), "the oldest counts");
}
