//! The platform's own read paths, answered from the local copy in the platform's own shapes: an official SDK whose
//! host is changed works unchanged, and costs no request. An endpoint a file.
//!
//! Where the platform would lie or say nothing, this doesn't: a miss is an error in the platform's shape with our
//! finding inside ([`refusal`]). A facet that is not known is left out, never null and never a default.
//!
//! Every answer carries `ININ-Correlation-Id` and the headers of [`super::freshness`].

mod bulk;
mod definitions;
mod door;
mod parameters;
mod presence;
mod refusal;
mod routing_status;
mod seal;
mod shape;
mod token;
mod token_info;
mod user;
mod users;

use std::sync::Arc;
use std::time::Duration;

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::middleware::from_fn_with_state;
use axum::response::{IntoResponse as _, Response};
use axum::routing::{any, get, post};
use axum::{Json, Router};
use http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use onduty_core::agent::Facet;
use onduty_core::answer::{Answer, Asked};
use onduty_core::cursor::Cursor;
use onduty_core::finding::{Evidence, Finding, Reason};
use onduty_core::row::Row;
use onduty_core::snapshot::Snapshot;
use serde::Serialize;
use tokio::time::Instant;

use super::deadline::Deadline;
use super::freshness::Freshness;
use super::front::Parts;
use super::request::ID_BYTES_MAX;
use crate::answers::Answers;
use crate::clock::Clock;
use crate::meters::Meters;
use crate::publish::View;
use crate::status::StatusBoard;
pub use door::Door;
use refusal::Refusal;
pub(super) use seal::{guard, seal};

/// What the endpoints are made of.
#[derive(Debug)]
pub(super) struct Compat {
    answers: Answers,
    view: View,
    status: StatusBoard,
    meters: Meters,
    clock: Clock,
    door: Door,
    longest: Duration,
}

/// What there is to say of a user's state.
enum Told {
    /// All that is wanted.
    Whole(Arc<Row>),
    /// Some of it, and why not the rest.
    Part(Arc<Row>, Box<Finding>),
    /// Why there is nothing.
    Nothing(Box<Finding>),
}

type Shared = State<Arc<Compat>>;

/// The `id` of a path, or why it is none.
type IdInPath = Result<Path<String>, PathRejection>;

/// The name by which misses of these endpoints are counted.
const API: &str = "compat";

/// What is served, for whoever asks for something else.
const SERVED: &str = "POST /oauth/token, GET /api/v2/users, GET /api/v2/users/{id}, \
                      GET /api/v2/users/{id}/routingstatus, GET /api/v2/users/{id}/presences/purecloud, \
                      GET /api/v2/users/presences/purecloud/bulk, GET /api/v2/presence/definitions, \
                      GET /api/v2/presence/definitions/{id}, GET /api/v2/tokens/me, GET /api/v2/agents/states";

/// The routes.
pub(super) fn router(compat: &Arc<Compat>) -> Router {
    let inside = Router::new()
        .route("/api/v2/users", get(users::get).fallback(unknown))
        // What the platform has beside its users is no user of that name.
        .route("/api/v2/users/bulk", any(unknown))
        .route("/api/v2/users/query", any(unknown))
        .route("/api/v2/users/rules", any(unknown))
        .route("/api/v2/users/search", any(unknown))
        .route("/api/v2/users/{id}", get(user::get).fallback(unknown))
        .route("/api/v2/users/{id}/routingstatus", get(routing_status::get).fallback(unknown))
        .route("/api/v2/users/{id}/presences/{source}", get(presence::get).fallback(unknown))
        .route("/api/v2/users/presences/{source}/bulk", get(bulk::get).fallback(unknown))
        .route("/api/v2/presence/definitions", get(definitions::list).fallback(unknown))
        .route("/api/v2/presence/definitions/{id}", get(definitions::one).fallback(unknown))
        .route("/api/v2/tokens/me", get(token_info::get).fallback(unknown))
        .route("/api/v2", any(unknown))
        .route("/api/v2/", any(unknown))
        .route("/api/v2/{*rest}", any(unknown))
        .route_layer(from_fn_with_state(Arc::clone(compat), guard));
    Router::new()
        .route("/oauth/token", post(token::post).fallback(unknown))
        .merge(inside)
        .route_layer(from_fn_with_state(Arc::clone(compat), seal))
        .with_state(Arc::clone(compat))
}

async fn unknown(uri: Uri) -> Refusal {
    Refusal::not_served(uri.path())
}

impl Compat {
    /// Answers from these, to whom the door lets in.
    pub(super) fn new(parts: &Parts) -> Self {
        Self {
            answers: parts.answers.clone(),
            view: parts.view.clone(),
            status: parts.status.clone(),
            meters: parts.meters.clone(),
            clock: parts.clock.clone(),
            door: parts.door.clone(),
            longest: parts.limits.request_timeout,
        }
    }

