//! What surrounds every answer: the id by which it can be asked about, an end to waiting, and the door.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use http::{HeaderName, HeaderValue};
use tokio::time::timeout;

use super::Compat;
use super::refusal::Refusal;

/// The platform's header for the id of a request; errors repeat it as `contextId`.
const CORRELATION_ID: HeaderName = HeaderName::from_static("inin-correlation-id");

/// Gives every answer its correlation id, writes refusals out, and lets no request take longer than it may. Look-ups
/// end before that, and say why there is no answer.
pub(in crate::api) async fn seal(
    State(compat): State<Arc<Compat>>,
    request: Request,
    next: Next,
) -> Response {
    let correlation_id = correlation_id(rand::random());
    let answered = timeout(compat.longest, next.run(request)).await;
    let mut response = answered.unwrap_or_else(|_| Refusal::out_of_time().into_response());
    if let Some(refusal) = response.extensions_mut().remove::<Refusal>() {
        tracing::debug!(correlation_id, status = %response.status(), "refused on the platform's paths");
        response = refusal.write(&correlation_id);
    }
    if let Ok(id) = HeaderValue::try_from(correlation_id) {
        response.headers_mut().insert(CORRELATION_ID, id);
    }
    response
}

/// Lets nobody pass whom the door does not know, and tells who it is.
pub(in crate::api) async fn guard(
    State(compat): State<Arc<Compat>>,
    mut request: Request,
    next: Next,
) -> Response {
    match compat.door.admit(request.headers(), compat.clock.now()) {
        Ok(visitor) => {
            request.extensions_mut().insert(visitor);
            next.run(request).await
        }
        Err(refusal) => refusal.into_response(),
    }
}

/// A random UUID (version 4).
fn correlation_id(random: u128) -> String {
    let bits = random & !(0xf << 76) & !(0x3 << 62) | 0x4 << 76 | 0x2 << 62;
    let hex = format!("{bits:032x}");
    let part = |from: usize, to: usize| hex.get(from..to).unwrap_or_default();
    [part(0, 8), part(8, 12), part(12, 16), part(16, 20), part(20, 32)].join("-")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_correlation_id_is_a_uuid_of_version_4() {
        assert_eq!(correlation_id(0), "00000000-0000-4000-8000-000000000000");
        assert_eq!(correlation_id(u128::MAX), "ffffffff-ffff-4fff-bfff-ffffffffffff");
    }
}
