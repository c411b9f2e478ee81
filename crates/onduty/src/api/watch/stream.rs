//! One watch: where it stands, and its next message.

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::{Arc, Weak};

use onduty_core::agent::UserId;
use onduty_core::answer::Asked;
use onduty_core::cursor::{Cursor, Revision};
use onduty_core::row::Row;
use onduty_core::snapshot::{Gap, Snapshot};
use onduty_proto::v1::Finding;
use tokio::time::{Instant, Sleep, sleep_until};
use tokio_util::sync::WaitForCancellationFutureOwned;

use super::frames::{Frame, Leap};
use super::hub::{Hub, Seat};
use super::message::{Cause, Message, blank, changes, findings, page, progress, reset};
use super::misses::{Gathering, gather, not_shown};
use super::{Wanted, WatchError};
use crate::error_chain::Chain;
use crate::history::HistoryError;
use crate::publish::View;

/// One watch. Small, for there are thousands of them.
pub(in crate::api) struct Watch {
    hub: Arc<Hub>,
    view: View,
    wanted: Wanted,
    stand: Stand,
    /// Those watched by id of whom the snapshot shows nothing: its last page is to say why.
    not_shown: Vec<Asked>,
    /// The name by which misses are counted.
    api: &'static str,
    /// How many changes behind this watch may be before it counts as too slow.
    behind_max: u64,
    sent_at: Instant,
    wake_up: Pin<Box<Sleep>>,
    draining: Pin<Box<WaitForCancellationFutureOwned>>,
    _seat: Seat,
}

/// Where a watch stands.
enum Stand {
    /// To begin with a snapshot.
    New,
    /// Inside a snapshot.
    Paging { cursor: Cursor, snapshot: Weak<Snapshot>, after: UserId },
    /// Behind the states of a snapshot, which is not whole before the reasons for what it does not show are known.
    Gathering { cursor: Cursor, reasons: Gathering },
    /// Telling those reasons.
    Explaining { cursor: Cursor, left: VecDeque<Finding> },
    /// Everything up to here was told.
    Live(Cursor),
    /// At its end.
    Over,
}

/// What came of one step.
enum Step {
    /// A message.
    Tell(Message),
    /// Nothing to tell, but the watch stands elsewhere now.
    Moved,
    /// Nothing to tell until something happens.
    Idle,
}

/// A consumer of every change may be this many behind. A resumed one begins with all that it missed, and may not
/// fall back further than that.
const BEHIND_MAX: u64 = 100_000;

/// Changes read from the history at a time: about as many as fit into one message.
const CHANGES_PER_READ: usize = 128;

impl Watch {
    /// A watch that has told nothing yet.
    pub(in crate::api) fn begin(
        hub: &Arc<Hub>,
        wanted: Wanted,
        api: &'static str,
    ) -> Result<Self, WatchError> {
        let seat = hub.seat()?;
        let sent_at = Instant::now();
        let newest = hub.view.snapshot().revision().0;
        let missed = wanted.cursor.map_or(0, |cursor| newest.saturating_sub(cursor.revision.0));
        let wake_up = Box::pin(sleep_until(due(sent_at, &wanted)));
        Ok(Self {
            view: hub.view.clone(),
            stand: wanted.cursor.map_or(Stand::New, Stand::Live),
            not_shown: Vec::new(),
            api,
            wanted,
            behind_max: missed.max(BEHIND_MAX),
            sent_at,
            wake_up,
            draining: Box::pin(hub.drain.clone().cancelled_owned()),
            hub: Arc::clone(hub),
            _seat: seat,
        })
    }

    /// The next message; `None` at the end. An error is the last message.
    pub(in crate::api) async fn next(&mut self) -> Option<Result<Message, WatchError>> {
        if matches!(self.stand, Stand::Over) {
            return None;
        }
        let told = self.tell().await;
        self.sent_at = Instant::now();
        if told.is_err() {
            self.stand = Stand::Over;
        }
        Some(told)
    }

    async fn tell(&mut self) -> Result<Message, WatchError> {
        loop {
            if self.wanted.deadline.is_some_and(|deadline| Instant::now() >= deadline) {
                return Err(WatchError::OutOfTime);
            }
            if self.hub.drain.is_cancelled() {
                return Ok(self.end());
            }
            let checked_at = self.hub.clock.now();
            match self.step().await? {
                Step::Tell(message) => return Ok(message),
                // A long way through rows that are not shown must not keep the thread from others.
                Step::Moved => tokio::task::yield_now().await,
                Step::Idle => {
                    if let Stand::Live(cursor) = self.stand
                        && Instant::now() >= due(self.sent_at, &self.wanted)
                    {
                        self.hub.shelf.clear(Instant::now());
                        return Ok(progress(cursor, checked_at));
                    }
                    self.wait().await;
                }
            }
        }
    }

