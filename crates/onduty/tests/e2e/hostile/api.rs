//! Calls at the api that are wrong in one way each.

use onduty_proto::v1::get_agent_state_request::Id;
use onduty_proto::v1::{
    AgentFilter, BatchGetAgentStatesRequest, BatchGetAgentStatesResponse, GetAgentStateRequest,
    ListAgentStatesRequest, WatchAgentStatesRequest,
};
use prost::Message;
use prost_types::Duration;
use reqwest::Client;
use tonic::{Code, Status};
use tonic_types::StatusExt as _;

use super::ingress::expect_problem;
use crate::stage::{Ports, http};

const AGENT_STATES: &str = "onduty.v1.AgentStateService";
const GET: &str = "GetAgentState";
const BATCH: &str = "BatchGetAgentStates";
const LIST: &str = "ListAgentStates";
const WATCH: &str = "WatchAgentStates";

/// The path of a method.
pub(super) const GET_PATH: &str = "onduty.v1.AgentStateService/GetAgentState";

/// A message as gRPC frames it.
pub(super) fn framed(message: &[u8]) -> Vec<u8> {
    let mut frame = vec![0];
    frame.extend(u32::try_from(message.len()).unwrap().to_be_bytes());
    frame.extend(message);
    frame
}

fn of(message: &impl Message) -> Vec<u8> {
    framed(&message.encode_to_vec())
}

fn about(id: String) -> GetAgentStateRequest {
    GetAgentStateRequest { id: Some(Id::AgentId(id)), max_staleness: None }
}

fn batch(ids: usize) -> Vec<u8> {
    of(&BatchGetAgentStatesRequest { agent_ids: vec!["x".into(); ids], max_staleness: None })
}

fn list(page_size: i32, page_token: &str) -> Vec<u8> {
    of(&ListAgentStatesRequest { filter: None, page_size, page_token: page_token.into() })
}

/// Requests that can be read and break the contract, and the field that the error names.
fn violations() -> Vec<(&'static str, &'static str, Vec<u8>, &'static str)> {
    let (before, long) = (Some(Duration { seconds: -1, nanos: 0 }), "x".repeat(1_000_000));
    let watch = WatchAgentStatesRequest::default();
    let filter = |queue_ids| Some(AgentFilter { queue_ids, ..Default::default() });
    vec![
        ("about nobody", GET, of(&GetAgentStateRequest::default()), "id"),
        (
            "older than now",
            GET,
            of(&GetAgentStateRequest { max_staleness: before, ..about("x".into()) }),
            "max_staleness",
        ),
        ("no ids", BATCH, batch(0), "agent_ids"),
        ("1,001 ids", BATCH, batch(1_001), "agent_ids"),
        ("a million ids", BATCH, batch(1_000_000), "agent_ids"),
        ("fewer than none", LIST, list(-1, ""), "page_size"),
        ("too many", LIST, list(1_001, ""), "page_size"),
        ("a page of another book", LIST, list(1, "AAAA"), "page_token"),
        ("a page of a megabyte", LIST, list(1, &long), "page_token"),
        (
            "a queue of a megabyte",
            LIST,
            of(&ListAgentStatesRequest { filter: filter(vec![long.clone()]), ..Default::default() }),
            "filter.queue_ids[0]",
        ),
        (
            "a cursor of a megabyte",
            WATCH,
            of(&WatchAgentStatesRequest { cursor: long.clone(), ..watch.clone() }),
            "cursor",
        ),
        (
            "a cursor of no kind",
            WATCH,
            of(&WatchAgentStatesRequest { cursor: "c1-yesterday".into(), ..watch.clone() }),
            "cursor",
        ),
        (
            "watching a megabyte",
            WATCH,
            of(&WatchAgentStatesRequest { agent_ids: vec![long], ..watch.clone() }),
            "agent_ids[0]",
        ),
        (
            "watching 1,001",
            WATCH,
            of(&WatchAgentStatesRequest { agent_ids: vec!["x".into(); 1_001], ..watch.clone() }),
            "agent_ids",
        ),
        (
            "progress before it began",
            WATCH,
            of(&WatchAgentStatesRequest { progress_interval: before, ..watch }),
            "progress_interval",
        ),
    ]
}

