//! What sections read their values from. A bad value becomes a problem and reads as its default, so that one mistake
//! does not hide the next.

use std::collections::BTreeMap;
use std::path::Path;

use super::kind::{Kind, SecretKind};
use super::layers::{Given, Layers, Origin, ReadFile, env_name};
use super::problem::Problem;
use super::secret::REDACTED;
use super::setting::{Entry, OptionalSetting, SecretSetting, Setting};

/// The resolved layers while sections read them.
pub(super) struct Input {
    given: BTreeMap<&'static str, Given>,
    read_file: ReadFile,
    pub(super) problems: Vec<Problem>,
    pub(super) entries: Vec<Entry>,
}

impl Input {
    pub(super) fn new(layers: &Layers, known: &[&'static str]) -> Self {
        let mut problems = Vec::new();
        let given = super::layers::resolve(layers, known, &mut problems);
        Self { given, read_file: layers.read_file, problems, entries: Vec::new() }
    }

    /// The value, or the default when nobody gave one or the one given is refused.
    pub(super) fn value<K: Kind>(&mut self, setting: &Setting<K>) -> K::Value {
        let value = self.read(setting.name, &setting.kind).unwrap_or_else(setting.default);
        self.enter(setting.name, Some(setting.kind.show(&value)));
        value
    }

    /// The value, if there is one and it is accepted.
    pub(super) fn optional<K: Kind>(&mut self, setting: &OptionalSetting<K>) -> Option<K::Value> {
        let value = self.read(setting.name, &setting.kind);
        self.enter(setting.name, value.as_ref().map(|value| setting.kind.show(value)));
        value
    }

    /// The value, else `fallback`, which is then shown as the default.
    pub(super) fn value_or<K: Kind>(
        &mut self,
        setting: &OptionalSetting<K>,
        fallback: Option<K::Value>,
    ) -> Option<K::Value> {
        let value = self.read(setting.name, &setting.kind).or(fallback);
        self.enter(setting.name, value.as_ref().map(|value| setting.kind.show(value)));
        value
    }

    /// The secret, from its own text or from the file named for it, whichever layer is the stronger.
    pub(super) fn secret<K: SecretKind>(&mut self, setting: &SecretSetting<K>) -> Option<K::Value> {
        let direct = self.origin(setting.name);
        let by_file = self.origin(setting.file_name);
        if direct != Origin::Default && direct.strength() == by_file.strength() {
            self.refuse(setting.name, &format!("{} is set as well; keep one of the two", setting.file_name));
        }
        let value = if by_file.strength() > direct.strength() {
            self.read_secret_file(setting)
        } else {
            self.read_secret(setting)
        };
        let shown = value.as_ref().map(|_| REDACTED.to_owned());
        let origin = if by_file.strength() > direct.strength() { by_file.clone() } else { direct };
        self.entries.push(Entry { key: setting.name, value: shown, origin });
        let path =
            self.given.get(setting.file_name).and_then(|given| given.raw.as_text()).map(ToOwned::to_owned);
        self.entries.push(Entry { key: setting.file_name, value: path, origin: by_file });
        value
    }

    /// Where the value of `key` came from.
    pub(super) fn origin(&self, key: &str) -> Origin {
        self.given.get(key).map_or(Origin::Default, |given| given.origin.clone())
    }

    /// Whether somebody gave `key` a value, accepted or not.
    pub(super) fn is_given(&self, key: &str) -> bool {
        self.given.contains_key(key)
    }

    /// Refuses the value of `key` for a reason that only the section can see.
    pub(super) fn refuse(&mut self, key: &str, message: &str) {
        let origin = self.origin(key);
        self.problems.push(Problem::Refused { key: key.to_owned(), origin, message: message.to_owned() });
    }

    /// Reports that `key` must be set, unless a refused value has been reported already.
    pub(super) fn missing(&mut self, key: &str, remedy: &str) {
        if !self.is_given(key) {
            self.problems.push(Problem::Missing { key: key.to_owned(), remedy: remedy.to_owned() });
        }
    }

    /// As `missing`, for a secret that may also come by file.
    pub(super) fn missing_secret<K: SecretKind>(&mut self, setting: &SecretSetting<K>) {
        if !self.is_given(setting.file_name) {
            let remedy = format!("set {} or {}", env_name(setting.name), env_name(setting.file_name));
            self.missing(setting.name, &remedy);
        }
    }

    fn read<K: Kind>(&mut self, name: &'static str, kind: &K) -> Option<K::Value> {
        let given = self.given.get(name)?;
        let value = kind.read(&given.raw);
        if value.is_none() {
            let (origin, shown, hint) = (given.origin.clone(), given.raw.to_string(), kind.hint(&given.raw));
            self.problems.push(Problem::BadValue {
                key: name.to_owned(),
                origin,
                shown,
                accepted: kind.accepts(),
                hint,
            });
        }
        value
    }

    fn read_secret<K: SecretKind>(&mut self, setting: &SecretSetting<K>) -> Option<K::Value> {
        let given = self.given.get(setting.name)?;
        if matches!(given.origin, Origin::Flag(_)) {
            let remedy = format!(
                "every user of the machine can read a command line; use {} or {}",
                env_name(setting.name),
                setting.file_name
            );
            self.refuse(setting.name, &remedy);
            return None;
        }
        let value = setting.kind.read(&given.raw);
        if value.is_none() {
            let origin = given.origin.clone();
            self.bad_secret(setting, setting.name, origin);
        }
        value
    }

    fn read_secret_file<K: SecretKind>(&mut self, setting: &SecretSetting<K>) -> Option<K::Value> {
        let given = self.given.get(setting.file_name)?.clone();
        let accepted = || "the path of a readable file".to_owned();
        let Some(path) = given.raw.as_text() else {
            self.problems.push(Problem::BadValue {
                key: setting.file_name.to_owned(),
                origin: given.origin,
                shown: given.raw.to_string(),
                accepted: accepted(),
                hint: None,
            });
            return None;
        };
        match (self.read_file)(Path::new(path)) {
            Ok(text) => {
                let value = setting.kind.read(&setting.kind.parse_file(&text));
                if value.is_none() {
                    self.bad_secret(setting, setting.file_name, given.origin);
                }
                value
            }
            Err(error) => {
                self.problems.push(Problem::BadValue {
                    key: setting.file_name.to_owned(),
                    origin: given.origin,
                    shown: format!("{} ({error})", given.raw),
                    accepted: accepted(),
                    hint: None,
                });
                None
            }
        }
    }

    fn bad_secret<K: SecretKind>(&mut self, setting: &SecretSetting<K>, key: &str, origin: Origin) {
        let accepted = if key == setting.file_name {
            format!("a file that holds {}", setting.kind.accepts())
        } else {
            setting.kind.accepts()
        };
        self.problems.push(Problem::BadValue {
            key: key.to_owned(),
            origin,
            shown: REDACTED.to_owned(),
            accepted,
            hint: None,
        });
    }

    fn enter(&mut self, key: &'static str, value: Option<String>) {
        let origin = self.origin(key);
        self.entries.push(Entry { key, value, origin });
    }
}
