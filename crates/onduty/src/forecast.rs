//! What a set-up will need of the platform, and what it can promise: agents, topics, channels, requests a minute, how
//! long a cold start and the loss of a channel take, and how old a state can become where nothing is pushed. Pure.
//!
//! The same arithmetic chooses the interval of the full listing: as often as a fixed part of the allowance permits.
//! Where channels hold every agent, listings only find what a healthy channel lost without a sign, and half of that
//! part will do; everywhere else they are what bounds the age of a state.

use std::time::Duration;

use crate::platform::genesys::budget::{Purpose, usable};

pub use crate::config::Interval;
/// Notification channels of one OAuth client, and topics on one of them, at most.
pub use crate::platform::genesys::channel::{CHANNELS_MAX, TOPICS_MAX};

/// The shortest interval that is chosen: whoever wants listings more often says so.
pub const INTERVAL_MIN: Duration = Duration::from_secs(60);
/// The longest interval that is chosen: with less than that, nobody would notice who is new or gone.
pub const INTERVAL_MAX: Duration = Duration::from_secs(3_600);
/// The part of the usable allowance that listings are chosen to take, in per cent.
const SHARE: u64 = 40;
/// The same where channels hold every agent.
const SHARE_BESIDE_CHANNELS: u64 = 20;
/// A chosen interval is a multiple of this, so that it does not move with every hire.
const STEP_S: u64 = 5;
/// The part of an interval over which the pages of a listing are spread, in per cent; the rest is for what takes longer
/// than thought.
pub const SPREAD: u64 = 80;
/// What one page with expands takes to be answered. An estimate: it is told as "about".
const PAGE_TAKES_MS: u64 = 250;
/// A window of the platform's and what is added for rounding.
const WINDOW_S: u64 = 61;
/// How often the platform is asked whether it still knows a channel: one that was displaced may go on in silence.
pub const PROBE_EVERY: Duration = Duration::from_secs(300);
/// Requests for a channel: it is made, and given its topics.
const REQUESTS_A_CHANNEL: u64 = 2;
/// Requests for a channel in the place of another, from which its topics are taken. Nobody is read for it.
const REQUESTS_A_REPLACEMENT: u64 = REQUESTS_A_CHANNEL + 1;
/// Requests for what the token may do, read again every few minutes.
const REQUESTS_FOR_RIGHTS: u64 = 2;
/// Requests beside the first listing: those, and two for what presences are called.
const REQUESTS_BESIDE: u64 = REQUESTS_FOR_RIGHTS + 2;

/// What a set-up is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Circumstances {
    /// Agents in the directory.
    pub agents: u64,
    /// Requests a minute that the platform allows.
    pub allowed: u32,
    /// What the spoken API takes for a listing.
    pub shape: ListingShape,
    /// Channels at most; none where they are switched off or not to be had.
    pub channels_max: u64,
    /// From the making of a channel to its replacement.
    pub channel_rotation: Duration,
    /// How often to list everybody.
    pub interval: Interval,
}

/// How many requests a listing takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ListingShape {
    /// Agents on one page.
    pub page: u64,
    /// States read by one request more; none where the page holds them.
    pub states_apart: Option<u64>,
    /// Agents whom one request reads again.
    pub batch: u64,
}

/// An interval and where it comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Chosen {
    /// From the beginning of one full listing to that of the next.
    pub interval: Duration,
    /// What was configured, where the allowance does not permit that.
    pub impossible: Option<Duration>,
    /// Whether nobody configured it.
    pub is_auto: bool,
}

/// What it comes to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Forecast {
    /// How often everybody is listed.
    pub listing: Chosen,
    /// Requests of one listing.
    pub listing_requests: u64,
    /// Agents who have a topic.
    pub topics: u64,
    /// Channels that those need.
    pub channels: u64,
    /// Agents for whom there is no topic.
    pub beyond: u64,
    /// Requests a minute in steady state, look-ups not counted, by purpose.
    pub steady: Steady,
    /// From the start until everybody was listed, and what that takes.
    pub cold_start: Effort,
    /// From then until every channel is whole.
    pub channels_whole: Effort,
    /// From the notice that a channel is lost until its agents were read again.
    pub channel_loss: Effort,
    /// How old a state can become while nothing is pushed.
    pub stale_without_push: Duration,
}

/// Requests a minute, by purpose.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Steady {
    /// Full listings.
    pub sweep: f64,
    /// Upkeep of channels: they are asked after, and replaced.
    pub channel: f64,
    /// What the token may do.
    pub diagnosis: f64,
}

/// Requests, and about how long they take under the allowance.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Effort {
    /// How many.
    pub requests: u64,
    /// How long.
    pub takes: Duration,
}

impl ListingShape {
    /// Requests of a listing of so many agents.
    pub fn requests(self, agents: u64) -> u64 {
        let pages = agents.div_ceil(self.page.max(1)).max(1);
        pages + self.states_apart.map_or(0, |states| agents.div_ceil(states.max(1)))
    }
}

