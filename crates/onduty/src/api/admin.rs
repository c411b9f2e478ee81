//! The admin listener: metrics, probes, freshness, the configuration in force, and the drain.

use std::fmt::Write as _;
use std::sync::Arc;

use axum::extract::{RawQuery, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use http::{HeaderMap, StatusCode, header};
use onduty_core::observation::Source;
use onduty_core::time::Timestamp;
use prometheus_client::encoding::text::encode;
use prometheus_client::registry::Registry;
use serde::Serialize;
use tokio_util::sync::CancellationToken;

use super::problem::problem;
use crate::clock::Clock;
use crate::config::Entry;
use crate::readiness::Readiness;
use crate::status::{Phase, SourceStanding, StatusBoard};

/// What the admin listener shows and can do.
#[derive(Debug)]
pub struct Parts {
    /// The numbers at `/metrics`.
    pub registry: Registry,
    /// What the probes tell.
    pub readiness: Readiness,
    /// What `/freshness` tells.
    pub status: StatusBoard,
    /// Tells the time.
    pub clock: Clock,
    /// The configuration in force, secrets hidden.
    pub config: Vec<Entry>,
    /// What `POST /drainz` cancels.
    pub drain: CancellationToken,
}

/// The routes of the admin listener.
pub fn router(parts: Parts) -> Router {
    Router::new()
        .route("/metrics", get(metrics))
        .route("/livez", get(live))
        .route("/readyz", get(ready))
        .route("/startupz", get(started))
        .route("/freshness", get(freshness))
        .route("/configz", get(config))
        .route("/drainz", post(drain))
        .fallback(async || problem(StatusCode::NOT_FOUND, "nothing is served at this path"))
        .method_not_allowed_fallback(async || {
            problem(StatusCode::METHOD_NOT_ALLOWED, "this path takes another method")
        })
        .with_state(Arc::new(parts))
}

type Shared = State<Arc<Parts>>;

/// One condition as a verbose probe lists it.
type Check = (&'static str, bool);

async fn metrics(State(parts): Shared) -> Response {
    let mut text = String::new();
    match encode(&mut text, &parts.registry) {
        Ok(()) => {
            let form = "application/openmetrics-text; version=1.0.0; charset=utf-8";
            ([(header::CONTENT_TYPE, form)], text).into_response()
        }
        Err(_) => problem(StatusCode::INTERNAL_SERVER_ERROR, "the metrics could not be written"),
    }
}

/// Answering is being alive.
async fn live(RawQuery(query): RawQuery) -> Response {
    probe(query.as_deref(), &[("answers", true)], &[])
}

async fn ready(State(parts): Shared, RawQuery(query): RawQuery) -> Response {
    let checks = [("not draining", !parts.drain.is_cancelled())];
    probe(query.as_deref(), &checks, &parts.readiness.awaited())
}

async fn started(State(parts): Shared, RawQuery(query): RawQuery) -> Response {
    probe(query.as_deref(), &[("running", true)], &parts.readiness.awaited())
}

/// 200 or 503; with `?verbose` a line for each condition.
fn probe(query: Option<&str>, checks: &[Check], awaited: &[&'static str]) -> Response {
    let all = awaited.is_empty() && checks.iter().all(|(_, holds)| *holds);
    let (code, verdict) =
        if all { (StatusCode::OK, "ok") } else { (StatusCode::SERVICE_UNAVAILABLE, "not ready") };
    let mut text = String::new();
    if query.is_some_and(is_verbose) {
        let lines = checks.iter().copied().chain(awaited.iter().map(|condition| (*condition, false)));
        for (condition, holds) in lines {
            let sign = if holds { "ok  " } else { "wait" };
            // Writing to a string cannot fail.
            let _ = writeln!(text, "{sign} {condition}");
        }
    }
    text.push_str(verdict);
    text.push('\n');
    (code, [(header::CACHE_CONTROL, "no-store")], text).into_response()
}

fn is_verbose(query: &str) -> bool {
    query.split('&').any(|part| part == "verbose" || part.starts_with("verbose="))
}

/// Whether every source is inside its bound.
#[derive(Debug, Serialize)]
struct Freshness {
    fresh: bool,
    sources: Vec<SourceFreshness>,
}

#[derive(Debug, Serialize)]
struct SourceFreshness {
    source: &'static str,
    state: &'static str,
    fresh: bool,
    last_mark_age_seconds: Option<f64>,
    last_event_age_seconds: Option<f64>,
    bound_seconds: Option<f64>,
    detail: String,
}

async fn freshness(State(parts): Shared) -> Response {
    let (standing, now) = (parts.status.read(), parts.clock.now());
    let fresh = standing.is_fresh(now);
    let sources = Source::ALL.iter().map(|source| to_freshness(*source, standing.source(*source), now));
    let body = Freshness { fresh, sources: sources.collect() };
    let code = if fresh { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (code, [(header::CACHE_CONTROL, "no-store")], Json(body)).into_response()
}

fn to_freshness(source: Source, standing: &SourceStanding, now: Timestamp) -> SourceFreshness {
    let age = |at: Option<Timestamp>| at.map(|at| now.since(at).as_secs_f64());
    SourceFreshness {
        source: source.name(),
        state: match standing.phase {
            Phase::Disabled => "disabled",
            Phase::Starting => "starting",
            Phase::Running => "running",
            Phase::Failing => "failing",
        },
        fresh: standing.is_fresh(now),
        last_mark_age_seconds: age(standing.last_mark_at),
        last_event_age_seconds: age(standing.last_event_at),
        bound_seconds: standing.bound.map(|bound| bound.as_secs_f64()),
        detail: standing.detail.clone(),
    }
}

/// One setting in force.
#[derive(Debug, Serialize)]
struct Line {
    key: &'static str,
    value: Option<String>,
    origin: String,
}

async fn config(State(parts): Shared) -> Json<Vec<Line>> {
    let line =
        |entry: &Entry| Line { key: entry.key, value: entry.value.clone(), origin: entry.origin.to_string() };
    Json(parts.config.iter().map(line).collect())
}

/// Ends the watches, each with a cursor to resume from, and takes the server out of rotation. Everything else is
/// answered as before, until the process is stopped.
///
/// A page in somebody's browser can post to this machine, too. Browsers then name the page's origin; tools do not.
async fn drain(State(parts): Shared, headers: HeaderMap) -> Response {
    if headers.contains_key(header::ORIGIN) {
        return problem(StatusCode::FORBIDDEN, "a web page may not drain the server");
    }
    parts.drain.cancel();
    (StatusCode::ACCEPTED, "draining\n").into_response()
}
