//! The numbers that leave the process at `/metrics`. One struct, passed at construction: two sidecars fit into one
//! process. No label holds an agent id, a name or a secret.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64};
use std::time::Duration;

use onduty_core::finding::Reason;
use onduty_core::observation::Source;
use onduty_core::roster::Outcome;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::{Registry, Unit};

/// A label by which observations are counted.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ObservationLabels {
    source: &'static str,
    outcome: &'static str,
}

/// A label set of one platform request.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RequestLabels {
    route: &'static str,
    code: u16,
}

/// A label set of one miss.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct MissLabels {
    reason: &'static str,
    api: &'static str,
}

/// A single label.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct SourceLabel {
    source: &'static str,
}

/// A single label.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct CauseLabel {
    cause: &'static str,
}

/// A single label.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OutcomeLabel {
    outcome: &'static str,
}

/// A single label.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct PurposeLabel {
    purpose: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct LimitLabels {
    limited: &'static str,
    wait: &'static str,
}

/// A single label.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct CoverLabel {
    covered: &'static str,
}

/// What this program is.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct BuildLabels {
    version: &'static str,
}

/// Every number. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Meters(Arc<Families>);

#[derive(Debug)]
struct Families {
    observations: Family<ObservationLabels, Counter>,
    revision: Gauge<u64, AtomicU64>,
    agents: Gauge,
    watchers: Gauge,
    watch_lag: Histogram,
    resets: Family<CauseLabel, Counter>,
    lookups: Family<OutcomeLabel, Counter>,
    misses: Family<MissLabels, Counter>,
    lookup_batch: Histogram,
    requests: Family<RequestLabels, Counter>,
    budget_left: Family<PurposeLabel, Gauge>,
    limited: Family<LimitLabels, Counter>,
    sweep_duration: Histogram,
    corrections: Counter,
    source_lag: Family<SourceLabel, Gauge<f64, AtomicU64>>,
    last_mark: Family<SourceLabel, Gauge<f64, AtomicU64>>,
    delivery_delay: Family<SourceLabel, Histogram, fn() -> Histogram>,
    channels_open: Gauge,
    channel_agents: Family<CoverLabel, Gauge>,
    channel_losses: Family<CauseLabel, Counter>,
    channel_malformed: Counter,
    unreadable_parts: Counter,
    channel_mended: Family<OutcomeLabel, Counter>,
    channel_compared: Family<OutcomeLabel, Counter>,
    channel_spread: Histogram,
    webhook_latency: Histogram,
    webhooks: Family<OutcomeLabel, Counter>,
    commit_latency: Histogram,
    commit_batch: Histogram,
    inlet_depth: Gauge<i64, AtomicI64>,
    store_bytes: Gauge,
}

impl Meters {
    /// New meters and the registry that shows them.
    pub fn new() -> (Self, Registry) {
        let mut registry = Registry::with_prefix("onduty");
        let build = Info::new(BuildLabels { version: env!("CARGO_PKG_VERSION") });
        registry.register("build", "What this program is", build);
        let families = Families::registered_in(&mut registry);
        (Self(Arc::new(families)), registry)
    }

    /// A statement was taken in.
    pub fn observed(&self, source: Source, outcome: Outcome) {
        let labels = ObservationLabels { source: source.name(), outcome: outcome.name() };
        self.0.observations.get_or_create(&labels).inc();
    }

    /// A batch was committed and shown.
    pub fn committed(&self, took: Duration, statements: usize, revision: u64, agents: usize) {
        self.0.commit_latency.observe(took.as_secs_f64());
        self.0.commit_batch.observe(statements as f64);
        self.0.revision.set(revision);
        self.0.agents.set(i64::try_from(agents).unwrap_or(i64::MAX));
    }

    /// How many deliveries wait in the inlet.
    pub fn inlet_depth(&self, depth: usize) {
        self.0.inlet_depth.set(i64::try_from(depth).unwrap_or(i64::MAX));
    }

    /// How large the store is on disk.
    pub fn store_bytes(&self, bytes: u64) {
        self.0.store_bytes.set(i64::try_from(bytes).unwrap_or(i64::MAX));
    }

    /// A watch began (+1) or ended (-1).
    pub fn watchers(&self, change: i64) {
        self.0.watchers.inc_by(change);
    }

    /// A change was handed to a watcher so long after it was heard.
    pub fn watch_lag(&self, lag: Duration) {
        self.0.watch_lag.observe(lag.as_secs_f64());
    }

    /// A watcher was told to start afresh.
    pub fn reset(&self, cause: &'static str) {
        self.0.resets.get_or_create(&CauseLabel { cause }).inc();
    }

    /// A look-up of one id ended: `told`, `absent`, `withheld`, `refused`, `remembered`.
    pub fn looked_up(&self, outcome: &'static str) {
        self.0.lookups.get_or_create(&OutcomeLabel { outcome }).inc();
    }

    /// So many ids went into one request.
    pub fn lookup_batch(&self, ids: usize) {
        self.0.lookup_batch.observe(ids as f64);
    }

