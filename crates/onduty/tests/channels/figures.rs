//! What was counted: requests, channels and sockets by the platform, and by the sidecar about itself.

use std::collections::BTreeMap;

use serde_json::Value;

const CHANNELS: &str = "/api/v2/notifications/channels";
const TOPICS: &str = "/api/v2/notifications/channels/{channelId}/subscriptions";
const USERS: &str = "/api/v2/users";

/// Counts since the start.
#[derive(Clone, Debug)]
pub(crate) struct Figures {
    platform: Value,
    metrics: BTreeMap<String, u64>,
}

impl Figures {
    pub(crate) fn read(platform: Value, metrics: &str) -> Self {
        let line = |line: &str| {
            let (name, value) = line.rsplit_once(' ')?;
            Some((name.to_owned(), value.parse().ok()?))
        };
        Self { platform, metrics: metrics.lines().filter_map(line).collect() }
    }

    /// Channels asked for at the platform.
    pub(crate) fn channels_made(&self) -> u64 {
        self.requests_to(CHANNELS)
    }

    /// Times that topics were put, taken away, or asked for.
    pub(crate) fn subscriptions(&self) -> u64 {
        self.requests_to(TOPICS)
    }

    /// Listings and readings of agents.
    pub(crate) fn readings(&self) -> u64 {
        self.requests_to(USERS)
    }

    /// Requests of any kind.
    pub(crate) fn requests(&self) -> u64 {
        self.rows().map(|row| row["count"].as_u64().unwrap()).sum()
    }

    fn requests_to(&self, route: &str) -> u64 {
        let of_route = self.rows().filter(|row| row["route"] == route);
        of_route.map(|row| row["count"].as_u64().unwrap()).sum()
    }

    fn rows(&self) -> impl Iterator<Item = &Value> {
        self.platform["requests"].as_array().unwrap().iter()
    }

    /// A count of the platform's, by its path in `/sim/stats`.
    pub(crate) fn platform(&self, path: &str) -> u64 {
        self.platform.pointer(path).and_then(Value::as_u64).expect("a count")
    }

    /// A number that the sidecar shows; 0 while it shows none.
    fn metric(&self, name: &str) -> u64 {
        self.metrics.get(name).copied().unwrap_or(0)
    }

    /// Agents that channels cover now, or do not.
    pub(crate) fn covered(&self, yes_or_no: &str) -> u64 {
        self.metric(&format!("onduty_channel_agents{{covered=\"{yes_or_no}\"}}"))
    }

    /// Agents read again after a gap: those that had changed in it, and all.
    pub(crate) fn read_again(&self) -> (u64, u64) {
        let of = |outcome: &str| {
            self.metric(&format!("onduty_channel_agents_read_again_total{{outcome=\"{outcome}\"}}"))
        };
        (of("changed"), of("changed") + of("unchanged"))
    }

    /// Channels lost for this cause.
    pub(crate) fn losses(&self, cause: &str) -> u64 {
        self.metric(&format!("onduty_channel_losses_total{{cause=\"{cause}\"}}"))
    }

    /// Statements of a source that changed a state.
    pub(crate) fn applied(&self, source: &str) -> u64 {
        self.metric(&format!("onduty_observations_total{{source=\"{source}\",outcome=\"applied\"}}"))
    }

    /// Agents that full listings had to correct.
    pub(crate) fn corrections(&self) -> u64 {
        self.metric("onduty_sweep_corrections_total")
    }

    /// Events that this side of two compared channels heard: `both`, `old_only`, `new_only`.
    pub(crate) fn compared(&self, side: &str) -> u64 {
        self.metric(&format!("onduty_channel_compared_events_total{{outcome=\"{side}\"}}"))
    }
}
