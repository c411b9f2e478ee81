//! Rebuilds the catalogue of the platform's names from the platform's own description of its API.
//!
//! Only names are taken (paths, scopes, permissions, topics), no text: names are facts, descriptions are somebody's
//! prose. The descriptions are read as JSON, which is how the platform publishes them.

mod description;
mod table;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use clap::Args;
use description::Names;
use table::{Row, RowError, Table};

/// Where the catalogue is committed, from the root of the repository.
const COMMITTED: &str = "crates/onduty/catalogue/genesys.tsv";

/// Arguments of the chore.
#[derive(Debug, Args)]
pub(crate) struct Catalogue {
    /// Where the files are from, with version and date; one for each origin
    #[arg(long = "source", value_name = "TEXT", required = true)]
    sources: Vec<String>,
    /// OpenAPI descriptions, and lists of topics (the SDKs' notificationMappings.json, or an answer of
    /// GET /api/v2/notifications/availabletopics), all of them JSON
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
}

/// Why the catalogue could not be rebuilt.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CatalogueError {
    /// Reading or writing a file failed.
    #[error("could not access {path}")]
    Access {
        /// The file.
        path: String,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// A file is not JSON.
    #[error("{path} is not JSON; convert YAML with a tool of your choice")]
    Json {
        /// The file.
        path: String,
        /// Where it stops being JSON.
        #[source]
        source: serde_json::Error,
    },
    /// A file is neither an OpenAPI description nor a list of topics.
    #[error(
        "{path} has no paths, no notifications and no entities: give an OpenAPI description or a list of topics"
    )]
    Form {
        /// The file.
        path: String,
    },
    /// The committed catalogue can't be read.
    #[error("line {line} of {COMMITTED}")]
    Committed {
        /// Counted from 1.
        line: usize,
        /// What is wrong with it.
        #[source]
        source: RowError,
    },
}

/// Rebuilds the committed catalogue and prints what changed. What the files say nothing of (topics, or everything
/// else) stays as it was.
pub(crate) fn rebuild(root: &Path, arguments: &Catalogue) -> Result<(), CatalogueError> {
    let mut names = Names::default();
    for file in &arguments.files {
        read(file, &mut names)?;
    }
    for skipped in &names.skipped {
        println!("skipped, because it is no name: {skipped:?}");
    }
    let path = root.join(COMMITTED);
    let before = match fs::read_to_string(&path) {
        Ok(text) => {
            Table::read(&text).map_err(|(line, source)| CatalogueError::Committed { line, source })?
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Table::default(),
        Err(source) => return Err(CatalogueError::Access { path: COMMITTED.to_owned(), source }),
    };
    let after = merge(&before, names, &arguments.sources);
    for gone in before.rows.difference(&after.rows) {
        println!("- {gone}");
    }
    for new in after.rows.difference(&before.rows) {
        println!("+ {new}");
    }
    let text = after.to_string();
    println!("{COMMITTED}: {} names, {} bytes", after.rows.len(), text.len());
    fs::write(&path, text).map_err(|source| CatalogueError::Access { path: COMMITTED.to_owned(), source })
}

fn read(file: &Path, names: &mut Names) -> Result<(), CatalogueError> {
    let path = || file.display().to_string();
    let text = fs::read(file).map_err(|source| CatalogueError::Access { path: path(), source })?;
    let document =
        serde_json::from_slice(&text).map_err(|source| CatalogueError::Json { path: path(), source })?;
    if names.take(&document) { Ok(()) } else { Err(CatalogueError::Form { path: path() }) }
}

fn merge(before: &Table, names: Names, sources: &[String]) -> Table {
    let kept = |row: &&Row| match row {
        Row::Source(_) => false,
        Row::Topic(_) => names.topics.is_empty(),
        Row::Class(_) | Row::Endpoint(_) | Row::Scope(_) => names.endpoints.is_empty(),
    };
    let mut rows: std::collections::BTreeSet<Row> = before.rows.iter().filter(kept).cloned().collect();
    rows.extend(sources.iter().map(|source| Row::Source(source.clone())));
    rows.extend(names.topics.into_iter().map(Row::Topic));
    rows.extend(names.classes.into_iter().map(Row::Class));
    rows.extend(names.scopes.into_iter().map(Row::Scope));
    rows.extend(names.endpoints.into_iter().map(Row::Endpoint));
    Table { rows }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(name: &str) -> PathBuf {
        crate::workspace::root().expect("run by cargo").join("xtask/samples").join(name)
    }

    fn rebuilt(before: &Table, files: &[&str]) -> Table {
        let mut names = Names::default();
        for file in files {
            read(&sample(file), &mut names).expect("readable");
        }
        merge(before, names, &["our own sample, version 1, 2026-11-23".to_owned()])
    }

    #[test]
    fn a_description_and_a_list_of_topics_give_exactly_this_table() {
        let expected = fs::read_to_string(sample("catalogue.tsv")).expect("readable");
        let table = rebuilt(&Table::default(), &["openapi.json", "topics.json"]);
        assert_eq!(table.to_string(), expected);
        assert_eq!(rebuilt(&table, &["openapi.json"]), table, "what no file speaks of is kept");
        assert_eq!(rebuilt(&table, &["topics.json"]), table, "what no file speaks of is kept");
    }

    #[test]
    fn prose_among_the_names_is_left_out() {
        let mut names = Names::default();
        read(&sample("openapi.json"), &mut names).expect("readable");
        assert_eq!(names.skipped.into_iter().collect::<Vec<_>>(), ["whoever may see the shelf"]);
    }

    #[test]
    fn what_is_neither_a_description_nor_topics_is_refused() {
        let error = read(&sample("catalogue.tsv"), &mut Names::default());
        assert!(matches!(error, Err(CatalogueError::Json { .. })));
        assert!(!Names::default().take(&serde_json::json!({"swagger": "2.0"})));
    }

    #[test]
    fn the_committed_catalogue_is_what_the_command_writes() {
        let path = crate::workspace::root().expect("run by cargo").join(COMMITTED);
        let text = fs::read_to_string(path).expect("readable");
        let table = Table::read(&text).expect("every line is a row");
        assert_eq!(table.to_string(), text, "run cargo xtask catalogue");
        assert!(table.rows.iter().any(|row| matches!(row, Row::Source(_))), "it says where it is from");
    }
}
