//! A server that sends bytes encoded beforehand, seen by an ordinary prost client over HTTP/2 on the loopback.

#![expect(clippy::expect_used, reason = "a test fails by panicking, its fixtures too")]

use bytes::Bytes;
use onduty_proto::encoded::Encoded;
use onduty_proto::v1::agent_state_service_client::AgentStateServiceClient;
use onduty_proto::v1::agent_state_service_server::{AgentStateService, AgentStateServiceServer};
use onduty_proto::v1::watch_agent_states_response::Message as WatchMessage;
use onduty_proto::v1::{
    AgentState, BatchGetAgentStatesRequest, BatchGetAgentStatesResponse, GetAgentStateRequest,
    GetAgentStateResponse, ListAgentStatesRequest, ListAgentStatesResponse, WatchAgentStatesRequest,
    WatchAgentStatesResponse, WatchProgress, get_agent_state_request,
};
use std::future::Future;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::transport::{Channel, Endpoint, Server};
use tonic::{Code, Request, Response, Status};

/// Answers every call from bytes, and the id `garbage` with bytes that are no message.
struct Fixed;

type Watch = tokio_stream::Iter<std::vec::IntoIter<Result<Encoded<WatchAgentStatesResponse>, Status>>>;

#[tonic::async_trait]
impl AgentStateService for Fixed {
    async fn get_agent_state(
        &self,
        request: Request<GetAgentStateRequest>,
    ) -> Result<Response<Encoded<GetAgentStateResponse>>, Status> {
        match request.into_inner().id {
            Some(get_agent_state_request::Id::AgentId(id)) if id == "garbage" => {
                Ok(Response::new(Encoded::from_bytes(Bytes::from_static(b"\xff\xff\xff"))))
            }
            Some(get_agent_state_request::Id::AgentId(id)) => Ok(Response::new(found(&id).into())),
            _ => Err(Status::invalid_argument("no agent id")),
        }
    }

    async fn batch_get_agent_states(
        &self,
        _: Request<BatchGetAgentStatesRequest>,
    ) -> Result<Response<Encoded<BatchGetAgentStatesResponse>>, Status> {
        Ok(Response::new(BatchGetAgentStatesResponse::default().into()))
    }

    async fn list_agent_states(
        &self,
        _: Request<ListAgentStatesRequest>,
    ) -> Result<Response<Encoded<ListAgentStatesResponse>>, Status> {
        let many = (0..1_000).map(|n| found(&n.to_string()).agent_state.unwrap_or_default()).collect();
        Ok(Response::new(ListAgentStatesResponse { agent_states: many, ..Default::default() }.into()))
    }

    type WatchAgentStatesStream = Watch;

    async fn watch_agent_states(
        &self,
        _: Request<WatchAgentStatesRequest>,
    ) -> Result<Response<Self::WatchAgentStatesStream>, Status> {
        let frames: Vec<_> = ["1", "2", "3"].map(|cursor| Ok(Encoded::from(progress(cursor)))).into();
        Ok(Response::new(tokio_stream::iter(frames)))
    }
}

fn found(id: &str) -> GetAgentStateResponse {
    let state =
        AgentState { agent_id: id.to_owned(), revision: 7, logged_in: Some(false), ..Default::default() };
    GetAgentStateResponse { agent_state: Some(state) }
}

fn progress(cursor: &str) -> WatchAgentStatesResponse {
    let progress = WatchProgress { cursor: cursor.to_owned(), as_of: None };
    WatchAgentStatesResponse { message: Some(WatchMessage::Progress(progress)) }
}

fn get(id: &str) -> GetAgentStateRequest {
    GetAgentStateRequest {
        id: Some(get_agent_state_request::Id::AgentId(id.to_owned())),
        max_staleness: None,
    }
}

/// Serves [`Fixed`] on a free port for as long as the given client runs.
async fn against_server<F: Future<Output = ()>>(client: impl FnOnce(AgentStateServiceClient<Channel>) -> F) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("an address");
    let server = Server::builder()
        .add_service(AgentStateServiceServer::new(Fixed))
        .serve_with_incoming(TcpListenerStream::new(listener));
    let channel = Endpoint::from_shared(format!("http://{address}")).expect("an address").connect_lazy();
    tokio::select! {
        ended = server => panic!("the server ended: {ended:?}"),
        done = tokio::time::timeout(Duration::from_secs(30), client(AgentStateServiceClient::new(channel))) =>
            done.expect("done within the deadline"),
    }
}

#[tokio::test]
async fn an_encoded_response_decodes_at_an_ordinary_client() {
    against_server(async |mut client| {
        let answer = client.get_agent_state(get("a-1")).await.expect("an answer").into_inner();
        assert_eq!(answer, found("a-1"));
    })
    .await;
}

#[tokio::test]
async fn a_response_larger_than_a_frame_arrives_whole() {
    against_server(async |mut client| {
        let answer = client.list_agent_states(ListAgentStatesRequest::default()).await.expect("an answer");
        let states = answer.into_inner().agent_states;
        assert_eq!(states.len(), 1_000);
        assert_eq!(states.last(), found("999").agent_state.as_ref());
    })
    .await;
}

#[tokio::test]
async fn an_empty_message_is_an_answer() {
    against_server(async |mut client| {
        let answer =
            client.batch_get_agent_states(BatchGetAgentStatesRequest::default()).await.expect("an answer");
        assert_eq!(answer.into_inner(), BatchGetAgentStatesResponse::default());
    })
    .await;
}

#[tokio::test]
async fn encoded_frames_of_a_stream_arrive_in_order() {
    against_server(async |mut client| {
        let answer = client.watch_agent_states(WatchAgentStatesRequest::default()).await.expect("a stream");
        let mut frames = answer.into_inner();
        for cursor in ["1", "2", "3"] {
            assert_eq!(frames.message().await.expect("a frame"), Some(progress(cursor)));
        }
        assert_eq!(frames.message().await.expect("the end"), None);
    })
    .await;
}

#[tokio::test]
async fn bytes_that_are_no_message_are_an_error_at_the_client() {
    against_server(async |mut client| {
        let refused = client.get_agent_state(get("garbage")).await.expect_err("no message");
        assert_eq!(refused.code(), Code::Internal);
    })
    .await;
}

#[tokio::test]
async fn an_error_passes_as_it_is() {
    against_server(async |mut client| {
        let refused = client.get_agent_state(GetAgentStateRequest::default()).await.expect_err("no id");
        assert_eq!((refused.code(), refused.message()), (Code::InvalidArgument, "no agent id"));
    })
    .await;
}
