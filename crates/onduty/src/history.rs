//! The past as the journal kept it: every change, one by one, for watchers that must not skip any, and what was heard
//! about one agent, for people who ask why. Reads the journal's file
//! over a connection of its own, which never holds up the writer.

pub mod timeline;

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use onduty_core::agent::UserId;
use onduty_core::cursor::Revision;
use onduty_core::row::Row;
use rusqlite::{Connection, OpenFlags};

use crate::journal::FILE_NAME;
use crate::journal::error::{JournalError, Trouble};
use crate::journal::record::decode_row;

/// The kept changes. Cheap to clone; readers take turns, each for at most [`CHANGES_MAX`] rows.
#[derive(Clone, Debug)]
pub struct History(Arc<Mutex<Connection>>, Arc<Path>);

/// At most so many changes are read at once, so that nobody waits long for a turn and no reader keeps the journal
/// from tidying its log.
pub const CHANGES_MAX: usize = 1_000;

/// How long a read waits where the file is locked, as while it is recovered after a crash.
const BUSY: Duration = Duration::from_secs(5);

/// Why the changes can't be told.
#[derive(Debug, thiserror::Error)]
pub enum HistoryError {
    /// Some of them are no longer kept.
    #[error("changes are kept from after revision {oldest} only")]
    Expired {
        /// A cursor at this revision or later misses nothing.
        oldest: Revision,
    },
    /// The file can't be read.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// The read was given up because the sidecar is stopping.
    #[error("the sidecar is stopping")]
    Stopping,
}

impl History {
    /// Opens the history of a journal that is open for writing in this directory.
    ///
    /// # Errors
    ///
    /// The file can't be opened.
    pub fn open(dir: &Path) -> Result<Self, HistoryError> {
        let file = dir.join(FILE_NAME);
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let open = || {
            let connection = Connection::open_with_flags(&file, flags)?;
            connection.busy_timeout(BUSY)?;
            Ok(connection)
        };
        let connection = open().map_err(|source: rusqlite::Error| failed(source, &file))?;
        Ok(Self(Arc::new(Mutex::new(connection)), file.into()))
    }

    /// Every change after a revision, in order and without a gap: at most `limit` of them and [`CHANGES_MAX`]. None
    /// if there was no change since.
    ///
    /// # Errors
    ///
    /// [`HistoryError::Expired`] if a change after `revision` is no longer kept; or the file can't be read.
    pub async fn changes_after(&self, revision: Revision, limit: usize) -> Result<Vec<Row>, HistoryError> {
        let history = self.clone();
        tokio::task::spawn_blocking(move || history.read_after(revision, limit))
            .await
            .map_err(|_| HistoryError::Stopping)?
    }

    /// The oldest revision after which every change is kept.
    ///
    /// # Errors
    ///
    /// The file can't be read.
    pub async fn oldest_revision(&self) -> Result<Revision, HistoryError> {
        let history = self.clone();
        tokio::task::spawn_blocking(move || history.read(oldest)).await.map_err(|_| HistoryError::Stopping)?
    }

    fn read_after(&self, revision: Revision, limit: usize) -> Result<Vec<Row>, HistoryError> {
        let (rows, oldest) = self.read(|connection| {
            let rows = rows_after(connection, revision, limit.min(CHANGES_MAX))?;
            Ok((rows, oldest(connection)?))
        })?;
        if oldest > revision { Err(HistoryError::Expired { oldest }) } else { Ok(rows) }
    }

    /// Reads in one transaction, so that nothing is trimmed in between.
    fn read<T>(&self, read: impl FnOnce(&Connection) -> Result<T, Trouble>) -> Result<T, HistoryError> {
        let connection = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let transaction = connection.unchecked_transaction().map_err(|source| failed(source, &self.1))?;
        read(&transaction).map_err(|trouble| trouble.at(&*self.1, READING).into())
    }
}

const READING: &str = "reading its history";

fn failed(source: rusqlite::Error, file: &Path) -> HistoryError {
    Trouble::from(source).at(file, READING).into()
}

fn oldest(connection: &Connection) -> Result<Revision, Trouble> {
    // Revisions have no gap in the history, so the first one kept tells which is missing.
    let mut select = connection.prepare_cached(
        "SELECT coalesce(
             (SELECT min(revision) - 1 FROM history WHERE revision IS NOT NULL),
             (SELECT CAST(value AS INTEGER) FROM meta WHERE key = 'revision'),
             0
         )",
    )?;
    let oldest: i64 = select.query_row([], |row| row.get(0))?;
    Ok(Revision(oldest.cast_unsigned()))
}

fn rows_after(connection: &Connection, revision: Revision, limit: usize) -> Result<Vec<Row>, Trouble> {
    let mut select = connection.prepare_cached(
        "SELECT user_id, row FROM history WHERE revision IS NOT NULL AND revision > ?1 ORDER BY revision LIMIT ?2",
    )?;
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let mut changes = select.query((revision.0.cast_signed(), limit))?;
    let mut rows = Vec::new();
    while let Some(change) = changes.next()? {
        let user_id = UserId::from(change.get_ref(0)?.as_str().map_err(rusqlite::Error::from)?);
        rows.push(decode_row(user_id, change.get_ref(1)?.as_blob().map_err(rusqlite::Error::from)?)?);
    }
    Ok(rows)
}
