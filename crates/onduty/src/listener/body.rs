//! Reading a JSON body that a stranger sends: its type, its length, its pace.

use std::time::Duration;

use axum::BoxError;
use axum::body::Body;
use axum::http::{HeaderMap, StatusCode, header};
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use tokio::time::timeout;

use super::Crowded;

/// Why a body is not taken.
#[derive(Clone, Copy, Debug, thiserror::Error)]
pub enum BodyError {
    /// Not JSON by its own word.
    #[error("send JSON in UTF-8, uncompressed: application/json or a media type that ends in +json")]
    MediaType,
    /// Longer than is taken.
    #[error("at most {limit} bytes are taken")]
    TooLarge {
        /// In bytes.
        limit: usize,
    },
    /// The sender took too long.
    #[error("the body did not arrive in time")]
    TooSlow,
    /// The connection broke.
    #[error("the body ended before its end")]
    Broken,
    /// More is being sent to this listener than it can hold.
    #[error(transparent)]
    Crowded(#[from] Crowded),
}

impl BodyError {
    /// What HTTP calls it.
    pub const fn status(self) -> StatusCode {
        match self {
            Self::MediaType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::TooLarge { .. } => StatusCode::PAYLOAD_TOO_LARGE,
            Self::TooSlow => StatusCode::REQUEST_TIMEOUT,
            Self::Broken => StatusCode::BAD_REQUEST,
            Self::Crowded(_) => StatusCode::SERVICE_UNAVAILABLE,
        }
    }
}

/// Refuses by the head alone what cannot be taken.
///
/// # Errors
///
/// [`BodyError::MediaType`] or [`BodyError::TooLarge`].
pub fn check_head(headers: &HeaderMap, limit: usize) -> Result<(), BodyError> {
    let text = |name| headers.get(name).map(|value| value.to_str().unwrap_or(""));
    let encoded =
        text(header::CONTENT_ENCODING).is_some_and(|encoding| !encoding.eq_ignore_ascii_case("identity"));
    // Without a word about its type, a body is taken for what is taken here.
    if encoded || !text(header::CONTENT_TYPE).is_none_or(is_json) {
        return Err(BodyError::MediaType);
    }
    let length = text(header::CONTENT_LENGTH).and_then(|length| length.parse::<usize>().ok());
    if length.is_some_and(|length| length > limit) {
        return Err(BodyError::TooLarge { limit });
    }
    Ok(())
}

/// Reads a body up to a limit of bytes and time.
///
/// # Errors
///
/// All of [`BodyError`] but its type, which the head tells.
pub async fn read(mut body: Body, limit: usize, time: Duration) -> Result<Vec<u8>, BodyError> {
    match timeout(time, join(Limited::new(&mut body, limit))).await {
        Ok(Ok(bytes)) => Ok(bytes),
        Ok(Err(error)) if error.is::<LengthLimitError>() => {
            drain(body, time).await;
            Err(BodyError::TooLarge { limit })
        }
        Ok(Err(error)) if Crowded::is_cause_of(&*error) => Err(BodyError::Crowded(Crowded)),
        Ok(Err(_)) => Err(BodyError::Broken),
        Err(_) => Err(BodyError::TooSlow),
    }
}

/// Copies every piece as it comes. To collect the pieces instead would keep a handle for each, and the whole buffer
/// that it was read into; a sender of single bytes would make that thousands of times what it sent.
async fn join(mut body: Limited<&mut Body>) -> Result<Vec<u8>, BoxError> {
    let mut bytes = Vec::new();
    while let Some(frame) = body.frame().await {
        if let Some(piece) = frame?.data_ref() {
            bytes.extend_from_slice(piece);
        }
    }
    Ok(bytes)
}

/// Lets a sender whose head was refused finish its body. Many look for an answer only then; if the connection ends
/// before, they never see why.
pub async fn discard(headers: &HeaderMap, body: Body, time: Duration) {
    // Whoever asks first whether to send a body sends none when it is refused.
    if !headers.contains_key(header::EXPECT) {
        drain(body, time).await;
    }
}

/// Longer bodies are not waited for.
const DRAINED_BYTES_MAX: usize = 16 * 1_048_576;

async fn drain(body: Body, time: Duration) {
    let mut body = Limited::new(body, DRAINED_BYTES_MAX);
    let ended = async { while let Some(Ok(_)) = body.frame().await {} };
    // However it ends, the answer is the same.
    let _ = timeout(time, ended).await;
}

/// `application/json`, or any type that says it is JSON by its suffix, in UTF-8.
fn is_json(media_type: &str) -> bool {
    let mut parts = media_type.split(';').map(str::trim);
    let essence = parts.next().unwrap_or("").to_ascii_lowercase();
    let json =
        essence == "application/json" || (essence.starts_with("application/") && essence.ends_with("+json"));
    let utf8 = |part: &str| match part.split_once('=') {
        Some((name, value)) if name.trim().eq_ignore_ascii_case("charset") => {
            value.trim().trim_matches('"').eq_ignore_ascii_case("utf-8")
        }
        Some(_) | None => true,
    };
    json && parts.all(utf8)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_in_utf8_is_taken_and_nothing_else() {
        let table = [
            ("application/json", true),
            ("Application/JSON; charset=UTF-8", true),
            ("application/json; charset=\"utf-8\"; x=y", true),
            ("application/cloudevents+json", true),
            ("application/cloudevents-batch+json; charset=utf-8", true),
            ("application/json; charset=latin-1", false),
            ("application/x-www-form-urlencoded", false),
            ("text/plain", false),
            ("text/json+json", false),
            ("", false),
        ];
        for (media_type, expected) in table {
            assert_eq!(is_json(media_type), expected, "{media_type}");
        }
    }
}