/// Requests that can't be read at all, by path, and the code of each.
fn unreadable() -> Vec<(&'static str, String, Vec<u8>, Code)> {
    let get = || GET_PATH.to_owned();
    let endless = [0, 0xff, 0xff, 0xff, 0xff, 1, 2, 3].to_vec();
    let check = "grpc.health.v1.Health/Check".to_owned();
    vec![
        ("no protobuf", get(), framed(&[0xff; 64]), Code::Internal),
        ("text in bad UTF-8", get(), framed(b"\x0a\x02\xff\xfe"), Code::Internal),
        ("a field longer than its message", get(), framed(b"\x0a\xff\xff\xff\xff\x0fx"), Code::Internal),
        ("half a frame", get(), of(&about("x".repeat(100)))[..50].to_vec(), Code::Internal),
        ("no frame", get(), Vec::new(), Code::Internal),
        ("a frame of no kind", get(), [7, 0, 0, 0, 0].to_vec(), Code::Internal),
        ("squeezed by nothing", get(), [1, 0, 0, 0, 0].to_vec(), Code::Internal),
        ("four gigabytes, it says", get(), endless, Code::OutOfRange),
        ("ten megabytes", get(), of(&about("x".repeat(10_000_000))), Code::OutOfRange),
        ("a service name of a megabyte", check, framed(&[0x0a; 1_000_000]), Code::OutOfRange),
        ("no such method", format!("{AGENT_STATES}/Guess"), batch(1), Code::Unimplemented),
        ("no such service", "onduty.v9.Oracle/Ask".into(), batch(1), Code::Unimplemented),
    ]
}

/// Calls and reads what came: the status, and the body.
async fn call(http: &Client, ports: Ports, path: &str, body: Vec<u8>) -> (Status, Vec<u8>) {
    let url = format!("http://127.0.0.1:{}/{path}", ports.api);
    let request = http.post(url).header("content-type", "application/grpc").header("te", "trailers");
    let answer = request.body(body).send().await.unwrap_or_else(|error| panic!("{path}: {error:?}"));
    assert_eq!(answer.status(), 200, "{path}");
    // An error comes as headers alone; after a message the status is in the trailers, which say nothing new here.
    let status = Status::from_header_map(answer.headers()).unwrap_or_else(|| Status::ok(""));
    (status, answer.bytes().await.unwrap_or_default().to_vec())
}

async fn findings_not_faults(http: &Client, ports: Ports) {
    let (status, _) = call(http, ports, GET_PATH, of(&about("x".repeat(1_000_000)))).await;
    let reason = status.get_details_error_info().unwrap().reason;
    assert_eq!((status.code(), &*reason), (Code::InvalidArgument, "ID_MALFORMED"));
    let request =
        BatchGetAgentStatesRequest { agent_ids: vec!["x".repeat(1_000_000); 3], max_staleness: None };
    let (status, body) = call(http, ports, &format!("{AGENT_STATES}/{BATCH}"), of(&request)).await;
    assert_eq!(status.code(), Code::Ok, "{status:?}");
    let answer = BatchGetAgentStatesResponse::decode(&body[5..]).unwrap();
    assert_eq!(answer.results.len(), 3);
    assert!(body.len() < 10_000, "an id of a megabyte does not come back: {} bytes", body.len());
}

async fn not_grpc(ports: Ports) {
    let base = format!("http://127.0.0.1:{}", ports.api);
    let http = http();
    for path in ["/", "/favicon.ico", "/api/v3/none", "/%ff%00"] {
        expect_problem(path, http.get(format!("{base}{path}")).send().await.unwrap(), 404).await;
    }
    let get = format!("{base}/{GET_PATH}");
    expect_problem("a call by GET", http.get(&get).send().await.unwrap(), 405).await;
    let json = http.post(&get).json(&"x");
    expect_problem("a call in JSON", json.send().await.unwrap(), 415).await;
    expect_problem("a call of no type", http.post(&get).send().await.unwrap(), 415).await;
}

/// All of it.
pub(super) async fn every_kind_of_garbage(ports: Ports) {
    let http2 = Client::builder().no_proxy().http2_prior_knowledge().build().unwrap();
    for (what, method, body, field) in violations() {
        let (status, _) = call(&http2, ports, &format!("{AGENT_STATES}/{method}"), body).await;
        assert_eq!(status.code(), Code::InvalidArgument, "{what}: {status:?}");
        let violations = status.get_details_bad_request().expect(what).field_violations;
        assert_eq!(violations[0].field, field, "{what}");
        assert!(status.message().len() < 1_000, "{what}: {status:?}");
    }
    for (what, path, body, code) in unreadable() {
        let (status, _) = call(&http2, ports, &path, body).await;
        assert_eq!(status.code(), code, "{what}: {status:?}");
        // The generated code has no words for a method that it does not know.
        assert!(!status.message().is_empty() || code == Code::Unimplemented, "{what}");
    }
    findings_not_faults(&http2, ports).await;
    not_grpc(ports).await;
}
