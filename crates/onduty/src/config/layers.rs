//! The layers a configuration is made of, as plain values, and what each says about which key. Nothing here reads the
//! process environment or opens the configuration file: tests pass maps.

use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use toml::de::{DeTable, DeValue};

use super::problem::Problem;
use super::secret::REDACTED;

/// What begins every environment variable that sets a key.
pub const ENV_PREFIX: &str = "ONDUTY_";

/// Reads a small text file; how `…_file` settings are followed.
pub type ReadFile = fn(&Path) -> io::Result<String>;

/// Everything a configuration is made of, strongest first.
#[derive(Debug, Clone)]
pub struct Layers {
    /// Flags, in the order given; of two for one key the later holds.
    pub flags: Vec<Flag>,
    /// The environment. Only names of the form `ONDUTY_SECTION__KEY` are configuration (an orchestrator puts
    /// `ONDUTY_PORT` and the like there by itself); one with an empty value counts as not set.
    pub environment: BTreeMap<String, String>,
    /// The configuration file.
    pub file: Option<FileText>,
    /// Where state goes unless `store.dir` says otherwise: the platform's state directory.
    pub state_dir: Option<PathBuf>,
    /// How files named by `…_file` settings are read.
    pub read_file: ReadFile,
}

/// One flag that sets one key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flag {
    /// The flag as it was written, for instance `--data-dir`.
    pub flag: String,
    /// The key it sets.
    pub key: String,
    /// The text it gives.
    pub value: String,
}

/// A configuration file that has been read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileText {
    /// Its name, as given.
    pub name: String,
    /// What is in it.
    pub text: String,
}

/// Where a value came from. Later variants are stronger.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Origin {
    /// Nobody said anything.
    Default,
    /// The configuration file.
    File {
        /// Its name.
        name: String,
        /// The line, from 1.
        line: usize,
    },
    /// An environment variable.
    Environment(String),
    /// A flag.
    Flag(String),
}

impl Origin {
    /// How strong the layer is; a greater number holds against a smaller one.
    pub(super) fn strength(&self) -> u8 {
        match self {
            Self::Default => 0,
            Self::File { .. } => 1,
            Self::Environment(_) => 2,
            Self::Flag(_) => 3,
        }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File { name, line } => write!(f, "{name}:{line}"),
            Self::Environment(name) => write!(f, "environment {name}"),
            Self::Flag(flag) => write!(f, "flag {flag}"),
        }
    }
}

/// A value before its kind has read it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Raw {
    /// From a flag or the environment, where everything is text; lists are separated by commas.
    Words(String),
    /// A string in the file.
    Text(String),
    /// A whole number in the file.
    Integer(i64),
    /// A boolean in the file.
    Bool(bool),
    /// An array in the file.
    List(Vec<Raw>),
    /// A table in the file.
    Table(BTreeMap<String, Raw>),
    /// Anything else in the file, by the name of its type.
    Other(&'static str),
}

impl Raw {
    /// The text, if it is one.
    #[must_use]
    pub(super) fn as_text(&self) -> Option<&str> {
        match self {
            Self::Words(text) | Self::Text(text) => Some(text),
            Self::Integer(_) | Self::Bool(_) | Self::List(_) | Self::Table(_) | Self::Other(_) => None,
        }
    }
}

impl fmt::Display for Raw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Words(text) | Self::Text(text) => write!(f, "{:?}", shorten(&hide_credentials(text))),
            Self::Integer(number) => number.fmt(f),
            Self::Bool(flag) => flag.fmt(f),
            Self::List(_) => f.write_str("an array"),
            Self::Table(_) => f.write_str("a table"),
            Self::Other(kind) => write!(f, "a value of type {kind}"),
        }
    }
}

/// A refused URL is repeated to the person who wrote it, but not what stands before its `@`.
fn hide_credentials(text: &str) -> String {
    match (text.split_once("://"), text.rsplit_once('@')) {
        (Some((scheme, _)), Some((_, rest))) => format!("{scheme}://{REDACTED}@{rest}"),
        _ => text.to_owned(),
    }
}

/// Longest value repeated in a message, in characters.
const SHOWN_MAX: usize = 60;

fn shorten(text: &str) -> String {
    if text.chars().count() <= SHOWN_MAX {
        return text.to_owned();
    }
    text.chars().take(SHOWN_MAX).chain(['…']).collect()
}

/// What one layer says about one key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Given {
    pub(super) raw: Raw,
    pub(super) origin: Origin,
}

/// Resolves the layers: for each key the strongest statement. Keys that `known` does not have become problems.
pub(super) fn resolve(
    layers: &Layers,
    known: &[&'static str],
    problems: &mut Vec<Problem>,
) -> BTreeMap<&'static str, Given> {
    let mut said: Vec<(String, Given)> = Vec::new();
    if let Some(file) = &layers.file {
        read_file_layer(file, known, &mut said, problems);
    }
    for (name, value) in &layers.environment {
        read_variable(name, value, known, &mut said, problems);
    }
    for Flag { flag, key, value } in &layers.flags {
        let given = Given { raw: Raw::Words(value.clone()), origin: Origin::Flag(flag.clone()) };
        said.push((key.clone(), given));
    }
    let mut resolved = BTreeMap::new();
    for (key, given) in said {
        match known.iter().find(|name| **name == key) {
            Some(name) => {
                resolved.insert(*name, given);
            }
            None => problems.push(unknown(&key, given.origin, known)),
        }
    }
    resolved
}

