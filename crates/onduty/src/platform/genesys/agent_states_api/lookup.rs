//! Looking ids up: states by fifty ids in one request; whoever is left out is asked for alone.

use std::collections::BTreeMap;
use std::sync::Arc;

use futures_util::stream::{self, StreamExt};
use onduty_core::agent::{AccountState, AgentId};
use onduty_core::answer::{Asked, Report};
use onduty_core::finding::Evidence;
use onduty_core::observation::{Observation, Source, Statement};
use onduty_core::row::Row;

use super::reads::Single;
use super::{AgentStatesApi, logged_out};
use crate::platform::LookedUp;
use crate::platform::genesys::budget::Purpose;
use crate::platform::genesys::decode::{Arrival, Profile};
use crate::platform::genesys::error::{PlatformError, Refused};
use crate::platform::genesys::route::Route;

/// Agents asked for alone at once.
const ALONE_AT_ONCE: usize = 8;

/// What one id came to.
struct Settled {
    observations: Vec<Observation>,
    report: Report,
}

impl Settled {
    fn told(observations: Vec<Observation>) -> Self {
        Self { observations, report: Report::Told }
    }

    fn withheld(observations: Vec<Observation>, evidence: Evidence) -> Self {
        Self { observations, report: Report::Withheld(vec![evidence]) }
    }

    /// There is no such agent, which is news of whoever is held as one.
    fn absent(held: Option<&Arc<Row>>, arrival: Arrival, evidence: Vec<Evidence>) -> Self {
        let gone = Statement { absent: true, ..Statement::default() };
        let observations = held.map(|row| arrival.observation(row.user_id().clone(), gone));
        Self { observations: observations.into_iter().collect(), report: Report::Absent(evidence) }
    }
}

/// What an asked id stands for.
enum Resolved {
    Agent(AgentId, Option<Box<Observation>>),
    Settled(Settled),
}

impl AgentStatesApi {
    /// Asks about some ids in one request for states, and for each that it leaves out in one or two more.
    pub async fn lookup(&self, asked: &[Asked]) -> LookedUp {
        // Owned, because futures over borrowed elements cannot be shown to be `Send`.
        let resolved: Vec<(Asked, Resolved)> = stream::iter(asked.to_vec())
            .map(|asked| async move {
                let resolved = self.resolve(&asked).await;
                (asked, resolved)
            })
            .buffered(ALONE_AT_ONCE)
            .collect()
            .await;
        let mut result = LookedUp::default();
        let mut by_agent: BTreeMap<AgentId, Vec<Asked>> = BTreeMap::new();
        for (asked, resolved) in resolved {
            match resolved {
                Resolved::Agent(agent_id, profile) => {
                    result.observations.extend(profile.map(|profile| *profile));
                    by_agent.entry(agent_id).or_default().push(asked);
                }
                Resolved::Settled(settled) => result.add(&[asked], settled),
            }
        }
        self.settle_agents(&by_agent, &mut result).await;
        result
    }

    async fn settle_agents(&self, by_agent: &BTreeMap<AgentId, Vec<Asked>>, result: &mut LookedUp) {
        if by_agent.is_empty() {
            return;
        }
        let ids: Vec<AgentId> = by_agent.keys().cloned().collect();
        let (told, heard) = match self.states(&ids, Purpose::Lookup).await {
            Ok(answer) => answer,
            Err(error) => {
                for asked in by_agent.values() {
                    result.add(asked, self.refused(&error));
                }
                return;
            }
        };
        let mut told: BTreeMap<AgentId, Observation> =
            told.into_iter().filter_map(|told| Some((told.statement.agent_id.clone()?, told))).collect();
        let mut omitted = Vec::new();
        for (agent_id, asked) in by_agent {
            match told.remove(agent_id) {
                Some(told) => result.add(asked, Settled::told(vec![told])),
                None => omitted.push((agent_id.clone(), asked.clone())),
            }
        }
        let alone: Vec<(Vec<Asked>, Settled)> = stream::iter(omitted)
            .map(|(agent_id, asked)| async move { (asked, self.alone(&agent_id, heard).await) })
            .buffer_unordered(ALONE_AT_ONCE)
            .collect()
            .await;
        for (asked, settled) in alone {
            result.add(&asked, settled);
        }
    }

    async fn resolve(&self, asked: &Asked) -> Resolved {
        let id = asked.id().to_ascii_lowercase();
        let Asked::UserId(_) = asked else { return Resolved::Agent(AgentId::from(id.as_str()), None) };
        let snapshot = self.view.snapshot();
        let known = snapshot.by_user_id(&id).and_then(|row| row.held.profile.agent_id.as_ref());
        if let Some(known) = known {
            return Resolved::Agent(known.value.clone(), None);
        }
        match self.profile_of_user(&id).await {
            Ok((Some(profile), arrival, _)) => {
                Resolved::Agent(profile.agent_id.clone(), Some(Box::new(profile.observation(arrival))))
            }
            Ok((None, arrival, answer)) => {
                let correlation = answer.correlation_id.as_deref().unwrap_or("none");
                let detail = format!("no agent has this user id (correlation id {correlation})");
                let seen = Evidence::at(Route::Agents.template(), detail, arrival.heard_at);
                Resolved::Settled(Settled::absent(snapshot.by_user_id(&id), arrival, vec![seen]))
            }
            Err(error) => Resolved::Settled(self.refused(&error)),
        }
    }

