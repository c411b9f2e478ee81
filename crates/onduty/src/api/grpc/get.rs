//! `GetAgentState`: the state of one agent, or a status that says why there is none.

use onduty_core::answer::{Answer, Asked};
use onduty_proto::encoded::Encoded;
use onduty_proto::v1::get_agent_state_request::Id;
use onduty_proto::v1::{GetAgentStateRequest, GetAgentStateResponse};
use tonic::{Request, Status};

use super::agent_states::{API, AgentStates};
use super::status::of_finding;
use crate::api::deadline::Deadline;
use crate::api::encode;
use crate::api::request::from_duration;
use crate::api::violation::Violation;

impl AgentStates {
    pub(super) async fn get(
        &self,
        request: Request<GetAgentStateRequest>,
    ) -> Result<Encoded<GetAgentStateResponse>, Status> {
        let deadline = Deadline::of(&request).map(|deadline| deadline.lookups);
        let GetAgentStateRequest { id, max_staleness } = request.into_inner();
        let asked = match id {
            Some(Id::AgentId(id)) => Asked::AgentId(id.into()),
            Some(Id::UserId(id)) => Asked::UserId(id.into()),
            None => return Err(Violation::new("id", "one of agent_id and user_id is needed").status()),
        };
        let max_staleness = from_duration("max_staleness", max_staleness).map_err(Violation::status)?;
        match self.answers.get(&self.answers.question(asked, max_staleness), deadline).await {
            Answer::State(row) => Ok(encode::get_response(&row)),
            Answer::Miss(finding) => {
                self.meters.missed(finding.reason, API);
                Err(of_finding(&finding))
            }
        }
    }
}
