//! How a miss is called on each wire: one table from reason to gRPC code and HTTP status, and the JSON problem
//! (RFC 9457) that HTTP callers get.

use std::time::Duration;

use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use onduty_core::finding::{Finding, Reason};
use serde_json::{Map, Value};
use tonic::Code;

use super::convert::to_finding;
use super::violation::Violation;
use crate::listener::CROWDED_WAIT;
use crate::listener::body::BodyError;
use crate::proto_json;

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
        | Reason::TopicRejected
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
        Reason::NotYetSynced
        | Reason::PlatformUnavailable
        | Reason::SourceSilent
        | Reason::ChannelLost
        | Reason::StoreFailing => (Code::Unavailable, StatusCode::SERVICE_UNAVAILABLE),
        Reason::RateLimited => (Code::ResourceExhausted, StatusCode::TOO_MANY_REQUESTS),
        Reason::ClockSkewed | Reason::ConfigurationInvalid => {
            (Code::FailedPrecondition, StatusCode::INTERNAL_SERVER_ERROR)
        }
        Reason::Undetermined => (Code::Internal, StatusCode::BAD_GATEWAY),
    };
    Codes { grpc, http }
}

/// A JSON problem: why an HTTP request is not answered as asked.
#[derive(Debug)]
pub(super) struct Problem {
    status: StatusCode,
    members: Map<String, Value>,
    retry_after: Option<Duration>,
}

impl Problem {
    /// A problem without a page of its own: the request itself is at fault.
    pub(super) fn new(status: StatusCode, detail: &str) -> Self {
        Self::titled(status, "about:blank", status.canonical_reason().unwrap_or("error"), detail)
    }

    /// A miss: what is known of the finding, and its page.
    pub(super) fn of_finding(finding: &Finding) -> Self {
        let reason = finding.reason;
        let problem = Self::titled(codes(reason).http, &reason.help_url(), reason.name(), &finding.summary)
            .retry_after(finding.retry_after);
        match proto_json::finding(&to_finding(finding)) {
            Value::Object(members) => {
                Self { members: problem.members.into_iter().chain(members).collect(), ..problem }
            }
            _ => problem,
        }
    }

    /// Several agents, of whom some or all have no state to give: the status of the first of these, or 207 if there
    /// are states, too.
    pub(super) fn of_several(first: &Finding, others: &[&Finding], states: Vec<Value>) -> Self {
        let reason = first.reason;
        let status = if states.is_empty() { codes(reason).http } else { StatusCode::MULTI_STATUS };
        let missed = others.len() + 1;
        let asked = missed + states.len();
        let findings = || std::iter::once(first).chain(others.iter().copied());
        let detail = match asked {
            1 => first.summary.clone(),
            _ => format!("{missed} of {asked} agents have no state to give; the first: {}", first.summary),
        };
        let told = findings().map(|finding| proto_json::finding(&to_finding(finding))).collect();
        Self::titled(status, &reason.help_url(), reason.name(), &detail)
            .with("states", Value::Array(states))
            .with("findings", Value::Array(told))
            .retry_after(findings().filter_map(|finding| finding.retry_after).max())
    }

    /// A parameter at fault, by its name in the request.
    pub(super) fn of_parameter(name: &str, wrong: &str) -> Self {
        Self::new(StatusCode::BAD_REQUEST, &format!("{name}: {wrong}")).with("parameter", name)
    }

    /// The same with one member more.
    pub(super) fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.members.insert(name.to_owned(), value.into());
        self
    }

    /// The same, and when asking again may help.
    fn retry_after(self, wait: Option<Duration>) -> Self {
        Self { retry_after: wait, ..self }
    }

    /// The members alone, as JSON.
    pub(super) fn into_text(self) -> String {
        Value::Object(self.members).to_string()
    }

    fn titled(status: StatusCode, kind: &str, title: &str, detail: &str) -> Self {
        let members = Map::from_iter([
            ("type".to_owned(), kind.into()),
            ("title".to_owned(), title.into()),
            ("status".to_owned(), status.as_u16().into()),
            ("detail".to_owned(), detail.into()),
        ]);
        Self { status, members, retry_after: None }
    }
}

