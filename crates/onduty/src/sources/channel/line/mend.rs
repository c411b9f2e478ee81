//! Reading again whom a gap may have left behind: exactly those, by up to a hundred in one request.

use std::sync::Arc;
use std::time::Duration;

use onduty_core::agent::UserId;
use onduty_core::observation::Input;
use onduty_core::roster::Outcome;
use onduty_core::time::Timestamp;

use super::Line;
use crate::error_chain::Chain;
use crate::platform::genesys::error::PlatformError;
use crate::sources::channel::Shared;
use crate::sources::channel::mending::Next;

/// How often a line looks for agents who are to be read again. Each look goes over all of them, and events come far more
/// often than gaps.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// After a request that gave no usable answer, where the platform does not say when to ask again.
const AFTER_FAILURE: Duration = Duration::from_secs(5);

/// What came of one batch.
pub(super) struct Mended {
    agents: Vec<UserId>,
    result: Result<(), (String, Option<Timestamp>)>,
}

impl Line {
    /// Begins to read the next batch, if somebody is to be read and nobody is being read.
    pub(super) fn begin_to_mend(&mut self) {
        let now = self.now();
        if self.mend.is_some() || now < self.look_at {
            return;
        }
        self.look_at = now.after(LOOK_EVERY);
        let snapshot = self.shared.view.snapshot();
        let batch = self.shared.platform.lookup_batch_max();
        let agents = match self.mending.next(self.ledger.unread(&snapshot, now), batch, now) {
            Next::Read(agents) => agents,
            Next::Rest(_) if !self.mending.has_asked_everybody() => return,
            // Of whoever is left the platform tells no state, and listings won't either.
            Next::Rest(_) | Next::Done => {
                let complete_until = self.ledger.whole_since().filter(|since| *since <= now);
                complete_until.into_iter().for_each(|until| self.shared.board.complete(self.id, until));
                return;
            }
        };
        let shared = Arc::clone(&self.shared);
        self.mend = Some(Box::pin(async move {
            let result = read(&shared, &agents).await;
            Mended { agents, result }
        }));
    }

    pub(super) fn mended(&mut self, mended: Mended) {
        let Mended { agents, result } = mended;
        let now = self.now();
        self.look_at = now;
        if let Err((detail, until)) = result {
            tracing::debug!(detail, agents = agents.len(), "could not read agents again after a gap");
            self.mending.failed(&agents, until.unwrap_or(now).max(now.after(AFTER_FAILURE)));
        }
    }

    /// When to look again for somebody to be read.
    pub(super) const fn mend_at(&self) -> Timestamp {
        if self.mend.is_some() || self.is_given_up { Timestamp::MAX } else { self.look_at }
    }
}

/// Asks and hands in what is said: what it changes is what the gap had hidden.
async fn read(shared: &Shared, agents: &[UserId]) -> Result<(), (String, Option<Timestamp>)> {
    // Never closed: it lives as long as the lines do.
    let _turn = shared.turns.acquire().await;
    let told = shared.platform.read_again(agents).await.map_err(|error| {
        let until = match &error {
            PlatformError::RateLimited { until } => Some(*until),
            _ => None,
        };
        (Chain(&error).to_string(), until)
    })?;
    let inputs: Vec<Input> = told.into_iter().map(|told| Input::Observation(Box::new(told))).collect();
    if inputs.is_empty() {
        shared.board.mended(agents.len(), 0);
        return Ok(());
    }
    let receipt = shared.inlet.commit(inputs).await.map_err(|error| (error.to_string(), None))?;
    let changed = receipt.outcomes.iter().filter(|outcome| **outcome == Outcome::Applied);
    shared.board.mended(agents.len(), changed.count());
    Ok(())
}
