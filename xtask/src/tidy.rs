//! The house rules that a program can check, so that no reviewer has to remember them. `cargo xtask tidy` runs them, and
//! so does a test here; each rule is a function over the [`Tree`] with a test of its own on a sample that breaks it.

mod imports;
mod layout;
mod manifests;
mod paths;
mod promises;
mod text;
mod tree;

use std::fmt;
use std::path::Path;
use tree::{Tree, TreeError};

/// One place that breaks one rule.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Violation {
    /// The file, from the root of the repository.
    file: String,
    /// Counted from 1; 0 means the file as a whole.
    line: usize,
    /// What is wrong and what to do.
    message: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            0 => write!(formatter, "{}: {}", self.file, self.message),
            line => write!(formatter, "{}:{line}: {}", self.file, self.message),
        }
    }
}

/// Why the repository is not tidy, or could not be looked at.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TidyError {
    /// The repository could not be read.
    #[error("the repository could not be read")]
    Read(#[from] TreeError),
    /// Rules are broken; each place has been printed.
    #[error("{0} places break the house rules")]
    Untidy(usize),
}

type Rule = fn(&Tree) -> Vec<Violation>;

const RULES: &[Rule] = &[
    imports::directions,
    imports::purity_of_core,
    layout::no_mod_rs,
    layout::names_of_modules,
    layout::length,
    layout::opening,
    manifests::workspace_lints,
    manifests::own_dependencies,
    manifests::dependencies_of_core,
    promises::tests_exist,
    text::machine_paths,
    text::reasons_of_todos,
];

/// Checks every rule, prints each place that breaks one, and the files that are getting long.
pub(crate) fn check(root: &Path) -> Result<(), TidyError> {
    let tree = Tree::read(root)?;
    let violations = violations(&tree);
    for violation in &violations {
        println!("{violation}");
    }
    for notice in layout::getting_long(&tree) {
        println!("note: {notice}");
    }
    if violations.is_empty() {
        println!("{} files are tidy by {} rules", tree.files().len(), RULES.len());
        return Ok(());
    }
    Err(TidyError::Untidy(violations.len()))
}

fn violations(tree: &Tree) -> Vec<Violation> {
    let mut found: Vec<_> = RULES.iter().flat_map(|rule| rule(tree)).collect();
    found.sort();
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_repository_is_tidy() {
        let root = crate::workspace::root().expect("run by cargo");
        let tree = Tree::read(&root).expect("readable");
        let found: Vec<_> = violations(&tree).iter().map(ToString::to_string).collect();
        assert!(found.is_empty(), "\n{}\n", found.join("\n"));
    }
}