fn read_variable(
    name: &str,
    value: &str,
    known: &[&'static str],
    said: &mut Vec<(String, Given)>,
    problems: &mut Vec<Problem>,
) {
    let Some(path) = name.strip_prefix(ENV_PREFIX) else { return };
    let origin = Origin::Environment(name.to_owned());
    if let Some((section, key)) = path.split_once("__") {
        if !value.is_empty() {
            let key = format!("{}.{}", section.to_ascii_lowercase(), key.to_ascii_lowercase());
            said.push((key, Given { raw: Raw::Words(value.to_owned()), origin }));
        }
        return;
    }
    // One underscore in place of two is the likeliest slip of all, and would otherwise pass in silence.
    if let Some(meant) = known.iter().find(|key| env_name(key).replacen("__", "_", 1) == name) {
        problems.push(Problem::UnknownKey { key: name.to_owned(), origin, nearest: Some(env_name(meant)) });
    }
}

/// The environment variable that sets `key`.
#[must_use]
pub fn env_name(key: &str) -> String {
    format!("{ENV_PREFIX}{}", key.to_ascii_uppercase().replacen('.', "__", 1))
}

fn read_file_layer(
    file: &FileText,
    known: &[&'static str],
    said: &mut Vec<(String, Given)>,
    problems: &mut Vec<Problem>,
) {
    let at = |offset: usize| Origin::File { name: file.name.clone(), line: line_of(&file.text, offset) };
    let (document, errors) = DeTable::parse_recoverable(&file.text);
    if !errors.is_empty() {
        // What can be made out of the rest would be guesses.
        problems.extend(errors.iter().map(|error| Problem::Syntax {
            origin: at(error.span().map_or(0, |span| span.start)),
            message: error.message().replace('\n', "; "),
        }));
        return;
    }
    for (section, content) in document.get_ref() {
        let section_name: &str = section.get_ref();
        let section_known = known.iter().any(|key| key.split('.').next() == Some(section_name));
        match content.get_ref() {
            DeValue::Table(table) if section_known => {
                for (key, value) in table {
                    let given = Given { raw: to_raw(value.get_ref()), origin: at(key.span().start) };
                    said.push((format!("{section_name}.{}", key.get_ref()), given));
                }
            }
            value if section_known => problems.push(Problem::BadValue {
                key: section_name.to_owned(),
                origin: at(section.span().start),
                shown: to_raw(value).to_string(),
                accepted: format!("a table: [{section_name}]"),
                hint: None,
            }),
            _ => problems.push(unknown_section(section_name, at(section.span().start), known)),
        }
    }
}

fn to_raw(value: &DeValue<'_>) -> Raw {
    match value {
        DeValue::String(text) => Raw::Text(text.to_string()),
        DeValue::Integer(number) => i64::from_str_radix(number.as_str(), number.radix())
            .map_or(Raw::Other("integer out of range"), Raw::Integer),
        DeValue::Boolean(flag) => Raw::Bool(*flag),
        DeValue::Array(items) => Raw::List(items.iter().map(|item| to_raw(item.get_ref())).collect()),
        DeValue::Table(table) => Raw::Table(
            table.iter().map(|(key, value)| (key.get_ref().to_string(), to_raw(value.get_ref()))).collect(),
        ),
        DeValue::Float(_) => Raw::Other("float"),
        DeValue::Datetime(_) => Raw::Other("date-time"),
    }
}

fn line_of(text: &str, offset: usize) -> usize {
    1 + text.bytes().take(offset).filter(|byte| *byte == b'\n').count()
}

fn unknown(key: &str, origin: Origin, known: &[&'static str]) -> Problem {
    Problem::UnknownKey { key: shorten(key), origin, nearest: nearest(key, known.iter().copied()) }
}

fn unknown_section(section: &str, origin: Origin, known: &[&'static str]) -> Problem {
    let sections = known.iter().filter_map(|key| key.split('.').next());
    // A bare key at the top of the file usually belongs to a section.
    let keys = known.iter().filter(|key| key.split('.').next_back() == Some(section)).copied();
    let nearest = keys.into_iter().next().map(ToOwned::to_owned).or_else(|| nearest(section, sections));
    Problem::UnknownKey { key: shorten(section), origin, nearest }
}

/// How alike two names must be to be offered, from 0 to 1.
const LIKENESS_MIN: f64 = 0.7;

fn nearest<'a>(name: &str, candidates: impl Iterator<Item = &'a str>) -> Option<String> {
    // Likeness takes time in the square of the length, and no key is this long.
    let name: String = name.chars().take(SHOWN_MAX).collect();
    candidates
        .map(|candidate| (strsim::normalized_damerau_levenshtein(&name, candidate), candidate))
        .filter(|(likeness, _)| *likeness >= LIKENESS_MIN)
        .max_by(|(one, _), (other, _)| one.total_cmp(other))
        .map(|(_, candidate)| candidate.to_owned())
}
