//! The simulator's truth against what the sidecar shows: facet by facet, clocks included.

use std::collections::BTreeMap;

use onduty_client::proto::AgentState;
use prost_types::Timestamp;
use serde_json::Value;

/// Which facets an API can tell at all.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Api {
    Users,
    AgentStates,
}

impl Api {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Users => "users",
            Self::AgentStates => "agent-states",
        }
    }
}

/// Every difference between the truth and what is shown, one a line; empty when they are equal.
pub(crate) fn differences<'a>(
    truth: &Value,
    shown: impl IntoIterator<Item = &'a AgentState>,
    api: Api,
) -> Vec<String> {
    let mut shown: BTreeMap<&str, &AgentState> = shown.into_iter().map(|s| (s.user_id.as_str(), s)).collect();
    let mut found = Vec::new();
    for agent in truth.as_array().unwrap() {
        let user_id = text(&agent["userId"]);
        let logged_in = agent["loggedIn"].as_bool().unwrap();
        match shown.remove(user_id.as_str()) {
            Some(state) => {
                found.extend(compare(agent, state, api).into_iter().map(|d| format!("{user_id}: {d}")));
            }
            // In the agent-states API there is no state to read of somebody who never logged in.
            None if matches!(api, Api::AgentStates) && !logged_in => {}
            None => found.push(format!("{user_id}: missing")),
        }
    }
    found.extend(shown.keys().map(|user_id| format!("{user_id}: shown, but does not exist")));
    found
}

fn compare(truth: &Value, state: &AgentState, api: Api) -> Vec<String> {
    let mut pairs = vec![("name", text(&truth["name"]), state.name.clone())];
    let logged_in = truth["loggedIn"].as_bool().unwrap();
    if let Api::AgentStates = api {
        pairs.push(("agent id", text(&truth["agentId"]), state.agent_id.clone()));
        pairs.push((
            "logged in",
            logged_in.to_string(),
            state.logged_in.map_or(String::new(), |l| l.to_string()),
        ));
    }
    let presence = &truth["presence"];
    // A log-out whose event was lost is proven by a read that has no facets: then they are absent, not wrong.
    let ended = matches!(api, Api::AgentStates) && !logged_in;
    if state.presence.is_some() || !ended {
        let shown = state.presence.clone().unwrap_or_default();
        pairs.push(("presence", letters(&text(&presence["systemPresence"])), letters(&shown.system_text)));
        pairs.push(("definition", text(&presence["presenceDefinition"]["id"]), shown.definition_id));
        pairs.push(("presence since", text(&presence["modifiedDate"]), instant(shown.since)));
    }
    if state.routing_status.is_some() || !ended {
        let shown = state.routing_status.clone().unwrap_or_default();
        pairs.push((
            "routing status",
            letters(&text(&truth["routingStatus"]["status"])),
            letters(&shown.status_text),
        ));
        pairs.push(("routing since", text(&truth["routingStatus"]["startTime"]), instant(shown.since)));
    }
    pairs
        .into_iter()
        .filter(|(_, truth, shown)| truth != shown)
        .map(|(what, truth, shown)| format!("{what} is {truth:?} and shown as {shown:?}"))
        .collect()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn letters(text: &str) -> String {
    text.chars().filter(char::is_ascii_alphabetic).collect::<String>().to_uppercase()
}

fn instant(at: Option<Timestamp>) -> String {
    at.map_or(String::new(), |at| {
        let millis = at.seconds * 1000 + i64::from(at.nanos) / 1_000_000;
        let at = jiff::Timestamp::from_millisecond(millis).unwrap();
        format!("{at:.3}")
    })
}
