//! The configuration: four layers of plain values in, one checked value out, or everything that is wrong with them.
//!
//! Strongest first: flag, environment (`ONDUTY_SECTION__KEY`), file, default. Each section is declared in a file of its
//! own as a few constants; the key table, the JSON schema, the redacted view and the values all come from those.

mod admin;
mod api;
mod cadence;
mod credential;
mod ingress;
mod input;
mod kind;
mod layers;
mod limits;
mod listen;
mod local_clients;
mod log;
mod platform;
mod problem;
mod schema;
mod secret;
mod setting;
mod store;
mod sync;
#[cfg(test)]
mod tests;
mod url;

pub use admin::AdminConfig;
pub use api::{ApiConfig, DEFAULT_PORT};
pub use cadence::Interval;
pub use ingress::IngressConfig;
pub use kind::{parse_duration, show_duration};
pub use layers::{ENV_PREFIX, FileText, Flag, Layers, Origin, ReadFile, env_name};
pub use limits::LimitsConfig;
pub use listen::Listen;
pub use log::{LogConfig, LogFormat, LogLevel};
pub use platform::{PlatformApi, PlatformConfig, Region};
pub use problem::{ConfigErrors, Problem};
pub use schema::config_schema;
pub use secret::{REDACTED, Secret};
pub use setting::{Entry, Key};
pub use store::StoreConfig;
pub use sync::SyncConfig;
pub use url::BaseUrl;

use input::Input;

/// The whole configuration, checked. The wiring takes it apart once, completely, and hands each part its own section.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// Which cloud to mirror, and as whom.
    pub platform: PlatformConfig,
    /// The listener that answers callers.
    pub api: ApiConfig,
    /// The listener that takes webhooks.
    pub ingress: IngressConfig,
    /// The listener for metrics, probes and draining.
    pub admin: AdminConfig,
    /// Which sources run, and how fresh is fresh.
    pub sync: SyncConfig,
    /// Where the journal lives.
    pub store: StoreConfig,
    /// How much is logged and in what form.
    pub log: LogConfig,
    /// Bounds.
    pub limits: LimitsConfig,
    /// The effective values with their origins, secrets hidden; see [`Config::redacted`].
    pub entries: Vec<Entry>,
}

impl Config {
    /// Puts the layers together and checks the result.
    ///
    /// # Errors
    ///
    /// Everything that is wrong, with the key and the origin of each: unknown keys, values that are not accepted,
    /// missing ones, combinations that are refused.
    pub fn load(layers: &Layers) -> Result<Self, ConfigErrors> {
        let keys = keys();
        let known: Vec<&'static str> = keys.iter().map(|key| key.name).collect();
        let mut input = Input::new(layers, &known);

        let platform = platform::read(&mut input);
        let api = api::read(&mut input);
        let ingress = ingress::read(&mut input);
        let admin = admin::read(&mut input);
        let sync = sync::read(&mut input, platform.as_ref().and_then(|platform| platform.api));
        let store = store::read(&mut input, layers.state_dir.clone());
        let log = log::read(&mut input);
        let limits = limits::read(&mut input);

        if sync.webhook {
            ingress::check(&mut input, &ingress);
        }
        check_addresses(&mut input, &api, &ingress, &admin);

        let Input { mut problems, entries, .. } = input;
        if problems.iter().any(|problem| matches!(problem, Problem::Syntax { .. })) {
            problems.retain(|problem| !problem.may_come_of_syntax());
        }
        match (platform, store) {
            (Some(platform), Some(store)) if problems.is_empty() => {
                Ok(Self { platform, api, ingress, admin, sync, store, log, limits, entries })
            }
            _ => Err(ConfigErrors::new(problems, entries)),
        }
    }

    /// The effective values with their origins, as anybody may see them: every secret reads `***`.
    #[must_use]
    pub fn redacted(&self) -> &[Entry] {
        &self.entries
    }
}

/// The key table: every key that a configuration may have, section by section.
#[must_use]
pub fn keys() -> Vec<Key> {
    [
        platform::keys(),
        api::keys(),
        ingress::keys(),
        admin::keys(),
        sync::keys(),
        store::keys(),
        log::keys(),
        limits::keys(),
    ]
    .concat()
}

fn check_addresses(input: &mut Input, api: &ApiConfig, ingress: &IngressConfig, admin: &AdminConfig) {
    let taken = [
        (api::LISTEN.name, api.listen.tcp()),
        (ingress::LISTEN.name, Some(ingress.listen)),
        (admin::LISTEN.name, Some(admin.listen)),
    ];
    for (at, (key, address)) in taken.iter().enumerate() {
        let Some(address) = address.filter(|address| address.port() != 0) else { continue };
        if let Some((other, _)) = taken[..at].iter().find(|(_, earlier)| *earlier == Some(address)) {
            input.refuse(key, &format!("{other} listens on {address} already"));
        }
    }
}
