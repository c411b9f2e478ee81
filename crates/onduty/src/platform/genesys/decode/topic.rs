//! Topic names such as `v2.users.{id}.activity`. Letter case is free; a combined topic's events arrive under the
//! single names.

use onduty_core::agent::UserId;
use onduty_core::answer::looks_like_an_id;

use super::Malformed;

/// What a topic is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Topic {
    /// A facet of a user's state.
    User(UserId, Facet),
    /// Keeps a socket alive.
    Heartbeat,
    /// Something else; its template, without ids.
    Other(String),
}

/// Which facet of a user's state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Facet {
    /// Everything: the best single topic.
    Activity,
    /// Presence of one source.
    Presence,
    /// Routing status.
    RoutingStatus,
    /// Out of office.
    OutOfOffice,
}

/// Takes a topic name apart.
pub(super) fn parse(name: &str) -> Result<Topic, Malformed> {
    let lower = name.to_ascii_lowercase();
    if lower == "channel.metadata" {
        return Ok(Topic::Heartbeat);
    }
    let Some((id, facet)) = user_facet(&lower) else { return Ok(Topic::Other(template(name))) };
    if !looks_like_an_id(id) {
        return Err(Malformed::here("the user id in the topic is not a UUID"));
    }
    Ok(Topic::User(UserId::from(id), facet))
}

/// Whether a topic's template is one whose events say something of an agent's state.
pub(super) fn knows(template: &str) -> bool {
    user_facet(&template.to_ascii_lowercase()).is_some()
}

fn user_facet(lower: &str) -> Option<(&str, Facet)> {
    let (id, leaf) = lower.strip_prefix("v2.users.")?.split_once('.')?;
    let facet = match leaf {
        "activity" => Facet::Activity,
        "presence" => Facet::Presence,
        "routingstatus" => Facet::RoutingStatus,
        "outofoffice" => Facet::OutOfOffice,
        _ => return None,
    };
    Some((id, facet))
}

fn template(name: &str) -> String {
    let segments: Vec<&str> =
        name.split('.').map(|segment| if looks_like_an_id(segment) { "{id}" } else { segment }).collect();
    segments.join(".")
}
