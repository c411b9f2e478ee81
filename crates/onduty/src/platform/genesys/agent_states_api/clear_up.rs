//! Agents whom the list of states leaves out, or of whom a cache tells an older state. The read of one state says why
//! not, so that is asked: once for all whom the same hindrance hides, and else for each alone.

use std::collections::BTreeMap;

use futures_util::stream::{self, StreamExt};
use onduty_core::access::Seen;
use onduty_core::agent::{AccountState, AgentId};
use onduty_core::answer::Asked;
use onduty_core::facts::{Alone, Existence, Facts, Kind, Listed};
use onduty_core::observation::Source;

use super::lookup::{ALONE_AT_ONCE, Omitted, Settled};
use super::reads::Single;
use super::{AgentStatesApi, logged_out};
use crate::platform::LookedUp;
use crate::platform::genesys::access::{Depth, Standing, Whom};
use crate::platform::genesys::budget::Purpose;
use crate::platform::genesys::decode::{Arrival, Profile};
use crate::platform::genesys::error::PlatformError;
use crate::platform::genesys::kind::{self, KindBudget, KindFound};
use crate::platform::genesys::route::Route;

/// What is the same for everybody whom one answer left out.
#[derive(Clone, Copy)]
struct Context<'a> {
    /// The answer that left them out.
    list: &'a Seen<Listed>,
    /// What the token may do.
    standing: &'a Standing,
    kinds: KindBudget,
}

impl AgentStatesApi {
    /// Settles everybody whom the list did not clear up.
    pub(super) async fn clear_up(
        &self,
        omitted: Vec<Omitted>,
        list: Seen<Listed>,
        kinds: KindBudget,
        result: &mut LookedUp,
    ) {
        let standing = self.access.current(&self.client, Purpose::Diagnosis, Depth::Enough).await;
        let context = Context { list: &list, standing: &standing, kinds };
        let mut hidden: BTreeMap<Whom, Vec<Omitted>> = BTreeMap::new();
        let mut single = Vec::new();
        for omitted in omitted {
            match self.hidden_by(&omitted, &standing) {
                Some(whom) => hidden.entry(whom).or_default().push(omitted),
                None => single.push(omitted),
            }
        }
        for (whom, omitted) in hidden {
            single.extend(self.settle_hidden(&whom, omitted, context, result).await);
        }
        let alone: Vec<(Vec<Asked>, Settled)> = stream::iter(single)
            .map(|omitted| async move {
                let settled = match self.alone(&omitted, context).await {
                    Ok(settled) => settled,
                    Err(error) => self.refused(&error).await,
                };
                (omitted.asked, settled)
            })
            .buffer_unordered(ALONE_AT_ONCE)
            .collect()
            .await;
        for (asked, settled) in alone {
            result.add(&asked, settled);
        }
    }

    /// What hides an agent, by what the token may do. Somebody of whom the list told is not hidden.
    fn hidden_by(&self, omitted: &Omitted, standing: &Standing) -> Option<Whom> {
        if omitted.older.is_some() {
            return None;
        }
        let profile = self.held_profile(&omitted.agent_id);
        let division = profile.as_ref().and_then(|profile| profile.division_id.as_ref());
        standing.hides(&self.access.needs(), division, self.client.now())
    }

    /// One read of a state shows for all that they are hidden. Gives back those for whom it did not.
    async fn settle_hidden(
        &self,
        whom: &Whom,
        omitted: Vec<Omitted>,
        context: Context<'_>,
        result: &mut LookedUp,
    ) -> Vec<Omitted> {
        let Some(first) = omitted.first() else { return omitted };
        let read = async {
            Ok(match self.state(first.agent_id.as_str(), Purpose::Diagnosis).await? {
                Single::Denied(denial) => Some(denial),
                Single::Told(_) | Single::Blank(_) | Single::NoState(_) => None,
            })
        };
        let denial = match self.access.confirm(whom, self.client.now(), read).await {
            Ok(Some(denial)) => Some(denial),
            // It can be seen after all: what was said of the token is not so, and everybody is asked for.
            Ok(None) => return omitted,
            // What was said of the token is proof enough.
            Err(_) => None,
        };
        for omitted in omitted {
            let facts = Facts { kind: self.known_kind_of(&omitted), ..self.omission(context) };
            let facts = match &denial {
                Some(denial) => facts.denied(denial),
                None => facts,
            };
            result.add(&omitted.asked, Settled::missing(Vec::new(), facts));
        }
        Vec::new()
    }

