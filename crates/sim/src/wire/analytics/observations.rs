//! `POST /api/v2/analytics/users/observations/query`: how many queues, and despite its name
//! nothing about presence or routing status.

use serde::Deserialize;
use serde_json::{Value, json};

use super::activity::METRICS;
use super::filter::Filter;
use super::visible;
use crate::wire::call::{Answer, Asked};
use crate::wire::refusal::Refusal;

const PERMISSION: &str = "analytics:userObservation:view";

#[derive(Deserialize)]
struct ObservationQuery {
    metrics: Vec<String>,
    filter: Filter,
}

/// The query: one result a user asked for.
pub(in crate::wire) fn query(asked: &mut Asked<'_>) -> Result<Answer, Refusal> {
    let held = asked.require_any(PERMISSION)?;
    let query: ObservationQuery = asked.body()?;
    query.filter.check(&["userId"])?;
    if query.metrics.len() > METRICS.len() {
        return Err(Refusal::constraint("A metric is named more than once.".to_owned()));
    }
    if let Some(unknown) = query.metrics.iter().find(|metric| !METRICS.contains(&metric.as_str())) {
        return Err(Refusal::value(unknown, "metric", &METRICS));
    }
    let users = visible(asked, &held);
    let wanted = users.filter(|agent| query.filter.takes(&|_| vec![agent.user_id.to_string()]));
    let results: Vec<Value> = wanted
        .map(|agent| {
            let data = query.metrics.iter().map(|metric| {
                let active = metric == METRICS[0];
                let count = if active { agent.state().queues.ids.len() } else { agent.member_of.len() };
                json!({"metric": metric, "stats": {"count": count}})
            });
            json!({"group": {"userId": agent.user_id}, "data": data.collect::<Vec<Value>>()})
        })
        .collect();
    Ok(Answer::ok(&json!({"results": results})))
}
