//! `GET /api/v2/users/presences/purecloud/bulk?id=`: the presences of up to 50 users, as an array.
//!
//! An array has no room for findings. So it is sent only when everybody has a presence; otherwise this is the error
//! that the platform declares for it, with the status of the first finding, and `findings` and `presences` inside.

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, RawQuery, State};
use axum::response::Response;
use futures_util::future::join_all;
use http::{HeaderMap, Uri};
use onduty_core::agent::Facet;
use onduty_core::finding::Finding;
use onduty_core::row::Row;
use serde_json::json;

use super::parameters::{ids, too_many};
use super::presence::{NOBODY, is_primary};
use super::refusal::Refusal;
use super::shape::UserPresence;
use super::{Shared, read_path};
use crate::api::rest::query::Query;

/// Ids in one request, as on the platform.
const IDS_MAX: usize = 50;

pub(super) async fn get(
    State(compat): Shared,
    uri: Uri,
    source: Result<Path<String>, PathRejection>,
    headers: HeaderMap,
    RawQuery(raw): RawQuery,
) -> Result<Response, Refusal> {
    if !is_primary(&read_path(source)?) {
        return Err(Refusal::not_served(uri.path()));
    }
    let query = Query::read(raw.as_deref())?;
    let refusal = too_many("max.user.presences", "Only 50 user presences can be queried at a time.");
    let nobody = || Refusal::parameter("id", "", "one or more ids");
    let ids = ids(&query, IDS_MAX, refusal)?.ok_or_else(nobody)?;
    let shows = compat.view.snapshot().cursor();
    let found = join_all(ids.iter().map(|id| compat.with_facet(id, Facet::Presence))).await;
    let rows: Vec<&Row> = found.iter().filter_map(|found| found.as_ref().ok().map(|row| &**row)).collect();
    let misses: Vec<&Finding> =
        found.iter().filter_map(|found| found.as_ref().err().map(|finding| &**finding)).collect();
    let known = rows.iter().filter_map(|row| Some((row.user_id().as_str(), row.presence()?)));
    let presences: Vec<UserPresence<'_>> =
        known.map(|(user_id, presence)| UserPresence::in_bulk(user_id, presence)).collect();
    let fresh = compat.fresh(rows.iter().copied(), shows);
    match Refusal::of_several(&misses, NOBODY) {
        Some(refusal) => Err(refusal.with("presences", json!(presences)).with_freshness(fresh)),
        None => Ok(compat.show(&headers, fresh, &presences)),
    }
}
