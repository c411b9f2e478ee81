//! The catalogue as a file: one name a line, columns parted by tabs, sorted. So a rebuild differs from what is
//! committed exactly where the platform does, and grep finds everything.

use std::collections::BTreeSet;
use std::fmt;

/// Says in the file what the file is.
const HEADER: &str = "\
# The platform's names, as `cargo xtask catalogue` found them. Do not edit: rebuild.
# class NAME | scope NAME | source TEXT | topic NAME
# endpoint PATH METHOD OPERATION PERMISSIONS SCOPES QUERY; permissions begin with any or all, any one scope will do,
# and a column without names is a dash. The platform's permissions are those that its endpoints ask for.
";

/// All rows, in the order of the file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Table {
    pub(super) rows: BTreeSet<Row>,
}

/// One line.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Row {
    /// A class of the SDKs, such as `UsersApi`.
    Class(String),
    Endpoint(Endpoint),
    Scope(String),
    /// Where the names are from, with version and date.
    Source(String),
    Topic(String),
}

/// A method of a path.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Endpoint {
    /// The template, such as `/api/v2/users/{userId}`.
    pub(super) path: String,
    /// In capitals.
    pub(super) method: String,
    /// The platform's name for it, which is also the SDKs' method.
    pub(super) operation: String,
    /// Whether all of the permissions are needed, not just any.
    pub(super) needs_all: bool,
    pub(super) permissions: BTreeSet<String>,
    pub(super) scopes: BTreeSet<String>,
    /// Names of query parameters.
    pub(super) query: BTreeSet<String>,
}

/// Why a line is no row.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub(crate) enum RowError {
    /// The first column is none of the known words.
    #[error("unknown kind {0:?}")]
    Kind(String),
    /// Too few or too many columns for its kind.
    #[error("{0} columns are not what its kind has")]
    Columns(usize),
    /// The permissions say neither any nor all.
    #[error("permissions {0:?} begin with neither any nor all")]
    Quantifier(String),
}

impl Table {
    /// Reads a file; the error carries its line, counted from 1.
    pub(super) fn read(text: &str) -> Result<Self, (usize, RowError)> {
        let lines = text.lines().enumerate().filter(|(_, line)| !line.starts_with('#'));
        let rows = lines.map(|(at, line)| Row::read(line).map_err(|error| (at + 1, error)));
        Ok(Self { rows: rows.collect::<Result<_, _>>()? })
    }
}

impl fmt::Display for Table {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(HEADER)?;
        self.rows.iter().try_for_each(|row| writeln!(formatter, "{row}"))
    }
}

impl Row {
    fn read(line: &str) -> Result<Self, RowError> {
        let columns: Vec<&str> = line.split('\t').collect();
        match columns.as_slice() {
            ["class", name] => Ok(Self::Class((*name).to_owned())),
            ["scope", name] => Ok(Self::Scope((*name).to_owned())),
            ["source", text] => Ok(Self::Source((*text).to_owned())),
            ["topic", name] => Ok(Self::Topic((*name).to_owned())),
            ["endpoint", path, method, operation, permissions, scopes, query] => {
                let (needs_all, permissions) = match permissions.split_once(' ') {
                    None if *permissions == "-" => (false, *permissions),
                    Some(("any", names)) => (false, names),
                    Some(("all", names)) => (true, names),
                    _ => return Err(RowError::Quantifier((*permissions).to_owned())),
                };
                Ok(Self::Endpoint(Endpoint {
                    path: (*path).to_owned(),
                    method: (*method).to_owned(),
                    operation: (*operation).to_owned(),
                    needs_all,
                    permissions: split(permissions),
                    scopes: split(scopes),
                    query: split(query),
                }))
            }
            ["class" | "scope" | "source" | "topic" | "endpoint", ..] => {
                Err(RowError::Columns(columns.len()))
            }
            _ => Err(RowError::Kind(columns.first().copied().unwrap_or_default().to_owned())),
        }
    }
}

fn split(column: &str) -> BTreeSet<String> {
    if column == "-" { BTreeSet::new() } else { column.split(',').map(str::to_owned).collect() }
}

fn joined(names: &BTreeSet<String>) -> String {
    if names.is_empty() {
        return "-".to_owned();
    }
    names.iter().map(String::as_str).collect::<Vec<_>>().join(",")
}

impl fmt::Display for Row {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Class(name) => write!(formatter, "class\t{name}"),
            Self::Scope(name) => write!(formatter, "scope\t{name}"),
            Self::Source(text) => write!(formatter, "source\t{text}"),
            Self::Topic(name) => write!(formatter, "topic\t{name}"),
            Self::Endpoint(endpoint) => {
                let Endpoint { path, method, operation, needs_all, permissions, scopes, query } = endpoint;
                let quantifier = match (permissions.is_empty(), needs_all) {
                    (true, _) => "",
                    (false, true) => "all ",
                    (false, false) => "any ",
                };
                let (permissions, scopes, query) = (joined(permissions), joined(scopes), joined(query));
                write!(
                    formatter,
                    "endpoint\t{path}\t{method}\t{operation}\t{quantifier}{permissions}\t{scopes}\t{query}"
                )
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_that_is_no_row_is_named() {
        let table = [
            ("scop\tusers", RowError::Kind("scop".to_owned())),
            ("scope\tusers\tmore", RowError::Columns(3)),
            ("endpoint\t/a\tGET\tgetA\tsome a:b:c\t-\t-", RowError::Quantifier("some a:b:c".to_owned())),
        ];
        for (line, expected) in table {
            assert_eq!(Table::read(&format!("# head\n{line}\n")), Err((2, expected)));
        }
    }
}
