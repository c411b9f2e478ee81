//! The users API: an agent is a user, and `/api/v2/users` tells roster and state in one call.
//!
//! Expands are best effort: a user without presence and routing status is one about whom nothing was said. Absence
//! is proven by a request for the id with `state=any`, which leaves out only whom the organisation never had.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use futures_util::stream::{self, StreamExt};
use onduty_core::agent::{AccountState, UserId};
use onduty_core::answer::{Asked, Report};
use onduty_core::finding::Evidence;
use onduty_core::observation::{Observation, Source, Statement};
use onduty_core::row::Row;
use onduty_core::time::Timestamp;

use super::budget::Purpose;
use super::client::{Ask, Client};
use super::decode::{self, Arrival, Heard};
use super::error::PlatformError;
use super::route::{Route, encoded};
use crate::platform::{ListedPage, LookedUp};

/// Ids in one request; more is refused with `max.user.ids`.
pub const BATCH_MAX: usize = 100;
/// Users on one page. More is allowed, but with expands risks `response.entity.too.large`.
pub const PAGE_SIZE: usize = 100;
/// Every expand that says something of a state, as one value: the form that the platform's own SDKs send.
const EXPAND: &str = "presence,routingStatus,outOfOffice";
/// Users asked for alone at once, after an expand was left out.
const ALONE_AT_ONCE: usize = 4;

/// The users API of one organisation.
#[derive(Debug)]
pub struct UsersApi {
    client: Client,
}

/// An answer about some ids.
struct Answered {
    told: Vec<Observation>,
    /// What the request shows about those whom the answer does not name.
    seen: Evidence,
    /// Not later than when the request was sent.
    sent_at: Timestamp,
}

impl UsersApi {
    /// Asks through a client.
    pub const fn new(client: Client) -> Self {
        Self { client }
    }

    /// One page of all active users.
    ///
    /// # Errors
    ///
    /// When there is no usable answer.
    pub async fn list_page(&self, number: u64) -> Result<ListedPage, PlatformError> {
        let path =
            format!("{}?pageSize={PAGE_SIZE}&pageNumber={number}&state=active&expand={EXPAND}", Route::Users);
        let answer = self.client.get(&Ask { route: Route::Users, path, purpose: Purpose::Sweep }).await?;
        let arrival = Arrival { source: Source::Sweep, heard_at: answer.sent_at };
        let page = self.client.read(&answer, |body| decode::users(body, arrival))?;
        let observations: Vec<Observation> =
            page.entities.into_iter().flat_map(|heard| heard.observations).collect();
        let named = observations.iter().map(|observation| observation.user_id.clone()).collect();
        Ok(ListedPage { observations, named, total: page.total, has_next: page.has_next })
    }

    /// What is said of active users whom a full listing did not name.
    ///
    /// # Errors
    ///
    /// When there is no usable answer.
    pub async fn still_there(&self, missing: &[Arc<Row>]) -> Result<Vec<Observation>, PlatformError> {
        let list: Vec<String> =
            missing.iter().map(|row| format!("id={}", encoded(row.user_id().as_str()))).collect();
        let path =
            format!("{}?pageSize={BATCH_MAX}&state=active&expand={EXPAND}&{}", Route::Users, list.join("&"));
        match self.client.get(&Ask { route: Route::Users, path, purpose: Purpose::Sweep }).await {
            Ok(answer) => {
                let arrival = Arrival { source: Source::Sweep, heard_at: answer.sent_at };
                let page = self.client.read(&answer, |body| decode::users(body, arrival))?;
                Ok(page.entities.into_iter().flat_map(|heard| heard.observations).collect())
            }
            Err(error) if error.refused_with(404).is_some() => Ok(Vec::new()),
            Err(error) => Err(error),
        }
    }

    /// Asks about some ids in one request. A user whose state was left out is asked for once more, alone.
    pub async fn lookup(&self, asked: &[Asked]) -> LookedUp {
        let ids: BTreeSet<String> = asked.iter().map(user_id).collect();
        let Answered { told, seen, sent_at } = match self.ask_for(&ids).await {
            Ok(answer) => answer,
            Err(error) => return LookedUp::all(asked, &Report::Refused(error.refusal(self.client.now()))),
        };
        let mut told: BTreeMap<UserId, Observation> =
            told.into_iter().map(|observation| (observation.user_id.clone(), observation)).collect();
        let incomplete: Vec<UserId> = told
            .values()
            .filter(|told| is_active(told) && !has_state(told))
            .map(|told| told.user_id.clone())
            .collect();
        let retold: Vec<Observation> = stream::iter(incomplete)
            .map(|id| self.ask_alone(id))
            .buffer_unordered(ALONE_AT_ONCE)
            .filter_map(async |told| told)
            .collect()
            .await;
        told.extend(retold.into_iter().map(|observation| (observation.user_id.clone(), observation)));

        let mut result = LookedUp::default();
        for asked in asked {
            result.settle(asked, report_of(told.get(user_id(asked).as_str()), &seen));
        }
        let not_named = Arrival { source: Source::Lookup, heard_at: sent_at };
        let absent = ids.iter().filter(|id| !told.contains_key(id.as_str())).map(|id| {
            let statement = Statement { absent: true, ..Statement::default() };
            not_named.observation(UserId::from(id.as_str()), statement)
        });
        result.observations = absent.collect();
        result.observations.extend(told.into_values().map(without_leftovers));
        result
    }

