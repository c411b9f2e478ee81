//! The task that lets time pass for notification channels: heartbeats, late events, ends of life.

use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::{Shared, now};

/// How often the keeper looks at its watch.
const BEAT: Duration = Duration::from_millis(20);

/// Works until stopped, also while the moving of agents is paused.
pub(super) async fn keep(shared: Arc<Shared>, stop: CancellationToken) {
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(BEAT) => {}
        }
        let at = now();
        let lost_some = shared.with(|world| {
            let before = world.stats.channel.lost();
            world.tend(at);
            world.stats.channel.lost() > before
        });
        if lost_some {
            shared.settled.notify_waiters();
        }
    }
}
