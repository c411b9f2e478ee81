//! Section `sync`: which sources run, and how fresh is fresh.

use std::time::Duration;

use super::cadence::{Cadence, Interval};
use super::input::Input;
use super::kind::{Count, Span, Switch, show_duration};
use super::platform::PlatformApi;
use super::setting::{Key, Setting};
use crate::forecast;

/// Section `sync`, checked. The sweep always runs: pushes are for speed, full listings for truth.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SyncConfig {
    /// Whether webhooks are taken.
    pub webhook: bool,
    /// Whether notification channels are held. Those are the users API's.
    pub channel: bool,
    /// Notification channels at once, at most.
    pub channels_max: usize,
    /// From the making of a notification channel to its replacement.
    pub channel_rotation: Duration,
    /// From one ping of a notification channel to the next.
    pub channel_ping: Duration,
    /// Time from the beginning of one full listing to that of the next.
    pub sweep_interval: Interval,
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
    default: || true,
    doc: "Hold notification channels, one topic an agent. The agent-states API has none.",
};

const CHANNELS_MAX: Setting<Count> = Setting {
    name: "sync.channels_max",
    kind: Count { min: 1, max: forecast::CHANNELS_MAX },
    default: || forecast::CHANNELS_MAX,
    doc: "Notification channels at once; the platform displaces the oldest beyond 20 of one OAuth client.",
};

const CHANNEL_ROTATION: Setting<Span> = Setting {
    name: "sync.channel_rotation",
    kind: Span { min: Duration::from_secs(10), max: Duration::from_secs(30 * 86_400) },
    default: || Duration::from_secs(12 * 3_600),
    doc: "When a notification channel is replaced by another, listened to beside it for a while and compared.",
};

const CHANNEL_PING: Setting<Span> = Setting {
    name: "sync.channel_ping",
    kind: Span { min: Duration::from_secs(1), max: Duration::from_secs(60) },
    default: || Duration::from_secs(15),
    doc: "From one ping of a notification channel to the next; the platform cuts sockets that send nothing.",
};

const SWEEP_INTERVAL: Setting<Cadence> = Setting {
    name: "sync.sweep_interval",
    kind: Cadence { span: Span { min: Duration::from_secs(1), max: Duration::from_secs(86_400) } },
    default: || Interval::Auto,
    doc: "Time from the beginning of one full listing to that of the next; auto: by the number of agents and the \
          request allowance, 60s at least.",
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

impl SyncConfig {
    /// Notification channels at most; 0 where they are switched off.
    #[must_use]
    pub const fn channels(&self) -> usize {
        if self.channel { self.channels_max } else { 0 }
    }
}

pub(super) fn keys() -> Vec<Key> {
    vec![
        WEBHOOK.key(),
        CHANNEL.key(),
        CHANNELS_MAX.key(),
        CHANNEL_ROTATION.key(),
        CHANNEL_PING.key(),
        SWEEP_INTERVAL.key(),
        DEFAULT_MAX_STALENESS.key(),
        UNKNOWN_ID_MEMORY.key(),
    ]
}

/// Reads the section. `api` is the platform's API that is spoken, where that is known.
pub(super) fn read(input: &mut Input, api: Option<PlatformApi>) -> SyncConfig {
    let mut sync = SyncConfig {
        webhook: input.value(&WEBHOOK),
        channel: input.value(&CHANNEL),
        channels_max: usize::try_from(input.value(&CHANNELS_MAX)).unwrap_or(usize::MAX),
        channel_rotation: input.value(&CHANNEL_ROTATION),
        channel_ping: input.value(&CHANNEL_PING),
        sweep_interval: input.value(&SWEEP_INTERVAL),
        default_max_staleness: input.value(&DEFAULT_MAX_STALENESS),
        unknown_id_memory: input.value(&UNKNOWN_ID_MEMORY),
    };
    refuse_hopeless_staleness(input, &sync);
    if api == Some(PlatformApi::AgentStates) && sync.channel {
        if input.is_given(CHANNEL.name) {
            input.refuse(
                CHANNEL.name,
                "the agent-states API has no notification channels; leave it out, or false",
            );
        }
        sync.channel = false;
    }
    sync
}

/// Where nothing is pushed, a state is as old as the last full listing. Whoever asks for less on purpose would have
/// every question looked up, and the request allowance is not made for that. Nought is another wish: to be told what
/// the platform says now.
fn refuse_hopeless_staleness(input: &mut Input, sync: &SyncConfig) {
    let name = DEFAULT_MAX_STALENESS.name;
    if sync.webhook || sync.channel || !input.is_given(name) || sync.default_max_staleness.is_zero() {
        return;
    }
    let least = match sync.sweep_interval {
        Interval::Auto => forecast::INTERVAL_MIN,
        Interval::Fixed(interval) => interval,
    };
    if sync.default_max_staleness < least {
        let least = show_duration(least);
        input.refuse(
            name,
            &format!(
                "nothing is pushed (sync.webhook and sync.channel are false), so that a state is as old as the last full \
                 listing: the nearest possible is {least}, or 0s to have the platform asked each time"
            ),
        );
    }
}
