//! How often to list everybody, decided anew before each listing: agents come and go, allowances are raised, channels
//! break and are whole again. Whatever changes is told.

use std::time::Duration;

use onduty_core::observation::Source;

use super::Sweep;
use crate::config::show_duration;
use crate::forecast::{Chosen, Circumstances, INTERVAL_MIN, Interval};
use crate::platform::genesys::budget::ALLOWED_AT_FIRST;

/// What the newest mark was made under.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Since {
    /// The mark was just made: what is decided now holds for its whole age.
    NewMark,
    /// It was made earlier, and has come to its age under what was decided then.
    Before,
}

/// How old the newest mark may become. A mark is as old as its listing's beginning, and stays until the end of the next;
/// one more may fail. Where the request budget makes listings longer than their interval, no better can be had.
fn bound(interval: Duration, took: Duration, since: Since, held: Option<Duration>) -> Duration {
    let bound = interval.max(took) * 3;
    match since {
        Since::NewMark => bound,
        Since::Before => bound.max(held.unwrap_or_default()),
    }
}

impl Sweep {
    /// Decides, and tells where that is news.
    pub(super) fn plan(&self, since: Since) {
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
        let took = standing.drift.last_duration.unwrap_or_default();
        self.status.source(Source::Sweep, |standing| {
            standing.bound = Some(bound(chosen.interval, took, since, standing.bound));
        });
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_mark_is_late_because_listings_become_more_or_less_frequent() {
        let s = Duration::from_secs;
        let table = [
            ("the first", s(60), s(0), Since::Before, None, s(180)),
            ("less frequent, with a new mark", s(600), s(5), Since::NewMark, Some(s(180)), s(1_800)),
            ("less frequent, found late", s(600), s(5), Since::Before, Some(s(180)), s(1_800)),
            ("more frequent, while the mark is old", s(60), s(5), Since::Before, Some(s(1_800)), s(1_800)),
            ("more frequent, with a new mark", s(60), s(5), Since::NewMark, Some(s(1_800)), s(180)),
            ("longer than the interval", s(60), s(100), Since::NewMark, None, s(300)),
        ];
        for (what, interval, took, since, held, expected) in table {
            assert_eq!(bound(interval, took, since, held), expected, "{what}");
        }
    }
}
