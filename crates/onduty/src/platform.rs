//! The contact-centre clouds that can be mirrored. Closed on purpose: whoever adds one is told by the compiler what
//! it needs.

pub mod genesys;

use std::sync::Arc;

use onduty_core::agent::UserId;
use onduty_core::answer::{Asked, Report};
use onduty_core::finding::Evidence;
use onduty_core::observation::{Observation, Source};
use onduty_core::row::Row;

use crate::clock::Clock;
use crate::config::{PlatformApi, PlatformConfig};
use crate::forecast::ListingShape;
use crate::meters::Meters;
use crate::publish::View;
use crate::status::StatusBoard;
use genesys::access::{AccessReader, Depth};
use genesys::agent_states_api::{AgentStatesApi, Proof};
use genesys::budget::Purpose;
use genesys::client::Client;
use genesys::definitions;
use genesys::error::{ClientError, PlatformError};
use genesys::users_api::UsersApi;

/// A cloud and the way it is asked.
#[derive(Debug)]
pub enum Platform {
    /// Genesys Cloud as it is: an agent is a user.
    GenesysUsers(UsersApi),
    /// The agent-states API: agent ids and user ids differ, and an empty answer proves nothing.
    GenesysAgentStates(AgentStatesApi),
}

/// One full listing under way.
#[derive(Debug, Default)]
pub struct Walk {
    proof: Proof,
}

/// One page of a full listing.
#[derive(Debug)]
pub struct ListedPage {
    /// What it says, and what follows from what it leaves out.
    pub observations: Vec<Observation>,
    /// Whom it names.
    pub named: Vec<UserId>,
    /// How many all pages name together, by this page.
    pub total: Option<u64>,
    /// Whether there is another page.
    pub has_next: bool,
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
    /// The platform that the configuration names; nothing is sent yet.
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
        let client = Client::new(config, clock, status.clone(), meters)?;
        Ok(match config.api {
            PlatformApi::Users => Self::GenesysUsers(UsersApi::new(client, view, status)),
            PlatformApi::AgentStates => Self::GenesysAgentStates(AgentStatesApi::new(client, view, status)),
        })
    }

    /// One page of everybody, from 1.
    ///
    /// # Errors
    ///
    /// When the platform gave no usable answer. Nothing follows about anybody then.
    pub async fn list_page(&self, walk: &mut Walk, number: u64) -> Result<ListedPage, PlatformError> {
        match self {
            Self::GenesysUsers(api) => api.list_page(number).await,
            Self::GenesysAgentStates(api) => api.list_page(&mut walk.proof, number).await,
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
        match self {
            Self::GenesysUsers(api) => api.still_there(missing).await,
            Self::GenesysAgentStates(api) => api.still_there(missing).await,
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

    /// Whether its API pushes over notification channels: those are the users API's.
    pub const fn offers_channels(&self) -> bool {
        match self {
            Self::GenesysUsers(_) => true,
            Self::GenesysAgentStates(_) => false,
        }
    }

    /// What is said of agents whom a listing named without a state; at most [`Platform::lookup_batch_max`] of them.
    ///
    /// # Errors
    ///
    /// When the platform gave no usable answer.
    pub async fn fill_in(&self, agents: &[UserId]) -> Result<Vec<Observation>, PlatformError> {
        match self {
            Self::GenesysUsers(api) => api.fill_in(agents).await,
            // There a state that is left out is nothing unusual, and means something.
            Self::GenesysAgentStates(_) => Ok(Vec::new()),
        }
    }

    /// What is said of agents whose changes may have gone unheard, asked for by id; at most
    /// [`Platform::lookup_batch_max`] of them. Whoever is not shown is not among the answers, and nothing follows.
    ///
    /// # Errors
    ///
    /// When the platform gave no usable answer.
    pub async fn read_again(&self, agents: &[UserId]) -> Result<Vec<Observation>, PlatformError> {
        match self {
            Self::GenesysUsers(api) => {
                api.named(agents, Source::Lookup, api.client().pays_for_repairs()).await
            }
            Self::GenesysAgentStates(_) => Ok(Vec::new()),
        }
    }

    /// Asks about some ids, at most [`Platform::lookup_batch_max`].
    pub async fn lookup(&self, asked: &[Asked]) -> LookedUp {
        match self {
            Self::GenesysUsers(api) => api.lookup(asked).await,
            Self::GenesysAgentStates(api) => api.lookup(asked).await,
        }
    }

    /// What its token needs and may do.
    pub const fn access(&self) -> &AccessReader {
        match self {
            Self::GenesysUsers(api) => api.access(),
            Self::GenesysAgentStates(api) => api.access(),
        }
    }

    /// Whom it asks through.
    pub const fn client(&self) -> &Client {
        match self {
            Self::GenesysUsers(api) => api.client(),
            Self::GenesysAgentStates(api) => api.client(),
        }
    }

    /// How many ids one look-up request takes.
    pub const fn lookup_batch_max(&self) -> usize {
        match self {
            Self::GenesysUsers(_) => genesys::users_api::BATCH_MAX,
            Self::GenesysAgentStates(_) => genesys::agent_states_api::BATCH_MAX,
        }
    }

    /// How many requests its listings take.
    pub fn listing_shape(&self) -> ListingShape {
        match self {
            Self::GenesysUsers(_) => genesys::users_api::LISTING,
            Self::GenesysAgentStates(_) => genesys::agent_states_api::LISTING,
        }
    }

    /// How many agents one page names at most.
    pub const fn page_size_max(&self) -> usize {
        match self {
            Self::GenesysUsers(_) => genesys::users_api::PAGE_SIZE,
            Self::GenesysAgentStates(_) => genesys::agent_states_api::PAGE_SIZE,
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
