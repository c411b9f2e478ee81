//! Looking ids up: states by fifty ids in one request; what the list leaves out is cleared up one by one, or at once
//! where one hindrance hides many.

use std::collections::BTreeMap;
use std::sync::Arc;

use futures_util::stream::{self, StreamExt};
use onduty_core::access::Seen;
use onduty_core::agent::{AccountState, AgentId};
use onduty_core::answer::{Asked, Report};
use onduty_core::facts::{Existence, Facts, Listed};
use onduty_core::observation::{Observation, Statement};
use onduty_core::row::Row;

use super::AgentStatesApi;
use crate::platform::LookedUp;
use crate::platform::genesys::access::{Depth, Standing};
use crate::platform::genesys::budget::Purpose;
use crate::platform::genesys::decode::Arrival;
use crate::platform::genesys::error::PlatformError;
use crate::platform::genesys::kind::KindBudget;

/// Agents asked for alone at once.
pub(super) const ALONE_AT_ONCE: usize = 8;

/// What one id came to.
pub(super) struct Settled {
    pub(super) observations: Vec<Observation>,
    pub(super) report: Report,
}

/// An agent whom the list of states does not clear up, and who asked.
#[derive(Clone)]
pub(super) struct Omitted {
    pub(super) agent_id: AgentId,
    pub(super) asked: Vec<Asked>,
    /// What the list told instead: no state, an older one than is held, or that of somebody held as gone.
    pub(super) older: Option<Observation>,
}

/// What an asked id stands for.
enum Resolved {
    Agent(AgentId, Option<Box<Observation>>),
    Settled(Settled),
}

impl Settled {
    pub(super) fn told(observations: Vec<Observation>) -> Self {
        Self { observations, report: Report::Told }
    }

    pub(super) fn missing(observations: Vec<Observation>, facts: Facts) -> Self {
        Self { observations, report: Report::Missing(Arc::new(facts)) }
    }

    /// There is no such agent, which is news of whoever is held as one.
    pub(super) fn absent(held: Option<&Arc<Row>>, arrival: Arrival, facts: Facts) -> Self {
        let gone = Statement { absent: true, ..Statement::default() };
        let observations = held.map(|row| arrival.observation(row.user_id().clone(), gone));
        Self::missing(observations.into_iter().collect(), facts)
    }
}

impl AgentStatesApi {
    /// Asks about some ids: in one request for states, and for what that leaves out in as few more as can be.
    pub async fn lookup(&self, asked: &[Asked]) -> LookedUp {
        let mut result = LookedUp::default();
        let standing = self.access.held(self.client.now());
        let mut open = Vec::new();
        for asked in asked {
            match standing.as_ref().and_then(|standing| self.known_to_be_hidden(asked, standing)) {
                Some(facts) => result.settle(asked, Report::Missing(Arc::new(facts))),
                None => open.push(asked.clone()),
            }
        }
        let snapshot = self.view.snapshot();
        let kinds = KindBudget::of(open.iter().filter(|asked| asked.row(&snapshot).is_none()).count());
        // Owned, because futures over borrowed elements cannot be shown to be `Send`.
        let resolved: Vec<(Asked, Resolved)> = stream::iter(open)
            .map(|asked| async {
                let resolved = self.resolve(&asked, kinds).await;
                (asked, resolved)
            })
            .buffered(ALONE_AT_ONCE)
            .collect()
            .await;
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
        self.settle_agents(by_agent, kinds, &mut result).await;
        result
    }

    /// What is known without asking of somebody whom the token may not see, as one refused read has shown.
    fn known_to_be_hidden(&self, asked: &Asked, standing: &Standing) -> Option<Facts> {
        let snapshot = self.view.snapshot();
        let division = asked.row(&snapshot).filter(|row| row.present).and_then(|row| row.division_id());
        let whom = standing.hides(&self.access.needs(), division, self.client.now())?;
        let denial = standing.denial(&whom)?;
        let kind = self.known_kind(asked);
        Some(Facts { kind, ..self.facts(standing) }.denied(denial))
    }

