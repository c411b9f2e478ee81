//! `GET /v1/agents/states:watch`: the watch of every API, as server-sent events.
//!
//! An event is named after the message that its data is (`snapshot`, `changes`, `progress`, `reset`), and its id is the
//! cursor to resume from: a browser that reconnects sends it back by itself, as `Last-Event-ID`. What can't be
//! resumed from, because it is not whole, has no id, or takes back the one before. A watch that can't go on says why
//! in an event `problem`, and ends. Like the stream of gRPC, this one makes its next message when the connection has
//! room for it.

use std::convert::Infallible;

use axum::extract::{RawQuery, State};
use axum::response::sse::{Event, Sse};
use axum::response::{IntoResponse as _, Response};
use futures_util::stream::unfold;
use http::{HeaderMap, StatusCode};
use onduty_proto::v1::watch_agent_states_response::Message as Kind;
use onduty_proto::v1::{Delivery, WatchAgentStatesRequest};

use super::query::{FILTER_PARAMETERS, Query, Unreadable};
use super::{API, Shared};
use crate::api::problem::Problem;
use crate::api::watch::{Message, Watch, WatchError, read};
use crate::proto_json::watch::message;

/// What a browser sends when it reconnects.
const LAST_EVENT_ID: &str = "last-event-id";

pub(super) async fn get(
    State(rest): Shared,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    let own = ["agentIds", "cursor", "delivery", "progressInterval"];
    let query = Query::read(query.as_deref())?.only(&[&own, &FILTER_PARAMETERS[..]].concat())?;
    let request = to_request(&query, &headers)?;
    let wanted = read(request, rest.ids_max, None)?;
    let watch = Watch::begin(&rest.hub, wanted, API).map_err(|error| to_problem(&error))?;
    let events = unfold(watch, async |mut watch| {
        let event = match watch.next().await? {
            Ok(message) => to_event(&message)?,
            Err(error) => Event::default().event("problem").data(to_problem(&error).into_text()),
        };
        Some((Ok::<_, Infallible>(event), watch))
    });
    Ok(Sse::new(events).into_response())
}

fn to_request(query: &Query, headers: &HeaderMap) -> Result<WatchAgentStatesRequest, Unreadable> {
    let delivery = match query.one("delivery")? {
        None => Delivery::Unspecified,
        Some(name) => Delivery::from_str_name(name)
            .ok_or_else(|| Unreadable::new("delivery", "is no name that this version knows"))?,
    };
    // Where it stands now goes before where it began.
    let cursor = match headers.get(LAST_EVENT_ID) {
        Some(id) => id.to_str().map_err(|_| Unreadable::new("Last-Event-ID", "is no cursor"))?,
        None => query.one("cursor")?.unwrap_or_default(),
    };
    Ok(WatchAgentStatesRequest {
        agent_ids: query.listed("agentIds").map(str::to_owned).collect(),
        filter: query.has_filter().then(|| query.filter()).transpose()?,
        cursor: cursor.to_owned(),
        delivery: delivery.into(),
        progress_interval: query.span("progressInterval")?,
    })
}

/// A message as an event. One that does not decode, which would be a mistake in the program, ends the stream: its
/// reader resumes from the event before.
fn to_event(encoded: &Message) -> Option<Event> {
    let kind = encoded.decode().ok()?.message?;
    let (name, id) = match &kind {
        Kind::Snapshot(page) => ("snapshot", Some(&page.cursor).filter(|_| page.last)),
        Kind::Changes(some) => ("changes", Some(&some.cursor)),
        Kind::Progress(sign) => ("progress", Some(&sign.cursor)),
        // Without a cursor this takes back the id before: it is of no use any more.
        Kind::Reset(why) => ("reset", Some(&why.cursor)),
    };
    let event = Event::default().event(name).data(message(&kind).to_string());
    Some(match id {
        Some(id) => event.id(id),
        None => event,
    })
}

fn to_problem(error: &WatchError) -> Problem {
    let (status, cursor) = match error {
        WatchError::TooMany { .. } => (StatusCode::TOO_MANY_REQUESTS, None),
        WatchError::OutOfTime => (StatusCode::GATEWAY_TIMEOUT, None),
        WatchError::TooSlow { cursor, .. } => (StatusCode::TOO_MANY_REQUESTS, Some(cursor)),
        WatchError::Expired { .. } => (StatusCode::GONE, None),
        WatchError::Unreadable { cursor } => (StatusCode::SERVICE_UNAVAILABLE, Some(cursor)),
    };
    let problem = Problem::new(status, &error.to_string()).with("reason", error.reason());
    match cursor {
        Some(cursor) => problem.with("cursor", cursor.to_string()),
        None => problem,
    }
}
