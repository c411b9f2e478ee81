//! The paths that Rust source names, in `use` groups and in expressions alike. Works on tokens, so comments and strings
//! are no matter, and code inside macros counts.

use proc_macro2::{Delimiter, Spacing, TokenStream, TokenTree};

/// A path as written, a group in braces taken apart: `use a::{b, c::d}` is `a::b` and `a::c::d`.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct NamedPath {
    pub(super) segments: Vec<String>,
    /// Counted from 1.
    pub(super) line: usize,
}

impl NamedPath {
    pub(super) fn starts_with(&self, prefix: &[&str]) -> bool {
        self.segments.len() >= prefix.len() && self.segments.iter().zip(prefix).all(|(a, b)| a == b)
    }

    pub(super) fn root(&self) -> &str {
        self.segments.first().map_or("", String::as_str)
    }
}

/// Every path of two segments or more, and every single name inside a `use` group.
///
/// # Errors
/// When the text can't be split into Rust tokens.
pub(super) fn paths(text: &str) -> Result<Vec<NamedPath>, proc_macro2::LexError> {
    let mut found = Vec::new();
    scan(text.parse()?, &[], &mut found);
    Ok(found)
}

/// Names of the modules that a file declares, inline or not, with their lines.
///
/// # Errors
/// When the text can't be split into Rust tokens.
pub(super) fn modules(text: &str) -> Result<Vec<(String, usize)>, proc_macro2::LexError> {
    let tokens: Vec<_> = text.parse::<TokenStream>()?.into_iter().collect();
    let mut found = Vec::new();
    declared_modules(&tokens, &mut found);
    Ok(found)
}

fn declared_modules(tokens: &[TokenTree], found: &mut Vec<(String, usize)>) {
    for (index, token) in tokens.iter().enumerate() {
        match (token, tokens.get(index + 1)) {
            (TokenTree::Ident(keyword), Some(TokenTree::Ident(name))) if keyword == "mod" => {
                found.push((name.to_string(), line(token)));
            }
            (TokenTree::Group(group), _) => {
                declared_modules(&group.stream().into_iter().collect::<Vec<_>>(), found);
            }
            _ => {}
        }
    }
}

/// Collects paths from a run of tokens; `prefix` is what stands before an enclosing `use` group.
fn scan(stream: TokenStream, prefix: &[String], found: &mut Vec<NamedPath>) {
    let mut current: Vec<String> = Vec::new();
    let mut begun = 0;
    let mut joined = false;
    let mut tokens = stream.into_iter();
    while let Some(token) = tokens.next() {
        if is_first_colon_of_two(&token) {
            tokens.next();
            joined = true;
            continue;
        }
        match &token {
            TokenTree::Ident(name) if joined || !is_keyword(&name.to_string()) => {
                if !joined {
                    finish(&mut current, begun, prefix, found);
                }
                if current.is_empty() {
                    begun = line(&token);
                }
                current.push(name.to_string());
            }
            TokenTree::Punct(star) if joined && star.as_char() == '*' => current.push("*".to_owned()),
            TokenTree::Group(group) if joined && group.delimiter() == Delimiter::Brace => {
                let below: Vec<String> = prefix.iter().cloned().chain(current.drain(..)).collect();
                scan(group.stream(), &below, found);
            }
            TokenTree::Group(group) => {
                finish(&mut current, begun, prefix, found);
                scan(group.stream(), &[], found);
            }
            _ => finish(&mut current, begun, prefix, found),
        }
        joined = false;
    }
    finish(&mut current, begun, prefix, found);
}

/// A colon that touches what follows begins `::`; nothing else in Rust does.
fn is_first_colon_of_two(token: &TokenTree) -> bool {
    matches!(token, TokenTree::Punct(colon) if colon.as_char() == ':' && colon.spacing() == Spacing::Joint)
}

/// Words that may stand before a path and are no part of it.
fn is_keyword(name: &str) -> bool {
    ["as", "dyn", "else", "for", "impl", "in", "match", "mut", "return", "use", "where"].contains(&name)
}

fn finish(current: &mut Vec<String>, line: usize, prefix: &[String], found: &mut Vec<NamedPath>) {
    if current.last().is_some_and(|last| last == "self") {
        current.pop();
    } else if current.is_empty() {
        return;
    }
    let segments: Vec<String> = prefix.iter().cloned().chain(current.drain(..)).collect();
    if segments.len() > 1 {
        found.push(NamedPath { segments, line });
    }
}

fn line(token: &TokenTree) -> usize {
    token.span().start().line
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<String> {
        paths(text).expect("tokens").iter().map(|path| path.segments.join("::")).collect()
    }

    #[test]
    fn takes_use_groups_apart() {
        assert_eq!(
            found("use std::{time::{Duration, Instant}, fs, io::*};"),
            ["std::time::Duration", "std::time::Instant", "std::fs", "std::io::*"]
        );
    }

    #[test]
    fn finds_paths_in_expressions_types_and_macros() {
        assert_eq!(
            found("fn f(x: a::B<c::D>) { g!(h::i(j::k())); Vec::<u8>::new() }"),
            ["a::B", "c::D", "h::i", "j::k"]
        );
    }

    #[test]
    fn finds_paths_that_begin_at_the_root_or_rename() {
        assert_eq!(
            found("use ::a::b as c; fn f(x: ::d::e) -> g::H { return ::i::j() }"),
            ["a::b", "d::e", "g::H", "i::j"]
        );
    }

    #[test]
    fn self_in_a_group_is_the_module_itself() {
        assert_eq!(found("use std::time::{self, Duration};"), ["std::time", "std::time::Duration"]);
    }

    #[test]
    fn passes_over_comments_and_strings() {
        assert!(found("// a::b\n/* c::d */ const X: &str = \"e::f\";").is_empty());
    }

    #[test]
    fn a_structure_literal_is_no_group() {
        assert_eq!(found("let x = a::B { c: d::e };"), ["a::B", "d::e"]);
    }

    #[test]
    fn says_the_line() {
        assert_eq!(paths("\n\nuse a::b;").expect("tokens").first().expect("one").line, 3);
    }

    #[test]
    fn finds_modules_at_any_depth() {
        let names: Vec<_> = modules("mod a; pub mod b { mod c {} }").expect("tokens");
        assert_eq!(names, [("a".to_owned(), 1), ("b".to_owned(), 1), ("c".to_owned(), 1)]);
    }
}
