//! Deadlines: a caller's (`grpc-timeout`) and the server's own, whichever is nearer. Read once, before a method is
//! called; what runs beyond it is dropped, and with it all its work. A stream has to begin in time; how long it may
//! run is its caller's business.

use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use http::{HeaderMap, Request, Response};
use tokio::time::{Instant, timeout_at};
use tonic::Status;
use tonic::body::Body;
use tonic::server::NamedService;
use tower::{Layer, Service};

use super::entrance::{received, refusal};
use crate::api::deadline::Deadline;
use crate::api::violation::Violation;

/// Gives every call its deadline.
#[derive(Clone, Copy, Debug)]
pub(super) struct Deadlines {
    longest: Duration,
}

/// A service whose calls have deadlines.
#[derive(Clone, Debug)]
pub(super) struct Timely<S> {
    inner: S,
    longest: Duration,
}

impl Deadline {
    /// The deadline of a call.
    pub(in crate::api::grpc) fn of<T>(request: &tonic::Request<T>) -> Option<Self> {
        request.extensions().get().copied()
    }
}

impl Deadlines {
    /// No unary call and no beginning of a stream takes longer than this.
    pub(super) const fn new(longest: Duration) -> Self {
        Self { longest }
    }
}

impl<S> Layer<S> for Deadlines {
    type Service = Timely<S>;

    fn layer(&self, inner: S) -> Timely<S> {
        Timely { inner, longest: self.longest }
    }
}

impl<S: NamedService> NamedService for Timely<S> {
    const NAME: &'static str = S::NAME;
}

impl<S> Service<Request<Body>> for Timely<S>
where
    S: Service<Request<Body>, Error = Infallible>,
    S::Response: axum::response::IntoResponse,
    S::Future: Send + 'static,
{
    type Response = axum::response::Response;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, mut request: Request<Body>) -> Self::Future {
        use axum::response::IntoResponse as _;
        if let Some(refused) = refusal(&request) {
            return Box::pin(async { Ok(refused) });
        }
        let caller = match caller_timeout(request.headers()) {
            Ok(caller) => caller,
            Err(violation) => {
                let refused = answered(violation.status());
                return Box::pin(async { Ok(refused.into_response()) });
            }
        };
        let (deadline, end) = Deadline::after(Instant::now(), caller, self.longest);
        request.extensions_mut().insert(deadline);
        let call = self.inner.call(request.map(received));
        Box::pin(async move {
            match timeout_at(end, call).await {
                Ok(response) => response.map(axum::response::IntoResponse::into_response),
                Err(_) => {
                    Ok(answered(Status::deadline_exceeded("the call took longer than it may"))
                        .into_response())
                }
            }
        })
    }
}

fn answered(status: Status) -> Response<Body> {
    status.into_http()
}

/// Reads `grpc-timeout`: at most eight digits and a unit, as the gRPC protocol over HTTP/2 defines it.
fn caller_timeout(headers: &HeaderMap) -> Result<Option<Duration>, Violation> {
    let Some(value) = headers.get("grpc-timeout") else { return Ok(None) };
    value.to_str().ok().and_then(parse_timeout).map(Some).ok_or_else(|| {
        Violation::new("grpc-timeout", "is not a timeout: up to eight digits and one of H, M, S, m, u, n")
    })
}

fn parse_timeout(text: &str) -> Option<Duration> {
    let (digits, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    if !(1..=8).contains(&digits.len()) || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let count: u64 = digits.parse().ok()?;
    match unit {
        "H" => Some(Duration::from_secs(count * 3_600)),
        "M" => Some(Duration::from_secs(count * 60)),
        "S" => Some(Duration::from_secs(count)),
        "m" => Some(Duration::from_millis(count)),
        "u" => Some(Duration::from_micros(count)),
        "n" => Some(Duration::from_nanos(count)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timeouts_are_read_as_the_protocol_writes_them() {
        let table = [
            ("99999999H", Some(Duration::from_secs(99_999_999 * 3_600))),
            ("2M", Some(Duration::from_secs(120))),
            ("3S", Some(Duration::from_secs(3))),
            ("250m", Some(Duration::from_millis(250))),
            ("0u", Some(Duration::ZERO)),
            ("7n", Some(Duration::from_nanos(7))),
            ("", None),
            ("S", None),
            ("100000000S", None),
            ("+1S", None),
            ("1.5S", None),
            ("1s", None),
            ("1€", None),
        ];
        for (text, expected) in table {
            assert_eq!(parse_timeout(text), expected, "{text}");
        }
    }
}
