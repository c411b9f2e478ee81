//! The api listener: every protocol on one port, all of them answering from the same parts, and a clear answer for
//! every path that none of them serves.

use std::sync::Arc;

use axum::Router;
use axum::extract::Request;
use axum::response::{IntoResponse as _, Response};
use tokio_util::sync::CancellationToken;

pub use super::compat::Door;
use super::compat::{self, Compat};
use super::grpc;
pub use super::grpc::ReflectionError;
use super::rest;
use super::sync::SyncStatus;
use super::timeline::Timelines;
use super::watch::Hub;
use crate::answers::Answers;
use crate::clock::Clock;
use crate::config::LimitsConfig;
use crate::doctor::Doctor;
use crate::history::History;
use crate::meters::Meters;
use crate::publish::View;
use crate::readiness::Readiness;
use crate::status::StatusBoard;

/// What the listener answers from.
#[derive(Clone, Debug)]
pub struct Parts {
    /// Answers questions.
    pub answers: Answers,
    /// Shows the roster to watches.
    pub view: View,
    /// Tells every change of the recent past.
    pub history: History,
    /// Looks at everything that answers rest on.
    pub doctor: Arc<Doctor>,
    /// What the background tasks are doing.
    pub status: StatusBoard,
    /// Whether there is something to answer from.
    pub readiness: Readiness,
    /// Who may ask on the platform's paths.
    pub door: Door,
    /// Tells the time.
    pub clock: Clock,
    /// Counts.
    pub meters: Meters,
    /// Bounds.
    pub limits: LimitsConfig,
    /// Once cancelled, watches end with a cursor to resume from, and health says `NOT_SERVING`.
    pub drain: CancellationToken,
}

/// Everything that the api listener serves.
///
/// # Errors
/// When the built-in descriptors can't be read, which is a mistake in the program.
pub fn router(parts: Parts) -> Result<Router, ReflectionError> {
    let Parts { answers, view, history, status, readiness, clock, .. } = parts.clone();
    // One of each for all APIs: their bounds hold over all of them.
    let timelines = Timelines::new(answers, view.clone(), history);
    let hub = Arc::new(Hub::new(&parts));
    let sync = SyncStatus::new(view, status, readiness, clock);
    let compat = Arc::new(Compat::new(&parts));
    let rest = rest::router(&parts, &compat, sync.clone(), timelines.clone(), Arc::clone(&hub));
    let compat = compat::router(&compat);
    Ok(grpc::router(parts, sync, timelines, hub)?.merge(rest).merge(compat).fallback(unknown_path))
}

async fn unknown_path(request: Request) -> Response {
    let path = request.uri().path();
    if grpc::is_grpc(request.headers()) && !rest::owns(path) {
        return grpc::unimplemented();
    }
    rest::unknown_path(path).into_response()
}
