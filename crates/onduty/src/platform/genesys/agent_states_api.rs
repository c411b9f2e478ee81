//! The agent-states API: profiles say who exists, states who is logged in and how. The list of states is silent
//! about whatever it leaves out; the singular read says why.

mod clear_up;
mod listing;
mod lookup;
mod proof;
mod reads;

use std::sync::Arc;

use onduty_core::access::Needs;
use onduty_core::observation::{Observation, Said, Statement};

use super::access::AccessReader;
use super::client::Client;
use super::decode::{Arrival, Profile};
use crate::forecast::ListingShape;
use crate::publish::View;
use crate::status::StatusBoard;
pub use proof::Proof;

/// What states need. In this API scopes do bind client-credentials tokens.
pub const NEEDS: Needs = Needs {
    scope: Some("agent:state:read"),
    permission: "agent:state:view",
    permission_binds: true,
    roles: &["Agent State", "Agent Administrator"],
};

/// Ids in one request for states; more is refused.
pub const BATCH_MAX: usize = 50;
/// Profiles on one page.
pub const PAGE_SIZE: usize = 500;

/// A page holds profiles only; states are read apart.
pub const LISTING: ListingShape =
    ListingShape { page: PAGE_SIZE as u64, states_apart: Some(BATCH_MAX as u64), batch: BATCH_MAX as u64 };

/// The agent-states API of one organisation.
#[derive(Debug)]
pub struct AgentStatesApi {
    client: Arc<Client>,
    /// What is held already: which agent a user is, and who is believed to be logged in.
    view: View,
    access: AccessReader,
}

impl AgentStatesApi {
    /// Asks through a client.
    pub fn new(client: Arc<Client>, view: View, status: StatusBoard) -> Self {
        Self { client, view, access: AccessReader::new(NEEDS, status) }
    }

    /// What its token may do.
    pub const fn access(&self) -> &AccessReader {
        &self.access
    }
}

/// Nobody is logged in: found by a read, so without a clock of the platform.
fn logged_out(profile: &Profile, arrival: Arrival) -> Observation {
    let login = Some(Said { value: false, clock: None });
    arrival.observation(profile.user_id.clone(), Statement { login, ..Statement::default() })
}
