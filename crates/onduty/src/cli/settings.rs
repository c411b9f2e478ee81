//! The flags that configure a sidecar, for the commands that load a configuration.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use clap::Args;

use super::failure::Failure;
use crate::config::{FileText, Flag, Layers};

/// The largest configuration or secret file read, in bytes.
const FILE_BYTES_MAX: u64 = 1_048_576;

/// Flags that configure a sidecar. Everything else is set by `--set`, the environment or the file.
#[derive(Debug, Args)]
pub(super) struct Settings {
    /// The configuration file (TOML)
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Where state is kept
    #[arg(long, value_name = "DIR")]
    data_dir: Option<String>,
    /// Any key, for instance --set sync.sweep_interval=30s; may be repeated
    #[arg(long, value_name = "KEY=VALUE", value_parser = pair)]
    set: Vec<(String, String)>,
}

fn pair(text: &str) -> Result<(String, String), String> {
    let (key, value) = text.split_once('=').ok_or("give KEY=VALUE")?;
    Ok((key.trim().to_owned(), value.trim().to_owned()))
}

impl Settings {
    /// The layers that these flags, the environment and the file named make.
    pub(super) fn layers(
        &self,
        environment: BTreeMap<String, String>,
        state_dir: Option<PathBuf>,
    ) -> Result<Layers, Failure> {
        let file = self.config.as_deref().map(read_config).transpose()?;
        let set = self.set.iter().map(|(key, value)| Flag {
            flag: "--set".to_owned(),
            key: key.clone(),
            value: value.clone(),
        });
        let data_dir = self.data_dir.iter().map(|dir| Flag {
            flag: "--data-dir".to_owned(),
            key: "store.dir".to_owned(),
            value: dir.clone(),
        });
        Ok(Layers {
            flags: set.chain(data_dir).collect(),
            environment,
            file,
            state_dir,
            read_file: read_small,
        })
    }
}

fn read_config(path: &Path) -> Result<FileText, Failure> {
    let name = path.display().to_string();
    match read_small(path) {
        Ok(text) => Ok(FileText { name, text }),
        Err(source) => Err(Failure::File { name, source }),
    }
}

/// Reads a text file that has no reason to be large.
pub(super) fn read_small(path: &Path) -> io::Result<String> {
    let mut text = String::new();
    File::open(path)?.take(FILE_BYTES_MAX + 1).read_to_string(&mut text)?;
    if text.len() as u64 > FILE_BYTES_MAX {
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, "larger than 1 MiB"));
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Config, ConfigErrors};

    #[test]
    fn a_file_without_end_is_not_read_to_its_end() {
        let error = read_small(Path::new("/dev/zero")).expect_err("too large");
        assert_eq!(error.kind(), io::ErrorKind::FileTooLarge);
    }

    #[test]
    fn flags_become_the_strongest_layer() {
        let set = vec![("log.level".to_owned(), "warn".to_owned())];
        let settings = Settings { config: None, data_dir: Some("/data".to_owned()), set };
        let environment = [("ONDUTY_LOG__LEVEL".to_owned(), "info".to_owned())].into_iter().collect();
        let layers = settings.layers(environment, None).expect("no file to read");
        let errors: ConfigErrors = Config::load(&layers).expect_err("no credentials");
        let shown = |key: &str| {
            let entry = errors.entries().iter().find(|entry| entry.key == key).expect("a known key");
            (entry.value.clone().unwrap_or_default(), entry.origin.to_string())
        };
        assert_eq!(shown("log.level"), ("warn".to_owned(), "flag --set".to_owned()));
        assert_eq!(shown("store.dir"), ("/data".to_owned(), "flag --data-dir".to_owned()));
    }
}
