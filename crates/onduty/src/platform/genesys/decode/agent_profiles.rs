//! Profiles of the agent-states API: who an agent is, without a state.

use std::sync::Arc;

use onduty_core::agent::{AccountState, AgentId, DivisionId, UserId};
use onduty_core::observation::{Observation, Statement};
use serde_json::Value;

use super::limits::parse;
use super::member::{id, object, text, word};
use super::page::{Page, page};
use super::users::account;
use super::{Arrival, Malformed};

/// Who an agent is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Profile {
    /// The agent's id.
    pub agent_id: AgentId,
    /// The person's id.
    pub user_id: UserId,
    /// Display name.
    pub name: Option<Arc<str>>,
    /// Division.
    pub division_id: Option<DivisionId>,
    /// The account's state.
    pub account: Option<AccountState>,
}

impl Profile {
    /// What it states.
    pub fn observation(&self, arrival: Arrival) -> Observation {
        let statement = Statement {
            agent_id: Some(self.agent_id.clone()),
            name: self.name.clone(),
            division_id: self.division_id.clone(),
            account: self.account,
            ..Statement::default()
        };
        arrival.observation(self.user_id.clone(), statement)
    }
}

/// `GET /api/v2/agents`: a page of profiles.
///
/// # Errors
///
/// When the body, or any profile in it, is malformed.
pub fn agent_profiles(body: &[u8]) -> Result<Page<Profile>, Malformed> {
    page(body, read, |_| Ok(())).map(|(page, ())| page)
}

/// `GET /api/v2/agents/{id}`: one profile.
///
/// # Errors
///
/// When the body is malformed.
pub fn agent_profile(body: &[u8]) -> Result<Profile, Malformed> {
    read(&parse(body)?)
}

fn read(value: &Value) -> Result<Profile, Malformed> {
    let members = object(value)?;
    Ok(Profile {
        agent_id: AgentId::from(&*members.required("agentId", id)?),
        user_id: UserId::from(&*members.required("userId", id)?),
        name: members.optional("name", text)?.map(Into::into),
        division_id: members.optional("divisionId", id)?.map(|division| DivisionId::from(&*division)),
        account: members.optional("state", word)?.and_then(account),
    })
}
