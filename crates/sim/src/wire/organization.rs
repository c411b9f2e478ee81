//! The organisation that a token reaches, and its limits.

use serde_json::{Value, json};

use super::call::{Answer, Asked};
use super::refusal::Refusal;
use crate::cloud::organisation::{ACTIVITY_LIMIT, CHANNELS_LIMIT, LIMITS, Limit, RATE_LIMIT};
use crate::faults::Faults;
use crate::tokens::{UNLIMITED, allowance};

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
/// They differ by the switches.
pub(super) fn limits(asked: &mut Asked<'_>) -> Result<Answer, Refusal> {
    let namespace = asked.param();
    let defaults = asked.path.ends_with("/defaults");
    let faults = &asked.world.faults;
    let entities: Vec<Value> = LIMITS
        .iter()
        .filter(|limit| limit.namespace == namespace)
        .map(|limit| {
            let value = if defaults { limit.value } else { in_effect(limit, faults) };
            json!({"key": limit.key, "namespace": limit.namespace, "value": value})
        })
        .collect();
    if entities.is_empty() {
        return Err(Refusal::not_found());
    }
    Ok(Answer::ok(&json!({"entities": entities})))
}

/// What holds under the switches. The platform publishes requests a minute, however long its windows are.
fn in_effect(limit: &Limit, faults: &Faults) -> u64 {
    match limit.key {
        CHANNELS_LIMIT => faults.channel_limit.max(1),
        ACTIVITY_LIMIT => faults.activity_rows_max,
        key if key.ends_with(RATE_LIMIT) => {
            let a_minute = allowance(faults).saturating_mul(60) / faults.window_s.max(1);
            a_minute.clamp(1, UNLIMITED)
        }
        _ => limit.value,
    }
}
