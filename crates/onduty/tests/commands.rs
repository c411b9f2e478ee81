//! The commands as people meet them: the real binary, its two streams and its exit code, against a server that knows
//! two agents.
#![expect(clippy::expect_used, reason = "a test may")]

use std::pin::Pin;
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use futures_util::{Stream, stream};
use onduty_proto::encoded::Encoded;
use onduty_proto::v1::agent_state_result::Result as Answer;
use onduty_proto::v1::agent_state_service_server::{AgentStateService, AgentStateServiceServer};
use onduty_proto::v1::watch_agent_states_response::Message;
use onduty_proto::v1::{
    Account, AgentPresence, AgentState, AgentStateResult, BatchGetAgentStatesRequest,
    BatchGetAgentStatesResponse, Evidence, Finding, GetAgentStateRequest, GetAgentStateResponse,
    ListAgentStatesRequest, ListAgentStatesResponse, SystemPresence, WatchAgentStatesRequest,
    WatchAgentStatesResponse, WatchSnapshot,
};
use serde_json::{Value, json};
use tokio_stream::wrappers::TcpListenerStream;
use tonic::{Request, Response, Status};
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_server::{Health, HealthServer};
use tonic_health::pb::{HealthCheckRequest, HealthCheckResponse};

/// No command takes longer on the slowest machine.
const DEADLINE: Duration = Duration::from_secs(60);

fn ada() -> AgentState {
    let presence = AgentPresence { system: SystemPresence::OnQueue.into(), ..Default::default() };
    AgentState {
        agent_id: "a1".to_owned(),
        name: "Ada".to_owned(),
        presence: Some(presence),
        revision: 7,
        ..Default::default()
    }
}

fn unknown(agent_id: &str) -> Finding {
    let evidence =
        Evidence { origin: "the directory".to_owned(), detail: "is not there".to_owned(), observed_at: None };
    Finding {
        reason: "AGENT_UNKNOWN".to_owned(),
        agent_id: agent_id.to_owned(),
        summary: "no such agent".to_owned(),
        evidence: vec![evidence],
        remedy: "check the id".to_owned(),
        help_url: "https://onduty.dev/reasons/AGENT_UNKNOWN".to_owned(),
        last_known: None,
        also: Vec::new(),
    }
}

#[derive(Clone)]
struct Server {
    health: ServingStatus,
}

#[tonic::async_trait]
impl Health for Server {
    type WatchStream = stream::Empty<Result<HealthCheckResponse, Status>>;

    async fn check(&self, _: Request<HealthCheckRequest>) -> Result<Response<HealthCheckResponse>, Status> {
        Ok(Response::new(HealthCheckResponse { status: self.health.into() }))
    }

    async fn watch(&self, _: Request<HealthCheckRequest>) -> Result<Response<Self::WatchStream>, Status> {
        Ok(Response::new(stream::empty()))
    }
}

type Reply<T> = Result<Response<Encoded<T>>, Status>;

#[tonic::async_trait]
impl AgentStateService for Server {
    type WatchAgentStatesStream =
        Pin<Box<dyn Stream<Item = Result<Encoded<WatchAgentStatesResponse>, Status>> + Send>>;

    async fn get_agent_state(&self, _: Request<GetAgentStateRequest>) -> Reply<GetAgentStateResponse> {
        Ok(Response::new(GetAgentStateResponse { agent_state: Some(ada()) }.into()))
    }

    async fn batch_get_agent_states(
        &self,
        request: Request<BatchGetAgentStatesRequest>,
    ) -> Reply<BatchGetAgentStatesResponse> {
        let answer =
            |id: String| if id == "a1" { Answer::AgentState(ada()) } else { Answer::Finding(unknown(&id)) };
        let ids = request.into_inner().agent_ids.into_iter();
        let results = ids.map(|id| AgentStateResult { result: Some(answer(id)) }).collect();
        Ok(Response::new(BatchGetAgentStatesResponse { results }.into()))
    }

    async fn list_agent_states(&self, _: Request<ListAgentStatesRequest>) -> Reply<ListAgentStatesResponse> {
        let account = Some(Account { directory_total: 2, shown: 1, unknown: 1, ..Default::default() });
        let agent_states = vec![ada()];
        let response =
            ListAgentStatesResponse { agent_states, account, cursor: "c7".to_owned(), ..Default::default() };
        Ok(Response::new(response.into()))
    }

