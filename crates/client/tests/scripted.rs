//! The client against a server that does exactly what a script says: one list of acts for each connection of a watch.
#![expect(clippy::expect_used, reason = "a test may")]

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::{Stream, StreamExt as _, stream};
use onduty_client::proto::agent_state_result::Result as Answer;
use onduty_client::proto::agent_state_service_server::{AgentStateService, AgentStateServiceServer};
use onduty_client::proto::watch_agent_states_response::Message;
use onduty_client::proto::{
    Account, AgentFilter, AgentState, AgentStateResult, BatchGetAgentStatesRequest,
    BatchGetAgentStatesResponse, Change, Finding, GetAgentStateRequest, GetAgentStateResponse,
    ListAgentStatesRequest, ListAgentStatesResponse, ResetReason, WatchAgentStatesRequest,
    WatchAgentStatesResponse, WatchChanges, WatchProgress, WatchReset, WatchSnapshot, change::Change as Item,
};
use onduty_client::{Cause, Client, ClientError, Event, Replica, Scope, WatchOptions};
use onduty_proto::encoded::Encoded;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::{Code, Request, Response, Status};

/// What the server does next on a watch.
#[derive(Clone)]
enum Act {
    Say(Message),
    Fail(Code),
    Hang,
}

#[derive(Clone, Default)]
struct Script {
    connections: Arc<Mutex<Vec<Vec<Act>>>>,
    requests: Arc<Mutex<Vec<WatchAgentStatesRequest>>>,
}

type Reply<T> = Result<Response<Encoded<T>>, Status>;

#[tonic::async_trait]
impl AgentStateService for Script {
    type WatchAgentStatesStream =
        Pin<Box<dyn Stream<Item = Result<Encoded<WatchAgentStatesResponse>, Status>> + Send>>;

    async fn get_agent_state(&self, _: Request<GetAgentStateRequest>) -> Reply<GetAgentStateResponse> {
        Ok(Response::new(GetAgentStateResponse { agent_state: None }.into()))
    }

    async fn batch_get_agent_states(
        &self,
        request: Request<BatchGetAgentStatesRequest>,
    ) -> Reply<BatchGetAgentStatesResponse> {
        let ids = request.into_inner().agent_ids;
        if ids.len() > 1_000 {
            return Err(Status::invalid_argument("too many"));
        }
        let answer = |agent_id: String| {
            let answer = match agent_id.strip_prefix('!') {
                Some(id) => Answer::Finding(Finding { agent_id: id.to_owned(), ..Default::default() }),
                None => Answer::AgentState(state(&agent_id, 1)),
            };
            AgentStateResult { result: Some(answer) }
        };
        Ok(Response::new(
            BatchGetAgentStatesResponse { results: ids.into_iter().map(answer).collect() }.into(),
        ))
    }

    async fn list_agent_states(
        &self,
        request: Request<ListAgentStatesRequest>,
    ) -> Reply<ListAgentStatesResponse> {
        let page: u64 = request.into_inner().page_token.parse().unwrap_or(0);
        let response = ListAgentStatesResponse {
            agent_states: vec![state(&format!("agent-{page}"), page)],
            next_page_token: if page < 3 { (page + 1).to_string() } else { String::new() },
            cursor: format!("c{page}"),
            account: Some(Account { directory_total: 4, shown: 4, ..Default::default() }),
        };
        Ok(Response::new(response.into()))
    }

    async fn watch_agent_states(
        &self,
        request: Request<WatchAgentStatesRequest>,
    ) -> Result<Response<Self::WatchAgentStatesStream>, Status> {
        self.requests.lock().expect("not poisoned").push(request.into_inner());
        let mut connections = self.connections.lock().expect("not poisoned");
        let acts = if connections.is_empty() { vec![Act::Hang] } else { connections.remove(0) };
        let stream = stream::iter(acts).then(|act| async move {
            match act {
                Act::Say(message) => Ok(WatchAgentStatesResponse { message: Some(message) }.into()),
                Act::Fail(code) => Err(Status::new(code, "as the script says")),
                Act::Hang => std::future::pending().await,
            }
        });
        Ok(Response::new(Box::pin(stream)))
    }
}

fn state(agent_id: &str, revision: u64) -> AgentState {
    AgentState { agent_id: agent_id.to_owned(), revision, ..Default::default() }
}

fn snapshot(agents: &[(&str, u64)], cursor: &str) -> Act {
    let agent_states = agents.iter().map(|(id, revision)| state(id, *revision)).collect();
    let rest = WatchSnapshot { last: true, cursor: cursor.to_owned(), ..WatchSnapshot::default() };
    Act::Say(Message::Snapshot(WatchSnapshot { agent_states, ..rest }))
}

fn changes(agents: &[(&str, u64)], cursor: &str) -> Act {
    let change = |(id, revision): &(&str, u64)| Change { change: Some(Item::Upserted(state(id, *revision))) };
    let changes = agents.iter().map(change).collect();
    Act::Say(Message::Changes(WatchChanges { changes, cursor: cursor.to_owned() }))
}

fn progress(cursor: &str) -> Act {
    Act::Say(Message::Progress(WatchProgress { cursor: cursor.to_owned(), as_of: None }))
}

fn reset(reason: ResetReason, cursor: &str) -> Act {
    Act::Say(Message::Reset(WatchReset { reason: reason.into(), cursor: cursor.to_owned() }))
}

