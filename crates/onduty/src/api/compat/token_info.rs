//! `GET` and `HEAD /api/v2/tokens/me`: whose token it is (model `TokenInfo`), as far as that is known here. A local
//! token has no scopes and no roles: what is seen through it is what the sidecar's own client may see.

use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use axum::{Extension, Json};
use serde_json::{Value, json};

use super::door::Visitor;
use super::{Shared, not_to_be_kept};

pub(super) async fn get(State(compat): Shared, Extension(Visitor(client)): Extension<Visitor>) -> Response {
    let access = compat.status.read().access;
    let token = access.and_then(|(_, access)| access.token.as_ref().map(|token| token.value.clone()));
    let organisation = token.and_then(|token| token.organisation).map(|name| json!({"name": &*name}));
    let client = client.map(
        |id| json!({"id": id, "name": id, "authorizedGrantType": "CLIENT-CREDENTIALS", "state": "active"}),
    );
    let mut body = json!({"authorizedScope": []});
    let members =
        [("organization", organisation.clone()), ("homeOrganization", organisation), ("OAuthClient", client)];
    for (name, value) in
        members.into_iter().filter_map(|(name, value): (_, Option<Value>)| Some((name, value?)))
    {
        body[name] = value;
    }
    not_to_be_kept(Json(body).into_response())
}
