//! Reading everything back: the folded rows, and the entries after them replayed over these.

use std::collections::{BTreeMap, HashMap};
use std::str::FromStr;
use std::sync::Arc;

use onduty_core::agent::UserId;
use onduty_core::cursor::{Epoch, Revision};
use onduty_core::definition::Definitions;
use onduty_core::dialect::Dialect;
use onduty_core::observation::Listing;
use onduty_core::roster::Stored;
use onduty_core::row::Row;
use onduty_core::time::Timestamp;
use rusqlite::Connection;

use super::backlog::Backlog;
use super::batch::FORGOTTEN;
use super::error::Trouble;
use super::record::decode_row;
use super::vocabulary;
use super::write::{Extent, Meta, key};

/// What a file holds, and what is left to do in it.
pub(super) struct Loaded {
    pub(super) stored: Stored,
    pub(super) meta: Meta,
    pub(super) extent: Extent,
    pub(super) backlog: Backlog,
}

pub(super) fn load(connection: &Connection) -> Result<Loaded, Trouble> {
    let (epoch, meta) = meta(connection)?;
    let extent = extent(connection, meta.folded)?;
    let mut backlog = Backlog::default();
    let newer = unfolded(connection, meta.folded, &mut backlog)?;
    let mut rows = folded(connection, &newer)?;
    rows.extend(newer.into_values().flatten());
    if let Some(listing) = meta.listing {
        // Evidence is folded in behind and may be missing; that an agent is present implies it up to here.
        for row in rows.iter().filter(|row| row.present) {
            row.held.seen_at.raise(listing.started_at);
        }
    }
    let Meta { revision, forgotten, listing, definitions, dialect, folded: _ } = meta.clone();
    let stored = Stored { epoch, revision, forgotten, listing, definitions, dialect, rows };
    Ok(Loaded { stored, meta, extent, backlog })
}

fn meta(connection: &Connection) -> Result<(Epoch, Meta), Trouble> {
    let mut select = connection.prepare("SELECT key, value FROM meta")?;
    let values: BTreeMap<String, String> =
        select.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?.collect::<Result<_, _>>()?;
    fn number<T: FromStr>(
        values: &BTreeMap<String, String>,
        key: &'static str,
    ) -> Result<Option<T>, Trouble> {
        values.get(key).map(|text| text.parse().map_err(|_| Trouble::Meta(key))).transpose()
    }
    let epoch = values.get(key::EPOCH).and_then(|text| u64::from_str_radix(text, 16).ok());
    let epoch = Epoch(epoch.ok_or(Trouble::Meta(key::EPOCH))?);
    let instant = |key| Ok::<_, Trouble>(number(&values, key)?.map(Timestamp::from_millis));
    let listing = (
        instant(key::LISTING_STARTED_AT)?,
        instant(key::LISTING_FINISHED_AT)?,
        number(&values, key::LISTING_AGENTS)?,
    );
    let listing = match listing {
        (Some(started_at), Some(finished_at), Some(agents)) => {
            Some(Listing { started_at, finished_at, agents })
        }
        (None, None, None) => None,
        _ => return Err(Trouble::Meta(key::LISTING_STARTED_AT)),
    };
    let definitions = match (instant(key::DEFINITIONS_READ_AT)?, values.get(key::LOCALE)) {
        (Some(read_at), Some(locale)) => {
            let (locale, by_id) = (locale.as_str().into(), vocabulary::read(connection)?);
            Some(Arc::new(Definitions { read_at, locale, by_id }))
        }
        (None, None) => None,
        _ => return Err(Trouble::Meta(key::DEFINITIONS_READ_AT)),
    };
    let word = |key| values.get(key).map(|text| Arc::from(text.as_str()));
    let dialect = (instant(key::DIALECT_FOUND_AT)?, word(key::DIALECT_ADDRESS), word(key::DIALECT_API));
    let dialect = match dialect {
        (Some(found_at), Some(address), Some(api)) => Some(Arc::new(Dialect { found_at, address, api })),
        (None, None, None) => None,
        _ => return Err(Trouble::Meta(key::DIALECT_FOUND_AT)),
    };
    let meta = Meta {
        revision: Revision(number(&values, key::REVISION)?.unwrap_or(0)),
        forgotten: Revision(number(&values, key::FORGOTTEN)?.unwrap_or(0)),
        listing,
        definitions,
        dialect,
        folded: number(&values, key::FOLDED)?.unwrap_or(0),
    };
    Ok((epoch, meta))
}

fn extent(connection: &Connection, folded: u64) -> Result<Extent, Trouble> {
    let ends: (Option<i64>, Option<i64>) = connection.query_row(
        "SELECT (SELECT min(seq) FROM history), (SELECT max(seq) FROM history)",
        [],
        |row| Ok((row.get(0)?, row.get(1)?)),
    )?;
    // A history that was trimmed to nothing goes on where it ended.
    let next = ends.1.map_or(0, i64::cast_unsigned).max(folded) + 1;
    Ok(Extent { oldest: ends.0.map_or(next, i64::cast_unsigned), next })
}

/// The newest row of each agent that changed since the last fold; `None` for those to be forgotten.
fn unfolded(
    connection: &Connection,
    folded: u64,
    backlog: &mut Backlog,
) -> Result<HashMap<UserId, Option<Row>>, Trouble> {
    let mut select = connection.prepare(
        "SELECT seq, user_id, row FROM history
         WHERE seq > ?1 AND (row IS NOT NULL OR outcome = ?2) ORDER BY seq",
    )?;
    let mut entries = select.query((folded.cast_signed(), FORGOTTEN))?;
    let mut newer = HashMap::new();
    while let Some(entry) = entries.next()? {
        let seq: i64 = entry.get(0)?;
        let user_id = user_id(entry.get_ref(1)?.as_str().map_err(rusqlite::Error::from)?);
        let bytes = entry.get_ref(2)?.as_blob_or_null().map_err(rusqlite::Error::from)?;
        let row = bytes.map(|bytes| decode_row(user_id.clone(), bytes)).transpose()?;
        backlog.changed(seq.cast_unsigned(), user_id.clone());
        newer.insert(user_id, row);
    }
    Ok(newer)
}

/// The rows of the table of agents, without those that are superseded.
fn folded(connection: &Connection, superseded: &HashMap<UserId, Option<Row>>) -> Result<Vec<Row>, Trouble> {
    let mut select = connection.prepare("SELECT user_id, row FROM agents")?;
    let mut agents = select.query([])?;
    let mut rows = Vec::new();
    while let Some(agent) = agents.next()? {
        let id = agent.get_ref(0)?.as_str().map_err(rusqlite::Error::from)?;
        if !superseded.contains_key(id) {
            rows.push(decode_row(user_id(id), agent.get_ref(1)?.as_blob().map_err(rusqlite::Error::from)?)?);
        }
    }
    Ok(rows)
}

fn user_id(text: &str) -> UserId {
    UserId::from(text)
}
