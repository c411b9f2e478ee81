//! `POST /oauth/token`: local clients sign in as they would on the platform. Client credentials only, in the header
//! or in the form. Errors have the shape of the platform's token endpoint (RFC 6749, and its `description`).

use axum::Json;
use axum::extract::{Request, State};
use axum::response::{IntoResponse as _, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use serde_json::json;

use super::Shared;
use super::door::{SignInError, TOKEN_LIFE};
use crate::api::rest::query::Query;
use crate::listener::body;

/// The longest form taken.
const FORM_BYTES_MAX: usize = 16_384;
/// What is promised is a little less than the life: clients count from when the answer arrives.
const PROMISE_LESS_S: u64 = 1;

/// Why there is no token.
struct NoToken {
    status: StatusCode,
    error: &'static str,
    description: String,
}

pub(super) async fn post(State(compat): Shared, request: Request) -> Response {
    let (head, body) = request.into_parts();
    let read = body::read(body, FORM_BYTES_MAX, compat.longest).await;
    let signed_in =
        read.map_err(|error| NoToken::invalid_request(error.status(), &error.to_string())).and_then(|form| {
            let (id, secret) = credentials(&head.headers, &form)?;
            Ok(compat.door.sign_in(&id, &secret, compat.clock.now())?)
        });
    let mut response = match signed_in {
        Ok(token) => {
            let expires_in = TOKEN_LIFE.as_secs() - PROMISE_LESS_S;
            let token = token.expose();
            Json(json!({"access_token": token, "token_type": "bearer", "expires_in": expires_in}))
                .into_response()
        }
        Err(no_token) => no_token.into_response(),
    };
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// Id and secret, if the form asks for a token by client credentials.
fn credentials(headers: &HeaderMap, form: &[u8]) -> Result<(String, String), NoToken> {
    let malformed = || NoToken::invalid_request(StatusCode::BAD_REQUEST, "the form can't be read");
    let form =
        Query::read(Some(std::str::from_utf8(form).map_err(|_| malformed())?)).map_err(|_| malformed())?;
    let value = |name| form.all(name).next();
    let missing = || NoToken::invalid_client("client credentials are missing");
    let named = match headers.get(header::AUTHORIZATION) {
        Some(authorization) => basic(authorization).ok_or_else(missing)?,
        None => {
            let both = value("client_id").zip(value("client_secret"));
            both.map(|(id, secret)| (id.to_owned(), secret.to_owned())).ok_or_else(missing)?
        }
    };
    match value("grant_type") {
        Some("client_credentials") => Ok(named),
        Some(_) => {
            let description = "only client_credentials is served here".to_owned();
            Err(NoToken { status: StatusCode::BAD_REQUEST, error: "unsupported_grant_type", description })
        }
        None => Err(NoToken::invalid_request(StatusCode::BAD_REQUEST, "grant_type is missing")),
    }
}

/// Id and secret from HTTP Basic. As the platform's SDKs send them: not escaped.
fn basic(authorization: &HeaderValue) -> Option<(String, String)> {
    let (scheme, encoded) = authorization.to_str().ok()?.split_once(' ')?;
    let decoded = scheme.eq_ignore_ascii_case("basic").then(|| STANDARD.decode(encoded.trim()).ok())??;
    let decoded = String::from_utf8(decoded).ok()?;
    decoded.split_once(':').map(|(id, secret)| (id.to_owned(), secret.to_owned()))
}

impl NoToken {
    fn invalid_request(status: StatusCode, description: &str) -> Self {
        Self { status, error: "invalid_request", description: description.to_owned() }
    }

    fn invalid_client(description: &str) -> Self {
        let status = StatusCode::BAD_REQUEST;
        Self { status, error: "invalid_client", description: description.to_owned() }
    }

    fn into_response(self) -> Response {
        let Self { status, error, description } = self;
        let body = json!({"error": error, "description": description, "error_description": description});
        (status, Json(body)).into_response()
    }
}

impl From<SignInError> for NoToken {
    /// In the platform's words, by which clients tell one from the other.
    fn from(error: SignInError) -> Self {
        match error {
            SignInError::UnknownClient => Self::invalid_client("client not found"),
            SignInError::WrongSecret => {
                Self { status: StatusCode::UNAUTHORIZED, ..Self::invalid_client("authentication failed") }
            }
        }
    }
}
