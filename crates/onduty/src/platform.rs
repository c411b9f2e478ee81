//! The contact-centre clouds that can be mirrored. Closed on purpose: whoever adds one is told by the compiler what
//! it needs.

pub mod genesys;
mod spoken;

use std::collections::BTreeSet;
use std::sync::Arc;

use onduty_core::agent::UserId;
use onduty_core::answer::{Asked, Report};
use onduty_core::finding::Evidence;
use onduty_core::observation::{Observation, Source};
use onduty_core::row::Row;
use tokio::sync::Mutex;

use crate::clock::Clock;
use crate::config::{PlatformApi, PlatformConfig};
use crate::forecast::ListingShape;
use crate::meters::Meters;
use crate::publish::View;
use crate::status::{ApiOrigin, SpokenApi, StatusBoard};
use genesys::access::{AccessReader, Depth};
use genesys::agent_states_api::{AgentStatesApi, Proof};
use genesys::budget::Purpose;
use genesys::client::Client;
use genesys::definitions;
use genesys::discovery;
use genesys::error::{ClientError, PlatformError};
use genesys::users_api::UsersApi;
pub use spoken::Spoken;

/// A cloud and the ways in which it is asked.
#[derive(Debug)]
pub struct Platform {
    client: Arc<Client>,
    /// Genesys Cloud as it is: an agent is a user.
    users: UsersApi,
    /// The agent-states API: agent ids and user ids differ, and an empty answer proves nothing.
    agent_states: AgentStatesApi,
    spoken: Spoken,
    /// Held by whoever finds out which is spoken. The others wait for what comes of it.
    finding_out: Mutex<()>,
    status: StatusBoard,
}

/// One full listing under way.
#[derive(Debug, Default)]
pub struct Walk {
    proof: Proof,
    /// Users on a page: the same for all pages, whatever is found too large meanwhile.
    page_size: Option<usize>,
}

/// One page of a full listing.
#[derive(Debug, Default)]
pub struct ListedPage {
    /// What it says, and what follows from what it leaves out.
    pub observations: Vec<Observation>,
    /// Whom it names.
    pub named: Vec<UserId>,
    /// How many all pages name together, by this page.
    pub total: Option<u64>,
    /// Whether there is another page.
    pub has_next: bool,
    /// Parts of agents in it that can't be read, and are no news.
    pub unreadable: usize,
}

/// What came of asking for what a listing left out.
#[derive(Debug, Default)]
pub struct FilledIn {
    /// What was said.
    pub observations: Vec<Observation>,
    /// Who could not be asked for now: nothing follows about them.
    pub pending: BTreeSet<UserId>,
}

/// What came of asking about some ids.
#[derive(Debug, Default)]
pub struct LookedUp {
    /// What was said of them.
    pub observations: Vec<Observation>,
    /// A report for each id asked about. Whoever is told one must have committed the observations first.
    pub reports: Vec<(Asked, Report)>,
}

impl Platform {
    /// The platform that the configuration names, of which `view` may show what an earlier run found out; nothing is
    /// sent yet.
    ///
    /// # Errors
    ///
    /// When TLS can't be set up.
    pub fn new(
        config: &PlatformConfig,
        view: View,
        clock: Clock,
        status: StatusBoard,
        meters: Meters,
    ) -> Result<Self, ClientError> {
        let client = Arc::new(Client::new(config, clock, status.clone(), meters)?);
        let spoken =
            Spoken::remembering(config.api_url.as_str(), view.snapshot().dialect().map(|kept| &**kept));
        let platform = Self {
            users: UsersApi::new(Arc::clone(&client), view.clone(), status.clone()),
            agent_states: AgentStatesApi::new(Arc::clone(&client), view, status.clone()),
            client,
            spoken,
            finding_out: Mutex::default(),
            status,
        };
        match (config.api, platform.spoken.known()) {
            (Some(api), _) => platform.settle(SpokenApi { api, origin: ApiOrigin::Configured }),
            (None, Some(remembered)) => platform.show(remembered),
            (None, None) => {}
        }
        Ok(platform)
    }

    /// Which of its APIs is spoken, as far as is known whenever it is asked.
    pub fn spoken(&self) -> Spoken {
        self.spoken.clone()
    }

    /// Which of its APIs is spoken; asks the platform where nobody has said, and where that is only remembered. Whoever
    /// fails may ask again.
    ///
    /// # Errors
    ///
    /// When the platform gave no answer that tells.
    pub async fn find_out(&self) -> Result<PlatformApi, PlatformError> {
        if let Some(api) = self.spoken.settled() {
            return Ok(api);
        }
        let _finding_out = self.finding_out.lock().await;
        // Somebody else may have found out while this one waited.
        if let Some(api) = self.spoken.settled() {
            return Ok(api);
        }
        let at = self.client.now();
        let api = discovery::which(&self.client).await?;
        match self.spoken.get() {
            Some(remembered) if remembered != api => tracing::warn!(
                api = api.name(),
                remembered = remembered.name(),
                "found out which API the platform speaks: another than it did. What only the former tells (agent ids, log-outs) \
                 stays as it was; a new store.dir begins without it"
            ),
            _ => tracing::info!(api = api.name(), "found out which API the platform speaks"),
        }
        self.settle(SpokenApi { api, origin: ApiOrigin::FoundOut { at } });
        Ok(api)
    }

    fn settle(&self, known: SpokenApi) {
        self.show(self.spoken.settle(known));
    }

    fn show(&self, known: SpokenApi) {
        self.status.platform_api(known);
        if known.api == PlatformApi::AgentStates {
            self.client.keep_channels(false);
        }
    }

