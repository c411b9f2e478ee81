//! `ListAgentStates`: every agent that matches, in pages by user id, with an account that adds up.

use onduty_proto::encoded::Encoded;
use onduty_proto::v1::{ListAgentStatesRequest, ListAgentStatesResponse};
use tonic::{Request, Status};

use super::agent_states::{API, AgentStates};
use super::status::of_finding;
use crate::api::encode::States;
use crate::api::listing::{Wanted, read, rest_of};
use crate::api::paging::PAGE_BYTES_MAX;
use crate::api::violation::Violation;

impl AgentStates {
    pub(super) async fn list(
        &self,
        request: Request<ListAgentStatesRequest>,
    ) -> Result<Encoded<ListAgentStatesResponse>, Status> {
        let Wanted { selector, size, from } = read(request.into_inner()).map_err(Violation::status)?;
        let page = self.answers.list(&selector, from, size).await.map_err(|finding| {
            self.meters.missed(finding.reason, API);
            of_finding(&finding)
        })?;
        let mut states = States::default();
        let fit = page.rows.iter().take_while(|row| states.add(row, PAGE_BYTES_MAX)).count();
        Ok(states.into_list(&rest_of(page, fit, &selector)))
    }
}
