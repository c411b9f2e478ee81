//! Who may import whom. Data moves one way: what serves callers knows nothing of where states come from.

use super::Violation;
use super::paths::{NamedPath, paths};
use super::tree::{File, Tree};

/// Inside `crates/onduty/src/`: who, the modules it never imports, and why.
const DIRECTIONS: [(&str, &[&str], &str); 3] = [
    ("api", &["sources", "platform", "keeper", "journal"], "answers come from the published roster alone"),
    ("sources", &["api"], "what hears the platform knows nothing of who asks"),
    (
        "doctor",
        &["api", "cli", "sources", "keeper"],
        "it looks and judges: it serves nobody and writes nothing",
    ),
];

/// The sidecar's only door to the simulator.
const DEMO: &str = "crates/onduty/src/cli/demo.rs";

/// What core never names, and what to do instead.
const IMPURE: [(&[&str], &str); 9] = [
    (&["std", "time", "Instant"], "time comes in as a value"),
    (&["std", "time", "SystemTime"], "time comes in as a value"),
    (&["std", "time", "*"], "name what is used"),
    (&["std", "fs"], "core performs no IO"),
    (&["std", "net"], "core performs no IO"),
    (&["std", "env"], "configuration comes in as a value"),
    (&["tokio"], "core runs no tasks"),
    (&["serde"], "wire types live at the edges"),
    (&["tracing"], "core returns facts, the shell logs them"),
];

/// Import directions between modules and crates.
pub(super) fn directions(tree: &Tree) -> Vec<Violation> {
    let mut found = Vec::new();
    for file in tree.ending(".rs") {
        check_paths(file, &mut found, |path| forbidden_direction(&file.path, path));
    }
    found
}

/// Core names no clock, no IO, no runtime, no logs, no serialisation.
pub(super) fn purity_of_core(tree: &Tree) -> Vec<Violation> {
    let mut found = Vec::new();
    for file in tree.ending(".rs").filter(|file| file.path.starts_with("crates/core/src/")) {
        check_paths(file, &mut found, |path| {
            // A bare `use std::time` would let `time::Instant` pass unseen.
            if path.segments == ["std", "time"] {
                return Some("std::time hides what is used: name the item".to_owned());
            }
            let (name, why) = IMPURE.iter().find(|(name, _)| path.starts_with(name))?;
            Some(format!("core never names {}: {why}", name.join("::")))
        });
    }
    found
}

fn check_paths(
    file: &File,
    found: &mut Vec<Violation>,
    mut forbidden: impl FnMut(&NamedPath) -> Option<String>,
) {
    match paths(&file.text) {
        Ok(paths) => found.extend(paths.iter().filter_map(|path| {
            Some(Violation { file: file.path.clone(), line: path.line, message: forbidden(path)? })
        })),
        Err(_) => found.push(Violation {
            file: file.path.clone(),
            line: 0,
            message: "can't be split into Rust tokens".to_owned(),
        }),
    }
}

fn forbidden_direction(file: &str, path: &NamedPath) -> Option<String> {
    if path.root() == "onduty_sim" && file.starts_with("crates/onduty/src/") && file != DEMO {
        return Some(format!("only {DEMO} knows the simulator"));
    }
    if file.starts_with("crates/sim/") && is_sidecar_crate(path.root()) {
        return Some(
            "the simulator shares no code with the sidecar: it would agree with its misreadings".into(),
        );
    }
    let inside = file.strip_prefix("crates/onduty/src/")?;
    let target = imported_module(inside, path)?;
    let (room, _, why) =
        DIRECTIONS.iter().find(|(room, never, _)| is_in_room(inside, room) && never.contains(&target))?;
    Some(format!("{room} never imports {target}: {why}"))
}

fn is_sidecar_crate(name: &str) -> bool {
    ["onduty", "onduty_core", "onduty_proto", "onduty_client"].contains(&name)
}

/// Whether a file is the module `room` or lies below it: `api.rs`, `api/…`.
fn is_in_room(file: &str, room: &str) -> bool {
    file.strip_prefix(room).is_some_and(|rest| rest == ".rs" || rest.starts_with('/'))
}

/// The top-level module of the crate that a path leads to, if it leads to one.
fn imported_module<'a>(file: &str, path: &'a NamedPath) -> Option<&'a str> {
    if path.root() == "crate" {
        return path.segments.get(1).map(String::as_str);
    }
    let ups = path.segments.iter().take_while(|segment| *segment == "super").count();
    let depth = file.trim_end_matches(".rs").split('/').count();
    if ups < depth {
        return None;
    }
    path.segments.get(ups).map(String::as_str)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn directions_of(path: &str, text: &str) -> Vec<String> {
        directions(&Tree::of(&[(path, text)])).into_iter().map(|violation| violation.message).collect()
    }

    #[test]
    fn api_never_imports_what_writes() {
        for text in [
            "use crate::keeper::Keeper;",
            "use crate::{config, journal::{Record}};",
            "fn f() { crate::sources::start() }",
            "use super::super::platform;",
        ] {
            assert_eq!(directions_of("crates/onduty/src/api/grpc.rs", text).len(), 1, "{text}");
        }
        assert_eq!(directions_of("crates/onduty/src/api.rs", "use super::keeper;").len(), 1);
    }

    #[test]
    fn sources_never_import_api() {
        assert_eq!(
            directions_of("crates/onduty/src/sources/webhook.rs", "use crate::api::problem;").len(),
            1
        );
    }

    #[test]
    fn other_imports_are_free() {
        assert!(
            directions_of("crates/onduty/src/api/rest.rs", "use super::problem; use crate::publish;")
                .is_empty()
        );
        assert!(directions_of("crates/onduty/src/app.rs", "use crate::{api, keeper, sources};").is_empty());
        assert!(directions_of("crates/onduty/src/apiary.rs", "use crate::keeper;").is_empty());
    }

    #[test]
    fn only_the_demo_knows_the_simulator() {
        assert_eq!(directions_of("crates/onduty/src/app.rs", "use onduty_sim::Cloud;").len(), 1);
        assert!(directions_of(DEMO, "use onduty_sim::Cloud;").is_empty());
        assert!(directions_of("crates/onduty/tests/end_to_end.rs", "use onduty_sim::Cloud;").is_empty());
    }

    #[test]
    fn the_simulator_knows_no_crate_of_the_sidecar() {
        assert_eq!(directions_of("crates/sim/src/wire.rs", "use onduty_core::agent::Agent;").len(), 1);
        assert!(directions_of("crates/sim/src/main.rs", "use onduty_sim::shell::run;").is_empty());
    }

    #[test]
    fn core_names_no_clock_io_runtime_or_log() {
        let text = "use std::time::{Duration, Instant};\nuse std::fs;\nuse serde::Serialize;\n\
                    fn f() { tracing::info!(\"\"); }\nuse std::time;\nuse std::time::Duration;";
        let found = purity_of_core(&Tree::of(&[("crates/core/src/agent.rs", text)]));
        let lines: Vec<_> = found.iter().map(|violation| violation.line).collect();
        assert_eq!(lines, [1, 2, 3, 4, 5]);
    }

    #[test]
    fn text_that_is_not_rust_is_reported() {
        assert_eq!(directions_of("crates/sim/src/x.rs", "fn f( {").len(), 1);
    }
}
