//! `POST /oauth/token`: the log-in host. Its errors have a shape of their own.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use super::call::{Answer, Call};
use super::query::Query;
use crate::cloud::access::{Client, ClientState};
use crate::world::{Where, World};

/// The promise is a little less than the life: the platform counts from before it answered.
const PROMISE_LESS_S: u64 = 1;
/// Longest forms that are read, in bytes.
const FORM_MAX: usize = 16_384;

/// Answers a token request; `client` is told who asked, once that is proven.
pub(super) fn token(world: &mut World, call: &Call, place: Where, client: &mut String) -> Answer {
    match try_token(world, call, place, client) {
        Ok(answer) | Err(answer) => answer,
    }
}

fn try_token(world: &mut World, call: &Call, place: Where, name: &mut String) -> Result<Answer, Answer> {
    let form_text = std::str::from_utf8(&call.body).ok().filter(|text| text.len() <= FORM_MAX);
    let form = Query::parse(form_text.ok_or_else(|| refuse(400, "invalid_request", "malformed form"))?);
    if world.faults.oauth_rate_limited {
        let text = "rate limit exceeded; try again later";
        return Err(refuse(400, "invalid_request", text));
    }
    let invalid = world.faults.oauth_error_status;
    let (id, secret) = credentials(call, &form)
        .ok_or_else(|| refuse(invalid, "invalid_client", "client credentials are missing"))?;
    match form.get("grant_type") {
        None => return Err(refuse(400, "invalid_request", "grant_type is missing")),
        Some("client_credentials") => {}
        Some(_) => return Err(refuse(400, "unsupported_grant_type", "unsupported grant type")),
    }
    let site = world.site_mut(place);
    let known: Option<&Client> =
        site.cloud.access.client(&id).filter(|client| client.state == ClientState::Active);
    let client = known.ok_or_else(|| refuse(invalid, "invalid_client", "client not found"))?;
    if client.secret != secret {
        return Err(refuse(invalid, "invalid_client", "authentication failed"));
    }
    name.clone_from(&client.id);
    let life_s = client.token_life_s;
    let token = site.tokens.mint(site.cloud.seed(), &id, life_s, call.now);
    let promised = life_s.saturating_sub(PROMISE_LESS_S);
    Ok(Answer::ok(&json!({"access_token": token, "token_type": "bearer", "expires_in": promised})))
}

/// Id and secret from the header or, failing that, from the form.
fn credentials(call: &Call, form: &Query) -> Option<(String, String)> {
    let Some(header) = &call.authorization else {
        return Some((form.get("client_id")?.to_owned(), form.get("client_secret")?.to_owned()));
    };
    let (scheme, encoded) = header.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let decoded = String::from_utf8(STANDARD.decode(encoded.trim()).ok()?).ok()?;
    let (id, secret) = decoded.split_once(':')?;
    Some((id.to_owned(), secret.to_owned()))
}

fn refuse(status: u16, error: &str, text: &str) -> Answer {
    Answer::json(status, &json!({"error": error, "description": text, "error_description": text}))
}