    /// A profile that is held already saves a request, unless there is no state: `404` is the answer for who is
    /// logged out and for who has left since, `403` for both alike, and only the profile of now tells them apart.
    async fn alone(&self, omitted: &Omitted, context: Context<'_>) -> Result<Settled, PlatformError> {
        if let Some(kind) = self.known_kind_of(omitted) {
            return Ok(Settled::missing(Vec::new(), Facts { kind: Some(kind), ..self.omission(context) }));
        }
        // Of somebody who was gone when last heard of, the directory may say otherwise by now.
        let held = self.held_profile(&omitted.agent_id).filter(|profile| !is_gone(profile));
        let Some(profile) = held else {
            return self.alone_after_profile(omitted, None, context).await;
        };
        let single = self.state(profile.agent_id.as_str(), Purpose::Lookup).await?;
        if matches!(single, Single::NoState(_) | Single::Denied(_)) {
            return self.alone_after_profile(omitted, Some(single), context).await;
        }
        self.alone_with(&profile, Settled::told(Vec::new()), single, context).await
    }

    /// Reads the profile first, and then the state unless that is known.
    async fn alone_after_profile(
        &self,
        omitted: &Omitted,
        single: Option<Single>,
        context: Context<'_>,
    ) -> Result<Settled, PlatformError> {
        let agent_id = &omitted.agent_id;
        let (profile, arrival) = match self.profile(agent_id.as_str(), Purpose::Lookup).await? {
            Ok(read) => read,
            Err(refused) => {
                let asked_at = Arrival { source: Source::Lookup, heard_at: context.list.at };
                let unknown = refused.denial(self.client.now()).with(Existence::Unknown);
                let asked = Asked::AgentId(agent_id.as_str().into());
                let facts = self.unknown(agent_id.as_str(), &asked, unknown, context.kinds).await;
                let facts = Facts { list: Some(context.list.clone()), ..facts };
                let snapshot = self.view.snapshot();
                return Ok(Settled::absent(snapshot.by_agent_id(agent_id.as_str()), asked_at, facts));
            }
        };
        let named = Settled::told(vec![profile.observation(arrival)]);
        if is_gone(&profile) {
            let facts = self.omission(context);
            let facts = match &single {
                Some(Single::Denied(denial)) => facts.denied(denial),
                Some(_) | None => facts,
            };
            return Ok(Settled::missing(named.observations, facts));
        }
        let single = match single {
            Some(single) => single,
            None => self.state(agent_id.as_str(), Purpose::Lookup).await?,
        };
        self.alone_with(&profile, named, single, context).await
    }

    /// What the read of one state says of an agent who exists.
    async fn alone_with(
        &self,
        profile: &Profile,
        named: Settled,
        single: Single,
        context: Context<'_>,
    ) -> Result<Settled, PlatformError> {
        let mut observations = named.observations;
        let (division, now) = (profile.division_id.as_ref(), self.client.now());
        let facts = match single {
            Single::Told(told) => {
                observations.push(*told);
                return Ok(Settled::told(observations));
            }
            Single::NoState(seen) => {
                // Where the token's rights do not reach, a 404 may be a way of saying so.
                if context.standing.shows(&self.access.needs(), division, now) {
                    let heard = Arrival { source: Source::Lookup, heard_at: seen.at };
                    observations.push(logged_out(profile, heard));
                }
                Facts { alone: Some(seen.with(Alone::NoState)), ..self.omission(context) }
            }
            Single::Blank(seen) => Facts { alone: Some(seen.with(Alone::Blank)), ..self.omission(context) },
            Single::Denied(denial) => {
                let standing = self.access.current(&self.client, Purpose::Diagnosis, Depth::Thorough).await;
                let list = Some(context.list.clone());
                Facts { list, ..self.facts(&standing) }.denied(&denial)
            }
        };
        Ok(Settled::missing(observations, facts))
    }

