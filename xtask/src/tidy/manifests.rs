//! What the manifests promise: lints for all, a pure core, and crates that depend on each other one way only.

use super::Violation;
use super::tree::{File, Tree};
use toml::Table;

const CORE: &str = "crates/core/Cargo.toml";

/// All that core may depend on: a persistent map and the error derive.
const CORE_DEPENDENCIES: [&str; 2] = ["imbl", "thiserror"];

/// Each crate, and those of ours that it may depend on. The rest may depend on anything.
const OWN_DEPENDENCIES: [(&str, &[&str]); 4] = [
    (CORE, &[]),
    ("crates/proto/Cargo.toml", &[]),
    ("crates/client/Cargo.toml", &["onduty-proto"]),
    ("crates/sim/Cargo.toml", &[]),
];

/// Every crate takes its lints from the workspace.
pub(super) fn workspace_lints(tree: &Tree) -> Vec<Violation> {
    let inherits = |manifest: &Table| {
        manifest.get("lints").and_then(|lints| lints.get("workspace")).and_then(toml::Value::as_bool)
            == Some(true)
    };
    let mut found = Vec::new();
    for file in tree.ending("/Cargo.toml") {
        match file.text.parse::<Table>() {
            Ok(manifest) if inherits(&manifest) => {}
            Ok(_) => found.push(whole(file, "add `[lints] workspace = true`")),
            Err(_) => found.push(whole(file, "is not TOML")),
        }
    }
    found
}

/// Core's list of dependencies is exactly as agreed: purity that only a convention holds does not last.
pub(super) fn dependencies_of_core(tree: &Tree) -> Vec<Violation> {
    let Some(file) = tree.find(CORE) else {
        return Vec::new();
    };
    if dependencies(file, &["dependencies", "build-dependencies"]) == CORE_DEPENDENCIES {
        return Vec::new();
    }
    vec![whole(file, &format!("core depends on exactly {}", CORE_DEPENDENCIES.join(" and ")))]
}

/// Crates of ours depend on each other in one direction.
pub(super) fn own_dependencies(tree: &Tree) -> Vec<Violation> {
    let mut found = Vec::new();
    for (path, allowed) in OWN_DEPENDENCIES {
        let Some(file) = tree.find(path) else { continue };
        let all = dependencies(file, &["dependencies", "build-dependencies", "dev-dependencies"]);
        let ours = all.iter().filter(|name| *name == "onduty" || name.starts_with("onduty-"));
        let forbidden = ours.filter(|name| !allowed.contains(&name.as_str()));
        found.extend(forbidden.map(|name| whole(file, &format!("must not depend on {name}"))));
    }
    found
}

/// Names in these sections, sorted. A section that is not there is empty.
fn dependencies(file: &File, sections: &[&str]) -> Vec<String> {
    let manifest: Table = file.text.parse().unwrap_or_default();
    let tables = sections.iter().filter_map(|section| manifest.get(*section)?.as_table());
    let mut names: Vec<_> = tables.flat_map(|table| table.keys().cloned()).collect();
    names.sort();
    names
}

fn whole(file: &File, message: &str) -> Violation {
    Violation { file: file.path.clone(), line: 0, message: message.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_crate_without_the_workspace_lints_is_refused() {
        let samples = [
            ("crates/a/Cargo.toml", "[lints]\nworkspace = true"),
            ("crates/b/Cargo.toml", "[package]\nname = \"b\""),
            ("crates/c/Cargo.toml", "[lints]\nworkspace = false"),
            ("crates/d/Cargo.toml", "not toml"),
        ];
        assert_eq!(workspace_lints(&Tree::of(&samples)).len(), 3);
    }

    #[test]
    fn core_depends_on_exactly_two_crates() {
        let count = |text| dependencies_of_core(&Tree::of(&[(CORE, text)])).len();
        assert_eq!(count("[dependencies]\nthiserror = \"2\"\nimbl = \"7\""), 0);
        assert_eq!(
            count("[dependencies]\nthiserror = \"2\"\nimbl = \"7\"\n[dev-dependencies]\nproptest = \"1\""),
            0
        );
        assert_eq!(count("[dependencies]\nthiserror = \"2\"\nimbl = \"7\"\nserde = \"1\""), 1);
        assert_eq!(count("[dependencies]\nthiserror = \"2\""), 1);
    }

    #[test]
    fn crates_depend_on_each_other_one_way_only() {
        let samples = [
            ("crates/sim/Cargo.toml", "[dev-dependencies]\nonduty-core.workspace = true"),
            ("crates/client/Cargo.toml", "[dependencies]\nonduty-proto.workspace = true"),
            ("crates/proto/Cargo.toml", "[dependencies]\nonduty.workspace = true"),
        ];
        let found = own_dependencies(&Tree::of(&samples));
        let files: Vec<_> = found.iter().map(|violation| violation.file.as_str()).collect();
        assert_eq!(files, ["crates/proto/Cargo.toml", "crates/sim/Cargo.toml"]);
    }
}
