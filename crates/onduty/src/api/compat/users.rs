//! `GET /api/v2/users`: everybody who is active, in pages, or those of some ids.
//!
//! The platform leaves out without a word whom it does not find and which expands it dropped. Here each id that is
//! not among `entities`, or is there without the state that was asked for, has a finding in `findings`. A page of
//! everybody says in `account` how many have a state to show and why the others have none.
//!
//! Everybody stands in order of id, which does not move while states change, so that no page misses anybody.

use std::sync::Arc;

use axum::extract::{RawQuery, State};
use axum::response::Response;
use futures_util::future::join_all;
use http::HeaderMap;
use onduty_core::account::Account;
use onduty_core::agent::{AccountState, Facet};
use onduty_core::finding::Finding;
use onduty_core::row::Row;
use serde::Serialize;
use serde_json::Value;

use super::parameters::{Expand, Page, ids, too_many};
use super::refusal::{Nobody, Refusal, all_told};
use super::shape::User;
use super::{Compat, Shared, Told, held};
use crate::api::rest::query::Query;
use crate::proto_json;

/// Users on one page, as on the platform.
const PAGE_MAX: usize = 500;
/// Ids in one request, as on the platform.
const IDS_MAX: usize = 100;

const NOBODY: Nobody =
    Nobody { code: "general.resource.not.found", message: "The requested user(s) could not be found" };

/// Which accounts are asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Accounts {
    Active,
    Any,
}

/// One page.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Listing<'a> {
    entities: Vec<User<'a>>,
    page_size: usize,
    page_number: usize,
    total: usize,
    first_uri: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_uri: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    previous_uri: Option<String>,
    last_uri: String,
    self_uri: String,
    page_count: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    findings: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    account: Option<Value>,
}

pub(super) async fn get(
    State(compat): Shared,
    headers: HeaderMap,
    RawQuery(raw): RawQuery,
) -> Result<Response, Refusal> {
    let query = Query::read(raw.as_deref())?;
    let page = Page::read(&query, PAGE_MAX)?;
    for parameter in ["jabberId", "integrationPresenceSource"] {
        if let Some(value) = query.all(parameter).next() {
            let why = "none: onduty keeps users and their primary presences by id";
            return Err(Refusal::parameter(parameter, value, why));
        }
    }
    let refusal = too_many("max.user.ids", "Only 100 users can be requested at a time.");
    let ids = ids(&query, IDS_MAX, refusal)?;
    let accounts = Accounts::read(&query, ids.is_some())?;
    let wanted =
        Wanted { page, accounts, expand: Expand::read(&query), raw: raw.as_deref().unwrap_or_default() };
    match ids {
        Some(ids) => of_ids(&compat, &headers, &ids, wanted).await,
        None => everybody(&compat, &headers, descending(&query)?, wanted).await,
    }
}

/// What is asked for, but of whom.
#[derive(Clone, Copy, Debug)]
struct Wanted<'a> {
    page: Page,
    accounts: Accounts,
    expand: Expand,
    /// The query as it came, for the links from page to page.
    raw: &'a str,
}

async fn everybody(
    compat: &Compat,
    headers: &HeaderMap,
    descending: bool,
    wanted: Wanted<'_>,
) -> Result<Response, Refusal> {
    let snapshot = compat.view.snapshot();
    let account = compat.answers.account(&snapshot).await.map_err(|finding| {
        compat.missed(&finding);
        Refusal::of(&finding, NOBODY)
    })?;
    let active: Vec<&Arc<Row>> =
        snapshot.present_after(None).filter(|row| wanted.accounts.admit(row)).collect();
    let total = active.len();
    let in_order: Box<dyn Iterator<Item = &Arc<Row>> + Send> =
        if descending { Box::new(active.into_iter().rev()) } else { Box::new(active.into_iter()) };
    let rows: Vec<&Row> =
        in_order.skip(wanted.page.offset()).take(wanted.page.size).map(|row| &**row).collect();
    let entities = rows.iter().map(|row| User::of(row, wanted.expand)).collect();
    let fresh = compat.fresh(rows.into_iter(), snapshot.cursor());
    let listing = Listing::of(entities, total, wanted);
    if wanted.expand.facets().is_empty() {
        return Ok(compat.show(headers, fresh, listing));
    }
    // Who is withheld for want of rights depends on what is known of these, which moves without a revision.
    let account = told(&account);
    let fresh = fresh.and(&tag_of(&account));
    Ok(compat.show(headers, fresh, Listing { account: Some(account), ..listing }))
}

