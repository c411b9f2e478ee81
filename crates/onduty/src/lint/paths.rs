//! Endpoints: whatever goes on from `/api/v` and a digit, in an address or alone, with ids or with what stands for
//! them in code; and the method and the query parameters beside it.

use super::line::{Line, is_word};
use super::{About, Kind, Marks};
use crate::catalogue::{BeliefKind, Catalogue, Endpoint, Nearest, segments};

const METHODS: [&str; 6] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"];

/// How long a placeholder such as `{user.id}` may be.
const PLACEHOLDER_BYTES_MAX: usize = 64;

/// How much of what stands before a path is taken for its host.
const HOST_BYTES_MAX: usize = 255;

/// How many query parameters of one address are judged.
const PARAMETERS_MAX: usize = 64;

pub(super) fn find(catalogue: &Catalogue, line: &Line<'_>, marks: &mut Marks) {
    let mut done = 0;
    let curl = curl_method(line.text);
    for (start, root) in line.text.match_indices("/api/v") {
        let version = line.char_at(start + root.len());
        if start < done || !version.is_some_and(|c| c.is_ascii_digit()) {
            continue;
        }
        let end = start + extent(line.text.get(start..).unwrap_or_default());
        done = end;
        let Some(address) = line.text.get(start..end) else { continue };
        let host = host_before(line.text.get(..start).unwrap_or_default());
        if !marks.take(start - host.len()..end) || is_elsewhere(host) {
            continue;
        }
        judge(catalogue, line, &Found { start, address, host, curl }, marks);
    }
}

/// An address in a line.
struct Found<'a> {
    /// Where its path begins, in bytes.
    start: usize,
    /// Path and query.
    address: &'a str,
    host: &'a str,
    /// The method that a curl line names.
    curl: Option<&'static str>,
}

fn judge(catalogue: &Catalogue, line: &Line<'_>, found: &Found<'_>, marks: &mut Marks) {
    let Found { start, address, host, curl } = *found;
    let (path, query) = address.split_once('?').unwrap_or((address, ""));
    let path = path.trim_end_matches(['.', ':', '…', '*', '_', '!']);
    if segments(path).len() <= 2 {
        // The root of the API.
        return;
    }
    let before = line.text.get(..start - host.len()).unwrap_or_default();
    let method = method_before(before).or(curl);
    let there = catalogue.at(path);
    let is_believed = catalogue.belief(BeliefKind::Endpoint, path).is_some();
    if there.is_empty() || is_believed {
        // Code joins a path from parts, and prose names families of paths.
        if !is_believed && (path.ends_with('/') || method.is_none()) && catalogue.begins_a_path(path) {
            marks.known += 1;
        } else {
            marks.add(start, Kind::Endpoint, path, About::Path(method));
        }
        return;
    }
    marks.known += 1;
    let mut taken: Vec<&&Endpoint> =
        there.iter().filter(|endpoint| method.is_none_or(|method| endpoint.method == method)).collect();
    if let (true, Some(method)) = (taken.is_empty(), method) {
        let why = format!("{path} does not take {method}");
        let nearest = there.iter().map(ToString::to_string).take(METHODS.len());
        let nearest = Nearest { names: nearest.collect(), why: None };
        let place = before.rfind(method).unwrap_or(start);
        marks.add(place, Kind::Method, method, About::Said(nearest, why));
        taken = there.iter().collect();
    }
    let at = start + address.len() - query.len();
    parameters(catalogue, &taken, (at, query), marks);
}

fn parameters(catalogue: &Catalogue, endpoints: &[&&Endpoint], query: (usize, &str), marks: &mut Marks) {
    let (mut at, query) = query;
    for part in query.split('&').take(PARAMETERS_MAX) {
        let name = part.split('=').next().unwrap_or_default();
        let plain = !name.is_empty() && name.chars().all(|c| is_word(c) || matches!(c, '.' | '-'));
        let takes =
            |endpoint: &&&Endpoint| endpoint.query.iter().any(|known| known.eq_ignore_ascii_case(name));
        if plain && part.contains('=') && !endpoints.iter().any(takes) {
            let known = endpoints.iter().flat_map(|endpoint| endpoint.query.iter().copied());
            let nearest = catalogue.nearest_among(name, known);
            let path = endpoints.first().map_or("it", |endpoint| endpoint.path);
            marks.add(at, Kind::Parameter, name, About::Said(nearest, format!("{path} does not take it")));
        }
        at += part.len() + 1;
    }
}

