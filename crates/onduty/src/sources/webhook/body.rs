//! Reading a body that a stranger sends: its type, its length, its pace.

use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, header};
use http_body_util::{BodyExt, Limited};
use tokio::time::timeout;

use super::problem::Problem;

/// Refuses by the head alone what cannot be taken.
pub(super) fn check_head(headers: &HeaderMap, limit: usize) -> Result<(), Problem> {
    let text = |name| headers.get(name).map(|value| value.to_str().unwrap_or(""));
    let encoded =
        text(header::CONTENT_ENCODING).is_some_and(|encoding| !encoding.eq_ignore_ascii_case("identity"));
    // Without a word about its type, a body is taken for what is taken here.
    if encoded || !text(header::CONTENT_TYPE).is_none_or(is_json) {
        return Err(Problem::MediaType);
    }
    let length = text(header::CONTENT_LENGTH).and_then(|length| length.parse::<usize>().ok());
    if length.is_some_and(|length| length > limit) {
        return Err(Problem::TooLarge { limit });
    }
    Ok(())
}

/// Reads a body up to a limit of bytes and time.
pub(super) async fn read(body: Body, limit: usize, time: Duration) -> Result<Bytes, Problem> {
    match timeout(time, Limited::new(body, limit).collect()).await {
        Ok(Ok(body)) => Ok(body.to_bytes()),
        Ok(Err(error)) if error.is::<http_body_util::LengthLimitError>() => Err(Problem::TooLarge { limit }),
        Ok(Err(_)) => Err(Problem::Broken),
        Err(_) => Err(Problem::TooSlow),
    }
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
