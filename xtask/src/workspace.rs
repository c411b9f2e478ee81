//! Where the repository is. Chores work on it whatever directory they are called from.

use std::path::PathBuf;

/// Why the repository was not found.
#[derive(Debug, thiserror::Error)]
#[error("the repository was not found: run this through cargo, as `cargo xtask`")]
pub(crate) struct NotInWorkspace;

/// The root of the repository.
///
/// Read from the environment that cargo sets at run time, not at build time: a compiled-in path would name the
/// machine that built it and would break in a moved clone.
pub(crate) fn root() -> Result<PathBuf, NotInWorkspace> {
    let manifest = PathBuf::from(std::env::var_os("CARGO_MANIFEST_DIR").ok_or(NotInWorkspace)?);
    manifest.parent().map(PathBuf::from).ok_or(NotInWorkspace)
}
