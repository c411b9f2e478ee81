//! What comes to the path of a gRPC method and cannot be taken. A browser, a probe, a client of another protocol is
//! told so in its own terms; a gRPC client, why its message could not be received.

use axum::response::Response;
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use http_body_util::BodyExt as _;
use tonic::body::Body;
use tonic::{Code, Status};

use super::status;
use crate::api::problem::problem;
use crate::listener::{CROWDED_WAIT, Crowded};

/// Whether a request says that it is a gRPC call.
pub(in crate::api) fn is_grpc(headers: &HeaderMap) -> bool {
    let content_type = headers.get(header::CONTENT_TYPE);
    content_type.is_some_and(|value| value.as_bytes().starts_with(b"application/grpc"))
}

/// The answer to a request that cannot be a call.
pub(super) fn refusal<B>(request: &http::Request<B>) -> Option<Response> {
    if request.method() != Method::POST {
        let mut refused = problem(StatusCode::METHOD_NOT_ALLOWED, "gRPC methods are called by POST");
        refused.headers_mut().insert(header::ALLOW, HeaderValue::from_static("POST"));
        return Some(refused);
    }
    if !is_grpc(request.headers()) {
        let detail = "this is a gRPC method: send application/grpc";
        return Some(problem(StatusCode::UNSUPPORTED_MEDIA_TYPE, detail));
    }
    None
}

/// The body of a call. What goes wrong with it becomes the status of the call.
pub(super) fn received(body: Body) -> Body {
    Body::new(body.map_err(|error| if Crowded::is_cause_of(&error) { crowded() } else { error }))
}

fn crowded() -> Status {
    let message = Crowded.to_string();
    status::refused(Code::ResourceExhausted, "SERVER_CROWDED", &message, [], Some(CROWDED_WAIT))
}