    /// The users of some ids, in one request.
    async fn ask_for(&self, ids: &BTreeSet<String>) -> Result<Answered, PlatformError> {
        let list: Vec<String> = ids.iter().map(|id| format!("id={}", encoded(id))).collect();
        // Without a page size the platform shows 25 of the ids asked for.
        let path =
            format!("{}?pageSize={BATCH_MAX}&state=any&expand={EXPAND}&{}", Route::Users, list.join("&"));
        let asked_at = self.client.now();
        match self.client.get(&Ask { route: Route::Users, path, purpose: Purpose::Lookup }).await {
            Ok(answer) => {
                let arrival = Arrival { source: Source::Lookup, heard_at: answer.sent_at };
                let page = self.client.read(&answer, |body| decode::users(body, arrival))?;
                let detail = match &answer.correlation_id {
                    Some(id) => format!(
                        "asked by id with state=any (correlation id {id}), the platform did not name it"
                    ),
                    None => "asked by id with state=any, the platform did not name it".to_owned(),
                };
                let told = page.entities.into_iter().flat_map(|heard: Heard| heard.observations);
                let sent_at = answer.sent_at;
                let seen = Evidence::at(Route::Users.template(), detail, sent_at);
                Ok(Answered { told: told.collect(), seen, sent_at })
            }
            // Said when none of the ids is known; of some unknown ids only those are left out.
            Err(PlatformError::Refused(refused)) if refused.status == 404 => {
                Ok(Answered { told: Vec::new(), seen: refused.evidence(asked_at), sent_at: asked_at })
            }
            Err(error) => Err(error),
        }
    }

    /// One user alone. The platform's own advice where an expand is indispensable; a failure changes nothing.
    async fn ask_alone(&self, id: UserId) -> Option<Observation> {
        let path = format!("{}/{}?expand={EXPAND}", Route::Users, encoded(id.as_str()));
        let answer =
            self.client.get(&Ask { route: Route::User, path, purpose: Purpose::Lookup }).await.ok()?;
        let arrival = Arrival { source: Source::Lookup, heard_at: answer.sent_at };
        let heard = self.client.read(&answer, |body| decode::user(body, arrival)).ok()?;
        heard.observations.into_iter().next()
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

fn report_of(told: Option<&Observation>, seen: &Evidence) -> Report {
    let Some(told) = told else { return Report::Absent(vec![seen.clone()]) };
    let withheld =
        |detail: &str| Report::Withheld(vec![Evidence::at(Route::Users.template(), detail, told.heard_at)]);
    match told.statement.account {
        Some(AccountState::Inactive) => withheld("the platform says that the account is inactive"),
        Some(AccountState::Deleted) => Report::Told,
        Some(AccountState::Active) | None if has_state(told) => Report::Told,
        Some(AccountState::Active) | None => withheld(
            "the platform named the user and left presence and routing status out, also when asked alone",
        ),
    }
}

/// An account that is switched off has no state: what the expands add is left over from before.
fn without_leftovers(mut told: Observation) -> Observation {
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

    use super::*;

    fn told(account: Option<AccountState>, with_state: bool) -> Observation {
        let status = Said { value: RoutingStatus::Idle, clock: None };
        Observation {
            user_id: UserId::from("u"),
            source: Source::Lookup,
            heard_at: Timestamp::from_millis(1),
            as_of: None,
            event_id: None,
            statement: Statement {
                account,
                routing_status: with_state.then_some(status),
                ..Statement::default()
            },
        }
    }

    #[test]
    fn a_report_says_no_more_than_the_answer() {
        let seen = Evidence::at("/api/v2/users", "not named", Timestamp::from_millis(1));
        let name = |report: Report| match report {
            Report::Told => "told",
            Report::Absent(_) => "absent",
            Report::Withheld(_) => "withheld",
            Report::Refused(_) => "refused",
        };
        let table = [
            (None, "absent"),
            (Some(told(Some(AccountState::Active), true)), "told"),
            (Some(told(None, true)), "told"),
            (Some(told(Some(AccountState::Active), false)), "withheld"),
            (Some(told(Some(AccountState::Inactive), true)), "withheld"),
            (Some(told(Some(AccountState::Deleted), false)), "told"),
        ];
        for (told, expected) in table {
            assert_eq!(name(report_of(told.as_ref(), &seen)), expected, "{told:?}");
        }
    }

    #[test]
    fn what_an_expand_adds_to_an_inactive_account_is_not_a_state() {
        let stripped = without_leftovers(told(Some(AccountState::Inactive), true)).statement;
        assert_eq!((stripped.routing_status, stripped.account), (None, Some(AccountState::Inactive)));
        assert!(without_leftovers(told(Some(AccountState::Active), true)).statement.routing_status.is_some());
    }
}