    /// By when look-ups for a request that comes now must have been given up.
    fn lookups_end(&self) -> Option<Instant> {
        Some(Deadline::after(Instant::now(), None, self.longest).0.lookups)
    }

    /// What there is to say of a user's state, of which these facets are wanted. Where a state is held without one of
    /// them, the platform is asked: a push may have told the one, and nobody yet the other. A miss is counted.
    async fn state(&self, id: &str, facets: &[Facet]) -> Told {
        let lacks =
            |row: &Row| facets.iter().copied().find(|facet| !row.known_facets().any(|it| it == *facet));
        let told = match self.ask(id, None).await {
            Answer::State(row) if lacks(&row).is_some() => self.ask(id, Some(Duration::ZERO)).await,
            told => told,
        };
        let told = match told {
            Answer::Miss(finding) => Told::Nothing(finding),
            Answer::State(row) => match lacks(&row) {
                Some(facet) => Told::Part(Arc::clone(&row), Box::new(withheld(id, &row, facet))),
                None => Told::Whole(row),
            },
        };
        if let Told::Part(_, finding) | Told::Nothing(finding) = &told {
            self.missed(finding);
        }
        told
    }

    /// A user with one facet of its state, or why there is none.
    async fn with_facet(&self, id: &str, facet: Facet) -> Result<Arc<Row>, Box<Finding>> {
        match self.state(id, &[facet]).await {
            Told::Whole(row) => Ok(row),
            Told::Part(_, finding) | Told::Nothing(finding) => Err(finding),
        }
    }

    async fn ask(&self, id: &str, max_staleness: Option<Duration>) -> Answer {
        let question = self.answers.question(Asked::UserId(id.into()), max_staleness);
        self.answers.get(&question, self.lookups_end()).await
    }

    fn missed(&self, finding: &Finding) {
        self.meters.missed(finding.reason, API);
    }

    /// An answer that shows one agent.
    fn show_one(&self, asked: &HeaderMap, row: &Row, body: impl Serialize) -> Response {
        let fresh = Freshness::of_one(row, self.view.snapshot().cursor(), self.clock.now());
        self.show(asked, fresh, body)
    }

    /// How fresh an answer is that shows these agents. `shows` was taken before they were asked for.
    fn fresh<'a>(&self, rows: impl Iterator<Item = &'a Row>, shows: Cursor) -> Freshness {
        Freshness::of(rows, shows, self.clock.now())
    }

    /// An answer, with how fresh it is.
    fn show(&self, asked: &HeaderMap, fresh: Freshness, body: impl Serialize) -> Response {
        fresh.answer(asked, body, self.answers.default_max_staleness())
    }

    /// An answer that lacks something, and how fresh it is in what it has.
    fn show_part<'a>(
        &self,
        rows: impl Iterator<Item = &'a Row>,
        shows: Cursor,
        body: impl Serialize,
    ) -> Response {
        not_to_be_kept(self.fresh(rows, shows).stamp(Json(body).into_response()))
    }
}

/// The finding for a state without one of its facets, after the platform was asked for it.
fn withheld(id: &str, row: &Arc<Row>, facet: Facet) -> Finding {
    let facet = facet.name().replace('_', " ");
    let summary = format!("the platform tells a state of this user without its {facet}");
    let remedy = "ask again later; if it stays so, ask the platform's support why it leaves that out";
    let detail = format!("asked for it now; the {facet} is not among what was told");
    Finding::new(Reason::StateWithheld, id, summary, remedy)
        .seen([Evidence { origin: "lookup".into(), detail, observed_at: Some(row.confirmed_at()) }])
        .last_known(Some(row))
}

/// The id of a path.
fn read_id(path: IdInPath) -> Result<String, Refusal> {
    within_bounds(read_path(path)?)
}

/// An id, unless it is longer than any is.
fn within_bounds(id: String) -> Result<String, Refusal> {
    if id.len() <= ID_BYTES_MAX {
        return Ok(id);
    }
    Err(Refusal::parameter("id", &id, "ids of the platform, of 36 characters"))
}

/// What a path names.
fn read_path<T>(path: Result<Path<T>, PathRejection>) -> Result<T, Refusal> {
    path.map(|Path(path)| path).map_err(|_| {
        let message = "The request could not be understood by the server due to malformed syntax. The path is not \
                       UTF-8 after its percent escapes are resolved";
        Refusal::new(StatusCode::BAD_REQUEST, "bad.request", message)
    })
}

/// An answer that the next one may contradict.
fn not_to_be_kept(mut response: Response) -> Response {
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// The user of an id, if somebody named one who was not said to be gone since.
fn held<'a>(snapshot: &'a Snapshot, id: &str) -> Option<&'a Arc<Row>> {
    Asked::UserId(id.into()).row(snapshot).filter(|row| row.present)
}
