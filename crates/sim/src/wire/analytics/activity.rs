//! `POST /api/v2/analytics/users/activity/query`: users by queue, with their state.
//!
//! Where a group has more rows than are given, the middle is missing: the first half is the oldest, the second the
//! newest, and `truncated` says so.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use serde_json::{Value, json};

use super::filter::Filter;
use super::visible;
use crate::cloud::agent::Agent;
use crate::cloud::id::Id;
use crate::cloud::presence::Spelling;
use crate::cloud::stamp::Stamp;
use crate::wire::call::{Answer, Asked};
use crate::wire::listing::Page;
use crate::wire::refusal::Refusal;

const PERMISSION: &str = "analytics:userObservation:view";
/// Most groups on one page.
const PAGE_MAX: usize = 100;
pub(super) const METRICS: [&str; 2] = ["oActiveQueues", "oMemberQueues"];
const DIMENSIONS: [&str; 6] = [
    "organizationPresenceId",
    "queueId",
    "queueMembershipStatus",
    "routingStatus",
    "systemPresence",
    "userId",
];
const ORDERS: [&str; 3] = ["unordered", "asc", "desc"];

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ActivityQuery {
    metrics: Vec<Metric>,
    #[serde(default)]
    group_by: Vec<String>,
    #[serde(default)]
    filter: Filter,
    order: Option<String>,
}

#[derive(Deserialize)]
struct Metric {
    metric: String,
    #[serde(default)]
    details: bool,
}

/// One user in one queue.
struct Row<'a> {
    agent: &'a Agent,
    queue: Id,
    active: bool,
    withheld: bool,
}

impl Row<'_> {
    fn value(&self, dimension: &str) -> Option<String> {
        let state = self.agent.state();
        match dimension {
            "userId" => Some(self.agent.user_id.to_string()),
            "queueId" => Some(self.queue.to_string()),
            "queueMembershipStatus" => Some(if self.active { "active" } else { "inactive" }.to_owned()),
            _ if self.withheld => None,
            "systemPresence" => Some(state.presence.system.spelt(Spelling::Upper).to_owned()),
            "organizationPresenceId" => Some(state.presence.definition.to_string()),
            "routingStatus" => Some(state.routing.status.text().to_owned()),
            _ => None,
        }
    }

    fn changed(&self) -> Stamp {
        self.agent.state().modified
    }

    fn body(&self) -> Value {
        let state = self.agent.state();
        let mut body = json!({});
        for dimension in DIMENSIONS {
            if let Some(value) = self.value(dimension) {
                body[dimension] = value.into();
            }
        }
        let dates = [
            ("activityDate", Some(state.modified)),
            ("presenceDate", state.presence.since),
            ("routingStatusDate", state.routing.since),
        ];
        for (name, date) in dates {
            if let Some(date) = date.filter(|_| !self.withheld) {
                body[name] = json!(date);
            }
        }
        body
    }
}

/// The query.
pub(in crate::wire) fn query(asked: &mut Asked<'_>) -> Result<Answer, Refusal> {
    let held = asked.require_any(PERMISSION)?;
    let query: ActivityQuery = asked.body()?;
    query.filter.check(&DIMENSIONS)?;
    if query.metrics.len() > METRICS.len() || query.group_by.len() > DIMENSIONS.len() {
        return Err(Refusal::constraint("A metric or dimension is named more than once.".to_owned()));
    }
    let known = |name: &String, what, allowed: &[&'static str]| {
        if allowed.contains(&name.as_str()) { Ok(()) } else { Err(Refusal::value(name, what, allowed)) }
    };
    query.metrics.iter().try_for_each(|metric| known(&metric.metric, "metric", &METRICS))?;
    query.group_by.iter().try_for_each(|name| known(name, "groupBy", &DIMENSIONS))?;
    query.order.iter().try_for_each(|order| known(order, "order", &ORDERS))?;
    let page = Page::capped(asked, PAGE_MAX)?;
    let rows = visible(asked, &held).flat_map(|agent| {
        let withheld = asked.withholds(agent);
        agent.member_of.iter().map(move |queue| {
            let active = agent.state().queues.ids.contains(queue);
            Row { agent, queue: *queue, active, withheld }
        })
    });
    let mut groups: BTreeMap<Vec<String>, Vec<Row<'_>>> = BTreeMap::new();
    for row in rows.filter(|row| query.filter.takes(&|name| row.value(name).into_iter().collect())) {
        let key = query.group_by.iter().map(|name| row.value(name).unwrap_or_default()).collect();
        groups.entry(key).or_default().push(row);
    }
    let rows_max = usize::try_from(asked.world.faults.activity_rows_max).unwrap_or(usize::MAX);
    let results: Vec<Value> =
        page.of(groups.into_iter()).map(|(key, rows)| group(&query, &key, rows, rows_max)).collect();
    Ok(Answer::ok(&json!({"results": results, "entityIdDimension": "queueId"})))
}

fn group(query: &ActivityQuery, key: &[String], mut rows: Vec<Row<'_>>, rows_max: usize) -> Value {
    let named = query.group_by.iter().zip(key).filter(|(_, value)| !value.is_empty());
    let group: BTreeMap<&String, &String> = named.collect();
    let data: Vec<Value> = query
        .metrics
        .iter()
        .map(|metric| {
            let counted = rows.iter().filter(|row| row.active || metric.metric == METRICS[1]);
            let ids: Vec<Id> = counted.map(|row| row.queue).collect();
            let distinct: BTreeSet<&Id> = ids.iter().collect();
            json!({"metric": metric.metric, "entityIds": distinct, "count": ids.len()})
        })
        .collect();
    let mut body = json!({"group": group, "data": data, "truncated": false});
    if query.metrics.iter().any(|metric| metric.details) {
        rows.sort_by_key(Row::changed);
        if rows.len() > rows_max {
            let (oldest, newest) = (rows_max / 2, rows_max - rows_max / 2);
            rows.drain(oldest..rows.len() - newest);
            body["truncated"] = true.into();
        }
        if query.order.as_deref() == Some("desc") {
            rows.reverse();
        }
        body["entities"] = rows.iter().map(Row::body).collect();
    }
    body
}
