//! Listing everybody, page by page or at once.

use onduty_proto::v1::{Account, AgentFilter, AgentState, ListAgentStatesRequest, ListAgentStatesResponse};

use crate::client::Client;
use crate::error::ClientError;

/// Agents asked for in one page: the most that the contract allows.
const PAGE_SIZE: i32 = 1_000;

/// Every agent that matched a filter.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Listing {
    /// The states, ordered by user id.
    pub agent_states: Vec<AgentState>,
    /// How they relate to the whole directory; adds up.
    pub account: Account,
    /// Where to begin a watch so that nothing after the first page is missed.
    pub cursor: String,
}

impl Listing {
    pub(crate) async fn collect(mut pages: Pages) -> Result<Self, ClientError> {
        let mut listing = Self::default();
        let mut first = true;
        while let Some(page) = pages.next().await? {
            if first {
                listing.account = page.account.unwrap_or_default();
                listing.cursor = page.cursor;
                first = false;
            }
            listing.agent_states.extend(page.agent_states);
        }
        Ok(listing)
    }
}

/// The pages of a listing, fetched as they are asked for.
#[derive(Debug)]
pub struct Pages {
    client: Client,
    filter: AgentFilter,
    /// The token of the next page; `None` after the last one.
    next: Option<String>,
}

impl Pages {
    pub(crate) fn new(client: Client, filter: AgentFilter) -> Self {
        Self { client, filter, next: Some(String::new()) }
    }

    /// The next page; `None` after the last.
    ///
    /// # Errors
    ///
    /// As for any call. The same page may be asked for again.
    pub async fn next(&mut self) -> Result<Option<ListAgentStatesResponse>, ClientError> {
        let Some(page_token) = self.next.clone() else { return Ok(None) };
        let filter = Some(self.filter.clone());
        let request = ListAgentStatesRequest { filter, page_size: PAGE_SIZE, page_token: page_token.clone() };
        let response = self.client.states().list_agent_states(self.client.request(request)).await;
        let page = response.map_err(|status| self.client.error(&status))?.into_inner();
        self.next = match page.next_page_token.as_str() {
            "" => None,
            same if same == page_token => {
                return Err(self.client.malformed("a page that names itself as the next"));
            }
            token => Some(token.to_owned()),
        };
        Ok(Some(page))
    }
}
