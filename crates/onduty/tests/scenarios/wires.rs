//! Every wire of the sidecar, and the raw bytes that each sends about one id.

use std::process::Command;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use onduty_client::proto::get_agent_state_request::Id;
use onduty_client::proto::watch_agent_states_response::Message as Watched;
use onduty_client::proto::{
    AgentFilter, BatchGetAgentStatesRequest, GetAgentStateRequest, ListAgentStatesRequest,
    WatchAgentStatesRequest, WatchAgentStatesResponse, WatchSnapshot,
};
use prost::Message;
use serde_json::{Value, json};

use crate::stage::Sidecar;

/// What an answer is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// A protobuf message, or a status with details.
    Grpc,
    /// One JSON document.
    Json,
    /// A JSON document a line, and notes beside it.
    Lines,
    /// For people.
    Text,
}

/// What was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum About {
    /// The one id.
    One,
    /// Everybody.
    Everybody,
    /// Those of a queue that nobody is active on.
    Nobody,
}

/// What a wire sent.
#[derive(Debug)]
pub(crate) struct Sent {
    pub(crate) wire: String,
    pub(crate) form: Form,
    pub(crate) about: About,
    pub(crate) bytes: Vec<u8>,
    /// What was said beside it: notes of a command, details of a status.
    pub(crate) beside: Vec<u8>,
}

/// A queue that nobody is active on.
const NO_QUEUE: &str = "00000000-0000-4000-8000-00000000000f";

impl Sidecar {
    /// `GET /api/v2/agents/states?agentId=`, as on the platform.
    pub(crate) async fn drop_in(&self, id: &str) -> (u16, Value) {
        let url = format!("http://{}/api/v2/agents/states?agentId={id}", self.address);
        let answer = self.http.get(url).send().await.unwrap();
        (answer.status().as_u16(), answer.json().await.unwrap())
    }

    /// What every wire sends about this id, about everybody, and about nobody.
    pub(crate) async fn on_every_wire(&self, id: &str) -> Vec<Sent> {
        let mut sent = Vec::new();
        for (wire, about, path) in [
            ("GET /api/v2/agents/states", About::One, format!("/api/v2/agents/states?agentId={id}")),
            (
                "GET /api/v2/users?id=",
                About::One,
                format!("/api/v2/users?id={id}&expand=presence,routingStatus"),
            ),
            (
                "GET /api/v2/users/{id}",
                About::One,
                format!("/api/v2/users/{id}?expand=presence,routingStatus"),
            ),
            ("GET /api/v2/users/{id}/routingstatus", About::One, format!("/api/v2/users/{id}/routingstatus")),
            ("GET …/presences/purecloud", About::One, format!("/api/v2/users/{id}/presences/purecloud")),
            ("GET …/bulk", About::One, format!("/api/v2/users/presences/purecloud/bulk?id={id}")),
            ("GET /v1/agents/{id}/state", About::One, format!("/v1/agents/{id}/state?maxStaleness=0s")),
            ("GET /v1/agents/states", About::Everybody, "/v1/agents/states".to_owned()),
            (
                "GET /v1/agents/states?queueId=",
                About::Nobody,
                format!("/v1/agents/states?filter.queueIds={NO_QUEUE}"),
            ),
        ] {
            sent.push(self.rest(wire, about, reqwest::Method::GET, &path, String::new()).await);
        }
        let body = json!({"agentIds": [id], "maxStaleness": "0s"}).to_string();
        let path = "/v1/agents/states:batchGet";
        sent.push(self.rest(path, About::One, reqwest::Method::POST, path, body).await);

        let max_staleness = Some(prost_types::Duration::default());
        let get = GetAgentStateRequest { id: Some(Id::AgentId(id.to_owned())), max_staleness };
        let batch = BatchGetAgentStatesRequest { agent_ids: vec![id.to_owned()], max_staleness };
        let queue_ids = vec![NO_QUEUE.to_owned()];
        let filter = Some(AgentFilter { queue_ids, ..AgentFilter::default() });
        let nobody = ListAgentStatesRequest { filter, ..ListAgentStatesRequest::default() };
        sent.push(self.grpc("GetAgentState", About::One, &get).await);
        sent.push(self.grpc("BatchGetAgentStates", About::One, &batch).await);
        let everybody = ListAgentStatesRequest::default();
        sent.push(self.grpc("ListAgentStates", About::Everybody, &everybody).await);
        sent.push(self.grpc("ListAgentStates", About::Nobody, &nobody).await);

        sent.push(self.watch_over_grpc(id).await);
        sent.push(self.watch_over_events(id).await);

        for (form, output) in [(Form::Text, "table"), (Form::Json, "json"), (Form::Lines, "ndjson")] {
            let get = ["get", id, "--max-staleness", "0s", "-o", output];
            sent.push(self.command(form, About::One, &get).await);
            sent.push(self.command(form, About::One, &["watch", id, "--count", "1", "-o", output]).await);
            sent.push(self.command(form, About::Everybody, &["list", "-o", output]).await);
            sent.push(self.command(form, About::Nobody, &["list", "--queue", NO_QUEUE, "-o", output]).await);
        }
        sent
    }