/// How far an address goes, in bytes.
fn extent(text: &str) -> usize {
    let mut in_query = false;
    let mut skip_to = 0;
    for (at, c) in text.char_indices() {
        if at < skip_to {
            continue;
        }
        let rest = text.get(at..).unwrap_or_default();
        match c {
            '{' | '<' => match placeholder(rest, if c == '{' { '}' } else { '>' }) {
                Some(length) => skip_to = at + length,
                None => return at,
            },
            '?' => in_query = true,
            ',' if in_query && rest.chars().nth(1).is_some_and(char::is_alphanumeric) => {}
            '"' | '\'' | '`' | '(' | ')' | '[' | ']' | '}' | '>' | ',' | ';' | '|' | '\\' | '#' => return at,
            _ if c.is_whitespace() || c.is_control() => return at,
            _ => {}
        }
    }
    text.len()
}

/// The length of `{…}` with its brackets, if it is closed and could be a name or an expression.
fn placeholder(text: &str, close: char) -> Option<usize> {
    let head = text.get(..text.floor_char_boundary(PLACEHOLDER_BYTES_MAX))?;
    let end = head.find(close)?;
    let inside = head.get(1..end)?;
    (!inside.is_empty() && !inside.contains(['"', '/'])).then_some(end + close.len_utf8())
}

/// The part of an address before its path.
fn host_before(before: &str) -> &str {
    let ends =
        |c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '`' | '(' | '[' | ',' | ';' | '=' | '|');
    let cut = before.ceil_char_boundary(before.len().saturating_sub(HOST_BYTES_MAX));
    let before = before.get(cut..).unwrap_or_default();
    let start = before.rfind(ends).map_or(0, |at| at + before[at..].chars().next().map_or(1, char::len_utf8));
    before.get(start..).unwrap_or_default()
}

/// Whether an address is of another host than the platform's: onduty's own, which answers more than the platform, or
/// somebody else's. What is a placeholder or an example is taken for the platform's.
fn is_elsewhere(host: &str) -> bool {
    let Some((_, host)) = host.split_once("://") else { return host.contains("localhost:") };
    let host = host.to_ascii_lowercase();
    let marks =
        ["purecloud", "pure.cloud", "genesys", "inin", "incontact", "cxone", "example", "your", "region"];
    let placeholder =
        host.contains(['{', '<', '$', '*', '%']) || host.is_empty() || !host.contains(['.', ':']);
    !placeholder && !marks.iter().any(|mark| host.contains(mark))
}

/// The method written just before an address: `GET`, `client.get(`.
fn method_before(before: &str) -> Option<&'static str> {
    let trimmed = before.trim_end_matches(|c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '`' | '*'));
    let last = trimmed.rsplit(|c: char| !c.is_ascii_alphanumeric()).next().unwrap_or_default();
    if let Some(method) = known_method(last) {
        return Some(method);
    }
    let called = trimmed.trim_end_matches(['f', 'r', 'b', '$', '@']).strip_suffix('(')?;
    let name = called.rsplit(|c: char| !c.is_ascii_alphanumeric()).next().unwrap_or_default();
    known_method(&name.to_ascii_uppercase())
}

/// The method that a curl line names: `-X POST`.
fn curl_method(line: &str) -> Option<&'static str> {
    let mut words = line.split_whitespace();
    words.find(|word| matches!(*word, "-X" | "--request"))?;
    words.next().and_then(|word| known_method(word.trim_matches(['"', '\''])))
}

fn known_method(word: &str) -> Option<&'static str> {
    METHODS.into_iter().find(|method| *method == word)
}
