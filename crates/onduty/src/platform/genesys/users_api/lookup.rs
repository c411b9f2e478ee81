//! Looking ids up: up to a hundred in one request; whoever's state is left out, or told by a cache that is behind, is
//! asked for by the specific calls.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use futures_util::stream::{self, StreamExt};
use onduty_core::access::Seen;
use onduty_core::agent::{AccountState, UserId};
use onduty_core::answer::{Asked, Report};
use onduty_core::facts::{Alone, Existence, Facts, Listed, Untaken};
use onduty_core::finding::{Evidence, Reason};
use onduty_core::observation::{Observation, Source, Statement};

use super::{BATCH_MAX, EXPAND, UsersApi};
use crate::platform::LookedUp;
use crate::platform::genesys::access::Depth;
use crate::platform::genesys::budget::Purpose;
use crate::platform::genesys::client::Ask;
use crate::platform::genesys::decode::{self, Arrival, Heard};
use crate::platform::genesys::error::PlatformError;
use crate::platform::genesys::route::{Route, encoded};

/// Users of one batch asked for by the specific calls because a listing left their state out: two requests each.
const FILLED_ALONE_MAX: usize = 10;
/// Users asked for by the specific calls at once.
const ALONE_AT_ONCE: usize = 4;

/// What the specific calls say of a user whom the directory names.
enum Specific {
    /// This.
    Told(Vec<Observation>),
    /// Nothing of a state.
    Blank(Seen<()>),
    /// They gave no usable answer.
    Failed(Evidence),
}

impl UsersApi {
    /// Asks about some ids.
    pub async fn lookup(&self, asked: &[Asked]) -> LookedUp {
        let ids: BTreeSet<String> = asked.iter().map(user_id).collect();
        let (told, listed) = match self.ask_for(&ids).await {
            Ok(answer) => answer,
            Err(error) => return LookedUp::all(asked, &self.failed(&error).await),
        };
        let told: BTreeMap<UserId, Observation> =
            told.into_iter().map(|told| (told.user_id.clone(), without_leftovers(told))).collect();
        let wanting: Vec<UserId> =
            told.values().filter(|told| self.is_wanting(told)).map(|told| told.user_id.clone()).collect();
        let specific: BTreeMap<UserId, Specific> = stream::iter(wanting)
            .map(|id| async move { (id.clone(), self.ask_alone(&id, Purpose::Lookup).await) })
            .buffer_unordered(ALONE_AT_ONCE)
            .collect()
            .await;
        let unnamed: Vec<String> = ids.iter().filter(|id| !told.contains_key(id.as_str())).cloned().collect();
        let unnamed =
            if unnamed.is_empty() { BTreeMap::new() } else { self.unnamed(&unnamed, &listed).await };

        let mut result = LookedUp::default();
        let mut reports: BTreeMap<String, Report> = BTreeMap::new();
        for (id, facts) in unnamed {
            result.observations.extend(facts.prove_absence().then(|| absent(&id, &listed)));
            reports.insert(id, Report::Missing(Arc::new(facts)));
        }
        for (id, told) in told {
            let report = self.report_of(&told, specific.get(&id), &listed).await;
            reports.insert(id.as_str().to_owned(), report);
            result.observations.push(told);
        }
        result.observations.extend(specific.into_values().flat_map(|specific| match specific {
            Specific::Told(observations) => observations,
            Specific::Blank(_) | Specific::Failed(_) => Vec::new(),
        }));
        for asked in asked {
            if let Some(report) = reports.get(&user_id(asked)) {
                result.settle(asked, report.clone());
            }
        }
        result
    }

