//! `/api/v2/tokens/me`: what a token is, whether it lives, and its end.

use serde_json::json;

use super::call::{Answer, Asked};
use super::oauth_clients;
use super::refusal::Refusal;
use crate::cloud::access::Reach;

/// `GET`: organisation, client, scopes, idle time.
pub(super) fn show(asked: &mut Asked<'_>) -> Result<Answer, Refusal> {
    let cloud = asked.cloud();
    let client = &asked.client;
    let organisation = json!({"id": cloud.organisation.id, "name": cloud.organisation.name});
    let mut shown = oauth_clients::body(client);
    if let Some(members) = shown.as_object_mut() {
        members.insert("organization".to_owned(), organisation.clone());
    }
    let mut body = json!({
        "organization": organisation,
        "homeOrganization": organisation,
        "authorizedScope": client.scopes,
        "OAuthClient": shown,
    });
    let idles = asked.world.site(asked.place).tokens.idles_at(&asked.token, &asked.world.faults);
    if let (Some(idles), Some(members)) = (idles, body.as_object_mut()) {
        members.insert("dateTokenIdles".to_owned(), json!(idles));
    }
    Ok(Answer::ok(&body))
}

/// `HEAD`: 200 if the token lives.
pub(super) fn probe(_: &mut Asked<'_>) -> Result<Answer, Refusal> {
    Ok(Answer::empty(200))
}

/// `DELETE`: the token dies.
pub(super) fn revoke(asked: &mut Asked<'_>) -> Result<Answer, Refusal> {
    let token = asked.token.clone();
    asked.world.site_mut(asked.place).tokens.revoke(&token);
    Ok(Answer::empty(200))
}

/// A division id, or `*` for all.
pub(super) fn reach_text(reach: Reach) -> String {
    match reach {
        Reach::Everywhere => "*".to_owned(),
        Reach::Division(id) => id.to_string(),
    }
}
