//! Whom a listing named and left without a state: expands are best effort, and the platform itself advises to ask by
//! the specific call where one is indispensable.

use std::sync::Arc;
use std::time::Duration;

use onduty_core::agent::{AccountState, UserId};
use onduty_core::observation::Input;
use onduty_core::row::Row;
use onduty_core::snapshot::Snapshot;
use tokio::time::timeout;

use super::Sweep;
use crate::error_chain::Chain;

/// Agents asked for again after one listing, at most. The next listing comes by, and look-ups ask by themselves.
const BLANKS_MAX: usize = 300;

/// For all of them together.
const DEADLINE: Duration = Duration::from_secs(20);

impl Sweep {
    /// Asks again for agents of whom a facet was never told. Nothing of the listing depends on it: a failure is left
    /// to the next one.
    pub(super) async fn fill_in_blanks(&self) {
        if timeout(DEADLINE, self.fill_in()).await.is_err() {
            tracing::debug!("left to the next listing whose state this one left out");
        }
    }

    async fn fill_in(&self) {
        let blanks = blanks(&self.view.snapshot());
        for blanks in blanks.chunks(self.platform.lookup_batch_max()) {
            let told = match self.platform.fill_in(blanks).await {
                Ok(told) => told,
                Err(error) => {
                    tracing::debug!(error = %Chain(&error), "could not ask for the states that a listing left out");
                    return;
                }
            };
            let inputs: Vec<Input> =
                told.into_iter().map(|told| Input::Observation(Box::new(told))).collect();
            if inputs.is_empty() {
                continue;
            }
            if let Err(error) = self.inlet.commit(inputs).await {
                tracing::debug!(error = %Chain(&error), "could not hand in the states that a listing left out");
                return;
            }
        }
    }
}

fn blanks(snapshot: &Snapshot) -> Vec<UserId> {
    let is_blank = |row: &&Arc<Row>| {
        let is_active = !matches!(row.account(), Some(AccountState::Inactive | AccountState::Deleted));
        is_active && (row.presence().is_none() || row.routing_status().is_none())
    };
    snapshot.present_after(None).filter(is_blank).take(BLANKS_MAX).map(|row| row.user_id().clone()).collect()
}
