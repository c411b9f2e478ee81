//! Errors as the platform words them: status, code, message, parameters.

use serde_json::{Map, Value, json};

use super::call::Answer;
use crate::cloud::id::Id;

/// A refused request.
#[derive(Debug, Clone)]
pub(super) struct Refusal {
    status: u16,
    code: &'static str,
    /// The message with names of parameters in braces.
    template: &'static str,
    params: Vec<(&'static str, String)>,
    entity_id: Option<String>,
    retry_after_s: Option<u64>,
}

const UNABLE_ALL: &str =
    "Unable to perform the requested action. You are missing the following permission(s): {permissions}";
const UNABLE_ANY: &str = "Unable to perform the requested action. You must have at least one of the following \
                          permissions assigned: {permissions}";
const UNABLE_HERE: &str = "Unable to perform the requested action. You are missing the following permission \
                           '{permission}' in the provided division(s).";
const UNABLE_ANY_HERE: &str = "Unable to perform the requested action. You must have at least one of the following \
                               permissions assigned: {permissions} in at least one of the following division(s): \
                               {divisions}";
const DENIED: &str = "Unable to perform the requested action. Your organization's security policies have denied \
                      access. Policy ID(s): [{policyIds}]";
const VALUE: &str =
    "Value [{value}] is not valid for parameter [{parameter}]. Allowable values are: {allowed}";

impl Refusal {
    /// A refusal whose message has no parameters.
    pub(super) fn plain(status: u16, code: &'static str, message: &'static str) -> Self {
        Self { status, code, template: message, params: Vec::new(), entity_id: None, retry_after_s: None }
    }

    fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.params.push((name, value.into()));
        self
    }

    /// Names the thing that the refusal is about.
    pub(super) fn about(mut self, entity_id: &str) -> Self {
        self.entity_id = Some(entity_id.to_owned());
        self
    }

    pub(super) fn not_found() -> Self {
        Self::plain(404, "not.found", "The requested resource was not found.")
    }

    pub(super) fn bad_request() -> Self {
        let message = "The request could not be understood by the server due to malformed syntax.";
        Self::plain(400, "bad.request", message)
    }

    pub(super) fn no_bearer() -> Self {
        let message = "No authentication bearer token specified in authorization header.";
        Self::plain(401, "authentication.required", message)
    }

    pub(super) fn bad_credentials() -> Self {
        Self::plain(401, "bad.credentials", "Invalid login credentials.")
    }

    pub(super) fn unavailable() -> Self {
        let message = "Service Unavailable - The server is currently unavailable (because it is overloaded or down \
                       for maintenance).";
        Self::plain(503, "service.unavailable", message)
    }

    pub(super) fn too_many_requests(seconds: u64) -> Self {
        let message = "Rate limit exceeded the maximum. Retry the request in [{seconds}] seconds";
        let refusal = Self::plain(429, "too.many.requests.retry.after", message);
        Self { retry_after_s: Some(seconds), ..refusal.with("seconds", seconds.to_string()) }
    }

    /// Trouble by switch.
    pub(super) fn by_status(status: u16) -> Self {
        match status {
            401 => Self::bad_credentials(),
            403 => {
                Self::plain(403, "not.authorized", "You are not authorized to perform the requested action.")
            }
            429 => Self::too_many_requests(2),
            503 => Self::unavailable(),
            504 => Self::plain(504, "request.timeout", "The request timed out."),
            _ => {
                let message = "The server encountered an unexpected condition which prevented it from fulfilling \
                               the request.";
                Self::plain(500, "internal.server.error", message)
            }
        }
    }

    pub(super) fn body_too_large(max: usize) -> Self {
        let message = "The request is over the size limit. Maximum bytes: {bytes}";
        Self::plain(413, "request.entity.too.large", message).with("bytes", max.to_string())
    }

    pub(super) fn missing_permission(permission: &str) -> Self {
        Self::plain(403, "missing.permissions", UNABLE_ALL).with("permissions", format!("[{permission}]"))
    }

    pub(super) fn missing_any(permissions: &[&str]) -> Self {
        Self::plain(403, "missing.any.permissions", UNABLE_ANY)
            .with("permissions", format!("[{}]", permissions.join(", ")))
    }

    pub(super) fn missing_in_division(permission: &str) -> Self {
        Self::plain(403, "missing.division.permission", UNABLE_HERE).with("permission", permission)
    }

    pub(super) fn missing_any_in_division(permissions: &[&str], division: Id) -> Self {
        Self::plain(403, "missing.any.division.permissions", UNABLE_ANY_HERE)
            .with("permissions", format!("[{}]", permissions.join(", ")))
            .with("divisions", format!("[{division}]"))
    }

    /// An attribute-based policy refuses what the roles grant.
    pub(super) fn policy_denied(policies: &[Id]) -> Self {
        let ids: Vec<String> = policies.iter().map(Id::to_string).collect();
        Self::plain(403, "authz.policy.denied", DENIED).with("policyIds", ids.join(", "))
    }

    pub(super) fn missing_scope(scope: &str) -> Self {
        Self::plain(403, "app.not.authorized.for.scope", "App not authorized to use scope {scope}")
            .with("scope", scope)
    }

    pub(super) fn parameter(name: &str, value: &str, allowed: &str) -> Self {
        Self::plain(400, "invalid.query.param.value", VALUE)
            .with("value", value)
            .with("parameter", name)
            .with("allowed", allowed)
    }

    /// A value in a body that is none of those a field takes.
    pub(super) fn value(value: &str, field: &str, allowed: &[&str]) -> Self {
        let message =
            "Value [{value}] is not valid for field type [{field}]. Allowable values are: {allowed}";
        Self::plain(400, "invalid.value", message)
            .with("value", value)
            .with("field", field)
            .with("allowed", allowed.join(", "))
    }

    pub(super) fn constraint(message: String) -> Self {
        Self::plain(400, "constraint.validation", "{constraint}").with("constraint", message)
    }

    pub(super) fn not_a_uuid() -> Self {
        Self::plain(400, "invalid.id", "A non-UUID value was specified for an ID field.")
    }

    /// The message with its parameters filled in.
    fn message(&self) -> String {
        self.params.iter().fold(self.template.to_owned(), |text, (name, value)| {
            text.replacen(&format!("{{{name}}}"), value, 1)
        })
    }

    /// The error body, with the correlation id in header and body.
    pub(super) fn into_answer(self, correlation: Id) -> Answer {
        let mut body = json!({
            "message": self.message(),
            "code": self.code,
            "status": self.status,
            "contextId": correlation,
            "details": [],
            "errors": [],
        });
        if let Some(members) = body.as_object_mut() {
            if !self.params.is_empty() {
                let params: Map<String, Value> = self
                    .params
                    .iter()
                    .map(|(name, value)| ((*name).to_owned(), value.clone().into()))
                    .collect();
                members.insert("messageWithParams".to_owned(), self.template.into());
                members.insert("messageParams".to_owned(), params.into());
            }
            if let Some(entity_id) = &self.entity_id {
                members.insert("entityId".to_owned(), entity_id.clone().into());
            }
        }
        let mut answer = Answer::json(self.status, &body).correlated(correlation);
        if let Some(seconds) = self.retry_after_s {
            answer.headers.push(("retry-after", seconds.to_string()));
        }
        answer
    }
}
