//! Section `log`: how much is logged and in what form.

use super::input::Input;
use super::kind::Choice;
use super::setting::{Key, Setting};

/// The form of a log line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

/// The least weighty line that is still logged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum LogLevel {
    /// Only what failed.
    Error,
    /// And what may soon fail.
    Warn,
    /// And what happened.
    Info,
    /// And why.
    Debug,
    /// And every step.
    Trace,
}

/// Section `log`, checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogConfig {
    /// The form of a line.
    pub format: LogFormat,
    /// The least weighty line.
    pub level: LogLevel,
}

const FORMAT: Setting<Choice<LogFormat>> = Setting {
    name: "log.format",
    kind: Choice { words: &[("text", LogFormat::Text), ("json", LogFormat::Json)] },
    default: || LogFormat::Text,
    doc: "The form of a log line.",
};

const LEVEL: Setting<Choice<LogLevel>> = Setting {
    name: "log.level",
    kind: Choice {
        words: &[
            ("error", LogLevel::Error),
            ("warn", LogLevel::Warn),
            ("info", LogLevel::Info),
            ("debug", LogLevel::Debug),
            ("trace", LogLevel::Trace),
        ],
    },
    default: || LogLevel::Info,
    doc: "The least weighty line that is still logged.",
};

pub(super) fn keys() -> Vec<Key> {
    vec![FORMAT.key(), LEVEL.key()]
}

pub(super) fn read(input: &mut Input) -> LogConfig {
    LogConfig { format: input.value(&FORMAT), level: input.value(&LEVEL) }
}
