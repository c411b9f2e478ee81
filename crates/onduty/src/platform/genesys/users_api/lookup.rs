//! Looking ids up: up to a hundred in one request; whatever part of a state is left out, or told by a cache that is
//! behind, is asked for by its specific call.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use onduty_core::access::Seen;
use onduty_core::agent::UserId;
use onduty_core::answer::{Asked, Refusal, Report};
use onduty_core::facts::{Alone, Existence, Facts, Listed, Untaken};
use onduty_core::finding::{Evidence, Reason};
use onduty_core::observation::{Observation, Source, Statement};

use super::UsersApi;
use super::parts::{Outcome, Part, Told, Verdict};
use crate::platform::genesys::access::Depth;
use crate::platform::genesys::budget::Purpose;
use crate::platform::genesys::decode::Arrival;
use crate::platform::genesys::error::PlatformError;
use crate::platform::{FilledIn, LookedUp};

impl UsersApi {
    /// Asks about some ids.
    pub async fn lookup(&self, asked: &[Asked]) -> LookedUp {
        let ids: BTreeSet<String> = asked.iter().map(user_id).collect();
        let (told, listed) = match self.list(&ids).await {
            Ok(answer) => answer,
            Err(error) => return LookedUp::all(asked, &self.failed(&error).await),
        };
        let mut told = by_user(told);
        let (alone, outcomes) = self.ask_for_wanting(&mut told, Purpose::Lookup).await;
        let unnamed: Vec<String> = ids.iter().filter(|id| !told.contains_key(id.as_str())).cloned().collect();
        let unnamed =
            if unnamed.is_empty() { BTreeMap::new() } else { self.unnamed(&unnamed, &listed).await };

        let mut result = LookedUp::default();
        let mut reports: BTreeMap<String, Report> = BTreeMap::new();
        for (id, facts) in unnamed {
            result.observations.extend(facts.prove_absence().then(|| absent(&id, &listed)));
            reports.insert(id, Report::Missing(Arc::new(facts)));
        }
        let (snapshot, nothing) = (self.view.snapshot(), BTreeMap::new());
        for (id, told) in told {
            let outcomes = outcomes.get(&id).unwrap_or(&nothing);
            let verdict = if told.is_active() {
                told.verdict(outcomes, snapshot.by_user_id(id.as_str()).map(|row| &**row))
            } else {
                Verdict::Told
            };
            reports.insert(id.as_str().to_owned(), self.report(&told, verdict, &listed));
            result.observations.extend(told.said);
        }
        result.observations.extend(alone);
        for asked in asked {
            if let Some(report) = reports.get(&user_id(asked)) {
                result.settle(asked, report.clone());
            }
        }
        result
    }

    /// What is said of users whom a listing named without a state: asked for together once more, and what is still
    /// left out by the specific calls.
    ///
    /// # Errors
    ///
    /// When there is no usable answer.
    pub async fn fill_in(&self, users: &[UserId]) -> Result<FilledIn, PlatformError> {
        let mut told = by_user(self.told_of(users, Source::Sweep, Purpose::Sweep).await?);
        let (alone, outcomes) = self.ask_for_wanting(&mut told, Purpose::Sweep).await;
        let observations = told.into_values().flat_map(|told| told.said).chain(alone).collect();
        let pending = outcomes.into_iter().filter(|(_, parts)| parts.values().any(Outcome::is_open));
        Ok(FilledIn { observations, pending: pending.map(|(id, _)| id).collect() })
    }

    fn report(&self, told: &Told, verdict: Verdict, listed: &Seen<Listed>) -> Report {
        let now = self.client.now();
        let mut facts = self.named_only(listed);
        match verdict {
            Verdict::Told if told.is_active() => return Report::Told,
            Verdict::Told => {}
            Verdict::NotPrimary => {
                let detail = "the presence that it told is of a source that is not the primary one";
                return Report::Unconfirmed(Evidence::at(Part::Presence.route().template(), detail, now));
            }
            Verdict::NotAsked => return Report::Refused(Refusal::Crowded),
            Verdict::Blank(seen) => facts.alone = Some(seen.with(Alone::Blank)),
            Verdict::Failed(part, error) => match error {
                PlatformError::Refused(_) | PlatformError::Malformed { .. } => facts.untaken.push(Untaken {
                    why: Evidence::at(part.route().template(), error.to_string(), now),
                    would_show: Reason::StateWithheld,
                    is_passing: true,
                }),
                PlatformError::RateLimited { .. }
                | PlatformError::Unavailable { .. }
                | PlatformError::CredentialsRejected { .. }
                | PlatformError::WrongRegion { .. } => return Report::Refused(error.refusal(now)),
            },
        }
        Report::Missing(Arc::new(facts))
    }

    /// The facts about somebody whom the directory names, and no more.
    fn named_only(&self, listed: &Seen<Listed>) -> Facts {
        let standing = self.access.held(self.client.now());
        let access = standing.map(|standing| standing.access).unwrap_or_default();
        let mut facts = Facts::none(self.access.needs(), access);
        facts.directory = Some(listed.with(Existence::Named));
        facts
    }

    /// The users of some ids, and what it means to be left out.
    async fn list(&self, ids: &BTreeSet<String>) -> Result<(Vec<Told>, Seen<Listed>), PlatformError> {
        let asked_at = self.client.now();
        let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
        match self.ask_for(&ids, Source::Lookup, Purpose::Lookup).await {
            Ok((told, answer)) => Ok((told, answer.seen(Listed::Omitted))),
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
}

fn by_user(told: Vec<Told>) -> BTreeMap<UserId, Told> {
    told.into_iter().map(|told| (told.user_id.clone(), told)).collect()
}

/// The user that an id stands for: here an agent's id is its user's.
fn user_id(asked: &Asked) -> String {
    asked.id().to_ascii_lowercase()
}

fn absent(id: &str, listed: &Seen<Listed>) -> Observation {
    let arrival = Arrival { source: Source::Lookup, heard_at: listed.at };
    arrival.observation(UserId::from(id), Statement { absent: true, ..Statement::default() })
}
