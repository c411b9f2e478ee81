//! Looking ids up: states by fifty ids in one request; whoever is left out is asked for alone.

use std::collections::BTreeMap;

use futures_util::stream::{self, StreamExt};
use onduty_core::agent::{AccountState, AgentId};
use onduty_core::answer::{Asked, Report};
use onduty_core::finding::Evidence;
use onduty_core::observation::{Observation, Source};

use super::reads::Single;
use super::{AgentStatesApi, logged_out};
use crate::platform::LookedUp;
use crate::platform::genesys::budget::Purpose;
use crate::platform::genesys::decode::{Arrival, Profile};
use crate::platform::genesys::error::PlatformError;
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

    fn absent(evidence: Vec<Evidence>) -> Self {
        Self { observations: Vec::new(), report: Report::Absent(evidence) }
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
                Resolved::Settled(Settled::absent(vec![seen]))
            }
            Err(error) => Resolved::Settled(self.refused(&error)),
        }
    }

    /// An agent whose state the list left out.
    async fn alone(&self, agent_id: &AgentId, omitted: Arrival) -> Settled {
        let settled = match self.held_profile(agent_id) {
            Some(profile) => self.alone_with(&profile, Vec::new()).await,
            None => self.alone_without_profile(agent_id, omitted).await,
        };
        settled.unwrap_or_else(|error| self.refused(&error))
    }

    async fn alone_without_profile(
        &self,
        agent_id: &AgentId,
        omitted: Arrival,
    ) -> Result<Settled, PlatformError> {
        match self.profile(agent_id.as_str()).await? {
            Ok((profile, arrival)) => {
                let observations = vec![profile.observation(arrival)];
                self.alone_with(&profile, observations).await
            }
            Err(refused) => {
                let at = omitted.heard_at;
                let left_out = Evidence::at(Route::AgentStates.template(), "left it out", at);
                let listing = self.view.snapshot().listing().map(|listing| {
                    let detail = "the newest complete listing does not name it";
                    Evidence::at(Source::Sweep.name(), detail, listing.finished_at)
                });
                let mut evidence: Vec<Evidence> = listing.into_iter().collect();
                evidence.extend([left_out, refused.evidence(at)]);
                Ok(Settled::absent(evidence))
            }
        }
    }

    async fn alone_with(
        &self,
        profile: &Profile,
        mut observations: Vec<Observation>,
    ) -> Result<Settled, PlatformError> {
        match profile.account {
            Some(AccountState::Deleted) => return Ok(Settled::told(observations)),
            Some(AccountState::Inactive) => {
                let detail = "the profile says that the account is inactive";
                let seen = Evidence::at(Route::Agent.template(), detail, self.client.now());
                return Ok(Settled::withheld(observations, seen));
            }
            Some(AccountState::Active) | None => {}
        }
        match self.state(profile.agent_id.as_str(), Purpose::Lookup).await? {
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
