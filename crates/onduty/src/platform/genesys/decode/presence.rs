//! `GET /api/v2/users/{id}/presences/purecloud` and its bulk form (models `UserPresence`, `UcUserPresence`).

use std::sync::Arc;

use onduty_core::agent::UserId;
use onduty_core::observation::Statement;
use serde_json::Value;

use super::limits::parse;
use super::member::{elements, id, object};
use super::{Arrival, Heard, Malformed, facets};

/// The most presences taken in one answer; the platform's maximum is 50.
const PRESENCES_MAX: usize = 500;

/// The presence of one user.
///
/// # Errors
///
/// When the body is malformed.
pub fn presence(body: &[u8], arrival: Arrival) -> Result<Heard, Malformed> {
    read(&parse(body)?, arrival)
}

/// The presences of several users.
///
/// # Errors
///
/// When the body, or any presence in it, is malformed.
pub fn presences(body: &[u8], arrival: Arrival) -> Result<Heard, Malformed> {
    let mut heard = Heard::default();
    for each in elements(&parse(body)?, PRESENCES_MAX, |value| read(value, arrival))? {
        heard.extend(each);
    }
    Ok(heard)
}

fn read(value: &Value, arrival: Arrival) -> Result<Heard, Malformed> {
    let members = object(value)?;
    // The bulk form names the user beside the presence's own id; the single form has only the latter, equal to it.
    let user_id: Arc<str> = match members.optional("userId", id)? {
        Some(user_id) => user_id,
        None => members.required("id", id)?,
    };
    let mut statement = Statement::default();
    // A presence without a definition names the user and says nothing: no news, and no reason to lose the others.
    if !members.has("presenceDefinition") {
        return Ok(arrival.observation(UserId::from(&*user_id), statement).into());
    }
    Ok(match facets::presence(value)?.into_statement(&mut statement) {
        Some(ignored) => ignored.into(),
        None => arrival.observation(UserId::from(&*user_id), statement).into(),
    })
}
