//! Whom a listing named and left without a part of their state: expands are best effort, and the platform itself advises
//! to ask by the specific call where one is indispensable.
//!
//! Of some there is nothing to be had: who never had a presence, whose presence is of a secondary source. They are asked
//! for less and less often, so that they cost nobody else the requests.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use onduty_core::agent::{AccountState, UserId};
use onduty_core::observation::Input;
use onduty_core::row::Row;
use onduty_core::snapshot::Snapshot;
use tokio::time::timeout;

use super::Sweep;
use crate::error_chain::Chain;
use crate::platform::FilledIn;

/// Agents asked for again after one listing, at most. The next listing comes by, and look-ups ask by themselves.
const BLANKS_MAX: usize = 300;
/// For all of them together.
const DEADLINE: Duration = Duration::from_secs(20);
/// Agents remembered as asked for in vain.
const REMEMBERED_MAX: usize = 20_000;
/// Listings between two tries, at most.
const PAUSE_MAX: u64 = 64;

/// Whom it was asked for in vain, and where to go on.
#[derive(Debug, Default)]
pub(super) struct Blanks {
    listings: u64,
    vain: BTreeMap<UserId, Vain>,
    /// Whoever comes after is asked for first.
    last: Option<UserId>,
}

/// Asked for in vain.
#[derive(Clone, Copy, Debug)]
struct Vain {
    tries: u32,
    /// The listing after which to ask again.
    due: u64,
}

impl Blanks {
    /// Whom to ask for after one more listing, of these, who are without a part of their state.
    fn next(&mut self, blank: &BTreeSet<UserId>) -> Vec<UserId> {
        self.listings += 1;
        self.vain.retain(|id, _| blank.contains(id));
        let (before, after): (Vec<&UserId>, Vec<&UserId>) =
            blank.iter().partition(|id| self.last.as_ref().is_some_and(|last| *id <= last));
        let is_due = |id: &&UserId| self.vain.get(*id).is_none_or(|vain| vain.due <= self.listings);
        let next: Vec<UserId> =
            after.into_iter().chain(before).filter(is_due).take(BLANKS_MAX).cloned().collect();
        self.last = next.last().cloned();
        next
    }

    /// These were asked for, and there was no more to be had.
    fn in_vain(&mut self, asked: impl IntoIterator<Item = UserId>) {
        for id in asked {
            if self.vain.len() >= REMEMBERED_MAX && !self.vain.contains_key(&id) {
                continue;
            }
            let vain = self.vain.entry(id).or_insert(Vain { tries: 0, due: 0 });
            vain.tries = vain.tries.saturating_add(1);
            let pause = 1_u64.checked_shl(vain.tries).unwrap_or(PAUSE_MAX).min(PAUSE_MAX);
            vain.due = self.listings.saturating_add(pause);
        }
    }
}

impl Sweep {
    /// Asks again for agents of whom a facet was never told. Nothing of the listing depends on it: a failure is left
    /// to the next one.
    pub(super) async fn fill_in_blanks(&self, blanks: &mut Blanks) {
        if timeout(DEADLINE, self.fill_in(blanks)).await.is_err() {
            tracing::debug!("left to the next listing whose state this one left out");
        }
    }

    async fn fill_in(&self, blanks: &mut Blanks) {
        let next = blanks.next(&blank(&self.view.snapshot()));
        for asked in next.chunks(self.platform.lookup_batch_max()) {
            let FilledIn { observations, pending } = match self.platform.fill_in(asked).await {
                Ok(filled_in) => filled_in,
                Err(error) => {
                    tracing::debug!(error = %Chain(&error), "could not ask for the states that a listing left out");
                    return;
                }
            };
            let inputs: Vec<Input> =
                observations.into_iter().map(|told| Input::Observation(Box::new(told))).collect();
            if !inputs.is_empty()
                && let Err(error) = self.inlet.commit(inputs).await
            {
                tracing::debug!(error = %Chain(&error), "could not hand in the states that a listing left out");
                return;
            }
            let still = blank(&self.view.snapshot());
            let settled = asked.iter().filter(|id| still.contains(*id) && !pending.contains(*id));
            blanks.in_vain(settled.cloned());
        }
    }
}

fn blank(snapshot: &Snapshot) -> BTreeSet<UserId> {
    let is_blank = |row: &&Arc<Row>| {
        let is_active = !matches!(row.account(), Some(AccountState::Inactive | AccountState::Deleted));
        is_active && (row.presence().is_none() || row.routing_status().is_none())
    };
    snapshot.present_after(None).filter(is_blank).map(|row| row.user_id().clone()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn users(count: usize) -> BTreeSet<UserId> {
        (0..count).map(|n| UserId::from(format!("{n:05}").as_str())).collect()
    }

    #[test]
    fn who_can_not_be_filled_in_is_asked_for_less_and_less_often() {
        let (blank, mut blanks) = (users(1), Blanks::default());
        let mut asked_after = Vec::new();
        for listing in 1..=300 {
            let next = blanks.next(&blank);
            if !next.is_empty() {
                asked_after.push(listing);
                blanks.in_vain(next);
            }
        }
        assert_eq!(asked_after, [1, 3, 7, 15, 31, 63, 127, 191, 255]);
    }

    #[test]
    fn nobody_starves_behind_those_who_can_not_be_filled_in() {
        let (blank, mut blanks) = (users(3 * BLANKS_MAX), Blanks::default());
        let mut asked = BTreeSet::new();
        for _ in 0..3 {
            // Not one was settled: the budget was spent, say.
            asked.extend(blanks.next(&blank));
        }
        assert_eq!(asked, blank);
    }

    #[test]
    fn who_was_filled_in_is_forgotten_and_asked_for_at_once_when_blank_again() {
        let (blank, mut blanks) = (users(2), Blanks::default());
        let next = blanks.next(&blank);
        blanks.in_vain(next);
        assert_eq!(blanks.next(&BTreeSet::new()), Vec::new());
        assert_eq!(blanks.next(&blank).len(), 2);
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let mut blanks = Blanks::default();
        blanks.in_vain(users(REMEMBERED_MAX + 5));
        assert_eq!(blanks.vain.len(), REMEMBERED_MAX);
    }
}
