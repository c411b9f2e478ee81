//! The statements that change the file, each on the connection of a transaction that its caller holds.

use std::sync::Arc;

use onduty_core::agent::UserId;
use onduty_core::cursor::{Epoch, Revision};
use onduty_core::definition::Definitions;
use onduty_core::dialect::Dialect;
use onduty_core::observation::Listing;
use onduty_core::snapshot::Snapshot;
use onduty_core::time::Timestamp;
use rusqlite::{Connection, OptionalExtension, params};

use super::batch::{Entry, FORGOTTEN};
use super::error::Trouble;
use super::record::encode_row;
use super::vocabulary;

/// What the tables `meta` and `definitions` say, but for the epoch, which never changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Meta {
    pub(super) revision: Revision,
    pub(super) forgotten: Revision,
    pub(super) listing: Option<Listing>,
    pub(super) definitions: Option<Arc<Definitions>>,
    pub(super) dialect: Option<Arc<Dialect>>,
    /// Up to and including this entry, all of the history is in the table of agents.
    pub(super) folded: u64,
}

/// Which entries the history holds: without a gap, `oldest` up to but not including `next`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Extent {
    pub(super) oldest: u64,
    pub(super) next: u64,
}

/// Which entries may go.
#[derive(Debug)]
pub(super) struct Trimming {
    /// Those before this one, because there are too many.
    pub(super) before: u64,
    /// Those heard before this, because they are too old.
    pub(super) heard_before: Timestamp,
    /// In any case only those before this one.
    pub(super) at_most_before: u64,
}

pub(super) mod key {
    pub(in super::super) const EPOCH: &str = "epoch";
    pub(in super::super) const REVISION: &str = "revision";
    pub(in super::super) const FORGOTTEN: &str = "forgotten";
    pub(in super::super) const FOLDED: &str = "folded";
    pub(in super::super) const LISTING_STARTED_AT: &str = "listing_started_at";
    pub(in super::super) const LISTING_FINISHED_AT: &str = "listing_finished_at";
    pub(in super::super) const LISTING_AGENTS: &str = "listing_agents";
    pub(in super::super) const DEFINITIONS_READ_AT: &str = "definitions_read_at";
    pub(in super::super) const LOCALE: &str = "locale";
    pub(in super::super) const DIALECT_FOUND_AT: &str = "dialect_found_at";
    pub(in super::super) const DIALECT_ADDRESS: &str = "dialect_address";
    pub(in super::super) const DIALECT_API: &str = "dialect_api";
}

impl Meta {
    pub(super) fn of(snapshot: &Snapshot, folded: u64) -> Self {
        Self {
            revision: snapshot.revision(),
            forgotten: snapshot.forgotten(),
            listing: snapshot.listing(),
            definitions: snapshot.definitions().cloned(),
            dialect: snapshot.dialect().cloned(),
            folded,
        }
    }
}

impl Extent {
    /// The newest entry; 0 before the first.
    pub(super) const fn last(&self) -> u64 {
        self.next - 1
    }
}

impl Entry {
    /// Whether the table of agents has to be told of it.
    pub(super) fn changes_what_is_held(&self) -> bool {
        self.row.is_some() || self.outcome == FORGOTTEN
    }
}

/// Names the history of a new file.
pub(super) fn begin(connection: &Connection, epoch: Epoch) -> Result<(), Trouble> {
    set(connection, key::EPOCH, &format!("{:016x}", epoch.0))
}

pub(super) fn append(connection: &Connection, extent: &mut Extent, entries: &[Entry]) -> Result<(), Trouble> {
    let mut insert = connection.prepare_cached(
        "INSERT INTO history
         (seq, user_id, revision, heard_at, as_of, source, event_id, outcome, rulings, statement, row)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
    )?;
    for entry in entries {
        insert.execute(params![
            extent.next.cast_signed(),
            entry.user_id.as_str(),
            entry.revision.map(|revision| revision.0.cast_signed()),
            entry.heard_at.as_millis(),
            entry.as_of.map(Timestamp::as_millis),
            entry.source.name(),
            entry.event_id.as_deref(),
            entry.outcome,
            entry.rulings,
            entry.statement,
            entry.row,
        ])?;
        extent.next += 1;
    }
    Ok(())
}

