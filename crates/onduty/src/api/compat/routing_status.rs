//! `GET /api/v2/users/{id}/routingstatus`. Of somebody who does not exist the platform says `OFF_QUEUE`; here that is
//! a 404, and its finding says who or what the id is.

use axum::extract::State;
use axum::response::Response;
use http::HeaderMap;
use onduty_core::agent::Facet;

use super::refusal::{Nobody, Refusal};
use super::shape::routing;
use super::{IdInPath, Shared, read_id};

const NOBODY: Nobody = Nobody {
    code: "general.resource.not.found",
    message: "Unable to find a user with that userId, so there is no routing status to tell",
};

pub(super) async fn get(
    State(compat): Shared,
    id: IdInPath,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    let row = compat.with_facet(&read_id(id)?, Facet::RoutingStatus).await;
    let row = row.map_err(|finding| Refusal::of(&finding, NOBODY))?;
    let body = row.routing_status().map(|status| routing(row.user_id().as_str(), status));
    Ok(compat.show_one(&headers, &row, body))
}
