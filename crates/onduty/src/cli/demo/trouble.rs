//! What may go wrong in a demo, by names that people know, as switches of the simulator.

use std::error::Error;
use std::time::Duration;

use clap::ValueEnum;
use serde_json::{Value, json};

/// Setting switches on this machine takes no longer.
const SWITCH_TIMEOUT: Duration = Duration::from_secs(5);

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
    fn switches(self) -> Value {
        match self {
            Self::WebhookLoss => json!({"event_loss": 0.3, "event_dup": 0.1}),
            Self::WebhookDelay => json!({"event_delay": 8_000, "event_reorder": 0.3}),
            Self::PlatformErrors => json!({"http_error_p": 0.3, "http_error_status": 503}),
            Self::RateLimit => json!({"rate": 10}),
        }
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

    /// Sets the switches of the simulator at `url`, over its control plane like anybody else would.
    pub(super) async fn cause(self, url: &str) -> Result<(), Box<dyn Error + Send + Sync>> {
        // The process may have chosen a provider already; either one will do.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = reqwest::Client::builder().timeout(SWITCH_TIMEOUT).no_proxy().build()?;
        client.put(format!("{url}/sim/faults")).json(&self.switches()).send().await?.error_for_status()?;
        Ok(())
    }
}
