//! What a sender is told (RFC 9457). Never more of the body than the member at fault, never a secret.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use crate::inlet::InletError;
use crate::listener::body::BodyError;
use crate::platform::genesys::decode::Malformed;
use crate::status::Unproven;

/// Why a webhook was not taken.
#[derive(Debug)]
pub(super) enum Problem {
    /// Not a path of the ingress.
    Path,
    /// Not a `POST`.
    Method,
    /// Not authentic, or outside of the replay window; why.
    NotAuthentic {
        /// How it failed to be.
        unproven: Unproven,
        /// In words that help its author and nobody else.
        detail: &'static str,
        /// The ways in which senders prove who they are here.
        challenge: String,
    },
    /// Its body is not to be had.
    Body(BodyError),
    /// Malformed.
    Malformed(Malformed),
    /// It cannot be taken now.
    Busy(InletError),
}

/// The members of `application/problem+json`.
#[derive(Serialize)]
struct Body {
    r#type: &'static str,
    title: &'static str,
    status: u16,
    detail: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    member: Option<String>,
}

impl Problem {
    /// The name used in meters.
    pub(super) const fn outcome(&self) -> &'static str {
        match self {
            Self::Path => "no_such_path",
            Self::Method => "method_not_allowed",
            Self::NotAuthentic { .. } => "not_authentic",
            Self::Body(BodyError::MediaType) => "unsupported_media_type",
            Self::Body(BodyError::TooLarge { .. }) => "too_large",
            Self::Body(BodyError::TooSlow) => "too_slow",
            Self::Body(BodyError::Broken) => "broken",
            Self::Body(BodyError::Crowded(_)) => "crowded",
            Self::Malformed(_) => "malformed",
            Self::Busy(_) => "busy",
        }
    }

    const fn status(&self) -> StatusCode {
        match self {
            Self::Path => StatusCode::NOT_FOUND,
            Self::Method => StatusCode::METHOD_NOT_ALLOWED,
            Self::NotAuthentic { .. } => StatusCode::UNAUTHORIZED,
            Self::Body(error) => error.status(),
            Self::Malformed(_) => StatusCode::BAD_REQUEST,
            Self::Busy(_) => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    const fn title(&self) -> &'static str {
        match self {
            Self::Path => "no such path",
            Self::Method => "method not allowed",
            Self::NotAuthentic { .. } => "not authentic",
            Self::Body(BodyError::MediaType) => "unsupported media type",
            Self::Body(BodyError::TooLarge { .. }) => "body too large",
            Self::Body(BodyError::TooSlow) => "body too slow",
            Self::Body(BodyError::Broken) => "body incomplete",
            Self::Malformed(_) => "malformed body",
            Self::Body(BodyError::Crowded(_)) | Self::Busy(_) => "cannot be taken now",
        }
    }

    fn detail(&self) -> String {
        match self {
            Self::Path => "webhooks are taken at /webhooks/genesys".to_owned(),
            Self::Method => "webhooks are taken by POST".to_owned(),
            Self::NotAuthentic { detail, .. } => (*detail).to_owned(),
            Self::Body(error @ BodyError::TooLarge { .. }) => format!("{error}; send fewer events at once"),
            Self::Body(error) => error.to_string(),
            Self::Malformed(malformed) => malformed.to_string(),
            Self::Busy(error) => error.to_string(),
        }
    }

    /// Headers that say how to go on.
    fn header(&self) -> Option<(header::HeaderName, HeaderValue)> {
        match self {
            Self::Method => Some((header::ALLOW, HeaderValue::from_static("POST"))),
            Self::NotAuthentic { challenge, .. } => {
                Some((header::WWW_AUTHENTICATE, HeaderValue::from_str(challenge).ok()?))
            }
            Self::Body(BodyError::Crowded(_)) | Self::Busy(InletError::Full) => {
                Some((header::RETRY_AFTER, HeaderValue::from_static("1")))
            }
            Self::Busy(InletError::Closed | InletError::Late(_) | InletError::NotDurable(_)) => {
                Some((header::RETRY_AFTER, HeaderValue::from_static("5")))
            }
            Self::Path | Self::Body(_) | Self::Malformed(_) => None,
        }
    }
}

impl From<BodyError> for Problem {
    fn from(error: BodyError) -> Self {
        Self::Body(error)
    }
}

impl From<Malformed> for Problem {
    fn from(malformed: Malformed) -> Self {
        Self::Malformed(malformed)
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = self.status();
        let member = match &self {
            Self::Malformed(malformed) => Some(malformed.member().to_owned()),
            _ => None,
        };
        let body = Body {
            r#type: "about:blank",
            title: self.title(),
            status: status.as_u16(),
            detail: self.detail(),
            member,
        };
        let mut response = (status, axum::Json(body)).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        headers.extend(self.header());
        response
    }
}
