//! One page of a listing.

use serde_json::Value;

use super::Malformed;
use super::limits::parse;
use super::member::{Object, count, elements, object, word};

/// The most entities taken in one page; the platform's own maximum is 500.
const ENTITIES_MAX: usize = 1_000;

/// One page of a listing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page<T> {
    /// What is on it.
    pub entities: Vec<T>,
    /// Its number, from 1.
    pub number: Option<u64>,
    /// How many pages there are.
    pub pages: Option<u64>,
    /// How many entities there are on all pages.
    pub total: Option<u64>,
    /// Whether the platform names a next page.
    pub has_next: bool,
}

/// How many entities a listing says that there are on all its pages.
///
/// # Errors
///
/// When the body is malformed.
pub fn total(body: &[u8]) -> Result<Option<u64>, Malformed> {
    object(&parse(body)?)?.optional("total", count)
}

/// Reads a page, each entity by the same reader, and whatever else its object holds by another.
pub(super) fn page<T, U>(
    body: &[u8],
    read: impl Fn(&Value) -> Result<T, Malformed>,
    rest: impl Fn(Object<'_>) -> Result<U, Malformed>,
) -> Result<(Page<T>, U), Malformed> {
    let body = parse(body)?;
    let members = object(&body)?;
    let page = Page {
        entities: members.required("entities", |value| elements(value, ENTITIES_MAX, read))?,
        number: members.optional("pageNumber", count)?,
        pages: members.optional("pageCount", count)?,
        total: members.optional("total", count)?,
        has_next: members.optional("nextUri", word)?.is_some(),
    };
    Ok((page, rest(members)?))
}
