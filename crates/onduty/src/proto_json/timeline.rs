//! The timeline of an agent as proto3 JSON.

use onduty_proto::v1::{FacetRuling, GetTimelineResponse, Ruling, Source, TimelineEntry, TimelineOutcome};
use serde_json::Value;

use super::{Object, agent_state};

/// A `GetTimelineResponse`.
#[must_use]
pub fn timeline(timeline: &GetTimelineResponse) -> Value {
    let mut object = Object::default();
    object.list("entries", timeline.entries.iter().map(timeline_entry));
    object.text("nextPageToken", &timeline.next_page_token);
    object.text("agentId", &timeline.agent_id);
    object.text("userId", &timeline.user_id);
    object.set("agentState", timeline.agent_state.as_ref().map(agent_state));
    object.instant("keptSince", timeline.kept_since);
    object.text("note", &timeline.note);
    object.finish()
}

/// A `TimelineEntry`.
#[must_use]
pub fn timeline_entry(entry: &TimelineEntry) -> Value {
    let (source, outcome) = (entry.source(), entry.outcome());
    let mut object = Object::default();
    object.instant("heardAt", entry.heard_at);
    object.instant("asOf", entry.as_of);
    object.name("source", source != Source::Unspecified, source.as_str_name());
    object.text("eventId", &entry.event_id);
    object.name("outcome", outcome != TimelineOutcome::Unspecified, outcome.as_str_name());
    object.text("rule", &entry.rule);
    object.count("revision", entry.revision);
    object.set("said", entry.said.as_ref().map(agent_state));
    object.list("rulings", entry.rulings.iter().map(facet_ruling));
    object.text("account", &entry.account);
    object.set("absent", entry.absent.then_some(Value::Bool(true)));
    object.finish()
}

fn facet_ruling(ruling: &FacetRuling) -> Value {
    let name = ruling.ruling();
    let mut object = Object::default();
    object.text("facet", &ruling.facet);
    object.name("ruling", name != Ruling::Unspecified, name.as_str_name());
    object.text("rule", &ruling.rule);
    object.instant("beganAt", ruling.began_at);
    object.finish()
}

#[cfg(test)]
mod tests {
    use super::*;
    use onduty_proto::v1::AgentState;
    use prost_types::Timestamp;
    use serde_json::json;

    #[test]
    fn a_timeline_is_written_with_the_contracts_names() {
        let at = |seconds| Some(Timestamp { seconds, nanos: 0 });
        let ruling = FacetRuling {
            facet: "logged_in".to_owned(),
            ruling: Ruling::Older.into(),
            rule: "older than what we hold".to_owned(),
            began_at: at(1),
        };
        let entry = TimelineEntry {
            heard_at: at(3),
            as_of: at(2),
            source: Source::Webhook.into(),
            event_id: "e1".to_owned(),
            outcome: TimelineOutcome::Stale.into(),
            rule: "older than what we hold".to_owned(),
            revision: 7,
            said: Some(AgentState { logged_in: Some(true), ..AgentState::default() }),
            rulings: vec![ruling],
            account: "active".to_owned(),
            absent: true,
        };
        let whole = GetTimelineResponse {
            entries: vec![entry],
            next_page_token: "t".to_owned(),
            agent_id: "a1".to_owned(),
            user_id: "u1".to_owned(),
            agent_state: Some(AgentState { agent_id: "a1".to_owned(), ..AgentState::default() }),
            kept_since: at(0),
            note: "n".to_owned(),
        };
        let expected = json!({
            "entries": [{
                "heardAt": "1970-01-01T00:00:03Z", "asOf": "1970-01-01T00:00:02Z", "source": "SOURCE_WEBHOOK",
                "eventId": "e1", "outcome": "TIMELINE_OUTCOME_STALE", "rule": "older than what we hold",
                "revision": "7", "said": {"loggedIn": true},
                "rulings": [{
                    "facet": "logged_in", "ruling": "RULING_OLDER", "rule": "older than what we hold",
                    "beganAt": "1970-01-01T00:00:01Z"
                }],
                "account": "active", "absent": true
            }],
            "nextPageToken": "t", "agentId": "a1", "userId": "u1", "agentState": {"agentId": "a1"},
            "keptSince": "1970-01-01T00:00:00Z", "note": "n"
        });
        assert_eq!(timeline(&whole), expected);
    }
}
