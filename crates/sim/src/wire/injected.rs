//! `POST /api/v2/events/users/…`: states that another telephone system reports about its agents. They obey no rule of
//! the platform's own, and every item is answered with 200, refused ones too.

use serde::Deserialize;
use serde_json::{Value, json};

use super::call::{Answer, Asked};
use super::presence_changes::MESSAGE_MAX;
use super::refusal::Refusal;
use super::users;
use crate::cloud::agent::{Account, RoutingStatus};
use crate::cloud::id::Id;
use crate::cloud::moves::{Force, Move};

/// Most items of one request.
const ITEMS_MAX: usize = 100;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Presences {
    user_presence_events: Vec<PresenceEvent>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PresenceEvent {
    event_id: String,
    user_id: String,
    source_id: String,
    presence_definition_id: String,
    message: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Statuses {
    user_routing_status_events: Vec<StatusEvent>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct StatusEvent {
    event_id: String,
    agent_id: String,
    source_id: String,
    status: String,
}

/// `POST /api/v2/events/users/presence`
pub(super) fn presences(asked: &mut Asked<'_>) -> Result<Answer, Refusal> {
    asked.require("presence:userPresence:inject")?;
    let Presences { user_presence_events: events } = asked.body()?;
    in_bounds(events.len())?;
    let mut errors = Vec::new();
    for event in &events {
        if let Err(message) = inject_presence(asked, event) {
            errors.push(error(&event.event_id, message));
        }
    }
    Ok(Answer::ok(&json!({"errors": errors})))
}

/// `POST /api/v2/events/users/routingstatus`
pub(super) fn statuses(asked: &mut Asked<'_>) -> Result<Answer, Refusal> {
    asked.require("routing:routingstatus:inject")?;
    let Statuses { user_routing_status_events: events } = asked.body()?;
    in_bounds(events.len())?;
    let mut errors = Vec::new();
    for event in &events {
        if let Err(message) = inject_status(asked, event) {
            errors.push(error(&event.event_id, message));
        }
    }
    Ok(Answer::ok(&json!({"errors": errors})))
}

fn in_bounds(count: usize) -> Result<(), Refusal> {
    match count {
        0 => Err(Refusal::plain(400, "zero.events.submitted", "No events were submitted.")),
        1..=ITEMS_MAX => Ok(()),
        _ => {
            let message = "Only 100 events can be submitted at a time.";
            Err(Refusal::plain(400, "max.batch.size.surpassed", message))
        }
    }
}

fn error(event_id: &str, message: &str) -> Value {
    json!({"eventId": event_id, "message": message, "retryable": false})
}

/// The user of an item, if its event and its source can be told.
fn subject(asked: &Asked<'_>, event: &str, source: &str, user: &str) -> Result<usize, &'static str> {
    Id::parse(event).ok_or("the event id is no UUID")?;
    let source = Id::parse(source);
    let known = asked.cloud().sources.iter().any(|known| source == Some(known.id));
    if !known {
        return Err("the source is not registered");
    }
    let position = users::find(asked, user).ok_or("the user does not exist")?;
    let active = asked.cloud().agent(position).is_some_and(|agent| agent.account == Account::Active);
    if active { Ok(position) } else { Err("the user is not active") }
}

fn inject_presence(asked: &mut Asked<'_>, event: &PresenceEvent) -> Result<(), &'static str> {
    let position = subject(asked, &event.event_id, &event.source_id, &event.user_id)?;
    let definition =
        Id::parse(&event.presence_definition_id).and_then(|id| asked.cloud().definitions.get(id));
    let pick = definition.ok_or("the presence definition does not exist")?.pick();
    let message = event.message.clone().unwrap_or_default();
    if message.chars().count() > MESSAGE_MAX {
        return Err("the message is too long");
    }
    // Routing stays what it was, whatever the presence: the foreign system reports it by itself.
    let routing = asked.cloud().agent(position).map(|agent| agent.state().routing.status);
    let force = Force { presence: Some(pick), routing, ..Force::default() };
    asked.world.happen(asked.place, position, &Move::Force(force), asked.call.now);
    if !message.is_empty() {
        asked.world.happen(asked.place, position, &Move::Message(message), asked.call.now);
    }
    Ok(())
}

fn inject_status(asked: &mut Asked<'_>, event: &StatusEvent) -> Result<(), &'static str> {
    let position = subject(asked, &event.event_id, &event.source_id, &event.agent_id)?;
    let status = RoutingStatus::find(&event.status).ok_or("the routing status does not exist")?;
    let force = Force { routing: Some(status), ..Force::default() };
    asked.world.happen(asked.place, position, &Move::Force(force), asked.call.now);
    Ok(())
}
