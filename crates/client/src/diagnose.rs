//! What stands between a caller and an agent's state, check by check.

use onduty_proto::v1::diagnosis_service_client::DiagnosisServiceClient;
use onduty_proto::v1::{DiagnoseRequest, DiagnoseResponse};

use crate::client::Client;
use crate::error::ClientError;

impl Client {
    /// Every check of the doctor; with an agent's id those about that agent, and why it has no state, if so.
    ///
    /// # Errors
    ///
    /// As for any call. A check that fails is none.
    pub async fn diagnose(&self, agent_id: Option<&str>) -> Result<DiagnoseResponse, ClientError> {
        let agent_id = agent_id.unwrap_or_default().to_owned();
        let mut service = DiagnosisServiceClient::new(self.channel().clone());
        let response = service.diagnose(self.request(DiagnoseRequest { agent_id })).await;
        Ok(response.map_err(|status| self.error(&status))?.into_inner())
    }
}
