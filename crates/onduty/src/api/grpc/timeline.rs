//! `GetTimeline`: what was heard about one agent, and the rule that decided.

use onduty_proto::v1::{GetTimelineRequest, GetTimelineResponse};
use tonic::{Code, Request, Status};

use super::agent_states::API;
use super::deadline::Deadline;
use super::diagnosis::Diagnosis;
use super::status::{Violation, of_finding, refused};
use crate::api::timeline::NoTimeline;
use crate::error_chain::Chain;
use crate::history::HistoryError;

impl Diagnosis {
    pub(super) async fn timeline(
        &self,
        request: Request<GetTimelineRequest>,
    ) -> Result<GetTimelineResponse, Status> {
        let deadline = Deadline::of(&request).map(|deadline| deadline.lookups);
        self.timelines.page(request.into_inner(), deadline).await.map_err(|none| match none {
            NoTimeline::Invalid(field, problem) => Violation::new(field, problem).status(),
            NoTimeline::Missed(finding) => {
                self.meters.missed(finding.reason, API);
                of_finding(&finding)
            }
            NoTimeline::Unreadable(error) => unreadable(&error),
        })
    }
}

fn unreadable(error: &HistoryError) -> Status {
    tracing::error!(error = %Chain(error), "a timeline could not be read");
    refused(Code::Unavailable, "STORE_FAILING", "the history can't be read now; try again", [], None)
}
