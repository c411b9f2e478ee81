//! `ListAgentStates`: every agent that matches, in pages by user id, with an account that adds up.

use onduty_core::account::Account;
use onduty_core::selector::Selector;
use onduty_proto::encoded::Encoded;
use onduty_proto::v1::{self, ListAgentStatesRequest, ListAgentStatesResponse};
use tonic::{Request, Status};

use super::agent_states::AgentStates;
use super::page_token;
use super::request::from_filter;
use super::status::Violation;
use crate::answers::{Continuation, Page};
use crate::api::encode::States;
use crate::api::paging::{PAGE_BYTES_MAX, read_page_size};

impl AgentStates {
    pub(super) async fn list(
        &self,
        request: Request<ListAgentStatesRequest>,
    ) -> Result<Encoded<ListAgentStatesResponse>, Status> {
        let (selector, size, from) = parse(request.into_inner()).map_err(Violation::status)?;
        let page = self.answers.list(&selector, from, size).await;
        Ok(to_response(page, &selector))
    }
}

fn parse(request: ListAgentStatesRequest) -> Result<(Selector, usize, Option<Continuation>), Violation> {
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
    Ok((selector, size, from))
}

fn to_response(page: Page, selector: &Selector) -> Encoded<ListAgentStatesResponse> {
    let Page { rows, last, cursor, account } = page;
    let mut states = States::default();
    let fit = rows.iter().take_while(|row| states.add(row, PAGE_BYTES_MAX)).count();
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
    states.into_list(&rest)
}

fn to_account(account: &Account) -> v1::Account {
    v1::Account {
        directory_total: account.directory_total(),
        shown: account.shown,
        filtered: account.filtered,
        withheld: account.withheld.iter().map(|(reason, count)| (reason.name().to_owned(), *count)).collect(),
        unknown: account.unknown,
    }
}
