//! Text that must never be seen: a client secret, a signing key, a bearer. A type of its own, so that printing a
//! configuration cannot leak one and comparing one cannot be timed.

use std::fmt;

use subtle::ConstantTimeEq as _;

/// What stands in the place of a secret wherever one is shown.
pub const REDACTED: &str = "***";

/// A secret. `Debug` and `Display` show `***`; equality takes the same time wherever the texts differ (only their
/// length can be told).
#[derive(Clone)]
pub struct Secret(String);

impl Secret {
    /// Wraps `text`.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The secret itself, for the one place that sends or checks it. Never for a log, an error or a URL.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Compares with bytes that a stranger sent, in constant time for a given length.
    #[must_use]
    pub fn matches(&self, offered: &[u8]) -> bool {
        self.0.as_bytes().ct_eq(offered).into()
    }
}

impl PartialEq for Secret {
    fn eq(&self, other: &Self) -> bool {
        self.matches(other.0.as_bytes())
    }
}

impl Eq for Secret {}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(REDACTED)
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(REDACTED)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_never_shown() {
        let secret = Secret::new("hunter2");
        assert_eq!(format!("{secret} {secret:?} {:#?}", Some(&secret)), "*** *** Some(\n    ***,\n)");
    }

    #[test]
    fn a_secret_matches_only_itself() {
        let secret = Secret::new("hunter2");
        for (offered, expected) in [("hunter2", true), ("hunter3", false), ("hunter", false), ("", false)] {
            assert_eq!(secret.matches(offered.as_bytes()), expected, "{offered}");
            assert_eq!(secret == Secret::new(offered), expected, "{offered}");
        }
    }
}
