//! Analytics on the present state of agents, with what each call silently leaves out:
//! all but fifty, the middle, names, or the state itself.

mod activity;
mod agents;
mod filter;
mod observations;

pub(super) use activity::query as activity;
pub(super) use agents::{counts, one, query as agents};
pub(super) use observations::query as observations;

use super::call::Asked;
use crate::cloud::access::Held;
use crate::cloud::agent::{Account, Agent};

/// Everybody whose account is active, in the divisions in which a permission is held.
fn visible<'a>(asked: &'a Asked<'_>, held: &'a Held) -> impl Iterator<Item = &'a Agent> {
    let active = asked.cloud().agents().iter().filter(|agent| agent.account == Account::Active);
    active.filter(|agent| held.covers(agent.division))
}
