//! Snapshots that are being paged through. A consumer may stop reading in the middle of one; if its watch held the
//! snapshot itself, every stalled watch would keep an old roster alive. So the shelf holds it, for a while, and the
//! watch only points to it. Whoever comes back after that goes on in the newest snapshot: the pages then hold some
//! agents newer than their cursor says, and the changes after that cursor, which follow, tell those again.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use onduty_core::snapshot::Snapshot;
use tokio::time::Instant;

/// Snapshots that are being paged through.
#[derive(Debug, Default)]
pub(super) struct Shelf(Mutex<VecDeque<(Instant, Arc<Snapshot>)>>);

/// How long a snapshot waits for a slow reader.
const KEPT_FOR: Duration = Duration::from_secs(60);

/// So many different snapshots are kept at most. Neighbours share nearly all of their rows.
const KEPT_MAX: usize = 256;

impl Shelf {
    /// Puts a snapshot on the shelf for as long as somebody points to it, within the bounds.
    pub(super) fn put(&self, snapshot: &Arc<Snapshot>, now: Instant) -> Weak<Snapshot> {
        let mut kept = self.lock();
        clear(&mut kept, now);
        if !kept.iter().any(|(_, held)| Arc::ptr_eq(held, snapshot)) {
            if kept.len() == KEPT_MAX {
                kept.pop_front();
            }
            kept.push_back((now, Arc::clone(snapshot)));
        }
        Arc::downgrade(snapshot)
    }

    /// Lets go of what nobody points to any more and of what was kept long enough.
    pub(super) fn clear(&self, now: Instant) {
        clear(&mut self.lock(), now);
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<(Instant, Arc<Snapshot>)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn clear(kept: &mut VecDeque<(Instant, Arc<Snapshot>)>, now: Instant) {
    kept.retain(|(since, snapshot)| {
        Arc::weak_count(snapshot) > 0 && now.saturating_duration_since(*since) < KEPT_FOR
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use onduty_core::cursor::Epoch;

    #[test]
    fn a_snapshot_is_kept_while_somebody_pages_through_it_and_not_for_ever() {
        let (shelf, now) = (Shelf::default(), Instant::now());
        let place = shelf.put(&Arc::new(Snapshot::new(Epoch(1))), now);
        shelf.clear(now + KEPT_FOR - Duration::from_secs(1));
        assert!(place.upgrade().is_some());
        shelf.clear(now + KEPT_FOR);
        assert!(place.upgrade().is_none());
    }

    #[test]
    fn a_snapshot_that_nobody_points_to_goes_at_once() {
        let (shelf, now) = (Shelf::default(), Instant::now());
        drop(shelf.put(&Arc::new(Snapshot::new(Epoch(1))), now));
        shelf.clear(now);
        assert!(shelf.lock().is_empty());
    }

    #[test]
    fn the_shelf_has_an_end() {
        let (shelf, now) = (Shelf::default(), Instant::now());
        let places: Vec<_> =
            (0..=KEPT_MAX).map(|_| shelf.put(&Arc::new(Snapshot::new(Epoch(1))), now)).collect();
        assert!(places[0].upgrade().is_none() && places[1].upgrade().is_some());
    }
}
