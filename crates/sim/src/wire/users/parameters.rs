//! What can be said about a listing of users beyond its page: whose, in which order, with which integration.

use crate::cloud::Cloud;
use crate::cloud::agent::{Account, Agent};
use crate::cloud::id::Id;
use crate::cloud::sources::INTEGRATIONS;
use crate::wire::call::Asked;
use crate::wire::refusal::Refusal;

/// Most users asked for by id.
const IDS_MAX: usize = 100;
/// Most users on a page that tells presences of an integration.
const INTEGRATION_MAX: usize = 100;

/// Positions of the users named by `id` or `jabberId`, unknown ones left out; none when nobody is named.
pub(super) fn named(asked: &Asked<'_>) -> Result<Option<Vec<usize>>, Refusal> {
    let query = &asked.call.query;
    let (ids, addresses) = (query.list("id"), query.list("jabberId"));
    if ids.len().max(addresses.len()) > IDS_MAX {
        return Err(Refusal::plain(400, "max.user.ids", "Only 100 users can be requested at a time."));
    }
    match (ids.is_empty(), addresses.is_empty()) {
        (true, true) => Ok(None),
        (false, true) => Ok(Some(ids.iter().filter_map(|id| super::find(asked, id)).collect())),
        (true, false) => {
            Ok(Some(addresses.iter().filter_map(|text| at_address(asked.cloud(), text)).collect()))
        }
        (false, false) => {
            Err(Refusal::constraint("Either id or jabberId can be given, not both.".to_owned()))
        }
    }
}

/// Refuses `jabberId` where the users are not picked one by one.
pub(super) fn nobody_named(asked: &Asked<'_>) -> Result<(), Refusal> {
    match asked.call.query.get("jabberId") {
        Some(address) => Err(Refusal::parameter("jabberId", address, "none here; ask /api/v2/users")),
        None => Ok(()),
    }
}

/// Whose address in chats a text is, in any letter case.
fn at_address(cloud: &Cloud, text: &str) -> Option<usize> {
    let (user, domain) = text.split_once('@')?;
    domain
        .eq_ignore_ascii_case(&cloud.organisation.domain)
        .then(|| Id::parse(user))?
        .and_then(|id| cloud.position_by_user(id))
}

/// Whether the last come first. What users are sorted by is not documented; here it is when they were hired.
pub(super) fn descending(asked: &Asked<'_>) -> Result<bool, Refusal> {
    let Some(text) = asked.call.query.get("sortOrder") else { return Ok(false) };
    match text.to_ascii_lowercase().as_str() {
        "asc" | "ascending" => Ok(false),
        "desc" | "descending" => Ok(true),
        _ => Err(Refusal::parameter("sortOrder", text, "ascending, descending")),
    }
}

/// Everybody with their position, in the order asked for.
pub(super) fn everybody(cloud: &Cloud, descending: bool) -> Box<dyn Iterator<Item = (usize, &Agent)> + '_> {
    let agents = cloud.agents().iter().enumerate();
    if descending { Box::new(agents.rev()) } else { Box::new(agents) }
}

/// Refuses an integration asked for by a name that is none, without the presence, or about too many at once.
pub(super) fn integration(asked: &Asked<'_>, size: usize) -> Result<(), Refusal> {
    let Some(named) = asked.call.query.get("integrationPresenceSource") else { return Ok(()) };
    if !INTEGRATIONS.contains(&named) {
        return Err(Refusal::parameter("integrationPresenceSource", named, &INTEGRATIONS.join(", ")));
    }
    let expanded = asked.call.query.list("expand");
    if !expanded.contains(&"presence") && !expanded.contains(&"integrationPresence") {
        let text = "Parameter integrationPresenceSource needs presence among the expands.".to_owned();
        return Err(Refusal::constraint(text));
    }
    if size > INTEGRATION_MAX {
        return Err(Refusal::constraint(format!("At most {INTEGRATION_MAX} users with an integration.")));
    }
    Ok(())
}

/// The accounts asked for by `state`: active ones unless it says otherwise.
pub(super) fn accounts(asked: &Asked<'_>) -> Result<&'static [Account], Refusal> {
    match asked.call.query.get("state") {
        None | Some("active") => Ok(&[Account::Active]),
        Some("inactive") => Ok(&[Account::Inactive]),
        Some("deleted") => Ok(&[Account::Deleted]),
        Some("any") => Ok(&[Account::Active, Account::Inactive, Account::Deleted]),
        Some(other) => Err(Refusal::parameter("state", other, "active, inactive, deleted, any")),
    }
}
