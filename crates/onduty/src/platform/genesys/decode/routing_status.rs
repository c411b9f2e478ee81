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
    let heard = routing_status_of_somebody(body, arrival)?;
    let may_not_exist = heard.observations.iter().any(|told| {
        let said = told.statement.routing_status.as_ref();
        said.is_some_and(|said| said.value == RoutingStatus::OffQueue && said.clock.is_none())
    });
    Ok(if may_not_exist { Ignored::MayNotExist.into() } else { heard })
}

/// The routing status of one user whom the directory names: whoever was never routed is `OFF_QUEUE` without a
/// `startTime`, and of somebody who is known to exist that is no lie.
///
/// # Errors
///
/// When the body is malformed.
pub fn routing_status_of_somebody(body: &[u8], arrival: Arrival) -> Result<Heard, Malformed> {
    let body = parse(body)?;
    let members = object(&body)?;
    let user_id = members.required("userId", id)?;
    let mut statement = Statement::default();
    if members.has("status") {
        statement.routing_status = Some(facets::routing_status(&body, 0)?);
    }
    Ok(arrival.observation(UserId::from(&*user_id), statement).into())
}
