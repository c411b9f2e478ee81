//! The messages of a watch, made out of rows.
//!
//! A change that a watch is not to show is told as a removal, unless the agent can't have been shown before. The
//! server does not remember what it sent to whom (a resumed watch could not know either), so a consumer may be told
//! to remove somebody it never had: it does nothing then.

use std::collections::VecDeque;
use std::sync::Arc;

use onduty_core::account::Place;
use onduty_core::agent::UserId;
use onduty_core::cursor::{Cursor, Revision};
use onduty_core::row::Row;
use onduty_core::selector::Selector;
use onduty_core::snapshot::{Gap, Snapshot};
use onduty_core::time::Timestamp;
use onduty_proto::encoded::Encoded;
use onduty_proto::v1::watch_agent_states_response::Message as Kind;
use onduty_proto::v1::{
    Finding, ResetReason, WatchAgentStatesResponse, WatchChanges, WatchProgress, WatchReset, WatchSnapshot,
};

use prost::Message as _;

use super::frames::Frame;
use crate::api::convert::to_timestamp;
use crate::api::encode::{Changes, States};

/// One message of a watch, encoded.
pub(in crate::api) type Message = Encoded<WatchAgentStatesResponse>;

/// A message ends at this size. It is what a stalled stream keeps in memory, so it is small: as much as tonic sends
/// at a time anyway.
const MESSAGE_BYTES_MAX: usize = 32 * 1_024;

/// So many rows are looked at for one message, before other tasks get a turn.
const ROWS_PER_TURN: usize = 4_096;

/// A part of a page through a snapshot.
pub(super) struct Part {
    /// The page; `None` when none of the rows looked at are to be shown, and there are more.
    pub(super) message: Option<Message>,
    /// Where to go on; `None` at the end.
    pub(super) after: Option<UserId>,
}

/// Why a watch begins anew, or ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cause {
    /// The cursor is of no use here. A snapshot follows.
    Gap(Gap),
    /// The server is going away. The stream ends.
    Draining,
}

impl Cause {
    /// The name by which resets are counted.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Gap(Gap::EpochChanged) => "epoch_changed",
            Self::Gap(Gap::CursorExpired) => "cursor_expired",
            Self::Draining => "draining",
        }
    }
}

/// The next page of a snapshot, which goes by `cursor`. When `findings_follow`, none of the pages with states is the
/// last.
pub(super) fn page(
    snapshot: &Snapshot,
    selector: &Selector,
    cursor: Cursor,
    after: Option<&UserId>,
    findings_follow: bool,
) -> Part {
    let mut states = States::default();
    let mut done: Option<&Arc<Row>> = None;
    let mut whole = true;
    for (looked_at, row) in snapshot.present_after(after.map(UserId::as_str)).enumerate() {
        let shown = Place::of(row, selector) == Place::Shown;
        if looked_at == ROWS_PER_TURN || (shown && !states.add(row, MESSAGE_BYTES_MAX)) {
            whole = false;
            break;
        }
        done = Some(row);
    }
    let last = whole && !findings_follow;
    let tell = last || !states.is_empty();
    let rest = WatchSnapshot { last, cursor: cursor.to_string(), ..WatchSnapshot::default() };
    Part {
        message: tell.then(|| states.into_snapshot(&rest)),
        after: done.filter(|_| !whole).map(|row| row.user_id().clone()),
    }
}

/// The next page of a snapshot's findings: as many as fit, and the first whatever its size. When none are left behind,
/// it is the last page.
pub(super) fn findings(left: &mut VecDeque<Finding>, cursor: Cursor) -> Message {
    let (mut some, mut bytes) = (Vec::new(), 0);
    while let Some(finding) = left.pop_front() {
        bytes += finding.encoded_len();
        if bytes > MESSAGE_BYTES_MAX && !some.is_empty() {
            left.push_front(finding);
            break;
        }
        some.push(finding);
    }
    let (last, cursor) = (left.is_empty(), cursor.to_string());
    of(Kind::Snapshot(WatchSnapshot { agent_states: Vec::new(), last, cursor, findings: some }))
}

