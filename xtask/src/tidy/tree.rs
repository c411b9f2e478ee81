//! The text files of the repository, read once. Rules look at this value, so their tests can build one by hand.

use std::fs;
use std::io;
use std::path::Path;

/// Folders that hold nothing we wrote.
const SKIPPED_FOLDERS: [&str; 4] = [".git", ".venv", "node_modules", "target"];

/// Where generated code is committed.
const GENERATED: &str = "crates/proto/src/gen/";

/// Reading the repository failed.
#[derive(Debug, thiserror::Error)]
#[error("could not read {path}")]
pub(crate) struct TreeError {
    path: String,
    source: io::Error,
}

/// A text file.
#[derive(Debug)]
pub(super) struct File {
    /// From the root of the repository, with forward slashes.
    pub(super) path: String,
    pub(super) text: String,
}

impl File {
    /// The lines with their numbers, counted from 1.
    pub(super) fn lines(&self) -> impl Iterator<Item = (usize, &str)> {
        self.text.lines().enumerate().map(|(index, line)| (index + 1, line))
    }
}

/// Every text file we wrote, sorted by path.
#[derive(Debug)]
pub(super) struct Tree {
    files: Vec<File>,
}

impl Tree {
    /// Reads the repository. Files that are not UTF-8 are not text, and generated code is not ours.
    pub(super) fn read(root: &Path) -> Result<Self, TreeError> {
        let mut files = Vec::new();
        let mut folders = vec![root.to_owned()];
        while let Some(folder) = folders.pop() {
            let failed = |source| TreeError { path: folder.display().to_string(), source };
            for entry in fs::read_dir(&folder).map_err(failed)? {
                let entry = entry.map_err(failed)?;
                let path = entry.path();
                let kind = entry.file_type().map_err(failed)?;
                if kind.is_dir() {
                    if !SKIPPED_FOLDERS.contains(&entry.file_name().to_string_lossy().as_ref()) {
                        folders.push(path);
                    }
                } else if kind.is_file() {
                    files.extend(read_text(root, &path)?);
                }
            }
        }
        files.retain(|file| !file.path.starts_with(GENERATED));
        files.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(Self { files })
    }

    pub(super) fn files(&self) -> &[File] {
        &self.files
    }

    /// Files whose name ends so.
    pub(super) fn ending(&self, ending: &'static str) -> impl Iterator<Item = &File> {
        self.files.iter().filter(move |file| file.path.ends_with(ending))
    }

    pub(super) fn find(&self, path: &str) -> Option<&File> {
        self.files.iter().find(|file| file.path == path)
    }

    #[cfg(test)]
    pub(super) fn of(files: &[(&str, &str)]) -> Self {
        let file = |(path, text): &(&str, &str)| File { path: (*path).to_owned(), text: (*text).to_owned() };
        Self { files: files.iter().map(file).collect() }
    }
}

fn read_text(root: &Path, path: &Path) -> Result<Option<File>, TreeError> {
    let name = path.strip_prefix(root).unwrap_or(path).to_string_lossy().replace('\\', "/");
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some(File { path: name, text })),
        Err(error) if error.kind() == io::ErrorKind::InvalidData => Ok(None),
        Err(source) => Err(TreeError { path: name, source }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_text_and_leaves_out_build_output_and_binaries() {
        let root = tempfile::tempdir().expect("a folder");
        let write = |path: &str, content: &[u8]| {
            let path = root.path().join(path);
            fs::create_dir_all(path.parent().expect("a parent")).expect("made");
            fs::write(path, content).expect("written");
        };
        write("crates/a/src/lib.rs", b"//! A.");
        write(".ci/run", b"true");
        write("target/out.rs", b"");
        write("crates/proto/src/gen/x.rs", b"");
        write("image.png", b"\xff\xfe\x00");
        let tree = Tree::read(root.path()).expect("readable");
        let paths: Vec<_> = tree.files().iter().map(|file| file.path.as_str()).collect();
        assert_eq!(paths, [".ci/run", "crates/a/src/lib.rs"]);
    }
}
