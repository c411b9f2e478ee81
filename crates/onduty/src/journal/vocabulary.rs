//! The presence definitions on disk, in tables of their own that people can read.

use std::collections::BTreeMap;
use std::sync::Arc;

use onduty_core::agent::{DivisionId, SystemPresence};
use onduty_core::definition::{Definition, Definitions};
use rusqlite::{Connection, params};

use super::error::Trouble;

/// Keeps these in place of those that were kept. They are few, and change rarely.
pub(super) fn replace(connection: &Connection, definitions: &Definitions) -> Result<(), Trouble> {
    connection.execute_batch("DELETE FROM definitions; DELETE FROM definition_labels;")?;
    let mut insert = connection.prepare_cached(
        "INSERT INTO definitions (id, name, kind, system_presence, division_id, deactivated)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    )?;
    let mut label = connection
        .prepare_cached("INSERT INTO definition_labels (definition_id, locale, label) VALUES (?1, ?2, ?3)")?;
    for (id, definition) in &definitions.by_id {
        let Definition { name, kind, labels, system, division_id, deactivated } = definition;
        insert.execute(params![
            id,
            name,
            kind,
            system.as_ref().map(SystemPresence::text),
            division_id.as_ref().map(DivisionId::as_str),
            deactivated,
        ])?;
        for (locale, text) in labels {
            label.execute(params![id, locale, text])?;
        }
    }
    Ok(())
}

/// What is kept.
pub(super) fn read(connection: &Connection) -> Result<BTreeMap<Arc<str>, Definition>, Trouble> {
    let mut select = connection
        .prepare("SELECT id, name, kind, system_presence, division_id, deactivated FROM definitions")?;
    let rows = select.query_map([], |row| {
        let definition = Definition {
            name: row.get(1)?,
            kind: row.get(2)?,
            labels: BTreeMap::new(),
            system: row.get::<_, Option<String>>(3)?.map(|text| SystemPresence::parse(&text)),
            division_id: row.get::<_, Option<String>>(4)?.map(|id| id.as_str().into()),
            deactivated: row.get(5)?,
        };
        Ok((row.get(0)?, definition))
    })?;
    let mut by_id: BTreeMap<Arc<str>, Definition> = rows.collect::<Result<_, _>>()?;
    let mut select = connection.prepare("SELECT definition_id, locale, label FROM definition_labels")?;
    let mut labels = select.query([])?;
    while let Some(row) = labels.next()? {
        let id: Arc<str> = row.get(0)?;
        if let Some(definition) = by_id.get_mut(&id) {
            definition.labels.insert(row.get(1)?, row.get(2)?);
        }
    }
    Ok(by_id)
}