/// Runs `test` against a server that follows the script; returns the watch requests that it was sent.
async fn against<F: Future<Output = ()>>(
    connections: Vec<Vec<Act>>,
    test: impl FnOnce(Client) -> F,
) -> Vec<WatchAgentStatesRequest> {
    let script = Script { connections: Arc::new(Mutex::new(connections)), ..Default::default() };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("bound").to_string();
    let server = tonic::transport::Server::builder()
        .add_service(AgentStateServiceServer::new(script.clone()))
        .serve_with_incoming(TcpListenerStream::new(listener));
    let test = async {
        let client = Client::connect(&address).await.expect("the server answers");
        test(client).await;
    };
    tokio::select! {
        ended = server => panic!("the server ended: {ended:?}"),
        finished = tokio::time::timeout(Duration::from_secs(30), test) => finished.expect("the test ends in time"),
    }
    std::mem::take(&mut *script.requests.lock().expect("not poisoned"))
}

fn options(progress_interval_ms: u64) -> WatchOptions {
    let progress_interval = Duration::from_millis(progress_interval_ms);
    WatchOptions { progress_interval, seed: 1, ..Default::default() }
}

fn cursors(requests: &[WatchAgentStatesRequest]) -> Vec<&str> {
    requests.iter().map(|request| request.cursor.as_str()).collect()
}

#[tokio::test]
async fn a_watch_resumes_where_it_was_cut_and_its_replica_is_whole_again() {
    let connections = vec![
        vec![snapshot(&[("a", 1), ("b", 2)], "c1"), changes(&[("a", 3)], "c2"), Act::Fail(Code::Unavailable)],
        vec![],
        vec![progress("c3"), reset(ResetReason::Draining, "c4")],
        vec![reset(ResetReason::EpochChanged, ""), snapshot(&[("z", 1)], "d1"), Act::Hang],
    ];
    let requests = against(connections, |client| async move {
        let mut watch = client.watch_with(Scope::everyone(), options(10_000));
        let mut replica = Replica::default();
        let mut causes = Vec::new();
        while watch.cursor() != "d1" {
            let event = watch.next().await.expect("the watch goes on");
            replica.apply(&event);
            if let Event::Disconnected { cause, .. } = event {
                causes.push(cause.to_string());
            }
        }
        assert_eq!(causes, ["the watch failed", "the sidecar ended the stream", "the sidecar is stopping"]);
        assert_eq!(replica.iter().map(|state| state.agent_id.as_str()).collect::<Vec<_>>(), ["z"]);
    })
    .await;
    assert_eq!(cursors(&requests), ["", "c2", "c2", "c4"]);
}

#[tokio::test]
async fn a_silent_connection_is_given_up() {
    let connections = vec![vec![snapshot(&[], "c1"), Act::Hang], vec![progress("c2"), Act::Hang]];
    let requests = against(connections, |client| async move {
        let mut watch = client.watch_with(Scope::everyone(), options(100));
        let mut silent = 0;
        while watch.cursor() != "c2" {
            if let Event::Disconnected { cause: Cause::Silent { silence }, .. } =
                watch.next().await.expect("goes on")
            {
                assert_eq!(silence, Duration::from_millis(300));
                silent += 1;
            }
        }
        assert_eq!(silent, 1);
    })
    .await;
    assert_eq!(cursors(&requests), ["", "c1"]);
}

#[tokio::test]
async fn the_cursor_handed_out_never_runs_ahead_of_the_events() {
    let connections = vec![vec![snapshot(&[], "c1"), changes(&[("a", 2), ("b", 3)], "c3"), Act::Hang]];
    against(connections, |client| async move {
        let mut watch = client.watch_with(Scope::everyone(), options(10_000));
        let mut seen = Vec::new();
        for _ in 0..3 {
            watch.next().await.expect("an event");
            seen.push(watch.cursor().to_owned());
        }
        assert_eq!(seen, ["c1", "c1", "c3"]);
    })
    .await;
}

#[tokio::test]
async fn what_connecting_again_cannot_mend_ends_the_watch() {
    against(vec![vec![Act::Fail(Code::OutOfRange)]], |client| async move {
        let error = client.watch(Scope::everyone()).next().await.expect_err("refused");
        assert!(matches!(error, ClientError::Refused { code: Code::OutOfRange, .. }), "{error:?}");
    })
    .await;
}

#[tokio::test]
async fn a_batch_of_any_size_is_answered_in_order() {
    against(vec![], |client| async move {
        let ids: Vec<String> =
            (0..2_500).map(|n| if n % 7 == 0 { format!("!{n}") } else { n.to_string() }).collect();
        let results = client.batch_get(&ids).await.expect("answered");
        let answered: Vec<String> = results
            .into_iter()
            .map(|result| match result {
                Ok(state) => state.agent_id,
                Err(finding) => format!("!{}", finding.agent_id),
            })
            .collect();
        assert_eq!(answered, ids);
    })
    .await;
}

#[tokio::test]
async fn a_list_is_all_pages_with_the_first_pages_cursor() {
    against(vec![], |client| async move {
        let listing = client.list(AgentFilter::default()).await.expect("answered");
        assert_eq!(listing.agent_states.len(), 4);
        assert_eq!(listing.cursor, "c0");
        assert_eq!(listing.account.directory_total, 4);
    })
    .await;
}

#[tokio::test]
async fn an_answer_without_state_or_reason_is_called_what_it_is() {
    against(vec![], |client| async move {
        let error = client.get("a").await.expect_err("there is none");
        assert!(matches!(error, ClientError::Malformed { .. }), "{error:?}");
    })
    .await;
}

#[tokio::test]
async fn nobody_at_the_address_is_unreachable() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("bound").to_string();
    drop(listener);
    let error = Client::connect(&address).await.expect_err("nobody is there");
    assert!(error.is_unreachable(), "{error:?}");
    assert_eq!(error.to_string(), format!("no sidecar answers at http://{address}"));
}
