//! `Diagnose`: every check of the doctor.

use onduty_proto::v1::{DiagnoseRequest, DiagnoseResponse};
use tonic::Request;

use super::diagnosis::Diagnosis;
use crate::api::deadline::Deadline;
use crate::api::diagnosis::to_response;

impl Diagnosis {
    /// Looks and converts. An id that no agent can have is a check that fails, like everything else that is wrong.
    pub(super) async fn examination(&self, request: Request<DiagnoseRequest>) -> DiagnoseResponse {
        let deadline = Deadline::of(&request).map(|deadline| deadline.lookups);
        let id = request.into_inner().agent_id;
        let id = Some(&*id).filter(|id| !id.is_empty());
        to_response(&self.doctor.examine(id, deadline).await)
    }
}
