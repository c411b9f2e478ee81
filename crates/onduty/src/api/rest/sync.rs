//! `GET /v1/sync`: how the copy keeps up with the platform.

use axum::extract::{RawQuery, State};
use axum::response::Response;

use super::query::Query;
use super::{Shared, told};
use crate::api::problem::Problem;
use crate::proto_json::sync::sync_status;

pub(super) async fn get(State(rest): Shared, RawQuery(query): RawQuery) -> Result<Response, Problem> {
    Query::read(query.as_deref())?.only(&[])?;
    Ok(told(sync_status(&rest.sync.read())))
}
