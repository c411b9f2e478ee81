//! What the doctor saw: plain values, gathered once and judged by each check.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use onduty_core::access::{Access, Needs, Seen, Token};
use onduty_core::agent::DivisionId;
use onduty_core::answer::Answer;
use onduty_core::facts::Denial;
use onduty_core::row::Row;
use onduty_core::time::Timestamp;

use super::check::span;
use crate::config::{BaseUrl, Config, Interval, PlatformApi};
use crate::forecast::{Circumstances, ListingShape};
use crate::journal::vitals::Vitals;
use crate::platform::genesys::budget::ALLOWED_AT_FIRST;
use crate::platform::genesys::error::PlatformError;
use crate::platform::genesys::reach::{Reached, Unreached};
use crate::platform::genesys::route::Route;
use crate::status::{ApiOrigin, SpokenApi, Standing};

/// What the configuration says, as far as the checks look at it.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Which of the platform's APIs is to be spoken; where nobody says, the platform is asked.
    pub api: Option<PlatformApi>,
    /// The region's domain; absent where both URLs stand in for one.
    pub region: Option<String>,
    /// Where tokens are given.
    pub login_url: BaseUrl,
    /// Where everything else is.
    pub api_url: BaseUrl,
    /// The OAuth client.
    pub client_id: String,
    /// Whether webhooks are taken.
    pub webhook: bool,
    /// Whether they are taken from anybody.
    pub insecure: bool,
    /// Between two full listings.
    pub sweep_interval: Interval,
    /// Notification channels at most; 0 where there are none.
    pub channels_max: usize,
    /// From the making of a channel to its replacement.
    pub channel_rotation: Duration,
    /// How old a state may be when the caller does not say.
    pub default_max_staleness: Duration,
    /// Where the store is.
    pub store_dir: PathBuf,
    /// How many keys are set by somebody.
    pub keys_set: usize,
}

/// What was seen of the platform, of the sidecar and of its store.
#[derive(Clone, Debug)]
pub(super) struct Facts {
    /// When, by our clock.
    pub(super) now: Timestamp,
    pub(super) settings: Arc<Settings>,
    pub(super) login: Result<Reached, Unreached>,
    pub(super) api: Result<Reached, Unreached>,
    /// What the platform says the token is.
    pub(super) token: Result<Seen<Token>, PlatformError>,
    /// What came of the spoken API's plainest read; absent where the token was not to be had.
    pub(super) endpoint: Option<Result<(), PlatformError>>,
    /// What states need on the spoken API.
    pub(super) needs: Needs,
    /// What the token may do; absent where that was not read.
    pub(super) access: Option<Arc<Access>>,
    /// What the read of one state was refused with, where only that could tell.
    pub(super) denials: Vec<Seen<Denial>>,
    /// Which of the platform's APIs is spoken, if that is known.
    pub(super) api_spoken: Option<SpokenApi>,
    /// How many agents the spoken API's plainest read told of.
    pub(super) total: Option<u64>,
    /// How many requests a listing takes.
    pub(super) shape: ListingShape,
    /// Who the directory has in which division.
    pub(super) directory: Directory,
    /// What the sidecar's tasks are doing, or what this process alone has learnt.
    pub(super) board: Standing,
    /// Whether there is a sidecar.
    pub(super) sidecar: bool,
    pub(super) store: Vitals,
}

/// The divisions of the directory.
#[derive(Clone, Debug, Default)]
pub(super) struct Directory {
    /// How many agents of each are known; none are where no listing has been read.
    pub(super) divisions: BTreeMap<DivisionId, usize>,
    /// How many agents there are.
    pub(super) agents: usize,
}

/// What was seen of one agent.
#[derive(Clone, Debug)]
pub(super) struct AgentFacts {
    /// When, by our clock.
    pub(super) now: Timestamp,
    /// The id as it was asked for.
    pub(super) asked: String,
    /// What anybody would be answered.
    pub(super) answer: Answer,
    /// What the platform says when it is asked now.
    pub(super) read: Answer,
    /// What is held.
    pub(super) row: Option<Arc<Row>>,
}