/// Writes what a snapshot says of some agents into their table.
pub(super) fn fold(connection: &Connection, user_ids: &[UserId], newest: &Snapshot) -> Result<(), Trouble> {
    let mut upsert = connection.prepare_cached(
        "INSERT INTO agents (user_id, revision, present, changed_at, changed_by, row)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)
         ON CONFLICT (user_id) DO UPDATE SET revision = excluded.revision, present = excluded.present,
         changed_at = excluded.changed_at, changed_by = excluded.changed_by, row = excluded.row",
    )?;
    let mut delete = connection.prepare_cached("DELETE FROM agents WHERE user_id = ?1")?;
    // In order of key, so that neighbours share the writing of a page.
    let mut user_ids: Vec<&UserId> = user_ids.iter().collect();
    user_ids.sort_unstable();
    for user_id in user_ids {
        let Some(row) = newest.by_user_id(user_id.as_str()) else {
            delete.execute([user_id.as_str()])?;
            continue;
        };
        upsert.execute(params![
            user_id.as_str(),
            row.revision.0.cast_signed(),
            row.present,
            row.changed_at.as_millis(),
            row.changed_by.name(),
            encode_row(row),
        ])?;
    }
    Ok(())
}

/// Drops old entries from the front of the history.
pub(super) fn trim(connection: &Connection, extent: &mut Extent, trimming: &Trimming) -> Result<(), Trouble> {
    let Trimming { before, heard_before, at_most_before } = *trimming;
    if extent.oldest >= at_most_before {
        return Ok(());
    }
    let mut young = connection.prepare_cached(
        "SELECT seq FROM history WHERE seq >= ?1 AND seq < ?2 AND heard_at >= ?3 ORDER BY seq LIMIT 1",
    )?;
    let range = (extent.oldest.cast_signed(), at_most_before.cast_signed(), heard_before.as_millis());
    let young: Option<i64> = young.query_row(range, |row| row.get(0)).optional()?;
    let keep_from = young.map_or(at_most_before, i64::cast_unsigned).max(before.min(at_most_before));
    if keep_from > extent.oldest {
        connection
            .prepare_cached("DELETE FROM history WHERE seq < ?1")?
            .execute([keep_from.cast_signed()])?;
        extent.oldest = keep_from;
    }
    Ok(())
}

/// Notes where everything stands, as far as it differs from before.
pub(super) fn note(connection: &Connection, before: &Meta, now: &Meta) -> Result<(), Trouble> {
    let Meta { revision, forgotten, listing, definitions, dialect, folded } = now;
    if *revision != before.revision {
        set(connection, key::REVISION, &revision.to_string())?;
    }
    if *forgotten != before.forgotten {
        set(connection, key::FORGOTTEN, &forgotten.to_string())?;
    }
    if *folded != before.folded {
        set(connection, key::FOLDED, &folded.to_string())?;
    }
    if let Some(Listing { started_at, finished_at, agents }) = listing.filter(|_| *listing != before.listing)
    {
        set(connection, key::LISTING_STARTED_AT, &started_at.as_millis().to_string())?;
        set(connection, key::LISTING_FINISHED_AT, &finished_at.as_millis().to_string())?;
        set(connection, key::LISTING_AGENTS, &agents.to_string())?;
    }
    if let Some(definitions) = definitions.as_deref().filter(|_| *definitions != before.definitions) {
        set(connection, key::DEFINITIONS_READ_AT, &definitions.read_at.as_millis().to_string())?;
        set(connection, key::LOCALE, &definitions.locale)?;
        if before.definitions.as_ref().is_none_or(|before| before.by_id != definitions.by_id) {
            vocabulary::replace(connection, definitions)?;
        }
    }
    if let Some(dialect) = dialect.as_deref().filter(|_| *dialect != before.dialect) {
        let Dialect { found_at, address, api } = dialect;
        set(connection, key::DIALECT_FOUND_AT, &found_at.as_millis().to_string())?;
        set(connection, key::DIALECT_ADDRESS, address)?;
        set(connection, key::DIALECT_API, api)?;
    }
    Ok(())
}

fn set(connection: &Connection, key: &str, value: &str) -> Result<(), Trouble> {
    let mut upsert = connection.prepare_cached(
        "INSERT INTO meta (key, value) VALUES (?1, ?2) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
    )?;
    upsert.execute((key, value))?;
    Ok(())
}
