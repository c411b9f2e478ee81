//! Section `sync`: which sources run, and how fresh is fresh.

use std::time::Duration;

use super::input::Input;
use super::kind::{Span, Switch};
use super::setting::{Key, Setting};

/// Section `sync`, checked. The sweep always runs: pushes are for speed, full listings for truth.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SyncConfig {
    /// Whether webhooks are taken.
    pub webhook: bool,
    /// Whether a notification channel is held. Always false in this version.
    pub channel: bool,
    /// Time from the beginning of one full listing to that of the next.
    pub sweep_interval: Duration,
    /// How old a state may be when the caller does not say.
    pub default_max_staleness: Duration,
    /// How long an id that the platform does not know is not asked for again.
    pub unknown_id_memory: Duration,
}

const WEBHOOK: Setting<Switch> = Setting {
    name: "sync.webhook",
    kind: Switch,
    default: || true,
    doc: "Take webhooks on the ingress listener.",
};

const CHANNEL: Setting<Switch> = Setting {
    name: "sync.channel",
    kind: Switch,
    default: || false,
    doc: "Hold a notification channel (comes with a later version).",
};

const SWEEP_INTERVAL: Setting<Span> = Setting {
    name: "sync.sweep_interval",
    kind: Span { min: Duration::from_secs(1), max: Duration::from_secs(86_400) },
    default: || Duration::from_secs(60),
    doc: "Time from the beginning of one full listing to that of the next.",
};

const DEFAULT_MAX_STALENESS: Setting<Span> = Setting {
    name: "sync.default_max_staleness",
    kind: Span { min: Duration::ZERO, max: Duration::from_secs(30 * 86_400) },
    default: || Duration::from_secs(300),
    doc: "How old a state may be when the caller does not say.",
};

const UNKNOWN_ID_MEMORY: Setting<Span> = Setting {
    name: "sync.unknown_id_memory",
    kind: Span { min: Duration::ZERO, max: Duration::from_secs(3_600) },
    default: || Duration::from_secs(10),
    doc: "How long an id that the platform does not know is not asked for again.",
};

pub(super) fn keys() -> Vec<Key> {
    vec![
        WEBHOOK.key(),
        CHANNEL.key(),
        SWEEP_INTERVAL.key(),
        DEFAULT_MAX_STALENESS.key(),
        UNKNOWN_ID_MEMORY.key(),
    ]
}

pub(super) fn read(input: &mut Input) -> SyncConfig {
    let sync = SyncConfig {
        webhook: input.value(&WEBHOOK),
        channel: input.value(&CHANNEL),
        sweep_interval: input.value(&SWEEP_INTERVAL),
        default_max_staleness: input.value(&DEFAULT_MAX_STALENESS),
        unknown_id_memory: input.value(&UNKNOWN_ID_MEMORY),
    };
    if sync.channel {
        input.refuse(CHANNEL.name, "the notification channel comes with a later version; leave it false");
    }
    sync
}
