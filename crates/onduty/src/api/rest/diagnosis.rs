//! `GET /v1/diagnosis?agentId=`: every check of the doctor.

use axum::extract::{RawQuery, State};
use axum::response::Response;

use super::query::Query;
use super::{Shared, told};
use crate::api::diagnosis::to_response;
use crate::api::problem::Problem;
use crate::proto_json::diagnosis::diagnosis;

pub(super) async fn get(State(rest): Shared, RawQuery(query): RawQuery) -> Result<Response, Problem> {
    let query = Query::read(query.as_deref())?.only(&["agentId"])?;
    let id = query.one("agentId")?.filter(|id| !id.is_empty());
    Ok(told(diagnosis(&to_response(&rest.doctor.examine(id, rest.lookups_end()).await))))
}
