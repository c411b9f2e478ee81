//! Programs that a chore needs and that cargo, pip or npm can fetch. Each is pinned, fetched only when absent, and kept below
//! `target/`, so that nothing on the user's machine changes.

use crate::process::{self, ProcessError, answers, cargo};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A program could not be provided.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ToolError {
    /// Its installer failed.
    #[error("could not install {name}")]
    Install {
        /// The program.
        name: &'static str,
        /// What its installer said.
        #[source]
        source: ProcessError,
    },
    /// A file of the tool box could not be read or written.
    #[error("could not access {path}")]
    Access {
        /// The file.
        path: String,
        /// What the system said.
        #[source]
        source: io::Error,
    },
}

/// A cargo subcommand that is a crate of its own.
#[derive(Debug, Clone, Copy)]
pub(crate) struct CargoTool {
    /// The crate and its program: `cargo-<subcommand>`.
    name: &'static str,
    version: &'static str,
    /// What to leave out of it.
    features: &'static [&'static str],
    /// How long it takes to build on two cores, for the patience of whoever waits.
    build_time: &'static str,
}

/// Runs tests, each in a process of its own. It need not be able to update itself.
pub(crate) const NEXTEST: CargoTool = CargoTool {
    name: "cargo-nextest",
    version: "0.9.151",
    features: &["--no-default-features", "--features", "default-no-update"],
    build_time: "2 minutes",
};

/// Judges licences, sources and banned crates.
pub(crate) const DENY: CargoTool =
    CargoTool { name: "cargo-deny", version: "0.20.2", features: &[], build_time: "1 minute" };

/// The version of `@bufbuild/buf`, which carries the buf binary.
const BUF_VERSION: &str = "1.75.0";

/// Packages of the tests from the registry of one language, pinned by a file of the repository.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Packages {
    /// What they are, for whoever waits.
    name: &'static str,
    /// The folder in the tool box.
    home: &'static str,
    /// What pins them, from the root of the repository.
    pins: &'static str,
}

/// For a client that knows only reflection.
pub(crate) const REFLECTION_CLIENT: Packages = Packages {
    name: "the Python packages of the tests",
    home: "python",
    pins: "crates/onduty/tests/python/requirements.txt",
};

/// The platform's own SDK for Python.
pub(crate) const SDK_FOR_PYTHON: Packages = Packages {
    name: "the official SDK for Python",
    home: "sdk-python",
    pins: "crates/onduty/tests/sdk/python/requirements.txt",
};

/// The platform's own SDK for JavaScript.
pub(crate) const SDK_FOR_JAVASCRIPT: Packages = Packages {
    name: "the official SDK for JavaScript",
    home: "sdk-javascript",
    pins: "crates/onduty/tests/sdk/javascript/package-lock.json",
};

/// A cargo subcommand: the user's own if there is one, whatever its version, otherwise built once.
pub(crate) fn cargo_tool(root: &Path, tool: CargoTool) -> Result<PathBuf, ToolError> {
    let CargoTool { name, version, features, build_time } = tool;
    if answers(Command::new(name).arg("--version")) {
        return Ok(PathBuf::from(name));
    }
    let home = toolbox(root).join(format!("{name}-{version}"));
    let program = home.join("bin").join(name);
    if !program.exists() {
        println!(
            "==> {name} is not installed: building {version} into target/toolbox, once, about {build_time}"
        );
        let mut install = cargo();
        // Unoptimised: that halves the time to build, and such a tool spends its own waiting for others.
        install.args(["install", name, "--locked", "--debug", "--version", version]).args(features);
        install.arg("--root").arg(&home);
        process::run(&mut install, "is the registry of crates reachable?")
            .map_err(|source| ToolError::Install { name, source })?;
    }
    Ok(program)
}

/// `buf`, from npm.
pub(crate) fn buf(root: &Path) -> Result<PathBuf, ToolError> {
    let home = toolbox(root).join(format!("buf-{BUF_VERSION}"));
    let program = home.join("node_modules/.bin/buf");
    if !program.exists() {
        println!("==> fetching buf {BUF_VERSION} from npm into target/toolbox, once");
        let mut install = Command::new("npm");
        install.args([
            "install",
            "--no-audit",
            "--no-fund",
            "--no-package-lock",
            "--loglevel=error",
            "--prefix",
        ]);
        install.arg(&home).arg(format!("@bufbuild/buf@{BUF_VERSION}"));
        process::run(&mut install, "buf lint needs Node 20 with npm")
            .map_err(|source| ToolError::Install { name: "buf", source })?;
    }
    Ok(program)
}

/// A Python that has these packages. Where their pins carry hashes, pip refuses everything without one.
pub(crate) fn python(root: &Path, packages: Packages) -> Result<PathBuf, ToolError> {
    let home = toolbox(root).join(packages.home);
    let program = home.join("bin/python");
    once(root, packages, "PyPI", |pins| {
        let advice = "the tests need Python 3.9 or later with venv (on Debian: apt-get install python3-venv)";
        process::run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&home), advice)?;
        let mut pip = Command::new(&program);
        pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--only-binary=:all:"]);
        process::run(pip.arg("--requirement").arg(pins), "is PyPI reachable?")
    })?;
    Ok(program)
}

