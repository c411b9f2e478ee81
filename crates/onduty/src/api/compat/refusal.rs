//! Errors in the platform's shape (model `ErrorBody`), each with our finding where a miss is behind it. Clients of
//! the platform decide by status and `code`; what they pass over, `finding` or `findings`, says why.
//!
//! | reason | status | code |
//! | --- | --- | --- |
//! | no such user: unknown, inactive, deleted, not logged in, the id of something else | 404 | the endpoint's own |
//! | `ID_MALFORMED` | 400 | `general.bad.request` |
//! | rights | 403 | as the platform words each |
//! | `RATE_LIMITED` | 429 | `too.many.requests.retry.after`, with `Retry-After` |
//! | all others | as everywhere in onduty | the status's |

use std::time::Duration;

use axum::Json;
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use onduty_core::finding::{Finding, Reason};
use serde_json::{Map, Value, json};

use super::SERVED;
use crate::api::convert::to_finding;
use crate::api::freshness::Freshness;
use crate::api::problem::codes;
use crate::api::rest::query::Unreadable;
use crate::proto_json;

/// What the platform says at one path of a user that it does not know.
#[derive(Clone, Copy, Debug)]
pub(super) struct Nobody {
    /// Its code.
    pub(super) code: &'static str,
    /// Its words.
    pub(super) message: &'static str,
}

/// A request that is not answered as asked. [`super::seal`] writes it out: it alone knows the correlation id.
#[derive(Clone, Debug)]
pub(super) struct Refusal {
    status: StatusCode,
    code: &'static str,
    message: String,
    /// What the body says besides.
    members: Map<String, Value>,
    retry_after: Option<Duration>,
    /// How fresh the states are that it has.
    fresh: Option<Box<Freshness>>,
}

/// How much of a refused value an error repeats, in characters.
const SHOWN_MAX: usize = 100;

