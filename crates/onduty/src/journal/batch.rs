//! What one commit appends to the history, encoded and waiting.

use std::sync::Arc;

use onduty_core::agent::UserId;
use onduty_core::cursor::Revision;
use onduty_core::definition::Definitions;
use onduty_core::observation::{Listing, Observation, Source};
use onduty_core::roster::Step;
use onduty_core::roster::ruling::Ruling;
use onduty_core::row::Row;
use onduty_core::time::Timestamp;

use super::record::{encode_row, encode_rulings, encode_statement};

/// History entries that are committed together.
#[derive(Debug, Default)]
pub struct Batch {
    pub(super) entries: Vec<Entry>,
    /// Agents for whom only marks of evidence moved.
    pub(super) vouched: Vec<UserId>,
}

/// One line of the history.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) user_id: UserId,
    pub(super) revision: Option<Revision>,
    pub(super) heard_at: Timestamp,
    pub(super) as_of: Option<Timestamp>,
    pub(super) source: Source,
    pub(super) event_id: Option<Arc<str>>,
    pub(super) outcome: &'static str,
    pub(super) rulings: Option<String>,
    pub(super) statement: Option<Vec<u8>>,
    pub(super) row: Option<Vec<u8>>,
}

/// The outcome of an entry that removes an agent which a full listing did not name.
pub(crate) const REMOVED: &str = "removed";
/// The outcome of an entry that shows a presence under another label.
pub(crate) const RELABELLED: &str = "relabelled";
/// The outcome of an entry that drops a tombstone for good.
pub(crate) const FORGOTTEN: &str = "forgotten";

impl Batch {
    /// Adds a statement and what it did, if that is worth an entry.
    pub fn observed(&mut self, observation: &Observation, step: &Step) {
        let row = step.changes.first().or(step.rewritten.as_ref());
        if row.is_none() {
            self.vouched.push(observation.user_id.clone());
        }
        if !is_kept(observation, step) {
            return;
        }
        self.entries.push(Entry {
            user_id: observation.user_id.clone(),
            revision: step.changes.first().map(|row| row.revision),
            heard_at: observation.heard_at,
            as_of: observation.as_of,
            source: observation.source,
            event_id: observation.event_id.clone(),
            outcome: step.outcome().name(),
            rulings: encode_rulings(&step.rulings),
            statement: Some(encode_statement(&observation.statement)),
            row: row.map(|row| encode_row(row)),
        });
    }

    /// Adds the agents that a full listing removed, and the tombstones dropped.
    pub fn listed(&mut self, listing: Listing, step: &Step) {
        let heard_at = listing.finished_at;
        let removed =
            step.changes.iter().map(|row| Entry::unsaid(row.user_id(), heard_at, REMOVED, Some(row)));
        let forgotten =
            step.forgotten.iter().map(|user_id| Entry::unsaid(user_id, heard_at, FORGOTTEN, None));
        self.entries.extend(removed.chain(forgotten));
    }

    /// Adds the agents whose presences are called otherwise by a reading of the definitions. The definitions
    /// themselves are kept as the roster has them.
    pub fn defined(&mut self, definitions: &Definitions, step: &Step) {
        let heard_at = definitions.read_at;
        let renamed =
            step.changes.iter().map(|row| Entry::unsaid(row.user_id(), heard_at, RELABELLED, Some(row)));
        self.entries.extend(renamed);
    }

    /// How many entries it holds.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether it appends nothing.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }
}

impl Entry {
    /// An entry about somebody of whom nobody said anything.
    fn unsaid(user_id: &UserId, heard_at: Timestamp, outcome: &'static str, row: Option<&Arc<Row>>) -> Self {
        Self {
            user_id: user_id.clone(),
            revision: row.map(|row| row.revision),
            heard_at,
            as_of: None,
            source: Source::Sweep,
            event_id: None,
            outcome,
            rulings: None,
            statement: None,
            row: row.map(|row| encode_row(row)),
        }
    }
}

/// Every push is kept, whatever became of it: it is acknowledged and never repeated. A read that confirmed what is
/// held is not: the next sweep says the same again, and a sweep of everybody would push everything else out of a
/// bounded history.
fn is_kept(observation: &Observation, step: &Step) -> bool {
    let remarkable = |(_, ruling): (_, Ruling)| {
        matches!(ruling, Ruling::ConflictLost | Ruling::ConflictWon | Ruling::ClockAhead)
    };
    !observation.source.is_read()
        || !step.changes.is_empty()
        || step.rewritten.is_some()
        || step.rulings.iter().any(remarkable)
}
