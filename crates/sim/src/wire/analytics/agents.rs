//! The state of agents and their live sessions.
//!
//! The query gives fifty agents and no sign that there are more. Rows of divisions in which
//! `analytics:agentStateNames:view` is not held say nothing about who it is.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::filter::Filter;
use super::visible;
use crate::cloud::access::Held;
use crate::cloud::agent::{Account, Agent, RoutingStatus};
use crate::cloud::id::Id;
use crate::cloud::presence::{Spelling, SystemPresence};
use crate::wire::call::{Answer, Asked};
use crate::wire::refusal::Refusal;
use crate::wire::users;

const PERMISSION: &str = "analytics:agentState:view";
const NAMES_PERMISSION: &str = "analytics:agentStateNames:view";
/// Most rows of one answer. There is no page, no total and no flag.
const TOP: usize = 50;
const USER_DIMENSIONS: [&str; 10] = [
    "activeQueueId",
    "inactiveQueueId",
    "queueId",
    "divisionId",
    "userId",
    "systemPresence",
    "organizationPresenceId",
    "routingStatus",
    "isOutOfOffice",
    "online",
];
const SESSION_DIMENSIONS: [&str; 4] = ["mediaType", "originatingDirection", "routedQueueId", "segmentType"];
const ORDERS: [&str; 6] = [
    "userName",
    "presenceDate",
    "routingStatusDate",
    "systemPresence",
    "routingStatus",
    "organizationPresenceId",
];

/// `GET /api/v2/analytics/agents/{userId}/status`
pub(in crate::wire) fn one(asked: &mut Asked<'_>) -> Result<Answer, Refusal> {
    let held = asked.require_any(PERMISSION)?;
    let found = users::find(asked, asked.param()).and_then(|position| asked.cloud().agent(position));
    let agent = found.filter(|agent| agent.account != Account::Deleted).ok_or_else(Refusal::not_found)?;
    if !held.covers(agent.division) {
        return Err(Refusal::missing_any_in_division(&[PERMISSION], agent.division));
    }
    Ok(Answer::ok(&row(asked, agent, &asked.usable(NAMES_PERMISSION))))
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct StatusQuery {
    #[serde(default)]
    user_filter: Filter,
    #[serde(default)]
    session_filter: Filter,
    user_order_by: Option<String>,
    user_order: Option<String>,
}

impl StatusQuery {
    fn read(asked: &Asked<'_>) -> Result<Self, Refusal> {
        let query: Self = asked.body()?;
        query.user_filter.check(&USER_DIMENSIONS)?;
        query.session_filter.check(&SESSION_DIMENSIONS)?;
        Ok(query)
    }

    /// The agents in the caller's divisions that both filters take. A withheld state fits no dimension of states.
    fn select<'a>(&self, asked: &'a Asked<'_>, held: &'a Held) -> Vec<&'a Agent> {
        let fits = |agent: &&Agent| {
            let withheld = asked.withholds(agent);
            self.user_filter.takes(&|dimension| user_values(agent, withheld, dimension))
                && (self.session_filter.is_empty()
                    || session(agent).is_some_and(|session| {
                        self.session_filter.takes(&|dimension| {
                            session[dimension].as_str().map(str::to_owned).into_iter().collect()
                        })
                    }))
        };
        visible(asked, held).filter(fits).collect()
    }
}

/// `POST /api/v2/analytics/agents/status/query`
pub(in crate::wire) fn query(asked: &mut Asked<'_>) -> Result<Answer, Refusal> {
    let held = asked.require_any(PERMISSION)?;
    let query = StatusQuery::read(asked)?;
    let order_by = query.user_order_by.as_deref().unwrap_or(ORDERS[0]);
    if !ORDERS.contains(&order_by) {
        return Err(Refusal::value(order_by, "userOrderBy", &ORDERS));
    }
    let descending = match query.user_order.as_deref() {
        None | Some("asc") => false,
        Some("desc") => true,
        Some(other) => return Err(Refusal::value(other, "userOrder", &["asc", "desc"])),
    };
    let mut agents = query.select(asked, &held);
    agents.sort_by(|a, b| {
        let order = compare(a, b, order_by);
        if descending { order.reverse() } else { order }
    });
    let names = asked.usable(NAMES_PERMISSION);
    let rows: Vec<Value> = agents.into_iter().take(TOP).map(|agent| row(asked, agent, &names)).collect();
    Ok(Answer::ok(&json!({"entities": rows})))
}

