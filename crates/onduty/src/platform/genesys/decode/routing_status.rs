//! `GET /api/v2/users/{id}/routingstatus`. Never evidence of existence: by the field's own text an unknown user
//! reads as `OFF_QUEUE`.

use onduty_core::agent::{RoutingStatus, UserId};
use onduty_core::observation::Statement;

use super::limits::parse;
use super::member::{id, object};
use super::{Arrival, Heard, Ignored, Malformed, facets};

/// The routing status of one user.
///
/// # Errors
///
/// When the body is malformed.
pub fn routing_status(body: &[u8], arrival: Arrival) -> Result<Heard, Malformed> {
    let body = parse(body)?;
    let members = object(&body)?;
    let user_id = members.required("userId", id)?;
    if !members.has("status") {
        return Ok(arrival.observation(UserId::from(&*user_id), Statement::default()).into());
    }
    let said = facets::routing_status(&body, 0)?;
    if said.value == RoutingStatus::OffQueue && said.clock.is_none() {
        return Ok(Ignored::MayNotExist.into());
    }
    let statement = Statement { routing_status: Some(said), ..Statement::default() };
    Ok(arrival.observation(UserId::from(&*user_id), statement).into())
}
