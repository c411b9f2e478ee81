//! Calls of the platform's SDKs: classes that end with `Api`, and their methods, which carry the names of operations.

use std::collections::BTreeSet;

use super::line::{Line, is_word};
use super::{About, Kind, Marks};
use crate::catalogue::{BeliefKind, Catalogue, Nearest};

/// Python's module, which is also the only thing of this name in any SDK.
const MODULE: &str = "PureCloudPlatformClientV2";

/// What the SDKs' classes have beside operations.
const ACCESSORS: [&str; 6] =
    ["getApiClient", "get_api_client", "getConfiguration", "get_configuration", "getBasePath", "getClass"];

/// What a text says about its use of an SDK.
#[derive(Debug)]
pub(super) struct Sdk<'a> {
    /// Whether it uses one of the platform's at all.
    is_used: bool,
    /// Names that the text gives to something itself.
    assigned: BTreeSet<&'a str>,
    /// Those that it gives to an instance of a class that ends with `Api`.
    instances: BTreeSet<&'a str>,
}

impl<'a> Sdk<'a> {
    pub(super) fn read(text: &'a str) -> Self {
        let mut sdk = Self { is_used: false, assigned: BTreeSet::new(), instances: BTreeSet::new() };
        for line in text.lines() {
            let line = line.get(..line.floor_char_boundary(super::LINE_BYTES_MAX)).unwrap_or_default();
            let small = line.to_ascii_lowercase();
            let marks = ["purecloud", "platformclient", "genesys"];
            sdk.is_used |= marks.iter().any(|mark| small.contains(mark));
            let Some((left, right)) = line.split_once('=') else { continue };
            let left = left.trim_end_matches([':', ' ']);
            let name = left.rsplit(|c: char| !is_word(c)).next().unwrap_or_default();
            if !right.starts_with('=') && !name.is_empty() {
                sdk.assigned.insert(name);
                if right.contains("Api(") {
                    sdk.instances.insert(name);
                }
            }
        }
        sdk
    }
}

pub(super) fn find(catalogue: &Catalogue, sdk: &Sdk<'_>, line: &Line<'_>, marks: &mut Marks) {
    for (start, name) in line.stretches(is_word) {
        let end = start + name.len();
        let is_member = line.char_before(start) == Some('.');
        let is_called = line.char_at(end) == Some('(');
        if name == MODULE {
            module(line, start, is_called, marks);
            continue;
        }
        // Two words are looked at together where the first alone says nothing.
        let pair = line.text.get(end..).and_then(|rest| rest.strip_prefix('.')).map(|rest| {
            let length = rest.find(|c: char| !is_word(c)).unwrap_or(rest.len());
            end + 1 + length
        });
        if let Some(name) = pair.and_then(|end| line.text.get(start..end))
            && catalogue.belief(BeliefKind::Call, name).is_some()
        {
            if marks.take(start..start + name.len()) {
                marks.add(start, Kind::Call, name, About::Name);
            }
            continue;
        }
        let is_class = name.ends_with("Api") || name.ends_with("_api");
        let believed = catalogue.belief(BeliefKind::Call, name).is_some();
        let kind =
            if is_class && (is_member || is_called || name.starts_with(|c: char| c.is_ascii_uppercase())) {
                class(catalogue, sdk, name, believed, marks)
            } else if (is_member || is_called) && believed {
                Some(Kind::Call)
            } else if is_member && is_called {
                method(catalogue, sdk, line, (start, name), marks)
            } else {
                None
            };
        if let Some(kind) = kind
            && marks.take(start..end)
        {
            marks.add(start, kind, name, About::Name);
        }
    }
}

/// The module taken for a class.
fn module(line: &Line<'_>, start: usize, is_called: bool, marks: &mut Marks) {
    let before = line.text.get(..start).unwrap_or_default().trim();
    let is_imported = before.starts_with("from ") && before.ends_with("import");
    if (is_called || is_imported) && marks.take(start..start + MODULE.len()) {
        let names = vec![format!("import {MODULE}"), format!("{MODULE}.UsersApi(api_client)")];
        let why = "this is the name of Python's module, not of a class in it".to_owned();
        marks.add(start, Kind::Class, MODULE, About::Said(Nearest { names, why: None }, why));
    }
}

fn class(
    catalogue: &Catalogue,
    sdk: &Sdk<'_>,
    name: &str,
    believed: bool,
    marks: &mut Marks,
) -> Option<Kind> {
    if catalogue.class(name).is_some() {
        marks.known += 1;
        return None;
    }
    // A name of the text's own may be anything.
    let own = sdk.assigned.contains(name);
    (!own && (believed || (sdk.is_used && name.trim_end_matches("Api").len() > 1))).then_some(Kind::Class)
}

fn method(
    catalogue: &Catalogue,
    sdk: &Sdk<'_>,
    line: &Line<'_>,
    called: (usize, &str),
    marks: &mut Marks,
) -> Option<Kind> {
    let (start, name) = called;
    let verbs = ["get", "post", "put", "patch", "delete", "head"];
    let small = name.to_ascii_lowercase();
    let rest = verbs
        .iter()
        .find_map(|verb| small.strip_prefix(verb).and_then(|rest| name.get(name.len() - rest.len()..)))?;
    if !rest.starts_with(|c: char| c == '_' || c.is_ascii_uppercase()) || ACCESSORS.contains(&name) {
        return None;
    }
    let before = line.text.get(..start).and_then(|text| text.strip_suffix('.')).unwrap_or_default();
    let receiver = before.rsplit(|c: char| !is_word(c)).next().unwrap_or_default();
    let made_here = before.strip_suffix("()").is_some_and(|class| class.ends_with("Api"));
    let small = receiver.to_ascii_lowercase();
    let is_api = small.contains("api") && !small.ends_with("client");
    if !(sdk.is_used && (is_api || made_here)) && !sdk.instances.contains(receiver) {
        return None;
    }
    if catalogue.operation(name).is_some() {
        marks.known += 1;
        return None;
    }
    Some(Kind::Call)
}
