//! `docs/promises.md` names, for each promise, the test that would break it. A test that is renamed or deleted must not
//! leave a promise behind that nothing holds.

use super::Violation;
use super::tree::Tree;
use proc_macro2::{Delimiter, TokenStream, TokenTree};
use std::collections::BTreeSet;

const PROMISES: &str = "docs/promises.md";

/// The column that names tests, counted from 0.
const TEST_COLUMN: usize = 1;

/// Every test named in the table exists.
pub(super) fn tests_exist(tree: &Tree) -> Vec<Violation> {
    let Some(file) = tree.find(PROMISES) else {
        return vec![Violation { file: PROMISES.to_owned(), line: 0, message: "is missing".to_owned() }];
    };
    let tests: BTreeSet<String> = tree.ending(".rs").flat_map(|source| test_names(&source.text)).collect();
    let mut found = Vec::new();
    for (line, text) in file.lines() {
        let Some(cell) = cell_of_tests(text) else { continue };
        let names: Vec<_> = quoted(cell).collect();
        if names.is_empty() {
            found.push(violation(line, "this promise names no test".to_owned()));
        }
        for name in names {
            let function = name.rsplit("::").next().unwrap_or(name);
            if !tests.contains(function) {
                found.push(violation(line, format!("there is no test `{name}`")));
            }
        }
    }
    found
}

fn violation(line: usize, message: String) -> Violation {
    Violation { file: PROMISES.to_owned(), line, message }
}

/// The cell that names tests, of a row that is neither the head nor the rule below it.
fn cell_of_tests(line: &str) -> Option<&str> {
    let row = line.trim().strip_prefix('|')?.strip_suffix('|')?;
    let cells: Vec<_> = row.split('|').map(str::trim).collect();
    let cell = *cells.get(TEST_COLUMN)?;
    let is_rule = cell.chars().all(|character| "-: ".contains(character)) && !cell.is_empty();
    (!is_rule && cell != "test").then_some(cell)
}

/// The words between back-ticks.
fn quoted(cell: &str) -> impl Iterator<Item = &str> {
    cell.split('`').skip(1).step_by(2)
}

/// Functions with an attribute whose path ends in `test`, inside macros such as `proptest!` too.
fn test_names(text: &str) -> Vec<String> {
    let mut names = Vec::new();
    if let Ok(stream) = text.parse::<TokenStream>() {
        collect(stream, &mut names);
    }
    names
}

fn collect(stream: TokenStream, names: &mut Vec<String>) {
    let tokens: Vec<_> = stream.into_iter().collect();
    let mut marked = false;
    for (index, token) in tokens.iter().enumerate() {
        match (token, tokens.get(index + 1)) {
            (TokenTree::Group(group), _) if group.delimiter() == Delimiter::Bracket => {
                marked |= is_test(group.stream());
            }
            (TokenTree::Group(group), _) => collect(group.stream(), names),
            (TokenTree::Ident(keyword), Some(TokenTree::Ident(name))) if keyword == "fn" => {
                if marked {
                    names.push(name.to_string());
                }
                marked = false;
            }
            _ => {}
        }
    }
}

/// Whether an attribute is `test` or `some::path::test`, with or without arguments.
fn is_test(attribute: TokenStream) -> bool {
    let path: Vec<_> =
        attribute.into_iter().take_while(|token| !matches!(token, TokenTree::Group(_))).collect();
    matches!(path.last(), Some(TokenTree::Ident(name)) if name == "test")
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOURCE: &str = "
        #[test] fn plain() {}
        #[tokio::test(flavor = \"multi_thread\")] async fn with_arguments() {}
        proptest! { #[test] fn property(x in 0..3) {} }
        #[cfg(test)] mod tests { #[test] #[ignore] fn nested() {} fn fixture() {} }
    ";

    fn check(table: &str) -> Vec<String> {
        let tree = Tree::of(&[(PROMISES, table), ("crates/a/src/lib.rs", SOURCE)]);
        tests_exist(&tree).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn finds_tests_of_every_kind_and_nothing_else() {
        assert_eq!(test_names(SOURCE), ["plain", "with_arguments", "property", "nested"]);
    }

    #[test]
    fn a_table_of_real_tests_passes() {
        let table = "| promise | test | how to run |\n| --- | --- | --- |\n\
                     | one | `plain`, `a::tests::nested` | `cargo xtask test` |\n";
        assert!(check(table).is_empty());
    }

    #[test]
    fn a_promise_without_a_real_test_is_refused() {
        let table = "| promise | test | how to run |\n|---|---|---|\n| one | `gone` | x |\n| two |  | x |\n";
        assert_eq!(
            check(table),
            ["docs/promises.md:3: there is no test `gone`", "docs/promises.md:4: this promise names no test"]
        );
    }

    #[test]
    fn a_fixture_is_no_test() {
        assert_eq!(check("| one | `fixture` | x |").len(), 1);
    }
}
