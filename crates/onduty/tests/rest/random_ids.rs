//! Whatever is asked for: never a silent empty, and a state or a finding for each id, once and in order.

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::Value;

use crate::caller::{Caller, Told, Version};
use crate::stage::{Stage, id};

/// Agents with a state; those after them, up to twice as many, are nobody.
const KNOWN: usize = 6;

/// The ids to ask for and, before each, what joins it to the one before.
fn mixes() -> impl Strategy<Value = Vec<(String, &'static str)>> {
    let asked = prop_oneof![
        4 => (0..KNOWN).prop_map(id),
        2 => (KNOWN..2 * KNOWN).prop_map(id),
        1 => prop::sample::select(vec!["4711", "a@b.c", "x y", "ä", "%", "&", "[]"]).prop_map(str::to_owned),
        1 => Just(String::new()),
    ];
    prop::collection::vec((asked, prop::sample::select(vec![",", "%2C", "%2c", "&agentId="])), 0..12)
}

fn query(mix: &[(String, &str)]) -> String {
    let mut query = String::from("agentId=");
    for (at, (asked, joint)) in mix.iter().enumerate() {
        if at > 0 {
            query.push_str(joint);
        }
        query.extend(asked.bytes().map(|byte| format!("%{byte:02X}")));
    }
    query
}

fn texts(list: &Value) -> Vec<String> {
    list.as_array()
        .unwrap()
        .iter()
        .map(|each| each["agentId"].as_str().unwrap_or_default().to_owned())
        .collect()
}

fn check(mix: &[(String, &str)], told: &Told) {
    assert_ne!(told.text.trim(), "[]");
    let mut asked: Vec<String> = Vec::new();
    for (each, _) in mix {
        if !asked.contains(each) {
            asked.push(each.clone());
        }
    }
    if asked.iter().all(String::is_empty) {
        assert_eq!(told.parameter(), "agentId");
        return;
    }
    let (with_state, without): (Vec<String>, Vec<String>) =
        asked.into_iter().partition(|asked| (0..KNOWN).any(|number| *asked == id(number)));
    if without.is_empty() {
        assert_eq!(texts(&told.found()), with_state);
        return;
    }
    let status = match (with_state.is_empty(), without[0].len()) {
        (false, _) => 207,
        (true, 36) => 404,
        (true, _) => 400,
    };
    let problem = told.problem(status);
    assert_eq!(texts(&problem["states"]), with_state);
    assert_eq!(texts(&problem["findings"]), without);
    assert!(problem["findings"].as_array().unwrap().iter().all(|finding| finding["reason"].is_string()));
}

#[test]
fn no_mix_of_ids_is_answered_by_an_empty_list_and_each_id_is_told_of_once_and_in_order() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let stage = runtime.block_on(Stage::open());
    stage.roster.populate(0..KNOWN);
    let callers = [Version::One, Version::Two].map(|version| Caller::new(&stage, version));
    let mut runner = TestRunner::new(Config { failure_persistence: None, ..Config::with_cases(256) });
    let whatever = runner.run(&(mixes(), 0..2_usize), |(mix, version)| {
        let path = format!("/api/v2/agents/states?{}", query(&mix));
        check(&mix, &runtime.block_on(callers[version].get(&path)));
        Ok(())
    });
    whatever.unwrap();
}
