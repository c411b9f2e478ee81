//! The full listing: a page of profiles, then their states by fifty ids, then what follows from omissions.

use std::collections::BTreeSet;
use std::sync::Arc;

use onduty_core::agent::{AccountState, AgentId, UserId};
use onduty_core::observation::{Observation, Source};
use onduty_core::row::Row;

use super::proof::Inference;
use super::reads::Single;
use super::{AgentStatesApi, BATCH_MAX, Proof, logged_out};
use crate::platform::ListedPage;
use crate::platform::genesys::access::Depth;
use crate::platform::genesys::budget::Purpose;
use crate::platform::genesys::decode::{Arrival, Profile};
use crate::platform::genesys::error::PlatformError;

impl AgentStatesApi {
    /// One page of all profiles, with the states of those who are active.
    ///
    /// # Errors
    ///
    /// When there is no usable answer.
    pub async fn list_page(&self, proof: &mut Proof, number: u64) -> Result<ListedPage, PlatformError> {
        let (page, heard) = self.profiles(number).await?;
        let mut observations: Vec<Observation> =
            page.entities.iter().map(|profile| profile.observation(heard)).collect();
        let mut unreadable = page.entities.iter().map(|profile| profile.unreadable).sum();
        let active: Vec<&Profile> = page
            .entities
            .iter()
            .filter(|profile| matches!(profile.account, Some(AccountState::Active) | None))
            .collect();
        for batch in active.chunks(BATCH_MAX) {
            let ids: Vec<AgentId> = batch.iter().map(|profile| profile.agent_id.clone()).collect();
            let (told, list) = self.states(&ids, Purpose::Sweep).await?;
            let heard = Arrival { source: Source::Sweep, heard_at: list.at };
            unreadable += told.unreadable();
            let told = told.observations;
            let seen: BTreeSet<&UserId> = told.iter().map(|told| &told.user_id).collect();
            let (seen, omitted): (Vec<&Profile>, Vec<&Profile>) =
                batch.iter().partition(|profile| seen.contains(&profile.user_id));
            for profile in seen {
                proof.saw_in(profile.division_id.as_ref());
            }
            observations.extend(told);
            for profile in omitted {
                observations.extend(self.omitted(profile, heard, proof).await);
            }
        }
        let named = page.entities.into_iter().map(|profile| profile.user_id).collect();
        Ok(ListedPage { observations, named, total: page.total, has_next: page.has_next, unreadable })
    }

    /// What the profiles say of agents whom a full listing did not name.
    ///
    /// # Errors
    ///
    /// When there is no usable answer about one of them.
    pub async fn still_there(&self, missing: &[Arc<Row>]) -> Result<Vec<Observation>, PlatformError> {
        let mut found = Vec::new();
        for row in missing {
            if let Ok((profile, heard)) = self.profile(row.agent_id(), Purpose::Sweep).await? {
                found.push(profile.observation(heard));
            }
        }
        Ok(found)
    }

    /// What follows from an omission. A failed probe proves nothing and ends probing, not the listing.
    async fn omitted(&self, profile: &Profile, heard: Arrival, proof: &mut Proof) -> Option<Observation> {
        let snapshot = self.view.snapshot();
        let login =
            snapshot.by_user_id(profile.user_id.as_str()).and_then(|row| row.login().map(|l| *l.value));
        match proof.infer(login == Some(true), profile.division_id.as_ref()) {
            Inference::LoggedOut => Some(logged_out(profile, heard)),
            Inference::Nothing => None,
            Inference::Probe => match self.probe(profile, proof).await {
                Ok(found) => found,
                Err(error) => {
                    tracing::debug!(%error, "could not ask for a single state");
                    proof.stop_probing();
                    None
                }
            },
        }
    }

    async fn probe(
        &self,
        profile: &Profile,
        proof: &mut Proof,
    ) -> Result<Option<Observation>, PlatformError> {
        let division = profile.division_id.as_ref();
        // Outside of the token's rights a probe would only say so.
        let standing = self.access.current(&self.client, Purpose::Sweep, Depth::Enough).await;
        if !standing.shows(&self.access.needs(), division, self.client.now()) {
            return Ok(None);
        }
        proof.probed();
        match self.state(profile.agent_id.as_str(), Purpose::Sweep).await? {
            Single::Told(told) => {
                proof.saw_in(division);
                Ok(Some(*told))
            }
            Single::NoState(seen) => {
                proof.saw_in(division);
                let heard = Arrival { source: Source::Sweep, heard_at: seen.at };
                Ok(Some(logged_out(profile, heard)))
            }
            Single::Blank(_) => Ok(None),
            Single::Denied(denial) => {
                proof.deny(denial.says(denial.value.words()));
                Ok(None)
            }
        }
    }
}
