//! What may go wrong in a demo, by names that people know, as switches of the simulator.

use clap::ValueEnum;
use serde_json::{Map, Value, json};

/// Something that goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Trouble {
    /// Three in ten webhooks are lost, one in ten comes twice: the sweep has to correct
    WebhookLoss,
    /// Webhooks come up to eight seconds late and out of order
    WebhookDelay,
    /// Three in ten requests to the platform fail with 503
    PlatformErrors,
    /// The platform allows ten requests a minute
    RateLimit,
}

impl Trouble {
    /// The switches to set.
    pub(super) fn switches(self) -> Map<String, Value> {
        let switches = match self {
            Self::WebhookLoss => vec![("event_loss", json!(0.3)), ("event_dup", json!(0.1))],
            Self::WebhookDelay => vec![("event_delay", json!(8_000)), ("event_reorder", json!(0.3))],
            Self::PlatformErrors => vec![("http_error_p", json!(0.3)), ("http_error_status", json!(503))],
            Self::RateLimit => vec![("rate", json!(10))],
        };
        switches.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
    }

    /// In words, for the greeting.
    pub(super) fn words(self) -> &'static str {
        match self {
            Self::WebhookLoss => "webhooks are lost",
            Self::WebhookDelay => "webhooks are late and out of order",
            Self::PlatformErrors => "the platform fails now and then",
            Self::RateLimit => "the platform allows few requests",
        }
    }
}
