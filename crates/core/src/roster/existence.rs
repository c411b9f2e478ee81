//! Whether an agent exists. Not stored but computed, from the newest complete listing and later evidence, so that
//! no order of arrival can make it wrong.

use crate::agent::AccountState;
use crate::observation::{Listing, Observation};
use crate::row::Held;
use crate::time::Timestamp;

/// The latest instant at which a statement names its agent. A push is as old as the platform says it is, however
/// late it arrives: yesterday's event must not bring back somebody who left this morning.
pub fn named_at(observation: &Observation) -> Timestamp {
    let made_at = if observation.source.is_read() { None } else { observation.as_of };
    made_at.map_or(observation.heard_at, |made_at| made_at.min(observation.heard_at))
}

/// The latest instant for which a statement vouches for the values it carries. As [`named_at`], but a push that
/// does not say when it was made vouches for no more than the newest clock in it.
pub fn vouches_at(observation: &Observation) -> Timestamp {
    if observation.source.is_read() || observation.as_of.is_some() {
        return named_at(observation);
    }
    let said = &observation.statement;
    [
        said.presence.as_ref().and_then(|said| said.clock),
        said.routing_status.as_ref().and_then(|said| said.clock),
        said.out_of_office.as_ref().and_then(|said| said.clock),
        said.active_queues.as_ref().and_then(|said| said.clock),
        said.login.as_ref().and_then(|said| said.clock),
    ]
    .into_iter()
    .flatten()
    .map(|clock| clock.at)
    .max()
    .map_or(observation.heard_at, |newest| newest.min(observation.heard_at))
}

/// Whether an agent exists, by all that is held of it.
pub fn exists(held: &Held, listing: Option<Listing>) -> bool {
    let seen_at = held.seen_at.get();
    let deleted = held.profile.account.as_ref().is_some_and(|account| account.value == AccountState::Deleted);
    !deleted && seen_at > held.absent_at && listing.is_none_or(|listing| seen_at >= listing.started_at)
}
