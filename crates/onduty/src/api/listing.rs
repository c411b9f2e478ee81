//! A page of a list: what is asked for, and what goes with the states. The same for every API.

use onduty_core::account::Account;
use onduty_core::selector::Selector;
use onduty_proto::v1::{self, ListAgentStatesRequest, ListAgentStatesResponse};

use super::page_token;
use super::paging::read_page_size;
use super::request::from_filter;
use super::violation::Violation;
use crate::answers::{Continuation, Page};

/// A request for a page, read.
#[derive(Debug)]
pub(super) struct Wanted {
    /// Of whom.
    pub(super) selector: Selector,
    /// How many at most.
    pub(super) size: usize,
    /// Where the list goes on; none begins it.
    pub(super) from: Option<Continuation>,
}

/// Reads a request.
///
/// # Errors
///
/// Names the field at fault.
pub(super) fn read(request: ListAgentStatesRequest) -> Result<Wanted, Violation> {
    let ListAgentStatesRequest { filter, page_size, page_token } = request;
    let selector = from_filter(filter)?;
    let size = read_page_size(page_size).map_err(|allowed| Violation::new("page_size", allowed))?;
    let from = match page_token.as_str() {
        "" => None,
        token => Some(
            page_token::read(token, &selector)
                .map_err(|error| Violation::new("page_token", error.to_string()))?,
        ),
    };
    Ok(Wanted { selector, size, from })
}

/// Everything of a response but its states, of which the first `fit` of the page are in it.
pub(super) fn rest_of(page: Page, fit: usize, selector: &Selector) -> ListAgentStatesResponse {
    let Page { rows, last, cursor, account } = page;
    let mut rest = ListAgentStatesResponse {
        cursor: cursor.to_string(),
        account: Some(to_account(&account)),
        ..Default::default()
    };
    let whole = last && fit == rows.len();
    if let Some(after) = rows.get(fit.wrapping_sub(1)).filter(|_| !whole) {
        let on = Continuation { cursor, after: after.user_id().clone(), account };
        rest.next_page_token = page_token::write(&on, selector);
    }
    rest
}

/// An account, for the wire.
pub(super) fn to_account(account: &Account) -> v1::Account {
    v1::Account {
        directory_total: account.directory_total(),
        shown: account.shown,
        filtered: account.filtered,
        withheld: account.withheld.iter().map(|(reason, count)| (reason.name().to_owned(), *count)).collect(),
        unknown: account.unknown,
    }
}