    /// A caller got a finding.
    pub fn missed(&self, reason: Reason, api: &'static str) {
        self.0.misses.get_or_create(&MissLabels { reason: reason.name(), api }).inc();
    }

    /// The platform answered a request; `code` 0 stands for no answer. `route` is a template without ids.
    pub fn requested(&self, route: &'static str, code: u16) {
        self.0.requests.get_or_create(&RequestLabels { route, code }).inc();
    }

    /// What one purpose may still send in the present window.
    pub fn budget_left(&self, purpose: &'static str, left: u32) {
        self.0.budget_left.get_or_create(&PurposeLabel { purpose }).set(i64::from(left));
    }

    /// The platform answered `429`, and limits a token or an endpoint.
    pub fn limited(&self, limited: &'static str, cut_short: bool) {
        let wait = if cut_short { "cut_short" } else { "as_asked" };
        self.0.limited.get_or_create(&LimitLabels { limited, wait }).inc();
    }

    /// A full listing ended.
    pub fn swept(&self, took: Duration, corrections: u64) {
        self.0.sweep_duration.observe(took.as_secs_f64());
        self.0.corrections.inc_by(corrections);
    }

    /// A statement was heard so long after the platform stamped it.
    pub fn source_lag(&self, source: Source, lag: Duration) {
        self.0.source_lag.get_or_create(&SourceLabel { source: source.name() }).set(lag.as_secs_f64());
    }

    /// A source vouches for completeness up to this instant.
    pub fn last_mark(&self, source: Source, at_seconds: f64) {
        self.0.last_mark.get_or_create(&SourceLabel { source: source.name() }).set(at_seconds);
    }

    /// An event was heard so long after the newest instant in it.
    pub fn delivered(&self, source: Source, delay: Duration) {
        let label = SourceLabel { source: source.name() };
        self.0.delivery_delay.get_or_create(&label).observe(delay.as_secs_f64());
    }

    /// So many notification channels are open, and cover so many agents, and so many not.
    pub fn channels(&self, open: usize, covered: usize, uncovered: usize) {
        let count = |count| i64::try_from(count).unwrap_or(i64::MAX);
        self.0.channels_open.set(count(open));
        for (label, agents) in [("yes", covered), ("no", uncovered)] {
            self.0.channel_agents.get_or_create(&CoverLabel { covered: label }).set(count(agents));
        }
    }

    /// A notification channel was lost.
    pub fn channel_lost(&self, cause: &'static str) {
        self.0.channel_losses.get_or_create(&CauseLabel { cause }).inc();
    }

    /// An event of a notification channel could not be read.
    pub fn channel_malformed(&self) {
        self.0.channel_malformed.inc();
    }

    /// So many parts of agents in an answer could not be read.
    pub fn unreadable_parts(&self, parts: usize) {
        self.0.unreadable_parts.inc_by(parts as u64);
    }

    /// After a gap so many agents were read again, of whom so many had changed in it.
    pub fn channel_mended(&self, read: usize, changed: usize) {
        for (outcome, agents) in [("changed", changed), ("unchanged", read.saturating_sub(changed))] {
            self.0.channel_mended.get_or_create(&OutcomeLabel { outcome }).inc_by(agents as u64);
        }
    }

    /// Of the events for which two channels were open at once, so many were heard by both and by one only; and by
    /// how much the later of the two was later.
    pub fn channels_compared(&self, both: u64, old_only: u64, new_only: u64, later_by: &[Duration]) {
        for (outcome, events) in [("both", both), ("old_only", old_only), ("new_only", new_only)] {
            self.0.channel_compared.get_or_create(&OutcomeLabel { outcome }).inc_by(events);
        }
        later_by.iter().for_each(|later_by| self.0.channel_spread.observe(later_by.as_secs_f64()));
    }

    /// A webhook was answered.
    pub fn webhook(&self, outcome: &'static str, took: Duration) {
        self.0.webhooks.get_or_create(&OutcomeLabel { outcome }).inc();
        self.0.webhook_latency.observe(took.as_secs_f64());
    }
}

impl Families {
    fn registered_in(registry: &mut Registry) -> Self {
        fn seconds() -> Histogram {
            Histogram::new(exponential_buckets(0.000_5, 2.0, 18))
        }
        fn sizes() -> Histogram {
            Histogram::new(exponential_buckets(1.0, 2.0, 12))
        }
        let families = Self {
            observations: Family::default(),
            revision: Gauge::default(),
            agents: Gauge::default(),
            watchers: Gauge::default(),
            watch_lag: seconds(),
            resets: Family::default(),
            lookups: Family::default(),
            misses: Family::default(),
            lookup_batch: sizes(),
            requests: Family::default(),
            budget_left: Family::default(),
            limited: Family::default(),
            sweep_duration: seconds(),
            corrections: Counter::default(),
            source_lag: Family::default(),
            last_mark: Family::default(),
            delivery_delay: Family::new_with_constructor(seconds),
            channels_open: Gauge::default(),
            channel_agents: Family::default(),
            channel_losses: Family::default(),
            channel_malformed: Counter::default(),
            unreadable_parts: Counter::default(),
            channel_mended: Family::default(),
            channel_compared: Family::default(),
            channel_spread: seconds(),
            webhook_latency: seconds(),
            webhooks: Family::default(),
            commit_latency: seconds(),
            commit_batch: sizes(),
            inlet_depth: Gauge::default(),
            store_bytes: Gauge::default(),
        };
        families.register_state(registry);
        families.register_platform(registry);
        families.register_channels(registry);
        families
    }

