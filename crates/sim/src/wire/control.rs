//! The control plane under `/sim/` (contract section 9): no token, no faults, no rate limit.
//!
//! Pausing is answered by the shell, because it waits for deliveries.

mod clients;

use serde::Deserialize;
use serde_json::{Value, json};

use super::call::{Answer, Call, Method};
use crate::cloud::agent::{Account, RoutingStatus};
use crate::cloud::id::Id;
use crate::cloud::moves::Force;
use crate::cloud::presence::Definition;
use crate::shapes::{Style, TruthBody};
use crate::world::{Where, World};

/// Most people hired at once.
const HIRE_MAX: usize = 10_000;
/// Most people who ever worked here.
const AGENTS_MAX: usize = 200_000;

/// Why the control plane does not do it.
#[derive(Debug, thiserror::Error)]
enum ControlError {
    #[error(
        "no such control; see /sim/agents, /sim/faults, /sim/stats, /sim/pause, /sim/resume, /sim/clients, /sim/disconnect"
    )]
    NoSuchControl,
    #[error("no agent or user has the id `{0}`")]
    NoSuchAgent(String),
    #[error("the account of `{id}` is {account}; only people whose account is active can be moved")]
    NotActive { id: Id, account: &'static str },
    #[error("malformed body: {0}")]
    Malformed(String),
    #[error(transparent)]
    Fault(#[from] crate::faults::FaultError),
}

type Result<T> = std::result::Result<T, ControlError>;

/// Answers a call of the control plane.
pub(super) fn answer(world: &mut World, call: &Call) -> Answer {
    match route(world, call) {
        Ok(answer) => answer,
        Err(error) => {
            let status = match error {
                ControlError::NoSuchControl | ControlError::NoSuchAgent(_) => 404,
                ControlError::NotActive { .. } => 409,
                ControlError::Malformed(_) | ControlError::Fault(_) => 400,
            };
            Answer::json(status, &json!({"message": error.to_string(), "status": status}))
        }
    }
}

fn route(world: &mut World, call: &Call) -> Result<Answer> {
    let segments: Vec<&str> = call.path.split('/').skip(2).collect();
    match (call.method, segments.as_slice()) {
        (Method::Get, ["agents"]) => Ok(agents(world)),
        (Method::Get, ["agents", id]) => agent(world, find(world, id)?),
        (Method::Post, ["agents"]) => hire(world, call),
        (Method::Delete, ["agents", id]) => dismiss(world, find(world, id)?, call),
        (Method::Post, ["agents", id, "state"]) => force(world, find(world, id)?, call),
        (Method::Get, ["faults"]) => Ok(Answer::ok(&world.faults.to_json())),
        (Method::Put, ["faults"]) => faults(world, call),
        (Method::Get, ["stats"]) => Ok(Answer::ok(&world.stats.to_json())),
        (Method::Post, ["clients"]) => clients::put(world, body(call)?, call.now),
        (Method::Post, ["disconnect"]) => disconnect(world, call),
        _ => Err(ControlError::NoSuchControl),
    }
}

/// The truth about everybody whose account is active, logged in or not.
fn agents(world: &World) -> Answer {
    let style = Style::rest(&world.faults);
    let active = world.here.cloud.agents().iter().filter(|agent| agent.account == Account::Active);
    Answer::ok(&active.map(|agent| TruthBody::of(agent, style)).collect::<Vec<_>>())
}

/// The truth about one, whatever their account.
fn agent(world: &World, position: usize) -> Result<Answer> {
    let agent = world.here.cloud.agent(position).ok_or(ControlError::NoSuchControl)?;
    Ok(Answer::ok(&TruthBody::of(agent, Style::rest(&world.faults))))
}

fn find(world: &World, text: &str) -> Result<usize> {
    let cloud = &world.here.cloud;
    let id = Id::parse(text);
    let position = id.and_then(|id| cloud.position_by_agent(id).or_else(|| cloud.position_by_user(id)));
    position.ok_or_else(|| ControlError::NoSuchAgent(text.to_owned()))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Hiring {
    count: usize,
}

fn hire(world: &mut World, call: &Call) -> Result<Answer> {
    let Hiring { count } = body(call)?;
    let room = AGENTS_MAX.saturating_sub(world.here.cloud.agents().len());
    if count > HIRE_MAX.min(room) {
        return Err(ControlError::Malformed(format!("`count` is at most {}", HIRE_MAX.min(room))));
    }
    let positions = world.here.cloud.hire(count, call.now);
    let style = Style::rest(&world.faults);
    let hired = positions.into_iter().filter_map(|position| world.here.cloud.agent(position));
    Ok(Answer::json(201, &hired.map(|agent| TruthBody::of(agent, style)).collect::<Vec<_>>()))
}

fn dismiss(world: &mut World, position: usize, call: &Call) -> Result<Answer> {
    if let Some(change) = world.here.cloud.dismiss(position, call.now) {
        world.publish(&change, call.now);
    }
    agent(world, position)
}

/// A state to be made true. `presence` is a name in any spelling or a definition's id.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Forced {
    presence: Option<Value>,
    routing_status: Option<Value>,
    logged_in: Option<bool>,
    out_of_office: Option<bool>,
}

fn force(world: &mut World, position: usize, call: &Call) -> Result<Answer> {
    let forced: Forced = body(call)?;
    let cloud = &world.here.cloud;
    if let Some(gone) = cloud.agent(position).filter(|agent| agent.account != Account::Active) {
        return Err(ControlError::NotActive { id: gone.id, account: gone.account.text() });
    }
    let presence = forced.presence.as_ref().map(|value| {
        let text = named(value, &["systemPresence"]);
        let found = text.as_deref().and_then(|text| cloud.definitions.find(text)).map(Definition::pick);
        found.ok_or_else(|| ControlError::Malformed(format!("no presence is named {value}")))
    });
    let routing = forced.routing_status.as_ref().map(|value| {
        let found = named(value, &["status"]).as_deref().and_then(RoutingStatus::find);
        found.ok_or_else(|| ControlError::Malformed(format!("no routing status is named {value}")))
    });
    let happening = cloud.force(Force {
        presence: presence.transpose()?,
        routing: routing.transpose()?,
        logged_in: forced.logged_in,
        out_of_office: forced.out_of_office,
        fallback: None,
    });
    world.happen(Where::Here, position, &happening, call.now);
    agent(world, position)
}

/// A name given as text, or as an object of section 8, whose definition says more than its system presence.
fn named(value: &Value, members: &[&str]) -> Option<String> {
    let definition = value.pointer("/presenceDefinition/id").and_then(Value::as_str);
    let plain = value.as_str().or(definition);
    let member = || members.iter().find_map(|name| value.get(name).and_then(Value::as_str));
    plain.or_else(member).map(str::to_owned)
}

fn faults(world: &mut World, call: &Call) -> Result<Answer> {
    let given: serde_json::Map<String, Value> = body(call)?;
    world.faults = world.faults.merged(&given)?;
    Ok(Answer::ok(&world.faults.to_json()))
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Disconnecting {
    client_id: Option<String>,
}

/// Revokes all tokens, or those of one client.
fn disconnect(world: &mut World, call: &Call) -> Result<Answer> {
    let wanted: Disconnecting = if call.body.is_empty() { Disconnecting::default() } else { body(call)? };
    let client = wanted.client_id.as_deref();
    let revoked = world.here.tokens.revoke_all(client) + world.elsewhere.tokens.revoke_all(client);
    Ok(Answer::ok(&json!({"tokensRevoked": revoked})))
}

fn body<T: serde::de::DeserializeOwned>(call: &Call) -> Result<T> {
    if call.oversized {
        return Err(ControlError::Malformed(format!("more than {} bytes", super::BODY_MAX)));
    }
    serde_json::from_slice(&call.body).map_err(|error| ControlError::Malformed(error.to_string()))
}
