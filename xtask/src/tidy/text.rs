//! Words that must not be committed, in any kind of text file.

use super::Violation;
use super::tree::{File, Tree};

/// Beginnings of paths that exist on one machine only. Written in halves, or this file would break its own rule.
const MACHINE_PATHS: [&str; 5] = [
    concat!("/", "tmp/"),
    concat!("/", "work/"),
    concat!("/", "root/"),
    concat!("/", "home/"),
    concat!("/", "Users/"),
];

/// How unfinished work is marked, in halves for the same reason, and how it is not.
const MARK: &str = concat!("TO", "DO");
const FOREIGN_MARKS: [&str; 2] = [concat!("FIX", "ME"), concat!("XX", "X")];

/// No path of somebody's machine. A URL that merely contains such a folder is fine.
pub(super) fn machine_paths(tree: &Tree) -> Vec<Violation> {
    each_line(tree, |line| {
        let path = MACHINE_PATHS.iter().find(|path| has_path(line, path))?;
        Some(format!("`{path}` is a path of one machine: use a temporary folder or a placeholder"))
    })
}

fn has_path(line: &str, path: &str) -> bool {
    line.match_indices(path).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        !before.is_some_and(|character| character.is_alphanumeric() || "._-}>*/".contains(character))
    })
}

/// Unfinished work says why it is unfinished, in parentheses.
pub(super) fn reasons_of_todos(tree: &Tree) -> Vec<Violation> {
    each_line(tree, |line| {
        if let Some(mark) = FOREIGN_MARKS.iter().find(|mark| has_word(line, mark)) {
            return Some(format!("write {MARK}(reason) instead of {mark}"));
        }
        let without_reason = |(at, _): (usize, &str)| !gives_reason(&line[at + MARK.len()..]);
        let bare = has_word(line, MARK) && line.match_indices(MARK).any(without_reason);
        bare.then(|| format!("say why, as {MARK}(reason)"))
    })
}

fn has_word(line: &str, word: &str) -> bool {
    line.split(|character: char| !character.is_alphanumeric() && character != '_').any(|part| part == word)
}

fn gives_reason(rest: &str) -> bool {
    rest.strip_prefix('(')
        .and_then(|rest| rest.split_once(')'))
        .is_some_and(|(reason, _)| !reason.trim().is_empty())
}

fn each_line(tree: &Tree, check: impl Fn(&str) -> Option<String>) -> Vec<Violation> {
    let ours = tree.files().iter().filter(|file| file.path != "Cargo.lock");
    let in_file = |file: &File| -> Vec<Violation> {
        let found = file.lines().filter_map(|(line, text)| Some((line, check(text)?)));
        found.map(|(line, message)| Violation { file: file.path.clone(), line, message }).collect()
    };
    ours.flat_map(in_file).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(found: &[Violation]) -> Vec<usize> {
        found.iter().map(|violation| violation.line).collect()
    }

    #[test]
    fn a_path_of_one_machine_is_refused() {
        let text = ["see /TMP/x", "https://example.org/TMP/x", "\"/TMP/y\"", "a/TMP/b", "`${HOME}/TMP/`"]
            .join("\n")
            .replace("TMP", "tmp");
        assert_eq!(lines(&machine_paths(&Tree::of(&[("README.md", &text)]))), [1, 3]);
    }

    #[test]
    fn unfinished_work_needs_a_reason() {
        let text = ["// DO: later", "// DO(waits for the next format): drop", "// DO()", "TODOS", "// FIX"]
            .join("\n")
            .replace("DO", MARK)
            .replace("FIX", FOREIGN_MARKS[0]);
        assert_eq!(lines(&reasons_of_todos(&Tree::of(&[("a.rs", &text)]))), [1, 3, 5]);
    }
}