    async fn step(&mut self) -> Result<Step, WatchError> {
        match &mut self.stand {
            Stand::New => {
                let snapshot = self.view.snapshot();
                self.not_shown = not_shown(&self.wanted.asked, &snapshot, &self.wanted.selector);
                Ok(self.turn_page(&snapshot, snapshot.cursor(), None))
            }
            Stand::Paging { cursor, snapshot, after } => {
                let (cursor, after) = (*cursor, after.clone());
                let snapshot = snapshot.upgrade().unwrap_or_else(|| self.view.snapshot());
                Ok(self.turn_page(&snapshot, cursor, Some(&after)))
            }
            Stand::Gathering { .. } => Ok(self.hear_reasons().await),
            Stand::Explaining { cursor, left } => {
                let cursor = *cursor;
                let message = findings(left, cursor);
                if left.is_empty() {
                    self.stand = Stand::Live(cursor);
                }
                Ok(Step::Tell(message))
            }
            Stand::Live(cursor) => {
                let (cursor, snapshot) = (*cursor, self.view.snapshot());
                self.go_on(&snapshot, cursor).await
            }
            Stand::Over => Ok(Step::Idle),
        }
    }

    fn turn_page(&mut self, snapshot: &Arc<Snapshot>, cursor: Cursor, after: Option<&UserId>) -> Step {
        let findings_follow = !self.not_shown.is_empty();
        let part = page(snapshot, &self.wanted.selector, cursor, after, findings_follow);
        let now = Instant::now();
        match part.after {
            Some(after) => {
                let snapshot = self.hub.shelf.put(snapshot, now);
                self.stand = Stand::Paging { cursor, snapshot, after };
            }
            None => {
                self.stand = self.behind_states(cursor);
                self.hub.shelf.clear(now);
            }
        }
        part.message.map_or(Step::Moved, Step::Tell)
    }

    /// Where the watch stands once all states of a snapshot are told.
    fn behind_states(&mut self, cursor: Cursor) -> Stand {
        let asked = std::mem::take(&mut self.not_shown);
        if asked.is_empty() {
            return Stand::Live(cursor);
        }
        Stand::Gathering { cursor, reasons: gather(&self.hub, asked, self.wanted.deadline, self.api) }
    }

    /// Waits for the reasons, and shows signs of life meanwhile.
    async fn hear_reasons(&mut self) -> Step {
        let Stand::Gathering { cursor, reasons } = &mut self.stand else { return Step::Idle };
        let cursor = *cursor;
        let due = due(self.sent_at, &self.wanted);
        self.wake_up.as_mut().reset(due);
        tokio::select! {
            biased;
            () = &mut self.draining => Step::Moved,
            left = reasons => {
                self.stand = Stand::Explaining { cursor, left };
                Step::Moved
            }
            () = &mut self.wake_up => Step::Tell(blank(cursor)),
        }
    }

    /// Tells what happened since the cursor.
    async fn go_on(&mut self, snapshot: &Snapshot, cursor: Cursor) -> Result<Step, WatchError> {
        if let Err(gap) = snapshot.resume(cursor) {
            return self.cannot_resume(gap).map(Step::Tell);
        }
        if snapshot.revision() == cursor.revision {
            return Ok(Step::Idle);
        }
        let leap = Leap { from: cursor, newest: snapshot.revision(), every_change: self.wanted.every_change };
        let shared = self.wanted.selector.is_everyone();
        let known = if shared { self.hub.frames.get(leap) } else { None };
        let frame = match known {
            Some(frame) => frame,
            None => {
                let frame = self.make(snapshot, leap).await?;
                if shared {
                    self.hub.frames.keep(leap, frame.clone());
                }
                frame
            }
        };
        self.stand = Stand::Live(Cursor { revision: frame.to, ..cursor });
        let Some(message) = frame.message else {
            return Ok(if frame.to == leap.newest { Step::Idle } else { Step::Moved });
        };
        if let Some(heard_at) = frame.heard_at {
            self.hub.meters.watch_lag(self.hub.clock.now().since(heard_at));
        }
        Ok(Step::Tell(message))
    }

