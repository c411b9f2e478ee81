//! How fresh an answer over HTTP is, in its headers: who reads them sees staleness without a look into the body, and
//! who keeps answers can ask whether there is anything newer.
//!
//! | header | says |
//! | --- | --- |
//! | `Age` | seconds since the platform was last known to say so; of several agents the oldest counts |
//! | `onduty-confirmed-at` | that instant |
//! | `onduty-revision` | of one agent its newest change, of several the newest of all |
//! | `onduty-cursor` | where a watch goes on from there |
//! | `ETag` | changes when what is shown does; `If-None-Match` gets 304 while it does not |
//! | `Cache-Control` | `max-age` is how old evidence may be before the platform is asked again; `no-cache` has every cache ask first, because a push changes a state long before that |

use std::time::Duration;

use axum::Json;
use axum::response::{IntoResponse as _, Response};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use onduty_core::cursor::Cursor;
use onduty_core::row::Row;
use onduty_core::time::Timestamp;
use serde::Serialize;

use super::platform_json::to_text;

const CONFIRMED_AT: HeaderName = HeaderName::from_static("onduty-confirmed-at");
const REVISION: HeaderName = HeaderName::from_static("onduty-revision");
const CURSOR: HeaderName = HeaderName::from_static("onduty-cursor");

/// What the headers of one answer are made of.
#[derive(Clone, Debug)]
pub(super) struct Freshness {
    /// Up to where it shows every change. Taken before the first of its states is: an answer may show more than its
    /// cursor says, and a watch from there tells that again; it must never show less.
    pub(super) shows: Cursor,
    /// The oldest evidence for it, if there is any.
    pub(super) confirmed_at: Option<Timestamp>,
    /// When the answer is given.
    pub(super) now: Timestamp,
    /// What else it depends on, or instead of the cursor; part of the tag.
    version: String,
}

impl Freshness {
    /// Of states, out of a snapshot that stands at a cursor.
    pub(super) fn of<'a>(rows: impl Iterator<Item = &'a Row>, shows: Cursor, now: Timestamp) -> Self {
        // Somebody of whom nothing was ever confirmed leaves no age to tell.
        let oldest = rows.map(Row::confirmed_at).min().filter(|at| *at > Timestamp::MIN);
        Self { shows, confirmed_at: oldest, now, version: shows.to_string() }
    }

    /// Of something that has a version of its own, and is no part of the history.
    pub(super) fn of_version(
        version: String,
        shows: Cursor,
        confirmed_at: Timestamp,
        now: Timestamp,
    ) -> Self {
        Self { shows, confirmed_at: Some(confirmed_at), now, version }
    }

    /// The same of an answer that also shows something that moves without a revision.
    pub(super) fn and(self, other: &str) -> Self {
        Self { version: format!("{}/{other}", self.version), ..self }
    }

    /// Of one state: it is the same for as long as its own revision is.
    pub(super) fn of_one(row: &Row, at: Cursor, now: Timestamp) -> Self {
        Self::of(std::iter::once(row), Cursor { revision: row.revision, ..at }, now)
    }

    /// The same answer with these headers, but for those about keeping it.
    pub(super) fn stamp(&self, mut response: Response) -> Response {
        let headers = response.headers_mut();
        if let Some(at) = self.confirmed_at {
            headers.insert(header::AGE, self.now.since(at).as_secs().into());
            let text = to_text(at).and_then(|text| HeaderValue::try_from(text).ok());
            headers.extend(text.map(|text| (CONFIRMED_AT, text)));
        }
        headers.insert(REVISION, self.shows.revision.0.into());
        if let Ok(cursor) = HeaderValue::try_from(self.shows.to_string()) {
            headers.insert(CURSOR, cursor);
        }
        response
    }

    /// An answer that may be kept, or 304 if its reader has it already. States older than `max_age` are asked for
    /// again.
    pub(super) fn answer(self, asked: &HeaderMap, body: impl Serialize, max_age: Duration) -> Response {
        let tag = format!("W/\"{}\"", self.version);
        let response = if is_known(asked, &tag) {
            StatusCode::NOT_MODIFIED.into_response()
        } else {
            Json(body).into_response()
        };
        let mut response = self.stamp(response);
        let headers = response.headers_mut();
        let keep = format!("private, no-cache, max-age={}", max_age.as_secs());
        for (name, value) in [(header::CACHE_CONTROL, keep), (header::ETAG, tag)] {
            headers.extend(HeaderValue::try_from(value).ok().map(|value| (name, value)));
        }
        response
    }
}

