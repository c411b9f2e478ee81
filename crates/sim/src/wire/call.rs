//! A call, what it asks, and what is answered.

use std::collections::BTreeSet;
use std::str::FromStr;

use serde::Serialize;

use super::query::Query;
use super::refusal::Refusal;
use crate::cloud::Cloud;
use crate::cloud::access::{Client, Held};
use crate::cloud::id::Id;
use crate::cloud::stamp::Stamp;
use crate::tokens::Budget;
use crate::world::{Where, World};

/// The methods that any endpoint takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Method {
    /// Read.
    Get,
    /// Read without the body.
    Head,
    /// Make.
    Post,
    /// Replace.
    Put,
    /// Change in part.
    Patch,
    /// Remove.
    Delete,
    /// None of these.
    Other,
}

impl Method {
    /// Reads the method of a request line.
    pub(crate) fn of(text: &str) -> Self {
        match text {
            "GET" => Self::Get,
            "HEAD" => Self::Head,
            "POST" => Self::Post,
            "PUT" => Self::Put,
            "PATCH" => Self::Patch,
            "DELETE" => Self::Delete,
            _ => Self::Other,
        }
    }
}

/// One request, read whole.
#[derive(Debug)]
pub(crate) struct Call {
    /// What to do.
    pub(crate) method: Method,
    /// The path as it came, without the query.
    pub(crate) path: String,
    /// The query.
    pub(crate) query: Query,
    /// The `Authorization` header.
    pub(crate) authorization: Option<String>,
    /// Host and port that the caller believes to speak to.
    pub(crate) host: String,
    /// Whether it came over TLS.
    pub(crate) secure: bool,
    /// The body.
    pub(crate) body: Vec<u8>,
    /// Whether the body was larger than the platform takes; it is then empty here.
    pub(crate) oversized: bool,
    /// When it came.
    pub(crate) now: Stamp,
}

/// What comes of a call.
#[derive(Debug)]
pub(crate) enum Outcome {
    /// An answer.
    Answer(Answer),
    /// None, for as long as the caller likes to wait.
    Hang,
}

/// One answer.
#[derive(Debug)]
pub(crate) struct Answer {
    /// The status code.
    pub(crate) status: u16,
    /// Headers besides content type and length.
    pub(crate) headers: Vec<(&'static str, String)>,
    /// The JSON text; empty when there is none.
    pub(crate) body: Vec<u8>,
}

impl Answer {
    /// A JSON body.
    pub(crate) fn json(status: u16, body: &impl Serialize) -> Self {
        match serde_json::to_vec(body) {
            Ok(body) => Self { status, headers: Vec::new(), body },
            Err(_) => Self { status: 500, headers: Vec::new(), body: Vec::new() },
        }
    }

    /// 200 with a JSON body.
    pub(crate) fn ok(body: &impl Serialize) -> Self {
        Self::json(200, body)
    }

    /// No body.
    pub(crate) fn empty(status: u16) -> Self {
        Self { status, headers: Vec::new(), body: Vec::new() }
    }

    /// With the id by which the platform's support finds the request.
    #[must_use]
    pub(super) fn correlated(mut self, correlation: Id) -> Self {
        self.headers.push(("inin-correlation-id", correlation.to_string()));
        self
    }

    /// With the three headers that tell the token's budget.
    #[must_use]
    pub(super) fn with_budget(mut self, budget: Budget) -> Self {
        self.headers.push(("inin-ratelimit-count", budget.count.to_string()));
        self.headers.push(("inin-ratelimit-allowed", budget.allowed.to_string()));
        self.headers.push(("inin-ratelimit-reset", budget.reset_s.to_string()));
        self
    }
}

/// What answers an endpoint.
pub(super) type Handler = fn(&mut Asked<'_>) -> Result<Answer, Refusal>;

/// An authentic call to an endpoint.
pub(super) struct Asked<'a> {
    pub(super) world: &'a mut World,
    pub(super) place: Where,
    pub(super) call: &'a Call,
    /// The path without the region prefix.
    pub(super) path: &'a str,
    /// What stands in the holes of the template.
    pub(super) params: Vec<String>,
    pub(super) client: Client,
    pub(super) token: String,
}

impl Asked<'_> {
    pub(super) fn cloud(&self) -> &Cloud {
        &self.world.site(self.place).cloud
    }

    /// The text in the first hole of the template.
    pub(super) fn param(&self) -> &str {
        self.params.first().map_or("", String::as_str)
    }

    /// Where the caller holds a permission.
    pub(super) fn held(&self, permission: &str) -> Held {
        let lag_ms =
            i64::try_from(self.world.faults.permission_lag_s).unwrap_or(i64::MAX).saturating_mul(1000);
        self.cloud().access.held(&self.client, permission, self.call.now, lag_ms)
    }

    /// Where the caller may use a permission: held, and not refused by the organisation's policies.
    pub(super) fn usable(&self, permission: &str) -> Held {
        if self.denied(permission).is_some() { Held::In(BTreeSet::new()) } else { self.held(permission) }
    }

    /// The refusal of the policies that deny the caller a permission, whether it is held or not.
    pub(super) fn denied(&self, permission: &str) -> Option<Refusal> {
        let seed = self.cloud().seed();
        let denials = self.client.denials(permission);
        let ids: Vec<Id> = denials.map(|index| Id::derive(seed, "security policy", index as u64)).collect();
        (!ids.is_empty()).then(|| Refusal::policy_denied(&ids))
    }

    /// Where the caller holds a permission, or a refusal when nowhere or when a policy denies it.
    pub(super) fn require(&self, permission: &str) -> Result<Held, Refusal> {
        let held = self.held(permission);
        if held.nowhere() {
            return Err(Refusal::missing_permission(permission));
        }
        self.denied(permission).map_or(Ok(held), Err)
    }

    /// The same where the endpoint declares its permission as one of which any is enough.
    pub(super) fn require_any(&self, permission: &str) -> Result<Held, Refusal> {
        let held = self.held(permission);
        if held.nowhere() {
            return Err(Refusal::missing_any(&[permission]));
        }
        self.denied(permission).map_or(Ok(held), Err)
    }

    /// Scopes bind client-credentials tokens on the agent-states API only.
    pub(super) fn has_scope(&self, scope: &str) -> bool {
        self.client.scopes.iter().any(|held| held == scope)
    }

    /// A parameter with a value of its own type, or its default.
    pub(super) fn parameter<T: FromStr>(&self, name: &str, default: T) -> Result<T, Refusal> {
        match self.call.query.get(name) {
            None => Ok(default),
            Some(text) => text.parse().map_err(|_| Refusal::parameter(name, text, "a number")),
        }
    }

    /// The body as JSON of a type.
    pub(super) fn body<T: serde::de::DeserializeOwned>(&self) -> Result<T, Refusal> {
        serde_json::from_slice(&self.call.body).map_err(|_| Refusal::bad_request())
    }
}
