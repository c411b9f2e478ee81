//! CloudEvents 1.0 around any of the other bodies: structured (attributes beside `data`), binary (attributes in
//! headers, the body is the data) and batched (an array of structured ones).

use std::sync::Arc;

use onduty_core::time::Timestamp;
use serde_json::Value;

use super::member::{Object, id, instant, object, parse_instant, word};
use super::{Arrival, Heard, Malformed, UnknownEvent, flat, topic, webhook};

/// The version of the specification that is read.
const VERSION: &str = "1.0";

/// The attributes of a binary event, as its `ce-` headers carry them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attributes {
    /// `ce-specversion`.
    pub specversion: String,
    /// `ce-id`.
    pub id: Option<String>,
    /// `ce-type`.
    pub kind: Option<String>,
    /// `ce-time`.
    pub time: Option<String>,
}

/// Whether an object looks like a structured event.
pub(super) fn looks_like(members: Object<'_>) -> bool {
    members.has("specversion")
}

/// One structured event.
pub(super) fn read(members: Object<'_>, arrival: Arrival) -> Result<Heard, Malformed> {
    members.required("specversion", |value| check_version(word(value)?))?;
    let event_id = members.required("id", id)?;
    let kind = members.required("type", word)?;
    let made_at = members.optional("time", instant)?;
    if !knows(kind) {
        return Ok(UnknownEvent { kind: kind.to_owned(), event_id: Some(event_id) }.into());
    }
    let heard = members.required("data", |data| webhook::read_inner(object(data)?, arrival))?;
    Ok(heard.in_event(&event_id, made_at))
}

/// One binary event, whose body is `data`.
pub(super) fn read_binary(
    attributes: &Attributes,
    data: &Value,
    arrival: Arrival,
) -> Result<Heard, Malformed> {
    check_version(&attributes.specversion).map_err(|error| error.under("ce-specversion"))?;
    let missing = |header| move || Malformed::at(header, "missing");
    let event_id = attributes.id.as_deref().ok_or_else(missing("ce-id"))?;
    let event_id: Arc<str> = id(&Value::String(event_id.to_owned())).map_err(|error| error.under("ce-id"))?;
    let kind = attributes.kind.as_deref().ok_or_else(missing("ce-type"))?;
    let made_at = attributes.time.as_deref().map(read_time).transpose()?;
    if !knows(kind) {
        return Ok(UnknownEvent { kind: kind.to_owned(), event_id: Some(event_id) }.into());
    }
    Ok(webhook::read_inner(object(data)?, arrival)?.in_event(&event_id, made_at))
}

fn read_time(text: &str) -> Result<Timestamp, Malformed> {
    parse_instant(text).ok_or_else(|| Malformed::at("ce-time", "not an ISO-8601 instant"))
}

fn check_version(version: &str) -> Result<(), Malformed> {
    if version == VERSION {
        return Ok(());
    }
    Err(Malformed::here(format!("only version {VERSION} of CloudEvents is read")))
}

fn knows(kind: &str) -> bool {
    flat::knows(kind) || topic::knows(kind)
}
