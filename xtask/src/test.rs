//! The whole test suite in one command, on a machine that has Rust, Node and Python and nothing else. It says what it does and
//! what it leaves out.

use crate::process::{self, ProcessError, cargo};
use crate::toolbox::{self, NEXTEST, ToolError};
use std::path::Path;
use std::process::Command;
use std::time::Instant;

/// Tells a test where the Python with the packages it needs is.
const PYTHON_VARIABLE: &str = "ONDUTY_TEST_PYTHON";
/// The same for the Python with the official SDK.
const SDK_PYTHON_VARIABLE: &str = "ONDUTY_TEST_SDK_PYTHON";
/// The same for the folder of Node modules with the official SDK.
const SDK_NODE_MODULES_VARIABLE: &str = "ONDUTY_TEST_SDK_NODE_MODULES";

/// The tests could not run, or did not pass.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TestError {
    /// A program that they need is not there.
    #[error("the tests can't run")]
    Tool(#[from] ToolError),
    /// A step failed, and has said why.
    #[error("the tests did not pass")]
    Step(#[from] ProcessError),
}

/// Which tests to run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Extent {
    /// Everything.
    Whole,
    /// What needs neither Node, nor Python, nor whole processes under load.
    Fast,
}

/// Runs the tests, cheapest first, so that the summary of the test runner comes last.
pub(crate) fn run(root: &Path, extent: Extent) -> Result<(), TestError> {
    let begun = Instant::now();
    let say = |what: &str| println!("==> {:>4} s: {what}", begun.elapsed().as_secs());
    let nextest = toolbox::cargo_tool(root, NEXTEST)?;
    let mut tests = Command::new(nextest);
    tests.current_dir(root).args(["nextest", "run", "--workspace"]);
    if extent == Extent::Fast {
        say(
            "fast: leaving out buf lint, doc tests, and tests in the end-to-end group; nextest counts those as skipped",
        );
        tests.args(["--profile", "fast"]);
    } else {
        say("buf lint of proto/");
        buf_lint(root)?;
        tests.env(PYTHON_VARIABLE, toolbox::python(root, toolbox::REFLECTION_CLIENT)?);
        tests.env(SDK_PYTHON_VARIABLE, toolbox::python(root, toolbox::SDK_FOR_PYTHON)?);
        tests.env(SDK_NODE_MODULES_VARIABLE, toolbox::node_modules(root, toolbox::SDK_FOR_JAVASCRIPT)?);
        for (packages, sdk) in [
            (toolbox::SDK_FOR_PYTHON, "purecloudplatformclientv2"),
            (toolbox::SDK_FOR_JAVASCRIPT, "purecloud-platform-client-v2"),
        ] {
            say(&format!("against {sdk} {}", toolbox::pinned(root, packages, sdk)?));
        }
        say("doc tests");
        process::run(
            cargo().current_dir(root).args(["test", "--workspace", "--doc", "--quiet"]),
            "see above",
        )?;
    }
    say("tests of the whole workspace");
    process::run(&mut tests, "see the summary above; `cargo nextest run NAME` repeats one")?;
    Ok(())
}

/// Holds the contract to buf's STANDARD rules.
pub(crate) fn buf_lint(root: &Path) -> Result<(), TestError> {
    let buf = toolbox::buf(root)?;
    process::run(
        Command::new(buf).current_dir(root.join("proto")).arg("lint"),
        "each line above names a rule of buf",
    )?;
    println!("proto/ is clean by buf STANDARD");
    Ok(())
}

/// Holds the dependencies to `deny.toml`. The advisory database is left out: it needs GitHub, which CI can't always reach.
pub(crate) fn deny(root: &Path) -> Result<(), TestError> {
    let deny = toolbox::cargo_tool(root, toolbox::DENY)?;
    let mut check = Command::new(deny);
    check.current_dir(root).args(["check", "--hide-inclusion-graph", "licenses", "bans", "sources"]);
    process::run(&mut check, "each error above names the crate; deny.toml says what is allowed")?;
    Ok(())
}
