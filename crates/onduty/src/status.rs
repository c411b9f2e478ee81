//! What each background task is doing, for people and for probes: written by the tasks, read by the API.

mod refusals;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use onduty_core::access::{Access, Needs};
use onduty_core::finding::Reason;
use onduty_core::observation::Source;
use onduty_core::time::Timestamp;

use crate::config::PlatformApi;
use crate::forecast::Chosen;
pub use refusals::{Refusals, Refused, Unproven};

/// Where everything stands. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct StatusBoard(Arc<Mutex<Standing>>);

/// Where everything stands, at one instant.
#[derive(Clone, Debug, Default)]
pub struct Standing {
    /// Each source, by [`Source::ALL`]'s order.
    pub sources: [SourceStanding; Source::ALL.len()],
    /// The request allowance of the platform.
    pub budget: BudgetStanding,
    /// The platform's API that is spoken; nothing while that is being found out and nobody remembers.
    pub platform_api: Option<SpokenApi>,
    /// How often everybody is listed; nothing before the first listing.
    pub listing: Option<Chosen>,
    /// What full listings had to correct.
    pub drift: Drift,
    /// What the token needs and may do, as last read.
    pub access: Option<(Needs, Arc<Access>)>,
    /// Where the notification channels stand.
    pub channels: ChannelsStanding,
    /// How our clock stands to the platform's, by its latest answer.
    pub clock: Option<ClockStanding>,
    /// Why the presence definitions could not be read, when that was last tried.
    pub unlabelled: Option<Unlabelled>,
    /// Webhooks turned away because nothing proved who sent them.
    pub refusals: Refusals,
}

/// The platform's API that is spoken, and how that is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SpokenApi {
    /// Which.
    pub api: PlatformApi,
    /// How that is known.
    pub origin: ApiOrigin,
}

/// How it is known which API a platform speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ApiOrigin {
    /// Somebody has said so.
    Configured,
    /// The platform was asked.
    FoundOut {
        /// When, by our clock.
        at: Timestamp,
    },
    /// It was found out by an earlier run, and the platform could not be asked again yet.
    Remembered {
        /// When it was found out, by our clock.
        found_at: Timestamp,
    },
}

/// Why presences are shown without new labels.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unlabelled {
    /// What went wrong, and how.
    pub detail: String,
    /// What that comes to.
    pub reason: Reason,
    /// When, by our clock.
    pub at: Timestamp,
}

/// How our clock stands to the platform's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClockStanding {
    /// Milliseconds by which ours is ahead; negative where it is behind.
    pub ahead_ms: i64,
    /// How far off that may be: the platform tells whole seconds, and answers travel.
    pub within: Duration,
    /// When it was measured, by our clock.
    pub at: Timestamp,
}

/// Where the notification channels stand.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ChannelsStanding {
    /// Channels that the agents known need.
    pub planned: usize,
    /// Channels that are listened to.
    pub open: usize,
    /// Agents who have a topic.
    pub topics: usize,
    /// Agents whose changes would be heard just now.
    pub covered: usize,
    /// Agents for whom there is no topic left: full listings are all that covers them.
    pub beyond: usize,
    /// Agents whose topic the platform refused.
    pub rejected: usize,
    /// Why it refused one of them.
    pub rejection: Option<String>,
    /// When another channel took one of ours over last.
    pub taken_over_at: Option<Timestamp>,
    /// When an event last could not be read.
    pub malformed_at: Option<Timestamp>,
}

/// Where one source stands.
#[derive(Clone, Debug, Default)]
pub struct SourceStanding {
    /// Its state.
    pub phase: Phase,
    /// The last statement heard from it, by our clock.
    pub last_event_at: Option<Timestamp>,
    /// The last instant up to which it vouches for completeness.
    pub last_mark_at: Option<Timestamp>,
    /// From the platform's stamp to our hearing, of the last statement.
    pub lag: Option<Duration>,
    /// Gaps since start.
    pub gaps: u64,
    /// One line about what it is doing or what went wrong last.
    pub detail: String,
    /// How old its last mark may become before it counts as late.
    pub bound: Option<Duration>,
}

/// The state of a source.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Phase {
    /// Switched off in the configuration.
    #[default]
    Disabled,
    /// Not yet complete for the first time.
    Starting,
    /// Working.
    Running,
    /// Its last attempt failed.
    Failing,
}

