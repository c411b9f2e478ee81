//! The ingress: statements that the platform, or somebody on its behalf, posts.
//!
//! `204` is a promise: what the body carried is on disk and visible. Whatever cannot be taken is refused in a way
//! that makes a sender keep it (`503` with `Retry-After`) or tells its author what to mend (`4xx` as
//! `application/problem+json`).

mod authentic;
mod problem;
mod repeats;
#[cfg(test)]
mod tests;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use onduty_core::observation::{Input, Observation, Source};
use onduty_core::roster::existence;
use onduty_core::time::Timestamp;

use crate::clock::Clock;
use crate::config::{IngressConfig, PlatformApi};
use crate::inlet::{Inlet, InletError};
use crate::listener::body;
use crate::meters::Meters;
use crate::platform::Spoken;
use crate::platform::genesys::decode::{self, Arrival, Attributes, Heard};
use crate::status::{Phase, StatusBoard};
use authentic::{Claim, Senders};
use problem::Problem;
use repeats::Repeats;

/// What the ingress needs.
#[derive(Debug)]
pub struct Ingress {
    /// Which of the platform's APIs the sidecar speaks; any webhook is taken with either.
    pub spoken: Spoken,
    /// Who may send, and how much.
    pub config: IngressConfig,
    /// Where statements go.
    pub inlet: Inlet,
    /// Where its standing is shown.
    pub status: StatusBoard,
    /// Where it is counted.
    pub meters: Meters,
    /// Our clock.
    pub clock: Clock,
}

/// What a request's handling shares with all others.
struct Shared {
    spoken: Spoken,
    senders: Senders,
    max_body_bytes: usize,
    body_timeout: Duration,
    inlet: Inlet,
    status: StatusBoard,
    meters: Meters,
    clock: Clock,
    repeats: Mutex<Repeats>,
}

/// How a request that was taken ended.
enum Taken {
    /// It brought news.
    Accepted,
    /// All of it had been taken before.
    Repetition,
    /// All of it was of types that are not known.
    UnknownType,
    /// It had no news: secondary sources, failed changes, heartbeats, nothing at all.
    Ignored,
}

/// The routes of the ingress listener.
pub fn router(ingress: Ingress) -> Router {
    let Ingress { spoken, config, inlet, status, meters, clock } = ingress;
    // Webhooks have no heartbeat, so silence proves nothing: the source runs, and has no bound.
    status.source(Source::Webhook, |standing| standing.phase = Phase::Running);
    let shared = Shared {
        spoken,
        senders: Senders::new(&config),
        max_body_bytes: config.max_body_bytes,
        body_timeout: config.body_timeout,
        inlet,
        status,
        meters,
        clock,
        repeats: Mutex::default(),
    };
    Router::new()
        .route("/webhooks/genesys", post(receive).fallback(method_not_allowed))
        .fallback(no_such_path)
        .with_state(Arc::new(shared))
}

async fn receive(State(shared): State<Arc<Shared>>, request: Request) -> Response {
    let began = Instant::now();
    let outcome = shared.receive(request).await;
    let name = match &outcome {
        Ok(Taken::Accepted) => "accepted",
        Ok(Taken::Repetition) => "duplicate",
        Ok(Taken::UnknownType) => "unknown_type",
        Ok(Taken::Ignored) => "ignored",
        Err(problem) => problem.outcome(),
    };
    shared.meters.webhook(name, began.elapsed());
    match outcome {
        Ok(_) => StatusCode::NO_CONTENT.into_response(),
        Err(problem) => {
            shared.note(&problem);
            tracing::debug!(outcome = name, "webhook refused");
            problem.into_response()
        }
    }
}

async fn method_not_allowed(State(shared): State<Arc<Shared>>) -> Response {
    shared.meters.webhook(Problem::Method.outcome(), Duration::ZERO);
    Problem::Method.into_response()
}

async fn no_such_path() -> Response {
    Problem::Path.into_response()
}

impl Shared {
    async fn receive(&self, request: Request) -> Result<Taken, Problem> {
        let heard_at = self.clock.now();
        let (head, body) = request.into_parts();
        let claim = match self.claim(&head.headers, heard_at) {
            Ok(claim) => claim,
            Err(problem) => {
                body::discard(&head.headers, body, self.body_timeout).await;
                return Err(problem);
            }
        };
        let body = body::read(body, self.max_body_bytes, self.body_timeout).await?;
        claim.check(&body)?;
        let arrival = Arrival { source: Source::Webhook, heard_at };
        let heard = decode::webhook(&body, binary_attributes(&head.headers).as_ref(), arrival)?;
        self.take(heard).await
    }

