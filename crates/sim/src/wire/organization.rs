//! The organisation that a token reaches, and its limits.

use serde_json::{Value, json};

use super::call::{Answer, Asked};
use super::refusal::Refusal;
use crate::cloud::organisation::LIMITS;

/// `GET /api/v2/organizations/me`
pub(super) fn show(asked: &mut Asked<'_>) -> Result<Answer, Refusal> {
    let organisation = &asked.cloud().organisation;
    Ok(Answer::ok(&json!({
        "id": organisation.id,
        "name": organisation.name,
        "defaultLanguage": "en-US",
        "defaultCountryCode": "IE",
        "thirdPartyOrgName": organisation.name.to_lowercase(),
        "domain": organisation.domain,
        "version": 1,
        "state": "active",
        "features": {},
        "voicemailEnabled": false,
        "productPlatform": "PureCloud",
        "selfUri": format!("/api/v2/organizations/{}", organisation.id),
    })))
}

/// `GET /api/v2/organizations/limits/namespaces/{namespace}`: what really holds; `…/defaults`: what usually does.
/// Only the request rate can differ.
pub(super) fn limits(asked: &mut Asked<'_>) -> Result<Answer, Refusal> {
    let namespace = asked.param();
    let defaults = asked.path.ends_with("/defaults");
    let rate = asked.world.faults.rate;
    let entities: Vec<Value> = LIMITS
        .iter()
        .filter(|limit| limit.namespace == namespace)
        .map(|limit| {
            let changed = !defaults && rate > 0 && limit.key.ends_with("rate.per.minute");
            let value = if changed { rate } else { limit.value };
            json!({"key": limit.key, "namespace": limit.namespace, "value": value})
        })
        .collect();
    if entities.is_empty() {
        return Err(Refusal::not_found());
    }
    Ok(Answer::ok(&json!({"entities": entities})))
}
