//! The agent-states API: profiles say who exists, states who is logged in and how. The list of states is silent
//! about whatever it leaves out; the singular read says why.

mod listing;
mod lookup;
mod proof;
mod reads;

use onduty_core::observation::{Observation, Said, Statement};
use tokio::sync::Mutex;

use super::client::Client;
use super::decode::{Arrival, Profile};
use crate::publish::View;
pub use proof::{Proof, Rights};

/// Ids in one request for states; more is refused.
pub const BATCH_MAX: usize = 50;
/// Profiles on one page.
pub const PAGE_SIZE: usize = 500;

/// The agent-states API of one organisation.
#[derive(Debug)]
pub struct AgentStatesApi {
    client: Client,
    /// What is held already: which agent a user is, and who is believed to be logged in.
    view: View,
    rights: Mutex<Option<Rights>>,
}

impl AgentStatesApi {
    /// Asks through a client.
    pub fn new(client: Client, view: View) -> Self {
        Self { client, view, rights: Mutex::default() }
    }
}

/// Nobody is logged in: found by a read, so without a clock of the platform.
fn logged_out(profile: &Profile, arrival: Arrival) -> Observation {
    let login = Some(Said { value: false, clock: None });
    arrival.observation(profile.user_id.clone(), Statement { login, ..Statement::default() })
}
