//! Users whom the directory does not name: unknown, hidden with their division, or ids of something else.

use std::collections::BTreeMap;

use onduty_core::access::Seen;
use onduty_core::agent::UserId;
use onduty_core::facts::{Existence, Facts, Listed, Untaken};
use onduty_core::finding::{Evidence, Reason};
use onduty_core::observation::{Observation, Source, Statement};
use onduty_core::time::Timestamp;

use super::UsersApi;
use crate::platform::genesys::access::{Depth, Standing};
use crate::platform::genesys::budget::Purpose;
use crate::platform::genesys::client::Ask;
use crate::platform::genesys::decode::Arrival;
use crate::platform::genesys::kind::{self, KindBudget};
use crate::platform::genesys::route::{Route, encoded};

/// Ids of one batch that are asked for by reads that know no divisions.
const ASKED_MAX: usize = 10;

impl UsersApi {
    /// What is found out about ids that a request for them with `state=any` did not name.
    pub(super) async fn unnamed(&self, ids: &[String], listed: &Seen<Listed>) -> BTreeMap<String, Facts> {
        let standing = self.standing_about(ids).await;
        let sees_all = standing.access.sees(None);
        let known = if sees_all {
            ids.iter().map(|id| (id.clone(), Ok(listed.with(Existence::Unknown)))).collect()
        } else {
            self.existence(ids).await
        };
        let kinds = KindBudget::of(known.values().filter(|existence| is_unknown(existence)).count());
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
    /// day: the rights to see them may have been taken since rights were read, so they are read again before anybody
    /// is taken for gone.
    async fn standing_about(&self, ids: &[String]) -> Standing {
        let current = || self.access.current(&self.client, Purpose::Diagnosis, Depth::Enough);
        let standing = current().await;
        let snapshot = self.view.snapshot();
        let is_held = |id: &String| snapshot.by_user_id(id).is_some_and(|row| row.present);
        if standing.access.sees(None) && ids.iter().any(is_held) {
            self.access.forget();
            return current().await;
        }
        standing
    }

    /// Of people held whom a listing left out: that those exist who are hidden, as far as is known. Rights that are
    /// narrowed make nobody leave.
    pub(super) async fn hidden(&self, ids: &[String], asked_at: Timestamp) -> Vec<Observation> {
        if ids.is_empty() || self.standing_about(ids).await.access.sees(None) {
            return Vec::new();
        }
        let arrival = Arrival { source: Source::Sweep, heard_at: asked_at };
        let existence = self.existence(ids).await.into_iter();
        let hidden = existence.filter(|(_, existence)| !is_unknown(existence));
        hidden.map(|(id, _)| arrival.observation(UserId::from(&*id), Statement::default())).collect()
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

    /// Who exists, by reads that know no divisions. Each id costs one or two, so the storm of a stranger ends in
    /// open questions and not in requests.
    async fn existence(&self, ids: &[String]) -> BTreeMap<String, Result<Seen<Existence>, Vec<Untaken>>> {
        let mut found = BTreeMap::new();
        for (at, id) in ids.iter().enumerate() {
            let existence = if at < ASKED_MAX {
                self.existence_of(id).await
            } else {
                let detail =
                    format!("more than {ASKED_MAX} ids at once that the directory does not name: not asked");
                Err(undecided(&Evidence::at(Route::Presence.template(), detail, self.client.now())))
            };
            found.insert(id.clone(), existence);
        }
        found
    }

    /// A presence proves that somebody exists; without one only the deleted are left, and then nobody.
    async fn existence_of(&self, id: &str) -> Result<Seen<Existence>, Vec<Untaken>> {
        let user = format!("{}/{}", Route::Users, encoded(id));
        let presence = self.probe(Route::Presence, format!("{user}/presences/purecloud")).await?;
        if let Ok(answered) = presence {
            return Ok(answered.with(Existence::Hidden));
        }
        let deleted = self.probe(Route::User, format!("{user}?state=deleted")).await?;
        Ok(match deleted {
            Ok(answered) => answered.with(Existence::Deleted),
            Err(refused) => refused.with(Existence::Unknown),
        })
    }

    /// Whether there is anything (`Ok`) or nothing (`Err`) at a path.
    async fn probe(&self, route: Route, path: String) -> Result<Result<Seen<()>, Seen<()>>, Vec<Untaken>> {
        let asked_at = self.client.now();
        match self.client.get(&Ask { route, path, purpose: Purpose::Diagnosis }).await {
            Ok(answer) => Ok(Ok(answer.seen(()))),
            Err(error) => match error.nobody() {
                Some(refused) => Ok(Err(refused.denial(asked_at).with(()))),
                None => Err(undecided(&Evidence::at(route.template(), error.to_string(), asked_at))),
            },
        }
    }
}

/// Without an answer an unnamed id may be nobody's, or somebody's who is hidden.
fn undecided(why: &Evidence) -> Vec<Untaken> {
    [Reason::AgentUnknown, Reason::DivisionNotVisible]
        .map(|would_show| Untaken { why: why.clone(), would_show, is_passing: true })
        .into()
}

fn is_unknown(existence: &Result<Seen<Existence>, Vec<Untaken>>) -> bool {
    matches!(existence, Ok(seen) if seen.value == Existence::Unknown)
}
