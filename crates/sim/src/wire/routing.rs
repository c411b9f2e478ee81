//! Routing status of users, and queues with their members.

mod members;

pub(super) use members::list as members;

use serde::Deserialize;
use serde_json::{Value, json};

use super::call::{Answer, Asked};
use super::listing::{Listing, Page};
use super::refusal::Refusal;
use super::sight::Cache;
use super::users;
use crate::cloud::access::Held;
use crate::cloud::agent::{Account, RoutingStatus};
use crate::cloud::id::Id;
use crate::cloud::moves::Move;
use crate::cloud::organisation::Queue;
use crate::shapes::{RoutingBody, Style};

/// `GET /api/v2/users/{userId}/routingstatus`: says `OFF_QUEUE` of a user that does not exist, unless switched off.
pub(super) fn status(asked: &mut Asked<'_>) -> Result<Answer, Refusal> {
    let style = Style::rest(&asked.world.faults);
    let id = Id::parse(asked.param()).ok_or_else(Refusal::not_found)?;
    match asked.cloud().user(id).filter(|agent| agent.account != Account::Deleted) {
        Some(agent) if asked.withholds(agent) => Ok(Answer::ok(&RoutingBody::withheld(id))),
        Some(agent) => Ok(Answer::ok(&RoutingBody::of(agent, asked.state_of(agent, Cache::Users), style))),
        None if asked.world.faults.routing_lie => Ok(Answer::ok(&RoutingBody::lie(id))),
        None => Err(Refusal::not_found()),
    }
}

#[derive(Deserialize)]
struct PutStatus {
    status: String,
}

/// `PUT /api/v2/users/{userId}/routingstatus`: takes narrow transitions only. Nobody is put on queue by it.
pub(super) fn set_status(asked: &mut Asked<'_>) -> Result<Answer, Refusal> {
    let body: PutStatus = asked.body()?;
    let found = users::find(asked, asked.param());
    let agent = found.and_then(|position| asked.cloud().agent(position));
    let (Some(position), Some(agent)) = (found, agent.filter(|agent| agent.account != Account::Deleted))
    else {
        return Err(Refusal::plain(404, "resource.not.found", "The requested resource was not found."));
    };
    let invalid =
        || Refusal::plain(400, "general.bad.request", "An invalid routing status transition was attempted.");
    let wanted = RoutingStatus::find(&body.status).ok_or_else(invalid)?;
    let happening = match (agent.state().routing.status, wanted) {
        (now, wanted) if now == wanted => None,
        (RoutingStatus::NotResponding, RoutingStatus::Idle) => Some(Move::Acknowledge),
        (RoutingStatus::Interacting, RoutingStatus::Idle) if agent.state().routing.after_call_work => {
            Some(Move::Finish)
        }
        (RoutingStatus::Communicating, RoutingStatus::Idle) => Some(Move::EndOwnCall),
        _ => return Err(invalid()),
    };
    if let Some(happening) = happening {
        asked.world.happen(asked.place, position, &happening, asked.call.now);
    }
    status(asked)
}

/// `GET /api/v2/routing/queues`: only those of divisions in which the permission is held.
pub(super) fn queues(asked: &mut Asked<'_>) -> Result<Answer, Refusal> {
    let held = asked.require("routing:queue:view")?;
    let page = Page::capped(asked, 500)?;
    let name = asked.call.query.get("name").map(str::to_lowercase);
    let all: Vec<Value> = asked
        .cloud()
        .queues
        .iter()
        .filter(|queue| held.covers(queue.division))
        .filter(|queue| name.as_ref().is_none_or(|name| queue.name.to_lowercase().contains(name)))
        .map(|queue| queue_body(asked, queue))
        .collect();
    let total = all.len();
    Ok(Answer::ok(&Listing::of(asked, page, total, page.of(all.into_iter()).collect())))
}

/// `GET /api/v2/routing/queues/{queueId}`
pub(super) fn queue(asked: &mut Asked<'_>) -> Result<Answer, Refusal> {
    let permission = "routing:queue:view";
    let held = asked.require(permission)?;
    let queue = find_queue(asked)?;
    if !held.covers(queue.division) {
        return Err(Refusal::missing_in_division(permission));
    }
    Ok(Answer::ok(&queue_body(asked, queue)))
}

/// Where the caller may use each of some permissions of which one is enough.
pub(super) fn any_of(asked: &Asked<'_>, permissions: &[&str]) -> Result<Vec<Held>, Refusal> {
    if permissions.iter().all(|permission| asked.held(permission).nowhere()) {
        return Err(Refusal::missing_any(permissions));
    }
    let usable: Vec<Held> = permissions.iter().map(|permission| asked.usable(permission)).collect();
    let denied = permissions.iter().find_map(|permission| asked.denied(permission));
    match denied {
        Some(refusal) if usable.iter().all(Held::nowhere) => Err(refusal),
        _ => Ok(usable),
    }
}

fn find_queue<'a>(asked: &'a Asked<'_>) -> Result<&'a Queue, Refusal> {
    let id = Id::parse(asked.param()).ok_or_else(Refusal::not_a_uuid)?;
    let missing = || Refusal::plain(404, "resource.not.found", "The requested resource was not found.");
    asked.cloud().queue(id).ok_or_else(missing)
}

fn queue_body(asked: &Asked<'_>, queue: &Queue) -> Value {
    let agents = asked.cloud().agents();
    let joined = queue.members.iter().filter_map(|position| agents.get(*position));
    let joined = joined.filter(|agent| agent.state().queues.ids.contains(&queue.id)).count();
    json!({
        "id": queue.id,
        "name": queue.name,
        "division": {
            "id": queue.division,
            "name": asked.cloud().division(queue.division).map_or("", |division| division.name.as_str()),
            "selfUri": format!("/api/v2/authorization/divisions/{}", queue.division),
        },
        "memberCount": queue.members.len(),
        "joinedMemberCount": joined,
        "selfUri": format!("/api/v2/routing/queues/{}", queue.id),
    })
}
