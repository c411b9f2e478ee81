//! Amazon's envelope around a notification. At least once and up to days late; `id` recognises a repetition.

use super::member::{Object, id, instant, object, word};
use super::{Arrival, Heard, Malformed, notification};

/// Whether an object looks like an event of Amazon EventBridge.
pub(super) fn looks_like(members: Object<'_>) -> bool {
    members.has("detail-type")
}

/// One event.
pub(super) fn read(members: Object<'_>, arrival: Arrival) -> Result<Heard, Malformed> {
    let event_id = members.required("id", id)?;
    let template = members.required("detail-type", word)?;
    let published_at = members.optional("time", instant)?;
    let (mut heard, published_at) = members.required("detail", |detail| {
        let detail = object(detail)?;
        // To the millisecond; the envelope's own `time` has only seconds.
        let exactly = detail.optional("timestamp", instant)?;
        Ok((notification::read(detail, arrival)?, exactly.or(published_at)))
    })?;
    for unknown in &mut heard.unknown {
        template.clone_into(&mut unknown.kind);
    }
    Ok(heard.in_event(&event_id, published_at))
}
