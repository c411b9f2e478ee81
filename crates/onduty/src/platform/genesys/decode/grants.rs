//! `GET /api/v2/authorization/subjects/me` (model `AuthzSubject`): every role the client was given, in effect or not.

use onduty_core::access::{Grant, Policy};
use onduty_core::agent::DivisionId;
use serde_json::Value;

use super::Malformed;
use super::limits::parse;
use super::member::{elements, id, instant, object, text, word};

/// The most grants taken.
const GRANTS_MAX: usize = 1_000;
/// The most policies taken of one role; a role for everything has a few hundred.
const POLICIES_MAX: usize = 5_000;
/// The most actions taken of one policy.
const ACTIONS_MAX: usize = 200;
/// Stands for every division.
const EVERYWHERE: &str = "*";

/// The grants of the token's client.
///
/// # Errors
///
/// When the body is malformed.
pub fn grants(body: &[u8]) -> Result<Vec<Grant>, Malformed> {
    let body = parse(body)?;
    // Not told is not none: a grant that only waits to apply would be taken for one that was never given.
    object(&body)?.required("grants", |value| elements(value, GRANTS_MAX, grant))
}

fn grant(value: &Value) -> Result<Grant, Malformed> {
    let members = object(value)?;
    let division = members.required("division", |value| object(value)?.required("id", id))?;
    let made_at = members.optional("grantMadeAt", instant)?;
    members.required("role", |value| {
        let role = object(value)?;
        let role_id = role.required("id", id)?;
        let name = role.optional("name", text)?;
        let policies = role.optional("policies", |value| elements(value, POLICIES_MAX, policy))?;
        Ok(Grant {
            role: name.map_or_else(|| role_id.clone(), Into::into),
            role_id,
            division_id: (&*division != EVERYWHERE).then(|| DivisionId::from(&*division)),
            policies: policies.unwrap_or_default(),
            made_at,
        })
    })
}

fn policy(value: &Value) -> Result<Policy, Malformed> {
    let members = object(value)?;
    let actions = members.optional("actions", |value| elements(value, ACTIONS_MAX, word))?;
    Ok(Policy {
        domain: members.required("domain", word)?.into(),
        entity: members.required("entityName", word)?.into(),
        actions: actions.unwrap_or_default().into_iter().map(Into::into).collect(),
        conditional: members.has("condition"),
    })
}
