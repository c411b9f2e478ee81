//! Routing status of users, and queues with their members.

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

/// Most members on one page. More are silently not given.
const MEMBERS_MAX: usize = 100;
/// Any of these opens a queue's members.
const MEMBER_PERMISSIONS: [&str; 4] =
    ["routing:queue:view", "routing:queue:edit", "routing:queue:readonly", "routing:queueMember:manage"];

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

/// `GET /api/v2/routing/queues/{queueId}/members`: pages silently capped, and no total.
pub(super) fn members(asked: &mut Asked<'_>) -> Result<Answer, Refusal> {
    let held = any_of(asked, &MEMBER_PERMISSIONS)?;
    let page = Page::capped(asked, MEMBERS_MAX)?;
    let joined = asked.parameter("joined", Joined::Either)?;
    let statuses = asked.call.query.list("routingStatus");
    let queue = find_queue(asked)?;
    if !held.iter().any(|held| held.covers(queue.division)) {
        return Err(Refusal::missing_any_in_division(&MEMBER_PERMISSIONS, queue.division));
    }
    let agents = asked.cloud().agents();
    let matching: Vec<usize> = queue
        .members
        .iter()
        .copied()
        .filter(|position| {
            agents.get(*position).is_some_and(|agent| {
                agent.account == Account::Active
                    && joined.takes(agent.state().queues.ids.contains(&queue.id))
                    && (statuses.is_empty() || statuses.contains(&agent.state().routing.status.text()))
            })
        })
        .collect();
    let (total, queue_id) = (matching.len(), queue.id);
    let positions: Vec<usize> = page.of(matching.into_iter()).collect();
    let entities: Vec<Value> =
        positions.into_iter().filter_map(|position| member_body(asked, queue_id, position)).collect();
    Ok(Answer::ok(&Listing::without_total(asked, page, total, entities)))
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

/// Whether members are wanted who have the queue switched on, off, or either.
#[derive(Clone, Copy)]
enum Joined {
    Either,
    Only(bool),
}

impl Joined {
    fn takes(self, joined: bool) -> bool {
        match self {
            Self::Either => true,
            Self::Only(wanted) => wanted == joined,
        }
    }
}

impl std::str::FromStr for Joined {
    type Err = std::str::ParseBoolError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse().map(Self::Only)
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

fn member_body(asked: &mut Asked<'_>, queue: Id, position: usize) -> Option<Value> {
    let user = users::body(asked, position)?;
    let style = Style::rest(&asked.world.faults);
    let agent = asked.cloud().agent(position)?;
    let expanded = asked.call.query.list("expand").contains(&"routingStatus") && !asked.withholds(agent);
    let state = asked.state_of(agent, Cache::Users);
    let mut body = json!({
        "id": agent.user_id,
        "name": agent.name,
        "user": user,
        "ringNumber": 1,
        "joined": agent.state().queues.ids.contains(&queue),
        "memberBy": "user",
        "selfUri": format!("/api/v2/routing/queues/{queue}/members/{}", agent.user_id),
    });
    if let (true, Some(members)) = (expanded, body.as_object_mut()) {
        members.insert("routingStatus".to_owned(), json!(RoutingBody::of(agent, state, style)));
    }
    Some(body)
}