/// The request allowance of the platform, and what it went on.
#[derive(Clone, Debug, Default)]
pub struct BudgetStanding {
    /// Requests a minute that the platform allows this token.
    pub allowed_per_minute: u32,
    /// Requests left in the present window.
    pub left: u32,
    /// Nothing is sent before this instant.
    pub blocked_until: Option<Timestamp>,
    /// Endpoints that are limited by themselves, and until when.
    pub endpoints: Vec<(&'static str, Timestamp)>,
    /// The longest wait since start that the platform asked for and that was cut short.
    pub longest_wait_asked: Option<Duration>,
    /// By purpose, in order of precedence: look-up, channel, sweep, diagnosis.
    pub shares: Vec<ShareStanding>,
}

/// What one purpose spent and has left.
#[derive(Clone, Debug)]
pub struct ShareStanding {
    /// `lookup`, `channel`, `sweep` or `diagnosis`.
    pub purpose: &'static str,
    /// Requests sent since start.
    pub spent: u64,
    /// Requests it may still send in the present window.
    pub left: u32,
    /// Callers waiting for their turn.
    pub waiting: u32,
}

/// What full listings had to correct.
#[derive(Clone, Copy, Debug, Default)]
pub struct Drift {
    /// Full listings finished.
    pub sweeps: u64,
    /// Agents corrected since start.
    pub corrections: u64,
    /// Agents that the last listing corrected.
    pub last_corrections: u64,
    /// When the last listing began.
    pub last_started_at: Option<Timestamp>,
    /// How long it took.
    pub last_duration: Option<Duration>,
}

impl StatusBoard {
    /// A copy of everything.
    pub fn read(&self) -> Standing {
        self.lock().clone()
    }

    /// Changes what is said of one source.
    pub fn source(&self, source: Source, change: impl FnOnce(&mut SourceStanding)) {
        change(&mut self.lock().sources[source as usize]);
    }

    /// Changes what is said of the request budget.
    pub fn budget(&self, change: impl FnOnce(&mut BudgetStanding)) {
        change(&mut self.lock().budget);
    }

    /// Says what the token needs and may do.
    pub fn access(&self, needs: Needs, access: Arc<Access>) {
        self.lock().access = Some((needs, access));
    }

    /// Says how our clock stands to the platform's.
    pub fn clock(&self, clock: ClockStanding) {
        self.lock().clock = Some(clock);
    }

    /// Says where the notification channels stand.
    pub fn channels(&self, channels: ChannelsStanding) {
        self.lock().channels = channels;
    }

    /// Says how the last reading of the presence definitions went.
    pub fn unlabelled(&self, unlabelled: Option<Unlabelled>) {
        self.lock().unlabelled = unlabelled;
    }

    /// Counts a webhook that was turned away. Says whether it is the first of its kind.
    pub fn refused(&self, unproven: Unproven, at: Timestamp) -> bool {
        self.lock().refusals.add(unproven, at)
    }

    /// Says which of the platform's APIs is spoken.
    pub fn platform_api(&self, spoken: SpokenApi) {
        self.lock().platform_api = Some(spoken);
    }

    /// Says how often everybody is listed, and gives what was said before.
    pub fn listing(&self, listing: Chosen) -> Option<Chosen> {
        self.lock().listing.replace(listing)
    }

    /// How often everybody is listed.
    pub fn listed_every(&self) -> Option<Chosen> {
        self.lock().listing
    }

    /// Changes what is said of drift.
    pub fn drift(&self, change: impl FnOnce(&mut Drift)) {
        change(&mut self.lock().drift);
    }

    fn lock(&self) -> MutexGuard<'_, Standing> {
        // A writer that panicked half-way leaves at worst an outdated line of status, which is no reason to stop.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ChannelsStanding {
    /// Whether every agent is listened to.
    pub const fn hold_everybody(&self) -> bool {
        let complete = self.planned > 0 && self.open == self.planned && self.covered >= self.topics;
        complete && self.beyond == 0 && self.rejected == 0
    }
}

impl Standing {
    /// What is said of one source.
    pub const fn source(&self, source: Source) -> &SourceStanding {
        &self.sources[source as usize]
    }

    /// Whether every source that is switched on is inside its bound.
    pub fn is_fresh(&self, now: Timestamp) -> bool {
        self.sources.iter().all(|source| source.is_fresh(now))
    }
}

impl SourceStanding {
    /// Whether it is inside its bound (or switched off, or without one).
    pub fn is_fresh(&self, now: Timestamp) -> bool {
        match (self.phase, self.bound, self.last_mark_at) {
            (Phase::Disabled, _, _) | (Phase::Running, None, _) => true,
            (Phase::Running | Phase::Failing, Some(bound), Some(mark)) => mark.is_within(bound, now),
            (Phase::Starting | Phase::Running | Phase::Failing, _, _) => false,
        }
    }
}
