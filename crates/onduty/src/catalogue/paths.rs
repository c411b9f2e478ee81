//! Which templates a path fits. A tree of segments, because a pasted file may name thousands of paths.

use std::collections::{BTreeMap, BTreeSet};

/// How deep paths are followed. The platform's longest has 14 segments.
const DEPTH_MAX: usize = 24;

/// How many templates one path with placeholders may fit.
const FITTING_MAX: usize = 128;

/// A part of a path between slashes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Segment<'a> {
    /// As written.
    Text(&'a str),
    /// Something to be filled in, of this name (without its braces).
    Placeholder(&'a str),
}

/// The segments of a path, without its query and fragment.
#[must_use]
pub(crate) fn segments(path: &str) -> Vec<Segment<'_>> {
    let path = path.split(['?', '#']).next().unwrap_or_default();
    let parts = path.split('/').filter(|part| !part.is_empty());
    parts.take(DEPTH_MAX + 1).map(segment).collect()
}

/// `{id}`, `${id}`, `<id>`, `:id`, `$id`, `%s`, `*` and whatever holds one of these is filled in at run time.
fn segment(text: &str) -> Segment<'_> {
    if text.contains(['{', '$', '<', '*', '%', '+']) || text.starts_with(':') {
        Segment::Placeholder(text.trim_matches(|c: char| !c.is_ascii_alphanumeric()))
    } else {
        Segment::Text(text)
    }
}

/// The templates.
#[derive(Debug)]
pub(super) struct Paths {
    nodes: Vec<Node>,
    /// Every text that is a part of some template.
    words: BTreeSet<&'static str>,
}

#[derive(Debug, Default)]
struct Node {
    children: BTreeMap<&'static str, usize>,
    /// The child for anything, and whether that is an id.
    any: Option<(usize, bool)>,
    ends: Vec<usize>,
}

impl Default for Paths {
    fn default() -> Self {
        Self { nodes: vec![Node::default()], words: BTreeSet::new() }
    }
}

impl Paths {
    /// Adds a template, with what is found at it.
    pub(super) fn add(&mut self, template: &[Segment<'static>], found: usize) {
        let mut at = 0;
        for segment in template {
            let next = self.nodes.len();
            let Some(node) = self.nodes.get_mut(at) else { return };
            at = match *segment {
                Segment::Text(text) => {
                    self.words.insert(text);
                    *node.children.entry(text).or_insert(next)
                }
                Segment::Placeholder(name) => {
                    let (child, is_id) = node.any.get_or_insert((next, false));
                    *is_id |= name.ends_with("Id");
                    *child
                }
            };
            if at == next {
                self.nodes.push(Node::default());
            }
        }
        if let Some(node) = self.nodes.get_mut(at) {
            node.ends.push(found);
        }
    }

    /// What is at the templates that this path fits.
    pub(super) fn find(&self, path: &[Segment<'_>]) -> Vec<usize> {
        let nodes = self.walk(path);
        // Where a text fits as it stands, it is not an id: `/users/search` is not the user named search.
        nodes.into_iter().map(|node| &node.ends).filter(|ends| !ends.is_empty()).flatten().copied().collect()
    }

    /// Whether a template begins like this path.
    pub(super) fn begins(&self, path: &[Segment<'_>]) -> bool {
        !self.walk(path).is_empty()
    }

    fn walk(&self, path: &[Segment<'_>]) -> Vec<&Node> {
        let mut here: Vec<&Node> = self.nodes.first().into_iter().collect();
        for segment in path {
            let mut next = Vec::new();
            for node in here {
                self.step(node, *segment, &mut next);
            }
            next.truncate(FITTING_MAX);
            here = next;
        }
        here
    }

    fn step<'a>(&'a self, node: &'a Node, segment: Segment<'_>, next: &mut Vec<&'a Node>) {
        let any = node.any.and_then(|(index, is_id)| Some((self.nodes.get(index)?, is_id)));
        match segment {
            Segment::Placeholder(name) => {
                next.extend(any.map(|(node, _)| node));
                // `{mediaType}` may become any of the texts, `{userId}` none of them.
                if !name.to_ascii_lowercase().ends_with("id") {
                    next.extend(node.children.values().filter_map(|index| self.nodes.get(*index)));
                }
            }
            Segment::Text(text) => {
                let literal = node.children.get(text).and_then(|index| self.nodes.get(*index));
                next.extend(literal);
                // `states` in the place of an id is a resource that somebody hoped for.
                next.extend(any.filter(|(_, is_id)| !(*is_id && self.is_word(text))).map(|(node, _)| node));
            }
        }
    }

    /// Whether a text names a resource somewhere, in the singular or the plural.
    fn is_word(&self, text: &str) -> bool {
        const SHORTEST: usize = 4;
        let one = text.strip_suffix('s').unwrap_or(text);
        let known = |word: &str| self.words.contains(word);
        text.len() >= SHORTEST
            && text.bytes().all(|b| b.is_ascii_lowercase())
            && (known(text) || known(one) || known(&format!("{text}s")))
    }
}
