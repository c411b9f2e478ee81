//! What people believe instead: names that circulate and do not exist, and what to use in their place.

use std::collections::BTreeMap;

use super::paths::{Segment, segments};

/// What a believed name is taken for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum BeliefKind {
    /// A path, compared segment by segment, whatever stands for ids.
    Endpoint,
    /// An OAuth scope.
    Scope,
    /// A permission.
    Permission,
    /// A role.
    Role,
    /// An identifier, or two joined by a dot, in code.
    Call,
    /// A package or module to import.
    Package,
    /// A request header.
    Header,
    /// A mark of another product, found anywhere in a text.
    Product,
}

impl BeliefKind {
    const ALL: [(&'static str, Self); 8] = [
        ("endpoint", Self::Endpoint),
        ("scope", Self::Scope),
        ("permission", Self::Permission),
        ("role", Self::Role),
        ("call", Self::Call),
        ("package", Self::Package),
        ("header", Self::Header),
        ("product", Self::Product),
    ];
}

/// One belief.
#[derive(Debug, PartialEq, Eq)]
pub struct Belief {
    /// What it is taken for.
    pub kind: BeliefKind,
    /// The name.
    pub name: &'static str,
    /// What is real, best first.
    pub nearest: Vec<&'static str>,
    /// What is so: one sentence without its full stop.
    pub why: &'static str,
}

impl Belief {
    /// `KIND NAME NEAREST WHY`, the nearest parted by ` | `.
    pub(super) fn read(columns: &[&'static str]) -> Option<Self> {
        let [kind, name, nearest, why] = columns else { return None };
        let (_, kind) = BeliefKind::ALL.iter().find(|(word, _)| word == kind)?;
        Some(Self { kind: *kind, name, nearest: nearest.split(" | ").collect(), why })
    }
}

/// All of them.
#[derive(Debug, Default)]
pub(super) struct Beliefs {
    by_name: BTreeMap<(BeliefKind, String), Belief>,
}

impl Beliefs {
    /// Adds one. False when there is one of that name.
    pub(super) fn add(&mut self, belief: Belief) -> bool {
        self.by_name.insert((belief.kind, key(belief.kind, belief.name)), belief).is_none()
    }

    pub(super) fn get(&self, kind: BeliefKind, name: &str) -> Option<&Belief> {
        self.by_name.get(&(kind, key(kind, name)))
    }

    pub(super) fn of(&self, kind: BeliefKind) -> impl Iterator<Item = &Belief> {
        self.by_name.values().filter(move |belief| belief.kind == kind)
    }
}

/// What makes two names of a kind the same.
fn key(kind: BeliefKind, name: &str) -> String {
    match kind {
        BeliefKind::Endpoint => {
            let parts = segments(name).into_iter().map(|segment| match segment {
                Segment::Text(text) if is_word(text) => text.to_ascii_lowercase(),
                Segment::Text(_) | Segment::Placeholder(_) => "{}".to_owned(),
            });
            parts.collect::<Vec<_>>().join("/")
        }
        // Languages differ in capitals, and some packages only by them.
        BeliefKind::Call | BeliefKind::Package => name.to_owned(),
        BeliefKind::Scope
        | BeliefKind::Permission
        | BeliefKind::Role
        | BeliefKind::Header
        | BeliefKind::Product => name.to_ascii_lowercase(),
    }
}

/// A resource, not an id: letters only, or the version of the API.
fn is_word(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_lowercase()) || matches!(text, "v1" | "v2" | "v3")
}
