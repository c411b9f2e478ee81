//! OAuth clients as the organisation's administrators see them: without their secrets.

use serde_json::{Value, json};

use super::call::{Answer, Asked};
use super::listing::{Listing, Page};
use super::refusal::Refusal;
use super::tokens_me::reach_text;
use crate::cloud::access::{Client, ClientState};

/// `GET /api/v2/oauth/clients`: the one call about oneself that needs a permission.
pub(super) fn list(asked: &mut Asked<'_>) -> Result<Answer, Refusal> {
    asked.require("oauth:client:view")?;
    let page = Page::capped(asked, 200)?;
    let clients = asked.cloud().access.clients();
    let listed = page.of(clients.iter()).map(|client| {
        let mut listed = body(client);
        if let Some(members) = listed.as_object_mut() {
            members.insert("accessTokenValiditySeconds".to_owned(), client.token_life_s.into());
        }
        listed
    });
    let bodies: Vec<Value> = listed.collect();
    Ok(Answer::ok(&Listing::of(asked, page, clients.len(), bodies)))
}

/// What is told about a client, to itself too.
pub(super) fn body(client: &Client) -> Value {
    let grants = client.grants.iter();
    let grants = grants.map(|grant| json!({"roleId": grant.role, "divisionId": reach_text(grant.reach)}));
    json!({
        "id": client.id,
        "name": client.id,
        "dateCreated": client.created,
        "dateModified": client.created,
        "authorizedGrantType": "CLIENT-CREDENTIALS",
        "scope": client.scopes,
        "state": match client.state {
            ClientState::Active => "active",
            ClientState::Disabled => "disabled",
        },
        "roleDivisions": grants.collect::<Vec<Value>>(),
    })
}
