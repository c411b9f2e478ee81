//! The control plane under `/sim/` (contract section 9): no token, no faults, no rate limit.
//!
//! Pausing is answered by the shell, because it waits for deliveries.

mod agents;
mod clients;
mod disconnect;
mod sender;

use serde_json::{Value, json};

use super::call::{Answer, Call, Method};
use crate::cloud::Cloud;
use crate::cloud::id::Id;
use crate::world::World;

/// Why the control plane does not do it.
#[derive(Debug, thiserror::Error)]
enum ControlError {
    #[error(
        "no such control; see /sim/agents, /sim/faults, /sim/stats, /sim/pause, /sim/resume, /sim/clients, \
         /sim/webhook, /sim/disconnect, or docs/simulator.md"
    )]
    NoSuchControl,
    #[error("no agent or user has the id `{0}`")]
    NoSuchAgent(String),
    #[error("the account of `{id}` is {account}; only people whose account is active can be moved")]
    NotActive { id: Id, account: &'static str },
    #[error("`{what}` cannot happen to somebody who is {status}")]
    NotNow { what: &'static str, status: &'static str },
    #[error("no client has the id `{0}`")]
    NoSuchClient(String),
    #[error("malformed body: {0}")]
    Malformed(String),
    #[error(transparent)]
    Sender(#[from] crate::sender::AuthError),
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
                ControlError::NoSuchControl
                | ControlError::NoSuchAgent(_)
                | ControlError::NoSuchClient(_) => 404,
                ControlError::NotActive { .. } | ControlError::NotNow { .. } => 409,
                ControlError::Malformed(_) | ControlError::Fault(_) | ControlError::Sender(_) => 400,
            };
            Answer::json(status, &json!({"message": error.to_string(), "status": status}))
        }
    }
}

fn route(world: &mut World, call: &Call) -> Result<Answer> {
    let segments: Vec<&str> = call.path.split('/').skip(2).collect();
    match (call.method, segments.as_slice()) {
        (Method::Get, ["agents"]) => agents::list(world, call),
        (Method::Get, ["agents", id]) => agents::show(world, agents::find(world, id)?),
        (Method::Post, ["agents"]) => agents::hire(world, body(call)?, call.now),
        (Method::Delete, ["agents", id]) => agents::dismiss(world, agents::find(world, id)?, call.now),
        (Method::Post, ["agents", id, what]) => agents::change(world, agents::find(world, id)?, what, call),
        (Method::Get, ["faults"]) => Ok(Answer::ok(&world.faults.to_json())),
        (Method::Put, ["faults"]) => faults(world, call),
        (Method::Get, ["stats"]) => Ok(Answer::ok(&world.stats_json())),
        (Method::Post, ["stats", "reset"]) => Ok(reset_stats(world)),
        (Method::Get, ["webhook"]) => Ok(sender::show(world)),
        (Method::Put, ["webhook"]) => sender::set(world, call),
        (Method::Get, ["clients"]) => Ok(clients::list(world, call.now)),
        (Method::Post, ["clients"]) => clients::put(world, body(call)?, call.now),
        (Method::Delete, ["clients", id]) => clients::remove(world, id),
        (Method::Post, ["disconnect"]) => disconnect::disconnect(world, call),
        _ => Err(ControlError::NoSuchControl),
    }
}

fn faults(world: &mut World, call: &Call) -> Result<Answer> {
    let given: serde_json::Map<String, Value> = body(call)?;
    let next = world.faults.merged(&given)?;
    if let Some(unknown) = next.http_trouble_routes.iter().find(|route| !super::is_route(route)) {
        let text = format!("there is no route `{unknown}`; name templates such as /api/v2/users/{{userId}}");
        return Err(ControlError::Malformed(text));
    }
    world.switch(next);
    Ok(Answer::ok(&world.faults.to_json()))
}

/// Starts counting requests from nothing; gives the counts so far.
fn reset_stats(world: &mut World) -> Answer {
    let so_far = Answer::ok(&world.stats_json());
    world.stats.forget_requests();
    so_far
}

/// The id of a division given by name or id.
fn division(cloud: &Cloud, text: &str) -> Result<Id> {
    let id = Id::parse(text);
    let known = cloud.divisions.iter().find(|known| known.name == text || id == Some(known.id));
    let missing = || ControlError::Malformed(format!("no division is named `{text}`"));
    known.map(|division| division.id).ok_or_else(missing)
}

fn body<T: serde::de::DeserializeOwned>(call: &Call) -> Result<T> {
    if call.oversized {
        return Err(ControlError::Malformed(format!("more than {} bytes", super::BODY_MAX)));
    }
    serde_json::from_slice(&call.body).map_err(|error| ControlError::Malformed(error.to_string()))
}
