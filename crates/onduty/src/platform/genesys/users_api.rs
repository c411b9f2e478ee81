//! The users API: an agent is a user, and `/api/v2/users` tells roster and state in one call.
//!
//! Expands are best effort: a user without presence and routing status is one about whom nothing was said, and is
//! asked for by the specific calls. Whom a request for ids with `state=any` leaves out does not exist, provided that
//! the token sees every division; otherwise their presence tells: that call has no divisions.

mod alone;
mod lookup;
mod parts;
mod sizes;
mod unnamed;

use std::collections::BTreeSet;
use std::sync::Arc;

use onduty_core::access::Needs;
use onduty_core::agent::UserId;
use onduty_core::observation::{Observation, Source};
use onduty_core::row::Row;

use super::access::AccessReader;
use super::budget::Purpose;
use super::client::{Answer, Ask, Client};
use super::decode::{self, Arrival, Heard};
use super::error::PlatformError;
use super::route::{Route, encoded};
use crate::forecast::ListingShape;
use crate::platform::ListedPage;
use crate::publish::View;
use crate::status::StatusBoard;
use parts::Told;
use sizes::{Piece, Sizes, joined};

/// Ids in one request; more is refused with `max.user.ids`.
pub const BATCH_MAX: usize = 100;
/// Users on one page. More is allowed, but with expands risks `response.entity.too.large`.
pub const PAGE_SIZE: usize = 100;
/// A page holds states as well.
pub const LISTING: ListingShape =
    ListingShape { page: PAGE_SIZE as u64, states_apart: None, batch: BATCH_MAX as u64 };
/// Every expand that says something of a state, as one value: the form that the platform's own SDKs send.
const EXPAND: &str = "presence,routingStatus,outOfOffice";
/// What decides whom the directory shows. The reads of state themselves declare no permission, and scopes do not bind
/// client-credentials tokens.
pub const NEEDS: Needs =
    Needs { scope: None, permission: "directory:user:view", permission_binds: false, roles: &[] };

/// The users API of one organisation.
#[derive(Debug)]
pub struct UsersApi {
    client: Arc<Client>,
    /// What is held already.
    view: View,
    access: AccessReader,
    /// How much is asked for at once.
    sizes: Sizes,
}

impl UsersApi {
    /// Asks through a client.
    pub fn new(client: Arc<Client>, view: View, status: StatusBoard) -> Self {
        Self { client, view, access: AccessReader::new(NEEDS, status), sizes: Sizes::default() }
    }

    /// What its token may do.
    pub const fn access(&self) -> &AccessReader {
        &self.access
    }

    /// One page of all active users. What is too large for one answer is read in smaller pieces.
    ///
    /// # Errors
    ///
    /// When there is no usable answer.
    pub async fn list_page(&self, size: usize, number: u64) -> Result<ListedPage, PlatformError> {
        let mut pieces = vec![Piece { size, number }];
        let mut pages = Vec::new();
        while let Some(piece) = pieces.pop() {
            if piece.size > self.sizes.page()
                && let Some(smaller) = piece.smaller()
            {
                pieces.extend(smaller.into_iter().rev());
                continue;
            }
            match self.list_piece(piece).await {
                Ok(page) => {
                    let has_next = page.has_next;
                    pages.push(page);
                    if !has_next {
                        break;
                    }
                }
                Err(error) if error.says_too_large() => {
                    let smaller = piece.smaller().ok_or(error)?;
                    self.sizes.shrink_page(smaller.first().map_or(1, |piece| piece.size));
                    pieces.push(piece);
                }
                Err(error) => return Err(error),
            }
        }
        Ok(joined(pages))
    }

    async fn list_piece(&self, Piece { size, number }: Piece) -> Result<ListedPage, PlatformError> {
        let path =
            format!("{}?pageSize={size}&pageNumber={number}&state=active&expand={EXPAND}", Route::Users);
        let answer = self.client.get(&Ask { route: Route::Users, path, purpose: Purpose::Sweep }).await?;
        let arrival = Arrival { source: Source::Sweep, heard_at: answer.sent_at };
        let page = self.client.read(&answer, |body| decode::users(body, arrival))?;
        let unreadable = self.count_unreadable(&page.entities);
        let observations: Vec<Observation> =
            page.entities.into_iter().flat_map(|heard| heard.observations).collect();
        let named = observations.iter().map(|observation| observation.user_id.clone()).collect();
        Ok(ListedPage { observations, named, total: page.total, has_next: page.has_next, unreadable })
    }

