//! Whom a switch is about, and which routes.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::Value;

use crate::cloud::agent::Agent;
use crate::cloud::id::Id;

/// Most agents named in one switch.
const IDS_MAX: usize = 1000;
/// Most routes in the list.
const ROUTES_MAX: usize = 100;

/// The agents that a switch is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Selection {
    /// None of them.
    Nobody,
    /// All of them.
    Everybody,
    /// Those with one of these agent or user ids. Shared, because switches are copied at each request.
    Only(Arc<BTreeSet<Id>>),
}

impl Selection {
    /// Whether the switch is about this agent.
    pub(crate) fn covers(&self, agent: &Agent) -> bool {
        match self {
            Self::Nobody => false,
            Self::Everybody => true,
            Self::Only(ids) => ids.contains(&agent.id) || ids.contains(&agent.user_id),
        }
    }

    /// Reads the value of the switch.
    pub(super) fn read(value: &Value) -> Option<Self> {
        match value {
            Value::Array(ids) if ids.len() <= IDS_MAX => {
                let ids = ids.iter().map(|id| Id::parse(id.as_str()?)).collect::<Option<BTreeSet<Id>>>()?;
                Some(if ids.is_empty() { Self::Nobody } else { Self::Only(Arc::new(ids)) })
            }
            other => Some(if super::switch::as_flag(other)? { Self::Everybody } else { Self::Nobody }),
        }
    }

    /// The value of the switch.
    pub(super) fn to_json(&self) -> Value {
        match self {
            Self::Nobody => false.into(),
            Self::Everybody => true.into(),
            Self::Only(ids) => ids.iter().map(Id::to_string).collect::<Vec<String>>().into(),
        }
    }
}

/// Topics that are refused to everybody: names, templates, or ids of their objects. Letter case does not matter.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct TopicList(Arc<BTreeSet<String>>);

impl TopicList {
    /// Whether one of these ways to name a topic is listed.
    pub(crate) fn lists(&self, names: &[&str]) -> bool {
        !self.0.is_empty() && names.iter().any(|name| self.0.contains(&name.to_ascii_lowercase()))
    }

    /// Reads the value of the switch.
    pub(super) fn read(value: &Value) -> Option<Self> {
        let names = value.as_array().filter(|names| names.len() <= IDS_MAX)?;
        let names = names.iter().map(|name| name.as_str().map(str::to_ascii_lowercase));
        names.collect::<Option<BTreeSet<String>>>().map(|names| Self(Arc::new(names)))
    }

    /// The value of the switch.
    pub(super) fn to_json(&self) -> Value {
        self.0.iter().cloned().collect::<Vec<String>>().into()
    }
}

/// The routes that HTTP trouble is about, by their templates. Whether there are such routes is for the wire to say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Routes(Arc<[String]>);

impl Routes {
    /// Whether none is listed, which stands for every endpoint of the API.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether a route is listed.
    pub(crate) fn list(&self, route: &str) -> bool {
        self.0.iter().any(|listed| listed == route)
    }

    /// The templates listed.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }

    /// Reads the value of the switch.
    pub(super) fn read(value: &Value) -> Option<Self> {
        let templates = value.as_array().filter(|templates| templates.len() <= ROUTES_MAX)?;
        let texts = templates.iter().map(|template| template.as_str().map(str::to_owned));
        texts.collect::<Option<Vec<String>>>().map(|texts| Self(texts.into()))
    }

    /// The value of the switch.
    pub(super) fn to_json(&self) -> Value {
        self.0.to_vec().into()
    }
}