impl Refusal {
    /// A refusal without a finding.
    pub(super) fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        let members = Map::from_iter([("details".to_owned(), json!([])), ("errors".to_owned(), json!([]))]);
        Self { status, code, message: message.into(), members, retry_after: None, fresh: None }
    }

    /// Nothing is served at this path, or not by this method.
    pub(super) fn not_served(path: &str) -> Self {
        let message = format!(
            "The requested resource was not found: onduty answers the platform's read paths from its local copy, and \
             {} is none of those that it serves. Served are {SERVED}",
            cut(path)
        );
        Self::new(StatusCode::NOT_FOUND, "not.found", message)
    }

    /// A parameter whose value is not taken.
    pub(super) fn parameter(name: &'static str, value: &str, allowed: &str) -> Self {
        let value = cut(value);
        let message =
            format!("Value [{value}] is not valid for parameter [{name}]. Allowable values are: {allowed}");
        let params = json!({"value": value, "parameter": name, "allowed": allowed});
        Self::new(StatusCode::BAD_REQUEST, "invalid.query.param.value", message).with("messageParams", params)
    }

    /// No token, where one is needed.
    pub(super) fn no_token() -> Self {
        let message = "No authentication bearer token specified in authorization header.";
        Self::new(StatusCode::UNAUTHORIZED, "authentication.required", message)
    }

    /// A token that was not given out here, or has expired, or whose client is no longer configured.
    pub(super) fn bad_token() -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "bad.credentials", "Invalid login credentials.")
    }

    /// The answer took longer than it may.
    pub(super) fn out_of_time() -> Self {
        Self::new(StatusCode::GATEWAY_TIMEOUT, "request.timeout", "The request timed out.")
    }

    /// A miss.
    pub(super) fn of(finding: &Finding, nobody: Nobody) -> Self {
        Self::because(finding, nobody).with("finding", told(finding))
    }

    /// Several misses, at least one; the first decides.
    pub(super) fn of_several(findings: &[&Finding], nobody: Nobody) -> Option<Self> {
        let refusal = Self::because(findings.first()?, nobody);
        let waits = findings.iter().filter_map(|finding| finding.retry_after);
        let retry_after = waits.max().or(refusal.retry_after);
        let details = findings.iter().map(|finding| detail(finding)).collect();
        Some(Self { retry_after, ..refusal }.with("details", details).with("findings", all_told(findings)))
    }

    /// The same with one member more.
    pub(super) fn with(mut self, name: &str, value: Value) -> Self {
        self.members.insert(name.to_owned(), value);
        self
    }

    /// The same, and how fresh the states are that it has.
    pub(super) fn with_freshness(self, fresh: Freshness) -> Self {
        Self { fresh: Some(Box::new(fresh)), ..self }
    }

    fn because(finding: &Finding, nobody: Nobody) -> Self {
        let (status, code) = status_and_code(finding.reason, nobody);
        let wait = seconds(finding.retry_after.unwrap_or_default());
        let message = match status {
            StatusCode::NOT_FOUND => format!("{}: {}", nobody.message, finding.summary),
            StatusCode::TOO_MANY_REQUESTS => {
                format!("Rate limit exceeded the maximum. Retry the request in [{wait}] seconds")
            }
            _ => finding.summary.clone(),
        };
        let retry_after = match status {
            // The platform always says how long.
            StatusCode::TOO_MANY_REQUESTS => Some(Duration::from_secs(wait)),
            _ => finding.retry_after,
        };
        let details = json!([detail(finding)]);
        Self { retry_after, ..Self::new(status, code, message) }.with("details", details)
    }

    /// The answer, under the id by which it can be asked about.
    pub(super) fn write(self, correlation_id: &str) -> Response {
        let Self { status, code, message, members, retry_after, fresh } = self;
        let mut body = Map::from_iter([
            ("message".to_owned(), message.into()),
            ("code".to_owned(), code.into()),
            ("status".to_owned(), status.as_u16().into()),
            ("contextId".to_owned(), correlation_id.into()),
        ]);
        body.extend(members);
        let mut response = (status, Json(body)).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"onduty\""));
        }
        headers.extend(retry_after.map(|wait| (header::RETRY_AFTER, seconds(wait).into())));
        match fresh {
            Some(fresh) => fresh.stamp(response),
            None => response,
        }
    }
}

impl From<Unreadable> for Refusal {
    fn from(unreadable: Unreadable) -> Self {
        let message = format!(
            "The request could not be understood by the server due to malformed syntax. {} {}",
            unreadable.parameter(),
            unreadable.wrong()
        );
        Self::new(StatusCode::BAD_REQUEST, "bad.request", message)
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let mut response = self.status.into_response();
        response.extensions_mut().insert(self);
        response
    }
}

/// A finding as JSON.
pub(super) fn told(finding: &Finding) -> Value {
    proto_json::finding(&to_finding(finding))
}

/// Findings as JSON, in order.
pub(super) fn all_told(findings: &[&Finding]) -> Value {
    findings.iter().map(|finding| told(finding)).collect()
}

fn detail(finding: &Finding) -> Value {
    json!({"errorCode": finding.reason.name(), "fieldName": "userId", "entityId": finding.asked})
}

/// How the platform words a miss. Somebody whom it would not find is not found here either, whatever the reason; the
/// finding tells one from another.
fn status_and_code(reason: Reason, nobody: Nobody) -> (StatusCode, &'static str) {
    let status = match reason {
        Reason::AgentDeleted | Reason::WrongIdKind => StatusCode::NOT_FOUND,
        _ => codes(reason).http,
    };
    let code = match reason {
        Reason::ScopeMissing => "app.not.authorized.for.scope",
        Reason::PermissionMissing | Reason::PermissionPending => "missing.any.permissions",
        Reason::DivisionNotVisible => "missing.any.division.permissions",
        Reason::PolicyDenied => "authz.policy.denied",
        _ => match status {
            StatusCode::NOT_FOUND => nobody.code,
            StatusCode::BAD_REQUEST => "general.bad.request",
            StatusCode::FORBIDDEN => "not.authorized",
            StatusCode::CONFLICT => "request.conflict",
            StatusCode::TOO_MANY_REQUESTS => "too.many.requests.retry.after",
            StatusCode::SERVICE_UNAVAILABLE => "service.unavailable",
            StatusCode::BAD_GATEWAY => "bad.gateway",
            StatusCode::MISDIRECTED_REQUEST => "misdirected.request",
            StatusCode::FAILED_DEPENDENCY => "failed.dependency",
            _ => "internal.server.error",
        },
    };
    (status, code)
}

