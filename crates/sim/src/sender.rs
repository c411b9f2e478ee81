//! How the sender of webhooks proves who it is. The platform's own senders cannot sign: Amazon's destinations and the
//! data actions of workflows send Basic, a bearer or a key in a header. What can be put between them may sign.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::header::{AUTHORIZATION, HeaderName, HeaderValue};
use standardwebhooks::{
    HEADER_WEBHOOK_ID, HEADER_WEBHOOK_SIGNATURE, HEADER_WEBHOOK_TIMESTAMP, Webhook, WebhookError,
};

use crate::cloud::stamp::Stamp;
use crate::events::Event;

/// How to prove it. Secrets stay out of every debug text.
#[derive(Clone)]
pub enum WebhookAuth {
    /// Not at all.
    None,
    /// With a Standard Webhooks signature under a `whsec_…` secret.
    Signed(String),
    /// With `user:password`.
    Basic(String),
    /// With a token.
    Bearer(String),
    /// With a key in a header of this name.
    ApiKey {
        /// The header's name.
        header: String,
        /// The key.
        key: String,
    },
}

/// Why credentials cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum AuthError {
    /// The signing secret is none.
    #[error("the secret is no base64 text behind `whsec_`")]
    Secret(#[source] WebhookError),
    /// Basic credentials have two parts.
    #[error("Basic credentials are written user:password")]
    Pair,
    /// The name of the header is none.
    #[error("`{0}` is no name of a header")]
    HeaderName(String),
    /// The value holds something that no header can carry.
    #[error("the secret holds characters that a header cannot carry")]
    HeaderValue,
    /// The scheme needs a secret.
    #[error("{0} needs a secret")]
    Missing(&'static str),
    /// No scheme has that name.
    #[error("the scheme is one of none, signed, basic, bearer, api-key, not `{0}`")]
    Scheme(String),
}

impl WebhookAuth {
    /// Reads a scheme by name, with what it needs.
    ///
    /// # Errors
    ///
    /// When there is no such scheme, or its secret is missing.
    pub fn read(scheme: &str, secret: Option<&str>, header: &str) -> Result<Self, AuthError> {
        let need = |name| secret.map(str::to_owned).ok_or(AuthError::Missing(name));
        match scheme {
            "none" => Ok(Self::None),
            "signed" => need("signed").map(Self::Signed),
            "basic" => need("basic").map(Self::Basic),
            "bearer" => need("bearer").map(Self::Bearer),
            "api-key" => need("api-key").map(|key| Self::ApiKey { header: header.to_owned(), key }),
            other => Err(AuthError::Scheme(other.to_owned())),
        }
    }

    fn scheme(&self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Signed(_) => "signed",
            Self::Basic(_) => "basic",
            Self::Bearer(_) => "bearer",
            Self::ApiKey { .. } => "api-key",
        }
    }
}

impl fmt::Debug for WebhookAuth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("WebhookAuth").field(&self.scheme()).finish()
    }
}

/// Credentials that have been checked, ready to be put onto requests.
pub(crate) struct Credentials {
    /// The name of the scheme.
    pub(crate) scheme: &'static str,
    proof: Proof,
}

enum Proof {
    Nothing,
    Signature(Webhook),
    Header(HeaderName, HeaderValue),
}

impl Credentials {
    /// None at all.
    pub(crate) fn none() -> Self {
        Self { scheme: "none", proof: Proof::Nothing }
    }

    /// Checks credentials.
    pub(crate) fn of(auth: &WebhookAuth) -> Result<Self, AuthError> {
        let header = |name, text: &str| {
            let mut value = HeaderValue::from_str(text).map_err(|_| AuthError::HeaderValue)?;
            value.set_sensitive(true);
            Ok(Proof::Header(name, value))
        };
        let proof = match auth {
            WebhookAuth::None => Proof::Nothing,
            WebhookAuth::Signed(secret) => Proof::Signature(Webhook::new(secret).map_err(AuthError::Secret)?),
            WebhookAuth::Basic(pair) if !pair.contains(':') => return Err(AuthError::Pair),
            WebhookAuth::Basic(pair) => header(AUTHORIZATION, &format!("Basic {}", STANDARD.encode(pair)))?,
            WebhookAuth::Bearer(token) => header(AUTHORIZATION, &format!("Bearer {token}"))?,
            WebhookAuth::ApiKey { header: name, key } => {
                let bad = |_| AuthError::HeaderName(name.clone());
                header(HeaderName::try_from(name.as_str()).map_err(bad)?, key)?
            }
        };
        Ok(Self { scheme: auth.scheme(), proof })
    }

