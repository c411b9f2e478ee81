//! What the caller may do, and where: grants, permitted divisions, divisions.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::call::{Answer, Asked};
use super::listing::{Listing, Page};
use super::refusal::Refusal;
use super::tokens_me::reach_text;
use crate::cloud::access::{Grant, Held, PERMISSIONS, Policy, Reach};
use crate::cloud::organisation::Division;

/// `GET /api/v2/authorization/subjects/me`: every grant. Fresh ones are listed before they take effect.
pub(super) fn subject(asked: &mut Asked<'_>) -> Result<Answer, Refusal> {
    let client = &asked.client;
    let grants: Vec<Value> = client.grants.iter().filter_map(|grant| grant_body(asked, grant)).collect();
    Ok(Answer::ok(&json!({
        "id": client.id,
        "name": client.id,
        "version": 0,
        "grants": grants,
        "selfUri": format!("/api/v2/authorization/subjects/{}", client.id),
    })))
}

fn grant_body(asked: &Asked<'_>, grant: &Grant) -> Option<Value> {
    let role = asked.cloud().access.role(grant.role)?;
    let id = reach_text(grant.reach);
    let division = match grant.reach {
        Reach::Everywhere => None,
        Reach::Division(id) => asked.cloud().division(id),
    };
    let policies: Vec<Value> =
        role.policies.iter().map(|policy| policy_body(policy, &asked.client.denied)).collect();
    Some(json!({
        "subjectId": asked.client.id,
        "division": {
            "id": id,
            "name": division.map_or("All divisions", |division| division.name.as_str()),
            "homeDivision": division.is_some_and(|division| division.home),
            "selfUri": format!("/api/v2/authorization/divisions/{id}"),
        },
        "role": {
            "id": role.id,
            "name": role.name,
            "default": false,
            "policies": policies,
            "selfUri": format!("/api/v2/authorization/roles/{}", role.id),
        },
        "grantMadeAt": grant.made_at,
    }))
}

/// What a role allows; with a condition when an attribute-based policy limits it.
fn policy_body(policy: &Policy, denied: &[Policy]) -> Value {
    let mut body = json!({"domain": policy.domain, "entityName": policy.entity, "actions": policy.actions});
    let limited = denied.iter().any(|denial| denial.meets(policy));
    if let (true, Some(members)) = (limited, body.as_object_mut()) {
        members.insert("condition".to_owned(), json!(r#"{"conjunction":"AND","terms":[]}"#));
    }
    body
}

/// `GET /api/v2/authorization/divisionspermitted/paged/me?permission=`: where the caller holds one permission.
pub(super) fn divisions_permitted(asked: &mut Asked<'_>) -> Result<Answer, Refusal> {
    let missing = || Refusal::plain(400, "missing.permission.param", "Missing required permission parameter");
    let permission =
        asked.call.query.get("permission").filter(|text| !text.is_empty()).ok_or_else(missing)?;
    let held = asked.held(permission);
    let page = Page::capped(asked, 100)?;
    let divisions = asked.cloud().divisions.iter().filter(|division| held.covers(division.id));
    let bodies: Vec<Value> = divisions.map(division_body).collect();
    let total = bodies.len();
    let listing = Listing::of(asked, page, total, page.of(bodies.into_iter()).collect());
    Ok(Answer::ok(&listing.all_divisions(held == Held::Everywhere)))
}

/// `GET /api/v2/authorization/divisions`
pub(super) fn divisions(asked: &mut Asked<'_>) -> Result<Answer, Refusal> {
    let page = Page::capped(asked, 100)?;
    let bodies: Vec<Value> = asked.cloud().divisions.iter().map(division_body).collect();
    let total = bodies.len();
    Ok(Answer::ok(&Listing::of(asked, page, total, page.of(bodies.into_iter()).collect())))
}

/// `GET /api/v2/authorization/divisions/home`
pub(super) fn home_division(asked: &mut Asked<'_>) -> Result<Answer, Refusal> {
    let home = asked.cloud().divisions.iter().find(|division| division.home);
    Ok(Answer::ok(&division_body(home.ok_or_else(Refusal::not_found)?)))
}

/// `GET /api/v2/authorization/permissions`: every permission there is, by domain.
pub(super) fn permissions(asked: &mut Asked<'_>) -> Result<Answer, Refusal> {
    let page = Page::capped(asked, 100)?;
    let mut domains: BTreeMap<&str, BTreeMap<&str, Vec<Value>>> = BTreeMap::new();
    for permission in PERMISSIONS {
        let mut parts = permission.splitn(3, ':');
        if let (Some(domain), Some(entity), Some(action)) = (parts.next(), parts.next(), parts.next()) {
            domains
                .entry(domain)
                .or_default()
                .entry(entity)
                .or_default()
                .push(json!({"domain": domain, "entityType": entity, "action": action, "label": permission}));
        }
    }
    let bodies: Vec<Value> =
        domains.into_iter().map(|(domain, map)| json!({"domain": domain, "permissionMap": map})).collect();
    let total = bodies.len();
    Ok(Answer::ok(&Listing::of(asked, page, total, page.of(bodies.into_iter()).collect())))
}

fn division_body(division: &Division) -> Value {
    json!({
        "id": division.id,
        "name": division.name,
        "description": "",
        "homeDivision": division.home,
        "selfUri": format!("/api/v2/authorization/divisions/{}", division.id),
    })
}
