//! `GET /api/v2/users/{id}/presences/purecloud`: the presence at the platform's own source, which is what an agent
//! picks. Presences of other sources are not kept.

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::response::Response;
use http::{HeaderMap, Uri};
use onduty_core::agent::Facet;

use super::refusal::{Nobody, Refusal};
use super::shape::UserPresence;
use super::{Shared, read_path, within_bounds};

/// What the platform says of somebody without a presence.
pub(super) const NOBODY: Nobody =
    Nobody { code: "presenceservice.usernotfound", message: "The specified user was not found" };

pub(super) async fn get(
    State(compat): Shared,
    uri: Uri,
    path: Result<Path<(String, String)>, PathRejection>,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    let (id, source) = read_path(path)?;
    let id = within_bounds(id)?;
    if !is_primary(&source) {
        return Err(Refusal::not_served(uri.path()));
    }
    let row = compat.with_facet(&id, Facet::Presence).await;
    let row = row.map_err(|finding| Refusal::of(&finding, NOBODY))?;
    let body = row.presence().map(|presence| UserPresence::alone(row.user_id().as_str(), presence));
    Ok(compat.show_one(&headers, &row, body))
}

/// Whether a source is the platform's own: SDKs write it small, bodies in capitals.
pub(super) fn is_primary(source: &str) -> bool {
    source.eq_ignore_ascii_case("purecloud")
}
