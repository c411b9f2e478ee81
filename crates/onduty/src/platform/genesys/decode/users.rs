//! Users, alone and listed, with what the expands add. Expands are best effort: one left out is no news, never a
//! default. (The platform's own description of the operation; models `User` and `UserEntityListing`.)

use onduty_core::agent::{AccountState, DivisionId, UserId};
use onduty_core::observation::Statement;
use serde_json::Value;

use super::facets::{out_of_office, presence, routing_status};
use super::limits::parse;
use super::member::{id, object, text, word};
use super::page::{Page, page};
use super::{Arrival, Heard, Malformed};

/// `GET /api/v2/users`: a page of users.
///
/// # Errors
///
/// When the body, or any user in it, is malformed.
pub fn users(body: &[u8], arrival: Arrival) -> Result<Page<Heard>, Malformed> {
    page(body, |value| read(value, arrival), |_| Ok(())).map(|(page, ())| page)
}

/// `GET /api/v2/users/{id}`: one user.
///
/// # Errors
///
/// When the body is malformed.
pub fn user(body: &[u8], arrival: Arrival) -> Result<Heard, Malformed> {
    read(&parse(body)?, arrival)
}

fn read(value: &Value, arrival: Arrival) -> Result<Heard, Malformed> {
    let members = object(value)?;
    let user_id = members.required("id", id)?;
    let division = members.optional("division", |division| object(division)?.optional("id", id))?.flatten();
    let mut statement = Statement {
        name: members.optional("name", text)?.map(Into::into),
        division_id: division.map(|division| DivisionId::from(&*division)),
        account: members.optional("state", word)?.and_then(account),
        routing_status: members.optional("routingStatus", |value| routing_status(value, 0))?,
        out_of_office: members.optional("outOfOffice", out_of_office)?,
        ..Statement::default()
    };
    let presence = members.optional("presence", presence)?;
    let ignored = presence.and_then(|presence| presence.into_statement(&mut statement));
    let mut heard = Heard::from(arrival.observation(UserId::from(&*user_id), statement));
    heard.ignored.extend(ignored);
    Ok(heard)
}

/// An account state; one that this version does not know is no news.
pub(super) fn account(word: &str) -> Option<AccountState> {
    match word {
        "active" => Some(AccountState::Active),
        "inactive" => Some(AccountState::Inactive),
        "deleted" => Some(AccountState::Deleted),
        _ => None,
    }
}
