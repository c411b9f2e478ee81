//! A place in the history of one store: the same string resumes gRPC, SSE and GraphQL.

use std::fmt;
use std::str::FromStr;

/// One sequence per store, strictly increasing, surviving restarts. 0 is before the first change.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Revision(pub u64);

impl Revision {
    /// The one after this.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0 + 1)
    }
}

impl fmt::Display for Revision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Names one unbroken history. A new one begins when continuity can't be promised.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Epoch(pub u64);

/// An opaque place in the history.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Cursor {
    /// Which history.
    pub epoch: Epoch,
    /// Everything up to and including this revision has been seen.
    pub revision: Revision,
}

/// The text is not a cursor of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a cursor: pass back one that onduty gave out, unchanged, or none to begin with a snapshot")]
pub struct CursorError;

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "c1-{:016x}-{:x}", self.epoch.0, self.revision.0)
    }
}

impl FromStr for Cursor {
    type Err = CursorError;

    fn from_str(text: &str) -> Result<Self, CursorError> {
        let (epoch, revision) =
            text.strip_prefix("c1-").and_then(|t| t.split_once('-')).ok_or(CursorError)?;
        let hex = |digits: &str| match digits.len() {
            1..=16 if !digits.starts_with('+') => u64::from_str_radix(digits, 16).map_err(|_| CursorError),
            _ => Err(CursorError),
        };
        Ok(Self { epoch: Epoch(hex(epoch)?), revision: Revision(hex(revision)?) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_survives_its_text() {
        for (epoch, revision) in [(0, 0), (u64::MAX, u64::MAX), (0xfeed, 7)] {
            let cursor = Cursor { epoch: Epoch(epoch), revision: Revision(revision) };
            assert_eq!(cursor.to_string().parse(), Ok(cursor));
        }
    }

    #[test]
    fn anything_else_is_refused() {
        for text in
            ["", "c1-", "c1-1", "c1--1", "c1-+1-1", "c1-1-zz", "c2-1-1", "c1-11111111111111111-1", "c1-1-1-1"]
        {
            assert_eq!(text.parse::<Cursor>(), Err(CursorError), "{text}");
        }
    }
}
