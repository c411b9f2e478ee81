//! The single reads that listing and look-up are made of.

use std::collections::BTreeSet;

use onduty_core::agent::{AgentId, UserId};
use onduty_core::observation::{Observation, Source};

use super::{AgentStatesApi, PAGE_SIZE, Rights};
use crate::platform::genesys::budget::Purpose;
use crate::platform::genesys::client::{Answer, Ask};
use crate::platform::genesys::decode::{self, Arrival, Page, Profile};
use crate::platform::genesys::error::{PlatformError, Refused};
use crate::platform::genesys::route::{Route, encoded};

/// The scope that states need.
const STATE_SCOPE: &str = "agent:state:read";
/// The permission that states need.
const STATE_PERMISSION: &str = "agent:state:view";
/// Pages of divisions read, at most.
const DIVISION_PAGES_MAX: u64 = 20;

/// What the singular read of a state says.
pub(super) enum Single {
    /// The state.
    Told(Box<Observation>),
    /// `404`: for whoever may see it, there is no state.
    NoState(Arrival),
    /// `403`: it may not be seen.
    Denied(Refused, Arrival),
}

impl AgentStatesApi {
    pub(super) async fn profiles(&self, number: u64) -> Result<(Page<Profile>, Arrival), PlatformError> {
        let path = format!("{}?pageSize={PAGE_SIZE}&pageNumber={number}", Route::Agents);
        let answer = self.get(Route::Agents, path, Purpose::Sweep).await?;
        let page = self.client.read(&answer, decode::agent_profiles)?;
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
            Err(PlatformError::Refused(refused)) if refused.status == 404 => Ok(Err(refused)),
            Err(error) => Err(error),
        }
    }

    pub(super) async fn states(
        &self,
        agent_ids: &[AgentId],
        purpose: Purpose,
    ) -> Result<(Vec<Observation>, Arrival), PlatformError> {
        let ids: Vec<String> =
            agent_ids.iter().map(|id| format!("agentId={}", encoded(id.as_str()))).collect();
        let path = format!("{}?{}", Route::AgentStates, ids.join("&"));
        let answer = self.get(Route::AgentStates, path, purpose).await?;
        let arrival = arrival(&answer, purpose);
        Ok((self.client.read(&answer, |body| decode::agent_states(body, arrival))?, arrival))
    }

    pub(super) async fn state(&self, agent_id: &str, purpose: Purpose) -> Result<Single, PlatformError> {
        let path = format!("{}/{}/state", Route::Agents, encoded(agent_id));
        let asked_at = Arrival { source: source(purpose), heard_at: self.client.now() };
        match self.get(Route::AgentState, path, purpose).await {
            Ok(answer) => {
                let arrival = arrival(&answer, purpose);
                let told = self.client.read(&answer, |body| decode::agent_state(body, arrival))?;
                Ok(Single::Told(Box::new(told)))
            }
            Err(PlatformError::Refused(refused)) => match refused.status {
                404 => Ok(Single::NoState(asked_at)),
                403 => Ok(Single::Denied(refused, asked_at)),
                _ => Err(PlatformError::Refused(refused)),
            },
            Err(error) => Err(error),
        }
    }

    /// What the token may read, read again when it is minutes old.
    pub(super) async fn rights(&self, purpose: Purpose) -> Result<Rights, PlatformError> {
        // Held across the requests: whoever needs the rights meanwhile waits for the same answer.
        let mut held = self.rights.lock().await;
        if let Some(rights) = held.as_ref().filter(|rights| rights.are_current(self.client.now())) {
            return Ok(rights.clone());
        }
        let rights = self.read_rights(purpose).await?;
        *held = Some(rights.clone());
        Ok(rights)
    }

    async fn read_rights(&self, purpose: Purpose) -> Result<Rights, PlatformError> {
        let read_at = self.client.now();
        let answer = self.get(Route::TokenInfo, Route::TokenInfo.template().to_owned(), purpose).await?;
        let token = self.client.read(&answer, decode::token_info)?;
        let mut rights = Rights {
            has_scope: token.scopes.contains(STATE_SCOPE),
            everywhere: false,
            divisions: BTreeSet::new(),
            read_at,
        };
        for number in 1..=DIVISION_PAGES_MAX {
            let permission = encoded(STATE_PERMISSION);
            let path = format!(
                "{}?permission={permission}&pageSize=100&pageNumber={number}",
                Route::PermittedDivisions
            );
            let answer = self.get(Route::PermittedDivisions, path, purpose).await?;
            let permitted = self.client.read(&answer, decode::permitted_divisions)?;
            rights.everywhere |= permitted.everywhere;
            rights.divisions.extend(permitted.page.entities.into_iter().map(|division| division.id));
            if rights.everywhere || !permitted.page.has_next {
                break;
            }
        }
        Ok(rights)
    }

    async fn get(&self, route: Route, path: String, purpose: Purpose) -> Result<Answer, PlatformError> {
        self.client.get(&Ask { route, path, purpose }).await
    }
}

const fn source(purpose: Purpose) -> Source {
    match purpose {
        Purpose::Sweep => Source::Sweep,
        Purpose::Lookup | Purpose::Diagnosis => Source::Lookup,
    }
}

const fn arrival(answer: &Answer, purpose: Purpose) -> Arrival {
    Arrival { source: source(purpose), heard_at: answer.sent_at }
}
