//! The kinds of value a setting takes: how each is read from text (flag, environment) and from TOML, shown, described
//! to people and to a schema. A kind refuses; it never guesses.

use std::fmt::Debug;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use serde_json::json;

use super::layers::Raw;
use super::listen::Listen;

/// How one kind of value is read and shown.
pub(super) trait Kind {
    /// What reading gives.
    type Value: Clone + Debug;
    /// Reads a value; `None` when it is not one of those accepted.
    fn read(&self, raw: &Raw) -> Option<Self::Value>;
    /// What is accepted, as it would follow "give".
    fn accepts(&self) -> String;
    /// The JSON schema of the value in a file.
    fn schema(&self) -> serde_json::Value;
    /// The value as it would be written.
    fn show(&self, value: &Self::Value) -> String;
    /// What else helps somebody who wrote this refused value.
    fn hint(&self, _refused: &Raw) -> Option<String> {
        None
    }
}

/// A kind whose values are hidden and may stand in a file of their own.
pub(super) trait SecretKind: Kind {
    /// Turns the text of such a file into the form that `read` takes.
    fn parse_file(&self, text: &str) -> Raw;
    /// One line about the file.
    fn file_doc(&self) -> &'static str;
}

/// `true` or `false`.
pub(super) struct Switch;

impl Kind for Switch {
    type Value = bool;

    fn read(&self, raw: &Raw) -> Option<bool> {
        match raw {
            Raw::Bool(value) => Some(*value),
            Raw::Words(text) => text.parse().ok(),
            Raw::Text(_) | Raw::Integer(_) | Raw::List(_) | Raw::Table(_) | Raw::Other(_) => None,
        }
    }

    fn accepts(&self) -> String {
        "true or false".to_owned()
    }

    fn schema(&self) -> serde_json::Value {
        json!({"type": "boolean"})
    }

    fn show(&self, value: &bool) -> String {
        value.to_string()
    }
}

/// A whole number inside bounds.
pub(super) struct Count {
    /// The least accepted.
    pub(super) min: u64,
    /// The greatest accepted.
    pub(super) max: u64,
}

impl Kind for Count {
    type Value = u64;

    fn read(&self, raw: &Raw) -> Option<u64> {
        let number = match raw {
            Raw::Integer(value) => u64::try_from(*value).ok()?,
            Raw::Words(text) => text.replace('_', "").parse().ok()?,
            Raw::Text(_) | Raw::Bool(_) | Raw::List(_) | Raw::Table(_) | Raw::Other(_) => return None,
        };
        (self.min..=self.max).contains(&number).then_some(number)
    }

    fn accepts(&self) -> String {
        format!("a whole number from {} to {}", self.min, self.max)
    }

    fn schema(&self) -> serde_json::Value {
        json!({"type": "integer", "minimum": self.min, "maximum": self.max})
    }

    fn show(&self, value: &u64) -> String {
        value.to_string()
    }
}

/// A length of time inside bounds: a whole number and one of `ms`, `s`, `m`, `h`, `d`.
pub(super) struct Span {
    /// The least accepted.
    pub(super) min: Duration,
    /// The greatest accepted.
    pub(super) max: Duration,
}

impl Kind for Span {
    type Value = Duration;

    fn read(&self, raw: &Raw) -> Option<Duration> {
        let span = parse_duration(raw.as_text()?)?;
        (self.min..=self.max).contains(&span).then_some(span)
    }

    fn accepts(&self) -> String {
        format!(
            "a duration from {} to {}, such as 250ms, 30s, 5m, 1h or 7d",
            show_duration(self.min),
            show_duration(self.max)
        )
    }

    fn schema(&self) -> serde_json::Value {
        json!({"type": "string", "pattern": "^[0-9]+(ms|s|m|h|d)$"})
    }

    fn show(&self, value: &Duration) -> String {
        show_duration(*value)
    }
}

const UNITS: [(&str, u64); 5] = [("ms", 1), ("s", 1_000), ("m", 60_000), ("h", 3_600_000), ("d", 86_400_000)];

/// Reads `30s`, `5m`, `250ms`, `1h`, `7d`; `None` for anything else.
#[must_use]
pub fn parse_duration(text: &str) -> Option<Duration> {
    let digits = text.find(|c: char| !c.is_ascii_digit())?;
    let (number, unit) = text.split_at(digits);
    let unit_ms = UNITS.iter().find(|(name, _)| *name == unit)?.1;
    Some(Duration::from_millis(number.parse::<u64>().ok()?.checked_mul(unit_ms)?))
}

/// Writes a duration in the largest unit that loses nothing; below a millisecond is cut off.
#[must_use]
pub fn show_duration(span: Duration) -> String {
    let span_ms = u64::try_from(span.as_millis()).unwrap_or(u64::MAX);
    let (unit, unit_ms) =
        UNITS.iter().rev().find(|(_, ms)| span_ms > 0 && span_ms.is_multiple_of(*ms)).unwrap_or(&UNITS[1]);
    format!("{}{unit}", span_ms / unit_ms)
}