    /// What to put onto the request that carries an event at an instant. None when it cannot be signed.
    pub(crate) fn headers(&self, event: &Event, now: Stamp) -> Option<Vec<(HeaderName, HeaderValue)>> {
        match &self.proof {
            Proof::Nothing => Some(Vec::new()),
            Proof::Header(name, value) => Some(vec![(name.clone(), value.clone())]),
            Proof::Signature(webhook) => {
                let (id, seconds) = (event.id.to_string(), now.as_millis().div_euclid(1000));
                let signature = webhook.sign(&id, seconds, event.body.as_bytes()).ok()?;
                let parts = [
                    (HEADER_WEBHOOK_ID, id),
                    (HEADER_WEBHOOK_TIMESTAMP, seconds.to_string()),
                    (HEADER_WEBHOOK_SIGNATURE, signature),
                ];
                let typed = parts.into_iter().map(|(name, value)| {
                    Some((HeaderName::from_static(name), HeaderValue::try_from(value).ok()?))
                });
                typed.collect()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cloud::id::Id;

    fn headers(auth: &WebhookAuth) -> Vec<(String, String)> {
        let event =
            Event { id: Id::derive(1, "event", 1), body: "{}".to_owned(), media_type: "application/json" };
        let made = Credentials::of(auth).unwrap().headers(&event, Stamp::from_millis(1_772_442_850_900));
        let text =
            |(name, value): (HeaderName, HeaderValue)| (name.to_string(), value.to_str().unwrap().to_owned());
        made.unwrap().into_iter().map(text).collect()
    }

    #[test]
    fn each_scheme_has_its_header() {
        let pair = |name: &str, value: &str| vec![(name.to_owned(), value.to_owned())];
        let key = WebhookAuth::ApiKey { header: "X-Key".to_owned(), key: "k".to_owned() };
        let table = [
            (WebhookAuth::None, Vec::new()),
            (
                WebhookAuth::Basic("ada:pass:word".to_owned()),
                pair("authorization", "Basic YWRhOnBhc3M6d29yZA=="),
            ),
            (WebhookAuth::Bearer("t".to_owned()), pair("authorization", "Bearer t")),
            (key, pair("x-key", "k")),
        ];
        for (auth, expected) in table {
            assert_eq!(headers(&auth), expected, "{auth:?}");
        }
        let names: Vec<String> = headers(&WebhookAuth::Signed("whsec_c2VjcmV0".to_owned()))
            .into_iter()
            .map(|(name, _)| name)
            .collect();
        assert_eq!(names, ["webhook-id", "webhook-timestamp", "webhook-signature"]);
    }

    #[test]
    fn what_cannot_be_used_is_refused_and_no_secret_is_told() {
        let given = |scheme, secret: Option<&str>, header| {
            let auth = WebhookAuth::read(scheme, secret, header)?;
            assert!(!format!("{auth:?}").contains("hush"));
            Credentials::of(&auth).map(|made| made.scheme)
        };
        assert_eq!(given("api-key", Some("hush"), "x-key").unwrap(), "api-key");
        for (scheme, secret, header, expected) in [
            ("signed", Some("hush!"), "", "the secret is no base64 text behind `whsec_`"),
            ("basic", Some("hush"), "", "Basic credentials are written user:password"),
            ("bearer", None, "", "bearer needs a secret"),
            ("bearer", Some("hu\nsh"), "", "the secret holds characters that a header cannot carry"),
            ("api-key", Some("hush"), "a b", "`a b` is no name of a header"),
            ("oauth", None, "", "the scheme is one of none, signed, basic, bearer, api-key, not `oauth`"),
        ] {
            assert_eq!(given(scheme, secret, header).unwrap_err().to_string(), expected);
        }
    }
}
