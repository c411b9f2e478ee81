//! Users, alone and listed, with what the expands add. Expands are best effort: one left out is no news, never a
//! default. (The platform's own description of the operation; models `User` and `UserEntityListing`.)

use onduty_core::agent::{AccountState, DivisionId, UserId};
use onduty_core::observation::Statement;
use serde_json::Value;

use super::facets::{out_of_office, presence, routing_status};
use super::limits::parse;
use super::member::{id, object, readable, text, word};
use super::page::{Page, page};
use super::{Arrival, Heard, Ignored, Malformed};

/// `GET /api/v2/users`: a page of users.
///
/// # Errors
///
/// When the body is malformed, or any user in it has no id. Any other part of a user that can't be read is no news.
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

/// Whatever cannot be read of a user is no news of that, and no reason to lose the user, or everybody else on the page.
/// Only without an id there is nobody to say anything of.
fn read(value: &Value, arrival: Arrival) -> Result<Heard, Malformed> {
    let members = object(value)?;
    let user_id = members.required("id", id)?;
    let mut unreadable = 0_usize;
    let division = readable(
        members.optional("division", |division| object(division)?.optional("id", id)),
        &mut unreadable,
    );
    let mut statement = Statement {
        name: readable(members.optional("name", text), &mut unreadable).map(Into::into),
        division_id: division.flatten().map(|division| DivisionId::from(&*division)),
        account: readable(members.optional("state", word), &mut unreadable).and_then(account),
        routing_status: readable(
            members.optional("routingStatus", |value| routing_status(value, 0)),
            &mut unreadable,
        ),
        out_of_office: readable(members.optional("outOfOffice", out_of_office), &mut unreadable),
        ..Statement::default()
    };
    let presence = readable(members.optional("presence", presence), &mut unreadable);
    let ignored = presence.and_then(|presence| presence.into_statement(&mut statement));
    let mut heard = Heard::from(arrival.observation(UserId::from(&*user_id), statement));
    heard.ignored.extend(ignored);
    heard.ignored.extend(std::iter::repeat_n(Ignored::Unreadable, unreadable));
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
