//! What all watches share: the roster they follow, the bound on their number, and messages made once for many.

use std::sync::Arc;
use std::time::Duration;

use onduty_core::cursor::Revision;
use onduty_core::row::Row;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;

use super::WatchError;
use super::frames::Frames;
use super::shelf::Shelf;
use crate::answers::Answers;
use crate::api::front::Parts;
use crate::clock::Clock;
use crate::history::{History, HistoryError};
use crate::meters::Meters;
use crate::publish::View;

/// What all watches share.
#[derive(Debug)]
pub(in crate::api) struct Hub {
    pub(super) view: View,
    pub(super) clock: Clock,
    pub(super) meters: Meters,
    pub(super) drain: CancellationToken,
    pub(super) frames: Frames,
    pub(super) shelf: Shelf,
    /// Says why there is no state.
    pub(super) answers: Answers,
    /// How long one request may take.
    pub(super) longest: Duration,
    history: History,
    readers: Semaphore,
    seats: Arc<Semaphore>,
    seats_max: usize,
}

/// The right to watch. Dropping it makes room for another.
#[derive(Debug)]
pub(super) struct Seat {
    meters: Meters,
    _permit: OwnedSemaphorePermit,
}

/// Readers of the history take turns anyway; this many may wait for theirs on a thread that blocks.
const READERS_MAX: usize = 2;

impl Hub {
    /// A hub for at most as many watches at once as the limits allow.
    pub(in crate::api) fn new(parts: &Parts) -> Self {
        let Parts { answers, view, history, clock, meters, limits, drain, .. } = parts.clone();
        let (readers, seats) = (Semaphore::new(READERS_MAX), Arc::new(Semaphore::new(limits.watches)));
        Self {
            view,
            clock,
            meters,
            drain,
            frames: Frames::default(),
            shelf: Shelf::default(),
            answers,
            longest: limits.request_timeout,
            history,
            readers,
            seats,
            seats_max: limits.watches,
        }
    }

    /// Every change after a revision, at most `limit` of them.
    pub(super) async fn read_history(&self, after: Revision, limit: usize) -> Result<Vec<Row>, HistoryError> {
        // Fails only when the semaphore is closed, which nobody does.
        let _turn = self.readers.acquire().await.map_err(|_| HistoryError::Stopping)?;
        self.history.changes_after(after, limit).await
    }

    /// The right to one watch, if there is room for another.
    pub(super) fn seat(&self) -> Result<Seat, WatchError> {
        let permit = Arc::clone(&self.seats).try_acquire_owned();
        let permit = permit.map_err(|_| WatchError::TooMany { limit: self.seats_max })?;
        self.meters.watchers(1);
        Ok(Seat { meters: self.meters.clone(), _permit: permit })
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.meters.watchers(-1);
    }
}
