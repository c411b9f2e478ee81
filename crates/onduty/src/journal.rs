//! The store: what was heard and what came of it, on disk before anybody is told. One SQLite file that people can
//! open with `sqlite3` while it runs; one connection that writes, owned by the keeper's thread.
//!
//! A commit appends to `history` and nothing else that grows with the roster: replacing scattered rows costs 4 KiB
//! of writing each, appending costs their length. The rows of `agents` are folded in behind, oldest change first,
//! a bounded number at a time; `meta.folded` says up to which entry, and opening replays the rest.
//!
//! What is durable, exactly:
//!
//! - every statement that was pushed, whatever became of it, and every change of what is held, from whatever
//!   source, before its acknowledgement (`synchronous=FULL`: one sync a commit);
//! - of reads, those that changed something, were rejected or were in conflict. The others would drown a bounded
//!   history in repetitions, and the next sweep says the same again;
//! - marks of evidence ("still so at") behind, with the folded rows. A crash can make them older than they were,
//!   never newer; what they imply for an agent's existence is restored from the listing.
//!
//! The history is bounded by count and by age, and trimmed in small steps, never beyond what was folded.

mod backlog;
pub mod batch;
pub mod error;
mod load;
mod migrate;
mod place;
pub mod record;
#[cfg(test)]
pub(crate) mod strategy;
pub mod vitals;
mod vocabulary;
mod write;

use std::fs::File;
use std::path::{Path, PathBuf};
use std::time::Duration;

use onduty_core::agent::UserId;
use onduty_core::cursor::Epoch;
use onduty_core::roster::Stored;
use onduty_core::snapshot::Snapshot;
use onduty_core::time::Timestamp;
use rusqlite::{Connection, Transaction, TransactionBehavior};

use backlog::Backlog;
use batch::{Batch, Entry};
use error::{JournalError, Trouble};
use write::{Extent, Meta};

/// The name of the file in the data directory.
pub const FILE_NAME: &str = "journal.sqlite";

/// How much is kept.
#[derive(Clone, Debug)]
pub struct Options {
    /// At most so many history entries (somewhat more while some of them wait to be folded).
    pub history_entries: u64,
    /// No history entries older than this, once something is written.
    pub history_retention: Duration,
    /// The file may not grow beyond so many pages of 4 KiB; `None`: as large as the disk.
    pub pages_max: Option<u32>,
}

/// The store, open for writing.
#[derive(Debug)]
pub struct Journal {
    connection: Connection,
    file: PathBuf,
    options: Options,
    /// What `meta` says.
    meta: Meta,
    extent: Extent,
    backlog: Backlog,
    /// Whether folding has begun and goes on until nothing waits.
    behind: bool,
    /// Rows that commits should have folded along but did not yet, in parts of one row.
    owed: u64,
    /// Held for its lock.
    _claim: File,
}

/// Rows that may wait to be folded before an idle moment is used for it. Waiting pays: an agent that changes twice
/// is written once.
const WAITING_MAX: usize = 1_024;
/// Rows folded in one idle step, for which a statement that comes meanwhile has to wait.
const FOLD_STEP: usize = 512;
/// Rows folded in one step at the end, when nobody waits any more.
const CLOSE_STEP: usize = 8_192;
/// History entries that a start may have to replay, which takes about a microsecond or two each.
const REPLAY_MAX: u64 = 200_000;
/// History entries trimmed in one step, besides twice the number appended.
const TRIM_STEP: u64 = 64;

impl Journal {
    /// Opens the store in a data directory, making both if they are not there; a new one belongs to `epoch_if_new`.
    /// Gives back what it holds.
    ///
    /// # Errors
    ///
    /// The directory can't be used, another process has it open, the file is damaged, foreign or of a newer
    /// version, or the disk is full. Nothing is ever deleted.
    pub fn open(dir: &Path, options: Options, epoch_if_new: Epoch) -> Result<(Self, Stored), JournalError> {
        let claim = place::claim(dir)?;
        let file = dir.join(FILE_NAME);
        let connection = place::open(&file, options.pages_max, epoch_if_new)?;
        let loaded = load::load(&connection).map_err(|trouble| trouble.at(&file, "reading it"))?;
        let load::Loaded { stored, meta, extent, backlog } = loaded;
        let (behind, owed) = (false, 0);
        let journal = Self { connection, file, options, meta, extent, backlog, behind, owed, _claim: claim };
        Ok((journal, stored))
    }