/// One of a closed list of words.
pub(super) struct Choice<T: 'static> {
    /// The words and what they mean.
    pub(super) words: &'static [(&'static str, T)],
}

impl<T: Copy + PartialEq + Debug> Kind for Choice<T> {
    type Value = T;

    fn read(&self, raw: &Raw) -> Option<T> {
        let text = raw.as_text()?;
        self.words.iter().find(|(word, _)| *word == text).map(|(_, value)| *value)
    }

    fn accepts(&self) -> String {
        let words: Vec<&str> = self.words.iter().map(|(word, _)| *word).collect();
        match words.as_slice() {
            [only] => (*only).to_owned(),
            [first @ .., last] => format!("{} or {last}", first.join(", ")),
            [] => "nothing".to_owned(),
        }
    }

    fn schema(&self) -> serde_json::Value {
        let words: Vec<&str> = self.words.iter().map(|(word, _)| *word).collect();
        json!({"enum": words})
    }

    fn show(&self, value: &T) -> String {
        self.words
            .iter()
            .find(|(_, each)| each == value)
            .map_or_else(String::new, |(word, _)| (*word).to_owned())
    }
}

/// A line of text that is not blank.
pub(super) struct Line;

impl Kind for Line {
    type Value = String;

    fn read(&self, raw: &Raw) -> Option<String> {
        raw.as_text().filter(|text| is_line(text)).map(ToOwned::to_owned)
    }

    fn accepts(&self) -> String {
        "a line of text without blanks at either end".to_owned()
    }

    fn schema(&self) -> serde_json::Value {
        json!({"type": "string", "minLength": 1})
    }

    fn show(&self, value: &String) -> String {
        value.clone()
    }
}

pub(super) fn is_line(text: &str) -> bool {
    !text.is_empty() && text.trim() == text && !text.contains(char::is_control)
}

/// A folder.
pub(super) struct Folder;

impl Kind for Folder {
    type Value = PathBuf;

    fn read(&self, raw: &Raw) -> Option<PathBuf> {
        raw.as_text().filter(|text| !text.is_empty() && !text.contains('\0')).map(PathBuf::from)
    }

    fn accepts(&self) -> String {
        "the path of a folder".to_owned()
    }

    fn schema(&self) -> serde_json::Value {
        json!({"type": "string", "minLength": 1})
    }

    fn show(&self, value: &PathBuf) -> String {
        value.display().to_string()
    }
}

/// Where to listen, TCP or a unix socket.
pub(super) struct ListenAddress;

impl Kind for ListenAddress {
    type Value = Listen;

    fn read(&self, raw: &Raw) -> Option<Listen> {
        Listen::parse(raw.as_text()?)
    }

    fn accepts(&self) -> String {
        "an address such as 127.0.0.1:7400, [::1]:7400 or unix:/run/onduty/api.sock".to_owned()
    }

    fn schema(&self) -> serde_json::Value {
        json!({"type": "string"})
    }

    fn show(&self, value: &Listen) -> String {
        value.to_string()
    }
}

/// Where to listen, TCP only.
pub(super) struct TcpAddress;

impl Kind for TcpAddress {
    type Value = SocketAddr;

    fn read(&self, raw: &Raw) -> Option<SocketAddr> {
        raw.as_text()?.parse().ok()
    }

    fn accepts(&self) -> String {
        "an address such as 127.0.0.1:7401 or [::1]:7401".to_owned()
    }

    fn schema(&self) -> serde_json::Value {
        json!({"type": "string"})
    }

    fn show(&self, value: &SocketAddr) -> String {
        value.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_a_number_and_a_unit_and_nothing_else() {
        let table = [
            ("30s", Some(30_000)),
            ("5m", Some(300_000)),
            ("250ms", Some(250)),
            ("1h", Some(3_600_000)),
            ("7d", Some(604_800_000)),
            ("0s", Some(0)),
            ("30", None),
            ("s", None),
            ("", None),
            ("1.5s", None),
            ("-1s", None),
            ("1 s", None),
            ("1S", None),
            ("1m30s", None),
            ("99999999999999999999s", None),
            ("18446744073709551615d", None),
        ];
        for (text, expected_ms) in table {
            assert_eq!(parse_duration(text), expected_ms.map(Duration::from_millis), "{text}");
        }
    }

    #[test]
    fn durations_are_written_as_they_are_read() {
        for text in ["250ms", "1s", "90s", "1m", "1h", "7d", "0s"] {
            assert_eq!(parse_duration(text).map(show_duration).as_deref(), Some(text));
        }
    }
}