async fn of_ids(
    compat: &Compat,
    headers: &HeaderMap,
    ids: &[&str],
    wanted: Wanted<'_>,
) -> Result<Response, Refusal> {
    let (facets, shows) = (wanted.expand.facets(), compat.view.snapshot().cursor());
    let answers = join_all(ids.iter().map(|id| compat.one_of_many(id, &facets, wanted.accounts))).await;
    let snapshot = compat.view.snapshot();
    let (mut rows, mut users, mut misses) = (Vec::new(), Vec::new(), Vec::<&Finding>::new());
    for (id, told) in ids.iter().zip(&answers) {
        let (row, expand) = match told {
            Told::Whole(row) | Told::Part(row, _) => (Some(row), wanted.expand),
            // Who they are may be known all the same.
            Told::Nothing(_) => (held(&snapshot, id), wanted.expand.without_state()),
        };
        let row = row.filter(|row| wanted.accounts.admit(row));
        if let Some(row) = row {
            rows.push(&**row);
            users.push(User::of(row, expand));
        }
        match told {
            Told::Part(_, finding) | Told::Nothing(finding) if row.is_none() || !facets.is_empty() => {
                misses.push(finding);
            }
            Told::Whole(_) | Told::Part(..) | Told::Nothing(_) => {}
        }
    }
    let told = (!misses.is_empty()).then(|| all_told(&misses));
    if users.is_empty()
        && let Some(refusal) = Refusal::of_several(&misses, NOBODY)
    {
        return Err(refusal);
    }
    let total = users.len();
    let entities = users.into_iter().skip(wanted.page.offset()).take(wanted.page.size).collect();
    let listing = Listing { findings: told, ..Listing::of(entities, total, wanted) };
    if misses.is_empty() {
        return Ok(compat.show(headers, compat.fresh(rows.into_iter(), shows), listing));
    }
    Ok(compat.show_part(rows.into_iter(), shows, listing))
}

impl Compat {
    /// One user of a list: as held, where only who somebody is is asked for.
    async fn one_of_many(&self, id: &str, facets: &[Facet], accounts: Accounts) -> Told {
        let snapshot = self.view.snapshot();
        match held(&snapshot, id).filter(|row| facets.is_empty() && accounts.admit(row)) {
            Some(row) => Told::Whole(Arc::clone(row)),
            None => self.state(id, facets).await,
        }
    }
}

fn told(account: &Account) -> Value {
    proto_json::account(&crate::api::listing::to_account(account))
}

/// An account as part of a tag: no character of it may end one, or part one from the next.
fn tag_of(account: &Value) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() || c == '_' { c } else { '.' };
    account.to_string().chars().map(plain).collect()
}

/// Whether the last come first.
fn descending(query: &Query) -> Result<bool, Refusal> {
    let Some(text) = query.one("sortOrder")? else { return Ok(false) };
    match text.to_ascii_lowercase().as_str() {
        "asc" | "ascending" => Ok(false),
        "desc" | "descending" => Ok(true),
        _ => Err(Refusal::parameter("sortOrder", text, "ascending, descending")),
    }
}

impl Accounts {
    /// Reads `state`. To leave out of some ids whoever is active would be to leave them out without a word.
    fn read(query: &Query, by_id: bool) -> Result<Self, Refusal> {
        match query.one("state")? {
            None | Some("active") => Ok(Self::Active),
            Some("any") if by_id => Ok(Self::Any),
            Some(other) if by_id => {
                let allowed = "active, any; with any each user says in `state` whether the account is in use";
                Err(Refusal::parameter("state", other, allowed))
            }
            Some(other) => {
                let allowed = "active; onduty keeps the active users. Ask for others by id, with state=any";
                Err(Refusal::parameter("state", other, allowed))
            }
        }
    }

    /// Whether somebody is among them. An account of which nothing is known is in use.
    fn admit(self, row: &Row) -> bool {
        match row.account() {
            Some(AccountState::Active) | None => true,
            Some(AccountState::Inactive | AccountState::Deleted) => self == Self::Any,
        }
    }
}

impl<'a> Listing<'a> {
    fn of(entities: Vec<User<'a>>, total: usize, wanted: Wanted<'_>) -> Self {
        let Page { size, number } = wanted.page;
        let page_count = total.div_ceil(size);
        let uri = |number| uri(wanted.raw, size, number);
        Self {
            entities,
            page_size: size,
            page_number: number,
            total,
            first_uri: uri(1),
            next_uri: (number < page_count).then(|| uri(number + 1)),
            previous_uri: (number > 1).then(|| uri(number - 1)),
            last_uri: uri(page_count.max(1)),
            self_uri: uri(number),
            page_count,
            findings: None,
            account: None,
        }
    }
}

/// The link to another page of the same question.
fn uri(raw: &str, size: usize, number: usize) -> String {
    let of_page = |part: &&str| ["pageSize=", "pageNumber="].iter().any(|name| part.starts_with(name));
    let others = raw.split('&').filter(|part| !part.is_empty() && !of_page(part));
    let others: String = others.map(|part| format!("&{part}")).collect();
    format!("/api/v2/users?pageSize={size}&pageNumber={number}{others}")
}