    /// Makes a batch durable; `after` is the roster that includes it. On an error nothing of the batch is kept and
    /// the journal can be tried again.
    ///
    /// # Errors
    ///
    /// The disk is full or broken.
    pub fn commit(&mut self, batch: Batch, after: &Snapshot, now: Timestamp) -> Result<(), JournalError> {
        let Batch { entries, vouched } = batch;
        if !entries.is_empty() || self.meta != Meta::of(after, self.meta.folded) {
            let along = self.owed_after(entries.len() as u64);
            let folding = self.backlog.next(along);
            let trim_step = TRIM_STEP + 2 * entries.len() as u64;
            self.write(&entries, &folding, trim_step, after, now)
                .map_err(|trouble| trouble.at(&self.file, "committing"))?;
        }
        vouched.into_iter().for_each(|user_id| self.backlog.vouched(user_id));
        let (changed, evidence) = self.backlog.len();
        self.behind |= changed.max(evidence) > WAITING_MAX;
        Ok(())
    }

    /// Whether so many rows wait to be folded that an idle moment should be used for it.
    pub const fn is_behind(&self) -> bool {
        self.behind
    }

    /// Folds a bounded number of rows.
    ///
    /// # Errors
    ///
    /// The disk is full or broken. Nothing is lost by that.
    pub fn fold_some(&mut self, newest: &Snapshot, now: Timestamp) -> Result<(), JournalError> {
        self.fold(FOLD_STEP, newest, now)
    }

    /// Folds everything, moves the write-ahead log into the file, and closes it.
    ///
    /// # Errors
    ///
    /// The disk is full or broken. What was committed stays so, in the write-ahead log.
    pub fn close(mut self, newest: &Snapshot, now: Timestamp) -> Result<(), JournalError> {
        while self.backlog.len() != (0, 0) {
            self.fold(CLOSE_STEP, newest, now)?;
        }
        let closed = place::checkpoint(&self.connection)
            .and_then(|()| self.connection.close().map_err(|(_, source)| source.into()));
        closed.map_err(|trouble| trouble.at(&self.file, "closing it"))
    }

    /// Bytes on disk, the write-ahead log included.
    pub fn size(&self) -> u64 {
        let bytes = |file: &Path| std::fs::metadata(file).map_or(0, |metadata| metadata.len());
        bytes(&self.file) + bytes(&self.file.with_extension("sqlite-wal"))
    }

    fn fold(&mut self, rows: usize, newest: &Snapshot, now: Timestamp) -> Result<(), JournalError> {
        let folding = self.backlog.next(rows);
        self.write(&[], &folding, TRIM_STEP + 2 * rows as u64, newest, now)
            .map_err(|trouble| trouble.at(&self.file, "folding"))?;
        self.behind = self.backlog.len() != (0, 0);
        Ok(())
    }

    /// How many rows a commit of so many entries folds along. In proportion to those that wait, so that the queue
    /// turns over once in half of what a start may have to replay, however fast the entries come; at most two rows
    /// an entry, which makes any queue shorter.
    fn owed_after(&mut self, entries: u64) -> usize {
        let turn = REPLAY_MAX.min(self.options.history_entries).div_ceil(2).max(1);
        let (changed, _) = self.backlog.len();
        self.owed += entries * changed as u64;
        let rows = (self.owed / turn).min(2 * entries);
        self.owed %= turn;
        usize::try_from(rows).unwrap_or(usize::MAX)
    }

    /// One transaction: appends, folds, trims, notes where everything stands.
    fn write(
        &mut self,
        entries: &[Entry],
        folding: &[UserId],
        trim_step: u64,
        after: &Snapshot,
        now: Timestamp,
    ) -> Result<(), Trouble> {
        let mut extent = self.extent;
        let folded = self.backlog.folded_up_to(folding, extent.last());
        let meta = Meta::of(after, folded);
        let transaction = Transaction::new_unchecked(&self.connection, TransactionBehavior::Immediate)?;
        let first = extent.next;
        write::append(&transaction, &mut extent, entries)?;
        write::fold(&transaction, folding, after)?;
        let trimming = self.trimming(extent, folded, trim_step, now);
        write::trim(&transaction, &mut extent, &trimming)?;
        write::note(&transaction, &self.meta, &meta)?;
        transaction.commit()?;
        (self.extent, self.meta) = (extent, meta);
        self.backlog.folded(folding);
        for (seq, entry) in (first..).zip(entries) {
            if entry.changes_what_is_held() {
                self.backlog.changed(seq, entry.user_id.clone());
            }
        }
        Ok(())
    }

    fn trimming(&self, extent: Extent, folded: u64, step: u64, now: Timestamp) -> write::Trimming {
        write::Trimming {
            before: extent.next.saturating_sub(self.options.history_entries),
            heard_before: now.before(self.options.history_retention),
            at_most_before: (extent.oldest + step).min(folded + 1),
        }
    }
}

#[cfg(test)]
mod tests;