impl From<&Config> for Settings {
    fn from(config: &Config) -> Self {
        let Config { platform, ingress, sync, store, entries, .. } = config;
        Self {
            api: platform.api,
            region: platform.region.clone(),
            login_url: platform.login_url.clone(),
            api_url: platform.api_url.clone(),
            client_id: platform.client_id.clone(),
            webhook: sync.webhook,
            insecure: ingress.insecure,
            sweep_interval: sync.sweep_interval,
            channels_max: sync.channels(),
            channel_rotation: sync.channel_rotation,
            default_max_staleness: sync.default_max_staleness,
            store_dir: store.dir.clone(),
            keys_set: entries
                .iter()
                .filter(|entry| entry.value.is_some() && entry.origin != crate::config::Origin::Default)
                .count(),
        }
    }
}

/// Where an API lists everybody: its plainest read. Where it is not known which there is, the read that tells.
pub(super) const fn listing(api: Option<PlatformApi>) -> Route {
    match api {
        Some(PlatformApi::Users) => Route::Users,
        Some(PlatformApi::AgentStates) => Route::Agents,
        None => Route::AgentStates,
    }
}

impl Facts {
    /// Until when the request budget keeps the doctor from asking, if it did.
    pub(super) fn kept_until(&self) -> Option<Timestamp> {
        let endpoint = self.endpoint.as_ref().and_then(|read| read.as_ref().err());
        match self.token.as_ref().err().or(endpoint) {
            Some(PlatformError::RateLimited { until }) => Some(*until),
            _ => None,
        }
    }

    /// How many agents there are, if anybody has told.
    pub(super) fn agents(&self) -> Option<u64> {
        let listed = u64::try_from(self.directory.agents).ok().filter(|agents| *agents > 0);
        listed.or(self.total)
    }

    /// What this set-up is made of, with so many agents.
    pub(super) fn circumstances(&self, agents: u64) -> Circumstances {
        let Settings { channels_max, channel_rotation, sweep_interval, .. } = *self.settings;
        let allowed = match self.board.budget.allowed_per_minute {
            0 => ALLOWED_AT_FIRST,
            allowed => allowed,
        };
        Circumstances {
            agents,
            allowed,
            shape: self.shape,
            channels_max: if self.api() == Some(PlatformApi::AgentStates) {
                0
            } else {
                u64::try_from(channels_max).unwrap_or(u64::MAX)
            },
            channel_rotation,
            interval: sweep_interval,
        }
    }

    /// The spoken API, as far as is known.
    fn api(&self) -> Option<PlatformApi> {
        self.api_spoken.map(|spoken| spoken.api)
    }

    /// Where everybody was listed, or would be: what is only remembered was not asked yet.
    pub(super) fn listed_at(&self) -> Route {
        let remembered = |spoken: &SpokenApi| matches!(spoken.origin, ApiOrigin::Remembered { .. });
        listing(self.api_spoken.filter(|spoken| !remembered(spoken)).map(|spoken| spoken.api))
    }

    /// The spoken API, for people, and how it is known where the configuration does not say.
    pub(super) fn api_with_origin(&self) -> String {
        let name = self.api_name();
        match self.api_spoken.map(|spoken| spoken.origin) {
            None | Some(ApiOrigin::Configured) => name.to_owned(),
            Some(ApiOrigin::FoundOut { .. }) => format!("{name} (found out)"),
            Some(ApiOrigin::Remembered { found_at }) => {
                let ago = span(self.now.since(found_at));
                format!("{name} (remembered: found out {ago} ago, to be asked again)")
            }
        }
    }

    /// The spoken API, for people.
    pub(super) fn api_name(&self) -> &'static str {
        match self.api() {
            Some(PlatformApi::Users) => "users API",
            Some(PlatformApi::AgentStates) => "agent-states API",
            None => "API not known yet",
        }
    }
}
