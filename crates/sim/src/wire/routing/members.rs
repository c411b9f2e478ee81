//! `GET /api/v2/routing/queues/{queueId}/members`: who is in a queue. Pages are silently capped, and have no total.

use serde_json::{Value, json};

use super::{any_of, find_queue};
use crate::cloud::agent::{Account, Agent};
use crate::cloud::id::Id;
use crate::cloud::presence::{Spelling, letters};
use crate::shapes::{RoutingBody, Style};
use crate::wire::call::{Answer, Asked};
use crate::wire::listing::{Listing, Page};
use crate::wire::refusal::Refusal;
use crate::wire::sight::Cache;
use crate::wire::users;

/// Most members on one page. More are silently not given.
const MEMBERS_MAX: usize = 100;
/// Any of these opens a queue's members.
const PERMISSIONS: [&str; 4] =
    ["routing:queue:view", "routing:queue:edit", "routing:queue:readonly", "routing:queueMember:manage"];
/// Filters of the platform by things that nobody has here.
const NOT_SIMULATED: [&str; 3] = ["profileSkills", "skills", "languages"];

/// Which members are wanted, and in which order.
struct Wanted {
    joined: Option<bool>,
    statuses: Vec<String>,
    /// By their letters: the parameter takes any spelling.
    presences: Vec<String>,
    /// Part of the name, in lower case.
    name: Option<String>,
    /// Nobody is a member by a group here.
    by_group: bool,
    /// By name, the last ones first or not; without it in the order in which they became members.
    descending: Option<bool>,
}

impl Wanted {
    fn read(asked: &Asked<'_>) -> Result<Self, Refusal> {
        let query = &asked.call.query;
        if let Some(name) = NOT_SIMULATED.into_iter().find(|name| query.get(name).is_some()) {
            let value = query.get(name).unwrap_or_default();
            return Err(Refusal::parameter(name, value, "none: nobody has any here"));
        }
        let choice = |name, first: &str, second: &str| match query.get(name) {
            None => Ok(None),
            Some(text) if text.eq_ignore_ascii_case(first) => Ok(Some(false)),
            Some(text) if text.eq_ignore_ascii_case(second) => Ok(Some(true)),
            Some(other) => Err(Refusal::parameter(name, other, &format!("{first}, {second}"))),
        };
        Ok(Self {
            joined: choice("joined", "false", "true")?,
            statuses: query.list("routingStatus").into_iter().map(letters).collect(),
            presences: query.list("presence").into_iter().map(letters).collect(),
            name: query.get("name").map(str::to_lowercase),
            by_group: choice("memberBy", "user", "group")? == Some(true),
            descending: choice("sortOrder", "asc", "desc")?,
        })
    }

    fn takes(&self, asked: &Asked<'_>, agent: &Agent, queue: Id) -> bool {
        let state = asked.state_of(agent, Cache::Users);
        let withheld = asked.withholds(agent);
        // A withheld state fits no state that is asked for.
        let among = |wanted: &[String], text: &str| {
            wanted.is_empty() || (!withheld && wanted.contains(&letters(text)))
        };
        agent.account == Account::Active
            && !self.by_group
            && self.joined.is_none_or(|joined| joined == agent.state().queues.ids.contains(&queue))
            && among(&self.statuses, state.routing.status.text())
            && among(&self.presences, state.presence.system.spelt(Spelling::Upper))
            && self.name.as_ref().is_none_or(|part| agent.name.to_lowercase().contains(part))
    }
}

/// The members that the query asks for.
pub(in crate::wire) fn list(asked: &mut Asked<'_>) -> Result<Answer, Refusal> {
    let held = any_of(asked, &PERMISSIONS)?;
    let page = Page::capped(asked, MEMBERS_MAX)?;
    let wanted = Wanted::read(asked)?;
    let queue = find_queue(asked)?;
    if !held.iter().any(|held| held.covers(queue.division)) {
        return Err(Refusal::missing_any_in_division(&PERMISSIONS, queue.division));
    }
    let agents = asked.cloud().agents();
    let members = queue.members.iter().filter_map(|position| Some((*position, agents.get(*position)?)));
    let mut matching: Vec<(usize, &Agent)> =
        members.filter(|(_, agent)| wanted.takes(asked, agent, queue.id)).collect();
    if let Some(descending) = wanted.descending {
        matching.sort_by(|(_, a), (_, b)| a.name.cmp(&b.name));
        if descending {
            matching.reverse();
        }
    }
    let (total, queue_id) = (matching.len(), queue.id);
    let positions: Vec<usize> = page.of(matching.into_iter()).map(|(position, _)| position).collect();
    let entities: Vec<Value> =
        positions.into_iter().filter_map(|position| body(asked, queue_id, position)).collect();
    Ok(Answer::ok(&Listing::without_total(asked, page, total, entities)))
}

fn body(asked: &mut Asked<'_>, queue: Id, position: usize) -> Option<Value> {
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
