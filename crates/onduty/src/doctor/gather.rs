//! The looks themselves: everything the checks need, read once. Whatever can't be had in time is absent.

use std::collections::BTreeMap;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::join;
use onduty_core::access::{Access, Seen, Token};
use onduty_core::agent::DivisionId;
use onduty_core::facts::{Denial, DenialKind};
use onduty_core::row::Row;
use onduty_core::snapshot::Snapshot;
use tokio::time::timeout;

use super::facts::{Directory, Facts, listing};
use super::{Doctor, Place};
use crate::platform::genesys::access::{self, Depth};
use crate::platform::genesys::budget::Purpose;
use crate::platform::genesys::client::{Ask, Client};
use crate::platform::genesys::decode;
use crate::platform::genesys::error::PlatformError;
use crate::platform::genesys::reach::Host;
use crate::platform::genesys::route::{Route, encoded};

/// How long the token may take, a look at other regions included.
const TOKEN_TIMEOUT: Duration = Duration::from_secs(15);
/// How long what the token may do may take.
const ACCESS_TIMEOUT: Duration = Duration::from_secs(8);

impl Doctor {
    /// Looks at everything but single agents.
    pub(super) async fn look(&self) -> Arc<Facts> {
        let client = self.platform.client();
        let hosts = join(client.reach(Host::Login), client.reach(Host::Api));
        let store = self.stores.get((), || self.store_vitals().boxed());
        let ((login, api), (token, store)) = join(hosts, join(Self::token(client), store)).await;
        let (mut endpoint, mut access, mut denials, mut total) = (None, None, Vec::new(), None);
        if token.is_ok() {
            let read = async {
                let api = self.platform.find_out().await?;
                endpoint_of(client, listing(Some(api))).await
            };
            let what = join(in_time(read), in_time(self.access(client)));
            let (read, rights) = what.await;
            (endpoint, access) = (read.as_ref().map(|read| read.clone().map(drop)), rights);
            total = read.and_then(Result::ok).flatten();
            if let Some(access) = access.as_ref().filter(|access| self.is_conditional(access)) {
                denials = in_time(self.trial(client, access)).await.flatten().into_iter().collect();
            }
        }
        Arc::new(Facts {
            now: self.clock.now(),
            settings: self.settings.clone(),
            login,
            api,
            token,
            endpoint,
            needs: self.platform.access().needs(),
            access,
            denials,
            api_spoken: self.platform.spoken().known(),
            total,
            shape: self.platform.listing_shape(),
            directory: directory(&self.view.snapshot()),
            board: self.board.read(),
            sidecar: matches!(self.place, Place::Sidecar(_)),
            store,
        })
    }

    async fn token(client: &Client) -> Result<Seen<Token>, PlatformError> {
        let asked_at = client.now();
        timeout(TOKEN_TIMEOUT, access::token(client, Purpose::Diagnosis)).await.unwrap_or_else(|_| {
            let detail = format!("{}: no answer within {TOKEN_TIMEOUT:?}", Route::TokenInfo);
            Err(PlatformError::Unavailable { since: asked_at, detail })
        })
    }

    async fn access(&self, client: &Client) -> Arc<Access> {
        self.platform.access().current(client, Purpose::Diagnosis, Depth::Thorough).await.access
    }

    /// Whether every role that carries the permission carries it under conditions: only a read tells what they do.
    fn is_conditional(&self, access: &Access) -> bool {
        let needs = self.platform.access().needs();
        let policies = access.grants.iter().flat_map(|grants| &grants.value);
        let mut policies = policies.filter_map(|grant| grant.carries(needs.permission)).peekable();
        needs.permission_binds && policies.peek().is_some() && policies.all(|policy| policy.conditional)
    }

    /// The refusal of one state by a policy, if that is what a read of it meets.
    async fn trial(&self, client: &Client, access: &Access) -> Option<Seen<Denial>> {
        let snapshot = self.view.snapshot();
        let seen = |row: &&Arc<Row>| access.sees(row.division_id());
        let held = snapshot.present_after(None).find(seen).map(|row| row.agent_id().to_owned());
        let id = match held {
            Some(id) => id,
            None => first_agent(client).await?,
        };
        let asked_at = client.now();
        let path = format!("{}/{}/state", Route::Agents, encoded(&id));
        let refused = client.get(&Ask { route: Route::AgentState, path, purpose: Purpose::Diagnosis }).await;
        let denial = refused.err()?.refused_with(403)?.denial(asked_at);
        (denial.value.kind() == DenialKind::Policy).then_some(denial)
    }
}

async fn in_time<T>(look: impl Future<Output = T>) -> Option<T> {
    timeout(ACCESS_TIMEOUT, look).await.ok()
}

/// The spoken API's plainest read: one agent of all, and how many there are, if it says so.
async fn endpoint_of(client: &Client, listing: Route) -> Result<Option<u64>, PlatformError> {
    let answer = client.get(&first_page(listing)).await?;
    Ok(decode::total(&answer.body).ok().flatten())
}

async fn first_agent(client: &Client) -> Option<String> {
    let answer = client.get(&first_page(Route::Agents)).await.ok()?;
    let page = client.read(&answer, decode::agent_profiles).ok()?;
    Some(page.entities.first()?.agent_id.as_str().to_owned())
}

fn first_page(route: Route) -> Ask {
    Ask { route, path: format!("{route}?pageSize=1&pageNumber=1"), purpose: Purpose::Diagnosis }
}

/// Who is in which division, once everybody was listed: before, it would be told of a part as if it were all.
fn directory(snapshot: &Snapshot) -> Directory {
    if snapshot.listing().is_none() {
        return Directory::default();
    }
    let mut divisions: BTreeMap<DivisionId, usize> = BTreeMap::new();
    for row in snapshot.present_after(None) {
        if let Some(division) = row.division_id() {
            match divisions.get_mut(division) {
                Some(agents) => *agents += 1,
                None => drop(divisions.insert(division.clone(), 1)),
            }
        }
    }
    Directory { divisions, agents: snapshot.directory_total() }
}
