//! No wire has a silent empty: what every one of them sends about a miss is grepped, byte by byte, for an answer that
//! is empty and says nothing.
//!
//! That none can be written is shown by the type: [`Answer`] (`crates/core/src/answer.rs`) is a state or a finding, and
//! there is no third. The match in [`an_answer_is_a_state_or_a_finding`] would not compile if there were.

use onduty_client::proto::{
    BatchGetAgentStatesResponse, GetAgentStateResponse, ListAgentStatesResponse, WatchAgentStatesResponse,
};
use onduty_core::answer::Answer;
use onduty_core::finding::{Finding, Reason};
use prost::Message as _;
use serde_json::{Map, Value};

use crate::scenario::Scenario;
use crate::wires::{About, Form, Sent};

/// One scenario of each reason, so that every miss there is goes over every wire.
fn one_of_each() -> Vec<Scenario> {
    let mut met = std::collections::BTreeSet::new();
    crate::all()
        .into_iter()
        .filter(|scenario| scenario.reason().is_some_and(|reason| met.insert(reason)))
        .collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_wire_sends_an_empty_answer_that_says_nothing() {
    let scenarios = one_of_each();
    assert_eq!(scenarios.len(), Reason::ALL.len() - 6, "all but the doctor's");
    let mut grepped = 0;
    for scenario in scenarios {
        let (row, reason) = (scenario.row(), scenario.reason().unwrap());
        for sent in scenario.on_every_wire().await {
            if let Err(why) = says_something(&sent, reason) {
                let (bytes, beside) =
                    (String::from_utf8_lossy(&sent.bytes), String::from_utf8_lossy(&sent.beside));
                panic!("{row}: {} {why}:\n{bytes}\n{beside}", sent.wire);
            }
            grepped += 1;
        }
    }
    assert_eq!(grepped, 21 * 28);
}

#[test]
fn the_grep_finds_every_silence_there_could_be() {
    let silences = [
        (About::One, Form::Json, "[]"),
        (About::One, Form::Json, ""),
        (About::One, Form::Json, "{}"),
        (About::One, Form::Json, r#"{"agentState":{}}"#),
        (About::One, Form::Json, r#"{"results":[]}"#),
        (About::One, Form::Json, r#"{"results":[{}]}"#),
        (About::One, Form::Json, r#"{"results":[{"finding":{}}]}"#),
        (About::One, Form::Json, r#"{"states":[],"findings":[]}"#),
        (About::One, Form::Json, r#"{"findings":[{"reason":"SCOPE_MISSING","evidence":[],"remedy":"x"}]}"#),
        (About::One, Form::Json, r#"{"entities":[]}"#),
        (About::One, Form::Json, r#"{"entities":[],"findings":[]}"#),
        (About::One, Form::Json, r#"{"entities":[{"id":"x"}]}"#),
        (About::One, Form::Json, r#"{"userId":"x","status":"OFF_QUEUE"}"#),
        (About::One, Form::Json, r#"{"snapshot":{"agentStates":[]}}"#),
        (About::One, Form::Json, r#"{"snapshot":{"agentStates":[],"findings":[]}}"#),
        (About::One, Form::Json, r#"[{"snapshot":{"agentStates":[],"last":true}}]"#),
        (About::One, Form::Lines, r#"{"snapshot":{"agentStates":[],"last":true}}"#),
        (About::One, Form::Text, "watch: 0 agents"),
        (About::Nobody, Form::Json, r#"{"agentStates":[]}"#),
        (About::Nobody, Form::Json, r#"{"agentStates":[],"account":{"directoryTotal":"3","filtered":"2"}}"#),
        (About::Everybody, Form::Json, r#"{"agentStates":[],"account":{"directoryTotal":"0"}}"#),
        (About::One, Form::Lines, ""),
        (About::One, Form::Lines, "{}"),
        (About::One, Form::Text, "no agents"),
        (About::Everybody, Form::Text, ""),
        (About::One, Form::Grpc, ""),
        (About::One, Form::Grpc, "\u{a}\u{0}"),
        (About::Everybody, Form::Grpc, ""),
    ];
    for (about, form, bytes) in silences {
        let wire = if form == Form::Grpc { grpc_of(about) } else { "onduty get" };
        let (bytes, beside) = (bytes.as_bytes().to_vec(), Vec::new());
        let sent = Sent { wire: wire.to_owned(), form, about, bytes, beside };
        assert!(says_something(&sent, Reason::ScopeMissing).is_err(), "{sent:?}");
    }
}

fn grpc_of(about: About) -> &'static str {
    match about {
        About::One => "BatchGetAgentStates",
        About::Everybody | About::Nobody => "ListAgentStates",
    }
}

#[test]
fn an_answer_is_a_state_or_a_finding() {
    let miss = Answer::Miss(Box::new(Finding::new(Reason::NotYetSynced, "a", "why", "what to do")));
    let said = match miss {
        Answer::State(row) => row.agent_id().to_owned(),
        Answer::Miss(finding) => finding.reason.name().to_owned(),
    };
    assert_eq!(said, "NOT_YET_SYNCED");
}

/// Whether what was sent has a state, a finding that is whole, or an account that accounts for everybody.
fn says_something(sent: &Sent, reason: Reason) -> Result<(), String> {
    match sent.form {
        Form::Grpc => message(sent, reason),
        Form::Json if sent.bytes.is_empty() => said_beside(sent, reason),
        Form::Json => document(&parse(&sent.bytes)?),
        Form::Lines => {
            let lines = sent.bytes.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
            let mut documents = lines.map(parse).peekable();
            match documents.peek() {
                None => said_beside(sent, reason),
                Some(_) => documents.try_for_each(|parsed| document(&parsed?)),
            }
        }
        Form::Text => said_beside(sent, reason),
    }
}

fn parse(bytes: impl AsRef<[u8]>) -> Result<Value, String> {
    serde_json::from_slice(bytes.as_ref()).map_err(|error| error.to_string())
}

/// A text names the reason, shows the state in words (a watch does, of whoever is logged out, too), or ends with the
/// account.
fn said_beside(sent: &Sent, reason: Reason) -> Result<(), String> {
    let text = [sent.bytes.as_slice(), sent.beside.as_slice()].concat();
    let text = String::from_utf8(text).map_err(|error| error.to_string())?;
    let named = text.contains(reason.name()) || text.contains(Reason::NotYetSynced.name());
    let accounted =
        text.lines().any(|line| line.contains(" filtered out + ") && !line.starts_with("0 agents"));
    let out = String::from_utf8_lossy(&sent.bytes);
    let shown = sent.wire.starts_with("onduty watch") && out.lines().any(|line| line.contains(" / "));
    match sent.about {
        About::One if named || shown => Ok(()),
        About::Everybody | About::Nobody if named || accounted => Ok(()),
        About::One | About::Everybody | About::Nobody => Err("says nothing".to_owned()),
    }
}

fn document(document: &Value) -> Result<(), String> {
    match document {
        // What a watch told.
        Value::Array(told) if told.iter().any(|told| told.get("snapshot").is_some()) => {
            told.iter().try_for_each(self::document)
        }
        // The platform's own form: states only, and never none.
        Value::Array(states) if !states.is_empty() => states.iter().try_for_each(state),
        Value::Object(members) => object(members),
        _ => Err("is empty".to_owned()),
    }
}

fn object(members: &Map<String, Value>) -> Result<(), String> {
    let list = |name| members.get(name).and_then(Value::as_array);
    if let Some(whole) = members.get("snapshot") {
        return snapshot(whole);
    }
    if let Some(results) = list("results") {
        return match results.as_slice() {
            [] => Err("has no result".to_owned()),
            results => results.iter().try_for_each(document),
        };
    }
    if let Some(users) =
        list("entities").filter(|users| !users.is_empty() && !members.contains_key("findings"))
    {
        return users.iter().try_for_each(state);
    }
    if let Some(findings) = list("findings") {
        return match findings.as_slice() {
            [] => Err("has no finding".to_owned()),
            findings => findings.iter().try_for_each(finding),
        };
    }
    if let Some(states) = list("agentStates") {
        states.iter().try_for_each(state)?;
        return account(members.get("account").unwrap_or(&Value::Null), states.len() as u64);
    }
    match (members.get("agentState"), members.get("finding")) {
        (Some(told), None) => state(told),
        (None, Some(told)) => finding(told),
        (None, None) if members.contains_key("reason") => finding(&Value::Object(members.clone())),
        (None, None) => state(&Value::Object(members.clone())),
        (Some(_), Some(_)) => Err("has both a state and a finding".to_owned()),
    }
}

/// The snapshot of a watch of one id, whole: its state, or why there is none.
fn snapshot(told: &Value) -> Result<(), String> {
    let list = |name: &str| told[name].as_array().cloned().unwrap_or_default();
    let (states, findings) = (list("agentStates"), list("findings"));
    states.iter().try_for_each(state)?;
    findings.iter().try_for_each(finding)?;
    (states.len() + findings.len() == 1)
        .then_some(())
        .ok_or_else(|| format!("has a snapshot that does not say one thing of the id {told}"))
}

fn state(told: &Value) -> Result<(), String> {
    let is_user =
        told["id"].is_string() && (told["presence"].is_object() || told["routingStatus"].is_object());
    // Of somebody who does not exist the platform says a status without a beginning.
    let is_facet = told["startTime"].is_string() || told["presenceDefinition"].is_object();
    let is_agent = told["agentId"].is_string() && (told["presence"].is_object() || told["name"].is_string());
    let is_whole = is_agent || is_user || is_facet;
    is_whole.then_some(()).ok_or_else(|| format!("has an empty state {told}"))
}

fn finding(told: &Value) -> Result<(), String> {
    let text = |name: &str| told[name].as_str().is_some_and(|text| !text.is_empty());
    let proven = told["evidence"].as_array().is_some_and(|evidence| {
        !evidence.is_empty()
            && evidence.iter().all(|seen| seen["origin"].is_string() && seen["detail"].is_string())
    });
    let known = Reason::ALL.iter().any(|reason| told["reason"] == reason.name());
    (known && proven && text("summary") && text("remedy") && text("helpUrl"))
        .then_some(())
        .ok_or_else(|| format!("has a finding that is not whole {told}"))
}

/// An account that adds up, of somebody.
fn account(told: &Value, shown: u64) -> Result<(), String> {
    let number = |value: &Value| value.as_str().and_then(|text| text.parse::<u64>().ok()).unwrap_or(0);
    let withheld: u64 = told["withheld"].as_object().map_or(0, |reasons| reasons.values().map(number).sum());
    let total = number(&told["directoryTotal"]);
    let parts = number(&told["shown"]) + number(&told["filtered"]) + withheld + number(&told["unknown"]);
    (total > 0 && total == parts && shown == number(&told["shown"]))
        .then_some(())
        .ok_or_else(|| format!("has an account that does not account for everybody {told}"))
}

/// A message decodes to something that is there; a status says the reason in its details.
fn message(sent: &Sent, reason: Reason) -> Result<(), String> {
    let has = |name: &str| sent.beside.windows(name.len()).any(|window| window == name.as_bytes());
    if has(reason.name()) || has(Reason::NotYetSynced.name()) {
        return Ok(());
    }
    let unreadable = |error: prost::DecodeError| error.to_string();
    match sent.wire.as_str() {
        "GetAgentState" => {
            let told = GetAgentStateResponse::decode(&*sent.bytes).map_err(unreadable)?;
            told.agent_state.map(|_| ()).ok_or_else(|| "has no state".to_owned())
        }
        "BatchGetAgentStates" => {
            let told = BatchGetAgentStatesResponse::decode(&*sent.bytes).map_err(unreadable)?;
            let json = onduty::proto_json::responses::batch(told.results.into_iter());
            document(&json)
        }
        "WatchAgentStates" => {
            let told = WatchAgentStatesResponse::decode(&*sent.bytes).map_err(unreadable)?;
            let told = told.message.as_ref().map(onduty::proto_json::watch::message);
            document(&told.unwrap_or_default())
        }
        _ => {
            let told = ListAgentStatesResponse::decode(&*sent.bytes).map_err(unreadable)?;
            document(&onduty::proto_json::responses::list(&told))
        }
    }
}
