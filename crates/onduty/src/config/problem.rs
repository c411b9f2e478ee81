//! What is wrong with a configuration. All of it is gathered before anything is reported, so that a person mends a
//! file once and not once per mistake.

use std::fmt;

use super::layers::Origin;
use super::setting::Entry;

/// One thing that is wrong, on one line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Problem {
    /// The file is not TOML.
    Syntax {
        /// Where in the file.
        origin: Origin,
        /// What the parser says.
        message: String,
    },
    /// A key that no section has.
    UnknownKey {
        /// The key as it was written.
        key: String,
        /// Where it was written.
        origin: Origin,
        /// The valid name most like it.
        nearest: Option<String>,
    },
    /// A value that its key does not take.
    BadValue {
        /// The key.
        key: String,
        /// Where the value was written.
        origin: Origin,
        /// The value as shown to people; `***` for a secret.
        shown: String,
        /// What is accepted.
        accepted: String,
        /// What else helps.
        hint: Option<String>,
    },
    /// A key that must be set and is not.
    Missing {
        /// The key.
        key: String,
        /// How to set it.
        remedy: String,
    },
    /// Values that are fine alone and refused together (or refused for now).
    Refused {
        /// The key to change.
        key: String,
        /// Where its value came from.
        origin: Origin,
        /// Why it is refused and what to do.
        message: String,
    },
}

impl Problem {
    /// Whether a key that stands in an unreadable part of the file could explain this problem.
    pub(super) fn may_come_of_syntax(&self) -> bool {
        matches!(self, Self::Missing { .. })
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Syntax { origin, message } => write!(f, "not valid TOML ({origin}): {message}"),
            Self::UnknownKey { key, origin, nearest: Some(nearest) } => {
                write!(f, "{key}: unknown key ({origin}); did you mean {nearest}?")
            }
            Self::UnknownKey { key, origin, nearest: None } => {
                write!(f, "{key}: unknown key ({origin}); `onduty config` lists the valid ones")
            }
            Self::BadValue { key, origin, shown, accepted, hint } => {
                let hint = hint.as_ref().map_or_else(String::new, |hint| format!(" ({hint})"));
                write!(f, "{key}: {shown} is not accepted ({origin}); give {accepted}{hint}")
            }
            Self::Missing { key, remedy } => write!(f, "{key}: missing; {remedy}"),
            Self::Refused { key, origin, message } => write!(f, "{key}: refused ({origin}): {message}"),
        }
    }
}

/// Everything that is wrong with a configuration, with the values that could be read all the same.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{} in the configuration", count(problems.len()))]
pub struct ConfigErrors {
    problems: Vec<Problem>,
    entries: Vec<Entry>,
}

impl ConfigErrors {
    pub(super) fn new(problems: Vec<Problem>, entries: Vec<Entry>) -> Self {
        Self { problems, entries }
    }

    /// The problems: syntax first, then section by section. Never empty.
    #[must_use]
    pub fn problems(&self) -> &[Problem] {
        &self.problems
    }

    /// The effective values as far as they could be read, redacted.
    #[must_use]
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }
}

fn count(problems: usize) -> String {
    if problems == 1 { "1 problem".to_owned() } else { format!("{problems} problems") }
}
