//! Reading one member at a time. Every reader here says what it wanted; the object or array around it says where.

use std::collections::BTreeMap;
use std::str::FromStr;
use std::sync::Arc;

use onduty_core::answer::looks_like_an_id;
use onduty_core::time::Timestamp;
use serde_json::{Map, Value};

use super::Malformed;
use super::limits::{ID_LENGTH_MAX, TEXT_LENGTH_MAX, WORD_LENGTH_MAX};

/// The members of an object.
#[derive(Clone, Copy)]
pub(super) struct Object<'a>(&'a Map<String, Value>);

impl<'a> Object<'a> {
    /// Whether it has a member of that name that is not `null`.
    pub(super) fn has(self, name: &str) -> bool {
        self.get(name).is_some()
    }

    /// A member that may be missing. `null` is the same as missing.
    pub(super) fn optional<T>(
        self,
        name: &str,
        read: impl FnOnce(&'a Value) -> Result<T, Malformed>,
    ) -> Result<Option<T>, Malformed> {
        self.get(name).map(read).transpose().map_err(|error| error.under(name))
    }

    /// A member that must be there.
    pub(super) fn required<T>(
        self,
        name: &str,
        read: impl FnOnce(&'a Value) -> Result<T, Malformed>,
    ) -> Result<T, Malformed> {
        self.optional(name, read)?.ok_or_else(|| Malformed::at(name, "missing"))
    }

    /// Every member that is not `null`, by name, where any name will do: at most `max`, with names of at most
    /// `name_max` bytes, each read by the same reader.
    pub(super) fn each<T: Into<Arc<str>>>(
        self,
        max: usize,
        name_max: usize,
        read: impl Fn(&'a Value) -> Result<T, Malformed>,
    ) -> Result<BTreeMap<Arc<str>, Arc<str>>, Malformed> {
        if self.0.len() > max {
            return Err(Malformed::here(format!("more than {max} members")));
        }
        if self.0.keys().any(|name| name.len() > name_max) {
            return Err(Malformed::here(format!("a name longer than {name_max} bytes")));
        }
        let members = self.0.iter().filter(|(_, value)| !value.is_null());
        let read = |(name, value)| read(value).map_err(|error| error.under(name));
        members.map(|(name, value)| Ok((name.as_str().into(), read((name, value))?.into()))).collect()
    }

    fn get(self, name: &str) -> Option<&'a Value> {
        self.0.get(name).filter(|value| !value.is_null())
    }
}

/// What was read, or nothing and one more that can't be: of one among many who are told of, that is no news.
pub(super) fn readable<T>(read: Result<Option<T>, Malformed>, unreadable: &mut usize) -> Option<T> {
    *unreadable += usize::from(read.is_err());
    read.ok().flatten()
}

/// An object.
pub(super) fn object(value: &Value) -> Result<Object<'_>, Malformed> {
    value.as_object().map(Object).ok_or_else(|| wanted("an object", value))
}

/// The elements of an array, at most `max`, each read by the same reader.
pub(super) fn elements<'a, T>(
    value: &'a Value,
    max: usize,
    read: impl Fn(&'a Value) -> Result<T, Malformed>,
) -> Result<Vec<T>, Malformed> {
    let elements = value.as_array().ok_or_else(|| wanted("an array", value))?;
    if elements.len() > max {
        return Err(Malformed::here(format!("more than {max} elements")));
    }
    let read_at = |(index, element)| read(element).map_err(|error| error.under_index(index));
    elements.iter().enumerate().map(read_at).collect()
}

/// The id of something. Letters of a UUID mean the same in either case; the platform writes them small.
pub(super) fn id(value: &Value) -> Result<Arc<str>, Malformed> {
    let text = text_up_to(value, ID_LENGTH_MAX)?;
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(Malformed::here("not an id"));
    }
    Ok(if looks_like_an_id(text) { text.to_ascii_lowercase().into() } else { text.into() })
}

/// A word from a short list of known values, or one that is not known yet.
pub(super) fn word(value: &Value) -> Result<&str, Malformed> {
    text_up_to(value, WORD_LENGTH_MAX)
}

/// Free text that a person wrote.
pub(super) fn text(value: &Value) -> Result<&str, Malformed> {
    text_up_to(value, TEXT_LENGTH_MAX)
}

/// An instant as the platform writes it in REST and in its user topics: ISO-8601, any precision, any offset.
pub(super) fn instant(value: &Value) -> Result<Timestamp, Malformed> {
    parse_instant(word(value)?).ok_or_else(|| Malformed::here("not an ISO-8601 instant"))
}

/// An instant in ISO-8601 that is not before 1970.
pub(super) fn parse_instant(text: &str) -> Option<Timestamp> {
    let millis = jiff::Timestamp::from_str(text).ok()?.as_millisecond();
    (millis >= 0).then(|| Timestamp::from_millis(millis))
}

/// A whole number that is not negative.
pub(super) fn count(value: &Value) -> Result<u64, Malformed> {
    value.as_u64().ok_or_else(|| wanted("a whole number", value))
}

/// True or false.
pub(super) fn truth(value: &Value) -> Result<bool, Malformed> {
    value.as_bool().ok_or_else(|| wanted("true or false", value))
}

fn text_up_to(value: &Value, max: usize) -> Result<&str, Malformed> {
    let text = value.as_str().ok_or_else(|| wanted("text", value))?;
    if text.len() > max {
        return Err(Malformed::here(format!("longer than {max} bytes")));
    }
    Ok(text)
}

fn wanted(wanted: &str, found: &Value) -> Malformed {
    let found = match found {
        Value::Null => "null",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "text",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    };
    Malformed::here(format!("{found} where {wanted} belongs"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_error_names_the_member_by_its_path() {
        let body = json!({"entities": [{"at": "2026-03-02T09:14:07Z"}, {"at": "soon"}, {"at": 5}]});
        let read = |value| object(value)?.required("at", instant);
        let error = object(&body).unwrap().required("entities", |v| elements(v, 9, read)).unwrap_err();
        assert_eq!(error.to_string(), "entities[1].at: not an ISO-8601 instant");
    }

    #[test]
    fn instants_are_read_in_every_precision_and_offset_and_nothing_else_is() {
        let table = [
            ("2026-03-02T09:14:07.381Z", Some(1_772_442_847_381)),
            ("2026-03-02T09:14:07Z", Some(1_772_442_847_000)),
            ("2026-03-02T09:14:07.381999Z", Some(1_772_442_847_381)),
            ("2026-03-02T10:14:07+01:00", Some(1_772_442_847_000)),
            ("1970-01-01T00:00:00.000Z", Some(0)),
            ("1969-12-31T23:59:59.999Z", None),
            ("2026-03-02T09:14:07", None),
            ("2026-03-02", None),
            ("2026-13-02T09:14:07Z", None),
            ("1772442847381", None),
            ("", None),
        ];
        for (text, expected) in table {
            assert_eq!(parse_instant(text).map(Timestamp::as_millis), expected, "{text}");
        }
    }

    #[test]
    fn an_id_is_short_and_printable_and_a_uuid_is_written_small() {
        let upper = json!("4A2F0F6E-0D0B-4B3E-9B0E-6F2F5A0C1D11");
        assert_eq!(&*id(&upper).unwrap(), "4a2f0f6e-0d0b-4b3e-9b0e-6f2f5a0c1d11");
        for refused in [json!(""), json!("a b"), json!("a\u{0}"), json!("x".repeat(129)), json!(7)] {
            assert!(id(&refused).is_err(), "{refused}");
        }
    }
}
