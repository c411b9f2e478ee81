//! The connection and the calls that have one answer.

use std::time::Duration;

use onduty_proto::v1::agent_state_result::Result as Answer;
use onduty_proto::v1::agent_state_service_client::AgentStateServiceClient;
use onduty_proto::v1::diagnosis_service_client::DiagnosisServiceClient;
use onduty_proto::v1::get_agent_state_request::Id;
use onduty_proto::v1::{
    AgentFilter, AgentState, BatchGetAgentStatesRequest, Finding, GetAgentStateRequest, GetSyncStatusRequest,
    GetSyncStatusResponse,
};
use tonic::transport::Channel;
use tonic::{Request, Status};
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;

use crate::address::Address;
use crate::error::ClientError;
use crate::list::{Listing, Pages};
use crate::watch::{Scope, Watch, WatchOptions};

/// How long connecting may take.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// How long a call may take unless told otherwise.
const CALL_TIMEOUT: Duration = Duration::from_secs(30);
/// How often an idle connection with calls in flight is asked for a sign of life, and how long it may take to give one.
const KEEP_ALIVE: (Duration, Duration) = (Duration::from_secs(20), Duration::from_secs(10));
/// The longest message taken, in bytes: a full page is far below.
pub(crate) const MESSAGE_BYTES_MAX: usize = 16 * 1_048_576;
/// The most ids that one batch may hold, by the contract.
const BATCH_IDS_MAX: usize = 1_000;

/// A connection to a sidecar. Cloning is cheap and shares the connection, which is made anew when it breaks.
#[derive(Debug, Clone)]
pub struct Client {
    address: String,
    channel: Channel,
    timeout: Duration,
    max_staleness: Option<Duration>,
}

impl Client {
    /// Connects to `host:port`, `http://host:port` or `unix:/path`.
    ///
    /// # Errors
    ///
    /// [`ClientError::Address`] when that is none of the three, [`ClientError::Unreachable`] when nobody answers there
    /// within five seconds.
    pub async fn connect(address: &str) -> Result<Self, ClientError> {
        let address: Address = address.parse()?;
        let endpoint = address
            .endpoint()?
            .connect_timeout(CONNECT_TIMEOUT)
            .http2_keep_alive_interval(KEEP_ALIVE.0)
            .keep_alive_timeout(KEEP_ALIVE.1);
        let address = address.to_string();
        match endpoint.connect().await {
            Ok(channel) => Ok(Self { address, channel, timeout: CALL_TIMEOUT, max_staleness: None }),
            Err(error) => Err(ClientError::unreachable(&address, &error)),
        }
    }

    /// Gives every call (a watch is none) this long. Default: 30 s.
    #[must_use]
    pub fn with_timeout(self, timeout: Duration) -> Self {
        Self { timeout, ..self }
    }

    /// Asks for states confirmed no longer ago than this. Default: what the sidecar's configuration says.
    #[must_use]
    pub fn with_max_staleness(self, max_staleness: Duration) -> Self {
        Self { max_staleness: Some(max_staleness), ..self }
    }

    /// The address it was connected to.
    #[must_use]
    pub fn address(&self) -> &str {
        &self.address
    }

    /// The state of one agent, by agent id.
    ///
    /// # Errors
    ///
    /// [`ClientError::Missed`] with the finding when there is no (fresh) state to give; otherwise as for any call.
    pub async fn get(&self, agent_id: &str) -> Result<AgentState, ClientError> {
        self.get_by(Id::AgentId(agent_id.to_owned())).await
    }

    /// The state of one agent, by the id of the person.
    ///
    /// # Errors
    ///
    /// As [`Client::get`].
    pub async fn get_by_user_id(&self, user_id: &str) -> Result<AgentState, ClientError> {
        self.get_by(Id::UserId(user_id.to_owned())).await
    }

    async fn get_by(&self, id: Id) -> Result<AgentState, ClientError> {
        let request = GetAgentStateRequest { id: Some(id), max_staleness: self.max_staleness() };
        let response = self.states().get_agent_state(self.request(request)).await;
        let state = response.map_err(|status| self.error(&status))?.into_inner().agent_state;
        state.ok_or_else(|| self.malformed("an answer without a state or a reason"))
    }

