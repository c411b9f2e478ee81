//! Presences from sources that nobody registered: `…/presences/{sourceId}`, alone and in bulk. No such source says
//! anything here, so everybody is Offline in it since never; registered ones have no business under these paths.

use super::call::{Answer, Asked};
use super::presence;
use super::refusal::Refusal;
use crate::cloud::agent::Agent;
use crate::cloud::id::Id;
use crate::cloud::presence::SystemPresence;
use crate::cloud::sources::INTEGRATIONS;
use crate::faults::Unknown;
use crate::shapes::{PresenceBody, Style};

/// Longest name of a source, in characters.
const SOURCE_MAX: usize = 100;

/// `GET /api/v2/users/{userId}/presences/{sourceId}`
pub(super) fn one(asked: &mut Asked<'_>) -> Result<Answer, Refusal> {
    let source = source(asked, asked.params.get(1))?;
    let agent = presence::employed(asked, asked.param()).ok_or_else(presence::not_found)?;
    Ok(Answer::ok(&body(asked, agent, source)?))
}

/// `GET /api/v2/users/presences/{sourceId}/bulk?id=`
pub(super) fn bulk(asked: &mut Asked<'_>) -> Result<Answer, Refusal> {
    let source = source(asked, asked.params.first())?;
    let ids = asked.call.query.list("id");
    if ids.len() > presence::BULK_MAX {
        return Err(presence::too_many());
    }
    let found: Vec<&Agent> = ids.iter().filter_map(|id| presence::employed(asked, id)).collect();
    if found.len() < ids.len() && asked.world.faults.bulk_unknown == Unknown::Refuse {
        return Err(presence::not_found());
    }
    let bodies = found.into_iter().map(|agent| body(asked, agent, source).map(PresenceBody::in_bulk));
    Ok(Answer::ok(&bodies.collect::<Result<Vec<_>, _>>()?))
}

/// The source named in the path, unless it is one that is registered.
fn source<'a>(asked: &'a Asked<'_>, text: Option<&'a String>) -> Result<&'a str, Refusal> {
    let text = text.map_or("", String::as_str);
    let id = Id::parse(text);
    let registered = asked.cloud().sources.iter().any(|source| id == Some(source.id))
        || INTEGRATIONS.iter().any(|name| name.eq_ignore_ascii_case(text));
    if registered || text.chars().count() > SOURCE_MAX {
        return Err(Refusal::constraint(
            "Only custom sources that are not registered can be read.".to_owned(),
        ));
    }
    Ok(text)
}

fn body(asked: &Asked<'_>, agent: &Agent, source: &str) -> Result<PresenceBody, Refusal> {
    let offline = asked.cloud().definitions.standard(SystemPresence::Offline);
    let definition = offline.ok_or_else(presence::no_definition)?;
    Ok(PresenceBody::unheard(agent, definition, source, Style::rest(&asked.world.faults)))
}
