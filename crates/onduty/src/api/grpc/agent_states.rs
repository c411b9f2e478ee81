//! `AgentStateService`: what its methods share. Each method is in a file of its own.

use std::pin::Pin;
use std::sync::Arc;

use futures_util::Stream;
use onduty_proto::encoded::Encoded;
use onduty_proto::v1::agent_state_service_server::AgentStateService;
use onduty_proto::v1::{
    BatchGetAgentStatesRequest, BatchGetAgentStatesResponse, GetAgentStateRequest, GetAgentStateResponse,
    ListAgentStatesRequest, ListAgentStatesResponse, WatchAgentStatesRequest, WatchAgentStatesResponse,
};
use tonic::{Request, Response, Status};

use crate::answers::Answers;
use crate::api::watch::Hub;
use crate::meters::Meters;

/// The service.
#[derive(Debug)]
pub(super) struct AgentStates {
    pub(super) answers: Answers,
    pub(super) hub: Arc<Hub>,
    pub(super) meters: Meters,
    pub(super) ids_max: usize,
}

/// The name by which misses of these methods are counted.
pub(super) const API: &str = "grpc";

impl AgentStates {
    /// A service that takes at most `ids_max` ids in one request.
    pub(super) const fn new(answers: Answers, hub: Arc<Hub>, meters: Meters, ids_max: usize) -> Self {
        Self { answers, hub, meters, ids_max }
    }
}

#[tonic::async_trait]
impl AgentStateService for AgentStates {
    async fn get_agent_state(
        &self,
        request: Request<GetAgentStateRequest>,
    ) -> Result<Response<Encoded<GetAgentStateResponse>>, Status> {
        self.get(request).await.map(Response::new)
    }

    async fn batch_get_agent_states(
        &self,
        request: Request<BatchGetAgentStatesRequest>,
    ) -> Result<Response<Encoded<BatchGetAgentStatesResponse>>, Status> {
        self.batch(request).await.map(Response::new)
    }

    async fn list_agent_states(
        &self,
        request: Request<ListAgentStatesRequest>,
    ) -> Result<Response<Encoded<ListAgentStatesResponse>>, Status> {
        self.list(request).await.map(Response::new)
    }

    type WatchAgentStatesStream =
        Pin<Box<dyn Stream<Item = Result<Encoded<WatchAgentStatesResponse>, Status>> + Send>>;

    async fn watch_agent_states(
        &self,
        request: Request<WatchAgentStatesRequest>,
    ) -> Result<Response<Self::WatchAgentStatesStream>, Status> {
        Ok(Response::new(Box::pin(self.watch(request)?)))
    }
}
