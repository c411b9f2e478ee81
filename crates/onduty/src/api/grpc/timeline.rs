//! `GetTimeline`: what was heard about one agent, and the rule that decided.

use onduty_proto::v1::{GetTimelineRequest, GetTimelineResponse};
use tonic::{Request, Status};

use super::agent_states::API;
use super::diagnosis::Diagnosis;
use super::status::of_finding;
use crate::api::deadline::Deadline;
use crate::api::timeline::NoTimeline;

impl Diagnosis {
    pub(super) async fn timeline(
        &self,
        request: Request<GetTimelineRequest>,
    ) -> Result<GetTimelineResponse, Status> {
        let deadline = Deadline::of(&request).map(|deadline| deadline.lookups);
        self.timelines.page(request.into_inner(), deadline).await.map_err(|none| match none {
            NoTimeline::Invalid(violation) => violation.status(),
            NoTimeline::Missed(finding) => {
                self.meters.missed(finding.reason, API);
                of_finding(&finding)
            }
        })
    }
}
