//! From the one writer to the many readers. A [`Publisher`] can't be cloned and a [`View`] can't write.

use std::sync::Arc;

use onduty_core::snapshot::Snapshot;
use tokio::sync::watch;

/// The keeper's end: shows a new snapshot to everybody at once.
#[derive(Debug)]
pub struct Publisher {
    current: watch::Sender<Arc<Snapshot>>,
}

/// A reader's end. Cheap to clone; never blocks the writer.
#[derive(Clone, Debug)]
pub struct View {
    current: watch::Receiver<Arc<Snapshot>>,
}

/// The publisher is gone: the sidecar is stopping.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the sidecar is stopping")]
pub struct Ended;

/// A publisher that shows `first`, and a view of it.
pub fn channel(first: Snapshot) -> (Publisher, View) {
    let (sender, receiver) = watch::channel(Arc::new(first));
    (Publisher { current: sender }, View { current: receiver })
}

impl Publisher {
    /// Shows a newer snapshot.
    pub fn publish(&self, snapshot: Snapshot) {
        self.current.send_replace(Arc::new(snapshot));
    }
}

impl View {
    /// The newest snapshot.
    pub fn snapshot(&self) -> Arc<Snapshot> {
        Arc::clone(&self.current.borrow())
    }

    /// Waits for a snapshot that this view has not shown yet, and shows it. Snapshots in between are skipped.
    pub async fn next(&mut self) -> Result<Arc<Snapshot>, Ended> {
        self.current.changed().await.map_err(|_| Ended)?;
        Ok(Arc::clone(&self.current.borrow_and_update()))
    }
}
