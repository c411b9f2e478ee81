//! The seeded soak in its one-minute form: a small organisation, every trouble that channels can have, and the same
//! promises as in ten minutes with twelve thousand agents.

use std::process::Command;

#[test]
fn a_minute_of_every_trouble_breaks_no_promise() {
    let soak = ["soak", "--minutes", "1", "--agents", "1500", "--rate", "40", "--seed", "4"];
    let run = Command::new(env!("CARGO_BIN_EXE_onduty-bench")).args(soak).output().unwrap();
    let (table, log) = (String::from_utf8_lossy(&run.stdout), String::from_utf8_lossy(&run.stderr));
    assert!(run.status.success(), "{table}\n{log}");
    for promised in ["the list is the truth", "beyond the allowance", "missed", "delay"] {
        let line = table.lines().find(|line| line.contains(promised)).unwrap_or_default();
        assert!(line.contains("kept"), "{promised}: {table}");
    }
    assert!(table.contains("--seed 4"), "{table}");
}
