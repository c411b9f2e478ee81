//! How a store is doing, seen from outside by a connection that cannot write: whoever keeps it is not disturbed, and
//! where nobody does, nothing is made.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, ErrorCode, OpenFlags};
use tokio::task::spawn_blocking;
use tokio::time::timeout;

use super::FILE_NAME;

/// How a store is doing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Vitals {
    /// The data directory.
    pub dir: PathBuf,
    /// Bytes of the file and its log; absent where there is no file.
    pub bytes: Option<u64>,
    /// Bytes that the disk has left for it.
    pub free_bytes: Option<u64>,
    /// Whether this user may write to it.
    pub writable: bool,
    /// Whether it can be trusted.
    pub integrity: Integrity,
    /// SQLite's journal mode, as the file says.
    pub journal_mode: String,
}

/// Whether a store can be trusted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Integrity {
    /// There is none yet.
    Absent,
    /// The whole file was checked.
    Whole,
    /// No damage in the time there was.
    Unfinished,
    /// Damaged, in SQLite's words.
    Damaged(String),
    /// It can't be read.
    Unreadable(String),
}

/// Looks at the store in a directory; the check of the file is given up after `patience`.
pub async fn vitals(dir: &Path, patience: Duration) -> Vitals {
    let file = dir.join(FILE_NAME);
    let bytes = length(&file).map(|bytes| bytes + length(&log_of(&file)).unwrap_or(0));
    let beside = existing(dir);
    let mut vitals = Vitals {
        dir: dir.to_owned(),
        bytes,
        free_bytes: beside.and_then(free_bytes),
        writable: beside.is_some_and(|dir| rustix::fs::access(dir, rustix::fs::Access::WRITE_OK).is_ok()),
        integrity: Integrity::Absent,
        journal_mode: String::new(),
    };
    if bytes.is_some() {
        match checked(file, patience).await {
            Ok((integrity, mode)) => (vitals.integrity, vitals.journal_mode) = (integrity, mode),
            Err(detail) => vitals.integrity = Integrity::Unreadable(detail),
        }
    }
    vitals
}

fn length(file: &Path) -> Option<u64> {
    fs::metadata(file).ok().map(|metadata| metadata.len())
}

fn log_of(file: &Path) -> PathBuf {
    file.with_extension("sqlite-wal")
}

/// The directory, or the nearest one above it that is there: a store that is not made yet will be made below it.
fn existing(dir: &Path) -> Option<&Path> {
    // Above a relative path is the empty one, which stands for where we are.
    let above = dir.ancestors().map(|dir| if dir.as_os_str().is_empty() { Path::new(".") } else { dir });
    above.into_iter().find(|dir| dir.is_dir())
}

fn free_bytes(dir: &Path) -> Option<u64> {
    let disk = rustix::fs::statvfs(dir).ok()?;
    Some(disk.f_bavail.saturating_mul(disk.f_frsize))
}

async fn checked(file: PathBuf, patience: Duration) -> Result<(Integrity, String), String> {
    let stopped = |_| "the check was given up: this process is stopping".to_owned();
    let opened = spawn_blocking(move || open(&file)).await.map_err(stopped)?;
    let (connection, mode) = opened.map_err(|error| error.to_string())?;
    let interrupt = connection.get_interrupt_handle();
    let mut check = spawn_blocking(move || {
        connection.query_row("PRAGMA quick_check(1)", [], |row| row.get::<_, String>(0))
    });
    let verdict = match timeout(patience, &mut check).await {
        Ok(verdict) => verdict,
        Err(_) => {
            interrupt.interrupt();
            check.await
        }
    };
    let integrity = match verdict.map_err(stopped)? {
        Ok(verdict) if verdict == "ok" => Integrity::Whole,
        Ok(damage) => Integrity::Damaged(damage),
        Err(error) if error.sqlite_error_code() == Some(ErrorCode::OperationInterrupted) => {
            Integrity::Unfinished
        }
        Err(error) if error.sqlite_error_code() == Some(ErrorCode::DatabaseCorrupt) => {
            Integrity::Damaged(error.to_string())
        }
        Err(error) => Integrity::Unreadable(error.to_string()),
    };
    Ok((integrity, mode))
}

/// Opened so that nothing is written beside it, either: where there is no log, nobody has the file open and it is whole
/// by itself; a log has to be read through.
fn open(file: &Path) -> rusqlite::Result<(Connection, String)> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let at_rest = length(&log_of(file)).is_none();
    let connection = if at_rest && let Some(uri) = immutable(file) {
        Connection::open_with_flags(uri, flags | OpenFlags::SQLITE_OPEN_URI)?
    } else {
        Connection::open_with_flags(file, flags)?
    };
    connection.busy_timeout(Duration::from_millis(500))?;
    let mode = connection.query_row("PRAGMA journal_mode", [], |row| row.get(0))?;
    Ok((connection, mode))
}

/// The file as a URI that says that nobody changes it; `None` for a path that can't stand in one as it is.
fn immutable(file: &Path) -> Option<String> {
    let path = file.to_str().filter(|path| !path.contains(['?', '#', '%']))?;
    Some(format!("file:{path}?immutable=1"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::{Journal, Options};
    use onduty_core::cursor::Epoch;

    const PATIENCE: Duration = Duration::from_secs(20);

    fn journal(dir: &Path) -> Journal {
        let options = Options {
            history_entries: 1_000,
            history_retention: Duration::from_secs(3_600),
            pages_max: None,
        };
        Journal::open(dir, options, Epoch(7)).expect("a store").0
    }

    fn files(dir: &Path) -> Vec<String> {
        let names = fs::read_dir(dir).expect("a directory");
        let mut names: Vec<String> =
            names.map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned()).collect();
        names.sort();
        names
    }

    #[tokio::test]
    async fn a_store_in_use_is_whole_and_one_that_is_not_there_is_not_made() {
        let dir = tempfile::tempdir().expect("a directory");
        let absent = vitals(&dir.path().join("not/yet"), PATIENCE).await;
        assert_eq!((absent.bytes, &absent.integrity, absent.writable), (None, &Integrity::Absent, true));
        assert!(absent.free_bytes.is_some_and(|bytes| bytes > 0));
        assert!(vitals(Path::new("no-such-folder"), PATIENCE).await.writable, "beside the tests");
        assert_eq!(files(dir.path()), [""; 0]);

        let _held = journal(dir.path());
        let held = vitals(dir.path(), PATIENCE).await;
        assert_eq!((held.integrity, &*held.journal_mode), (Integrity::Whole, "wal"));
        assert!(held.bytes.is_some_and(|bytes| bytes > 0));
    }

    #[tokio::test]
    async fn a_store_at_rest_is_looked_at_without_a_trace_and_damage_is_named() {
        let dir = tempfile::tempdir().expect("a directory");
        let empty = onduty_core::snapshot::Snapshot::new(Epoch(7));
        journal(dir.path()).close(&empty, onduty_core::time::Timestamp::default()).expect("closed");
        let before = files(dir.path());
        assert_eq!(vitals(dir.path(), PATIENCE).await.integrity, Integrity::Whole);
        assert_eq!(files(dir.path()), before);

        let file = dir.path().join(FILE_NAME);
        let mut bytes = fs::read(&file).expect("the file");
        bytes[100..].fill(0xa5);
        fs::write(&file, bytes).expect("written");
        let damaged = vitals(dir.path(), PATIENCE).await.integrity;
        assert!(matches!(damaged, Integrity::Damaged(_) | Integrity::Unreadable(_)), "{damaged:?}");
    }
}
