//! The notification envelope: `topicName`, `eventBody`. As the platform's socket sends it, and as a trigger's data
//! action posts it. It has no event id and no time of its own.

use onduty_core::agent::UserId;
use onduty_core::observation::Statement;

use super::member::{Object, id, object, word};
use super::topic::{Facet, Topic, parse};
use super::{Arrival, Heard, Ignored, Malformed, UnknownEvent, facets};

/// Whether an object looks like a notification.
pub(super) fn looks_like(members: Object<'_>) -> bool {
    members.has("topicName")
}

/// One notification.
pub(super) fn read(members: Object<'_>, arrival: Arrival) -> Result<Heard, Malformed> {
    let (user_id, facet) = match members.required("topicName", |value| parse(word(value)?))? {
        Topic::User(user_id, facet) => (user_id, facet),
        Topic::Heartbeat => return Ok(Ignored::Heartbeat.into()),
        Topic::Other(kind) => return Ok(UnknownEvent { kind, event_id: None }.into()),
    };
    members.required("eventBody", |body| {
        let body = object(body)?;
        let (statement, ignored) = match facet {
            Facet::Activity => {
                check_id(body, &user_id)?;
                facets::activity(body)?
            }
            Facet::Presence => presence(body)?,
            Facet::RoutingStatus => {
                check_id(body, &user_id)?;
                routing_status(body)?
            }
            Facet::OutOfOffice => {
                body.optional("user", |user| check_id(object(user)?, &user_id))?;
                out_of_office(body)?
            }
        };
        Ok(match (ignored, facet) {
            // Of an activity event the other facets still count; of a presence, who said it.
            (Some(ignored), Facet::Activity | Facet::Presence) => {
                let mut heard = Heard::from(arrival.observation(user_id.clone(), statement));
                heard.ignored.push(ignored);
                heard
            }
            (Some(ignored), _) => ignored.into(),
            (None, _) => arrival.observation(user_id.clone(), statement).into(),
        })
    })
}

fn check_id(body: Object<'_>, user_id: &UserId) -> Result<(), Malformed> {
    match body.optional("id", id)? {
        Some(id) if *id != *user_id.as_str() => Err(Malformed::at("id", "differs from the id in the topic")),
        Some(_) | None => Ok(()),
    }
}

fn presence(body: Object<'_>) -> Result<(Statement, Option<Ignored>), Malformed> {
    let mut statement = Statement::default();
    let ignored = facets::presence_of(body)?.into_pushed(&mut statement);
    Ok((statement, ignored))
}

fn routing_status(body: Object<'_>) -> Result<(Statement, Option<Ignored>), Malformed> {
    // An event can report a change that failed; what it calls the status did not come about.
    if body.has("errorInfo") {
        return Ok((Statement::default(), Some(Ignored::ErrorInfo)));
    }
    let said = body.required("routingStatus", |value| facets::routing_status(value, 0))?;
    Ok((Statement { routing_status: Some(said), ..Statement::default() }, None))
}

fn out_of_office(body: Object<'_>) -> Result<(Statement, Option<Ignored>), Malformed> {
    let said = facets::out_of_office_of(body)?;
    Ok((Statement { out_of_office: Some(said), ..Statement::default() }, None))
}
