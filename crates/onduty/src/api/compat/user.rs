//! `GET /api/v2/users/{id}`: one user. Who is known is shown; a state that was asked for and can't be given is left
//! out, as an expand of the platform's may be, and `finding` says why.

use std::iter::once;

use axum::Json;
use axum::extract::{RawQuery, State};
use axum::response::{IntoResponse as _, Response};
use http::{HeaderMap, StatusCode};

use super::parameters::Expand;
use super::refusal::{Nobody, Refusal, told};
use super::shape::User;
use super::{IdInPath, Shared, Told, held, not_to_be_kept, read_id};
use crate::api::rest::query::Query;

const NOBODY: Nobody =
    Nobody { code: "general.resource.not.found", message: "Unable to find a user with that userId" };

pub(super) async fn get(
    State(compat): Shared,
    id: IdInPath,
    headers: HeaderMap,
    RawQuery(raw): RawQuery,
) -> Result<Response, Refusal> {
    let (id, query) = (read_id(id)?, Query::read(raw.as_deref())?);
    if id == "me" {
        let message = "This request requires a user context. Client credentials cannot be used for requests to this \
                       resource.";
        return Err(Refusal::new(StatusCode::BAD_REQUEST, "not.a.user", message));
    }
    // Whoever was deleted is not kept. Asked for with `state=deleted`, the finding says so, too.
    if let Some(state) = query.one("state")?.filter(|state| !["active", "deleted"].contains(state)) {
        return Err(Refusal::parameter("state", state, "active, deleted"));
    }
    let expand = Expand::read(&query);
    let (facets, snapshot) = (expand.facets(), compat.view.snapshot());
    if let Some(row) = held(&snapshot, &id).filter(|_| facets.is_empty()) {
        return Ok(compat.show_one(&headers, row, User::of(row, expand)));
    }
    match compat.state(&id, &facets).await {
        Told::Whole(row) => Ok(compat.show_one(&headers, &row, User::of(&row, expand))),
        Told::Part(row, finding) => {
            let user = User::of(&row, expand).lacking(told(&finding));
            Ok(compat.show_part(once(&*row), snapshot.cursor(), user))
        }
        Told::Nothing(finding) => {
            let latest = compat.view.snapshot();
            let row = held(&latest, &id).ok_or_else(|| Refusal::of(&finding, NOBODY))?;
            let user = User::of(row, expand.without_state());
            if facets.is_empty() {
                return Ok(compat.show_one(&headers, row, user));
            }
            // No state is shown whose age there would be to tell.
            Ok(not_to_be_kept(Json(user.lacking(told(&finding))).into_response()))
        }
    }
}
