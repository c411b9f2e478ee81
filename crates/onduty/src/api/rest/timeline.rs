//! `GET /v1/agents/{id}/timeline`: what was heard about one agent, and the rule that decided.

use axum::extract::{RawQuery, State};
use axum::response::Response;
use onduty_proto::v1::GetTimelineRequest;
use onduty_proto::v1::get_timeline_request::Id;

use super::query::{PAGE_PARAMETERS, Query};
use super::{IdInPath, Shared, read_id, told};
use crate::api::problem::Problem;
use crate::api::timeline::NoTimeline;
use crate::proto_json::timeline::timeline;

pub(super) async fn get(
    State(rest): Shared,
    id: IdInPath,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    let (page_size, page_token) = Query::read(query.as_deref())?.only(&PAGE_PARAMETERS)?.page()?;
    let request = GetTimelineRequest { id: Some(Id::AgentId(read_id(id)?)), page_size, page_token };
    match rest.timelines.page(request, rest.lookups_end()).await {
        Ok(page) => Ok(told(timeline(&page))),
        Err(NoTimeline::Invalid(violation)) => Err(violation.into()),
        Err(NoTimeline::Missed(finding)) => Err(rest.missed(&finding)),
    }
}
