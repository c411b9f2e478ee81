//! `GET /api/v2/agents/states?agentId=`: the call that started it all, drop-in. Where the platform leaves out without a
//! word whom it has no state of, and in the end answers `[]`, this says of each why.
//!
//! As on the platform an id asked twice is answered once. Unlike there, up to `limits.ids_per_batch` ids are taken
//! (1,000; the platform takes 50), and parameters that mean nothing here are passed over, because clients made for the
//! platform send them.

use std::collections::BTreeSet;

use axum::extract::{RawQuery, State};
use axum::response::{IntoResponse as _, Response};
use onduty_core::answer::{Answer, Question};
use onduty_core::cursor::Cursor;
use onduty_proto::v1::BatchGetAgentStatesRequest;
use serde_json::json;

use super::query::Query;
use super::{API, Rest, Shared, told};
use crate::api::freshness::Freshness;
use crate::api::platform_json::PlatformState;
use crate::api::problem::Problem;
use crate::api::request::{ID_BYTES_MAX, at_most, questions};

/// The one parameter.
const PARAMETER: &str = "agentId";

pub(super) async fn get(State(rest): Shared, RawQuery(query): RawQuery) -> Result<Response, Problem> {
    let questions = read(&rest, &Query::read(query.as_deref())?)?;
    let shows = rest.view.snapshot().cursor();
    let answers = rest.answers.batch(&questions, rest.lookups_end()).await;
    Ok(respond(&rest, &answers, shows))
}

fn read(rest: &Rest, query: &Query) -> Result<Vec<Question>, Problem> {
    let asked: Vec<&str> = query.listed(PARAMETER).collect();
    // Somebody whose variable was empty sends `agentId=`.
    if asked.iter().all(|id| id.is_empty()) {
        return Err(Problem::of_parameter(PARAMETER, "names nobody; give one or more ids"));
    }
    at_most(PARAMETER, asked.len(), rest.ids_max)?;
    if let Some(at) = asked.iter().position(|id| id.len() > ID_BYTES_MAX) {
        let wrong = format!("is longer than {ID_BYTES_MAX} bytes, which no id is");
        return Err(Problem::of_parameter(&format!("{PARAMETER}[{at}]"), &wrong));
    }
    let mut met = BTreeSet::new();
    let agent_ids = asked.into_iter().filter(|id| met.insert(*id)).map(str::to_owned).collect();
    let request = BatchGetAgentStatesRequest { agent_ids, max_staleness: None };
    Ok(questions(&rest.answers, rest.ids_max, request)?)
}

/// The states, if there is one for every id; otherwise a problem that has them, too.
fn respond(rest: &Rest, answers: &[Answer], shows: Cursor) -> Response {
    let (mut rows, mut findings) = (Vec::new(), Vec::new());
    for answer in answers {
        match answer {
            Answer::State(row) => rows.push(&**row),
            Answer::Miss(finding) => {
                rest.meters.missed(finding.reason, API);
                findings.push(&**finding);
            }
        }
    }
    let states: Vec<PlatformState<'_>> = rows.iter().map(|row| PlatformState::of(row)).collect();
    let response = match findings.split_first() {
        Some((first, others)) => {
            let states = states.iter().map(|state| json!(state)).collect();
            Problem::of_several(first, others, states).into_response()
        }
        // There is a state for every id, and an id at least.
        None => told(states),
    };
    if rows.is_empty() {
        return response;
    }
    Freshness::of(rows.iter().copied(), shows, rest.clock.now()).stamp(response)
}
