//! REST: the call that started it all, drop-in for the platform's, and the reads of the gRPC services as JSON. An
//! endpoint parses, asks what every API asks, and converts; nothing is decided here. A miss is a problem (RFC 9457)
//! with the members of its finding, and no answer is an empty list without a word.

mod batch;
mod diagnosis;
mod list;
mod platform_states;
pub(super) mod query;
mod state;
mod sync;
mod timeline;
mod watch;

use std::sync::Arc;
use std::time::Duration;

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use http::{HeaderValue, StatusCode, header};
use onduty_core::finding::Finding;
use serde::Serialize;
use tokio::time::{Instant, timeout};

use self::query::Unreadable;
use super::compat::{Compat, guard, seal};
use super::deadline::Deadline;
use super::front::Parts;
use super::problem::Problem;
use super::request::ID_BYTES_MAX;
use super::sync::SyncStatus;
use super::timeline::Timelines;
use super::watch::Hub;
use crate::answers::Answers;
use crate::clock::Clock;
use crate::doctor::Doctor;
use crate::meters::Meters;
use crate::publish::View;

/// What the endpoints are made of.
#[derive(Debug)]
struct Rest {
    answers: Answers,
    timelines: Timelines,
    doctor: Arc<Doctor>,
    sync: SyncStatus,
    hub: Arc<Hub>,
    meters: Meters,
    view: View,
    clock: Clock,
    ids_max: usize,
    body_bytes_max: usize,
    longest: Duration,
}

type Shared = State<Arc<Rest>>;

/// The `id` of a path, or why it is none.
type IdInPath = Result<Path<String>, PathRejection>;

/// The name by which misses of these endpoints are counted.
const API: &str = "rest";

/// What is served, for whoever asks for something else.
const SERVED: &str = "GET /v1/agents/{id}/state, GET /v1/agents/states, POST /v1/agents/states:batchGet, \
                      GET /v1/agents/states:watch, GET /v1/agents/{id}/timeline, GET /v1/sync, \
                      GET /v1/diagnosis, GET /api/v2/agents/states?agentId={id}";

/// How much of a path an error repeats.
const PATH_SHOWN_MAX: usize = 100;

/// The routes.
pub(super) fn router(
    parts: &Parts,
    compat: &Arc<Compat>,
    sync: SyncStatus,
    timelines: Timelines,
    hub: Arc<Hub>,
) -> Router {
    let rest = Arc::new(Rest {
        answers: parts.answers.clone(),
        timelines,
        doctor: Arc::clone(&parts.doctor),
        sync,
        hub,
        meters: parts.meters.clone(),
        view: parts.view.clone(),
        clock: parts.clock.clone(),
        ids_max: parts.limits.ids_per_batch,
        body_bytes_max: parts.limits.request_bytes.min(batch::BODY_BYTES_MAX),
        longest: parts.limits.request_timeout,
    });
    // The platform's paths have one door and one form of head.
    let platform =
        (from_fn_with_state(Arc::clone(compat), seal), from_fn_with_state(Arc::clone(compat), guard));
    Router::new()
        .route("/api/v2/agents/states", get(platform_states::get).fallback(wrong_method).layer(platform))
        .route("/v1/agents/{id}/state", get(state::get))
        .route("/v1/agents/{id}/timeline", get(timeline::get))
        .route("/v1/agents/states", get(list::get))
        .route("/v1/agents/states:batchGet", post(batch::post))
        .route("/v1/agents/states:watch", get(watch::get))
        .route("/v1/sync", get(sync::get))
        .route("/v1/diagnosis", get(diagnosis::get))
        .method_not_allowed_fallback(wrong_method)
        .route_layer(from_fn_with_state(parts.limits.request_timeout, in_time))
        .with_state(rest)
}

/// Whether a path is of the kind that is served here, whatever a request says of its content.
pub(super) fn owns(path: &str) -> bool {
    ["/api/", "/v1/"].iter().any(|prefix| path.starts_with(prefix))
}

/// The answer at a path that nothing is served at.
pub(super) fn unknown_path(path: &str) -> Problem {
    let detail = format!(
        "nothing is served at {}; served are {SERVED}, the platform's read paths, and gRPC (package onduty.v1)",
        path.chars().take(PATH_SHOWN_MAX).collect::<String>()
    );
    Problem::new(StatusCode::NOT_FOUND, &detail)
}

async fn wrong_method() -> Problem {
    Problem::new(StatusCode::METHOD_NOT_ALLOWED, "this path takes another method: see Allow")
}

/// No request takes longer than it may, and no watch takes longer to begin. Look-ups end before that, and say why
/// there is no answer.
async fn in_time(State(longest): State<Duration>, request: Request, next: Next) -> Response {
    match timeout(longest, next.run(request)).await {
        Ok(response) => response,
        Err(_) => {
            Problem::new(StatusCode::GATEWAY_TIMEOUT, "the request took longer than it may").into_response()
        }
    }
}

impl Rest {
    /// By when a look-up for a request that comes now must have been given up.
    fn lookups_end(&self) -> Option<Instant> {
        Some(Deadline::after(Instant::now(), None, self.longest).0.lookups)
    }

    /// A miss, counted.
    fn missed(&self, finding: &Finding) -> Problem {
        self.meters.missed(finding.reason, API);
        Problem::of_finding(finding)
    }
}

/// An answer. Never kept by caches: the next one may differ.
fn told(body: impl Serialize) -> Response {
    ([(header::CACHE_CONTROL, HeaderValue::from_static("no-store"))], Json(body)).into_response()
}

fn read_id(id: IdInPath) -> Result<String, Unreadable> {
    let Path(id) =
        id.map_err(|_| Unreadable::new("id", "is not UTF-8 after its percent escapes are resolved"))?;
    if id.len() > ID_BYTES_MAX {
        return Err(Unreadable::new("id", format!("is longer than {ID_BYTES_MAX} bytes, which no id is")));
    }
    Ok(id)
}
