//! `GET /api/v2/notifications/availabletopics`: what can be subscribed to, and what that takes.

use serde_json::{Map, Value, json};

use crate::channels::{Object, TEMPLATES, Template};
use crate::wire::call::{Answer, Asked};
use crate::wire::refusal::Refusal;

/// What can be asked for beyond the names.
const EXPANDS: [&str; 9] = [
    "description",
    "enforced",
    "schema",
    "visibility",
    "transports",
    "publicApiTemplateUriPaths",
    "requiresPermissions",
    "permissionDetails",
    "topicParameters",
];

/// Lists every topic, with the parts asked for.
pub(in crate::wire) fn available(asked: &mut Asked<'_>) -> Result<Answer, Refusal> {
    let expand = asked.call.query.list("expand");
    if let Some(unknown) = expand.iter().find(|name| !EXPANDS.contains(name)) {
        return Err(Refusal::parameter("expand", unknown, &EXPANDS.join(", ")));
    }
    let bodies: Vec<Value> = TEMPLATES.iter().map(|template| body(template, &expand)).collect();
    Ok(Answer::ok(&json!({"entities": bodies})))
}

fn body(template: &Template, expand: &[&str]) -> Value {
    let divisioned = template.permission.is_some() && template.object == Object::Queue;
    let mut body = Map::new();
    body.insert("id".to_owned(), template.text.into());
    for part in expand {
        let value = match *part {
            "description" => template.description.into(),
            "enforced" => true.into(),
            "schema" => json!({}),
            "visibility" => "Public".into(),
            "transports" => json!(template.transports),
            "publicApiTemplateUriPaths" => json!(template.uri.into_iter().collect::<Vec<_>>()),
            "requiresPermissions" => json!(template.permission.into_iter().collect::<Vec<_>>()),
            "permissionDetails" => permission_details(template, divisioned),
            "topicParameters" => json!(parameters(template)),
            _ => continue,
        };
        body.insert((*part).to_owned(), value);
    }
    if expand.contains(&"requiresPermissions") {
        body.insert("requiresDivisionPermissions".to_owned(), divisioned.into());
        body.insert("requiresAnyValidator".to_owned(), false.into());
        body.insert("requiresCurrentUser".to_owned(), template.own_only.into());
        body.insert("requiresCurrentUserOrPermission".to_owned(), false.into());
    }
    body.into()
}

fn permission_details(template: &Template, divisioned: bool) -> Value {
    match template.permission {
        None => json!([]),
        Some(permission) => json!([{
            "type": if divisioned { "requiresDivisionPermissions" } else { "requiresPermissions" },
            "permissions": [permission],
            "allowsCurrentUser": false,
            "enforced": true,
        }]),
    }
}

fn parameters(template: &Template) -> Vec<&'static str> {
    if template.text.contains("{id}") { vec!["id"] } else { Vec::new() }
}
