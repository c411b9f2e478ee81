//! The single reads that listing and look-up are made of.

use onduty_core::access::Seen;
use onduty_core::agent::{AgentId, UserId};
use onduty_core::facts::{Denial, Kind, Listed};
use onduty_core::observation::{Observation, Source};

use super::lookup::has_state;
use super::{AgentStatesApi, PAGE_SIZE};
use crate::platform::genesys::budget::Purpose;
use crate::platform::genesys::client::{Answer, Ask};
use crate::platform::genesys::decode::{self, Arrival, Heard, Page, Profile};
use crate::platform::genesys::error::{PlatformError, Refused};
use crate::platform::genesys::route::{Route, encoded};

/// What the singular read of a state says.
pub(super) enum Single {
    /// The state.
    Told(Box<Observation>),
    /// The agent, and no state.
    Blank(Seen<()>),
    /// `404`, in the platform's own words: for whoever may see it, there is no state.
    NoState(Seen<()>),
    /// `403`: it may not be seen.
    Denied(Seen<Denial>),
}

impl AgentStatesApi {
    pub(super) async fn profiles(&self, number: u64) -> Result<(Page<Profile>, Arrival), PlatformError> {
        let path = format!("{}?pageSize={PAGE_SIZE}&pageNumber={number}", Route::Agents);
        let answer = self.get(Route::Agents, path, Purpose::Sweep).await?;
        let page = self.client.read(&answer, decode::agent_profiles)?;
        self.client.count_unreadable(page.entities.iter().map(|profile| profile.unreadable).sum());
        Ok((page, arrival(&answer, Purpose::Sweep)))
    }

    pub(super) async fn profile_of_user(
        &self,
        user_id: &str,
    ) -> Result<(Option<Profile>, Arrival, Answer), PlatformError> {
        let path = format!("{}?userId={}", Route::Agents, encoded(user_id));
        let answer = self.get(Route::Agents, path, Purpose::Lookup).await?;
        let page = self.client.read(&answer, decode::agent_profiles)?;
        let profile = page.entities.into_iter().find(|profile| profile.user_id == UserId::from(user_id));
        Ok((profile, arrival(&answer, Purpose::Lookup), answer))
    }

    /// A profile, or the refusal that proves that there is none.
    pub(super) async fn profile(
        &self,
        agent_id: &str,
        purpose: Purpose,
    ) -> Result<Result<(Profile, Arrival), Refused>, PlatformError> {
        let path = format!("{}/{}", Route::Agents, encoded(agent_id));
        match self.get(Route::Agent, path, purpose).await {
            Ok(answer) => {
                let profile = self.client.read(&answer, decode::agent_profile)?;
                Ok(Ok((profile, arrival(&answer, purpose))))
            }
            Err(PlatformError::Refused(refused)) if refused.says_absent() => Ok(Err(refused)),
            Err(error) => Err(error),
        }
    }

    pub(super) async fn states(
        &self,
        agent_ids: &[AgentId],
        purpose: Purpose,
    ) -> Result<(Heard, Seen<Listed>), PlatformError> {
        let ids: Vec<String> =
            agent_ids.iter().map(|id| format!("agentId={}", encoded(id.as_str()))).collect();
        let path = format!("{}?{}", Route::AgentStates, ids.join("&"));
        let answer = self.get(Route::AgentStates, path, purpose).await?;
        let arrival = arrival(&answer, purpose);
        let told = self.client.read(&answer, |body| decode::agent_states(body, arrival))?;
        self.client.count_unreadable(told.unreadable());
        Ok((told, answer.seen(Listed::Omitted)))
    }

    pub(super) async fn state(&self, agent_id: &str, purpose: Purpose) -> Result<Single, PlatformError> {
        let path = format!("{}/{}/state", Route::Agents, encoded(agent_id));
        let asked_at = self.client.now();
        match self.get(Route::AgentState, path, purpose).await {
            Ok(answer) => {
                let arrival = arrival(&answer, purpose);
                let told = self.client.read(&answer, |body| decode::agent_state(body, arrival))?;
                Ok(if has_state(&told) {
                    Single::Told(Box::new(told))
                } else {
                    Single::Blank(answer.seen(()))
                })
            }
            Err(PlatformError::Refused(refused)) => match refused.status {
                404 if refused.says_absent() => Ok(Single::NoState(refused.denial(asked_at).with(()))),
                403 => Ok(Single::Denied(refused.denial(asked_at))),
                _ => Err(PlatformError::Refused(refused)),
            },
            Err(error) => Err(error),
        }
    }

    /// What a user's id is, given as an agent's: a user, and the agent that is linked to it.
    pub(super) async fn user(&self, id: &str) -> Result<Option<Seen<Kind>>, PlatformError> {
        let path = format!("{}?userId={}", Route::Agents, encoded(id));
        let answer = self.get(Route::Agents, path, Purpose::Diagnosis).await?;
        let page = self.client.read(&answer, decode::agent_profiles)?;
        let linked = page.entities.into_iter().find(|profile| profile.user_id == UserId::from(id));
        if let Some(profile) = linked {
            return Ok(Some(
                answer.seen(Kind::User { agent_id: Some(profile.agent_id), name: profile.name }),
            ));
        }
        let path = format!("{}/{}", Route::Users, encoded(id));
        match self.get(Route::User, path, Purpose::Diagnosis).await {
            Ok(answer) => Ok(Some(answer.seen(Kind::User { agent_id: None, name: None }))),
            Err(error) if error.says_absent() => Ok(None),
            Err(error) => Err(error),
        }
    }

    async fn get(&self, route: Route, path: String, purpose: Purpose) -> Result<Answer, PlatformError> {
        self.client.get(&Ask { route, path, purpose }).await
    }
}

pub(super) const fn source(purpose: Purpose) -> Source {
    match purpose {
        Purpose::Sweep => Source::Sweep,
        Purpose::Lookup | Purpose::Channel | Purpose::Diagnosis => Source::Lookup,
    }
}

const fn arrival(answer: &Answer, purpose: Purpose) -> Arrival {
    Arrival { source: source(purpose), heard_at: answer.sent_at }
}
