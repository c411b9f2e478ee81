//! Presence sources, whose presence counts for whom, and the settings on restoring presences.

use serde_json::{Value, json};

use super::call::{Answer, Asked};
use super::presence;
use super::refusal::Refusal;
use crate::cloud::sources::PresenceSource;

/// `GET /api/v2/presence/sources`: the registered ones; the platform's own is not among them.
pub(super) fn list(asked: &mut Asked<'_>) -> Result<Answer, Refusal> {
    asked.require("presence:source:view")?;
    let entities: Vec<Value> = asked.cloud().sources.iter().map(source_body).collect();
    Ok(Answer::ok(&json!({
        "total": entities.len(),
        "entities": entities,
        "selfUri": "/api/v2/presence/sources",
    })))
}

/// `GET /api/v2/presence/users/{userId}/primarysource`: without `sourceId` when it is the platform's own.
pub(super) fn primary(asked: &mut Asked<'_>) -> Result<Answer, Refusal> {
    let permission = "presence:userPrimarySource:view";
    let held = asked.require(permission)?;
    let agent = presence::employed(asked, asked.param()).ok_or_else(presence::not_found)?;
    if !held.covers(agent.division) {
        return Err(Refusal::missing_in_division(permission));
    }
    let mut body = json!({
        "id": agent.user_id,
        "registered": agent.primary_source.is_some(),
        "selfUri": format!("/api/v2/presence/users/{}/primarysource", agent.user_id),
    });
    if let (Some(source), Some(members)) = (agent.primary_source, body.as_object_mut()) {
        members.insert("sourceId".to_owned(), json!(source));
    }
    Ok(Answer::ok(&body))
}

/// `GET /api/v2/presence/settings`
pub(super) fn settings(asked: &mut Asked<'_>) -> Result<Answer, Refusal> {
    asked.require("presence:settings:view")?;
    let faults = &asked.world.faults;
    Ok(Answer::ok(&json!({
        "restorePresenceSettings": {
            "enabled": faults.restore_window_ms > 0,
            "restoreTimeMilliseconds": faults.restore_window_ms,
            "restoreOnQueueEnabled": faults.restore_on_queue,
        },
        "selfUri": "/api/v2/presence/settings",
    })))
}

fn source_body(source: &PresenceSource) -> Value {
    json!({
        "id": source.id,
        "name": source.name,
        "type": if source.integration.is_some() { "System" } else { "User" },
        "deactivated": false,
        "selfUri": format!("/api/v2/presence/sources/{}", source.id),
    })
}