    /// An id that is no agent's: what else it is.
    pub(super) async fn unknown(
        &self,
        id: &str,
        asked: &Asked,
        unknown: Seen<Existence>,
        kinds: KindBudget,
    ) -> Facts {
        let standing = self.access.current(&self.client, Purpose::Diagnosis, Depth::Enough).await;
        let mut facts = Facts { directory: Some(unknown), ..self.facts(&standing) };
        match self.kind_of(id, asked, &standing, kinds).await {
            Ok(kind) => facts.kind = kind,
            Err(untaken) => facts.untaken.push(untaken),
        }
        facts
    }

    async fn kind_of(&self, id: &str, asked: &Asked, standing: &Standing, kinds: KindBudget) -> KindFound {
        if let Some(known) = self.known_kind(asked).or_else(|| kind::division(&standing.access, id)) {
            return Ok(Some(known));
        }
        kinds.grant(&self.client)?;
        let asked_at = self.client.now();
        let untaken = |route| move |error: PlatformError| kind::untaken(&error, route, asked_at);
        let other = match asked {
            Asked::AgentId(_) => self.user(id).await.map_err(untaken(Route::Agents))?,
            Asked::UserId(_) => {
                let profile = self.profile(id, Purpose::Diagnosis).await.map_err(untaken(Route::Agent))?;
                profile.ok().map(|(profile, heard)| Seen {
                    value: Kind::Agent { user_id: profile.user_id.clone(), name: profile.name.clone() },
                    origin: Route::Agent.template(),
                    at: heard.heard_at,
                    correlation_id: None,
                })
            }
        };
        match other {
            Some(kind) => Ok(Some(kind)),
            None => kind::queue(&self.client, id).await,
        }
    }

    /// What else an id is, where the directory itself has linked it to an agent.
    pub(super) fn known_kind(&self, asked: &Asked) -> Option<Seen<Kind>> {
        let (snapshot, id) = (self.view.snapshot(), asked.id().to_ascii_lowercase());
        let (row, is_of_user) = match asked {
            Asked::AgentId(_) => (snapshot.by_user_id(&id)?, true),
            Asked::UserId(_) => (snapshot.by_agent_id(&id)?, false),
        };
        let agent_id = row.held.profile.agent_id.as_ref().filter(|_| row.present)?;
        let name = row.name().map(Into::into);
        let value = if is_of_user {
            Kind::User { agent_id: Some(agent_id.value.clone()), name }
        } else {
            Kind::Agent { user_id: row.user_id().clone(), name }
        };
        Some(Seen { value, origin: "directory", at: agent_id.at.get(), correlation_id: None })
    }

    fn known_kind_of(&self, omitted: &Omitted) -> Option<Seen<Kind>> {
        if self.held_profile(&omitted.agent_id).is_some() {
            return None;
        }
        self.known_kind(&Asked::AgentId(omitted.agent_id.as_str().into()))
    }

    /// The facts about somebody of whom only the omission is known.
    fn omission(&self, context: Context<'_>) -> Facts {
        Facts { list: Some(context.list.clone()), ..self.facts(context.standing) }
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
            unreadable: 0,
        })
    }
}

/// Whom the directory says to have no state.
fn is_gone(profile: &Profile) -> bool {
    matches!(profile.account, Some(AccountState::Deleted | AccountState::Inactive))
}
