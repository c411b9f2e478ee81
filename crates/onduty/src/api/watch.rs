//! Watches: a snapshot, then changes, or exactly what was missed since a cursor. The same for every API.
//!
//! A watch is a cursor over the published roster and has no queue. Its stream makes the next message only when the
//! connection has room for it, out of the newest snapshot there is by then: so a slow consumer skips to the newest
//! state of each agent by itself, a stalled one costs nothing but its place, and nothing is missed in between.

mod frames;
mod hub;
mod message;
mod misses;
mod shelf;
mod stream;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use onduty_core::answer::Asked;
use onduty_core::cursor::Cursor;
use onduty_core::selector::Selector;
use onduty_proto::v1::{Delivery, WatchAgentStatesRequest};
use tokio::time::Instant;

pub(super) use self::hub::Hub;
pub(super) use self::message::Message;
pub(super) use self::stream::Watch;
use super::request::{from_duration, from_filter, from_ids};
use super::violation::Violation;

/// What a caller wants to watch.
#[derive(Debug)]
pub(super) struct Wanted {
    selector: Selector,
    /// Those watched by id, each once and in the order asked.
    asked: Box<[Asked]>,
    cursor: Option<Cursor>,
    every_change: bool,
    progress_interval: Duration,
    deadline: Option<Instant>,
}

/// Why a watch does not begin, or ends before its caller ends it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum WatchError {
    /// There is no room for another.
    #[error("as many watches are open as may be; close one, or raise limits.watches")]
    TooMany {
        /// How many that is.
        limit: usize,
    },
    /// The caller's own deadline.
    #[error("the watch ran as long as its caller allowed")]
    OutOfTime,
    /// Somebody who wants every change reads too slowly.
    #[error("the consumer is too many changes behind; resume from the cursor, and read faster")]
    TooSlow {
        /// Where to resume.
        cursor: Cursor,
        /// How many changes were not told.
        behind: u64,
    },
    /// Somebody who wants every change can't have it.
    #[error("some changes since the cursor are kept no longer; begin with a snapshot, without a cursor")]
    Expired {
        /// The cause by which it is counted.
        cause: &'static str,
    },
    /// The store.
    #[error("the history could not be read; resume from the cursor")]
    Unreadable {
        /// Where to resume.
        cursor: Cursor,
    },
}

impl WatchError {
    /// The name on every wire.
    pub(super) const fn reason(&self) -> &'static str {
        match self {
            Self::TooMany { .. } => "TOO_MANY_WATCHES",
            Self::OutOfTime => "DEADLINE_EXCEEDED",
            Self::TooSlow { .. } => "CONSUMER_TOO_SLOW",
            Self::Expired { .. } => "CURSOR_EXPIRED",
            Self::Unreadable { .. } => "HISTORY_UNREADABLE",
        }
    }
}

const PROGRESS_DEFAULT: Duration = Duration::from_secs(10);
const PROGRESS_MIN: Duration = Duration::from_millis(100);
const PROGRESS_MAX: Duration = Duration::from_secs(300);

/// Reads what a caller wants.
///
/// # Errors
///
/// Names the field at fault.
pub(super) fn read(
    request: WatchAgentStatesRequest,
    ids_max: usize,
    deadline: Option<Instant>,
) -> Result<Wanted, Violation> {
    let WatchAgentStatesRequest { agent_ids, filter, cursor, delivery, progress_interval } = request;
    let selector = match (agent_ids.is_empty(), filter) {
        (true, filter) => from_filter(filter)?,
        (false, None) => {
            let agent_ids = from_ids("agent_ids", &agent_ids, ids_max, |id| Box::from(id))?;
            Selector { agent_ids, ..Selector::default() }
        }
        (false, Some(_)) => return Err(Violation::new("filter", "does not go together with agent_ids")),
    };
    let cursor = match cursor.as_str() {
        "" => None,
        text => Some(text.parse().map_err(|error| Violation::new("cursor", format!("{error}")))?),
    };
    let every_change = match Delivery::try_from(delivery) {
        Ok(Delivery::Unspecified | Delivery::Coalesced) => false,
        Ok(Delivery::EveryChange) => true,
        Err(_) => return Err(Violation::new("delivery", "is no value that this version knows")),
    };
    let progress_interval =
        from_duration("progress_interval", progress_interval)?.unwrap_or(PROGRESS_DEFAULT);
    if !(PROGRESS_MIN..=PROGRESS_MAX).contains(&progress_interval) {
        return Err(Violation::new("progress_interval", "must be 100 ms to 5 min"));
    }
    let asked = in_order(&agent_ids);
    Ok(Wanted { selector, asked, cursor, every_change, progress_interval, deadline })
}

/// Each id once, where it stands first.
fn in_order(ids: &[String]) -> Box<[Asked]> {
    let mut met = BTreeSet::new();
    let each = ids.iter().filter(|id| met.insert(id.as_str()));
    each.map(|id| Asked::AgentId(Arc::from(id.as_str()))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use onduty_proto::v1::AgentFilter;

    fn read(request: WatchAgentStatesRequest) -> Result<Wanted, String> {
        super::read(request, 3, None).map_err(|violation| violation.field)
    }

    #[test]
    fn an_empty_request_watches_everyone_from_a_snapshot_on() {
        let wanted = read(WatchAgentStatesRequest::default()).expect("a watch");
        assert!(wanted.selector.is_everyone() && wanted.cursor.is_none() && !wanted.every_change);
        assert_eq!(wanted.progress_interval, Duration::from_secs(10));
    }

    #[test]
    fn an_id_watched_twice_is_asked_about_once_in_the_order_given() {
        let agent_ids = ["b", "A", "b"].map(str::to_owned).to_vec();
        let wanted = read(WatchAgentStatesRequest { agent_ids, ..Default::default() }).expect("a watch");
        let asked: Vec<_> = wanted.asked.iter().map(Asked::id).collect();
        assert_eq!(asked, ["b", "A"]);
        let shown: Vec<_> = wanted.selector.agent_ids.iter().map(AsRef::as_ref).collect();
        assert_eq!(shown, ["A", "a", "b"]);
    }

    #[test]
    fn what_can_t_be_watched_is_named() {
        let interval = |nanos| Some(prost_types::Duration { seconds: 0, nanos });
        let ids = |count| vec!["a".to_owned(); count];
        let table = [
            (WatchAgentStatesRequest { cursor: "yesterday".into(), ..Default::default() }, "cursor"),
            (WatchAgentStatesRequest { delivery: 9, ..Default::default() }, "delivery"),
            (WatchAgentStatesRequest { agent_ids: ids(4), ..Default::default() }, "agent_ids"),
            (
                WatchAgentStatesRequest {
                    agent_ids: ids(1),
                    filter: Some(AgentFilter::default()),
                    ..Default::default()
                },
                "filter",
            ),
            (
                WatchAgentStatesRequest { progress_interval: interval(99_999_999), ..Default::default() },
                "progress_interval",
            ),
        ];
        for (request, field) in table {
            assert_eq!(read(request).expect_err(field), field);
        }
    }
}
