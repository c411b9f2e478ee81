//! The API's error body (model `ErrorBody`): a code, a status, a text that may name permissions.

use std::time::Duration;

use super::Malformed;
use super::limits::parse;
use super::member::{count, object, text, word};

/// A refusal in the platform's words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlatformRefusal {
    /// Such as `missing.any.permissions`.
    pub code: String,
    /// The HTTP status repeated in the body.
    pub status: Option<u64>,
    /// For people.
    pub message: String,
    /// Equal to the header `ININ-Correlation-Id`.
    pub correlation_id: Option<String>,
}

/// A refusal.
///
/// # Errors
///
/// When the body is not one, such as the page of a proxy.
pub fn platform_refusal(body: &[u8]) -> Result<PlatformRefusal, Malformed> {
    let body = parse(body)?;
    let members = object(&body)?;
    Ok(PlatformRefusal {
        code: members.required("code", word)?.to_owned(),
        status: members.optional("status", count)?,
        message: members.optional("message", text)?.unwrap_or("").to_owned(),
        correlation_id: members.optional("contextId", word)?.map(ToOwned::to_owned),
    })
}

impl PlatformRefusal {
    /// The permissions that the text names, each `domain:entity:action`. The platform has been seen to name the wrong
    /// ones: show them, don't trust them. Other refusals name scopes, which look the same.
    pub fn permissions(&self) -> Vec<&str> {
        if !self.code.starts_with("missing.") {
            return Vec::new();
        }
        let is_permission =
            |word: &&str| word.split(':').count() == 3 && word.split(':').all(|part| !part.is_empty());
        self.message.split(|c: char| !(c.is_ascii_alphabetic() || c == ':')).filter(is_permission).collect()
    }

    /// How long to wait, by the text: the header says the same, but proxies lose headers.
    pub fn retry_after(&self) -> Option<Duration> {
        let (_, rest) = self.message.split_once("Retry the request in [")?;
        let (seconds, _) = rest.split_once(']')?;
        seconds.parse().ok().map(Duration::from_secs)
    }
}