/// Whole seconds, and never "at once".
fn seconds(wait: Duration) -> u64 {
    (wait.as_secs() + u64::from(wait.subsec_nanos() > 0)).max(1)
}

fn cut(text: &str) -> String {
    text.chars().take(SHOWN_MAX).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOBODY: Nobody = Nobody { code: "general.resource.not.found", message: "no" };

    #[test]
    fn every_reason_has_a_status_and_a_code_of_the_platform_s() {
        let table = [
            ("ID_MALFORMED", 400, "general.bad.request"),
            ("PLATFORM_UNAVAILABLE", 503, "service.unavailable"),
            ("CREDENTIALS_REJECTED", 502, "bad.gateway"),
            ("WRONG_REGION", 421, "misdirected.request"),
            ("RATE_LIMITED", 429, "too.many.requests.retry.after"),
            ("NOT_YET_SYNCED", 503, "service.unavailable"),
            ("STATE_STALE", 409, "request.conflict"),
            ("NAME_UNKNOWN", 424, "failed.dependency"),
            ("SCOPE_MISSING", 403, "app.not.authorized.for.scope"),
            ("PERMISSION_MISSING", 403, "missing.any.permissions"),
            ("PERMISSION_PENDING", 403, "missing.any.permissions"),
            ("WRONG_ID_KIND", 404, "general.resource.not.found"),
            ("AGENT_UNKNOWN", 404, "general.resource.not.found"),
            ("DIVISION_NOT_VISIBLE", 403, "missing.any.division.permissions"),
            ("AGENT_DELETED", 404, "general.resource.not.found"),
            ("AGENT_INACTIVE", 404, "general.resource.not.found"),
            ("POLICY_DENIED", 403, "authz.policy.denied"),
            ("PLATFORM_CACHE_STALE", 409, "request.conflict"),
            ("NOT_LOGGED_IN", 404, "general.resource.not.found"),
            ("STATE_WITHHELD", 502, "bad.gateway"),
            ("CLOCK_SKEWED", 500, "internal.server.error"),
            ("SOURCE_SILENT", 503, "service.unavailable"),
            ("CHANNEL_LOST", 503, "service.unavailable"),
            ("TOPIC_REJECTED", 403, "not.authorized"),
            ("STORE_FAILING", 503, "service.unavailable"),
            ("CONFIGURATION_INVALID", 500, "internal.server.error"),
            ("UNDETERMINED", 502, "bad.gateway"),
        ];
        let ours: Vec<_> = Reason::ALL
            .iter()
            .map(|reason| (reason.name(), status_and_code(*reason, NOBODY)))
            .map(|(name, (status, code))| (name, status.as_u16(), code))
            .collect();
        assert_eq!(ours, table);
    }

    #[test]
    fn a_spent_budget_is_told_with_a_wait_of_whole_seconds() {
        for (wait, expected) in [(None, "1"), (Some(1), "1"), (Some(41_001), "42")] {
            let mut finding = Finding::new(Reason::RateLimited, "x", "spent", "wait");
            finding.retry_after = wait.map(Duration::from_millis);
            let response = Refusal::of(&finding, NOBODY).write("c");
            assert_eq!(response.headers()[header::RETRY_AFTER], expected);
        }
    }
}
