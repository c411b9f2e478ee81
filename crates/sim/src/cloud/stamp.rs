//! Instants of the platform's clock.

use std::fmt;

use jiff::Timestamp;

/// An instant, in milliseconds since 1970. Written as ISO 8601 UTC with three fractional digits and `Z`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Stamp(i64);

impl Stamp {
    /// The instant this many milliseconds after 1970.
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis)
    }

    /// Milliseconds since 1970.
    pub fn as_millis(self) -> i64 {
        self.0
    }

    /// This instant moved by some milliseconds, either way.
    #[must_use]
    pub fn plus_millis(self, millis: i64) -> Self {
        Self(self.0.saturating_add(millis))
    }

    /// Milliseconds from an earlier instant to this one; negative when `earlier` is later.
    pub fn millis_since(self, earlier: Self) -> i64 {
        self.0.saturating_sub(earlier.0)
    }
}

impl fmt::Display for Stamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let instant = Timestamp::from_millisecond(self.0).unwrap_or(Timestamp::UNIX_EPOCH);
        write!(f, "{instant:.3}")
    }
}

impl serde::Serialize for Stamp {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instant_is_written_with_milliseconds_and_z() {
        assert_eq!(Stamp::from_millis(0).to_string(), "1970-01-01T00:00:00.000Z");
        assert_eq!(Stamp::from_millis(1_772_442_850_900).to_string(), "2026-03-02T09:14:10.900Z");
        assert_eq!(Stamp::from_millis(-1).to_string(), "1969-12-31T23:59:59.999Z");
    }
}
