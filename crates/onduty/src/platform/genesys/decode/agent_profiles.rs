//! Profiles of the agent-states API: who an agent is, without a state.

use std::sync::Arc;

use onduty_core::agent::{AccountState, AgentId, DivisionId, UserId};
use onduty_core::observation::{Observation, Statement};
use serde_json::Value;

use super::limits::parse;
use super::member::{id, object, readable, text, word};
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
    /// Parts of it that can't be read, and are no news.
    pub unreadable: usize,
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
/// When the body is malformed, or a profile in it does not say whose it is. Any other part of one that can't be read is no
/// news.
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

/// Whatever cannot be read of a profile is no reason to lose the agent, or everybody else on the page. Only without ids
/// there is nobody to say anything of.
fn read(value: &Value) -> Result<Profile, Malformed> {
    let members = object(value)?;
    let agent_id = AgentId::from(&*members.required("agentId", id)?);
    let user_id = UserId::from(&*members.required("userId", id)?);
    let mut unreadable = 0;
    let name = readable(members.optional("name", text), &mut unreadable).map(Into::into);
    let division = readable(members.optional("divisionId", id), &mut unreadable);
    let division_id = division.map(|division| DivisionId::from(&*division));
    let account = readable(members.optional("state", word), &mut unreadable).and_then(account);
    Ok(Profile { agent_id, user_id, name, division_id, account, unreadable })
}
