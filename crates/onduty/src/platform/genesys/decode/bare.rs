//! Only the `eventBody` of an activity notification, as a data action's template may send it.

use onduty_core::agent::UserId;

use super::member::{Object, id};
use super::{Arrival, Heard, Malformed, facets};

/// Whether an object looks like a bare body.
pub(super) fn looks_like(members: Object<'_>) -> bool {
    facets::has_any(members)
}

/// One body.
pub(super) fn read(members: Object<'_>, arrival: Arrival) -> Result<Heard, Malformed> {
    let Some(user_id) = members.optional("id", id)? else {
        return Err(Malformed::at(
            "id",
            "missing: a body without its envelope must name the user; send `topicName` and `eventBody`, or add the id",
        ));
    };
    let (statement, ignored) = facets::activity(members)?;
    let mut heard = Heard::from(arrival.observation(UserId::from(&*user_id), statement));
    heard.ignored.extend(ignored);
    Ok(heard)
}
