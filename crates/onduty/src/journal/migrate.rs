//! The schema, as numbered steps from nothing. A file's `user_version` is the number of steps it has been through.
//!
//! A step is never changed once released; `crates/onduty/tests/journal_samples` keeps a file of every version,
//! and each must still open. All missing steps are taken in one transaction, so a file is of one version or
//! another and never between.

use rusqlite::Connection;

use super::error::Trouble;

/// Marks a file as ours ("onDy").
pub(super) const APPLICATION_ID: i32 = 0x6f6e_4479;

const STEPS: [&str; 3] = [
    "
    CREATE TABLE meta (
        key   TEXT PRIMARY KEY,
        value TEXT NOT NULL
    ) STRICT, WITHOUT ROWID;

    -- Each agent as of meta.folded; what came after is in history.
    CREATE TABLE agents (
        user_id    TEXT PRIMARY KEY,
        revision   INTEGER NOT NULL,
        present    INTEGER NOT NULL,
        changed_at INTEGER NOT NULL, -- ms since 1970, by our clock
        changed_by TEXT NOT NULL,
        row        BLOB NOT NULL
    ) STRICT, WITHOUT ROWID;

    -- What was heard, in the order in which it was taken in.
    CREATE TABLE history (
        seq       INTEGER PRIMARY KEY,
        user_id   TEXT NOT NULL,
        revision  INTEGER, -- only of a change that readers see
        heard_at  INTEGER NOT NULL, -- ms since 1970, by our clock
        as_of     INTEGER, -- ms since 1970, by the platform's clock
        source    TEXT NOT NULL,
        event_id  TEXT,
        outcome   TEXT NOT NULL,
        statement BLOB,
        row       BLOB -- the agent after it, where it made a difference
    ) STRICT;

    CREATE UNIQUE INDEX history_by_revision ON history (revision) WHERE revision IS NOT NULL;
",
    // By agent, in stretches of 4,096 entries: an index over everything would write a page of 4 KiB for each entry
    // appended, somewhere in the file (measured: ten times the bytes at 256 entries a commit; so, half as many again).
    // A reader asks each stretch in turn, newest first.
    "
    ALTER TABLE history ADD COLUMN rulings TEXT; -- facet=ruling …; NULL where no facet was said, or by version 1

    CREATE INDEX history_by_agent ON history (seq >> 12, user_id);
",
    // The rows of agents carry labels from here on; a program of version 2 would drop them.
    "
    -- What the organisation calls its presences, as of meta.definitions_read_at.
    CREATE TABLE definitions (
        id              TEXT PRIMARY KEY,
        name            TEXT,
        kind            TEXT, -- System or User
        system_presence TEXT,
        division_id     TEXT, -- NULL: every division
        deactivated     INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE definition_labels (
        definition_id TEXT NOT NULL,
        locale        TEXT NOT NULL,
        label         TEXT NOT NULL,
        PRIMARY KEY (definition_id, locale)
    ) STRICT, WITHOUT ROWID;
",
];

/// The version that this program writes.
pub(super) const NEWEST: u32 = STEPS.len() as u32;

/// What a file is, before anything is done to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// Nothing in it yet.
    Empty,
    /// A journal of this version.
    Version(u32),
    /// Somebody else's database.
    Foreign,
}

pub(super) fn inspect(connection: &Connection) -> Result<Found, Trouble> {
    let application_id: i32 = connection.pragma_query_value(None, "application_id", |row| row.get(0))?;
    let version: u32 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    let tables: i64 = connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    Ok(match (application_id, version, tables) {
        (0, 0, 0) => Found::Empty,
        (APPLICATION_ID, version @ 1.., _) => Found::Version(version),
        _ => Found::Foreign,
    })
}

/// Takes the steps that are missing. The caller holds the transaction.
pub(super) fn migrate(connection: &Connection, from: u32) -> Result<(), Trouble> {
    for step in STEPS.iter().skip(from as usize) {
        connection.execute_batch(step)?;
    }
    connection.pragma_update(None, "application_id", APPLICATION_ID)?;
    connection.pragma_update(None, "user_version", NEWEST)?;
    Ok(())
}
