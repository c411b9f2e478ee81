//! `/sim/webhook`: how the sender of webhooks is to prove who it is.

use std::sync::Arc;

use serde::Deserialize;
use serde_json::json;

use super::{Answer, Result, body};
use crate::sender::{Credentials, WebhookAuth};
use crate::wire::call::Call;
use crate::world::World;

/// A scheme, with what it needs.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Sending {
    scheme: String,
    secret: Option<String>,
    #[serde(default = "key_header")]
    header: String,
}

fn key_header() -> String {
    "x-onduty-key".to_owned()
}

/// `GET`: the scheme, never the secret.
pub(super) fn show(world: &World) -> Answer {
    Answer::ok(&json!({"scheme": world.credentials.scheme}))
}

/// `PUT`: from the next try on.
pub(super) fn set(world: &mut World, call: &Call) -> Result<Answer> {
    let Sending { scheme, secret, header } = body(call)?;
    world.credentials = Arc::new(Credentials::of(&WebhookAuth::read(&scheme, secret.as_deref(), &header)?)?);
    Ok(show(world))
}
