//! `GET /api/v2/users` and what hangs below a user: the users API's reads.

mod parameters;

use std::collections::HashSet;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::json;

use super::call::{Answer, Asked};
use super::listing::{Listing, Page};
use super::refusal::Refusal;
use super::sight::Cache;
use crate::cloud::access::Held;
use crate::cloud::agent::{Account, Agent};
use crate::cloud::id::Id;
use crate::cloud::sources::INTEGRATIONS;
use crate::faults::Unknown;
use crate::shapes::{Expand, Style, UserBody};

/// Most users on one page.
const PAGE_MAX: usize = 500;

/// `GET /api/v2/users`: declares no permission. Shows active users unless `state` says otherwise.
pub(super) fn list(asked: &mut Asked<'_>) -> Result<Answer, Refusal> {
    let named = parameters::named(asked)?;
    let page = Page::strict(asked, PAGE_MAX)?;
    parameters::integration(asked, page.size)?;
    let wanted = parameters::accounts(asked)?;
    let descending = parameters::descending(asked)?;
    let held = visible_divisions(asked);
    let visible = |agent: &&Agent| wanted.contains(&agent.account) && held.covers(agent.division);
    let (total, positions) = if let Some(mut found) = named {
        let mut seen = HashSet::new();
        found.retain(|position| seen.insert(*position));
        if found.is_empty() && asked.world.faults.users_unknown == Unknown::RefuseIfAll {
            let message = "The requested user(s) could not be found.";
            return Err(Refusal::plain(404, "general.resource.not.found", message));
        }
        let agents = asked.cloud().agents();
        found.retain(|position| agents.get(*position).as_ref().is_some_and(&visible));
        if descending {
            found.reverse();
        }
        (found.len(), page.of(found.into_iter()).collect::<Vec<usize>>())
    } else {
        let everybody = parameters::everybody(asked.cloud(), descending);
        let matching = everybody.filter(|(_, agent)| visible(agent)).map(|(position, _)| position);
        (asked.cloud().agents().iter().filter(visible).count(), page.of(matching).collect())
    };
    let entities: Vec<UserBody> =
        positions.into_iter().filter_map(|position| body(asked, position)).collect();
    Ok(Answer::ok(&Listing::of(asked, page, total, entities)))
}

/// `GET /api/v2/users/query`: the roster by cursor. No division can be left out, so one needs to see all of them.
pub(super) fn query(asked: &mut Asked<'_>) -> Result<Answer, Refusal> {
    let permission = "directory:user:view";
    if asked.require(permission)? != Held::Everywhere {
        return Err(Refusal::missing_in_division(permission));
    }
    let size = Page::strict(asked, PAGE_MAX)?.size;
    parameters::integration(asked, size)?;
    parameters::nobody_named(asked)?;
    let wanted = parameters::accounts(asked)?;
    let descending = parameters::descending(asked)?;
    let cursor = asked.call.query.get("cursor");
    let first = cursor.map_or(Some(0), cursor_place).ok_or_else(Refusal::bad_request)?;
    let agents = parameters::everybody(asked.cloud(), descending).enumerate().skip(first);
    let matching = agents.filter(|(_, (_, agent))| wanted.contains(&agent.account));
    let mut found: Vec<(usize, usize)> =
        matching.map(|(place, (position, _))| (place, position)).take(size + 1).collect();
    let next = (found.len() > size).then(|| found.pop()).flatten().map(|(place, _)| place);
    let uri = |cursor: &str| {
        let others = asked.call.query.without(&["cursor"]);
        let mark = if others.is_empty() || cursor.is_empty() { "" } else { "&" };
        format!("{}?{others}{mark}{cursor}", asked.path)
    };
    let self_uri = uri(&cursor.map_or_else(String::new, |cursor| format!("cursor={cursor}")));
    let next_uri = next.map(|place| uri(&format!("cursor={}", cursor_at(place))));
    let entities: Vec<UserBody> =
        found.into_iter().filter_map(|(_, position)| body(asked, position)).collect();
    let mut listing = json!({"entities": entities, "selfUri": self_uri});
    if let (Some(next_uri), Some(members)) = (next_uri, listing.as_object_mut()) {
        members.insert("nextUri".to_owned(), next_uri.into());
    }
    Ok(Answer::ok(&listing))
}

/// Opaque to callers, and safe in an address.
fn cursor_at(place: usize) -> String {
    URL_SAFE_NO_PAD.encode(format!("users:{place}"))
}

fn cursor_place(cursor: &str) -> Option<usize> {
    let text = String::from_utf8(URL_SAFE_NO_PAD.decode(cursor).ok()?).ok()?;
    text.strip_prefix("users:")?.parse().ok()
}

/// `GET /api/v2/users/{userId}`: those who left are found with `state=deleted` only.
pub(super) fn one(asked: &mut Asked<'_>) -> Result<Answer, Refusal> {
    let position = find(asked, asked.param()).ok_or_else(|| unknown(asked))?;
    let deleted_too = match asked.call.query.get("state") {
        None | Some("active") => false,
        Some("deleted") => true,
        Some(other) => return Err(Refusal::parameter("state", other, "active, deleted")),
    };
    parameters::integration(asked, 1)?;
    let held = visible_divisions(asked);
    let agent = asked.cloud().agent(position).filter(|agent| held.covers(agent.division));
    let agent = agent.filter(|agent| (agent.account == Account::Deleted) == deleted_too);
    agent.ok_or_else(|| unknown(asked))?;
    let user = body(asked, position).ok_or_else(Refusal::not_found)?;
    Ok(Answer::ok(&user))
}

