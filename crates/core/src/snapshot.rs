//! The roster at one revision: immutable, shared, cheap to clone. Readers never lock and never see half a batch.

use std::hash::{BuildHasherDefault, DefaultHasher};
use std::ops::Bound;
use std::sync::Arc;

use imbl::shared_ptr::DefaultSharedPtr;
use imbl::{GenericHashMap, OrdMap};

use crate::agent::{AgentId, UserId};
use crate::cursor::{Cursor, Epoch, Revision};
use crate::definition::Definitions;
use crate::dialect::Dialect;
use crate::observation::Listing;
use crate::row::Row;

/// One map, three indexes: every agent by user id, by the revision of its newest change, and by the id under which
/// callers know it. Removed agents stay in all of them as tombstones for a while, so that a watcher that was away
/// learns of the removal.
#[derive(Clone, Debug)]
pub struct Snapshot {
    pub(crate) epoch: Epoch,
    pub(crate) revision: Revision,
    pub(crate) rows: OrdMap<UserId, Arc<Row>>,
    pub(crate) by_revision: OrdMap<Revision, Arc<Row>>,
    pub(crate) by_agent_id: ByAgentId,
    pub(crate) listing: Option<Listing>,
    pub(crate) definitions: Option<Arc<Definitions>>,
    pub(crate) dialect: Option<Arc<Dialect>>,
    pub(crate) forgotten: Revision,
    pub(crate) present: usize,
}

/// Every agent by the id under which callers know it. Hashed, because most questions come this way, and an ordered map
/// of 100,000 agents compares an id with seventeen others, each of them a cache miss away. The hash has no random key:
/// core has no randomness, and only the platform's ids are put in.
pub(crate) type ByAgentId =
    GenericHashMap<AgentId, Arc<Row>, BuildHasherDefault<DefaultHasher>, DefaultSharedPtr>;

/// Why a cursor can't be resumed from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Gap {
    /// It belongs to another history.
    #[error("the cursor belongs to another epoch of the store")]
    EpochChanged,
    /// Removals since then are no longer remembered.
    #[error("removals since the cursor are no longer remembered")]
    CursorExpired,
}

impl Snapshot {
    /// An empty roster at the start of a history.
    pub fn new(epoch: Epoch) -> Self {
        Self {
            epoch,
            revision: Revision::default(),
            rows: OrdMap::new(),
            by_revision: OrdMap::new(),
            by_agent_id: ByAgentId::default(),
            listing: None,
            definitions: None,
            dialect: None,
            forgotten: Revision::default(),
            present: 0,
        }
    }

    /// The newest revision in it.
    pub const fn revision(&self) -> Revision {
        self.revision
    }

    /// Where to resume to miss nothing after this snapshot.
    pub const fn cursor(&self) -> Cursor {
        Cursor { epoch: self.epoch, revision: self.revision }
    }

    /// The newest complete listing, if there ever was one.
    pub const fn listing(&self) -> Option<Listing> {
        self.listing
    }

    /// The newest reading of the presence definitions, if there ever was one.
    pub const fn definitions(&self) -> Option<&Arc<Definitions>> {
        self.definitions.as_ref()
    }

    /// The newest finding of what the platform speaks, if that was ever found out.
    pub const fn dialect(&self) -> Option<&Arc<Dialect>> {
        self.dialect.as_ref()
    }

    /// The newest revision whose tombstone was dropped.
    pub const fn forgotten(&self) -> Revision {
        self.forgotten
    }

    /// How many agents exist.
    pub const fn directory_total(&self) -> usize {
        self.present
    }

    /// The agent of a user id, tombstones included.
    pub fn by_user_id(&self, id: &str) -> Option<&Arc<Row>> {
        self.rows.get(id)
    }

    /// The agent of an agent id, tombstones included. Where the platform has no separate agent ids, an agent's
    /// id is its user id.
    pub fn by_agent_id(&self, id: &str) -> Option<&Arc<Row>> {
        self.by_agent_id.get(id)
    }

    /// Agents that exist, by user id, beginning after one.
    pub fn present_after(&self, after: Option<&str>) -> impl Iterator<Item = &Arc<Row>> {
        let start = after.map_or(Bound::Unbounded, Bound::Excluded);
        self.rows.range::<_, str>((start, Bound::Unbounded)).map(|(_, row)| row).filter(|row| row.present)
    }

    /// Each agent that changed after a revision, at its newest revision, in order of revision; tombstones included.
    pub fn changed_after(&self, revision: Revision) -> impl Iterator<Item = &Arc<Row>> {
        self.by_revision.range((Bound::Excluded(revision), Bound::Unbounded)).map(|(_, row)| row)
    }

    /// Every row, tombstones included, by user id.
    pub fn rows(&self) -> impl Iterator<Item = &Arc<Row>> {
        self.rows.values()
    }

    /// Whether what happened after a cursor can be told in full, and from which revision.
    pub fn resume(&self, cursor: Cursor) -> Result<Revision, Gap> {
        if cursor.epoch != self.epoch || cursor.revision > self.revision {
            return Err(Gap::EpochChanged);
        }
        if cursor.revision < self.forgotten { Err(Gap::CursorExpired) } else { Ok(cursor.revision) }
    }
}
