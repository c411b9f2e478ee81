//! The agent-states API (contract section 8), with every one of its silent empties.
//!
//! Agent, user and queue ids are different things here, and scopes bind. The list never says why it is empty.

use super::call::{Answer, Asked};
use super::listing::{Listing, Page};
use super::refusal::Refusal;
use super::sight::Cache;
use crate::cloud::agent::{Account, Agent};
use crate::cloud::id::Id;
use crate::shapes::{NamedBody, ProfileBody, StateBody, Style};

/// Most agents in one list request.
const IDS_MAX: usize = 50;
/// Most profiles on one page.
const PAGE_MAX: usize = 500;
const PROFILE_SCOPE: &str = "agent:read";
const STATE_SCOPE: &str = "agent:state:read";
const STATE_PERMISSION: &str = "agent:state:view";

/// Whether a path belongs to this API, which the real host does not have.
pub(super) fn owns(path: &str) -> bool {
    path.strip_prefix("/api/v2/agents").is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// `GET /api/v2/agents/states?agentId=`: the states that can be seen, in the order asked, each once; what can't be
/// seen is left out without a word.
pub(super) fn states(asked: &mut Asked<'_>) -> Result<Answer, Refusal> {
    let mut ids = asked.call.query.list("agentId");
    if ids.is_empty() {
        return Err(Refusal::constraint("Parameter agentId is required.".to_owned()));
    }
    if ids.len() > IDS_MAX {
        return Err(Refusal::constraint(format!("Only {IDS_MAX} agents can be requested at a time.")));
    }
    let mut seen = std::collections::HashSet::new();
    ids.retain(|id| seen.insert(*id));
    if !asked.has_scope(STATE_SCOPE) {
        return Ok(Answer::ok(&[(); 0]));
    }
    let held = asked.usable(STATE_PERMISSION);
    let style = Style::rest(&asked.world.faults);
    let found: Vec<StateBody> = ids
        .into_iter()
        .filter_map(|text| find(asked, text))
        .filter(|agent| agent.account == Account::Active && held.covers(agent.division))
        .map(|agent| (agent, asked.state_of(agent, Cache::States)))
        .filter(|(agent, state)| state.logged_in && !asked.withholds(agent))
        .map(|(agent, state)| StateBody::of(agent, state, style))
        .collect();
    Ok(Answer::ok(&found))
}

/// `GET /api/v2/agents/{agentId}/state`: does say why not. A withheld state leaves the agent's name behind.
pub(super) fn state(asked: &mut Asked<'_>) -> Result<Answer, Refusal> {
    if !asked.has_scope(STATE_SCOPE) {
        return Err(Refusal::missing_scope(STATE_SCOPE));
    }
    let held = asked.require(STATE_PERMISSION)?;
    let agent = find(asked, asked.param()).ok_or_else(Refusal::not_found)?;
    if !held.covers(agent.division) {
        return Err(Refusal::missing_in_division(STATE_PERMISSION));
    }
    let state = asked.state_of(agent, Cache::State);
    if agent.account != Account::Active || !state.logged_in {
        return Err(Refusal::not_found());
    }
    if asked.withholds(agent) {
        return Ok(Answer::ok(&NamedBody::of(agent)));
    }
    Ok(Answer::ok(&StateBody::of(agent, state, Style::rest(&asked.world.faults))))
}

/// `GET /api/v2/agents/{agentId}`: answers for those who left too.
pub(super) fn profile(asked: &mut Asked<'_>) -> Result<Answer, Refusal> {
    may_read_profiles(asked)?;
    let agent = find(asked, asked.param()).ok_or_else(Refusal::not_found)?;
    Ok(Answer::ok(&ProfileBody::of(agent)))
}

/// `GET /api/v2/agents`: everybody but those who left, in pages; or by `userId`, which finds those too.
pub(super) fn profiles(asked: &mut Asked<'_>) -> Result<Answer, Refusal> {
    may_read_profiles(asked)?;
    let page = Page::strict(asked, PAGE_MAX)?;
    let users = asked.call.query.list("userId");
    let agents: Vec<&Agent> = if users.is_empty() {
        asked.cloud().agents().iter().filter(|agent| agent.account != Account::Deleted).collect()
    } else {
        users.iter().filter_map(|id| Id::parse(id)).filter_map(|id| asked.cloud().user(id)).collect()
    };
    let total = agents.len();
    let entities = page.of(agents.into_iter()).map(ProfileBody::of).collect();
    Ok(Answer::ok(&Listing::of(asked, page, total, entities)))
}

fn may_read_profiles(asked: &Asked<'_>) -> Result<(), Refusal> {
    if asked.has_scope(PROFILE_SCOPE) { Ok(()) } else { Err(Refusal::missing_scope(PROFILE_SCOPE)) }
}

fn find<'a>(asked: &'a Asked<'_>, text: &str) -> Option<&'a Agent> {
    let position = asked.cloud().position_by_agent(Id::parse(text)?)?;
    asked.cloud().agent(position)
}