    /// The states of many agents: one result per id, in the order asked. More than 1,000 ids take several calls.
    ///
    /// # Errors
    ///
    /// As for any call. Ids without a state are no error: each has its own [`Finding`].
    pub async fn batch_get(
        &self,
        agent_ids: &[impl AsRef<str>],
    ) -> Result<Vec<Result<AgentState, Box<Finding>>>, ClientError> {
        let mut results = Vec::with_capacity(agent_ids.len());
        for ids in agent_ids.chunks(BATCH_IDS_MAX) {
            let agent_ids: Vec<String> = ids.iter().map(|id| id.as_ref().to_owned()).collect();
            let asked = agent_ids.len();
            let request = BatchGetAgentStatesRequest { agent_ids, max_staleness: self.max_staleness() };
            let response = self.states().batch_get_agent_states(self.request(request)).await;
            let answers = response.map_err(|status| self.error(&status))?.into_inner().results;
            if answers.len() != asked {
                return Err(self.malformed("a batch with another number of results than ids"));
            }
            for answer in answers {
                results.push(match answer.result {
                    Some(Answer::AgentState(state)) => Ok(state),
                    Some(Answer::Finding(finding)) => Err(Box::new(finding)),
                    None => return Err(self.malformed("a result without a state or a reason")),
                });
            }
        }
        Ok(results)
    }

    /// Every agent that matches, all pages together.
    ///
    /// # Errors
    ///
    /// As for any call.
    pub async fn list(&self, filter: AgentFilter) -> Result<Listing, ClientError> {
        Listing::collect(self.pages(filter)).await
    }

    /// Every agent that matches, page by page, for callers that do not want to hold all of them.
    #[must_use]
    pub fn pages(&self, filter: AgentFilter) -> Pages {
        Pages::new(self.clone(), filter)
    }

    /// What happens to these agents: a snapshot, then changes, across reconnections. Nothing is sent before the first
    /// [`Watch::next`].
    #[must_use]
    pub fn watch(&self, scope: Scope) -> Watch {
        self.watch_with(scope, WatchOptions::default())
    }

    /// As [`Client::watch`], with a cursor to resume from, another delivery or other intervals.
    #[must_use]
    pub fn watch_with(&self, scope: Scope, options: WatchOptions) -> Watch {
        Watch::new(self.clone(), scope, options)
    }

    /// How the sidecar's sources are doing.
    ///
    /// # Errors
    ///
    /// As for any call.
    pub async fn sync_status(&self) -> Result<GetSyncStatusResponse, ClientError> {
        let mut service = DiagnosisServiceClient::new(self.channel.clone());
        let response = service.get_sync_status(self.request(GetSyncStatusRequest {})).await;
        Ok(response.map_err(|status| self.error(&status))?.into_inner())
    }

    /// Whether the sidecar is ready: its health service says `SERVING` for the server as a whole.
    ///
    /// # Errors
    ///
    /// As for any call.
    pub async fn is_serving(&self) -> Result<bool, ClientError> {
        let mut health = HealthClient::new(self.channel.clone());
        let response = health.check(self.request(HealthCheckRequest { service: String::new() })).await;
        let status = response.map_err(|status| self.error(&status))?.into_inner().status();
        Ok(status == ServingStatus::Serving)
    }

    pub(crate) fn states(&self) -> AgentStateServiceClient<Channel> {
        AgentStateServiceClient::new(self.channel.clone()).max_decoding_message_size(MESSAGE_BYTES_MAX)
    }

    pub(crate) const fn channel(&self) -> &Channel {
        &self.channel
    }

    pub(crate) fn request<T>(&self, message: T) -> Request<T> {
        let mut request = Request::new(message);
        request.set_timeout(self.timeout);
        request
    }

    pub(crate) fn error(&self, status: &Status) -> ClientError {
        ClientError::from_status(&self.address, status)
    }

    pub(crate) fn malformed(&self, what: &'static str) -> ClientError {
        ClientError::Malformed { address: self.address.clone(), what }
    }

    /// A span that protobuf can't hold is longer than any state is old.
    fn max_staleness(&self) -> Option<prost_types::Duration> {
        self.max_staleness.and_then(|span| prost_types::Duration::try_from(span).ok())
    }
}
