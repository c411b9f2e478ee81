//! An event as a sender in good standing makes it: about one agent, at one instant, signed.

use reqwest::RequestBuilder;
use serde_json::{Value, json};
use standardwebhooks::Webhook;

use crate::stage::SECRET;

/// What a sender needs to sign.
pub(crate) fn signer() -> Webhook {
    Webhook::new(SECRET).unwrap()
}

/// The machine's clock.
#[expect(clippy::disallowed_methods, reason = "a real sender stamps with the machine's clock")]
pub(crate) fn now() -> jiff::Timestamp {
    jiff::Timestamp::now()
}

/// A flat event: this user has been available since then.
pub(crate) fn available(event_id: &str, user_id: &str, version: u64, since: jiff::Timestamp) -> Value {
    let (now, since) = (format!("{:.3}", now()), format!("{since:.3}"));
    json!({
        "eventId": event_id, "eventType": "agent.state.changed", "agentId": user_id, "userId": user_id,
        "timestamp": now, "stateVersion": version,
        "state": {
            "agentId": user_id, "userId": user_id, "name": "Ada", "divisionId": user_id, "loggedIn": true,
            "presence": {
                "systemPresence": "Available", "presenceDefinition": { "id": user_id }, "modifiedDate": since,
            },
            "routingStatus": { "status": "OFF_QUEUE", "startTime": since },
            "stateVersion": version, "modifiedDate": since,
        },
    })
}

/// The request with this body, signed now.
pub(crate) fn signed(request: RequestBuilder, signer: &Webhook, id: &str, body: String) -> RequestBuilder {
    let at = now().as_second();
    let signature = signer.sign(id, at, body.as_bytes()).unwrap();
    request
        .header("content-type", "application/json")
        .header("webhook-id", id)
        .header("webhook-timestamp", at)
        .header("webhook-signature", signature)
        .body(body)
}