    /// What is said of users whom a listing named without a state: asked for together once more, and those who are
    /// still without one by the specific calls.
    ///
    /// # Errors
    ///
    /// When there is no usable answer.
    pub async fn fill_in(&self, users: &[UserId]) -> Result<Vec<Observation>, PlatformError> {
        let mut told = self.named(users, Source::Sweep, Purpose::Sweep).await?;
        let whole =
            |told: &Observation| told.statement.presence.is_some() && told.statement.routing_status.is_some();
        let blank: Vec<UserId> = told
            .iter()
            .filter(|told| is_active(told) && !whole(told))
            .take(FILLED_ALONE_MAX)
            .map(|told| told.user_id.clone())
            .collect();
        for id in blank {
            match self.ask_alone(&id, Purpose::Sweep).await {
                Specific::Told(observations) => told.extend(observations),
                Specific::Blank(_) => {}
                // Where one fails, the others would; and every failure makes look-ups wait as well.
                Specific::Failed(why) => {
                    tracing::debug!(why = why.detail, "a state that a listing left out could not be read");
                    break;
                }
            }
        }
        Ok(told)
    }

    /// Whether the specific calls may tell more of an active user.
    fn is_wanting(&self, told: &Observation) -> bool {
        let snapshot = self.view.snapshot();
        let row = snapshot.by_user_id(told.user_id.as_str());
        let behind = || row.is_some_and(|row| row.present && row.is_ahead_of(&told.statement));
        is_active(told) && (!has_state(told) || behind())
    }

    async fn report_of(
        &self,
        told: &Observation,
        specific: Option<&Specific>,
        listed: &Seen<Listed>,
    ) -> Report {
        let (alone, failed) = match specific {
            Some(Specific::Blank(seen)) if !has_state(told) => (Some(seen.with(Alone::Blank)), None),
            Some(Specific::Failed(why)) if !has_state(told) => (None, Some(why)),
            Some(_) | None if is_active(told) => return Report::Told,
            Some(_) | None => (None, None),
        };
        let standing = self.access.held(self.client.now());
        let access = standing.map(|standing| standing.access).unwrap_or_default();
        let mut facts = Facts::none(self.access.needs(), access);
        facts.directory = Some(listed.with(Existence::Named));
        facts.alone = alone;
        facts.untaken.extend(failed.map(|why| Untaken {
            why: why.clone(),
            would_show: Reason::StateWithheld,
            is_passing: true,
        }));
        Report::Missing(Arc::new(facts))
    }

    /// The users of some ids, in one request.
    async fn ask_for(
        &self,
        ids: &BTreeSet<String>,
    ) -> Result<(Vec<Observation>, Seen<Listed>), PlatformError> {
        let list: Vec<String> = ids.iter().map(|id| format!("id={}", encoded(id))).collect();
        // Without a page size the platform shows 25 of the ids asked for.
        let path =
            format!("{}?pageSize={BATCH_MAX}&state=any&expand={EXPAND}&{}", Route::Users, list.join("&"));
        let asked_at = self.client.now();
        match self.client.get(&Ask { route: Route::Users, path, purpose: Purpose::Lookup }).await {
            Ok(answer) => {
                let arrival = Arrival { source: Source::Lookup, heard_at: answer.sent_at };
                let page = self.client.read(&answer, |body| decode::users(body, arrival))?;
                let told = page.entities.into_iter().flat_map(|heard: Heard| heard.observations);
                Ok((told.collect(), answer.seen(Listed::Omitted)))
            }
            // Said when none of the ids is known (or shown); of some unknown ids only those are left out.
            Err(PlatformError::Refused(refused)) if refused.says_nobody() => {
                Ok((Vec::new(), refused.denial(asked_at).with(Listed::Omitted)))
            }
            Err(error) => Err(error),
        }
    }

    /// The request for all ids gave no answer that could be used.
    async fn failed(&self, error: &PlatformError) -> Report {
        let now = self.client.now();
        let PlatformError::Refused(refused) = error else { return Report::Refused(error.refusal(now)) };
        let standing = self.access.current(&self.client, Purpose::Diagnosis, Depth::Thorough).await;
        let denial = refused.denial(now);
        let mut facts = self.facts(&standing);
        facts.list = Some(denial.with(Listed::Denied(denial.value.clone())));
        Report::Missing(Arc::new(facts))
    }

