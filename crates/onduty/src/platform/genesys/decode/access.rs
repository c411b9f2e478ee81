//! Who am I, and where may I: `tokens/me` (model `TokenInfo`) and `divisionspermitted/paged/me` (model
//! `DivsPermittedEntityListing`).

use std::collections::BTreeSet;

use onduty_core::agent::DivisionId;
use onduty_core::time::Timestamp;
use serde_json::Value;

use super::Malformed;
use super::limits::parse;
use super::member::{Object, elements, id, instant, object, text, truth, word};
use super::page::{Page, page};

/// The most scopes or roles taken; the platform has 135 scopes.
const GRANTS_MAX: usize = 1_000;

/// What a token is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenInfo {
    /// The organisation's id.
    pub organisation_id: Option<String>,
    /// The organisation's name.
    pub organisation: Option<String>,
    /// The client it was given to.
    pub client: Option<OauthClient>,
    /// The scopes it holds. On the real host they do not bind client-credentials tokens; in the agent-states API
    /// they do.
    pub scopes: BTreeSet<String>,
    /// When it dies unless it is used.
    pub idles_at: Option<Timestamp>,
}

/// The client a token was given to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OauthClient {
    /// Its id.
    pub id: String,
    /// Such as `active`.
    pub state: Option<String>,
    /// Such as `CLIENT-CREDENTIALS`.
    pub grant_type: Option<String>,
    /// Role and division of each grant; `*` is every division.
    pub roles: Vec<(String, String)>,
}

/// Where a permission is held.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PermittedDivisions {
    /// Everywhere.
    pub everywhere: bool,
    /// The divisions on this page.
    pub page: Page<Division>,
}

/// A division.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Division {
    /// Its id.
    pub id: DivisionId,
    /// Its name.
    pub name: String,
    /// Whether it is the home division.
    pub is_home: bool,
}

/// `GET /api/v2/tokens/me`.
///
/// # Errors
///
/// When the body is malformed.
pub fn token_info(body: &[u8]) -> Result<TokenInfo, Malformed> {
    let body = parse(body)?;
    let members = object(&body)?;
    let organisation = members.optional("organization", object)?;
    let name = |object: Object<'_>, name| object.optional(name, text).map(|text| text.map(ToOwned::to_owned));
    // Not told is not none: what lacks this member proves no scope to be missing.
    let scopes = members.required("authorizedScope", |value| elements(value, GRANTS_MAX, word))?;
    Ok(TokenInfo {
        organisation_id: organisation.map_or(Ok(None), |organisation| name(organisation, "id"))?,
        organisation: organisation.map_or(Ok(None), |organisation| name(organisation, "name"))?,
        client: members.optional("OAuthClient", |value| client(object(value)?))?,
        scopes: scopes.into_iter().map(ToOwned::to_owned).collect(),
        idles_at: members.optional("dateTokenIdles", instant)?,
    })
}

fn client(members: Object<'_>) -> Result<OauthClient, Malformed> {
    let roles = members.optional("roleDivisions", |value| {
        elements(value, GRANTS_MAX, |grant| {
            let grant = object(grant)?;
            let part = |name| grant.required(name, word).map(ToOwned::to_owned);
            Ok((part("roleId")?, part("divisionId")?))
        })
    })?;
    let word = |name| members.optional(name, word).map(|word| word.map(ToOwned::to_owned));
    Ok(OauthClient {
        id: members.required("id", id)?.to_string(),
        state: word("state")?,
        grant_type: word("authorizedGrantType")?,
        roles: roles.unwrap_or_default(),
    })
}

/// `GET /api/v2/authorization/divisionspermitted/paged/me`.
///
/// # Errors
///
/// When the body is malformed.
pub fn permitted_divisions(body: &[u8]) -> Result<PermittedDivisions, Malformed> {
    let everywhere = |members: Object<'_>| members.optional("allDivsPermitted", truth);
    let (page, everywhere) = page(body, division, everywhere)?;
    Ok(PermittedDivisions { everywhere: everywhere.unwrap_or(false), page })
}

/// `GET /api/v2/authorization/divisions`.
///
/// # Errors
///
/// When the body is malformed.
pub fn divisions(body: &[u8]) -> Result<Page<Division>, Malformed> {
    Ok(page(body, division, |_| Ok(()))?.0)
}

fn division(value: &Value) -> Result<Division, Malformed> {
    let members = object(value)?;
    Ok(Division {
        id: DivisionId::from(&*members.required("id", id)?),
        name: members.optional("name", text)?.unwrap_or("").to_owned(),
        is_home: members.optional("homeDivision", truth)?.unwrap_or(false),
    })
}