/// Whether `If-None-Match` names this version. Compared as weak tags are (RFC 9110, 8.8.3.2).
fn is_known(asked: &HeaderMap, tag: &str) -> bool {
    let opaque = |tag: &str| tag.trim().trim_start_matches("W/").to_owned();
    let lists = asked.get_all(header::IF_NONE_MATCH).iter().filter_map(|list| list.to_str().ok());
    lists.flat_map(|list| list.split(',')).any(|known| known.trim() == "*" || opaque(known) == opaque(tag))
}

#[cfg(test)]
mod tests {
    use super::*;
    use onduty_core::cursor::{Epoch, Revision};

    fn at(revision: u64) -> Freshness {
        let shows = Cursor { epoch: Epoch(7), revision: Revision(revision) };
        let (confirmed_at, now) = (Some(Timestamp::from_millis(1_000)), Timestamp::from_millis(43_900));
        Freshness { shows, confirmed_at, now, version: shows.to_string() }
    }

    fn asked(known: &str) -> HeaderMap {
        HeaderMap::from_iter([(header::IF_NONE_MATCH, HeaderValue::try_from(known).unwrap())])
    }

    #[test]
    fn who_has_the_newest_version_is_told_so_and_everybody_else_gets_it() {
        let tag = at(3).answer(&HeaderMap::new(), 1, Duration::ZERO).headers()[header::ETAG].clone();
        let tag = tag.to_str().unwrap();
        let strong = tag.trim_start_matches("W/");
        let table = [
            (3, tag.to_owned(), StatusCode::NOT_MODIFIED),
            (3, strong.to_owned(), StatusCode::NOT_MODIFIED),
            (3, format!("\"other\", {tag}"), StatusCode::NOT_MODIFIED),
            (3, "*".to_owned(), StatusCode::NOT_MODIFIED),
            (4, tag.to_owned(), StatusCode::OK),
            (3, "\"c1\"".to_owned(), StatusCode::OK),
            (3, String::new(), StatusCode::OK),
        ];
        for (revision, known, expected) in table {
            let response = at(revision).answer(&asked(&known), 1, Duration::ZERO);
            assert_eq!(response.status(), expected, "{known}");
            assert!(response.headers().contains_key(header::ETAG), "a 304 has the headers of its 200");
        }
    }

    #[test]
    fn what_moves_without_a_revision_changes_the_tag_and_nothing_else() {
        let table =
            [("shown 3", "shown 3", StatusCode::NOT_MODIFIED), ("shown 3", "shown 2", StatusCode::OK)];
        for (known, shown, expected) in table {
            let first = at(3).and(known).answer(&HeaderMap::new(), 1, Duration::ZERO);
            let tag = first.headers()[header::ETAG].to_str().unwrap();
            let second = at(3).and(shown).answer(&asked(tag), 1, Duration::ZERO);
            assert_eq!(second.status(), expected, "{shown}");
            assert_eq!(second.headers()[CURSOR], first.headers()[CURSOR]);
        }
    }

    #[test]
    fn age_is_told_in_whole_seconds_and_only_where_there_is_evidence() {
        let response = at(3).answer(&HeaderMap::new(), 1, Duration::from_secs(300));
        let header = |name: &str| response.headers()[name].to_str().unwrap().to_owned();
        assert_eq!((header("age"), header("onduty-revision")), ("42".into(), "3".into()));
        assert_eq!(header("onduty-confirmed-at"), "1970-01-01T00:00:01.000Z");
        assert_eq!(header("onduty-cursor"), "c1-0000000000000007-3");
        assert_eq!(header("cache-control"), "private, no-cache, max-age=300");
        let unconfirmed = Freshness { confirmed_at: None, ..at(3) };
        let response = unconfirmed.answer(&HeaderMap::new(), 1, Duration::ZERO);
        assert!(!response.headers().contains_key(header::AGE));
    }
}
