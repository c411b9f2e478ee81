//! What is posted to the ingress: one event or an array of them, told apart by shape, because each customer's
//! sender wraps them differently.

use serde_json::Value;

use super::cloudevents::{self, Attributes};
use super::limits::{EVENTS_MAX, parse};
use super::member::{Object, elements, object};
use super::{Arrival, Heard, Malformed, bare, eventbridge, flat, notification};

/// Everything that a posted body says. An array is taken whole or not at all.
///
/// # Errors
///
/// When the body, or any event in it, is malformed.
pub fn webhook(body: &[u8], attributes: Option<&Attributes>, arrival: Arrival) -> Result<Heard, Malformed> {
    let body = parse(body)?;
    if let Some(attributes) = attributes {
        return cloudevents::read_binary(attributes, &body, arrival);
    }
    if !body.is_array() {
        return read(&body, arrival);
    }
    let mut heard = Heard::default();
    for event in elements(&body, EVENTS_MAX, |value| read(value, arrival))? {
        heard.extend(event);
    }
    Ok(heard)
}

fn read(value: &Value, arrival: Arrival) -> Result<Heard, Malformed> {
    let members = object(value)?;
    if cloudevents::looks_like(members) {
        return cloudevents::read(members, arrival);
    }
    read_inner(members, arrival)
}

/// One event that is not a CloudEvent.
pub(super) fn read_inner(members: Object<'_>, arrival: Arrival) -> Result<Heard, Malformed> {
    if eventbridge::looks_like(members) {
        eventbridge::read(members, arrival)
    } else if notification::looks_like(members) {
        notification::read(members, arrival)
    } else if flat::looks_like(members) {
        flat::read(members, arrival)
    } else if bare::looks_like(members) {
        bare::read(members, arrival)
    } else {
        Err(Malformed::here(
            "no event of a known shape: expected a flat agent event, a notification, an EventBridge event, \
             a CloudEvent, or an activity body with a facet",
        ))
    }
}
