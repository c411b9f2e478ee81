//! Section `store`: where the journal lives and how much history it keeps.

use std::path::PathBuf;
use std::time::Duration;

use super::input::Input;
use super::kind::{Count, Folder, Span};
use super::layers::env_name;
use super::setting::{Key, OptionalSetting, Setting};

/// Section `store`, checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoreConfig {
    /// The folder of the journal; made if it is not there.
    pub dir: PathBuf,
    /// At most this many changes are remembered.
    pub history_entries: u64,
    /// Changes older than this are forgotten.
    pub history_retention: Duration,
}

const DIR: OptionalSetting<Folder> = OptionalSetting {
    name: "store.dir",
    kind: Folder,
    doc: "The folder of the journal. Default: onduty in the platform's state directory.",
};

const HISTORY_ENTRIES: Setting<Count> = Setting {
    name: "store.history_entries",
    kind: Count { min: 1_000, max: 1_000_000_000 },
    default: || 1_000_000,
    doc: "At most this many changes are remembered.",
};

const HISTORY_RETENTION: Setting<Span> = Setting {
    name: "store.history_retention",
    kind: Span { min: Duration::from_secs(60), max: Duration::from_secs(366 * 86_400) },
    default: || Duration::from_secs(7 * 86_400),
    doc: "Changes older than this are forgotten.",
};

pub(super) fn keys() -> Vec<Key> {
    vec![DIR.key(), HISTORY_ENTRIES.key(), HISTORY_RETENTION.key()]
}

/// Reads the section; `None` when there is nowhere to keep the journal (a problem says so).
pub(super) fn read(input: &mut Input, state_dir: Option<PathBuf>) -> Option<StoreConfig> {
    let dir = input.value_or(&DIR, state_dir);
    let history_entries = input.value(&HISTORY_ENTRIES);
    let history_retention = input.value(&HISTORY_RETENTION);
    if dir.is_none() {
        let remedy = format!("this user has no home directory; set {} or --data-dir", env_name(DIR.name));
        input.missing(DIR.name, &remedy);
    }
    Some(StoreConfig { dir: dir?, history_entries, history_retention })
}