/// `POST /api/v2/analytics/agents/status/counts?groupBy=`
pub(in crate::wire) fn counts(asked: &mut Asked<'_>) -> Result<Answer, Refusal> {
    let held = asked.require_any(PERMISSION)?;
    let query = StatusQuery::read(asked)?;
    let mut wanted = asked.call.query.list("groupBy");
    if wanted.is_empty() {
        wanted.push("segmentType");
    }
    wanted.sort_unstable();
    wanted.dedup();
    let agents: Vec<&Agent> =
        query.select(asked, &held).into_iter().filter(|agent| !asked.withholds(agent)).collect();
    let mut body = Map::new();
    for group in wanted {
        let (name, counted) = match group {
            "segmentType" => (
                "segmentCounts",
                tally(&agents, |agent| {
                    session(agent).map(|session| json!({"segmentType": session["segmentType"]}))
                }),
            ),
            "presence" => (
                "presenceCounts",
                tally(&agents, |agent| {
                    let presence = &agent.state().presence;
                    let system = presence.system.spelt(Spelling::Upper);
                    Some(json!({"systemPresence": system, "organizationPresenceId": presence.definition}))
                }),
            ),
            "routingStatus" => (
                "routingStatusCounts",
                tally(&agents, |agent| Some(json!({"routingStatus": agent.state().routing.status.text()}))),
            ),
            "isOutOfOffice" => (
                "isOutOfOfficeCounts",
                tally(&agents, |agent| Some(json!({"isOutOfOffice": agent.state().out_of_office.active}))),
            ),
            other => {
                let allowed = "segmentType, presence, routingStatus, isOutOfOffice";
                return Err(Refusal::parameter("groupBy", other, allowed));
            }
        };
        body.insert(name.to_owned(), counted.into());
    }
    Ok(Answer::ok(&body))
}

/// How many agents there are of each kind; those without a kind are not counted.
fn tally(agents: &[&Agent], kind: impl Fn(&Agent) -> Option<Value>) -> Vec<Value> {
    let mut counts: BTreeMap<String, (Value, u64)> = BTreeMap::new();
    for kind in agents.iter().filter_map(|agent| kind(agent)) {
        counts.entry(kind.to_string()).or_insert((kind, 0)).1 += 1;
    }
    let counted = counts.into_values().map(|(mut kind, count)| {
        kind["count"] = count.into();
        kind
    });
    counted.collect()
}

fn row(asked: &Asked<'_>, agent: &Agent, names: &Held) -> Value {
    let mut body = Map::new();
    let mut put = |name: &str, value: Value| {
        body.insert(name.to_owned(), value);
    };
    if names.covers(agent.division) {
        put("userId", json!(agent.user_id));
        put("userName", json!(agent.name));
    }
    put("divisionId", json!(agent.division));
    if !asked.withholds(agent) {
        let state = agent.state();
        let sessions: Vec<Value> = session(agent).into_iter().collect();
        put("sessionCount", json!(sessions.len()));
        put("sessions", sessions.into());
        put("systemPresence", json!(state.presence.system.spelt(Spelling::Upper)));
        put("organizationPresenceId", json!(state.presence.definition));
        put("routingStatus", json!(state.routing.status.text()));
        put("isOutOfOffice", json!(state.out_of_office.active));
        for (name, since) in
            [("presenceDate", state.presence.since), ("routingStatusDate", state.routing.since)]
        {
            if let Some(since) = since {
                put(name, json!(since));
            }
        }
    }
    body.into()
}

/// The one interaction of somebody who is in one. Only here is work after a call told apart from the call; since when
/// it goes on is nowhere recorded, so its segment has no start.
fn session(agent: &Agent) -> Option<Value> {
    let routing = &agent.state().routing;
    if routing.status != RoutingStatus::Interacting {
        return None;
    }
    let number = agent.state().version;
    let seed = agent.id.low_bits();
    let mut session = json!({
        "conversationId": Id::derive(seed, "conversation", number),
        "sessionId": Id::derive(seed, "session", number),
        "sessionStart": routing.since,
        "segmentType": if routing.after_call_work { "wrapup" } else { "interact" },
        "originatingDirection": "inbound",
        "mediaType": "voice",
    });
    if !routing.after_call_work {
        session["segmentStart"] = json!(routing.since);
    }
    if let Some(queue) = agent.state().queues.ids.first() {
        session["routedQueueId"] = json!(queue);
    }
    Some(session)
}

fn user_values(agent: &Agent, withheld: bool, dimension: &str) -> Vec<String> {
    let state = agent.state();
    let ids = |ids: &[Id]| ids.iter().map(Id::to_string).collect();
    match dimension {
        "divisionId" => vec![agent.division.to_string()],
        "userId" => vec![agent.user_id.to_string()],
        "queueId" => ids(&agent.member_of),
        "activeQueueId" => ids(&state.queues.ids),
        "inactiveQueueId" => {
            let inactive = agent.member_of.iter().filter(|id| !state.queues.ids.contains(id));
            inactive.map(Id::to_string).collect()
        }
        _ if withheld => Vec::new(),
        "systemPresence" => vec![state.presence.system.spelt(Spelling::Upper).to_owned()],
        "organizationPresenceId" => vec![state.presence.definition.to_string()],
        "routingStatus" => vec![state.routing.status.text().to_owned()],
        "isOutOfOffice" => vec![state.out_of_office.active.to_string()],
        "online" => vec![(state.presence.system != SystemPresence::Offline).to_string()],
        _ => Vec::new(),
    }
}

fn compare(a: &Agent, b: &Agent, by: &str) -> Ordering {
    let (x, y) = (a.state(), b.state());
    match by {
        "presenceDate" => x.presence.since.cmp(&y.presence.since),
        "routingStatusDate" => x.routing.since.cmp(&y.routing.since),
        "systemPresence" => {
            x.presence.system.spelt(Spelling::Upper).cmp(y.presence.system.spelt(Spelling::Upper))
        }
        "routingStatus" => x.routing.status.text().cmp(y.routing.status.text()),
        "organizationPresenceId" => x.presence.definition.cmp(&y.presence.definition),
        _ => a.name.cmp(&b.name),
    }
}
