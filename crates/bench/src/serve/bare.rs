//! The peer: tonic and prost with nothing in between. States stand ready in a hash map and are cloned and encoded
//! for each answer; a watch is a stream of a broadcast channel. No deadlines, no limits, no resuming, no merging.

use std::collections::HashMap;
use std::convert::Infallible;
use std::future::{Future, ready};
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures_util::{Stream, StreamExt as _};
use onduty_proto::v1;
use tokio::sync::broadcast;
use tokio_stream::wrappers::BroadcastStream;
use tokio_util::sync::CancellationToken;
use tonic::body::Body;
use tonic::server::{Grpc, NamedService};
use tonic::transport::Server;
use tonic::transport::server::TcpIncoming;
use tonic::{Request, Response, Status};
use tonic_prost::ProstCodec;
use tower::{Service, service_fn};

use super::{LISTENING, Obedience};
use crate::load::calls;
use crate::load::wire::WireError;

/// Why it could not serve.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ServeError {
    /// The states.
    #[error("could not copy the states of the onduty server")]
    Copy(#[from] WireError),
    /// A port or a thread.
    #[error("the system refused a port or a thread")]
    System(#[from] io::Error),
    /// The server ended before its time.
    #[error("the server failed")]
    Server(#[from] tonic::transport::Error),
}

/// Changes that a slow watcher may be behind; more than a run makes, so that none is lost.
const BEHIND_MAX: usize = 65_536;

/// Serves the states of an onduty server until standard input ends.
pub(crate) async fn serve(copy_of: SocketAddr) -> Result<(), ServeError> {
    let states = calls::every_state(copy_of).await?;
    let change = states.values().next().cloned().map(told).unwrap_or_default();
    let (changes, _) = broadcast::channel(BEHIND_MAX);
    let bare = Bare { states: Arc::new(states), changes: changes.clone() };
    let incoming = TcpIncoming::bind(([127, 0, 0, 1], 0).into())?.with_nodelay(Some(true));
    println!("{LISTENING}{}", incoming.local_addr()?);
    let stop = CancellationToken::new();
    let send = move || {
        // Fails only when nobody watches.
        let _ = changes.send(change.clone());
    };
    let obedience = Obedience::begin(send, stop.clone())?;
    Server::builder().add_service(bare).serve_with_incoming_shutdown(incoming, stop.cancelled()).await?;
    obedience.end();
    Ok(())
}

/// The message of one change, as onduty sends it.
fn told(state: v1::AgentState) -> v1::WatchAgentStatesResponse {
    let change = v1::Change { change: Some(v1::change::Change::Upserted(state)) };
    let changes = v1::WatchChanges { changes: vec![change], cursor: "c1-0000000000000001-186a1".into() };
    v1::WatchAgentStatesResponse { message: Some(v1::watch_agent_states_response::Message::Changes(changes)) }
}

/// The service. The generated one of `onduty-proto` answers with bytes; this one with messages.
#[derive(Clone, Debug)]
struct Bare {
    states: Arc<HashMap<String, v1::AgentState>>,
    changes: broadcast::Sender<v1::WatchAgentStatesResponse>,
}

impl Bare {
    fn get(&self, request: Request<v1::GetAgentStateRequest>) -> Result<v1::GetAgentStateResponse, Status> {
        let Some(v1::get_agent_state_request::Id::AgentId(id)) = request.into_inner().id else {
            return Err(Status::invalid_argument("agent_id is needed"));
        };
        Ok(v1::GetAgentStateResponse { agent_state: Some(self.state(&id)?) })
    }

    fn batch(
        &self,
        request: Request<v1::BatchGetAgentStatesRequest>,
    ) -> Result<v1::BatchGetAgentStatesResponse, Status> {
        let ids = request.into_inner().agent_ids;
        let results = ids.iter().map(|id| {
            let result = Some(v1::agent_state_result::Result::AgentState(self.state(id)?));
            Ok(v1::AgentStateResult { result })
        });
        Ok(v1::BatchGetAgentStatesResponse { results: results.collect::<Result<_, Status>>()? })
    }

    fn watch(&self) -> impl Stream<Item = Result<v1::WatchAgentStatesResponse, Status>> + Send + use<> {
        BroadcastStream::new(self.changes.subscribe())
            .map(|change| change.map_err(|_| Status::data_loss("the watcher is too far behind")))
    }

    fn state(&self, id: &str) -> Result<v1::AgentState, Status> {
        self.states.get(id).cloned().ok_or_else(|| Status::not_found("no such agent"))
    }

    async fn answer(self, request: http::Request<Body>) -> http::Response<Body> {
        match request.uri().path() {
            calls::GET => {
                let get = service_fn(move |request| ready(self.get(request).map(Response::new)));
                Grpc::new(ProstCodec::default()).unary(get, request).await
            }
            calls::BATCH => {
                let batch = service_fn(move |request| ready(self.batch(request).map(Response::new)));
                Grpc::new(ProstCodec::default()).unary(batch, request).await
            }
            calls::WATCH => {
                let watch = service_fn(move |_: Request<v1::WatchAgentStatesRequest>| {
                    ready(Ok(Response::new(self.watch())))
                });
                Grpc::new(ProstCodec::default()).server_streaming(watch, request).await
            }
            _ => Status::unimplemented("no such method").into_http(),
        }
    }
}

impl NamedService for Bare {
    const NAME: &'static str = v1::agent_state_service_server::SERVICE_NAME;
}

impl Service<http::Request<Body>> for Bare {
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        let answer = self.clone().answer(request);
        Box::pin(async { Ok(answer.await) })
    }
}
