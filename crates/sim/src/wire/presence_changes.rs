//! Presences changed by the API: one by one, which is how somebody is put on queue, and in bulk, which is not.

use serde::Deserialize;

use super::call::{Answer, Asked};
use super::presence::{self, BULK_MAX};
use super::refusal::Refusal;
use super::users;
use crate::cloud::agent::Agent;
use crate::cloud::id::Id;
use crate::cloud::moves::Move;
use crate::cloud::presence::{Definition, SystemPresence};
use crate::shapes::{PresenceBody, Style};

/// Longest presence message, in characters.
pub(super) const MESSAGE_MAX: usize = 250;
/// What changing somebody else's presence needs; a client-credentials token is nobody, so everybody is somebody else.
const EDIT: &str = "presence:userPresence:edit";

/// A presence to be: what is absent stays.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Wanted {
    /// The user, in bulk.
    id: Option<String>,
    presence_definition: Option<WantedDefinition>,
    message: Option<String>,
    /// `true` makes the platform's own source the primary one.
    primary: Option<bool>,
}

#[derive(Deserialize)]
struct WantedDefinition {
    id: String,
}

/// `PATCH /api/v2/users/{userId}/presences/purecloud`: how somebody is put on queue. Routing follows shortly after.
pub(super) fn set(asked: &mut Asked<'_>) -> Result<Answer, Refusal> {
    let body: Wanted = asked.body()?;
    let agent = presence::employed(asked, asked.param()).ok_or_else(presence::not_found)?;
    if !asked.held(EDIT).covers(agent.division) {
        let message = "You are not authorized to update another user's presence.";
        return Err(Refusal::plain(403, "presence.not.authorized.update.other.user.presence", message));
    }
    if let Some(refusal) = asked.denied(EDIT) {
        return Err(refusal);
    }
    let definition = definition(asked, &body)?;
    let goes_on_queue = definition.is_some_and(|definition| definition.system == SystemPresence::OnQueue);
    if goes_on_queue && !asked.held("routing:agent:onqueue").covers(agent.division) {
        let message = "You are not authorized to set this user's presence to On Queue.";
        return Err(Refusal::plain(403, "presence.not.authorized.update.on.queue", message));
    }
    let moves = moves(definition, &body)?;
    let conflict = asked.world.faults.presence_conflict;
    if conflict > 0.0 && asked.world.request_suffers(conflict) {
        let message = "A previous update request has not yet completed";
        return Err(Refusal::plain(409, "presenceservice.conflict", message));
    }
    let position = users::find(asked, asked.param()).ok_or_else(presence::not_found)?;
    let (place, now) = (asked.place, asked.call.now);
    if body.primary == Some(true) {
        asked.world.set_primary_source(place, position, None, now);
    }
    for happening in &moves {
        asked.world.happen(place, position, happening, now);
    }
    if goes_on_queue {
        asked.world.settle_later(place, position, now);
    }
    presence::one(asked)
}

/// `PUT /api/v2/users/presences/bulk`: all of them or, when one is wrong, none. Nobody is put on queue by it.
pub(super) fn set_bulk(asked: &mut Asked<'_>) -> Result<Answer, Refusal> {
    let held = asked.require(EDIT)?;
    let bodies: Vec<Wanted> = asked.body()?;
    if bodies.len() > BULK_MAX {
        return Err(presence::too_many());
    }
    let mut planned = Vec::new();
    for body in &bodies {
        let id = body.id.as_deref().ok_or_else(Refusal::bad_request)?;
        let agent = presence::employed(asked, id).ok_or_else(|| presence::not_found().about(id))?;
        if !held.covers(agent.division) {
            return Err(Refusal::missing_in_division(EDIT));
        }
        let definition = definition(asked, body)?;
        if definition.is_some_and(|definition| definition.system == SystemPresence::OnQueue) {
            let message = "This endpoint does not support setting On Queue presence.";
            return Err(Refusal::plain(400, "endpoint.does.not.support.on.queue", message));
        }
        let position = users::find(asked, id).ok_or_else(presence::not_found)?;
        planned.push((position, moves(definition, body)?));
    }
    for (position, moves) in &planned {
        for happening in moves {
            asked.world.happen(asked.place, *position, happening, asked.call.now);
        }
    }
    let style = Style::rest(&asked.world.faults);
    let changed = planned.iter().filter_map(|(position, _)| asked.cloud().agent(*position));
    let shown = changed.map(|agent: &Agent| {
        let body = PresenceBody::single(agent, agent.state(), style);
        if asked.is_primary(agent) { body } else { body.not_primary() }
    });
    Ok(Answer::ok(&shown.collect::<Vec<_>>()))
}

fn definition<'a>(asked: &'a Asked<'_>, body: &Wanted) -> Result<Option<&'a Definition>, Refusal> {
    let Some(wanted) = &body.presence_definition else { return Ok(None) };
    let found = Id::parse(&wanted.id).and_then(|id| asked.cloud().definitions.get(id));
    found.filter(|definition| !definition.deactivated).ok_or_else(presence::no_definition).map(Some)
}

fn moves(definition: Option<&Definition>, body: &Wanted) -> Result<Vec<Move>, Refusal> {
    let mut moves: Vec<Move> =
        definition.map(|definition| Move::Pick(definition.pick())).into_iter().collect();
    if let Some(message) = &body.message {
        if message.chars().count() > MESSAGE_MAX {
            return Err(Refusal::constraint(format!("A message has at most {MESSAGE_MAX} characters.")));
        }
        moves.push(Move::Message(message.clone()));
    }
    Ok(moves)
}
