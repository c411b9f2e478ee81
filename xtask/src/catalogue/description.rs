//! Reads names out of the platform's descriptions.
//!
//! The descriptions are Swagger 2.0 with two habits of the platform's own: `x-inin-requires-permissions` holds
//! `{type: ANY|ALL, permissions: […]}`, and security requirements list the scopes of which any one will do. A
//! permission may be prose ("enforced by the backend"): that is no name and is left out.

use std::collections::BTreeSet;

use serde_json::Value;

use super::table::Endpoint;

const METHODS: [&str; 6] = ["get", "head", "post", "put", "patch", "delete"];

/// What was found, over all files.
#[derive(Debug, Default)]
pub(super) struct Names {
    pub(super) classes: BTreeSet<String>,
    pub(super) endpoints: BTreeSet<Endpoint>,
    pub(super) scopes: BTreeSet<String>,
    pub(super) topics: BTreeSet<String>,
    /// What stood where a name should be.
    pub(super) skipped: BTreeSet<String>,
}

impl Names {
    /// Takes the names of one document. False when it is nothing that holds any.
    pub(super) fn take(&mut self, document: &Value) -> bool {
        if let Some(paths) = document["paths"].as_object() {
            self.take_paths(paths);
            let declared =
                document["securityDefinitions"].as_object().into_iter().flat_map(|all| all.values());
            let scopes = declared.filter_map(|definition| definition["scopes"].as_object());
            self.scopes.extend(scopes.flat_map(|scopes| scopes.keys().cloned()));
            return true;
        }
        for (list, name) in [("notifications", "topic"), ("entities", "id")] {
            if let Some(topics) = document[list].as_array() {
                self.topics.extend(topics.iter().filter_map(|each| each[name].as_str()).map(str::to_owned));
                return true;
            }
        }
        false
    }

    fn take_paths(&mut self, paths: &serde_json::Map<String, Value>) {
        for (path, item) in paths {
            for method in METHODS {
                let operation = &item[method];
                if operation.is_object() {
                    self.take_operation(path, method, operation);
                }
            }
        }
    }

    fn take_operation(&mut self, path: &str, method: &str, operation: &Value) {
        let tags = operation["tags"].as_array().into_iter().flatten().filter_map(Value::as_str);
        self.classes.extend(tags.map(class));
        let security = operation["security"].as_array().into_iter().flatten().filter_map(Value::as_object);
        let scopes: BTreeSet<String> = security.flat_map(|each| each.values()).flat_map(texts).collect();
        self.scopes.extend(scopes.iter().cloned());
        let needed = &operation["x-inin-requires-permissions"];
        let (permissions, prose): (BTreeSet<String>, BTreeSet<String>) =
            texts(&needed["permissions"]).partition(|name| is_permission(name));
        self.skipped.extend(prose);
        let parameters = operation["parameters"].as_array().into_iter().flatten();
        let query = parameters.filter(|parameter| parameter["in"] == "query");
        self.endpoints.insert(Endpoint {
            path: path.to_owned(),
            method: method.to_ascii_uppercase(),
            operation: operation["operationId"].as_str().unwrap_or("-").to_owned(),
            needs_all: needed["type"] == "ALL" && !permissions.is_empty(),
            permissions,
            scopes,
            query: query.filter_map(|parameter| parameter["name"].as_str()).map(str::to_owned).collect(),
        });
    }
}

fn texts(list: &Value) -> impl Iterator<Item = String> {
    list.as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned)
}

/// `domain:entity:action`.
fn is_permission(name: &str) -> bool {
    let word = |part: &str| !part.is_empty() && part.chars().all(|c| c.is_ascii_alphanumeric());
    name.split(':').count() == 3 && name.split(':').all(word)
}

/// The SDKs' class for a tag: `Speech & Text Analytics` is `SpeechTextAnalyticsApi`.
fn class(tag: &str) -> String {
    let words = tag.split(|c: char| !c.is_ascii_alphanumeric()).filter_map(|word| word.split_at_checked(1));
    let mut name: String = words.map(|(first, rest)| first.to_ascii_uppercase() + rest).collect();
    name.push_str("Api");
    name
}
