//! How source files are named, how they begin, and how long they may grow.

use super::Violation;
use super::paths::modules;
use super::tree::{File, Tree};

/// Names that say nothing about what is inside.
const EMPTY_NAMES: [&str; 9] =
    ["utils", "util", "helpers", "helper", "common", "types", "manager", "managers", "misc"];

/// No source file is longer than this.
const LINES_MAX: usize = 600;

/// Beyond this a file is mentioned, so that it is split before it has to be.
const LINES_NOTICED: usize = 300;

/// `name.rs` beside `name/`, never `name/mod.rs`: tabs and search results then say where one is.
pub(super) fn no_mod_rs(tree: &Tree) -> Vec<Violation> {
    let folder = |file: &File| file.path.strip_suffix("/mod.rs").map(str::to_owned);
    let found = tree.ending(".rs").filter_map(|file| folder(file).map(|folder| (file, folder)));
    found.map(|(file, folder)| whole(file, format!("move it to {folder}.rs"))).collect()
}

/// Modules are named after a thing of the domain.
pub(super) fn names_of_modules(tree: &Tree) -> Vec<Violation> {
    let mut found = Vec::new();
    for file in tree.ending(".rs") {
        let parts = file.path.trim_end_matches(".rs").split('/');
        found.extend(
            parts.filter(|part| EMPTY_NAMES.contains(part)).map(|part| whole(file, says_nothing(part))),
        );
        let inside = modules(&file.text).unwrap_or_default();
        found.extend(
            inside.into_iter().filter(|(name, _)| EMPTY_NAMES.contains(&name.as_str())).map(
                |(name, line)| Violation { file: file.path.clone(), line, message: says_nothing(&name) },
            ),
        );
    }
    found
}

fn says_nothing(name: &str) -> String {
    format!("the name `{name}` says nothing: name what is inside")
}

/// A file that no longer fits a reader's head is split by fact.
pub(super) fn length(tree: &Tree) -> Vec<Violation> {
    long_files(tree, LINES_MAX)
        .map(|(file, lines)| whole(file, format!("{lines} lines, at most {LINES_MAX}: split it by fact")))
        .collect()
}

/// Files on their way to the limit.
pub(super) fn getting_long(tree: &Tree) -> Vec<String> {
    long_files(tree, LINES_NOTICED).map(|(file, lines)| format!("{}: {lines} lines", file.path)).collect()
}

fn long_files(tree: &Tree, limit: usize) -> impl Iterator<Item = (&File, usize)> {
    tree.ending(".rs").map(|file| (file, file.text.lines().count())).filter(move |(_, lines)| *lines > limit)
}

/// Every file begins with what it is for.
pub(super) fn opening(tree: &Tree) -> Vec<Violation> {
    let closed = tree.ending(".rs").filter(|file| !opens_with_purpose(&file.text));
    closed.map(|file| whole(file, "open with `//!`: what it is for and why".to_owned())).collect()
}

fn opens_with_purpose(text: &str) -> bool {
    let purpose = text.lines().next().and_then(|line| line.strip_prefix("//!")).unwrap_or_default().trim();
    !purpose.is_empty()
}

fn whole(file: &File, message: String) -> Violation {
    Violation { file: file.path.clone(), line: 0, message }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mod_rs_is_refused_with_its_new_name() {
        let found = no_mod_rs(&Tree::of(&[("crates/a/src/b/mod.rs", ""), ("crates/a/src/model.rs", "")]));
        assert_eq!(found.len(), 1);
        assert!(found[0].message.contains("crates/a/src/b.rs"));
    }

    #[test]
    fn names_that_say_nothing_are_refused_as_file_folder_and_inline() {
        let samples = [
            ("crates/a/src/utils.rs", ""),
            ("crates/a/tests/common/server.rs", ""),
            ("crates/a/src/b.rs", "//! B.\nmod types {}"),
            ("crates/a/src/agent.rs", "mod tests {}"),
        ];
        let found = names_of_modules(&Tree::of(&samples));
        let places: Vec<_> =
            found.iter().map(|violation| (violation.file.as_str(), violation.line)).collect();
        assert_eq!(
            places,
            [("crates/a/src/utils.rs", 0), ("crates/a/tests/common/server.rs", 0), ("crates/a/src/b.rs", 2)]
        );
    }

    #[test]
    fn a_file_over_the_limit_is_refused_and_one_on_its_way_is_noticed() {
        let (over, nearly, short) = ("x\n".repeat(601), "x\n".repeat(600), "x\n".repeat(300));
        let tree = Tree::of(&[("over.rs", &over), ("nearly.rs", &nearly), ("short.rs", &short)]);
        assert_eq!(length(&tree).len(), 1);
        assert_eq!(getting_long(&tree), ["over.rs: 601 lines", "nearly.rs: 600 lines"]);
    }

    #[test]
    fn a_file_must_say_what_it_is_for() {
        let samples = [("a.rs", "//! Sweeps."), ("b.rs", "use x;"), ("c.rs", "//!"), ("d.rs", "")];
        let found = opening(&Tree::of(&samples));
        let files: Vec<_> = found.iter().map(|violation| violation.file.as_str()).collect();
        assert_eq!(files, ["b.rs", "c.rs", "d.rs"]);
    }
}
