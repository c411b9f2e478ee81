//! What was heard about one agent, newest first, as the journal kept it.

use std::sync::Arc;

use onduty_core::agent::UserId;
use onduty_core::cursor::Revision;
use onduty_core::observation::{Source, Statement};
use onduty_core::roster::ruling::Ruling;
use onduty_core::roster::{Outcome, Rulings};
use onduty_core::time::Timestamp;
use rusqlite::{Connection, Row};

use super::{History, HistoryError};
use crate::journal::batch::{FORGOTTEN, RELABELLED, REMOVED};
use crate::journal::error::Trouble;
use crate::journal::record::{RecordError, decode_rulings, decode_statement};

/// At most so many entries are read at once.
pub const ENTRIES_MAX: usize = 1_000;

/// Entries whose agents are indexed together, as in `journal::migrate`.
const STRETCH_BITS: u32 = 12;

/// So many stretches are looked into in one read: 16 million entries, which takes about ten milliseconds.
const STRETCHES_MAX: u64 = 4_096;

/// One line of a timeline.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// Its place in the history: a later one has a greater number.
    pub seq: u64,
    /// When it was heard, by our clock.
    pub heard_at: Timestamp,
    /// When it was said, by the platform's clock, where it says so.
    pub as_of: Option<Timestamp>,
    /// By which way.
    pub source: Source,
    /// The sender's id of the event.
    pub event_id: Option<Arc<str>>,
    /// What came of it.
    pub fate: Fate,
    /// The rule about each facet said. Empty for entries of a journal of version 1, which did not keep them.
    pub rulings: Rulings,
    /// What was said.
    pub statement: Statement,
    /// The change that it made, where readers saw one.
    pub revision: Option<Revision>,
}

/// What came of an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It was a statement.
    Judged(Outcome),
    /// It was a full listing that did not name the agent.
    Removed,
    /// It was a reading of the presence definitions that calls the presence otherwise.
    Relabelled,
    /// The removal was remembered long enough.
    Forgotten,
}

/// A part of a timeline.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Part {
    /// Newest first.
    pub entries: Vec<Entry>,
    /// Where to go on: before this entry. `None` if there is nothing older.
    pub before: Option<u64>,
    /// When the oldest entry of the whole history was heard; `None` while there is none.
    pub kept_since: Option<Timestamp>,
}

impl Entry {
    /// The rule that decided, in words for people.
    pub fn rule(&self) -> &'static str {
        let outcome = match self.fate {
            Fate::Judged(outcome) => outcome,
            Fate::Removed => return "a full listing did not name the agent",
            Fate::Relabelled => return "the organisation calls the presence otherwise",
            Fate::Forgotten => return "gone for so long that the removal is forgotten",
        };
        match (self.rulings.decisive(outcome), outcome) {
            (Some(ruling), _) => ruling.words(),
            (None, Outcome::Applied) if self.statement.absent => "the platform says there is no such agent",
            (None, Outcome::Applied) => "new in the directory: the profile, or the agent",
            (None, Outcome::Duplicate) if self.rulings.iter().next().is_some() => {
                "nothing new that readers see"
            }
            (None, Outcome::Duplicate) => Ruling::Duplicate.words(),
            (None, Outcome::Stale) => Ruling::Older.words(),
            (None, Outcome::Rejected) => Ruling::ClockAhead.words(),
        }
    }
}

impl History {
    /// What was heard about an agent before an entry (or up to now), newest first: at most `limit` entries and
    /// [`ENTRIES_MAX`]. In a very long history there can be more to come although none was found.
    ///
    /// # Errors
    ///
    /// The file can't be read.
    pub async fn timeline(
        &self,
        user_id: UserId,
        before: Option<u64>,
        limit: usize,
    ) -> Result<Part, HistoryError> {
        let history = self.clone();
        let read = move || history.read(|connection| part(connection, &user_id, before, limit));
        tokio::task::spawn_blocking(read).await.map_err(|_| HistoryError::Stopping)?
    }
}

