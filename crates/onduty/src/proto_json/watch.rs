//! The messages of a watch as proto3 JSON.

use onduty_proto::v1::change::Change as Kind;
use onduty_proto::v1::watch_agent_states_response::Message;
use onduty_proto::v1::{AgentState, Finding, ResetReason};
use prost_types::Timestamp;
use serde_json::{Value, json};

use super::{Object, agent_state, finding};

/// A `WatchAgentStatesResponse`.
#[must_use]
pub fn message(message: &Message) -> Value {
    match message {
        Message::Snapshot(page) => snapshot(&page.agent_states, &page.findings, page.last, &page.cursor),
        Message::Changes(some) => {
            let each = some.changes.iter().filter_map(|change| change.change.as_ref());
            let each = each.map(|change| match change {
                Kind::Upserted(state) => upsert(state),
                Kind::Removed(agent_id) => removal(agent_id),
            });
            changes(each.collect(), &some.cursor)
        }
        Message::Progress(sign) => progress(sign.as_of, &sign.cursor),
        Message::Reset(why) => reset(why.reason(), &why.cursor),
    }
}

/// A page of a snapshot. Its states are always there: that there is nobody is news.
#[must_use]
pub fn snapshot(states: &[AgentState], findings: &[Finding], last: bool, cursor: &str) -> Value {
    let states: Vec<Value> = states.iter().map(agent_state).collect();
    let mut object = Object::default();
    object.set("agentStates", Some(states.into()));
    object.set("last", Some(last.into()));
    object.text("cursor", cursor);
    object.list("findings", findings.iter().map(finding));
    json!({"snapshot": object.finish()})
}

/// One change: an agent's new state.
#[must_use]
pub fn upserted(state: &AgentState, cursor: &str) -> Value {
    changes(vec![upsert(state)], cursor)
}

/// One change: an agent that is gone.
#[must_use]
pub fn removed(agent_id: &str, cursor: &str) -> Value {
    changes(vec![removal(agent_id)], cursor)
}

/// How far nothing (else) changed.
#[must_use]
pub fn progress(as_of: Option<Timestamp>, cursor: &str) -> Value {
    let mut object = Object::default();
    object.text("cursor", cursor);
    object.instant("asOf", as_of);
    json!({"progress": object.finish()})
}

/// Why a snapshot follows, or (with a cursor to resume from) why the watch ends.
#[must_use]
pub fn reset(reason: ResetReason, cursor: &str) -> Value {
    let mut object = Object::default();
    object.set("reason", Some(reason.as_str_name().into()));
    object.text("cursor", cursor);
    json!({"reset": object.finish()})
}

fn changes(changes: Vec<Value>, cursor: &str) -> Value {
    let mut object = Object::default();
    object.set("changes", Some(changes.into()));
    object.text("cursor", cursor);
    json!({"changes": object.finish()})
}

fn upsert(state: &AgentState) -> Value {
    json!({"upserted": agent_state(state)})
}

fn removal(agent_id: &str) -> Value {
    json!({"removed": agent_id})
}
