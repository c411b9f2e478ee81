//! The token endpoint's answers. Its refusals have another form than those of the API.

use std::fmt;
use std::time::Duration;

use super::Malformed;
use super::limits::parse;
use super::member::{count, object, text};
use crate::config::Secret;

/// A token as the platform gave it.
#[derive(Clone)]
pub struct Token {
    /// What to put behind `Bearer`.
    pub access: Secret,
    /// How long it lives.
    pub expires_in: Duration,
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Token").field("expires_in", &self.expires_in).finish_non_exhaustive()
    }
}

/// Why the platform gave no token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OauthRefusal {
    /// Such as `invalid_client`.
    pub error: String,
    /// In the platform's words.
    pub description: String,
}

impl OauthRefusal {
    /// Whether it only asks us to slow down: a `400` that nothing but its text tells from a mistake.
    pub fn is_rate_limit(&self) -> bool {
        self.description.to_ascii_lowercase().contains("rate limit exceeded")
    }

    /// Whether it is the client's id that is not known here: mistyped, deleted, or of another region. A wrong secret
    /// reads `authentication failed`.
    pub fn is_client_unknown(&self) -> bool {
        self.is_invalid_client() && self.description.to_ascii_lowercase().contains("not found")
    }

    /// Whether the client's id or secret is refused.
    pub fn is_invalid_client(&self) -> bool {
        matches!(self.error.as_str(), "invalid_client" | "unauthorized_client")
    }
}

/// A token.
///
/// # Errors
///
/// When the body is malformed.
pub fn token(body: &[u8]) -> Result<Token, Malformed> {
    let body = parse(body)?;
    let members = object(&body)?;
    Ok(Token {
        access: members.required("access_token", |value| text(value).map(Secret::new))?,
        expires_in: members.required("expires_in", count).map(Duration::from_secs)?,
    })
}

/// A refusal.
///
/// # Errors
///
/// When the body is malformed.
pub fn oauth_refusal(body: &[u8]) -> Result<OauthRefusal, Malformed> {
    let body = parse(body)?;
    let members = object(&body)?;
    let error = members.required("error", text)?.to_owned();
    let description = match members.optional("error_description", text)? {
        Some(description) => Some(description),
        None => members.optional("description", text)?,
    };
    Ok(OauthRefusal { error, description: description.unwrap_or("").to_owned() })
}
