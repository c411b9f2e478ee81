//! The place on disk: the directory, the lock that keeps a second process out, the file and how it is opened.

use std::fs::{DirBuilder, File, TryLockError};
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;
use std::time::Duration;

use onduty_core::cursor::Epoch;
use rusqlite::{Connection, OpenFlags, Transaction, TransactionBehavior};

use super::error::{JournalError, Trouble};
use super::migrate::{self, Found};
use super::write;

const LOCK_NAME: &str = "lock";

/// Only the owner may look in: names and states of people.
const DIR_MODE: u32 = 0o700;

/// How long a write waits for somebody who holds the file locked, such as `sqlite3` in other hands.
const BUSY: Duration = Duration::from_secs(5);

/// Pages in the write-ahead log at which a commit also moves it into the file. Larger makes that rarer and longer.
const CHECKPOINT_PAGES: u32 = 2_000;

/// To how many bytes the write-ahead log is cut back once it was moved into the file.
const LOG_BYTES_MAX: u32 = 16 << 20;

/// Pages of the file kept in memory, in KiB: folding touches scattered ones, again and again.
const CACHE_KIB: i32 = 16 << 10;

/// Up to this size the whole file is checked when it is opened, which takes about a second. In a larger one the
/// parts that are read at start show their damage by themselves.
const CHECKED_BYTES_MAX: u64 = 256 << 20;

/// Makes the directory if need be, and claims it for this process for as long as the file given back is open.
pub(super) fn claim(dir: &Path) -> Result<File, JournalError> {
    let unusable = |source: io::Error| JournalError::Directory { dir: dir.to_owned(), source };
    DirBuilder::new().recursive(true).mode(DIR_MODE).create(dir).map_err(unusable)?;
    let lock = File::options().create(true).truncate(false).write(true).open(dir.join(LOCK_NAME));
    let lock = lock.map_err(unusable)?;
    match lock.try_lock() {
        Ok(()) => Ok(lock),
        Err(TryLockError::WouldBlock) => Err(JournalError::InUse { dir: dir.to_owned() }),
        Err(TryLockError::Error(source)) => Err(unusable(source)),
    }
}

/// Opens the file at the newest version; a new one belongs to an epoch.
pub(super) fn open(file: &Path, pages_max: Option<u32>, epoch: Epoch) -> Result<Connection, JournalError> {
    let opened =
        OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let at = |doing| move |trouble: Trouble| trouble.at(file, doing);
    let connection = Connection::open_with_flags(file, opened).map_err(|e| at("opening it")(e.into()))?;
    let version = match migrate::inspect(&connection).map_err(at("opening it"))? {
        Found::Empty => 0,
        Found::Version(version) if version <= migrate::NEWEST => version,
        Found::Version(found) => {
            return Err(JournalError::Newer { file: file.to_owned(), found, known: migrate::NEWEST });
        }
        Found::Foreign => return Err(JournalError::Foreign { file: file.to_owned() }),
    };
    configure(&connection, pages_max).map_err(at("opening it"))?;
    check(&connection, file)?;
    prepare(&connection, version, epoch).map_err(at("bringing it to the newest version"))?;
    Ok(connection)
}

fn configure(connection: &Connection, pages_max: Option<u32>) -> Result<(), Trouble> {
    connection.busy_timeout(BUSY)?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "wal_autocheckpoint", CHECKPOINT_PAGES)?;
    connection.pragma_update(None, "journal_size_limit", LOG_BYTES_MAX)?;
    // A negative size counts in KiB, a positive one in pages.
    connection.pragma_update(None, "cache_size", -CACHE_KIB)?;
    connection.pragma_update(None, "trusted_schema", false)?;
    connection.pragma_update(None, "cell_size_check", true)?;
    if let Some(pages) = pages_max {
        connection.pragma_update(None, "max_page_count", pages)?;
    }
    Ok(())
}

fn check(connection: &Connection, file: &Path) -> Result<(), JournalError> {
    if std::fs::metadata(file).is_ok_and(|metadata| metadata.len() > CHECKED_BYTES_MAX) {
        return Ok(());
    }
    const DOING: &str = "checking it";
    let verdict: String = connection
        .query_row("PRAGMA quick_check(1)", [], |row| row.get(0))
        .map_err(|source| Trouble::from(source).at(file, DOING))?;
    if verdict == "ok" {
        return Ok(());
    }
    Err(JournalError::Corrupt { file: file.to_owned(), doing: DOING, detail: verdict })
}

fn prepare(connection: &Connection, version: u32, epoch: Epoch) -> Result<(), Trouble> {
    if version == migrate::NEWEST {
        return Ok(());
    }
    let transaction = Transaction::new_unchecked(connection, TransactionBehavior::Immediate)?;
    migrate::migrate(&transaction, version)?;
    if version == 0 {
        write::begin(&transaction, epoch)?;
    }
    transaction.commit()?;
    Ok(())
}

/// Moves the whole write-ahead log into the file.
pub(super) fn checkpoint(connection: &Connection) -> Result<(), Trouble> {
    // A reader that holds on keeps part of it in the log, which is no loss: the next opening goes on from there.
    Ok(connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?)
}
