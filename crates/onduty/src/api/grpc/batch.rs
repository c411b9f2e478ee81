//! `BatchGetAgentStates`: an answer for each id, in order. One bad id spoils nothing for the others.

use onduty_core::answer::{Answer, Asked, Question};
use onduty_proto::encoded::Encoded;
use onduty_proto::v1::{BatchGetAgentStatesRequest, BatchGetAgentStatesResponse};
use tonic::{Request, Status};

use super::agent_states::{API, AgentStates};
use super::deadline::Deadline;
use super::request::{at_most, from_duration};
use super::status::Violation;
use crate::api::encode;

impl AgentStates {
    pub(super) async fn batch(
        &self,
        request: Request<BatchGetAgentStatesRequest>,
    ) -> Result<Encoded<BatchGetAgentStatesResponse>, Status> {
        let deadline = Deadline::of(&request).map(|deadline| deadline.lookups);
        let questions = self.questions(request.into_inner()).map_err(Violation::status)?;
        let answers = self.answers.batch(&questions, deadline).await;
        for answer in &answers {
            if let Answer::Miss(finding) = answer {
                self.meters.missed(finding.reason, API);
            }
        }
        Ok(encode::batch_response(&answers))
    }

    fn questions(&self, request: BatchGetAgentStatesRequest) -> Result<Vec<Question>, Violation> {
        let BatchGetAgentStatesRequest { agent_ids, max_staleness } = request;
        if agent_ids.is_empty() {
            return Err(Violation::new("agent_ids", "is empty; at least one id is needed"));
        }
        at_most("agent_ids", agent_ids.len(), self.ids_max)?;
        let max_staleness = from_duration("max_staleness", max_staleness)?;
        let asked = agent_ids.into_iter().map(|id| Asked::AgentId(id.into()));
        Ok(asked.map(|asked| self.answers.question(asked, max_staleness)).collect())
    }
}
