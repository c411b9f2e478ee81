//! Which state of an agent a read shows: the true one, an older one out of a cache that lags, or none.

use std::sync::Arc;

use super::call::Asked;
use crate::cloud::agent::{Agent, AgentState};

/// A family of reads behind one cache.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cache {
    /// The agent-states API's list.
    States,
    /// Its call about one agent.
    State,
    /// Every read of the users API that shows presence, routing status or out of office.
    Users,
}

impl Asked<'_> {
    /// The state that a cache holds. Who somebody is, their account and their division come out of no cache.
    pub(super) fn state_of<'a>(&self, agent: &'a Agent, cache: Cache) -> &'a Arc<AgentState> {
        let faults = &self.world.faults;
        let lag_s = match cache {
            Cache::States => faults.states_cache_lag_s,
            Cache::State => faults.state_cache_lag_s,
            Cache::Users => faults.users_cache_lag_s,
        };
        if lag_s == 0 {
            return agent.state();
        }
        let lag_ms = i64::try_from(lag_s).unwrap_or(i64::MAX).saturating_mul(1000);
        agent.state_at(self.call.now.plus_millis(-lag_ms))
    }

    /// Whether the platform's own source is the one that counts for an agent.
    pub(super) fn is_primary(&self, agent: &Agent) -> bool {
        agent.primary_source.is_none() && !self.world.faults.presence_not_primary.covers(agent)
    }

    /// Whether an agent is named and their state left out.
    pub(super) fn withholds(&self, agent: &Agent) -> bool {
        self.world.faults.state_withheld.covers(agent)
    }
}