    /// An agent whose state the list left out.
    async fn alone(&self, agent_id: &AgentId, omitted: Arrival) -> Settled {
        let settled = match self.held_profile(agent_id) {
            Some(profile) => self.alone_if_still_there(&profile, omitted).await,
            None => self.alone_after_profile(agent_id, None, omitted).await,
        };
        settled.unwrap_or_else(|error| self.refused(&error))
    }

    /// A profile that is held already saves a request, unless there is no state: `404` is the answer for who is
    /// logged out and for who has left since, and only the profile of now tells the two apart.
    async fn alone_if_still_there(
        &self,
        profile: &Profile,
        omitted: Arrival,
    ) -> Result<Settled, PlatformError> {
        if let Some(settled) = self.without_state(profile, &[]) {
            return Ok(settled);
        }
        let single = self.state(profile.agent_id.as_str(), Purpose::Lookup).await?;
        if let Single::NoState(_) = single {
            return self.alone_after_profile(&profile.agent_id, Some(single), omitted).await;
        }
        self.alone_with(profile, Vec::new(), single).await
    }

    /// Reads the profile first, and then the state unless that is known.
    async fn alone_after_profile(
        &self,
        agent_id: &AgentId,
        single: Option<Single>,
        omitted: Arrival,
    ) -> Result<Settled, PlatformError> {
        let (profile, arrival) = match self.profile(agent_id.as_str(), Purpose::Lookup).await? {
            Ok(read) => read,
            Err(refused) => return Ok(self.unknown(agent_id, &refused, omitted)),
        };
        let observations = vec![profile.observation(arrival)];
        if let Some(settled) = self.without_state(&profile, &observations) {
            return Ok(settled);
        }
        let single = match single {
            Some(single) => single,
            None => self.state(agent_id.as_str(), Purpose::Lookup).await?,
        };
        self.alone_with(&profile, observations, single).await
    }

    fn unknown(&self, agent_id: &AgentId, refused: &Refused, omitted: Arrival) -> Settled {
        let (snapshot, at) = (self.view.snapshot(), omitted.heard_at);
        let held = snapshot.by_agent_id(agent_id.as_str());
        let left_out = Evidence::at(Route::AgentStates.template(), "left it out", at);
        let listing = snapshot.listing().filter(|_| held.is_none_or(|row| !row.present)).map(|listing| {
            let detail = "the newest complete listing does not name it";
            Evidence::at(Source::Sweep.name(), detail, listing.finished_at)
        });
        let mut evidence: Vec<Evidence> = listing.into_iter().collect();
        evidence.extend([left_out, refused.evidence(at)]);
        Settled::absent(held, omitted, evidence)
    }

    /// Whom the directory says to have no state.
    fn without_state(&self, profile: &Profile, observations: &[Observation]) -> Option<Settled> {
        match profile.account {
            Some(AccountState::Deleted) => Some(Settled::told(observations.to_vec())),
            Some(AccountState::Inactive) => {
                let detail = "the profile says that the account is inactive";
                let seen = Evidence::at(Route::Agent.template(), detail, self.client.now());
                Some(Settled::withheld(observations.to_vec(), seen))
            }
            Some(AccountState::Active) | None => None,
        }
    }

    async fn alone_with(
        &self,
        profile: &Profile,
        mut observations: Vec<Observation>,
        single: Single,
    ) -> Result<Settled, PlatformError> {
        match single {
            Single::Told(told) => {
                observations.push(*told);
                Ok(Settled::told(observations))
            }
            Single::NoState(heard) => {
                // Where the token's rights do not reach, a 404 may be a way of saying so.
                let rights = self.rights(Purpose::Lookup).await?;
                if !rights.reach(profile.division_id.as_ref()) {
                    let detail = "404, and the token's rights do not reach the agent's division";
                    let seen = Evidence::at(Route::AgentState.template(), detail, heard.heard_at);
                    return Ok(Settled::withheld(observations, seen));
                }
                observations.push(logged_out(profile, heard));
                Ok(Settled::told(observations))
            }
            Single::Denied(refused, heard) => {
                Ok(Settled::withheld(observations, refused.evidence(heard.heard_at)))
            }
        }
    }

    /// The profile of an agent that is held as existing.
    fn held_profile(&self, agent_id: &AgentId) -> Option<Profile> {
        let snapshot = self.view.snapshot();
        let row = snapshot.by_agent_id(agent_id.as_str()).filter(|row| row.present)?;
        let profile = &row.held.profile;
        Some(Profile {
            agent_id: profile.agent_id.as_ref()?.value.clone(),
            user_id: row.user_id().clone(),
            name: profile.name.as_ref().map(|name| name.value.clone()),
            division_id: row.division_id().cloned(),
            account: row.account(),
        })
    }

    fn refused(&self, error: &PlatformError) -> Settled {
        Settled { observations: Vec::new(), report: Report::Refused(error.refusal(self.client.now())) }
    }
}

impl LookedUp {
    fn add(&mut self, asked: &[Asked], settled: Settled) {
        for asked in asked {
            self.settle(asked, settled.report.clone());
        }
        self.observations.extend(settled.observations);
    }
}
