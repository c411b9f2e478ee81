//! How a miss is called on each wire: one table from reason to gRPC code and HTTP status, and the JSON problem
//! (RFC 9457) that HTTP callers get.

use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use onduty_core::finding::Reason;
use serde::Serialize;
use tonic::Code;

/// What a reason is called on each wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Codes {
    /// In gRPC.
    pub grpc: Code,
    /// In HTTP.
    pub http: StatusCode,
}

/// The codes of a reason.
pub const fn codes(reason: Reason) -> Codes {
    let (grpc, http) = match reason {
        Reason::IdMalformed | Reason::WrongIdKind => (Code::InvalidArgument, StatusCode::BAD_REQUEST),
        Reason::ScopeMissing
        | Reason::PermissionMissing
        | Reason::PermissionPending
        | Reason::PolicyDenied
        | Reason::DivisionNotVisible => (Code::PermissionDenied, StatusCode::FORBIDDEN),
        Reason::AgentUnknown | Reason::AgentInactive | Reason::NotLoggedIn => {
            (Code::NotFound, StatusCode::NOT_FOUND)
        }
        Reason::AgentDeleted => (Code::NotFound, StatusCode::GONE),
        Reason::WrongRegion => (Code::FailedPrecondition, StatusCode::MISDIRECTED_REQUEST),
        Reason::NameUnknown => (Code::FailedPrecondition, StatusCode::FAILED_DEPENDENCY),
        Reason::CredentialsRejected | Reason::StateWithheld => {
            (Code::FailedPrecondition, StatusCode::BAD_GATEWAY)
        }
        Reason::StateStale | Reason::PlatformCacheStale => (Code::FailedPrecondition, StatusCode::CONFLICT),
        Reason::NotYetSynced | Reason::PlatformUnavailable | Reason::SourceSilent | Reason::StoreFailing => {
            (Code::Unavailable, StatusCode::SERVICE_UNAVAILABLE)
        }
        Reason::RateLimited => (Code::ResourceExhausted, StatusCode::TOO_MANY_REQUESTS),
        Reason::ClockSkewed | Reason::ConfigurationInvalid => {
            (Code::FailedPrecondition, StatusCode::INTERNAL_SERVER_ERROR)
        }
        Reason::Undetermined => (Code::Internal, StatusCode::BAD_GATEWAY),
    };
    Codes { grpc, http }
}

/// A problem that is no finding: the request itself is at fault.
#[derive(Debug, Serialize)]
struct Problem<'a> {
    #[serde(rename = "type")]
    kind: &'a str,
    title: &'a str,
    status: u16,
    detail: &'a str,
}

/// A JSON problem without a page of its own.
pub fn problem(status: StatusCode, detail: &str) -> Response {
    let title = status.canonical_reason().unwrap_or("error");
    let problem = Problem { kind: "about:blank", title, status: status.as_u16(), detail };
    let mut response = (status, axum::Json(problem)).into_response();
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_the_contract_s() {
        use Code::*;
        let table = [
            ("ID_MALFORMED", InvalidArgument, 400),
            ("CREDENTIALS_REJECTED", FailedPrecondition, 502),
            ("WRONG_REGION", FailedPrecondition, 421),
            ("PLATFORM_UNAVAILABLE", Unavailable, 503),
            ("RATE_LIMITED", ResourceExhausted, 429),
            ("NOT_YET_SYNCED", Unavailable, 503),
            ("STATE_STALE", FailedPrecondition, 409),
            ("NAME_UNKNOWN", FailedPrecondition, 424),
            ("SCOPE_MISSING", PermissionDenied, 403),
            ("PERMISSION_MISSING", PermissionDenied, 403),
            ("PERMISSION_PENDING", PermissionDenied, 403),
            ("POLICY_DENIED", PermissionDenied, 403),
            ("WRONG_ID_KIND", InvalidArgument, 400),
            ("AGENT_UNKNOWN", NotFound, 404),
            ("AGENT_DELETED", NotFound, 410),
            ("AGENT_INACTIVE", NotFound, 404),
            ("DIVISION_NOT_VISIBLE", PermissionDenied, 403),
            ("PLATFORM_CACHE_STALE", FailedPrecondition, 409),
            ("NOT_LOGGED_IN", NotFound, 404),
            ("STATE_WITHHELD", FailedPrecondition, 502),
            ("CLOCK_SKEWED", FailedPrecondition, 500),
            ("SOURCE_SILENT", Unavailable, 503),
            ("STORE_FAILING", Unavailable, 503),
            ("CONFIGURATION_INVALID", FailedPrecondition, 500),
            ("UNDETERMINED", Internal, 502),
        ];
        let ours: Vec<_> = Reason::ALL
            .iter()
            .map(|reason| (reason.name(), codes(*reason).grpc, codes(*reason).http.as_u16()))
            .collect();
        assert_eq!(ours, table);
    }
}