    async fn settle_agents(
        &self,
        by_agent: BTreeMap<AgentId, Vec<Asked>>,
        kinds: KindBudget,
        result: &mut LookedUp,
    ) {
        if by_agent.is_empty() {
            return;
        }
        let ids: Vec<AgentId> = by_agent.keys().cloned().collect();
        let (told, list) = match self.states(&ids, Purpose::Lookup).await {
            Ok(answer) => answer,
            Err(error) => {
                for asked in by_agent.values() {
                    result.add(asked, self.list_failed(&error).await);
                }
                return;
            }
        };
        let mut told: BTreeMap<AgentId, Observation> = told
            .observations
            .into_iter()
            .filter_map(|told| Some((told.statement.agent_id.clone()?, told)))
            .collect();
        let mut omitted = Vec::new();
        for (agent_id, asked) in by_agent {
            match told.remove(&agent_id) {
                Some(told) if has_state(&told) && !self.contradicts(&told) => {
                    result.add(&asked, Settled::told(vec![told]));
                }
                older => omitted.push(Omitted { agent_id, asked, older }),
            }
        }
        if !omitted.is_empty() {
            self.clear_up(omitted, list, kinds, result).await;
        }
    }

    /// Whether it can't be so by what is held: a cache told it, or of somebody held as gone.
    fn contradicts(&self, told: &Observation) -> bool {
        let snapshot = self.view.snapshot();
        let account = snapshot.by_user_id(told.user_id.as_str()).and_then(|row| row.account());
        account.is_some_and(|account| account != AccountState::Active) || self.is_behind(told)
    }

    /// Whether a cache told it: a state older than the one held.
    pub(super) fn is_behind(&self, told: &Observation) -> bool {
        let snapshot = self.view.snapshot();
        let row = snapshot.by_user_id(told.user_id.as_str());
        row.is_some_and(|row| row.present && row.is_ahead_of(&told.statement))
    }

    async fn resolve(&self, asked: &Asked, kinds: KindBudget) -> Resolved {
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
                let unknown = answer.seen(Existence::Unknown);
                let facts = self.unknown(&id, asked, unknown, kinds).await;
                Resolved::Settled(Settled::absent(snapshot.by_user_id(&id), arrival, facts))
            }
            Err(error) => Resolved::Settled(self.refused(&error).await),
        }
    }

    /// The list of states gave no answer that could be used.
    async fn list_failed(&self, error: &PlatformError) -> Settled {
        let PlatformError::Refused(refused) = error else { return self.refused(error).await };
        let standing = self.access.current(&self.client, Purpose::Diagnosis, Depth::Thorough).await;
        let denial = refused.denial(self.client.now());
        let listed: Seen<Listed> = denial.with(Listed::Denied(denial.value.clone()));
        Settled::missing(Vec::new(), Facts { list: Some(listed), ..self.facts(&standing) })
    }

    /// Facts about an id of which nothing is known yet but what the token may do.
    pub(super) fn facts(&self, standing: &Standing) -> Facts {
        Facts::none(self.access.needs(), Arc::clone(&standing.access))
    }

    /// An id that could not be asked about, or only to be refused.
    pub(super) async fn refused(&self, error: &PlatformError) -> Settled {
        let now = self.client.now();
        match error {
            PlatformError::Refused(refused) => {
                let standing = self.access.current(&self.client, Purpose::Diagnosis, Depth::Thorough).await;
                Settled::missing(Vec::new(), self.facts(&standing).denied(&refused.denial(now)))
            }
            _ => Settled { observations: Vec::new(), report: Report::Refused(error.refusal(now)) },
        }
    }
}

/// Whether a statement tells anything of a state.
pub(super) fn has_state(told: &Observation) -> bool {
    let Statement { presence, routing_status, login, .. } = &told.statement;
    presence.is_some() || routing_status.is_some() || login.is_some()
}

impl LookedUp {
    pub(super) fn add(&mut self, asked: &[Asked], settled: Settled) {
        for asked in asked {
            self.settle(asked, settled.report.clone());
        }
        self.observations.extend(settled.observations);
    }
}
