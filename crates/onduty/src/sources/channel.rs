//! Notification channels: the platform's own push, over sockets.
//!
//! Delivery is at most once, in no order, with nothing kept for whoever is away. So every agent is on exactly one
//! channel (`plan`), every channel is watched for silence (`vigil`), and who may have been missed by a gap is read
//! again, and nobody else (`ledger`, `mending`). A channel is replaced before it ends, by one that is listened to
//! beside it for a while (`overlap`). What becomes of a lost one is one table (`recovery`).
//!
//! One task polls all lines: twenty sockets are little work, and a line that waits for the keeper holds up no other.

mod ledger;
mod line;
mod mending;
mod overlap;
mod plan;
mod recovery;
mod rotations;
mod standing;
mod vigil;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use onduty_core::agent::UserId;
use onduty_core::time::Timestamp;
use tokio::sync::{Semaphore, watch};
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

use crate::clock::Clock;
use crate::inlet::Inlet;
use crate::lifecycle::TaskResult;
use crate::meters::Meters;
use crate::platform::Platform;
use crate::platform::genesys::channel::TOPICS_MAX;
use crate::publish::View;
use crate::status::StatusBoard;
use line::{Agents, Line};
use plan::{LineId, Plan};
use rotations::Rotations;
use standing::Board;

/// How often the plan is held against the directory.
const LOOK_EVERY: Duration = Duration::from_secs(2);
/// Batches of agents read again at once, over all channels: the budget's pace is the limit, not this.
const MENDING_AT_ONCE: usize = 2;
/// How long a channel that is given up is listened to beside the one that its agents moved to.
const FAREWELL: Duration = Duration::from_secs(30);

/// The rhythm of a channel's life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rhythm {
    /// From one ping to the next.
    pub ping: Duration,
    /// From a channel's first day to its replacement by another.
    pub rotation: Duration,
}

/// Listens to everybody.
#[derive(Debug)]
pub struct Channels {
    /// Whom to ask for channels.
    pub platform: Arc<Platform>,
    /// Shows who there is.
    pub view: View,
    /// Where statements go.
    pub inlet: Inlet,
    /// Where its standing is shown.
    pub status: StatusBoard,
    /// Where it is counted.
    pub meters: Meters,
    /// Our clock.
    pub clock: Clock,
    /// Channels at once, at most. Those that the agents do not need are for replacing others.
    pub channels_max: usize,
    /// When to ping and when to replace.
    pub rhythm: Rhythm,
}

/// What every line needs.
struct Shared {
    platform: Arc<Platform>,
    view: View,
    inlet: Inlet,
    meters: Meters,
    clock: Clock,
    rhythm: Rhythm,
    started_at: Timestamp,
    rotations: Arc<Rotations>,
    /// Leave to read a batch again.
    turns: Semaphore,
    board: Board,
}

/// The end of a line that the plan holds.
struct Hold {
    agents: watch::Sender<Agents>,
    stop: CancellationToken,
}

impl Channels {
    /// Listens until told to stop.
    ///
    /// # Errors
    ///
    /// Never: whatever fails is shown, and tried again.
    pub async fn run(self, stop: CancellationToken) -> TaskResult {
        let shared = Arc::new(Shared {
            board: Board::new(self.status, self.meters.clone()),
            platform: self.platform,
            view: self.view,
            inlet: self.inlet,
            meters: self.meters,
            started_at: self.clock.now(),
            clock: self.clock,
            rhythm: self.rhythm,
            rotations: Arc::default(),
            turns: Semaphore::new(MENDING_AT_ONCE),
        });
        shared.board.starting();
        stop.run_until_cancelled(listen(shared, self.channels_max)).await;
        Ok(())
    }
}

/// Holds the plan against the directory, and the lines against the plan.
async fn listen(shared: Arc<Shared>, channels_max: usize) {
    let mut plan = Plan::new(channels_max, TOPICS_MAX);
    let mut holds: BTreeMap<LineId, Hold> = BTreeMap::new();
    let mut lines = FuturesUnordered::new();
    let mut look_at = Instant::now();
    loop {
        tokio::select! {
            () = sleep_until(look_at) => look_at = Instant::now() + LOOK_EVERY,
            Some(()) = lines.next(), if !lines.is_empty() => continue,
        }
        match shared.platform.offers_channels() {
            Some(true) => {}
            Some(false) => {
                shared.board.not_offered();
                continue;
            }
            None => continue,
        }
        let Some(agents) = directory(&shared.view) else { continue };
        // Until then nothing could be asked for channels, and the first listing had their share.
        shared.platform.client().keep_channels(true);
        let difference = plan.follow(&agents);
        shared.rotations.allow(plan.spare());
        for hold in difference.closed.iter().filter_map(|id| holds.remove(id)) {
            hold.stop.cancel();
        }
        shared.board.planned(&plan, &difference.closed, shared.clock.now());
        for id in difference.changed {
            let agents: Agents = Arc::new(plan.agents(id));
            if let Some(hold) = holds.get(&id) {
                hold.agents.send_replace(agents);
                continue;
            }
            let (sender, receiver) = watch::channel(agents);
            let stop = CancellationToken::new();
            holds.insert(id, Hold { agents: sender, stop: stop.clone() });
            lines.push(Line::new(Arc::clone(&shared), id, receiver).run(stop));
        }
    }
}

/// Everybody, once a full listing has told who that is; from a store, what it told before.
fn directory(view: &View) -> Option<BTreeSet<UserId>> {
    let snapshot = view.snapshot();
    snapshot.listing()?;
    Some(snapshot.present_after(None).map(|row| row.user_id().clone()).collect())
}