    async fn make(&self, snapshot: &Snapshot, leap: Leap) -> Result<Frame, WatchError> {
        let selector = &self.wanted.selector;
        if !leap.every_change || holds_every_change(snapshot, leap) {
            let rows = snapshot.changed_after(leap.from.revision).map(Arc::as_ref);
            return Ok(changes(rows, selector, leap.from, leap.newest));
        }
        self.keep_up(leap)?;
        let after = leap.from.revision;
        let mut rows = self
            .hub
            .read_history(after, CHANGES_PER_READ)
            .await
            .map_err(|error| unreadable(&error, leap.from))?;
        let whole = rows.len() < CHANGES_PER_READ;
        // What is committed is shown a moment later; until then nobody tells it.
        rows.retain(|row| row.revision <= leap.newest);
        let newest = if whole { leap.newest } else { rows.last().map_or(after, |row| row.revision) };
        Ok(changes(rows.iter(), &self.wanted.selector, leap.from, newest))
    }

    fn keep_up(&self, leap: Leap) -> Result<(), WatchError> {
        let behind = leap.newest.0 - leap.from.revision.0;
        if behind <= self.behind_max {
            return Ok(());
        }
        Err(WatchError::TooSlow { cursor: leap.from, behind })
    }

    /// What a cursor of no use comes to: a fresh start, or an error for whoever wants every change.
    fn cannot_resume(&mut self, gap: Gap) -> Result<Message, WatchError> {
        let cause = Cause::Gap(gap);
        self.hub.meters.reset(cause.name());
        if self.wanted.every_change {
            return Err(WatchError::Expired { cause: cause.name() });
        }
        self.stand = Stand::New;
        Ok(reset(cause, None))
    }

    fn end(&mut self) -> Message {
        self.hub.meters.reset(Cause::Draining.name());
        let resume_from = match self.stand {
            Stand::Live(cursor) => Some(cursor),
            // A replica that is not whole can't be resumed, only begun again.
            Stand::New
            | Stand::Paging { .. }
            | Stand::Gathering { .. }
            | Stand::Explaining { .. }
            | Stand::Over => None,
        };
        self.stand = Stand::Over;
        reset(Cause::Draining, resume_from)
    }

    /// Waits until something happened: a newer snapshot, the time of the next sign of life, a drain.
    async fn wait(&mut self) {
        let due = due(self.sent_at, &self.wanted);
        // Setting a timer costs more than waking once too early.
        if self.wake_up.is_elapsed() || self.wake_up.deadline() > due {
            self.wake_up.as_mut().reset(due);
        }
        tokio::select! {
            newer = self.view.next() => if newer.is_err() {
                // No publisher, no changes: the process is stopping, and says so to all watches soon.
                tokio::select! {
                    () = &mut self.draining => {}
                    () = &mut self.wake_up => {}
                }
            },
            () = &mut self.draining => {}
            () = &mut self.wake_up => {}
        }
    }
}

/// When something is to be said even if nothing happens.
fn due(sent_at: Instant, wanted: &Wanted) -> Instant {
    let due = sent_at + wanted.progress_interval;
    wanted.deadline.map_or(due, |deadline| deadline.min(due))
}

/// Whether no agent changed twice on the way, so that the newest row of each agent is every change there was.
fn holds_every_change(snapshot: &Snapshot, leap: Leap) -> bool {
    let span = leap.newest.0 - leap.from.revision.0;
    let Ok(span) = usize::try_from(span) else { return false };
    span <= CHANGES_PER_READ
        && revisions(snapshot.changed_after(leap.from.revision).take(span))
            .eq(consecutive(leap.from.revision, span))
}

fn revisions<'a>(rows: impl Iterator<Item = &'a Arc<Row>>) -> impl Iterator<Item = Revision> {
    rows.map(|row| row.revision)
}

fn consecutive(after: Revision, count: usize) -> impl Iterator<Item = Revision> {
    std::iter::successors(Some(after.next()), |revision| Some(revision.next())).take(count)
}

fn unreadable(error: &HistoryError, cursor: Cursor) -> WatchError {
    match error {
        HistoryError::Expired { .. } => WatchError::Expired { cause: "history_dropped" },
        HistoryError::Journal(_) | HistoryError::Stopping => {
            tracing::warn!(error = %Chain(error), "a watch of every change ended");
            WatchError::Unreadable { cursor }
        }
    }
}
