//! `BatchGetAgentStates`: an answer for each id, in order. One bad id spoils nothing for the others.

use onduty_core::answer::Answer;
use onduty_proto::encoded::Encoded;
use onduty_proto::v1::{BatchGetAgentStatesRequest, BatchGetAgentStatesResponse};
use tonic::{Request, Status};

use super::agent_states::{API, AgentStates};
use crate::api::deadline::Deadline;
use crate::api::encode;
use crate::api::request::questions;
use crate::api::violation::Violation;

impl AgentStates {
    pub(super) async fn batch(
        &self,
        request: Request<BatchGetAgentStatesRequest>,
    ) -> Result<Encoded<BatchGetAgentStatesResponse>, Status> {
        let deadline = Deadline::of(&request).map(|deadline| deadline.lookups);
        let questions =
            questions(&self.answers, self.ids_max, request.into_inner()).map_err(Violation::status)?;
        let answers = self.answers.batch(&questions, deadline).await;
        for answer in &answers {
            if let Answer::Miss(finding) = answer {
                self.meters.missed(finding.reason, API);
            }
        }
        Ok(encode::batch_response(&answers))
    }
}
