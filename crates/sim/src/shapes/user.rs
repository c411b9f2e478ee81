//! Bodies of the users API: users, their presences, their routing status.

use std::borrow::Cow;

use serde::Serialize;

use super::{DefinitionReference, Style};
use crate::cloud::Cloud;
use crate::cloud::agent::{Agent, AgentState};
use crate::cloud::id::Id;
use crate::cloud::presence::Definition;
use crate::cloud::stamp::Stamp;

/// A user's presence. The bulk call names the user; the single ones do so by `id`, and expands not at all.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PresenceBody {
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<Id>,
    #[serde(skip_serializing_if = "Option::is_none")]
    user_id: Option<Id>,
    source: Cow<'static, str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    source_id: Option<Id>,
    #[serde(skip_serializing_if = "Option::is_none")]
    primary: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    presence_definition: Option<DefinitionReference>,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    modified_date: Option<Stamp>,
    self_uri: String,
}

impl PresenceBody {
    /// As an expanded part of a user.
    pub(crate) fn expanded(agent: &Agent, state: &AgentState, style: Style) -> Self {
        Self {
            id: None,
            user_id: None,
            source: Cow::Borrowed("PURECLOUD"),
            source_id: None,
            primary: Some(true),
            presence_definition: Some(DefinitionReference::of(state, style)),
            message: Some(state.presence.message.clone()),
            modified_date: state.presence.since,
            self_uri: format!("/api/v2/users/{}/presences", agent.user_id),
        }
    }

    /// The same as an integration tells it, to somebody who asked for that one.
    #[must_use]
    pub(crate) fn told_by(self, integration: &'static str, source: Id) -> Self {
        Self { source: Cow::Borrowed(integration), source_id: Some(source), primary: Some(true), ..self }
    }

    /// From a source that has said nothing yet.
    pub(crate) fn unheard(agent: &Agent, definition: &Definition, source: &str, style: Style) -> Self {
        Self {
            id: Some(agent.user_id),
            user_id: None,
            source: Cow::Owned(source.to_owned()),
            source_id: None,
            primary: Some(false),
            presence_definition: Some(DefinitionReference::to(definition, style)),
            message: Some(String::new()),
            modified_date: None,
            self_uri: format!("/api/v2/users/{}/presences/{source}", agent.user_id),
        }
    }

    /// The same as an element of a bulk answer, which says nothing about primary sources.
    #[must_use]
    pub(crate) fn in_bulk(self) -> Self {
        Self { user_id: self.id, primary: None, ..self }
    }

    /// As the answer of the user's own presence call.
    pub(crate) fn single(agent: &Agent, state: &AgentState, style: Style) -> Self {
        Self { id: Some(agent.user_id), ..Self::expanded(agent, state, style) }
    }

    /// The same with the state left out: whose presence it is, and not what it is.
    #[must_use]
    pub(crate) fn withheld(self) -> Self {
        Self { presence_definition: None, message: None, modified_date: None, ..self }
    }

    /// The same from a source that is not the user's primary one.
    #[must_use]
    pub(crate) fn not_primary(mut self) -> Self {
        self.primary = self.primary.map(|_| false);
        self
    }

    /// As an element of the bulk answer.
    pub(crate) fn bulk(agent: &Agent, state: &AgentState, style: Style) -> Self {
        Self::single(agent, state, style).in_bulk()
    }
}

/// A user's routing status.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RoutingBody {
    user_id: Id,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    start_time: Option<Stamp>,
}

impl RoutingBody {
    /// Writes the routing facet.
    pub(crate) fn of(agent: &Agent, state: &AgentState, style: Style) -> Self {
        Self {
            user_id: agent.user_id,
            status: Some(state.routing.status.text()),
            start_time: style.routing_since(state),
        }
    }

    /// What the platform says of a user that does not exist.
    pub(crate) fn lie(user_id: Id) -> Self {
        Self { user_id, status: Some("OFF_QUEUE"), start_time: None }
    }

    /// A user whose status is left out.
    pub(crate) fn withheld(user_id: Id) -> Self {
        Self { user_id, status: None, start_time: None }
    }
}

#[derive(Serialize)]
struct OutOfOfficeBody {
    active: bool,
    indefinite: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct DivisionReference {
    id: Id,
    name: &'static str,
    self_uri: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Chat {
    jabber_id: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Contact {
    address: String,
    media_type: &'static str,
    #[serde(rename = "type")]
    kind: &'static str,
}

/// Which parts of a user are asked for beyond the plain ones.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Expand {
    /// `presence`
    pub(crate) presence: bool,
    /// `routingStatus`
    pub(crate) routing: bool,
    /// `outOfOffice`
    pub(crate) out_of_office: bool,
    /// `integrationPresence`, and the name of the integration.
    pub(crate) integration: Option<&'static str>,
}

/// A user.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct UserBody {
    id: Id,
    name: String,
    division: DivisionReference,
    chat: Chat,
    email: String,
    primary_contact_info: [Contact; 1],
    addresses: [Contact; 0],
    state: &'static str,
    username: String,
    version: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    routing_status: Option<RoutingBody>,
    #[serde(skip_serializing_if = "Option::is_none")]
    presence: Option<PresenceBody>,
    #[serde(skip_serializing_if = "Option::is_none")]
    integration_presence: Option<PresenceBody>,
    #[serde(skip_serializing_if = "Option::is_none")]
    out_of_office: Option<OutOfOfficeBody>,
    acd_auto_answer: bool,
    self_uri: String,
}

impl UserBody {
    /// The same with the presence from a source that is not the user's primary one.
    #[must_use]
    pub(crate) fn not_primary(mut self) -> Self {
        self.presence = self.presence.map(PresenceBody::not_primary);
        self
    }

    /// Writes a user with the parts asked for. Division names are empty in user bodies, as on the platform.
    pub(crate) fn of(cloud: &Cloud, agent: &Agent, state: &AgentState, expand: Expand, style: Style) -> Self {
        let address = format!("{}@{}", agent.login, cloud.organisation.domain);
        Self {
            id: agent.user_id,
            name: agent.name.clone(),
            division: DivisionReference {
                id: agent.division,
                name: "",
                self_uri: format!("/api/v2/authorization/divisions/{}", agent.division),
            },
            chat: Chat { jabber_id: format!("{}@{}", agent.user_id, cloud.organisation.domain) },
            email: address.clone(),
            primary_contact_info: [Contact {
                address: address.clone(),
                media_type: "EMAIL",
                kind: "PRIMARY",
            }],
            addresses: [],
            state: agent.account.text(),
            username: address,
            version: agent.account_version,
            routing_status: expand.routing.then(|| RoutingBody::of(agent, state, style)),
            presence: expand.presence.then(|| PresenceBody::expanded(agent, state, style)),
            integration_presence: integration_presence(cloud, agent, state, expand, style),
            out_of_office: expand.out_of_office.then_some(OutOfOfficeBody {
                active: state.out_of_office.active,
                indefinite: state.out_of_office.active,
            }),
            acd_auto_answer: false,
            self_uri: format!("/api/v2/users/{}", agent.user_id),
        }
    }
}

/// The presence as an integration tells it: only of those whose primary source that integration is.
fn integration_presence(
    cloud: &Cloud,
    agent: &Agent,
    state: &AgentState,
    expand: Expand,
    style: Style,
) -> Option<PresenceBody> {
    let integration = expand.integration?;
    let primary = cloud.sources.iter().find(|source| agent.primary_source == Some(source.id))?;
    let asked_for = primary.integration == Some(integration);
    asked_for.then(|| PresenceBody::expanded(agent, state, style).told_by(integration, primary.id))
}
