//! Reads the two embedded files. A line that is no row is left out and counted, and a test keeps the count at zero:
//! a slip in data must not stop a sidecar.

use super::beliefs::Belief;
use super::paths::segments;
use super::{Catalogue, Endpoint, family, letters};

impl Catalogue {
    /// The catalogue in these files, and how many of their lines were no rows.
    pub(super) fn read(names: &'static str, beliefs: &'static str) -> (Self, usize) {
        let mut catalogue = Self::default();
        let mut strange = 0;
        for line in rows(names) {
            strange += usize::from(catalogue.take(line).is_none());
        }
        for line in rows(beliefs) {
            let taken = match line.split('\t').collect::<Vec<_>>().as_slice() {
                ["real permission", name] => catalogue.permissions.insert(name),
                columns => Belief::read(columns).is_some_and(|belief| catalogue.beliefs.add(belief)),
            };
            strange += usize::from(!taken);
        }
        catalogue.actions = catalogue.permissions.iter().filter_map(|name| name.rsplit(':').next()).collect();
        (catalogue, strange)
    }

    fn take(&mut self, line: &'static str) -> Option<()> {
        let columns: Vec<&'static str> = line.split('\t').collect();
        match columns.as_slice() {
            ["class", name] => drop(self.classes.insert(letters(name), name)),
            ["scope", name] => drop(self.scopes.insert(name)),
            ["source", text] => self.sources.push(text),
            ["topic", name] => self.topics.entry(family(name)?).or_default().push(name),
            ["endpoint", path, method, operation, permissions, scopes, query] => {
                let (quantifier, permissions) = permissions.split_once(' ').unwrap_or(("any", permissions));
                let endpoint = Endpoint {
                    method,
                    path,
                    operation,
                    permissions: split(permissions),
                    needs_all: quantifier == "all",
                    scopes: split(scopes),
                    query: split(query),
                };
                self.permissions.extend(&endpoint.permissions);
                let index = self.endpoints.len();
                self.operations.insert(letters(operation), index);
                self.paths.add(&segments(path), index);
                self.endpoints.push(endpoint);
            }
            _ => return None,
        }
        Some(())
    }
}

fn rows(text: &'static str) -> impl Iterator<Item = &'static str> {
    text.lines().filter(|line| !line.starts_with('#') && !line.is_empty())
}

fn split(column: &'static str) -> Vec<&'static str> {
    if column == "-" { Vec::new() } else { column.split(',').collect() }
}
