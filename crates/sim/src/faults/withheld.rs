//! Of whom the platform keeps the state to itself.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::Value;

use crate::cloud::agent::Agent;
use crate::cloud::id::Id;

/// Most agents named in the switch.
const IDS_MAX: usize = 1000;

/// The agents whose state is left out of every answer and event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Withheld {
    /// None of them.
    Nobody,
    /// All of them.
    Everybody,
    /// Those with one of these agent or user ids. Shared, because switches are copied at each request.
    Only(Arc<BTreeSet<Id>>),
}

impl Withheld {
    /// Whether this agent's state is left out.
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