    async fn rest(
        &self,
        wire: &str,
        about: About,
        method: reqwest::Method,
        path: &str,
        body: String,
    ) -> Sent {
        let request = self.http.request(method, format!("http://{}{path}", self.address));
        let answer = request.header("content-type", "application/json").body(body).send().await.unwrap();
        let bytes = answer.bytes().await.unwrap().to_vec();
        Sent { wire: wire.to_owned(), form: Form::Json, about, bytes, beside: Vec::new() }
    }

    /// A call as it is on the wire: a frame there, a frame or a status back.
    async fn grpc(&self, method: &str, about: About, request: &impl Message) -> Sent {
        let answer = self.call(method, request).await;
        let details = answer.headers().get("grpc-status-details-bin").cloned();
        let beside = details.map(|details| STANDARD_NO_PAD.decode(details.as_bytes()).unwrap());
        let frame = answer.bytes().await.unwrap();
        let bytes = frame.get(5..).unwrap_or_default().to_vec();
        Sent { wire: method.to_owned(), form: Form::Grpc, about, bytes, beside: beside.unwrap_or_default() }
    }

    async fn call(&self, method: &str, request: &impl Message) -> reqwest::Response {
        let message = request.encode_to_vec();
        let mut frame = vec![0];
        frame.extend(u32::try_from(message.len()).unwrap().to_be_bytes());
        frame.extend(message);
        let url = format!("http://{}/onduty.v1.AgentStateService/{method}", self.address);
        let request = self.h2.post(url).header("content-type", "application/grpc").header("te", "trailers");
        request.body(frame).send().await.unwrap()
    }

    /// A watch of this id, until its snapshot is whole.
    async fn watch_over_grpc(&self, id: &str) -> Sent {
        let wire = "WatchAgentStates";
        let request = WatchAgentStatesRequest { agent_ids: vec![id.to_owned()], ..Default::default() };
        let mut answer = self.call(wire, &request).await;
        let (mut unread, mut whole) = (Vec::new(), WatchSnapshot::default());
        while !whole.last {
            unread.extend(answer.chunk().await.unwrap().expect("a snapshot that ends"));
            while let Some(length) = unread.get(1..5) {
                let end = 5 + u32::from_be_bytes(length.try_into().unwrap()) as usize;
                let Some(frame) = unread.get(5..end) else { break };
                let told = WatchAgentStatesResponse::decode(frame).unwrap();
                let Some(Watched::Snapshot(page)) = told.message else { break };
                whole.agent_states.extend(page.agent_states);
                whole.findings.extend(page.findings);
                whole.last |= page.last;
                unread.drain(..end);
            }
        }
        let bytes = WatchAgentStatesResponse { message: Some(Watched::Snapshot(whole)) }.encode_to_vec();
        Sent { wire: wire.to_owned(), form: Form::Grpc, about: About::One, bytes, beside: Vec::new() }
    }

    /// The same over server-sent events.
    async fn watch_over_events(&self, id: &str) -> Sent {
        let wire = "GET /v1/agents/states:watch";
        let url = format!("http://{}/v1/agents/states:watch?agentIds={id}", self.address);
        let mut answer = self.http.get(url).send().await.unwrap();
        let (mut unread, mut states, mut findings) = (String::new(), Vec::new(), Vec::new());
        let mut last = false;
        while !last {
            let chunk = answer.chunk().await.unwrap().expect("a snapshot that ends");
            unread.push_str(std::str::from_utf8(&chunk).unwrap());
            while let Some((event, rest)) = unread.split_once("\n\n") {
                let data = event.lines().find_map(|line| line.strip_prefix("data:")).unwrap();
                let told: Value = serde_json::from_str(data).unwrap();
                let list = |name: &str| told["snapshot"][name].as_array().cloned().unwrap_or_default();
                states.extend(list("agentStates"));
                findings.extend(list("findings"));
                last |= told["snapshot"]["last"] == true;
                unread = rest.to_owned();
            }
        }
        let whole = json!({"snapshot": {"agentStates": states, "findings": findings}});
        let (form, bytes) = (Form::Json, whole.to_string().into_bytes());
        Sent { wire: wire.to_owned(), form, about: About::One, bytes, beside: Vec::new() }
    }

    async fn command(&self, form: Form, about: About, arguments: &[&str]) -> Sent {
        let mut command = Command::new(env!("CARGO_BIN_EXE_onduty"));
        command.args(arguments).args(["--address", &self.address]).env_clear();
        let wire = format!("onduty {}", arguments.join(" "));
        let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
        Sent { wire, form, about, bytes: output.stdout, beside: output.stderr }
    }
}
