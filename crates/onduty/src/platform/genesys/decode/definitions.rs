//! `GET /api/v2/presence/definitions`: what an organisation calls its presences (model
//! `OrganizationPresenceDefinition`). The listing is whole, without pages.

use std::collections::BTreeMap;
use std::sync::Arc;

use onduty_core::agent::{DivisionId, SystemPresence};
use onduty_core::definition::Definition;
use serde_json::Value;

use super::Malformed;
use super::limits::{LABELS_MAX, WORD_LENGTH_MAX, parse};
use super::member::{elements, id, object, text, truth, word};

/// The most definitions taken in one answer.
const DEFINITIONS_MAX: usize = 5_000;

/// Definitions by their ids.
///
/// # Errors
///
/// When the body, or any definition in it, is malformed.
pub fn definitions(body: &[u8]) -> Result<BTreeMap<Arc<str>, Definition>, Malformed> {
    let read = |value| elements(value, DEFINITIONS_MAX, definition);
    Ok(object(&parse(body)?)?.required("entities", read)?.into_iter().collect())
}

fn definition(value: &Value) -> Result<(Arc<str>, Definition), Malformed> {
    let members = object(value)?;
    let definition = Definition {
        name: members.optional("name", text)?.map(Into::into),
        kind: members.optional("type", word)?.map(Into::into),
        labels: members.optional("languageLabels", labels)?.unwrap_or_default(),
        system: members.optional("systemPresence", word)?.map(SystemPresence::parse),
        division_id: members.optional("divisionId", id)?.map(|id| DivisionId::from(&*id)),
        deactivated: members.optional("deactivated", truth)?.unwrap_or_default(),
    };
    Ok((members.required("id", id)?, definition))
}

/// Labels by locale. A label that is `null` is none.
fn labels(value: &Value) -> Result<BTreeMap<Arc<str>, Arc<str>>, Malformed> {
    object(value)?.each(LABELS_MAX, WORD_LENGTH_MAX, text)
}