    /// Users on one page of a listing that begins now.
    pub fn page_size(&self) -> usize {
        self.sizes.page()
    }

    fn count_unreadable(&self, users: &[Heard]) -> usize {
        let unreadable = users.iter().map(Heard::unreadable).sum();
        self.client.count_unreadable(unreadable);
        unreadable
    }

    /// What is said of users whom a full listing of the active did not name: that they are inactive or deleted, or,
    /// of those who are merely hidden, that they exist.
    ///
    /// # Errors
    ///
    /// When there is no usable answer.
    pub async fn still_there(&self, missing: &[Arc<Row>]) -> Result<Vec<Observation>, PlatformError> {
        let asked_at = self.client.now();
        let ids: Vec<UserId> = missing.iter().map(|row| row.user_id().clone()).collect();
        let mut found = self.named(&ids, Source::Sweep, Purpose::Sweep).await?;
        let named: BTreeSet<UserId> = found.iter().map(|found| found.user_id.clone()).collect();
        let unnamed = missing.iter().filter(|row| !named.contains(row.user_id()));
        let unnamed: Vec<String> = unnamed.map(|row| row.user_id().as_str().to_owned()).collect();
        found.extend(self.hidden(&unnamed, asked_at).await);
        Ok(found)
    }

    /// What the directory says of these users, whatever their account's state; of whom it says nothing, nothing.
    ///
    /// # Errors
    ///
    /// When there is no usable answer.
    pub async fn named(
        &self,
        users: &[UserId],
        source: Source,
        purpose: Purpose,
    ) -> Result<Vec<Observation>, PlatformError> {
        let told = self.told_of(users, source, purpose).await?;
        Ok(told.into_iter().flat_map(|told| told.said).collect())
    }

    /// As [`UsersApi::named`], with what is known of the parts that are left out.
    async fn told_of(
        &self,
        users: &[UserId],
        source: Source,
        purpose: Purpose,
    ) -> Result<Vec<Told>, PlatformError> {
        let ids: Vec<&str> = users.iter().map(UserId::as_str).collect();
        match self.ask_for(&ids, source, purpose).await {
            Ok((told, _)) => Ok(told),
            Err(error) if error.nobody().is_some() => Ok(Vec::new()),
            Err(error) => Err(error),
        }
    }

    /// The users of some ids, in one request, or in several where that is too large for one answer.
    async fn ask_for(
        &self,
        ids: &[&str],
        source: Source,
        purpose: Purpose,
    ) -> Result<(Vec<Told>, Answer), PlatformError> {
        let mut open: Vec<&[&str]> = ids.chunks(self.sizes.batch()).rev().collect();
        let (mut told, mut seen, mut nobody) = (Vec::new(), None, None);
        while let Some(ids) = open.pop() {
            match self.ask_at_once(ids, source, purpose).await {
                Ok((more, answer)) => {
                    told.extend(more);
                    seen = Some(answer);
                }
                Err(error) if error.says_too_large() && ids.len() > 1 => {
                    let (first, second) = ids.split_at(ids.len().div_ceil(2));
                    self.sizes.shrink_batch(first.len());
                    open.extend([second, first]);
                }
                // Of these, and maybe not of the others.
                Err(error) if error.nobody().is_some() => nobody = Some(error),
                Err(error) => return Err(error),
            }
        }
        match (seen, nobody) {
            (Some(answer), _) => Ok((told, answer)),
            (None, Some(error)) => Err(error),
            // Of no ids at all nothing was asked.
            (None, None) => Err(PlatformError::Unavailable {
                since: self.client.now(),
                detail: "asked for nobody".to_owned(),
            }),
        }
    }

    async fn ask_at_once(
        &self,
        ids: &[&str],
        source: Source,
        purpose: Purpose,
    ) -> Result<(Vec<Told>, Answer), PlatformError> {
        let list: Vec<String> = ids.iter().map(|id| format!("id={}", encoded(id))).collect();
        // Without a page size the platform shows 25 of the ids asked for.
        let path =
            format!("{}?pageSize={BATCH_MAX}&state=any&expand={EXPAND}&{}", Route::Users, list.join("&"));
        let answer = self.client.get(&Ask { route: Route::Users, path, purpose }).await?;
        let arrival = Arrival { source, heard_at: answer.sent_at };
        let page = self.client.read(&answer, |body| decode::users(body, arrival))?;
        self.count_unreadable(&page.entities);
        Ok((page.entities.into_iter().flat_map(Told::of).collect(), answer))
    }
}
