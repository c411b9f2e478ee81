//! `WatchAgentStates`: the watch of every API, with the errors of gRPC.

use futures_util::Stream;
use futures_util::stream::unfold;
use onduty_proto::encoded::Encoded;
use onduty_proto::v1::{WatchAgentStatesRequest, WatchAgentStatesResponse};
use tonic::{Code, Request, Status};

use super::agent_states::{API, AgentStates};
use super::status::refused;
use crate::api::deadline::Deadline;
use crate::api::violation::Violation;
use crate::api::watch::{Watch, WatchError, read};

impl AgentStates {
    pub(super) fn watch(
        &self,
        request: Request<WatchAgentStatesRequest>,
    ) -> Result<impl Stream<Item = Result<Encoded<WatchAgentStatesResponse>, Status>> + Send + use<>, Status>
    {
        let deadline = Deadline::of(&request).and_then(|deadline| deadline.caller);
        let wanted = read(request.into_inner(), self.ids_max, deadline).map_err(Violation::status)?;
        let watch = Watch::begin(&self.hub, wanted, API).map_err(|error| status_of(&error))?;
        Ok(unfold(watch, async |mut watch| {
            let message = watch.next().await?;
            Some((message.map_err(|error| status_of(&error)), watch))
        }))
    }
}

fn status_of(error: &WatchError) -> Status {
    let (reason, message) = (error.reason(), error.to_string());
    match error {
        WatchError::OutOfTime => Status::deadline_exceeded(message),
        WatchError::TooMany { limit } => {
            refused(Code::ResourceExhausted, reason, &message, [("limit", limit.to_string())], None)
        }
        WatchError::TooSlow { cursor, behind } => {
            let metadata = [("cursor", cursor.to_string()), ("changes_behind", behind.to_string())];
            refused(Code::ResourceExhausted, reason, &message, metadata, None)
        }
        WatchError::Expired { cause } => {
            refused(Code::OutOfRange, reason, &message, [("cause", (*cause).to_owned())], None)
        }
        WatchError::Unreadable { cursor } => {
            refused(Code::Unavailable, reason, &message, [("cursor", cursor.to_string())], None)
        }
    }
}