/// The folder of Node modules that has these packages. No script of theirs is run.
pub(crate) fn node_modules(root: &Path, packages: Packages) -> Result<PathBuf, ToolError> {
    let home = toolbox(root).join(packages.home);
    once(root, packages, "npm", |pins| {
        let mut npm = Command::new("npm");
        npm.args(["ci", "--omit=dev", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]);
        // The manifest stands beside its lock file, and npm installs beside the manifest: hence a copy.
        for pinned in [pins, &pins.with_file_name("package.json")] {
            let copy = home.join(pinned.file_name().unwrap_or_default());
            fs::create_dir_all(&home)
                .and_then(|()| fs::copy(pinned, copy))
                .map_err(|source| ProcessError::Input { path: pinned.display().to_string(), source })?;
        }
        process::run(npm.arg("--prefix").arg(&home), "the tests need Node 20 with npm; is npm reachable?")
    })?;
    Ok(home.join("node_modules"))
}

/// The version of one package, as its pins have it.
pub(crate) fn pinned(root: &Path, packages: Packages, package: &str) -> Result<String, ToolError> {
    let pins = root.join(packages.pins);
    let text = fs::read_to_string(&pins).map_err(|source| access(&pins, source))?;
    let named = |line: &str| Some(line.trim_start_matches([' ', '"']).strip_prefix(package)?.to_owned());
    let rest = text.lines().find_map(named).unwrap_or_default();
    Ok(rest.trim_matches(|character: char| !character.is_ascii_digit()).to_owned())
}

/// Installs packages where they are not, or are not as pinned. `install` is given the file of the pins.
fn once(
    root: &Path,
    packages: Packages,
    registry: &str,
    install: impl FnOnce(&Path) -> Result<(), ProcessError>,
) -> Result<(), ToolError> {
    let Packages { name, home, pins } = packages;
    let pins = root.join(pins);
    let wanted = fs::read_to_string(&pins).map_err(|source| access(&pins, source))?;
    // Written last: an installation that was interrupted is begun anew.
    let stamp = toolbox(root).join(home).join("installed.txt");
    if fs::read_to_string(&stamp).is_ok_and(|installed| installed == wanted) {
        return Ok(());
    }
    println!("==> fetching {name} from {registry} into target/toolbox, once");
    install(&pins).map_err(|source| ToolError::Install { name, source })?;
    fs::write(&stamp, wanted).map_err(|source| access(&stamp, source))
}

fn toolbox(root: &Path) -> PathBuf {
    root.join("target/toolbox")
}

fn access(path: &Path, source: io::Error) -> ToolError {
    ToolError::Access { path: path.display().to_string(), source }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(path: &Path, content: &str) {
        fs::create_dir_all(path.parent().expect("a parent")).expect("made");
        fs::write(path, content).expect("written");
    }

    #[test]
    fn a_tool_that_was_built_before_is_not_built_again() {
        let root = tempfile::tempdir().expect("a folder");
        let tool =
            CargoTool { name: "cargo-no-such-tool", version: "1.2.3", features: &[], build_time: "no time" };
        let built = root.path().join("target/toolbox/cargo-no-such-tool-1.2.3/bin/cargo-no-such-tool");
        write(&built, "");
        assert_eq!(cargo_tool(root.path(), tool).expect("found"), built);
    }

    #[test]
    fn packages_that_are_installed_as_pinned_are_kept() {
        let root = tempfile::tempdir().expect("a folder");
        for packages in [REFLECTION_CLIENT, SDK_FOR_PYTHON, SDK_FOR_JAVASCRIPT] {
            write(&root.path().join(packages.pins), "pins");
            write(&root.path().join("target/toolbox").join(packages.home).join("installed.txt"), "pins");
        }
        let found = python(root.path(), SDK_FOR_PYTHON).expect("found");
        assert_eq!(found, root.path().join("target/toolbox/sdk-python/bin/python"));
        let found = node_modules(root.path(), SDK_FOR_JAVASCRIPT).expect("found");
        assert_eq!(found, root.path().join("target/toolbox/sdk-javascript/node_modules"));
    }

    #[test]
    fn a_version_is_read_from_either_kind_of_pins() {
        let root = tempfile::tempdir().expect("a folder");
        for (packages, text) in [
            (SDK_FOR_PYTHON, "# sdk\nother==1\nsdk==269.0.0 \\\n    --hash=sha256:0"),
            (SDK_FOR_JAVASCRIPT, "{\n  \"name\": \"x\",\n    \"sdk\": \"269.0.0\","),
        ] {
            write(&root.path().join(packages.pins), text);
            assert_eq!(pinned(root.path(), packages, "sdk").expect("pinned"), "269.0.0");
        }
    }

    #[test]
    fn missing_pins_are_named() {
        let root = tempfile::tempdir().expect("a folder");
        let error = python(root.path(), REFLECTION_CLIENT).expect_err("no pins").to_string();
        assert!(error.ends_with(REFLECTION_CLIENT.pins), "{error}");
    }
}
