//! Bodies in the platform's shapes (models `User`, `UserPresence`, `UcUserPresence`, `RoutingStatus`, `OutOfOffice`,
//! `OrganizationPresenceDefinition`), with the members that are known here. What is not known is left out.

use std::collections::BTreeMap;
use std::sync::Arc;

use onduty_core::agent::{AccountState, DivisionId, Presence, RoutingStatus, SystemPresence};
use onduty_core::definition::Definition;
use onduty_core::roster::register::Current;
use onduty_core::row::Row;
use serde::Serialize;
use serde_json::Value;

use super::parameters::Expand;
use crate::api::platform_json::{spelled, to_text};

/// The one source of presences that the platform itself is.
const SOURCE: &str = "PURECLOUD";

/// A user.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct User<'a> {
    id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    division: Option<Division<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    state: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    routing_status: Option<Routing<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    presence: Option<UserPresence<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    out_of_office: Option<OutOfOffice>,
    self_uri: String,
    /// Of us, not of the platform: why a facet that was asked for is left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    finding: Option<Value>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Division<'a> {
    id: &'a str,
    /// Empty in bodies of users, as on the platform.
    name: &'static str,
    self_uri: String,
}

#[derive(Debug, Serialize)]
struct OutOfOffice {
    active: bool,
}

/// A user's presence: alone with the user's id as its own, in bulk with `userId` besides, expanded with neither.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct UserPresence<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    user_id: Option<&'a str>,
    source: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    primary: Option<bool>,
    presence_definition: Reference<'a>,
    message: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    modified_date: Option<String>,
    self_uri: String,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Reference<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<&'a str>,
    system_presence: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    self_uri: Option<String>,
}

/// A user's routing status.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Routing<'a> {
    user_id: &'a str,
    status: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    start_time: Option<String>,
}

/// A presence definition.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct PresenceDefinition<'a> {
    id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    kind: Option<&'a str>,
    language_labels: BTreeMap<&'a str, &'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    system_presence: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    division_id: Option<&'a str>,
    deactivated: bool,
    self_uri: String,
}

impl<'a> User<'a> {
    /// A user with the parts asked for, as far as they are known.
    pub(super) fn of(row: &'a Row, expand: Expand) -> Self {
        let id = row.user_id().as_str();
        let division = row.division_id().map(DivisionId::as_str);
        let away = row.out_of_office().filter(|_| expand.out_of_office);
        Self {
            id,
            name: row.name(),
            division: division.map(|id| Division {
                id,
                name: "",
                self_uri: format!("/api/v2/authorization/divisions/{id}"),
            }),
            state: row.account().map(account),
            routing_status: row.routing_status().filter(|_| expand.routing_status).map(|it| routing(id, it)),
            presence: row.presence().filter(|_| expand.presence).map(|it| UserPresence::expanded(id, it)),
            out_of_office: away.map(|away| OutOfOffice { active: *away.value }),
            self_uri: format!("/api/v2/users/{id}"),
            finding: None,
        }
    }

    /// The same, and why a part is missing.
    pub(super) fn lacking(self, finding: Value) -> Self {
        Self { finding: Some(finding), ..self }
    }
}

impl<'a> UserPresence<'a> {
    fn expanded(user_id: &'a str, presence: Current<'a, Presence>) -> Self {
        let definition_id = presence.value.definition_id.as_deref();
        let definition = Reference {
            id: definition_id,
            system_presence: spelled(&presence.value.system),
            self_uri: definition_id.map(|id| format!("/api/v2/presencedefinitions/{id}")),
        };
        Self {
            id: None,
            user_id: None,
            source: SOURCE,
            primary: Some(true),
            presence_definition: definition,
            message: &presence.value.message,
            modified_date: presence.since.and_then(to_text),
            self_uri: format!("/api/v2/users/{user_id}/presences"),
        }
    }

    /// As the answer of the user's own call.
    pub(super) fn alone(user_id: &'a str, presence: Current<'a, Presence>) -> Self {
        Self { id: Some(user_id), ..Self::expanded(user_id, presence) }
    }

    /// As an element of the bulk answer, which says nothing about primary sources.
    pub(super) fn in_bulk(user_id: &'a str, presence: Current<'a, Presence>) -> Self {
        Self { user_id: Some(user_id), primary: None, ..Self::alone(user_id, presence) }
    }
}

/// A user's routing status.
pub(super) fn routing<'a>(user_id: &'a str, status: Current<'a, RoutingStatus>) -> Routing<'a> {
    Routing { user_id, status: status.value.text(), start_time: status.since.and_then(to_text) }
}

impl<'a> PresenceDefinition<'a> {
    /// A definition.
    pub(super) fn of(id: &'a Arc<str>, definition: &'a Definition) -> Self {
        let labels = definition.labels.iter();
        Self {
            id,
            name: definition.name.as_deref(),
            kind: definition.kind.as_deref(),
            language_labels: labels.map(|(locale, label)| (&**locale, &**label)).collect(),
            system_presence: definition.system.as_ref().map(joined),
            division_id: definition.division_id.as_ref().map(DivisionId::as_str),
            deactivated: definition.deactivated,
            self_uri: format!("/api/v2/presence/definitions/{id}"),
        }
    }
}

/// In the spelling of the platform's definitions: the same as that of its reads, but for the blank.
fn joined(presence: &SystemPresence) -> &str {
    match presence {
        SystemPresence::OnQueue => "OnQueue",
        other => spelled(other),
    }
}

const fn account(state: AccountState) -> &'static str {
    match state {
        AccountState::Active => "active",
        AccountState::Inactive => "inactive",
        AccountState::Deleted => "deleted",
    }
}