/// `GET /api/v2/users/me`: a client-credentials token is nobody.
pub(super) fn me(_: &mut Asked<'_>) -> Result<Answer, Refusal> {
    let message = "This request requires a user context. Client credentials cannot be used for requests to this \
                   resource.";
    Err(Refusal::plain(400, "not.a.user", message))
}

/// `GET /api/v2/users/{userId}/state`: employment, not duty.
pub(super) fn account_state(asked: &mut Asked<'_>) -> Result<Answer, Refusal> {
    let permission = "directory:userStateChange:view";
    let held = asked.require(permission)?;
    let position = find(asked, asked.param()).ok_or_else(|| unknown(asked))?;
    let agent = asked.cloud().agent(position).ok_or_else(|| unknown(asked))?;
    if !held.covers(agent.division) {
        return Err(Refusal::missing_in_division(permission));
    }
    Ok(Answer::ok(&json!({
        "state": agent.account.text(),
        "version": agent.account_version,
        "stateChangeReason": "Unknown",
        "stateChangeDate": agent.account_since,
    })))
}

/// `GET /api/v2/users/{userId}/queues`: `joined` is true unless said otherwise, so switched-off queues are missing.
pub(super) fn queues(asked: &mut Asked<'_>) -> Result<Answer, Refusal> {
    let held = asked.require("routing:queue:view")?;
    let page = Page::capped(asked, 100)?;
    let joined = match asked.call.query.get("joined") {
        None | Some("true") => true,
        Some("false") => false,
        Some(other) => return Err(Refusal::parameter("joined", other, "true, false")),
    };
    let divisions: Option<Vec<Id>> = asked.call.query.list("divisionId").into_iter().map(Id::parse).collect();
    let divisions = divisions.ok_or_else(Refusal::not_a_uuid)?;
    let position = find(asked, asked.param()).ok_or_else(|| unknown(asked))?;
    let agent = asked.cloud().agent(position).ok_or_else(|| unknown(asked))?;
    let active = &agent.state().queues.ids;
    let queues: Vec<_> = agent
        .member_of
        .iter()
        .filter(|id| active.contains(id) == joined)
        .filter_map(|id| asked.cloud().queue(*id))
        .filter(|queue| held.covers(queue.division))
        .filter(|queue| divisions.is_empty() || divisions.contains(&queue.division))
        .map(|queue| {
            json!({
                "id": queue.id, "name": queue.name, "joined": joined,
                "division": {"id": queue.division, "name": ""},
                "selfUri": format!("/api/v2/routing/queues/{}", queue.id),
            })
        })
        .collect();
    let total = queues.len();
    Ok(Answer::ok(&Listing::of(asked, page, total, page.of(queues.into_iter()).collect())))
}

/// One user with the parts asked for, of which chance may drop some: expands are best effort.
pub(super) fn body(asked: &mut Asked<'_>, position: usize) -> Option<UserBody> {
    let names = asked.call.query.list("expand");
    body_with(asked, position, &names)
}

/// One user with the parts named.
pub(super) fn body_with(asked: &mut Asked<'_>, position: usize, names: &[&str]) -> Option<UserBody> {
    let drop = asked.world.faults.expand_drop;
    let mut expanded =
        |name: &str| names.contains(&name) && !(drop > 0.0 && asked.world.request_suffers(drop));
    let expand = Expand {
        presence: expanded("presence"),
        routing: expanded("routingStatus"),
        out_of_office: expanded("outOfOffice"),
        integration: None,
    };
    // Named without an expand, it was refused before this.
    let named = asked.call.query.get("integrationPresenceSource");
    let integration = named.and_then(|named| INTEGRATIONS.into_iter().find(|known| *known == named));
    let expand = Expand { integration, ..expand };
    let cloud = asked.cloud();
    let agent = cloud.agent(position)?;
    let expand = if asked.withholds(agent) { Expand::default() } else { expand };
    let state = asked.state_of(agent, Cache::Users);
    let user = UserBody::of(cloud, agent, state, expand, Style::rest(&asked.world.faults));
    Some(if asked.is_primary(agent) { user } else { user.not_primary() })
}

/// Position of the user with an id. Ids of no known form are nobody's.
pub(super) fn find(asked: &Asked<'_>, text: &str) -> Option<usize> {
    asked.cloud().position_by_user(Id::parse(text)?)
}

/// Whether `/users` hides people of other divisions is not documented, hence a switch.
fn visible_divisions(asked: &Asked<'_>) -> Held {
    if asked.world.faults.users_division_filter {
        asked.usable("directory:user:view")
    } else {
        Held::Everywhere
    }
}

fn unknown(asked: &Asked<'_>) -> Refusal {
    Refusal::plain(404, "general.resource.not.found", "Unable to find a user with that userId")
        .about(asked.param())
}
