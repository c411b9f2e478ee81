//! The platform's names as data: which scopes, permissions, endpoints, topics and SDK calls there are, and which real
//! one is nearest to one that there is not.
//!
//! Half of the advice about this platform names things that do not exist. What exists is in `catalogue/genesys.tsv`,
//! written by `cargo xtask catalogue` from the platform's own description; what people believe instead is in
//! `catalogue/beliefs.tsv`, kept by hand. Both are embedded and nothing here performs IO.

mod beliefs;
mod nearest;
mod paths;
mod table;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

pub use beliefs::{Belief, BeliefKind};
pub(crate) use paths::segments;

use beliefs::Beliefs;
use paths::Paths;

/// The names of the platform.
#[derive(Debug, Default)]
pub struct Catalogue {
    sources: Vec<&'static str>,
    scopes: BTreeSet<&'static str>,
    permissions: BTreeSet<&'static str>,
    /// The last words of permissions.
    actions: BTreeSet<&'static str>,
    /// By family, their second part, in small letters.
    topics: BTreeMap<String, Vec<&'static str>>,
    endpoints: Vec<Endpoint>,
    paths: Paths,
    /// The SDKs' methods, as [`letters`], to indexes of endpoints.
    operations: BTreeMap<String, usize>,
    /// The SDKs' classes, as [`letters`].
    classes: BTreeMap<String, &'static str>,
    beliefs: Beliefs,
}

/// A method of a path.
#[derive(Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// In capitals.
    pub method: &'static str,
    /// The template, such as `/api/v2/users/{userId}`.
    pub path: &'static str,
    /// The platform's name for it, such as `getUser`, which the SDKs use for their methods.
    pub operation: &'static str,
    /// The permissions it asks for. None: it asks for none.
    pub permissions: Vec<&'static str>,
    /// Whether all of the permissions are needed. Otherwise any one will do.
    pub needs_all: bool,
    /// The scopes of which any one will do, where scopes bind.
    pub scopes: Vec<&'static str>,
    /// The query parameters it takes.
    pub query: Vec<&'static str>,
}

/// Real names near to one that there is not, best first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Nearest {
    /// At most [`NEAREST_MAX`] by likeness; as many as it takes for a known belief.
    pub names: Vec<String>,
    /// What is so instead, where the belief is a known one. One sentence.
    pub why: Option<&'static str>,
}

/// How many names are offered by likeness alone.
pub const NEAREST_MAX: usize = 3;

static GENESYS: LazyLock<Catalogue> = LazyLock::new(|| {
    Catalogue::read(include_str!("../catalogue/genesys.tsv"), include_str!("../catalogue/beliefs.tsv")).0
});

impl Catalogue {
    /// Genesys Cloud, read once.
    #[must_use]
    pub fn genesys() -> &'static Self {
        &GENESYS
    }

    /// Where the names are from, with versions and dates.
    #[must_use]
    pub fn sources(&self) -> &[&'static str] {
        &self.sources
    }

    /// The OAuth scope of this name.
    #[must_use]
    pub fn scope(&self, name: &str) -> Option<&'static str> {
        self.scopes.get(name).copied()
    }

    /// The permission of this name, such as `analytics:agentState:view`. Names are compared as the platform does: with
    /// their capitals.
    #[must_use]
    pub fn permission(&self, name: &str) -> Option<&'static str> {
        self.permissions.get(name).copied()
    }

    /// The endpoint that a request of this method to this path reaches. The path may hold ids, a query, or the
    /// placeholders that people write (`{id}`, `<id>`, `:id`, `$id`).
    #[must_use]
    pub fn endpoint(&self, method: &str, path: &str) -> Option<&Endpoint> {
        self.at(path).into_iter().find(|endpoint| endpoint.method.eq_ignore_ascii_case(method))
    }

    /// Every method of this path.
    #[must_use]
    pub fn at(&self, path: &str) -> Vec<&Endpoint> {
        let found = self.paths.find(&segments(path));
        found.into_iter().filter_map(|index| self.endpoints.get(index)).collect()
    }

    /// Whether some path begins like this: code often joins the rest to it.
    #[must_use]
    pub fn begins_a_path(&self, path: &str) -> bool {
        self.paths.begins(&segments(path))
    }

    /// The template of the notification topic that this is, whatever its ids and its letters' case.
    #[must_use]
    pub fn topic(&self, name: &str) -> Option<&'static str> {
        let (prefix, last) = name.split_once('?').unwrap_or((name, ""));
        if last.is_empty() {
            return self.family(prefix).find(|template| is_topic(template, prefix));
        }
        // A combined topic is as real as each of its parts.
        let parts = last.split('&').map(|part| self.topic(&format!("{prefix}.{part}")));
        parts.collect::<Option<Vec<_>>>()?.first().copied()
    }

    /// Whether some topic begins with these parts: code often joins the rest to them.
    #[must_use]
    pub fn begins_a_topic(&self, name: &str) -> bool {
        self.family(name).any(|template| fits(template, name).is_some())
    }

    /// The topics that begin with the same two parts.
    fn family(&self, name: &str) -> impl Iterator<Item = &'static str> {
        let family = family(name).and_then(|family| self.topics.get(&family));
        family.into_iter().flatten().copied()
    }

    /// Whether some permission ends with this action.
    #[must_use]
    pub fn is_action(&self, word: &str) -> bool {
        self.actions.contains(word)
    }

    /// The endpoint that an SDK's method calls, however the language spells it: `getUsers`, `get_users`, `GetUsers`,
    /// `getUsersWithHttpInfo`.
    #[must_use]
    pub fn operation(&self, name: &str) -> Option<&Endpoint> {
        let letters = letters(name);
        let endings = ["", "async", "withhttpinfo", "asyncwithhttpinfo", "withhttpinfoasync"];
        let plain = endings.iter().filter_map(|ending| letters.strip_suffix(ending));
        plain.filter_map(|name| self.operations.get(name)).find_map(|index| self.endpoints.get(*index))
    }

    /// The SDKs' class of this name: `UsersApi`, `usersApi`, `users_api`.
    #[must_use]
    pub fn class(&self, name: &str) -> Option<&'static str> {
        self.classes.get(&letters(name)).copied()
    }

    /// What is known of a name that people believe in.
    #[must_use]
    pub fn belief(&self, kind: BeliefKind, name: &str) -> Option<&Belief> {
        self.beliefs.get(kind, name)
    }

    /// All beliefs of one kind.
    pub fn beliefs(&self, kind: BeliefKind) -> impl Iterator<Item = &Belief> {
        self.beliefs.of(kind)
    }
}

/// Two topics are one when their parts are, and a placeholder stands for anything.
fn is_topic(template: &str, name: &str) -> bool {
    fits(template, name) == Some(0)
}

/// The second part of a topic: `users`, `routing`.
fn family(name: &str) -> Option<String> {
    name.split(['.', '?']).nth(1).map(str::to_ascii_lowercase)
}

/// How many parts a template has beyond those of a name, if the name's parts are the template's first.
fn fits(template: &str, name: &str) -> Option<usize> {
    let mut wanted = template.split('.');
    for part in name.split('.') {
        let wanted = wanted.next()?;
        if part.is_empty() || !(wanted == "{id}" || wanted.eq_ignore_ascii_case(part)) {
            return None;
        }
    }
    Some(wanted.count())
}

/// A name without what languages do to it: `get_users` and `GetUsers` are `getusers`.
fn letters(name: &str) -> String {
    name.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect()
}

#[cfg(test)]
mod tests;