    async fn watch_agent_states(
        &self,
        _: Request<WatchAgentStatesRequest>,
    ) -> Result<Response<Self::WatchAgentStatesStream>, Status> {
        let rest = WatchSnapshot { last: true, cursor: "c7".to_owned(), ..WatchSnapshot::default() };
        let page = WatchSnapshot { agent_states: vec![ada()], ..rest };
        let message = WatchAgentStatesResponse { message: Some(Message::Snapshot(page)) };
        let forever = stream::pending();
        let first = stream::iter([Ok(message.into())]);
        Ok(Response::new(Box::pin(futures_util::StreamExt::chain(first, forever))))
    }
}

fn onduty(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_onduty"));
    command.args(arguments).env_clear().env("HOME", "/nowhere").stdin(Stdio::null());
    command
}

fn run(arguments: &[&str]) -> Output {
    onduty(arguments).output().expect("the binary runs")
}

/// Runs a command against a server that is in this state of health.
async fn against(health: ServingStatus, arguments: &[&str]) -> Output {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("bound").to_string();
    let server = tonic::transport::Server::builder()
        .add_service(AgentStateServiceServer::new(Server { health }))
        .add_service(HealthServer::new(Server { health }))
        .serve_with_incoming(TcpListenerStream::new(listener));
    let mut command = onduty(arguments);
    command.env("ONDUTY_ADDRESS", address);
    let command = tokio::task::spawn_blocking(move || command.output().expect("the binary runs"));
    tokio::select! {
        ended = server => unreachable!("the server ended: {ended:?}"),
        output = tokio::time::timeout(DEADLINE, command) => output.expect("in time").expect("not cancelled"),
    }
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).expect("text")
}

#[tokio::test]
async fn a_state_goes_to_standard_output_and_a_finding_to_standard_error() {
    let output = against(ServingStatus::Serving, &["get", "a1", "a2"]).await;
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stdout).contains("a1     Ada   on queue"), "{}", text(&output.stdout));
    assert_eq!(
        text(&output.stderr),
        "AGENT_UNKNOWN a2: no such agent\n  seen    the directory: is not there\n  remedy  check the id\n  \
         page    https://onduty.dev/reasons/AGENT_UNKNOWN\n"
    );
    assert_eq!(against(ServingStatus::Serving, &["get", "a1"]).await.status.code(), Some(0));
}

#[tokio::test]
async fn a_finding_is_a_result_in_json() {
    let output = against(ServingStatus::Serving, &["get", "a2", "-o", "json"]).await;
    assert_eq!((output.status.code(), text(&output.stderr)), (Some(1), ""));
    let document: Value = serde_json::from_slice(&output.stdout).expect("one document");
    assert_eq!(document["results"][0]["finding"]["reason"], json!("AGENT_UNKNOWN"));
}

#[tokio::test]
async fn a_list_ends_with_the_account() {
    let output = against(ServingStatus::Serving, &["list"]).await;
    assert_eq!(output.status.code(), Some(0));
    let last = "2 agents = 1 shown + 0 filtered out + 0 withheld + 1 unknown";
    assert_eq!(text(&output.stdout).lines().last(), Some(last));
}

#[tokio::test]
async fn a_watch_that_ends_is_one_json_document() {
    let output = against(ServingStatus::Serving, &["watch", "--count", "1", "-o", "json"]).await;
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let document: Value = serde_json::from_slice(&output.stdout).expect("one document");
    assert_eq!(document[0]["snapshot"]["agentStates"][0]["revision"], json!("7"));
}

#[tokio::test]
async fn waiting_ends_when_the_sidecar_is_ready_and_only_then() {
    let ready = against(ServingStatus::Serving, &["wait"]).await;
    assert_eq!(ready.status.code(), Some(0));
    let not_ready = against(ServingStatus::NotServing, &["wait", "--max", "300ms"]).await;
    assert_eq!(not_ready.status.code(), Some(3));
    let said = text(&not_ready.stderr);
    assert!(
        said.contains("not ready after 300ms: it answers, and still waits for its first full listing"),
        "{said}"
    );
}

#[test]
fn nobody_at_the_address_is_3_and_says_how_to_start_one() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = taken.local_addr().expect("bound").to_string();
    drop(taken);
    let output = run(&["list", "--address", &address]);
    assert_eq!(output.status.code(), Some(3));
    let said = text(&output.stderr);
    assert!(said.starts_with(&format!("onduty: no sidecar answers at http://{address}: ")), "{said}");
    assert!(said.contains("`onduty serve` or `onduty demo`"), "{said}");
}

