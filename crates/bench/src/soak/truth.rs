//! What the simulator says is true of everybody, and what the sidecar shows: facet by facet, clocks included.

use std::collections::HashMap;

use onduty_client::proto::AgentState;
use serde::Deserialize;

use crate::house::millis;

/// What is compared of an agent. Words are compared by their letters, because spellings differ from API to API.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Facets {
    name: String,
    presence: String,
    definition: String,
    routing: String,
    /// The clocks of both facets.
    pub(crate) clocks: Clocks,
}

/// When the two facets last changed, in milliseconds by the platform's clock; 0 where it did not say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Clocks {
    presence: i64,
    routing: i64,
}

impl Clocks {
    /// When the younger of the two changed.
    pub(crate) fn newest(self) -> i64 {
        self.presence.max(self.routing)
    }

    /// Whether neither is behind the other's.
    pub(crate) const fn has_reached(self, other: Self) -> bool {
        self.presence >= other.presence && self.routing >= other.routing
    }

    /// When the younger of those changed that are not as they were.
    pub(crate) fn newest_beside(self, before: Self) -> Option<i64> {
        let presence = (self.presence > before.presence).then_some(self.presence);
        let routing = (self.routing > before.routing).then_some(self.routing);
        presence.max(routing)
    }
}

/// Everybody, by user id.
pub(crate) type People = HashMap<String, Facets>;

/// One agent of `GET /sim/agents`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Person {
    user_id: String,
    name: String,
    presence: PersonPresence,
    routing_status: PersonRouting,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PersonPresence {
    system_presence: String,
    presence_definition: Definition,
    modified_date: Option<String>,
}

#[derive(Deserialize)]
struct Definition {
    id: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PersonRouting {
    status: String,
    start_time: Option<String>,
}

/// Reads what `GET /sim/agents` answers.
///
/// # Errors
///
/// When it is something else.
pub(crate) fn people(agents: serde_json::Value) -> Result<People, serde_json::Error> {
    let people: Vec<Person> = serde_json::from_value(agents)?;
    let facets = |person: Person| Facets {
        name: person.name,
        presence: letters(&person.presence.system_presence),
        definition: person.presence.presence_definition.id,
        routing: letters(&person.routing_status.status),
        clocks: Clocks {
            presence: instant(person.presence.modified_date.as_deref()),
            routing: instant(person.routing_status.start_time.as_deref()),
        },
    };
    Ok(people.into_iter().map(|person| (person.user_id.clone(), facets(person))).collect())
}

/// What the sidecar shows of an agent.
pub(crate) fn shown(state: &AgentState) -> Facets {
    let presence = state.presence.clone().unwrap_or_default();
    let routing = state.routing_status.clone().unwrap_or_default();
    Facets {
        name: state.name.clone(),
        presence: letters(&presence.system_text),
        definition: presence.definition_id,
        routing: letters(&routing.status_text),
        clocks: clocks(state),
    }
}

/// The clocks that the sidecar shows of an agent.
pub(crate) fn clocks(state: &AgentState) -> Clocks {
    Clocks {
        presence: millis(state.presence.as_ref().and_then(|presence| presence.since.as_ref())),
        routing: millis(state.routing_status.as_ref().and_then(|routing| routing.since.as_ref())),
    }
}

/// Every difference, one a line; empty when they are equal.
pub(crate) fn differences<'a>(
    truth: &People,
    states: impl IntoIterator<Item = &'a AgentState>,
) -> Vec<String> {
    let mut left: HashMap<&str, &Facets> = truth.iter().map(|(id, facets)| (id.as_str(), facets)).collect();
    let mut found = Vec::new();
    for state in states {
        match left.remove(state.user_id.as_str()) {
            None => found.push(format!("{}: shown, but does not exist", state.user_id)),
            Some(facets) => {
                let shown = shown(state);
                if *facets != shown {
                    found.push(format!("{}: is {facets:?} and shown as {shown:?}", state.user_id));
                }
            }
        }
    }
    found.extend(left.keys().map(|user_id| format!("{user_id}: missing")));
    found
}

fn instant(text: Option<&str>) -> i64 {
    let at = text.and_then(|text| text.parse::<jiff::Timestamp>().ok());
    at.map_or(0, jiff::Timestamp::as_millisecond)
}

fn letters(text: &str) -> String {
    text.chars().filter(char::is_ascii_alphabetic).collect::<String>().to_uppercase()
}

#[cfg(test)]
mod tests {
    use onduty_client::proto::{AgentPresence, AgentRoutingStatus};
    use prost_types::Timestamp;
    use serde_json::json;

    use super::*;

    fn truth() -> People {
        let agents = json!([{
            "userId": "u1", "name": "Ada",
            "presence": {"systemPresence": "ON_QUEUE", "presenceDefinition": {"id": "d1"},
                "modifiedDate": "2026-03-02T09:14:07.381Z"},
            "routingStatus": {"status": "IDLE", "startTime": "2026-03-02T09:14:08.020Z"},
            "loggedIn": true,
        }]);
        people(agents).expect("people")
    }

    fn state() -> AgentState {
        let at = |seconds, nanos| Some(Timestamp { seconds, nanos });
        AgentState {
            user_id: "u1".into(),
            name: "Ada".into(),
            presence: Some(AgentPresence {
                system_text: "On Queue".into(),
                definition_id: "d1".into(),
                since: at(1_772_442_847, 381_000_000),
                ..AgentPresence::default()
            }),
            routing_status: Some(AgentRoutingStatus {
                status_text: "IDLE".into(),
                since: at(1_772_442_848, 20_000_000),
                ..AgentRoutingStatus::default()
            }),
            ..AgentState::default()
        }
    }

    #[test]
    fn the_same_in_another_spelling_is_no_difference() {
        assert_eq!(differences(&truth(), [&state()]), Vec::<String>::new());
    }

    #[test]
    fn a_clock_a_word_somebody_missing_and_somebody_invented_are_differences() {
        let mut late = state();
        if let Some(routing) = &mut late.routing_status {
            routing.since = None;
        }
        let mut busy = state();
        if let Some(routing) = &mut busy.routing_status {
            routing.status_text = "INTERACTING".into();
        }
        let stranger = AgentState { user_id: "u2".into(), ..state() };
        assert_eq!(differences(&truth(), [&late]).len(), 1);
        assert_eq!(differences(&truth(), [&busy]).len(), 1);
        assert_eq!(differences(&truth(), []), ["u1: missing"]);
        assert_eq!(differences(&truth(), [&state(), &stranger]).len(), 1);
    }

    #[test]
    fn the_newest_clock_that_changed_dates_a_change() {
        let before = Clocks { presence: 5, routing: 7 };
        assert_eq!(Clocks { presence: 9, routing: 7 }.newest_beside(before), Some(9));
        assert_eq!(Clocks { presence: 9, routing: 8 }.newest_beside(before), Some(9));
        assert_eq!(before.newest_beside(before), None);
        assert!(before.has_reached(before) && !before.has_reached(Clocks { presence: 6, routing: 0 }));
    }
}
