//! Whether the sidecar can answer from its store. One latch per condition; ready once all are released, and from
//! then on for good: readiness never follows the platform's health.

use std::collections::BTreeSet;
use std::sync::Arc;

use tokio::sync::watch;

/// What is still awaited. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Readiness {
    awaited: Arc<watch::Sender<BTreeSet<&'static str>>>,
}

/// One condition that holds readiness back. Dropping it does not release it: a part that failed half-way is not
/// ready.
#[derive(Debug)]
#[must_use = "a latch that is never released holds readiness back for ever"]
pub struct Latch {
    awaited: Arc<watch::Sender<BTreeSet<&'static str>>>,
    condition: &'static str,
}

impl Readiness {
    /// Readiness that awaits nothing yet. Take every latch before anybody asks.
    pub fn new() -> Self {
        Self { awaited: Arc::new(watch::Sender::new(BTreeSet::new())) }
    }

    /// Holds readiness back until the latch is released. The name is shown to people, for instance
    /// `first full listing`.
    pub fn hold(&self, condition: &'static str) -> Latch {
        self.awaited.send_modify(|awaited| {
            awaited.insert(condition);
        });
        Latch { awaited: Arc::clone(&self.awaited), condition }
    }

    /// Whether all latches are released.
    pub fn is_ready(&self) -> bool {
        self.awaited.borrow().is_empty()
    }

    /// The conditions still awaited, by name.
    pub fn awaited(&self) -> Vec<&'static str> {
        self.awaited.borrow().iter().copied().collect()
    }

    /// Returns once all latches are released.
    pub async fn ready(&self) {
        // Fails only when every sender is gone, and `self` is one.
        let _ = self.awaited.subscribe().wait_for(BTreeSet::is_empty).await;
    }
}

impl Default for Readiness {
    fn default() -> Self {
        Self::new()
    }
}

impl Latch {
    /// The condition holds.
    pub fn release(self) {
        self.awaited.send_modify(|awaited| {
            awaited.remove(self.condition);
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ready_means_that_every_latch_was_released() {
        let readiness = Readiness::new();
        let (store, listing) = (readiness.hold("store opened"), readiness.hold("first full listing"));
        assert_eq!(readiness.awaited(), ["first full listing", "store opened"]);
        store.release();
        assert!(!readiness.is_ready());
        listing.release();
        assert!(readiness.is_ready());
    }

    #[test]
    fn a_latch_that_is_dropped_holds_on() {
        let readiness = Readiness::new();
        drop(readiness.hold("store opened"));
        assert_eq!(readiness.awaited(), ["store opened"]);
    }

    #[tokio::test]
    async fn whoever_waits_is_told() {
        let readiness = Readiness::new();
        let latch = readiness.hold("store opened");
        let (_, ()) = tokio::join!(readiness.ready(), async { latch.release() });
    }
}
