//! Presences of users, and the definitions behind them.

use serde_json::{Value, json};

use super::call::{Answer, Asked};
use super::listing::{Listing, Page};
use super::refusal::Refusal;
use super::sight::Cache;
use crate::cloud::agent::{Account, Agent};
use crate::cloud::id::Id;
use crate::cloud::presence::{Definition, Spelling};
use crate::faults::Unknown;
use crate::shapes::{PresenceBody, Style};

/// Most users in one bulk request.
pub(super) const BULK_MAX: usize = 50;

/// `GET /api/v2/users/{userId}/presences/purecloud`: the read that does not lie about existence.
pub(super) fn one(asked: &mut Asked<'_>) -> Result<Answer, Refusal> {
    let agent = employed(asked, asked.param()).ok_or_else(not_found)?;
    let state = asked.state_of(agent, Cache::Users);
    let faults = &asked.world.faults;
    let body = PresenceBody::single(agent, state, Style::rest(faults));
    let body = if asked.is_primary(agent) { body } else { body.not_primary() };
    Ok(Answer::ok(&if asked.withholds(agent) { body.withheld() } else { body }))
}

/// `GET /api/v2/users/presences/purecloud/bulk?id=`: an array, not a listing.
pub(super) fn bulk(asked: &mut Asked<'_>) -> Result<Answer, Refusal> {
    let ids = asked.call.query.list("id");
    if ids.len() > BULK_MAX {
        return Err(too_many());
    }
    let found: Vec<&Agent> = ids.iter().filter_map(|id| employed(asked, id)).collect();
    if found.len() < ids.len() && asked.world.faults.bulk_unknown == Unknown::Refuse {
        return Err(not_found());
    }
    let style = Style::rest(&asked.world.faults);
    let bodies: Vec<PresenceBody> = found
        .into_iter()
        .filter(|agent| !asked.withholds(agent))
        .map(|agent| PresenceBody::bulk(agent, asked.state_of(agent, Cache::Users), style))
        .collect();
    Ok(Answer::ok(&bodies))
}

/// `GET /api/v2/presence/definitions`: those of the divisions that the caller may see, or of those
/// given by `divisionId`; what belongs to no division is in all of them.
pub(super) fn definitions(asked: &mut Asked<'_>) -> Result<Answer, Refusal> {
    let held = asked.require("presence:presenceDefinition:view")?;
    let deactivated = match asked.call.query.get("deactivated").map(str::to_ascii_uppercase).as_deref() {
        None | Some("FALSE") => false,
        Some("TRUE") => true,
        Some(other) => return Err(Refusal::parameter("deactivated", other, "TRUE, FALSE")),
    };
    let divisions: Vec<Id> = asked.call.query.list("divisionId").into_iter().filter_map(Id::parse).collect();
    let visible = asked.cloud().definitions.all().iter().filter(|definition| {
        definition.deactivated == deactivated
            && definition
                .division
                .is_none_or(|only| held.covers(only) && (divisions.is_empty() || divisions.contains(&only)))
    });
    let entities: Vec<Value> = visible.map(organization_definition).collect();
    Ok(Answer::ok(&json!({
        "total": entities.len(),
        "entities": entities,
        "selfUri": "/api/v2/presence/definitions",
    })))
}

/// `GET /api/v2/presence/definitions/{definitionId}`
pub(super) fn definition(asked: &mut Asked<'_>) -> Result<Answer, Refusal> {
    let held = asked.require("presence:presenceDefinition:view")?;
    let found = Id::parse(asked.param()).and_then(|id| asked.cloud().definitions.get(id));
    let visible = found.filter(|definition| definition.division.is_none_or(|only| held.covers(only)));
    Ok(Answer::ok(&organization_definition(visible.ok_or_else(no_definition)?)))
}

/// `GET /api/v2/presencedefinitions`: the older, paged call without a permission; it knows no `type` and spells
/// `On Queue` with a blank.
pub(super) fn legacy_definitions(asked: &mut Asked<'_>) -> Result<Answer, Refusal> {
    let page = Page::capped(asked, 100)?;
    let all: Vec<Value> = asked
        .cloud()
        .definitions
        .all()
        .iter()
        .map(|definition| {
            json!({
                "id": definition.id,
                "name": definition.label,
                "languageLabels": {"en_US": definition.label},
                "systemPresence": definition.system.spelt(Spelling::Blank),
                "deactivated": definition.deactivated,
                "primary": definition.standard,
                "selfUri": format!("/api/v2/presencedefinitions/{}", definition.id),
            })
        })
        .collect();
    let total = all.len();
    Ok(Answer::ok(&Listing::of(asked, page, total, page.of(all.into_iter()).collect())))
}

fn organization_definition(definition: &Definition) -> Value {
    let mut body = json!({
        "id": definition.id,
        "name": definition.label,
        "type": if definition.standard { "System" } else { "User" },
        "languageLabels": {"en_US": definition.label},
        "systemPresence": definition.system.spelt(Spelling::Joined),
        "deactivated": definition.deactivated,
        "selfUri": format!("/api/v2/presence/definitions/{}", definition.id),
    });
    if let (Some(division), Some(members)) = (definition.division, body.as_object_mut()) {
        members.insert("divisionId".to_owned(), json!(division));
    }
    body
}

pub(super) fn employed<'a>(asked: &'a Asked<'_>, text: &str) -> Option<&'a Agent> {
    asked.cloud().user(Id::parse(text)?).filter(|agent| agent.account != Account::Deleted)
}

pub(super) fn too_many() -> Refusal {
    Refusal::plain(400, "max.user.presences", "Only 50 user presences can be queried at a time.")
}

pub(super) fn not_found() -> Refusal {
    Refusal::plain(404, "presenceservice.usernotfound", "The specified user was not found")
}

pub(super) fn no_definition() -> Refusal {
    let code = "presenceservice.organizationpresence.organizationpresencenotfound";
    Refusal::plain(404, code, "The specified organization presence was not found")
}
