//! Finds names in a text that the platform does not know: endpoints, scopes, permissions, topics and SDK calls, in a
//! pasted snippet, a curl line, a configuration or code of any language.
//!
//! No language is parsed. Each kind of name has a shape of its own (`/api/v2/…`, `a:b:c`, `v2.…`, `usersApi.get…(`),
//! and a finder that reads a line once and asks the catalogue. What a shape leaves open, such as whether `a:b:c` is a
//! scope or a permission, is decided by the words around it. Only what has the platform's shape is judged, so that
//! correct code of any kind stays without findings.

mod calls;
mod colons;
mod line;
mod paths;
mod phrases;
mod topics;

use std::collections::BTreeMap;

use crate::catalogue::{BeliefKind, Catalogue, Nearest};
use line::Line;

/// How many bytes of a line are read. Code that people write has no longer ones.
pub const LINE_BYTES_MAX: usize = 16 * 1024;

/// How many findings are reported. The rest is counted.
pub const FINDINGS_MAX: usize = 200;

/// What was found in a text.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Names that the platform does not know, in the order of the text.
    pub findings: Vec<Finding>,
    /// How many names it does know.
    pub known: usize,
    /// How many findings beyond [`FINDINGS_MAX`] are left out.
    pub left_out: usize,
    /// The lines, counted from 1, of which only the first [`LINE_BYTES_MAX`] bytes were read.
    pub cut_lines: Vec<usize>,
}

/// One name that the platform does not know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Counted from 1.
    pub line: usize,
    /// In characters, counted from 1.
    pub column: usize,
    /// The text that is marked.
    pub name: String,
    /// What it is taken for.
    pub kind: Kind,
    /// Real names near to it, best first.
    pub nearest: Vec<String>,
    /// Why it is marked: one sentence without its full stop.
    pub why: String,
}

/// What a name is taken for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// A path below `/api/v…`.
    Endpoint,
    /// The method of a path that exists.
    Method,
    /// A query parameter of an endpoint that exists.
    Parameter,
    /// An OAuth scope.
    Scope,
    /// A permission.
    Permission,
    /// A role.
    Role,
    /// A notification topic.
    Topic,
    /// A method or another member of an SDK.
    Call,
    /// A class of an SDK.
    Class,
    /// A package or module.
    Package,
    /// A request header.
    Header,
    /// A mark of another product.
    Product,
}

impl Kind {
    /// The word for it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Endpoint => "endpoint",
            Self::Method => "method",
            Self::Parameter => "query parameter",
            Self::Scope => "scope",
            Self::Permission => "permission",
            Self::Role => "role",
            Self::Topic => "topic",
            Self::Call => "call",
            Self::Class => "class",
            Self::Package => "package",
            Self::Header => "header",
            Self::Product => "product",
        }
    }
}

/// Reads a text. The time it takes grows with the text's length: nothing is read more often than the number of finders,
/// and only [`FINDINGS_MAX`] names are compared with the whole catalogue.
#[must_use]
pub fn lint(catalogue: &Catalogue, text: &str) -> Report {
    let sdk = calls::Sdk::read(text);
    let mut report = Report::default();
    let mut nearest = Answers::new(catalogue);
    let mut context = line::Context::default();
    for (index, text) in text.lines().enumerate() {
        let line = Line::new(index + 1, text, &mut context);
        if line.is_cut {
            report.cut_lines.push(line.number);
        }
        let mut marks = Marks::default();
        phrases::products(catalogue, &line, &mut marks);
        paths::find(catalogue, &line, &mut marks);
        topics::find(catalogue, &line, &mut marks);
        colons::find(catalogue, &line, &mut marks);
        phrases::names(catalogue, &line, &mut marks);
        calls::find(catalogue, &sdk, &line, &mut marks);
        report.known += marks.known;
        marks.marks.sort_by_key(|mark| mark.start);
        for mark in marks.marks {
            if report.findings.len() == FINDINGS_MAX {
                report.left_out += 1;
            } else {
                report.findings.push(nearest.finding(&line, mark));
            }
        }
    }
    report
}