impl Steady {
    /// All together.
    pub fn total(self) -> f64 {
        self.sweep + self.channel + self.diagnosis
    }
}

impl Circumstances {
    /// What it comes to.
    pub fn forecast(&self) -> Forecast {
        let topics_max = u64::try_from(TOPICS_MAX).unwrap_or(u64::MAX);
        let topics = self.agents.min(self.channels_max.saturating_mul(topics_max));
        let (channels, beyond) = (topics.div_ceil(topics_max), self.agents - topics);
        let listing = self.chosen(channels > 0 && beyond == 0);
        let listing_requests = self.shape.requests(self.agents);
        let again = |agents: u64| agents.div_ceil(self.shape.batch.max(1));
        let lost = topics.min(topics_max);
        let loss = if lost == 0 { 0 } else { REQUESTS_A_CHANNEL + again(lost) };
        let per_minute = |requests: u64, each: Duration| requests as f64 * 60.0 / each.as_secs_f64().max(1.0);
        let rights_each = listing.interval.max(Duration::from_secs(300));
        let replaced = per_minute(channels * REQUESTS_A_REPLACEMENT, self.channel_rotation);
        let spread = listing.interval.as_secs_f64() * SPREAD as f64 / 100.0;
        // Until everybody is listed there is nobody to open a channel for: its share is the listing's.
        let listed = Self { channels_max: 0, ..*self }.effort(Purpose::Sweep, listing_requests);
        Forecast {
            listing,
            listing_requests,
            topics,
            channels,
            beyond,
            steady: Steady {
                sweep: per_minute(listing_requests, listing.interval),
                channel: per_minute(channels, PROBE_EVERY) + replaced,
                diagnosis: per_minute(REQUESTS_FOR_RIGHTS, rights_each),
            },
            cold_start: Effort { requests: listing_requests + REQUESTS_BESIDE, ..listed },
            channels_whole: self.effort(Purpose::Channel, channels * REQUESTS_A_CHANNEL + again(topics)),
            channel_loss: self.effort(Purpose::Channel, loss),
            // The place of an agent in a listing moves with its pace: first at full speed, then spread out.
            stale_without_push: listing.interval + Duration::from_secs_f64(spread).max(listed.takes),
        }
    }

    /// How often everybody is listed. `whole` is whether channels hold every agent.
    pub fn chosen(&self, whole: bool) -> Chosen {
        let requests = self.shape.requests(self.agents);
        let least = self.least_interval();
        match self.interval {
            Interval::Fixed(wanted) if wanted >= least => {
                Chosen { interval: wanted, impossible: None, is_auto: false }
            }
            Interval::Fixed(wanted) => Chosen { interval: least, impossible: Some(wanted), is_auto: false },
            Interval::Auto => {
                let share = if whole { SHARE_BESIDE_CHANNELS } else { SHARE };
                let per_minute = (u64::from(usable(self.allowed)) * share / 100).max(1);
                let seconds = requests.saturating_mul(60).div_ceil(per_minute);
                let stepped = Duration::from_secs(seconds.div_ceil(STEP_S) * STEP_S);
                let interval = stepped.clamp(INTERVAL_MIN, INTERVAL_MAX).max(least);
                Chosen { interval, impossible: None, is_auto: true }
            }
        }
    }

    /// The shortest interval that the allowance permits, the floors of all other purposes left to them.
    pub fn least_interval(&self) -> Duration {
        let requests = self.shape.requests(self.agents);
        let per_minute = self.reach(Purpose::Sweep);
        // What fits into one window may be sent at any time.
        if requests.saturating_mul(60) <= per_minute {
            return Duration::from_secs(1);
        }
        Duration::from_secs(requests.saturating_mul(60).div_ceil(per_minute))
    }

    /// Channels that would hold everybody, as far as the platform has that many.
    pub fn channels_wanted(&self) -> u64 {
        self.agents.div_ceil(u64::try_from(TOPICS_MAX).unwrap_or(u64::MAX))
    }

    /// Requests a minute that a purpose can have while all others take their floors.
    fn reach(&self, purpose: Purpose) -> u64 {
        let keeps_channels = self.channels_max > 0;
        let others = Purpose::ALL.into_iter().filter(|other| *other != purpose);
        let floors: u32 = others.map(|other| usable(self.allowed) * other.floor(keeps_channels) / 100).sum();
        u64::from(usable(self.allowed).saturating_sub(floors).max(1))
    }

    fn effort(&self, purpose: Purpose, requests: u64) -> Effort {
        let reach = self.reach(purpose);
        let windows = requests.div_ceil(reach).saturating_sub(1);
        let in_last = requests - windows * reach;
        let takes = Duration::from_secs(windows * WINDOW_S) + Duration::from_millis(in_last * PAGE_TAKES_MS);
        Effort { requests, takes: takes.min(Duration::from_secs(86_400 * 30)) }
    }
}

#[cfg(test)]
mod tests;
