//! Everything the simulator knows: two organisations in two regions, switches, counters, and events to be sent.
//!
//! One value behind one lock. Handlers read and move it; the shell gives it time and carries its events away.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use serde_json::Value;

use crate::channels::{Channels, Published, Source};
use crate::cloud::access::ClientState;
use crate::cloud::chance::Chance;
use crate::cloud::id::Id;
use crate::cloud::moves::Move;
use crate::cloud::stamp::Stamp;
use crate::cloud::{Change, Cloud};
use crate::events::{ACTIVITY, Event};
use crate::faults::{Faults, WebhookFormat};
use crate::scenario::Scenario;
use crate::sender::Credentials;
use crate::stats::{Census, ChannelStats, Stats};
use crate::tokens::Tokens;
use crate::wire::Trigger;

/// The region in which `sim-wrong-region` is known.
pub(crate) const OTHER_REGION: &str = "usw2.pure.cloud";
/// Events that wait for the delivery task. It only sorts them, so a few seconds' worth is plenty.
const OUTBOX_MAX: usize = 100_000;
/// Agents of the other organisation: enough to sign in and look around.
const OTHER_AGENTS: usize = 6;
/// People on queue whom routing has not noticed yet; further ones are noticed at once.
const SETTLING_MAX: usize = 100_000;
/// How long an event that is to be overtaken is held back at most, in milliseconds.
const REORDER_MS: u64 = 1500;

/// One organisation and the tokens that reach it.
pub(crate) struct Site {
    /// The truth.
    pub(crate) cloud: Cloud,
    /// Tokens issued for it.
    pub(crate) tokens: Tokens,
    /// Its notification channels.
    pub(crate) channels: Channels,
    /// Its process-automation triggers.
    pub(crate) triggers: Vec<Trigger>,
}

impl Site {
    fn of(cloud: Cloud) -> Self {
        let channels = Channels::new(cloud.seed(), cloud.organisation.id);
        Self { cloud, tokens: Tokens::default(), channels, triggers: Vec::new() }
    }
}

/// Which of the two organisations a request is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Where {
    /// The one at the root.
    Here,
    /// The one under `/region/usw2.pure.cloud`.
    Elsewhere,
}

impl Where {
    /// The other one.
    pub(crate) fn other(self) -> Self {
        match self {
            Self::Here => Self::Elsewhere,
            Self::Elsewhere => Self::Here,
        }
    }
}

/// One delivery to be made.
#[derive(Debug)]
pub(crate) struct Outgoing {
    /// Not before this instant.
    pub(crate) due: Stamp,
    /// When that happened which it tells.
    pub(crate) made_at: Stamp,
    /// What to send.
    pub(crate) event: Event,
}

/// The whole simulation.
pub(crate) struct World {
    /// The organisation that moves.
    pub(crate) here: Site,
    /// The one that does not.
    pub(crate) elsewhere: Site,
    /// The switches.
    pub(crate) faults: Faults,
    /// The counters.
    pub(crate) stats: Stats,
    /// How the sender of webhooks proves who it is.
    pub(crate) credentials: Arc<Credentials>,
    /// Whether the scenario moves agents.
    pub(crate) moving: bool,
    scenario: Scenario,
    has_webhook: bool,
    /// Whether the delivery task has yet to hear that switches were set.
    switched: bool,
    outbox: VecDeque<Outgoing>,
    changes_told: u64,
    /// People on queue whom routing notices at an instant, in the order of their instants.
    settling: BTreeMap<(Stamp, u64), (Where, usize)>,
    settlings: u64,
    request_chance: Chance,
    event_chance: Chance,
}

impl World {
    /// The world of a seed at an instant.
    pub(crate) fn new(seed: u64, agent_count: usize, has_webhook: bool, now: Stamp) -> Self {
        let mut here = Site::of(Cloud::found(seed, "Acme", agent_count, now));
        here.cloud.access.add_known_clients(&here.cloud.divisions, now);
        let other_seed = seed ^ 0x5eed_0002;
        let mut elsewhere = Site::of(Cloud::found(other_seed, "Globex", OTHER_AGENTS, now));
        elsewhere.cloud.access.add_foreign_client(now);
        Self {
            here,
            elsewhere,
            faults: Faults::default(),
            stats: Stats::default(),
            credentials: Arc::new(Credentials::none()),
            moving: true,
            scenario: Scenario::new(seed),
            has_webhook,
            switched: false,
            outbox: VecDeque::new(),
            changes_told: 0,
            settling: BTreeMap::new(),
            settlings: 0,
            request_chance: Chance::new(seed).fork(1),
            event_chance: Chance::new(seed).fork(2),
        }
    }

