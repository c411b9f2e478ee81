//! The messages of the contract as proto3 JSON: camelCase names, enums by name, instants in RFC 3339, 64-bit numbers as
//! strings. Written out by hand: the set is small, and every name is where a reader looks for it.
//!
//! A field without a value is left out, as proto3 JSON allows. The counts of an account are always there: they add up.

pub mod diagnosis;
pub mod responses;
pub mod sync;
pub mod timeline;
pub mod watch;

use onduty_proto::v1::agent_state_result::Result as Answer;
use onduty_proto::v1::{
    Account, AgentPresence, AgentRoutingStatus, AgentState, AgentStateResult, Evidence, Finding,
    RoutingStatus, Source, SystemPresence,
};
use prost_types::Timestamp;
use serde_json::{Map, Value, json};

/// An `AgentState`.
#[must_use]
pub fn agent_state(state: &AgentState) -> Value {
    let mut object = Object::default();
    object.text("agentId", &state.agent_id);
    object.text("userId", &state.user_id);
    object.text("name", &state.name);
    object.text("divisionId", &state.division_id);
    object.set("presence", state.presence.as_ref().map(presence));
    object.set("routingStatus", state.routing_status.as_ref().map(routing_status));
    object.set("outOfOffice", state.out_of_office.map(Value::from));
    object.list("activeQueueIds", state.active_queue_ids.iter().map(|id| json!(id)));
    object.set("loggedIn", state.logged_in.map(Value::from));
    object.count("revision", state.revision);
    object.instant("confirmedAt", state.confirmed_at);
    object.name("source", state.source() != Source::Unspecified, state.source().as_str_name());
    object.instant("outOfOfficeSince", state.out_of_office_since);
    object.instant("activeQueuesSince", state.active_queues_since);
    object.set("activeQueuesKnown", state.active_queues_known.then_some(Value::Bool(true)));
    object.instant("loggedInSince", state.logged_in_since);
    object.instant("activeQueuesConfirmedAt", state.active_queues_confirmed_at);
    object.finish()
}

fn presence(presence: &AgentPresence) -> Value {
    let system = presence.system();
    let mut object = Object::default();
    object.name("system", system != SystemPresence::Unspecified, system.as_str_name());
    object.text("definitionId", &presence.definition_id);
    object.text("label", &presence.label);
    object.text("message", &presence.message);
    object.instant("since", presence.since);
    object.text("systemText", &presence.system_text);
    object.finish()
}

fn routing_status(routing: &AgentRoutingStatus) -> Value {
    let status = routing.status();
    let mut object = Object::default();
    object.name("status", status != RoutingStatus::Unspecified, status.as_str_name());
    object.instant("since", routing.since);
    object.text("statusText", &routing.status_text);
    object.finish()
}

/// A `Finding`.
#[must_use]
pub fn finding(finding: &Finding) -> Value {
    let mut object = Object::default();
    object.text("reason", &finding.reason);
    object.text("agentId", &finding.agent_id);
    object.text("summary", &finding.summary);
    object.list("evidence", finding.evidence.iter().map(evidence));
    object.text("remedy", &finding.remedy);
    object.text("helpUrl", &finding.help_url);
    object.set("lastKnown", finding.last_known.as_ref().map(agent_state));
    object.list("also", finding.also.iter().map(|reason| json!(reason)));
    object.finish()
}

fn evidence(evidence: &Evidence) -> Value {
    let mut object = Object::default();
    object.text("origin", &evidence.origin);
    object.text("detail", &evidence.detail);
    object.instant("observedAt", evidence.observed_at);
    object.finish()
}

/// An `AgentStateResult`.
#[must_use]
pub fn agent_state_result(result: &AgentStateResult) -> Value {
    match &result.result {
        Some(Answer::AgentState(state)) => json!({"agentState": agent_state(state)}),
        Some(Answer::Finding(reason)) => json!({"finding": finding(reason)}),
        None => json!({}),
    }
}

/// An `Account`.
#[must_use]
pub fn account(account: &Account) -> Value {
    let number = |count: u64| Value::String(count.to_string());
    let mut withheld: Vec<_> = account.withheld.iter().collect();
    withheld.sort();
    let withheld: Map<String, Value> =
        withheld.into_iter().map(|(reason, count)| (reason.clone(), number(*count))).collect();
    json!({
        "directoryTotal": number(account.directory_total),
        "shown": number(account.shown),
        "filtered": number(account.filtered),
        "withheld": withheld,
        "unknown": number(account.unknown),
    })
}

/// Members in the order of the contract, where the JSON library keeps it.
#[derive(Default)]
struct Object(Map<String, Value>);

impl Object {
    fn set(&mut self, name: &str, value: Option<Value>) {
        if let Some(value) = value {
            self.0.insert(name.to_owned(), value);
        }
    }