    fn register_state(&self, registry: &mut Registry) {
        registry.register(
            "observations",
            "Statements taken in, by source and outcome",
            self.observations.clone(),
        );
        registry.register("revision", "The newest revision", self.revision.clone());
        registry.register("agents", "Agents that exist", self.agents.clone());
        registry.register("watchers", "Watches open now", self.watchers.clone());
        let (lag, help) = (self.watch_lag.clone(), "From hearing a change to handing it to a watcher");
        registry.register_with_unit("watch_lag", help, Unit::Seconds, lag);
        registry.register("watch_resets", "Watchers told to start afresh, by cause", self.resets.clone());
        registry.register("misses", "Findings given, by reason and api", self.misses.clone());
        let help = "One group commit, from the first statement to visibility";
        registry.register_with_unit("commit_latency", help, Unit::Seconds, self.commit_latency.clone());
        registry.register("commit_batch_size", "Statements in one group commit", self.commit_batch.clone());
        registry.register("inlet_depth", "Deliveries waiting for the keeper", self.inlet_depth.clone());
        let help = "The store on disk";
        registry.register_with_unit("store_size", help, Unit::Bytes, self.store_bytes.clone());
    }

    fn register_platform(&self, registry: &mut Registry) {
        registry.register("lookups", "Ids looked up, by outcome", self.lookups.clone());
        registry.register("lookup_batch_size", "Ids in one look-up request", self.lookup_batch.clone());
        let help = "Requests to the platform, by route and code (0: no answer)";
        registry.register("platform_requests", help, self.requests.clone());
        let help = "Requests that a purpose may still send in the present window";
        registry.register("budget_left", help, self.budget_left.clone());
        let help =
            "Requests refused with 429, by what is limited, and whether the wait asked for was cut short";
        registry.register("platform_limited", help, self.limited.clone());
        let help = "A full listing, from its first request to its commit";
        registry.register_with_unit("sweep_duration", help, Unit::Seconds, self.sweep_duration.clone());
        let help = "Agents that full listings had to correct";
        registry.register("sweep_corrections", help, self.corrections.clone());
        let help = "From the platform's stamp to our hearing, of the last statement";
        registry.register_with_unit("source_lag", help, Unit::Seconds, self.source_lag.clone());
        let help = "The last instant up to which a source vouches for completeness";
        registry.register_with_unit(
            "source_last_mark_timestamp",
            help,
            Unit::Seconds,
            self.last_mark.clone(),
        );
        registry.register("webhooks", "Webhooks answered, by outcome", self.webhooks.clone());
        let help = "A webhook, from its arrival to its answer";
        registry.register_with_unit("webhook_latency", help, Unit::Seconds, self.webhook_latency.clone());
    }
}

impl Families {
    fn register_channels(&self, registry: &mut Registry) {
        let help = "From the newest instant in an event to our hearing of it";
        registry.register_with_unit("delivery_delay", help, Unit::Seconds, self.delivery_delay.clone());
        registry.register("channels_open", "Notification channels open now", self.channels_open.clone());
        let help = "Agents whose changes notification channels would tell now, and others";
        registry.register("channel_agents", help, self.channel_agents.clone());
        let help = "Notification channels lost, by cause";
        registry.register("channel_losses", help, self.channel_losses.clone());
        let help = "Events of notification channels that could not be read";
        registry.register("channel_malformed_events", help, self.channel_malformed.clone());
        let help =
            "Parts of agents in the platform's answers that could not be read and were taken for no news";
        registry.register("unreadable_parts", help, self.unreadable_parts.clone());
        let help = "Agents read again after a gap in a notification channel";
        registry.register("channel_agents_read_again", help, self.channel_mended.clone());
        let help = "Events heard while two channels had the same topics, by which of them heard it";
        registry.register("channel_compared_events", help, self.channel_compared.clone());
        let help = "By how much the later of two channels was later with an event that both heard";
        registry.register_with_unit("channel_spread", help, Unit::Seconds, self.channel_spread.clone());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use prometheus_client::encoding::text::encode;

    #[test]
    fn the_build_is_named_by_its_version() {
        let (_, registry) = Meters::new();
        let mut text = String::new();
        encode(&mut text, &registry).expect("text");
        let line = format!("onduty_build_info{{version=\"{}\"}} 1\n", env!("CARGO_PKG_VERSION"));
        assert!(text.contains(&line), "{text}");
    }
}
