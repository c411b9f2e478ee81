//! What a setting is: a name, a kind of value, a default, a line of documentation. Sections declare theirs as
//! constants; from these come the values, the key table, the JSON schema and the redacted view, so that none of them
//! can forget a key.

use super::kind::{Kind, SecretKind};
use super::layers::Origin;

/// A setting that always has a value.
pub(super) struct Setting<K: Kind> {
    /// `section.key`.
    pub(super) name: &'static str,
    /// What values it takes.
    pub(super) kind: K,
    /// The value when nobody says otherwise.
    pub(super) default: fn() -> K::Value,
    /// One line for people.
    pub(super) doc: &'static str,
}

/// A setting that may be left out.
pub(super) struct OptionalSetting<K: Kind> {
    /// `section.key`.
    pub(super) name: &'static str,
    /// What values it takes.
    pub(super) kind: K,
    /// One line for people.
    pub(super) doc: &'static str,
}

/// A secret: given as text, or as a file that holds it. Never taken from the command line, which every user of a
/// machine can read.
pub(super) struct SecretSetting<K: SecretKind> {
    /// `section.key`.
    pub(super) name: &'static str,
    /// `section.key_file`: where a file may be named instead.
    pub(super) file_name: &'static str,
    /// What values it takes.
    pub(super) kind: K,
    /// One line for people.
    pub(super) doc: &'static str,
}

/// One row of the key table.
#[derive(Debug, Clone, PartialEq)]
pub struct Key {
    /// `section.key`.
    pub name: &'static str,
    /// What is accepted, in words.
    pub accepts: String,
    /// The default as it would be written, if there is one.
    pub default: Option<String>,
    /// One line for people.
    pub doc: &'static str,
    /// The JSON schema of its value in a file.
    pub schema: serde_json::Value,
    /// Whether its value is hidden wherever values are shown.
    pub secret: bool,
}

impl<K: Kind> Setting<K> {
    /// Its row of the key table.
    pub(super) fn key(&self) -> Key {
        Key {
            name: self.name,
            accepts: self.kind.accepts(),
            default: Some(self.kind.show(&(self.default)())),
            doc: self.doc,
            schema: self.kind.schema(),
            secret: false,
        }
    }
}

impl<K: Kind> OptionalSetting<K> {
    /// Its row of the key table.
    pub(super) fn key(&self) -> Key {
        Key {
            name: self.name,
            accepts: self.kind.accepts(),
            default: None,
            doc: self.doc,
            schema: self.kind.schema(),
            secret: false,
        }
    }
}

impl<K: SecretKind> SecretSetting<K> {
    /// Its two rows of the key table: the secret and the file that may hold it.
    pub(super) fn keys(&self) -> [Key; 2] {
        [
            Key {
                name: self.name,
                accepts: self.kind.accepts(),
                default: None,
                doc: self.doc,
                schema: self.kind.schema(),
                secret: true,
            },
            Key {
                name: self.file_name,
                accepts: "the path of a readable file".to_owned(),
                default: None,
                doc: self.kind.file_doc(),
                schema: serde_json::json!({"type": "string"}),
                secret: false,
            },
        ]
    }
}

/// One effective value, as it may be shown to anybody: secrets read `***`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// `section.key`.
    pub key: &'static str,
    /// The value as it would be written; `None` when it is not set.
    pub value: Option<String>,
    /// Where the value came from; `Default` also for what is not set.
    pub origin: Origin,
}