    /// One page of everybody, from 1.
    ///
    /// # Errors
    ///
    /// When the platform gave no usable answer. Nothing follows about anybody then.
    pub async fn list_page(&self, walk: &mut Walk, number: u64) -> Result<ListedPage, PlatformError> {
        match self.find_out().await? {
            PlatformApi::Users => {
                let size = *walk.page_size.get_or_insert(self.users.page_size());
                self.users.list_page(size, number).await
            }
            PlatformApi::AgentStates => self.agent_states.list_page(&mut walk.proof, number).await,
        }
    }

    /// Sees to it that what the token may do is known, and not too old: read beside a listing, it is at hand for
    /// accounts and for look-ups that miss. Never in the listing's name: look-ups would wait as patiently as it does.
    pub async fn look_at_access(&self) {
        self.access().current(self.client(), Purpose::Diagnosis, Depth::Enough).await;
    }

    /// What is said of agents whom a full listing did not name, asked for by id; at most
    /// [`Platform::lookup_batch_max`] of them. Whoever is gone is not among the answers.
    ///
    /// # Errors
    ///
    /// When the platform gave no usable answer about all of them.
    pub async fn still_there(&self, missing: &[Arc<Row>]) -> Result<Vec<Observation>, PlatformError> {
        match self.find_out().await? {
            PlatformApi::Users => self.users.still_there(missing).await,
            PlatformApi::AgentStates => self.agent_states.still_there(missing).await,
        }
    }

    /// What the organisation calls its presences.
    ///
    /// # Errors
    ///
    /// When the platform gave no usable answer, or the client may not read them.
    pub async fn definitions(&self) -> Result<definitions::Reading, PlatformError> {
        definitions::read(self.client()).await
    }

    /// Whether its API pushes over notification channels: those are the users API's. `None` until that does not rest on
    /// memory: nothing is opened on the strength of that.
    pub fn offers_channels(&self) -> Option<bool> {
        self.spoken.settled().map(|api| api == PlatformApi::Users)
    }

    /// What is said of agents whom a listing named without a state; at most [`Platform::lookup_batch_max`] of them.
    ///
    /// # Errors
    ///
    /// When the platform gave no usable answer.
    pub async fn fill_in(&self, agents: &[UserId]) -> Result<FilledIn, PlatformError> {
        match self.find_out().await? {
            PlatformApi::Users => self.users.fill_in(agents).await,
            // There a state that is left out is nothing unusual, and means something.
            PlatformApi::AgentStates => Ok(FilledIn::default()),
        }
    }

    /// What is said of agents whose changes may have gone unheard, asked for by id; at most
    /// [`Platform::lookup_batch_max`] of them. Whoever is not shown is not among the answers, and nothing follows.
    ///
    /// # Errors
    ///
    /// When the platform gave no usable answer.
    pub async fn read_again(&self, agents: &[UserId]) -> Result<Vec<Observation>, PlatformError> {
        match self.find_out().await? {
            PlatformApi::Users => {
                let payer = self.client.pays_for_repairs();
                let payer = payer.map_err(|until| PlatformError::RateLimited { until })?;
                self.users.named(agents, Source::Lookup, payer).await
            }
            PlatformApi::AgentStates => Ok(Vec::new()),
        }
    }

    /// Asks about some ids, at most [`Platform::lookup_batch_max`].
    pub async fn lookup(&self, asked: &[Asked]) -> LookedUp {
        match self.find_out().await {
            Ok(PlatformApi::Users) => self.users.lookup(asked).await,
            Ok(PlatformApi::AgentStates) => self.agent_states.lookup(asked).await,
            Err(error) => LookedUp::all(asked, &Report::Refused(error.refusal(self.client.now()))),
        }
    }

    /// What its token needs and may do: on the users API, while it is not known which is spoken.
    pub fn access(&self) -> &AccessReader {
        match self.spoken.get() {
            Some(PlatformApi::Users) | None => self.users.access(),
            Some(PlatformApi::AgentStates) => self.agent_states.access(),
        }
    }

    /// Whom it asks through.
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// How many ids one look-up request takes; while that is only remembered, of whichever API takes fewer.
    pub fn lookup_batch_max(&self) -> usize {
        match self.spoken.settled() {
            Some(PlatformApi::Users) => genesys::users_api::BATCH_MAX,
            Some(PlatformApi::AgentStates) | None => genesys::agent_states_api::BATCH_MAX,
        }
    }

    /// How many requests its listings take.
    pub fn listing_shape(&self) -> ListingShape {
        match self.spoken.get() {
            Some(PlatformApi::Users) | None => genesys::users_api::LISTING,
            Some(PlatformApi::AgentStates) => genesys::agent_states_api::LISTING,
        }
    }

    /// How many agents one page names at most.
    pub fn page_size_max(&self) -> usize {
        match self.spoken.get() {
            Some(PlatformApi::Users) | None => self.users.page_size(),
            Some(PlatformApi::AgentStates) => genesys::agent_states_api::PAGE_SIZE,
        }
    }
}

impl Walk {
    /// What kept states from being seen during this listing, if anything did.
    pub const fn denied(&self) -> Option<&Evidence> {
        self.proof.denied()
    }
}

impl LookedUp {
    /// The same report for everybody.
    fn all(asked: &[Asked], report: &Report) -> Self {
        let reports = asked.iter().map(|asked| (asked.clone(), report.clone())).collect();
        Self { observations: Vec::new(), reports }
    }

    /// One more id settled.
    fn settle(&mut self, asked: &Asked, report: Report) {
        self.reports.push((asked.clone(), report));
    }
}