    /// Who is turned away is told in the log once a kind, for that is written by strangers, and counted for the doctor.
    fn note(&self, problem: &Problem) {
        let Problem::NotAuthentic { unproven, detail, .. } = problem else { return };
        if self.status.refused(*unproven, self.clock.now()) {
            let sender = unproven.words();
            tracing::warn!(
                sender,
                detail,
                "a webhook was turned away: `onduty doctor` tells how many, and what to do"
            );
        }
    }

    /// Nothing is kept of the body of somebody who can't be authentic whatever it says.
    fn claim<'a>(&'a self, headers: &'a HeaderMap, heard_at: Timestamp) -> Result<Claim<'a>, Problem> {
        body::check_head(headers, self.max_body_bytes)?;
        self.senders.claim(headers, heard_at)
    }

    async fn take(&self, heard: Heard) -> Result<Taken, Problem> {
        let Heard { observations, ignored, unknown } = heard;
        for event in &unknown {
            tracing::debug!(kind = event.kind, "webhook of an unknown type");
        }
        if observations.is_empty() {
            tracing::trace!(ignored = ignored.len(), unknown = unknown.len(), "webhook without news");
            return Ok(if unknown.is_empty() { Taken::Ignored } else { Taken::UnknownType });
        }
        let observations: Vec<Observation> = {
            let repeats = self.repeats();
            observations.into_iter().filter(|said| !repeats.knows(said)).collect()
        };
        if observations.is_empty() {
            return Ok(Taken::Repetition);
        }
        for said in &observations {
            self.meters.delivered(Source::Webhook, said.heard_at.since(existence::vouches_at(said)));
        }
        let last = observations.last().map(|observation| (observation.heard_at, observation.as_of));
        let inputs =
            observations.iter().cloned().map(|said| Input::Observation(Box::new(self.adopt(said)))).collect();
        match self.inlet.try_commit(inputs).await {
            Ok(_) => {
                let mut repeats = self.repeats();
                observations.iter().for_each(|said| repeats.remember(said));
                drop(repeats);
                if let Some((heard_at, as_of)) = last {
                    self.show(heard_at, as_of);
                }
                Ok(Taken::Accepted)
            }
            Err(error) => Err(self.busy(error)),
        }
    }

    fn repeats(&self) -> MutexGuard<'_, Repeats> {
        self.repeats.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The statement, less what means nothing in the API that is spoken: where an agent is a user it has no second id,
    /// and where nobody is logged in, Offline is a state like any other. While it is not known which is spoken, what
    /// only one of them says is believed.
    fn adopt(&self, mut said: Observation) -> Observation {
        match self.spoken.get() {
            Some(PlatformApi::AgentStates) | None => {}
            Some(PlatformApi::Users) => (said.statement.agent_id, said.statement.login) = (None, None),
        }
        said
    }

    fn show(&self, heard_at: Timestamp, as_of: Option<Timestamp>) {
        let lag = as_of.map(|as_of| heard_at.since(as_of));
        if let Some(lag) = lag {
            self.meters.source_lag(Source::Webhook, lag);
        }
        self.status.source(Source::Webhook, |standing| {
            standing.phase = Phase::Running;
            standing.last_event_at = Some(heard_at);
            standing.lag = lag.or(standing.lag);
            standing.detail.clear();
        });
    }

    fn busy(&self, error: InletError) -> Problem {
        if let InletError::NotDurable(_) | InletError::Late(_) = &error {
            self.status.source(Source::Webhook, |standing| {
                standing.phase = Phase::Failing;
                standing.detail = error.to_string();
            });
        }
        Problem::Busy(error)
    }
}

/// The attributes of a CloudEvent in binary mode.
fn binary_attributes(headers: &HeaderMap) -> Option<Attributes> {
    let attribute = |name| headers.get(name).and_then(|value| value.to_str().ok()).map(ToOwned::to_owned);
    Some(Attributes {
        specversion: attribute("ce-specversion")?,
        id: attribute("ce-id"),
        kind: attribute("ce-type"),
        time: attribute("ce-time"),
    })
}