#[test]
fn a_configuration_that_cannot_be_used_is_2_and_all_of_it_is_said() {
    for command in ["serve", "config"] {
        let output = run(&[command, "--set", "log.levle=info"]);
        assert_eq!(output.status.code(), Some(2), "{command}");
        let lines: Vec<&str> = text(&output.stderr).lines().collect();
        assert_eq!(lines.len(), 6, "{command}: {lines:#?}");
        assert_eq!(lines[0], "config: log.levle: unknown key (flag --set); did you mean log.level?");
        assert_eq!(lines[5], "onduty: 5 problems in the configuration");
    }
    assert_eq!(run(&["serve", "--config", "/nowhere/onduty.toml"]).status.code(), Some(2));
}

#[test]
fn a_reader_that_left_is_no_error() {
    let mut child =
        onduty(&["config", "--schema"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("runs");
    drop(child.stdout.take());
    let output = child.wait_with_output().expect("ends");
    assert_eq!((output.status.code(), text(&output.stderr)), (Some(0), ""));
}

/// Runs a command that reads this from standard input.
fn fed(arguments: &[&str], input: &str) -> Output {
    let mut child = onduty(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("runs");
    let mut stdin = child.stdin.take().expect("piped");
    // A command that refuses its arguments does not read.
    let _ = std::io::Write::write_all(&mut stdin, input.as_bytes());
    drop(stdin);
    child.wait_with_output().expect("ends")
}

#[test]
fn lint_marks_what_the_platform_does_not_know_and_says_so_by_its_exit_code() {
    let unknown = fed(&["lint"], "scope: users:readonly\n  GET /api/v2/agents/states?agentId=1\n");
    assert_eq!((unknown.status.code(), text(&unknown.stderr)), (Some(1), ""));
    let said = text(&unknown.stdout);
    assert!(said.contains(" --> standard input:2:7\n2 |   GET /api/v2/agents/states?agentId=1\n"), "{said}");
    assert!(said.ends_with("1 name unknown to the platform, 1 known\n"), "{said}");

    let known = fed(&["lint", "-"], "GET /api/v2/users?expand=presence");
    assert_eq!(known.status.code(), Some(0));
    assert_eq!(text(&known.stdout), "1 name of the platform, none unknown\n");

    for arguments in [&["lint", "/nowhere/snippet"][..], &["lint", "/"], &["lint", "-o", "yaml"]] {
        assert_eq!(run(arguments).status.code(), Some(2), "{arguments:?}");
    }
    let large = fed(&["lint"], &" ".repeat((4 << 20) + 1));
    assert_eq!(large.status.code(), Some(2));
    assert!(text(&large.stderr).contains("more than 4 MiB"), "{}", text(&large.stderr));
}

#[test]
fn lint_has_its_findings_as_json_with_place_and_nearest() {
    let snippet = "x = 'agent:state:read'";
    let output = fed(&["lint", "-o", "json"], snippet);
    assert_eq!(output.status.code(), Some(1));
    let document: Value = serde_json::from_slice(&output.stdout).expect("one document");
    let finding = &document["findings"][0];
    assert_eq!(
        (&finding["line"], &finding["column"], &finding["kind"]),
        (&json!(1), &json!(6), &json!("scope"))
    );
    assert_eq!(
        (&finding["reason"], &finding["nearest"][0]),
        (&json!("NAME_UNKNOWN"), &json!("users:readonly"))
    );
    let lines = fed(&["lint", "-o", "ndjson"], snippet);
    let line: Value = serde_json::from_slice(&lines.stdout).expect("one object a line");
    assert_eq!(&line, finding);
}

#[test]
fn explain_needs_no_network_and_knows_every_spelling() {
    let page = run(&["explain", "scope-missing"]);
    assert_eq!(page.status.code(), Some(0));
    assert!(text(&page.stdout).starts_with("SCOPE_MISSING\n\ngRPC `PERMISSION_DENIED`, HTTP 403.\n"));
    let list = run(&["explain"]);
    assert!(text(&list.stdout).lines().any(|line| line.starts_with("UNDETERMINED ")));
    let unknown = run(&["explain", "SCOPE_MISING"]);
    assert_eq!((unknown.status.code(), text(&unknown.stdout)), (Some(2), ""));
    assert!(text(&unknown.stderr).contains("did you mean SCOPE_MISSING"), "{}", text(&unknown.stderr));
}

#[test]
fn completions_and_version_need_nothing() {
    let output = run(&["version"]);
    assert_eq!(text(&output.stdout), concat!("onduty ", env!("CARGO_PKG_VERSION"), "\n"));
    for shell in ["bash", "zsh", "fish"] {
        let output = run(&["completions", shell]);
        assert_eq!(output.status.code(), Some(0), "{shell}");
        assert!(text(&output.stdout).contains("max-staleness"), "{shell}");
    }
}