/// Part of a line that is a name unknown to the platform.
#[derive(Debug)]
struct Mark {
    /// In bytes.
    start: usize,
    kind: Kind,
    name: String,
    /// What it is compared with, where that is not the name alone.
    about: About,
}

/// What a finder knows beside the name.
#[derive(Debug)]
enum About {
    /// Nothing: the catalogue is asked.
    Name,
    /// The method that is written beside a path.
    Path(Option<&'static str>),
    /// What there is instead, and why.
    Said(Nearest, String),
}

/// What the finders have found in one line.
#[derive(Debug, Default)]
struct Marks {
    marks: Vec<Mark>,
    /// What is judged already, in bytes: starts and ends, none inside another. An earlier finder keeps its part.
    taken: BTreeMap<usize, usize>,
    known: usize,
}

impl Marks {
    /// Keeps this part of the line from later finders. False when an earlier one has it.
    fn take(&mut self, part: std::ops::Range<usize>) -> bool {
        let last = self.taken.range(..part.end).next_back();
        let free = last.is_none_or(|(_, end)| *end <= part.start);
        if free {
            self.taken.insert(part.start, part.end);
        }
        free
    }

    fn add(&mut self, start: usize, kind: Kind, name: &str, about: About) {
        self.marks.push(Mark { start, kind, name: name.to_owned(), about });
    }
}

/// Asks the catalogue once for each name.
struct Answers<'a> {
    catalogue: &'a Catalogue,
    asked: BTreeMap<(Kind, String), Nearest>,
}

impl<'a> Answers<'a> {
    fn new(catalogue: &'a Catalogue) -> Self {
        Self { catalogue, asked: BTreeMap::new() }
    }

    fn finding(&mut self, line: &Line<'_>, mark: Mark) -> Finding {
        let Mark { start, kind, name, about } = mark;
        let column = line.text.get(..start).unwrap_or_default().chars().count() + 1;
        let (nearest, why) = match about {
            About::Said(nearest, why) => (nearest.names, why),
            About::Name => self.of(kind, None, &name),
            About::Path(method) => self.of(kind, method, &name),
        };
        Finding { line: line.number, column, name, kind, nearest, why }
    }

    fn of(&mut self, kind: Kind, method: Option<&str>, name: &str) -> (Vec<String>, String) {
        let key = (kind, format!("{} {name}", method.unwrap_or_default()));
        let catalogue = self.catalogue;
        let nearest = self.asked.entry(key).or_insert_with(|| match kind {
            Kind::Endpoint => catalogue.nearest_endpoints(method, name),
            Kind::Scope => catalogue.nearest_scopes(name),
            Kind::Permission => catalogue.nearest_permissions(name),
            Kind::Topic => catalogue.nearest_topics(name),
            Kind::Call => catalogue.nearest_operations(name),
            Kind::Class => catalogue.nearest_classes(name),
            Kind::Role => catalogue.known(BeliefKind::Role, name).unwrap_or_default(),
            Kind::Package => catalogue.known(BeliefKind::Package, name).unwrap_or_default(),
            Kind::Header => catalogue.known(BeliefKind::Header, name).unwrap_or_default(),
            Kind::Product => catalogue.known(BeliefKind::Product, name).unwrap_or_default(),
            Kind::Method | Kind::Parameter => Nearest::default(),
        });
        let why = nearest.why.map_or_else(|| unknown(kind).to_owned(), str::to_owned);
        (nearest.names.clone(), why)
    }
}

/// What is said of a name that nobody is known to believe in.
fn unknown(kind: Kind) -> &'static str {
    match kind {
        Kind::Endpoint => "no endpoint of the platform has this path",
        Kind::Scope => "no endpoint of the platform takes this scope",
        Kind::Permission => "no endpoint of the platform asks for this permission",
        Kind::Topic => "the platform sends no such topic",
        Kind::Call => "no endpoint of the platform has this name in the SDKs",
        Kind::Class => "the SDKs have no such class",
        Kind::Method | Kind::Parameter | Kind::Role | Kind::Package | Kind::Header | Kind::Product => {
            "the platform does not know this name"
        }
    }
}

#[cfg(test)]
mod tests;