impl From<Violation> for Problem {
    /// Fields are called as they are in JSON.
    fn from(violation: Violation) -> Self {
        Self::of_parameter(&json_name(&violation.field), &violation.description)
    }
}

impl From<BodyError> for Problem {
    fn from(error: BodyError) -> Self {
        let wait = matches!(error, BodyError::Crowded(_)).then_some(CROWDED_WAIT);
        Self::new(error.status(), &error.to_string()).retry_after(wait)
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = (self.status, axum::Json(self.members)).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if let Some(wait) = self.retry_after {
            // Whole seconds, and never "at once": whoever came a moment too early would come again for nothing.
            let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
            headers.insert(header::RETRY_AFTER, seconds.max(1).into());
        }
        response
    }
}

/// A JSON problem without a page of its own.
pub(super) fn problem(status: StatusCode, detail: &str) -> Response {
    Problem::new(status, detail).into_response()
}

/// The name of a field in proto3 JSON.
fn json_name(field: &str) -> String {
    let mut words = field.split('_');
    let first = words.next().unwrap_or_default().to_owned();
    words.fold(first, |mut name, word| {
        let mut letters = word.chars();
        name.extend(letters.next().map(|letter| letter.to_ascii_uppercase()));
        name.push_str(letters.as_str());
        name
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_the_contract_s() {
        use Code::*;
        let table = [
            ("ID_MALFORMED", InvalidArgument, 400),
            ("PLATFORM_UNAVAILABLE", Unavailable, 503),
            ("CREDENTIALS_REJECTED", FailedPrecondition, 502),
            ("WRONG_REGION", FailedPrecondition, 421),
            ("RATE_LIMITED", ResourceExhausted, 429),
            ("NOT_YET_SYNCED", Unavailable, 503),
            ("STATE_STALE", FailedPrecondition, 409),
            ("NAME_UNKNOWN", FailedPrecondition, 424),
            ("SCOPE_MISSING", PermissionDenied, 403),
            ("PERMISSION_MISSING", PermissionDenied, 403),
            ("PERMISSION_PENDING", PermissionDenied, 403),
            ("WRONG_ID_KIND", InvalidArgument, 400),
            ("AGENT_UNKNOWN", NotFound, 404),
            ("DIVISION_NOT_VISIBLE", PermissionDenied, 403),
            ("AGENT_DELETED", NotFound, 410),
            ("AGENT_INACTIVE", NotFound, 404),
            ("POLICY_DENIED", PermissionDenied, 403),
            ("PLATFORM_CACHE_STALE", FailedPrecondition, 409),
            ("NOT_LOGGED_IN", NotFound, 404),
            ("STATE_WITHHELD", FailedPrecondition, 502),
            ("CLOCK_SKEWED", FailedPrecondition, 500),
            ("SOURCE_SILENT", Unavailable, 503),
            ("CHANNEL_LOST", Unavailable, 503),
            ("TOPIC_REJECTED", PermissionDenied, 403),
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

    #[test]
    fn fields_are_named_as_in_json() {
        let table = [
            ("agent_ids[3]", "agentIds[3]"),
            ("filter.routing_statuses[1]", "filter.routingStatuses[1]"),
            ("agentId", "agentId"),
            ("", ""),
        ];
        for (field, expected) in table {
            assert_eq!(json_name(field), expected);
        }
    }

    #[test]
    fn waiting_is_told_in_whole_seconds_and_never_as_none() {
        for (millis, expected) in [(0, "1"), (1, "1"), (1_000, "1"), (1_001, "2"), (60_000, "60")] {
            let wait = Duration::from_millis(millis);
            let response = Problem::new(StatusCode::CONFLICT, "x").retry_after(Some(wait)).into_response();
            assert_eq!(response.headers()[header::RETRY_AFTER], expected, "{millis} ms");
        }
    }
}
