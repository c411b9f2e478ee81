//! Scopes (`users`, `users:readonly`) and permissions (`analytics:agentState:view`): words joined by colons.
//!
//! Much else is joined by colons. A name is judged only when its last word is an action that scopes or permissions have
//! or are believed to have, and whether three words are the one or the other is decided by what the text speaks of.

use super::line::{Line, Speech};
use super::{About, Kind, Marks};
use crate::catalogue::Catalogue;

/// Actions that are believed in, or common to both.
const ACTIONS: [&str; 12] =
    ["read", "write", "view", "edit", "add", "delete", "manage", "list", "create", "update", "get", "admin"];

/// What begins a name of another kind: schemes, hashes, resource names.
const OTHERS: [&str; 14] = [
    "arn",
    "data",
    "docker",
    "file",
    "git",
    "http",
    "https",
    "localhost",
    "npm",
    "sha256",
    "urn",
    "ws",
    "wss",
    "workspace",
];

pub(super) fn find(catalogue: &Catalogue, line: &Line<'_>, marks: &mut Marks) {
    let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, ':' | '_' | '-' | '.');
    for (at, stretch) in line.stretches(is_part) {
        let ends = [':', '.', '-'];
        let name = stretch.trim_end_matches(ends);
        let start = at + name.len() - name.trim_start_matches(ends).len();
        let name = name.trim_start_matches(ends);
        let end = start + name.len();
        let beside = |c: Option<char>, marks: &[char]| c.is_some_and(|c| marks.contains(&c));
        if beside(line.char_before(at), &['/', '@', '$', '#', '%', '\\'])
            || beside(line.char_at(end), &['/', '(', '='])
        {
            continue;
        }
        let parts: Vec<&str> = name.splitn(4, ':').collect();
        let (known, kind) = match parts.as_slice() {
            [first, action] if is_name(first) && is_name(action) => {
                (catalogue.scope(name).is_some(), two_words(catalogue, first, action, line.speech_at(start)))
            }
            [first, second, action] if [first, second, action].into_iter().all(|part| is_name(part)) => {
                let kind = three_words(catalogue, action, line.speech_at(start));
                (catalogue.permission(name).is_some(), kind)
            }
            _ => continue,
        };
        let kind = kind.filter(|_| !parts.first().is_some_and(|first| OTHERS.contains(first)));
        if (known || kind.is_some()) && marks.take(start..end) {
            match kind.filter(|_| !known) {
                Some(kind) => marks.add(start, kind, name, About::Name),
                None => marks.known += 1,
            }
        }
    }
}

fn is_name(part: &str) -> bool {
    part.starts_with(|c: char| c.is_ascii_alphabetic()) && !part.contains('.')
}

fn two_words(catalogue: &Catalogue, first: &str, action: &str, speech: Option<Speech>) -> Option<Kind> {
    let is_scope = action == "readonly"
        || ACTIONS.contains(&action)
        // People also put the action first (`view:agentstate`), or one that only permissions have (`analytics:query`).
        || (speech.is_some() && ACTIONS.contains(&first))
        || (speech == Some(Speech::Scopes) && (catalogue.scope(first).is_some() || catalogue.is_action(action)));
    is_scope.then_some(Kind::Scope)
}

fn three_words(catalogue: &Catalogue, action: &str, speech: Option<Speech>) -> Option<Kind> {
    match (action, speech) {
        // The ending of scopes; of permissions only one has it, and that is known.
        ("readonly", _) => Some(Kind::Scope),
        (_, Some(Speech::Scopes)) if ACTIONS.contains(&action) => Some(Kind::Scope),
        (_, Some(Speech::Permissions)) if ACTIONS.contains(&action) || catalogue.is_action(action) => {
            Some(Kind::Permission)
        }
        ("read" | "write", _) => Some(Kind::Scope),
        _ if ACTIONS.contains(&action) => Some(Kind::Permission),
        _ => None,
    }
}
