//! Who sent this. By a Standard Webhooks signature, or, because the platform's own senders cannot sign, by a
//! bearer, by Basic, or by a key in a named header. All comparisons take the same time wherever they differ.

use std::time::Duration;

use axum::http::{HeaderMap, HeaderName, header};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use onduty_core::time::Timestamp;
use standardwebhooks::{HEADER_WEBHOOK_ID, HEADER_WEBHOOK_SIGNATURE, HEADER_WEBHOOK_TIMESTAMP, Webhook};
use subtle::{Choice, ConstantTimeEq as _};

use super::problem::Problem;
use crate::config::{IngressConfig, Secret};
use crate::status::Unproven;

/// The longest id of a signed message.
const MESSAGE_ID_MAX: usize = 256;
/// Signatures looked at in one message: a sender sends one for each of its secrets.
const SIGNATURES_MAX: usize = 16;

/// Who may send.
pub(super) struct Senders {
    signing: Vec<Webhook>,
    bearer: Option<Secret>,
    basic: Option<Secret>,
    api_key: Option<(HeaderName, Secret)>,
    insecure: bool,
    tolerance: Duration,
    challenge: String,
}

/// What the head of a request proves, or claims.
pub(super) enum Claim<'a> {
    /// The head alone is proof enough.
    Proven,
    /// The body has to fit to a signature.
    Signed { senders: &'a Senders, id: &'a str, timestamp: i64, signatures: Vec<&'a [u8]> },
}

impl Senders {
    pub(super) fn new(config: &IngressConfig) -> Self {
        let mut challenge = Vec::new();
        for (way, offered) in [
            ("Bearer realm=\"onduty\"", config.bearer.is_some()),
            ("Basic realm=\"onduty\"", config.basic.is_some()),
            ("StandardWebhooks", !config.secrets.is_empty()),
            ("ApiKey", config.api_key.is_some()),
        ] {
            if offered {
                challenge.push(way);
            }
        }
        Self {
            // The configuration refuses a secret that is not one.
            signing: config.secrets.iter().filter_map(|secret| Webhook::new(secret.expose()).ok()).collect(),
            bearer: config.bearer.clone(),
            basic: config.basic.clone(),
            api_key: config.api_key.clone().map(|key| (config.api_key_header.clone(), key)),
            insecure: config.insecure,
            tolerance: config.tolerance,
            challenge: challenge.join(", "),
        }
    }

    /// What the head of a request proves or claims. A signature that is there must be right, whatever else is.
    pub(super) fn claim<'a>(&'a self, headers: &'a HeaderMap, now: Timestamp) -> Result<Claim<'a>, Problem> {
        if self.insecure {
            return Ok(Claim::Proven);
        }
        if !self.signing.is_empty() && headers.contains_key(HEADER_WEBHOOK_SIGNATURE) {
            return self.signed(headers, now);
        }
        if self.knows_credentials(headers) {
            return Ok(Claim::Proven);
        }
        Err(self.refuse(self.attempt(headers), "sign the request (webhook-id, webhook-timestamp, webhook-signature) or send the credentials configured"))
    }

    fn signed<'a>(&'a self, headers: &'a HeaderMap, now: Timestamp) -> Result<Claim<'a>, Problem> {
        let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
        let id = text(HEADER_WEBHOOK_ID).filter(|id| !id.is_empty() && id.len() <= MESSAGE_ID_MAX);
        let id = id.ok_or_else(|| self.refuse(Unproven::Incomplete, "webhook-id is missing or unusable"))?;
        let timestamp = text(HEADER_WEBHOOK_TIMESTAMP).and_then(|seconds| seconds.parse::<i64>().ok());
        let timestamp = timestamp
            .ok_or_else(|| self.refuse(Unproven::Incomplete, "webhook-timestamp is missing or unusable"))?;
        let made_at = Timestamp::from_millis(timestamp.saturating_mul(1_000));
        if now.since(made_at) > self.tolerance || made_at.since(now) > self.tolerance {
            return Err(self.refuse(Unproven::Window, "webhook-timestamp is outside of the replay window"));
        }
        let signatures = text(HEADER_WEBHOOK_SIGNATURE).unwrap_or("");
        let signatures = signatures.split(' ').take(SIGNATURES_MAX).map(str::as_bytes).collect();
        Ok(Claim::Signed { senders: self, id, timestamp, signatures })
    }

    fn knows_credentials(&self, headers: &HeaderMap) -> bool {
        let authorization = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
        let offered = authorization.and_then(|value| value.split_once(' '));
        let by_scheme = offered.is_some_and(|(scheme, value)| {
            let value = value.trim();
            if scheme.eq_ignore_ascii_case("bearer") {
                self.bearer.as_ref().is_some_and(|bearer| bearer.matches(value.as_bytes()))
            } else if scheme.eq_ignore_ascii_case("basic") {
                let pair = STANDARD.decode(value).unwrap_or_default();
                self.basic.as_ref().is_some_and(|basic| basic.matches(&pair))
            } else {
                false
            }
        });
        let by_key = self.api_key.as_ref().is_some_and(|(name, key)| {
            headers.get(name).is_some_and(|offered| key.matches(offered.as_bytes()))
        });
        by_scheme || by_key
    }

    /// What a sender who proved nothing tried.
    fn attempt(&self, headers: &HeaderMap) -> Unproven {
        let scheme = headers.get(header::AUTHORIZATION).map(|value| {
            let value = value.as_bytes();
            value.split(|byte| *byte == b' ').next().unwrap_or(value).to_ascii_lowercase()
        });
        match scheme.as_deref() {
            // Where there are no secrets, no signature is looked at.
            _ if headers.contains_key(HEADER_WEBHOOK_SIGNATURE) => Unproven::Signature,
            Some(b"bearer") => Unproven::Bearer,
            Some(b"basic") => Unproven::Basic,
            _ if self.api_key.as_ref().is_some_and(|(name, _)| headers.contains_key(name)) => {
                Unproven::ApiKey
            }
            _ => Unproven::Anonymous,
        }
    }

    fn refuse(&self, unproven: Unproven, detail: &'static str) -> Problem {
        Problem::NotAuthentic { unproven, detail, challenge: self.challenge.clone() }
    }
}

impl Claim<'_> {
    /// Holds the body against what the head claims.
    pub(super) fn check(&self, body: &[u8]) -> Result<(), Problem> {
        let Self::Signed { senders, id, timestamp, signatures } = self else { return Ok(()) };
        let mut fits = Choice::from(0);
        for webhook in &senders.signing {
            // Only text can be signed, so bytes that are not text are signed by nobody.
            let Ok(expected) = webhook.sign(id, *timestamp, body) else { continue };
            for offered in signatures {
                fits |= expected.as_bytes().ct_eq(offered);
            }
        }
        if fits.into() {
            Ok(())
        } else {
            Err(senders.refuse(Unproven::Signature, "no signature fits to the body"))
        }
    }
}