    /// The site that a request is for.
    pub(crate) fn site(&self, place: Where) -> &Site {
        match place {
            Where::Here => &self.here,
            Where::Elsewhere => &self.elsewhere,
        }
    }

    /// The site that a request is for, to be changed.
    pub(crate) fn site_mut(&mut self, place: Where) -> &mut Site {
        match place {
            Where::Here => &mut self.here,
            Where::Elsewhere => &mut self.elsewhere,
        }
    }

    /// A site, with what its channels need to know and to count.
    pub(crate) fn with_channels(&mut self, place: Where) -> (&mut Site, &Faults, &mut ChannelStats) {
        let site = match place {
            Where::Here => &mut self.here,
            Where::Elsewhere => &mut self.elsewhere,
        };
        (site, &self.faults, &mut self.stats.channel)
    }

    /// Lets the scenario make its next move, unless it is paused.
    pub(crate) fn advance(&mut self, now: Stamp) {
        if self.moving
            && let Some(change) = self.scenario.advance(&mut self.here.cloud, now)
        {
            self.publish(Where::Here, &change, now);
        }
        self.tell_unseen(Where::Here, now);
    }

    /// Makes something happen to an agent, and pushes it.
    pub(crate) fn happen(&mut self, place: Where, position: usize, happening: &Move, now: Stamp) -> bool {
        let change = self.site_mut(place).cloud.apply(position, happening, now);
        if let Some(change) = &change {
            self.publish(place, change, now);
        }
        self.tell_unseen(place, now);
        change.is_some()
    }

    /// Lets routing notice that somebody is on queue: at once, or as much later as the switch says.
    pub(crate) fn settle_later(&mut self, place: Where, position: usize, now: Stamp) {
        let lag_ms = i64::try_from(self.faults.on_queue_lag_ms).unwrap_or(i64::MAX);
        if lag_ms == 0 || self.settling.len() >= SETTLING_MAX {
            self.happen(place, position, &Move::Settle, now);
        } else {
            self.settlings += 1;
            self.settling.insert((now.plus_millis(lag_ms), self.settlings), (place, position));
        }
    }

    /// Lets routing notice everybody whose time has come, or, without an instant to wait for, everybody.
    pub(crate) fn settle(&mut self, due: Option<Stamp>, now: Stamp) {
        while let Some(first) = self.settling.first_entry()
            && due.is_none_or(|due| first.key().0 <= due)
        {
            let (place, position) = first.remove();
            self.happen(place, position, &Move::Settle, now);
        }
    }

    /// Tells a change to whoever listens: channels, and the webhook for the organisation that moves.
    pub(crate) fn publish(&mut self, place: Where, change: &Change, now: Stamp) {
        self.stats.events_made += 1;
        let number = self.tell_channels(place, change, now);
        if self.has_webhook && place == Where::Here {
            self.push(change, number, now);
        }
    }

    /// After-call work changes no facet; channels that count conversations hear of it all the same.
    fn tell_unseen(&mut self, place: Where, now: Stamp) {
        for change in self.site_mut(place).cloud.take_unseen() {
            self.tell_channels(place, &change, now);
        }
    }

    /// Makes a source somebody's primary one, and tells whoever wants to know which presence counts.
    pub(crate) fn set_primary_source(
        &mut self,
        place: Where,
        position: usize,
        source: Option<Id>,
        now: Stamp,
    ) {
        let site = self.site_mut(place);
        if let Some((change, former)) = site.cloud.set_primary_source(position, source) {
            self.tell(place, &change, Some(Source(former)), now);
        }
    }

    /// Gives the number of the change, which stands behind its id on every transport.
    fn tell_channels(&mut self, place: Where, change: &Change, now: Stamp) -> u64 {
        self.tell(place, change, None, now)
    }

