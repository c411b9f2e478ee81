//! Why the journal could not be opened, written or read, and what to do about it.

use std::io;
use std::path::PathBuf;

use rusqlite::ErrorCode;

use super::record::RecordError;

/// Why the journal could not do it.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// The folder can't be made or used.
    #[error("the data directory {} can't be used: check the path and its permissions", dir.display())]
    Directory {
        /// Which.
        dir: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Somebody else is at work there.
    #[error(
        "another onduty has the data directory {} open: stop it, or give this one a directory of its own",
        dir.display()
    )]
    InUse {
        /// Which.
        dir: PathBuf,
    },
    /// Not a file of ours.
    #[error("{} is not a journal of onduty: move it away, or choose another data directory", file.display())]
    Foreign {
        /// Which.
        file: PathBuf,
    },
    /// A newer version wrote it.
    #[error(
        "{} has schema version {found}, this onduty reads up to {known}: use the newer onduty that wrote it, \
         or another data directory",
        file.display()
    )]
    Newer {
        /// Which.
        file: PathBuf,
        /// Its version.
        found: u32,
        /// The newest version known here.
        known: u32,
    },
    /// The file is damaged.
    #[error(
        "{} is damaged while {doing} ({detail}): restore it from a backup, or move it away together with its \
         -wal and -shm files to begin anew from the platform; onduty never deletes it",
        file.display()
    )]
    Corrupt {
        /// Which.
        file: PathBuf,
        /// What was being done.
        doing: &'static str,
        /// What is wrong with it.
        detail: String,
    },
    /// No room.
    #[error("no room left while {doing} in {}: free some space; work goes on by itself once there is", file.display())]
    Full {
        /// The journal.
        file: PathBuf,
        /// What was being done.
        doing: &'static str,
        /// What the database said.
        source: rusqlite::Error,
    },
    /// Anything else that the database refuses.
    #[error("the journal {} failed while {doing}", file.display())]
    Database {
        /// The journal.
        file: PathBuf,
        /// What was being done.
        doing: &'static str,
        /// What the database said.
        source: rusqlite::Error,
    },
}

/// Why a piece of work inside the journal failed, before it is known which file and what was being done.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Trouble {
    #[error(transparent)]
    Database(#[from] rusqlite::Error),
    #[error(transparent)]
    Record(#[from] RecordError),
    #[error("the value of {0} makes no sense")]
    Meta(&'static str),
}

impl Trouble {
    /// Says which file it was and what was being done.
    pub(crate) fn at(self, file: impl Into<PathBuf>, doing: &'static str) -> JournalError {
        let file = file.into();
        let source = match self {
            Self::Database(source) => source,
            Self::Record(_) | Self::Meta(_) => {
                return JournalError::Corrupt { file, doing, detail: self.to_string() };
            }
        };
        match source.sqlite_error_code() {
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
                JournalError::Corrupt { file, doing, detail: source.to_string() }
            }
            Some(ErrorCode::DiskFull) => JournalError::Full { file, doing, source },
            _ => JournalError::Database { file, doing, source },
        }
    }
}
