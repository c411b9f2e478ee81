//! What was heard about one agent, and the rule that decided.

use onduty_proto::v1::diagnosis_service_client::DiagnosisServiceClient;
use onduty_proto::v1::get_timeline_request::Id;
use onduty_proto::v1::{GetTimelineRequest, GetTimelineResponse};

use crate::client::{Client, MESSAGE_BYTES_MAX};
use crate::error::ClientError;

/// The most entries that one page may hold, by the contract.
const PAGE_SIZE_MAX: usize = 1_000;

impl Client {
    /// What was heard about one agent, by agent id: the newest `limit` entries, newest first, in as many calls as that
    /// takes. What surrounds them is that of the first page; a `next_page_token` says that there are older ones.
    ///
    /// # Errors
    ///
    /// [`ClientError::Missed`] with the finding when nothing was ever heard of such an agent; otherwise as for any
    /// call.
    pub async fn timeline(&self, agent_id: &str, limit: usize) -> Result<GetTimelineResponse, ClientError> {
        let mut timeline = self.timeline_page(agent_id, limit, String::new()).await?;
        while timeline.entries.len() < limit && !timeline.next_page_token.is_empty() {
            let token = timeline.next_page_token.clone();
            let next = self.timeline_page(agent_id, limit - timeline.entries.len(), token.clone()).await?;
            if next.next_page_token == token {
                return Err(self.malformed("a page that names itself as the next"));
            }
            if timeline.entries.is_empty() {
                timeline.note = next.note;
            }
            timeline.entries.extend(next.entries);
            timeline.next_page_token = next.next_page_token;
        }
        Ok(timeline)
    }

    async fn timeline_page(
        &self,
        agent_id: &str,
        size: usize,
        page_token: String,
    ) -> Result<GetTimelineResponse, ClientError> {
        let page_size = i32::try_from(size.clamp(1, PAGE_SIZE_MAX)).unwrap_or_default();
        let id = Some(Id::AgentId(agent_id.to_owned()));
        let mut service =
            DiagnosisServiceClient::new(self.channel().clone()).max_decoding_message_size(MESSAGE_BYTES_MAX);
        let request = self.request(GetTimelineRequest { id, page_size, page_token });
        let response = service.get_timeline(request).await;
        Ok(response.map_err(|status| self.error(&status))?.into_inner())
    }
}
