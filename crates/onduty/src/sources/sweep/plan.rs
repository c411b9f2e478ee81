//! How often to list everybody, decided anew before each listing: agents come and go, allowances are raised, channels
//! break and are whole again. Whatever changes is told.

use std::time::Duration;

use super::Sweep;
use crate::config::show_duration;
use crate::forecast::{Chosen, Circumstances, INTERVAL_MIN, Interval};
use crate::platform::genesys::budget::ALLOWED_AT_FIRST;

impl Sweep {
    /// Decides, and tells where that is news.
    pub(super) fn plan(&self) {
        let standing = self.status.read();
        let allowed = match standing.budget.allowed_per_minute {
            0 => ALLOWED_AT_FIRST,
            allowed => allowed,
        };
        let channels_max = u64::try_from(self.channels_max).unwrap_or(u64::MAX);
        let circumstances = Circumstances {
            agents: u64::try_from(self.view.snapshot().directory_total()).unwrap_or(u64::MAX),
            allowed,
            shape: self.platform.listing_shape(),
            channels_max: if self.platform.offers_channels() == Some(true) { channels_max } else { 0 },
            channel_rotation: Duration::MAX,
            interval: self.interval,
        };
        let chosen = circumstances.chosen(standing.channels.hold_everybody());
        let before = self.status.listing(chosen);
        if before == Some(chosen) {
            return;
        }
        let Circumstances { agents, allowed, .. } = circumstances;
        let interval = show_duration(chosen.interval);
        match chosen.impossible {
            Some(wanted) => tracing::warn!(
                agents,
                allowed,
                wanted = show_duration(wanted),
                interval,
                "sync.sweep_interval can't be kept under the request allowance: everybody is listed less often"
            ),
            None => tracing::info!(
                agents,
                allowed,
                interval,
                auto = chosen.is_auto,
                "how often everybody is listed"
            ),
        }
    }

    /// From the beginning of one listing to that of the next, as decided last.
    pub(super) fn interval(&self) -> Duration {
        match (self.status.listed_every(), self.interval) {
            (Some(Chosen { interval, .. }), _) | (None, Interval::Fixed(interval)) => interval,
            (None, Interval::Auto) => INTERVAL_MIN,
        }
    }
}