    fn tell(&mut self, place: Where, change: &Change, former_source: Option<Source>, now: Stamp) -> u64 {
        self.changes_told += 1;
        let number = self.changes_told;
        let (site, faults, stats) = self.with_channels(place);
        let published = Published { cloud: &site.cloud, change, former_source, number, faults, now };
        site.channels.publish(&published, stats);
        number
    }

    /// Turns a change into deliveries to the webhook. Chance is drawn in the same order whatever the switches say, so
    /// that a switch does not alter the fate of later events.
    fn push(&mut self, change: &Change, number: u64, now: Stamp) {
        let draws = [(); 6].map(|()| self.event_chance.fraction());
        let webhook = &mut self.stats.webhook;
        webhook.made += 1;
        let agent = self.here.cloud.agent(change.position);
        let withheld = agent.is_some_and(|agent| self.faults.state_withheld.covers(agent));
        let untriggered = self.faults.webhook_format == WebhookFormat::ProcessAutomation
            && Trigger::all_off(&self.here.triggers, ACTIVITY);
        if withheld || untriggered || draws[0] < self.faults.event_loss.webhook {
            webhook.lost_by_switch += 1;
            return;
        }
        let Some(event) = Event::of(&self.here.cloud, change, number, &self.faults) else {
            webhook.lost_by_switch += 1;
            return;
        };
        let delay_max_ms = self.faults.event_delay_ms.webhook as f64;
        let after = |delay_ms: f64| now.plus_millis(delay_ms as i64);
        if draws[1] < self.faults.event_dup.webhook {
            self.stats.webhook.duplicated += 1;
            self.enqueue(Outgoing {
                due: after(draws[3] * delay_max_ms),
                made_at: now,
                event: event.clone(),
            });
        }
        let held_back = draws[2] < self.faults.event_reorder.webhook;
        let reorder_ms = if held_back { draws[5] * REORDER_MS as f64 } else { 0.0 };
        self.enqueue(Outgoing { due: after(draws[4] * delay_max_ms + reorder_ms), made_at: now, event });
    }

    /// Does what is due on channels by the passing of time.
    pub(crate) fn tend(&mut self, now: Stamp) {
        let (faults, stats) = (&self.faults, &mut self.stats.channel);
        for Site { cloud, tokens, channels, triggers: _ } in [&mut self.here, &mut self.elsewhere] {
            let is_dead = |token: &str, client: &str| {
                let client = cloud.access.client(client);
                tokens.is_cut(token, faults, now)
                    || client.is_none_or(|client| client.state == ClientState::Disabled)
            };
            channels.tend(faults, is_dead, stats, now);
        }
    }

    /// All counts, as the control plane shows them.
    pub(crate) fn stats_json(&self) -> Value {
        let [here, elsewhere] = [&self.here, &self.elsewhere].map(|site| site.channels.census());
        self.stats.to_json(Census {
            channels: here.channels + elsewhere.channels,
            topics: here.topics + elsewhere.topics,
            sockets: here.sockets + elsewhere.sockets,
        })
    }

    fn enqueue(&mut self, outgoing: Outgoing) {
        if self.outbox.len() >= OUTBOX_MAX {
            self.stats.webhook.lost_overflow += 1;
        } else {
            self.outbox.push_back(outgoing);
        }
    }

    /// Sets the switches.
    pub(crate) fn switch(&mut self, faults: Faults) {
        self.faults = faults;
        self.switched = self.has_webhook;
    }

    /// Whether there is something to carry away, or a throttle may be lifted.
    pub(crate) fn has_mail(&self) -> bool {
        self.switched || !self.outbox.is_empty()
    }

    /// Carries all waiting deliveries away.
    pub(crate) fn take_mail(&mut self) -> VecDeque<Outgoing> {
        self.switched = false;
        std::mem::take(&mut self.outbox)
    }

    /// A fresh id for one request.
    pub(crate) fn correlation(&mut self) -> Id {
        Id::derive(self.request_chance.draw(), "correlation", 0)
    }

    /// Whether something of this probability happens to a request.
    pub(crate) fn request_suffers(&mut self, probability: f64) -> bool {
        self.request_chance.happens(probability)
    }
}
