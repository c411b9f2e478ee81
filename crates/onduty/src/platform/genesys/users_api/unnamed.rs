//! Users whom the directory does not name: unknown, hidden with their division, or ids of something else.

use std::collections::{BTreeMap, BTreeSet};

use onduty_core::access::Seen;
use onduty_core::facts::{Existence, Facts, Listed, Untaken};
use onduty_core::finding::{Evidence, Reason};
use onduty_core::observation::Source;

use super::UsersApi;
use crate::platform::genesys::access::{Depth, Standing};
use crate::platform::genesys::budget::Purpose;
use crate::platform::genesys::client::Ask;
use crate::platform::genesys::decode::{self, Arrival};
use crate::platform::genesys::error::PlatformError;
use crate::platform::genesys::kind::{self, KindBudget};
use crate::platform::genesys::route::{Route, encoded};

/// Ids in one request for presences.
const PRESENCES_MAX: usize = 50;
/// Requests for presences that one batch may cost. Where one unknown id fails a whole request it is halved until the
/// halves answer, and a storm of unknown ids is not worth that.
const REQUESTS_MAX: usize = 12;

impl UsersApi {
    /// What is found out about ids that a request for them with `state=any` did not name.
    pub(super) async fn unnamed(&self, ids: &[String], listed: &Seen<Listed>) -> BTreeMap<String, Facts> {
        let standing = self.standing_about(ids).await;
        let sees_all = standing.access.sees(None);
        let known: BTreeMap<String, _> = if sees_all {
            ids.iter().map(|id| (id.clone(), Ok(listed.with(Existence::Unknown)))).collect()
        } else {
            self.existence(ids).await
        };
        let is_unknown = |found: &&Result<Seen<Existence>, _>| matches!(found, Ok(seen) if seen.value == Existence::Unknown);
        let kinds = KindBudget::of(known.values().filter(is_unknown).count());
        let mut found = BTreeMap::new();
        for (id, existence) in known {
            let mut facts = self.facts(&standing);
            facts.list = Some(listed.clone());
            match existence {
                Ok(existence) => {
                    if existence.value == Existence::Unknown {
                        self.hold_against_kinds(&id, &standing, kinds, &mut facts).await;
                    }
                    facts.directory = Some(existence);
                }
                Err(untaken) => facts.untaken.extend(untaken),
            }
            found.insert(id, facts);
        }
        found
    }

    /// What the token may do, to judge why these are not named. People who are held as present do not vanish every
    /// day: the rights to see them may have been taken since they were read, so that is looked at before they are taken for gone.
    async fn standing_about(&self, ids: &[String]) -> Standing {
        let current = || self.access.current(&self.client, Purpose::Diagnosis, Depth::Enough);
        let standing = current().await;
        let snapshot = self.view.snapshot();
        let is_held = |id: &String| snapshot.by_user_id(id).is_some_and(|row| row.present);
        if standing.access.sees(None) && ids.iter().any(is_held) {
            self.access.forget().await;
            return current().await;
        }
        standing
    }

    pub(super) fn facts(&self, standing: &Standing) -> Facts {
        Facts::none(self.access.needs(), standing.access.clone())
    }

    async fn hold_against_kinds(&self, id: &str, standing: &Standing, kinds: KindBudget, facts: &mut Facts) {
        facts.kind = kind::division(&standing.access, id);
        if facts.kind.is_some() {
            return;
        }
        let found = match kinds.grant(&self.client) {
            Ok(()) => kind::queue(&self.client, id).await,
            Err(untaken) => Err(untaken),
        };
        match found {
            Ok(kind) => facts.kind = kind,
            Err(untaken) => facts.untaken.push(untaken),
        }
    }

    /// Who exists, by presences: that read has no divisions, and leaves out (or fails for) nobody but the unknown.
    async fn existence(&self, ids: &[String]) -> BTreeMap<String, Result<Seen<Existence>, Vec<Untaken>>> {
        let mut waiting: Vec<Vec<String>> = ids.chunks(PRESENCES_MAX).map(<[String]>::to_vec).collect();
        let mut found = BTreeMap::new();
        let mut requests = 0;
        while let Some(part) = waiting.pop() {
            if requests == REQUESTS_MAX {
                let detail = "too many unknown ids at once: not asked whether they exist unseen";
                let untaken =
                    undecided(&Evidence::at(Route::Presences.template(), detail, self.client.now()));
                found.extend(part.into_iter().map(|id| (id, Err(untaken.clone()))));
                continue;
            }
            requests += 1;
            match self.presences(&part).await {
                Ok(told) => found.extend(part.into_iter().map(|id| {
                    let existence =
                        if told.value.contains(&id) { Existence::Hidden } else { Existence::Unknown };
                    (id, Ok(told.with(existence)))
                })),
                Err(error) => match (error.refused_with(404), part.len()) {
                    (Some(refused), 0 | 1) => {
                        let unknown = refused.denial(self.client.now()).with(Existence::Unknown);
                        found.extend(part.into_iter().map(|id| (id, Ok(unknown.clone()))));
                    }
                    (Some(_), half) => {
                        let (left, right) = part.split_at(half / 2);
                        waiting.extend([left.to_vec(), right.to_vec()]);
                    }
                    (None, _) => {
                        let detail = error.to_string();
                        let why = Evidence::at(Route::Presences.template(), detail, self.client.now());
                        found.extend(part.into_iter().map(|id| (id, Err(undecided(&why)))));
                    }
                },
            }
        }
        found
    }

    /// The users among some whose presence is told.
    async fn presences(&self, ids: &[String]) -> Result<Seen<BTreeSet<String>>, PlatformError> {
        let list: Vec<String> = ids.iter().map(|id| format!("id={}", encoded(id))).collect();
        let path = format!("{}?{}", Route::Presences, list.join("&"));
        let purpose = Purpose::Diagnosis;
        let answer = self.client.get(&Ask { route: Route::Presences, path, purpose }).await?;
        let arrival = Arrival { source: Source::Lookup, heard_at: answer.sent_at };
        let heard = self.client.read(&answer, |body| decode::presences(body, arrival))?;
        let told = heard.observations.into_iter().map(|told| told.user_id.as_str().to_owned());
        Ok(answer.seen(told.collect()))
    }
}

/// Without an answer an unnamed id may be nobody's, or somebody's who is hidden.
fn undecided(why: &Evidence) -> Vec<Untaken> {
    [Reason::AgentUnknown, Reason::DivisionNotVisible]
        .map(|would_show| Untaken { why: why.clone(), would_show })
        .into()
}