    /// One user by the specific calls: the platform's own advice where an expand is indispensable. That of routing
    /// status lies about nobody here, because the directory has named the user.
    async fn ask_alone(&self, id: &UserId, purpose: Purpose) -> Specific {
        let user = format!("{}/{}", Route::Users, encoded(id.as_str()));
        let asks = [
            Ask { route: Route::Presence, path: format!("{user}/presences/purecloud"), purpose },
            Ask { route: Route::RoutingStatus, path: format!("{user}/routingstatus"), purpose },
        ];
        let mut told = Vec::new();
        let mut blank = None;
        for ask in asks {
            match self.ask_facet(&ask).await {
                Ok((observations, seen)) => {
                    told.extend(observations.into_iter().filter(has_state));
                    blank = Some(seen);
                }
                Err(error) if told.is_empty() => {
                    return Specific::Failed(Evidence::at(
                        ask.route.template(),
                        error.to_string(),
                        self.client.now(),
                    ));
                }
                Err(error) => tracing::debug!(%error, "could not read one facet alone"),
            }
        }
        match blank {
            Some(seen) if told.is_empty() => Specific::Blank(seen),
            Some(_) | None => Specific::Told(told),
        }
    }

    async fn ask_facet(&self, ask: &Ask) -> Result<(Vec<Observation>, Seen<()>), PlatformError> {
        let answer = self.client.get(ask).await?;
        let arrival = Arrival { source: Source::Lookup, heard_at: answer.sent_at };
        let heard = self.client.read(&answer, |body| match ask.route {
            Route::Presence => decode::presence(body, arrival),
            _ => decode::routing_status(body, arrival),
        })?;
        Ok((heard.observations, answer.seen(())))
    }
}

/// The user that an id stands for: here an agent's id is its user's.
fn user_id(asked: &Asked) -> String {
    asked.id().to_ascii_lowercase()
}

fn is_active(told: &Observation) -> bool {
    !matches!(told.statement.account, Some(AccountState::Inactive | AccountState::Deleted))
}

fn has_state(told: &Observation) -> bool {
    told.statement.presence.is_some() || told.statement.routing_status.is_some()
}

fn absent(id: &str, listed: &Seen<Listed>) -> Observation {
    let arrival = Arrival { source: Source::Lookup, heard_at: listed.at };
    arrival.observation(UserId::from(id), Statement { absent: true, ..Statement::default() })
}

/// An account that is switched off has no state: what the expands add is left over from before.
pub(super) fn without_leftovers(mut told: Observation) -> Observation {
    if !is_active(&told) {
        let Statement { agent_id, name, division_id, account, .. } = told.statement;
        told.statement = Statement { agent_id, name, division_id, account, ..Statement::default() };
    }
    told
}

#[cfg(test)]
mod tests {
    use onduty_core::agent::RoutingStatus;
    use onduty_core::observation::Said;
    use onduty_core::time::Timestamp;

    use super::*;

    fn told(account: Option<AccountState>) -> Observation {
        let routing_status = Some(Said { value: RoutingStatus::Idle, clock: None });
        Observation {
            user_id: UserId::from("u"),
            source: Source::Lookup,
            heard_at: Timestamp::from_millis(1),
            as_of: None,
            event_id: None,
            statement: Statement { account, routing_status, ..Statement::default() },
        }
    }

    #[test]
    fn what_an_expand_adds_to_an_inactive_account_is_not_a_state() {
        let stripped = without_leftovers(told(Some(AccountState::Inactive))).statement;
        assert_eq!((stripped.routing_status, stripped.account), (None, Some(AccountState::Inactive)));
        assert!(without_leftovers(told(Some(AccountState::Active))).statement.routing_status.is_some());
    }
}
