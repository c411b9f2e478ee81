//! `grpc.health.v1`: the whole server and each service. Written here because the stock server ends the `Watch` of an
//! unknown service, where the protocol says `SERVICE_UNKNOWN` and stays.

use std::pin::Pin;

use futures_util::Stream;
use futures_util::stream::unfold;
use onduty_proto::v1::agent_state_service_server::SERVICE_NAME as AGENT_STATES;
use onduty_proto::v1::diagnosis_service_server::SERVICE_NAME as DIAGNOSIS;
use tokio_util::sync::CancellationToken;
use tonic::{Request, Response, Status};
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_server::Health as HealthService;
use tonic_health::pb::{HealthCheckRequest, HealthCheckResponse};

use crate::readiness::Readiness;

/// The service. All services share one health: they answer from the same store.
#[derive(Clone, Debug)]
pub(super) struct Health {
    readiness: Readiness,
    drain: CancellationToken,
}

/// The empty name is the server as a whole.
const SERVICES: [&str; 3] = ["", AGENT_STATES, DIAGNOSIS];

impl Health {
    /// Health that follows readiness until the drain.
    pub(super) const fn new(readiness: Readiness, drain: CancellationToken) -> Self {
        Self { readiness, drain }
    }

    fn now(&self) -> ServingStatus {
        if self.readiness.is_ready() && !self.drain.is_cancelled() {
            ServingStatus::Serving
        } else {
            ServingStatus::NotServing
        }
    }

    /// Waits until the health is another than this. Readiness, once reached, stays; so does a drain.
    async fn other_than(&self, told: ServingStatus) -> ServingStatus {
        if told == ServingStatus::NotServing && !self.drain.is_cancelled() {
            tokio::select! {
                () = self.readiness.ready() => {}
                () = self.drain.cancelled() => std::future::pending().await,
            }
        } else {
            self.drain.cancelled().await;
            if told == ServingStatus::NotServing {
                std::future::pending::<()>().await;
            }
        }
        self.now()
    }

    /// What a `Watch` tells next, after what it told last.
    async fn next(&self, told: Option<ServingStatus>) -> ServingStatus {
        match told {
            None => self.now(),
            Some(told) => self.other_than(told).await,
        }
    }
}

type Updates = Pin<Box<dyn Stream<Item = Result<HealthCheckResponse, Status>> + Send>>;

#[tonic::async_trait]
impl HealthService for Health {
    async fn check(
        &self,
        request: Request<HealthCheckRequest>,
    ) -> Result<Response<HealthCheckResponse>, Status> {
        if !SERVICES.contains(&request.get_ref().service.as_str()) {
            return Err(Status::not_found("no such service"));
        }
        Ok(Response::new(response(self.now())))
    }

    type WatchStream = Updates;

    async fn watch(&self, request: Request<HealthCheckRequest>) -> Result<Response<Updates>, Status> {
        if !SERVICES.contains(&request.get_ref().service.as_str()) {
            let unknown = unfold(false, async |told| {
                if told {
                    // No service appears while the server runs, but the caller may wait for one.
                    std::future::pending::<()>().await;
                }
                Some((Ok(response(ServingStatus::ServiceUnknown)), true))
            });
            return Ok(Response::new(Box::pin(unknown)));
        }
        let updates = unfold((self.clone(), None), async |(health, told)| {
            let status = health.next(told).await;
            Some((Ok(response(status)), (health, Some(status))))
        });
        Ok(Response::new(Box::pin(updates)))
    }
}

fn response(status: ServingStatus) -> HealthCheckResponse {
    HealthCheckResponse { status: status.into() }
}
