//! `GET /api/v2/users/{id}`: one user. Who is known is shown; a state that was asked for and can't be given is left
//! out, as an expand of the platform's may be, and `finding` says why.

use axum::Json;
use axum::extract::{RawQuery, State};
use axum::response::{IntoResponse as _, Response};
use http::{HeaderMap, StatusCode};
use onduty_core::answer::Answer;

use super::parameters::Expand;
use super::refusal::{Nobody, Refusal, told};
use super::shape::User;
use super::{IdInPath, Shared, held, not_to_be_kept, read_path};
use crate::api::rest::query::Query;

const NOBODY: Nobody =
    Nobody { code: "general.resource.not.found", message: "Unable to find a user with that userId" };

pub(super) async fn get(
    State(compat): Shared,
    id: IdInPath,
    headers: HeaderMap,
    RawQuery(raw): RawQuery,
) -> Result<Response, Refusal> {
    let (id, query) = (read_path(id)?, Query::read(raw.as_deref())?);
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
    let snapshot = compat.view.snapshot();
    if !expand.wants_state()
        && let Some(row) = held(&snapshot, &id)
    {
        return Ok(compat.show_one(&headers, row, User::of(row, expand)));
    }
    let answer = compat.ask_one(&id, None).await;
    let snapshot = compat.view.snapshot();
    match answer {
        Answer::State(row) => Ok(compat.show_one(&headers, &row, User::of(&row, expand))),
        Answer::Miss(finding) => {
            let Some(row) = held(&snapshot, &id) else {
                compat.missed(&finding);
                return Err(Refusal::of(&finding, NOBODY));
            };
            let user = User::of(row, expand.without_state());
            if !expand.wants_state() {
                return Ok(compat.show_one(&headers, row, user));
            }
            compat.missed(&finding);
            Ok(not_to_be_kept(Json(user.lacking(told(&finding))).into_response()))
        }
    }
}