fn part(
    connection: &Connection,
    user_id: &UserId,
    before: Option<u64>,
    limit: usize,
) -> Result<Part, Trouble> {
    let Some((oldest, newest, kept_since)) = extent(connection)? else {
        return Ok(Part { entries: Vec::new(), before: None, kept_since: None });
    };
    let (limit, mut before) = (limit.clamp(1, ENTRIES_MAX), before.unwrap_or(newest + 1).min(newest + 1));
    let mut entries = Vec::new();
    for _ in 0..STRETCHES_MAX {
        if before <= oldest {
            return Ok(Part { entries, before: None, kept_since });
        }
        let stretch = (before - 1) >> STRETCH_BITS;
        read_stretch(connection, user_id, stretch, before, limit - entries.len(), &mut entries)?;
        match entries.last() {
            Some(last) if entries.len() == limit => {
                before = last.seq;
                break;
            }
            _ => before = stretch << STRETCH_BITS,
        }
    }
    let before = (before > oldest).then_some(before);
    Ok(Part { entries, before, kept_since })
}

/// The oldest and the newest entry of all, and when the oldest was heard.
fn extent(connection: &Connection) -> Result<Option<(u64, u64, Option<Timestamp>)>, Trouble> {
    let mut select = connection.prepare_cached(
        "SELECT (SELECT min(seq) FROM history), (SELECT max(seq) FROM history),
                (SELECT heard_at FROM history ORDER BY seq LIMIT 1)",
    )?;
    let ends: (Option<i64>, Option<i64>, Option<i64>) =
        select.query_row([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
    let (Some(oldest), Some(newest), heard_at) = ends else { return Ok(None) };
    Ok(Some((oldest.cast_unsigned(), newest.cast_unsigned(), heard_at.map(Timestamp::from_millis))))
}

fn read_stretch(
    connection: &Connection,
    user_id: &UserId,
    stretch: u64,
    before: u64,
    limit: usize,
    entries: &mut Vec<Entry>,
) -> Result<(), Trouble> {
    // The first condition is the index's expression, word for word, or it would not be used.
    let mut select = connection.prepare_cached(
        "SELECT seq, heard_at, as_of, source, event_id, outcome, rulings, statement, revision
         FROM history WHERE seq >> 12 = ?1 AND user_id = ?2 AND seq < ?3 ORDER BY seq DESC LIMIT ?4",
    )?;
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let mut rows = select.query((stretch.cast_signed(), user_id.as_str(), before.cast_signed(), limit))?;
    while let Some(row) = rows.next()? {
        entries.push(entry(row)?);
    }
    Ok(())
}

fn entry(row: &Row<'_>) -> Result<Entry, Trouble> {
    let text = |column| row.get_ref(column)?.as_str().map_err(rusqlite::Error::from);
    let optional_text = |column| row.get_ref(column)?.as_str_or_null().map_err(rusqlite::Error::from);
    let instant = |millis: Option<i64>| millis.map(Timestamp::from_millis);
    let rulings = optional_text(6)?.map(decode_rulings).transpose()?;
    let statement = row.get_ref(7)?.as_blob_or_null().map_err(rusqlite::Error::from)?;
    Ok(Entry {
        seq: row.get::<_, i64>(0)?.cast_unsigned(),
        heard_at: Timestamp::from_millis(row.get(1)?),
        as_of: instant(row.get(2)?),
        source: source(text(3)?)?,
        event_id: optional_text(4)?.map(Arc::from),
        fate: fate(text(5)?)?,
        rulings: rulings.unwrap_or_default(),
        statement: statement.map(decode_statement).transpose()?.unwrap_or_default(),
        revision: row.get::<_, Option<i64>>(8)?.map(|revision| Revision(revision.cast_unsigned())),
    })
}

fn source(name: &str) -> Result<Source, RecordError> {
    Source::ALL.into_iter().find(|source| source.name() == name).ok_or(RecordError::Field("source"))
}

fn fate(name: &str) -> Result<Fate, RecordError> {
    match name {
        REMOVED => Ok(Fate::Removed),
        RELABELLED => Ok(Fate::Relabelled),
        FORGOTTEN => Ok(Fate::Forgotten),
        judged => Outcome::named(judged).map(Fate::Judged).ok_or(RecordError::Field("outcome")),
    }
}
