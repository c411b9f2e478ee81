//! The JSON schema of the configuration file, made from the key table. Committed as `contracts/config.schema.json`,
//! where editors find it; a test compares.

use serde_json::{Map, Value, json};

use super::setting::Key;

/// The schema of a configuration file with these keys.
#[must_use]
pub fn config_schema(keys: &[Key]) -> Value {
    let mut sections: Map<String, Value> = Map::new();
    for key in keys {
        let Some((section, name)) = key.name.split_once('.') else { continue };
        let empty = || json!({"type": "object", "additionalProperties": false, "properties": {}});
        let section = sections.entry(section).or_insert_with(empty);
        section["properties"][name] = property(key);
    }
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "onduty.toml",
        "description": "The configuration of the onduty sidecar. Generated from its key table.",
        "type": "object",
        "additionalProperties": false,
        "properties": sections,
    })
}

fn property(key: &Key) -> Value {
    let mut property = key.schema.clone();
    property["description"] = json!(format!("{} Accepts {}.", key.doc, key.accepts));
    if let Some(default) = &key.default {
        let typed = matches!(property["type"].as_str(), Some("integer" | "boolean"));
        let literal = if typed { serde_json::from_str(default).ok() } else { None };
        property["default"] = literal.unwrap_or_else(|| json!(default));
    }
    if key.secret {
        property["writeOnly"] = json!(true);
    }
    property
}