    fn text(&mut self, name: &str, text: &str) {
        self.set(name, (!text.is_empty()).then(|| json!(text)));
    }

    fn name(&mut self, name: &str, known: bool, value: &str) {
        self.set(name, known.then(|| json!(value)));
    }

    fn count(&mut self, name: &str, count: u64) {
        self.set(name, (count != 0).then(|| Value::String(count.to_string())));
    }

    fn list(&mut self, name: &str, items: impl Iterator<Item = Value>) {
        let items: Vec<Value> = items.collect();
        self.set(name, (!items.is_empty()).then_some(Value::Array(items)));
    }

    fn instant(&mut self, name: &str, instant: Option<Timestamp>) {
        self.set(name, instant.map(|instant| Value::String(instant.to_string())));
    }

    fn span(&mut self, name: &str, span: Option<prost_types::Duration>) {
        self.set(name, span.map(|span| Value::String(span.to_string())));
    }

    fn finish(self) -> Value {
        Value::Object(self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64, nanos: i32) -> Option<Timestamp> {
        Some(Timestamp { seconds, nanos })
    }

    #[test]
    fn a_state_is_written_with_the_contracts_names() {
        let state = AgentState {
            agent_id: "a1".to_owned(),
            user_id: "u1".to_owned(),
            name: "Ada \"A\" \u{7}".to_owned(),
            division_id: "d1".to_owned(),
            presence: Some(AgentPresence {
                system: SystemPresence::OnQueue.into(),
                since: at(1_700_000_000, 123_000_000),
                system_text: "On Queue".to_owned(),
                ..Default::default()
            }),
            routing_status: Some(AgentRoutingStatus {
                status: RoutingStatus::Interacting.into(),
                since: at(1_700_000_000, 0),
                status_text: "INTERACTING".to_owned(),
            }),
            out_of_office: Some(false),
            active_queue_ids: vec!["q1".to_owned()],
            active_queues_known: true,
            active_queues_confirmed_at: at(1_700_000_060, 0),
            logged_in: Some(true),
            revision: u64::MAX,
            source: Source::Webhook.into(),
            ..Default::default()
        };
        let text = agent_state(&state).to_string();
        let parsed: Value = serde_json::from_str(&text).expect("a strict parser reads it");
        let expected = json!({
            "agentId": "a1", "userId": "u1", "name": "Ada \"A\" \u{7}", "divisionId": "d1",
            "presence": {
                "system": "SYSTEM_PRESENCE_ON_QUEUE", "systemText": "On Queue", "since": "2023-11-14T22:13:20.123Z"
            },
            "routingStatus": {
                "status": "ROUTING_STATUS_INTERACTING", "statusText": "INTERACTING", "since": "2023-11-14T22:13:20Z"
            },
            "outOfOffice": false, "activeQueueIds": ["q1"], "activeQueuesKnown": true, "loggedIn": true,
            "activeQueuesConfirmedAt": "2023-11-14T22:14:20Z",
            "revision": "18446744073709551615", "source": "SOURCE_WEBHOOK",
        });
        assert_eq!(parsed, expected);
    }

    #[test]
    fn a_facet_that_is_not_known_is_absent_and_an_unknown_value_keeps_its_text() {
        assert_eq!(agent_state(&AgentState::default()), json!({}));
        let presence = AgentPresence { system: 99, system_text: "Napping".to_owned(), ..Default::default() };
        let state = AgentState { presence: Some(presence), ..Default::default() };
        assert_eq!(agent_state(&state), json!({"presence": {"systemText": "Napping"}}));
    }

    #[test]
    fn a_finding_keeps_its_evidence_in_order() {
        let seen = |detail: &str| Evidence { detail: detail.to_owned(), ..Default::default() };
        let reason = Finding {
            reason: "AGENT_UNKNOWN".to_owned(),
            evidence: vec![seen("first"), seen("second")],
            ..Default::default()
        };
        let expected =
            json!({"reason": "AGENT_UNKNOWN", "evidence": [{"detail": "first"}, {"detail": "second"}]});
        assert_eq!(finding(&reason), expected);
        let result = AgentStateResult { result: Some(Answer::Finding(reason)) };
        assert_eq!(agent_state_result(&result), json!({"finding": expected}));
    }

    #[test]
    fn the_counts_of_an_account_are_all_there() {
        let withheld = [("POLICY_DENIED".to_owned(), 2)].into_iter().collect();
        let counts = Account { directory_total: 5, shown: 3, withheld, ..Default::default() };
        assert_eq!(
            account(&counts),
            json!({
                "directoryTotal": "5", "shown": "3", "filtered": "0", "withheld": {"POLICY_DENIED": "2"},
                "unknown": "0",
            })
        );
    }
}
