//! The specific calls for one user's parts: the platform's own advice where an expand is indispensable. There is one
//! request a part, so only so many are sent for one batch.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use futures_util::stream::{self, StreamExt};
use onduty_core::access::Seen;
use onduty_core::agent::UserId;
use onduty_core::observation::{Observation, Source};

use super::UsersApi;
use super::parts::{Outcome, Part, Told};
use crate::platform::genesys::budget::Purpose;
use crate::platform::genesys::client::Ask;
use crate::platform::genesys::decode::{self, Arrival, Ignored};
use crate::platform::genesys::error::PlatformError;
use crate::platform::genesys::route::{Route, encoded};

/// Specific calls for one batch, at most. What is wanting of more users than that is asked for together once more.
const ALONE_MAX: usize = 20;
/// Specific calls under way at once.
const ALONE_AT_ONCE: usize = 4;

/// What is wanting, and of whom.
type Wanting = Vec<(UserId, Part)>;
/// What became of the parts that were wanting.
pub(super) type Outcomes = BTreeMap<UserId, BTreeMap<Part, Outcome>>;

/// What was wanting, in order, as far as it may be asked for, and what is over.
fn within_reach(mut wanting: Wanting) -> (Wanting, Wanting) {
    let over = wanting.split_off(wanting.len().min(ALONE_MAX));
    (wanting, over)
}

impl UsersApi {
    /// Every part that is wanting of some users.
    fn wanting<'a>(&self, told: impl IntoIterator<Item = &'a Told>) -> Wanting {
        let snapshot = self.view.snapshot();
        let parts = |told: &'a Told| {
            let held = snapshot.by_user_id(told.user_id.as_str());
            let parts = told.wanting(held.map(|row| &**row));
            parts.into_iter().map(|part| (told.user_id.clone(), part))
        };
        told.into_iter().flat_map(parts).collect()
    }

    /// Asks for whatever is wanting of some users: by the specific calls if that is little, and otherwise for all of
    /// them together once more first. Gives what the specific calls told.
    pub(super) async fn ask_for_wanting(
        &self,
        told: &mut BTreeMap<UserId, Told>,
        purpose: Purpose,
    ) -> (Vec<Observation>, Outcomes) {
        let mut wanting = self.wanting(told.values());
        if wanting.len() > ALONE_MAX {
            self.ask_again(told, &wanting, purpose).await;
            wanting = self.wanting(told.values());
        }
        let (wanting, over) = within_reach(wanting);
        let mut outcomes = Outcomes::new();
        for (id, part) in over {
            outcomes.entry(id).or_default().insert(part, Outcome::NotAsked);
        }
        // Where the budget is spent or the platform is down for one, it is for the others: they need not find out.
        let hopeless = OnceLock::new();
        let asked: Vec<(UserId, Part, Outcome, Vec<Observation>)> = stream::iter(wanting)
            .map(|(id, part)| {
                let hopeless = &hopeless;
                async move {
                    let (outcome, said) = match hopeless.get() {
                        Some(error) => (Outcome::Failed(PlatformError::clone(error)), Vec::new()),
                        None => self.ask_alone(&id, part, purpose).await,
                    };
                    if let Outcome::Failed(error) = &outcome
                        && outcome.is_open()
                    {
                        hopeless.get_or_init(|| error.clone());
                    }
                    (id, part, outcome, said)
                }
            })
            .buffer_unordered(ALONE_AT_ONCE)
            .collect()
            .await;
        let mut observations = Vec::new();
        for (id, part, outcome, said) in asked {
            observations.extend(said);
            outcomes.entry(id).or_default().insert(part, outcome);
        }
        (observations, outcomes)
    }

    /// Asks for those of whom something is wanting together once more. A failure leaves them as they were.
    async fn ask_again(
        &self,
        told: &mut BTreeMap<UserId, Told>,
        wanting: &[(UserId, Part)],
        purpose: Purpose,
    ) {
        let mut ids: Vec<UserId> = wanting.iter().map(|(id, _)| id.clone()).collect();
        ids.dedup();
        match self.told_of(&ids, source_of(purpose), purpose).await {
            Ok(again) => {
                for again in again {
                    if let Some(told) = told.get_mut(&again.user_id) {
                        told.and(again);
                    }
                }
            }
            Err(error) => tracing::debug!(%error, "could not ask again for what a listing left out"),
        }
    }

    async fn ask_alone(&self, id: &UserId, part: Part, purpose: Purpose) -> (Outcome, Vec<Observation>) {
        match self.ask_part(id, part, purpose).await {
            Ok((said, _, _)) if said.iter().any(|said| part.is_in(&said.statement)) => (Outcome::Told, said),
            Ok((_, true, _)) => (Outcome::NotPrimary, Vec::new()),
            Ok((_, false, seen)) => (Outcome::Blank(seen), Vec::new()),
            Err(error) => (Outcome::Failed(error), Vec::new()),
        }
    }

    /// What is said, and whether of a secondary source.
    async fn ask_part(
        &self,
        id: &UserId,
        part: Part,
        purpose: Purpose,
    ) -> Result<(Vec<Observation>, bool, Seen<()>), PlatformError> {
        let route = part.route();
        let path = format!("{}/{}/{}", Route::Users, encoded(id.as_str()), part.path());
        let answer = self.client.get(&Ask { route, path, purpose }).await?;
        let arrival = Arrival { source: Source::Lookup, heard_at: answer.sent_at };
        let heard = self.client.read(&answer, |body| match part {
            Part::Presence => decode::presence(body, arrival),
            // The directory has named the user, so that this can't be the lie about nobody.
            Part::RoutingStatus => decode::routing_status_of_somebody(body, arrival),
        })?;
        let not_primary = heard.ignored.contains(&Ignored::NotPrimary);
        Ok((heard.observations, not_primary, answer.seen(())))
    }
}

impl Part {
    pub(super) const fn route(self) -> Route {
        match self {
            Self::Presence => Route::Presence,
            Self::RoutingStatus => Route::RoutingStatus,
        }
    }

    const fn path(self) -> &'static str {
        match self {
            Self::Presence => "presences/purecloud",
            Self::RoutingStatus => "routingstatus",
        }
    }
}

const fn source_of(purpose: Purpose) -> Source {
    match purpose {
        Purpose::Sweep => Source::Sweep,
        Purpose::Lookup | Purpose::Channel | Purpose::Diagnosis => Source::Lookup,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_so_many_specific_calls_are_sent_for_one_batch() {
        for (wanting, asked, over) in [(0, 0, 0), (20, 20, 0), (21, 20, 1), (200, 20, 180)] {
            let wanting = vec![(UserId::from("u"), Part::Presence); wanting];
            let (within, beyond) = within_reach(wanting);
            assert_eq!((within.len(), beyond.len()), (asked, over));
        }
    }
}