/// A sign of life inside a snapshot, where there is no cursor to resume from yet: a page with nothing on it.
pub(super) fn blank(cursor: Cursor) -> Message {
    of(Kind::Snapshot(WatchSnapshot { cursor: cursor.to_string(), ..WatchSnapshot::default() }))
}

/// What changed after `from`: as many of the rows, which come by revision, as fit. When all of them do, everything
/// up to `newest` is told.
pub(super) fn changes<'a>(
    rows: impl Iterator<Item = &'a Row>,
    selector: &Selector,
    from: Cursor,
    newest: Revision,
) -> Frame {
    let mut changes = Changes::default();
    let (mut done, mut whole, mut heard_at) = (from.revision, true, None::<Timestamp>);
    for (looked_at, row) in rows.enumerate() {
        let mut fits = || match Telling::of(row, selector) {
            Telling::Upsert => changes.upsert(row, MESSAGE_BYTES_MAX),
            Telling::Remove => changes.remove(row.agent_id(), MESSAGE_BYTES_MAX),
            Telling::Nothing => true,
        };
        if looked_at == ROWS_PER_TURN || !fits() {
            whole = false;
            break;
        }
        done = row.revision;
        heard_at = heard_at.max(Some(row.changed_at));
    }
    let to = if whole { newest } else { done };
    let cursor = Cursor { revision: to, ..from };
    let rest = WatchChanges { changes: Vec::new(), cursor: cursor.to_string() };
    Frame { message: (!changes.is_empty()).then(|| changes.into_message(&rest)), to, heard_at }
}

/// Nothing changed, up to now.
pub(super) fn progress(cursor: Cursor, as_of: Timestamp) -> Message {
    let progress = WatchProgress { cursor: cursor.to_string(), as_of: Some(to_timestamp(as_of)) };
    of(Kind::Progress(progress))
}

/// The watch begins anew, or ends; then it can be resumed from the cursor, if it had come far enough to have one.
pub(super) fn reset(cause: Cause, resume_from: Option<Cursor>) -> Message {
    let reason = match cause {
        Cause::Gap(Gap::EpochChanged) => ResetReason::EpochChanged,
        Cause::Gap(Gap::CursorExpired) => ResetReason::CursorExpired,
        Cause::Draining => ResetReason::Draining,
    };
    let cursor = resume_from.map(|cursor| cursor.to_string()).unwrap_or_default();
    of(Kind::Reset(WatchReset { reason: reason.into(), cursor }))
}

fn of(kind: Kind) -> Message {
    WatchAgentStatesResponse { message: Some(kind) }.into()
}

/// How a changed row is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Telling {
    Upsert,
    Remove,
    Nothing,
}

impl Telling {
    fn of(row: &Row, selector: &Selector) -> Self {
        let named = selector.agent_ids.is_empty() || selector.agent_ids.contains(row.agent_id());
        if row.present && Place::of(row, selector) == Place::Shown {
            Self::Upsert
        } else if row.has_state() && named {
            Self::Remove
        } else {
            // Without a state it was never shown: a state, once known, never becomes unknown.
            Self::Nothing
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use onduty_core::cursor::Epoch;

    #[test]
    fn findings_come_in_order_on_pages_of_bounded_size_and_only_the_last_page_is_the_last() {
        let cursor = Cursor { epoch: Epoch(1), revision: Revision(7) };
        let finding = |number: usize, size: usize| Finding {
            agent_id: number.to_string(),
            summary: "x".repeat(size),
            ..Finding::default()
        };
        // None, one, one that is larger than a page by itself, many.
        let table = [vec![], vec![10], vec![10, MESSAGE_BYTES_MAX, 10], vec![1_000; 100]];
        for sizes in table {
            let all: VecDeque<_> = sizes.iter().enumerate().map(|(at, size)| finding(at, *size)).collect();
            let (mut left, mut told) = (all.clone(), VecDeque::new());
            loop {
                let message = findings(&mut left, cursor).decode().expect("a message");
                let Some(Kind::Snapshot(page)) = message.message else { panic!("a page") };
                assert!(page.findings.len() == 1 || page.encoded_len() < MESSAGE_BYTES_MAX + 1_024);
                assert_eq!(page.cursor, cursor.to_string());
                told.extend(page.findings);
                if page.last {
                    break;
                }
            }
            assert_eq!(told, all);
        }
    }
}
