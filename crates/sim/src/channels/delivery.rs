//! Events on their way to sockets: to whom, and what the switches do to them.
//!
//! The fate of a delivery depends on the seed, the event, the channel and the topic alone. Two channels with the same
//! topic lose independently, and a switch or a further channel alters the fate of no other delivery.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::catalogue::Kind;
use super::frames::notification;
use super::topic::Kinds;
use super::{Channel, Channels, Post};
use crate::cloud::agent::Agent;
use crate::cloud::chance::Chance;
use crate::cloud::id::Id;
use crate::cloud::stamp::Stamp;
use crate::cloud::{Change, Cloud};
use crate::faults::Faults;
use crate::shapes::{
    ActivityBody, FailedRoutingEvent, OutOfOfficeEvent, PresenceEvent, QueueUserEvent, RoutingEvent,
    SourceEvent, Style, SummaryEvent, Told,
};
use crate::stats::ChannelStats;

/// Deliveries held back at once.
const HELD_MAX: usize = 100_000;
/// The use of chance that decides about deliveries, beside others of the same seed.
const FATE: u64 = 3;
/// The use of chance that decides about reports of failed changes.
const FAILURE: u64 = 5;
/// How long an event that is to be overtaken is held back at most, in milliseconds.
const REORDER_MS: f64 = 1500.0;

/// A change to be told to whoever wants to know.
#[derive(Clone, Copy)]
pub(crate) struct Published<'a> {
    /// Where it happened.
    pub(crate) cloud: &'a Cloud,
    /// What happened.
    pub(crate) change: &'a Change,
    /// Which source counted before, where another one has come to count.
    pub(crate) former_source: Option<Source>,
    /// Its number among all changes.
    pub(crate) number: u64,
    /// The switches.
    pub(crate) faults: &'a Faults,
    /// When.
    pub(crate) now: Stamp,
}

/// A presence source; none is the platform's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Source(pub(crate) Option<Id>);

/// Deliveries that are not due yet.
#[derive(Debug, Default)]
pub(super) struct Held {
    waiting: BTreeMap<(Stamp, u64), (Parcel, Arc<str>)>,
    sequence: u64,
}

/// What an event is told about: one kind of event about one user or queue.
#[derive(Clone, Copy, Debug)]
struct Matter {
    kind: Kind,
    object: Id,
    /// Whether the state it would tell is withheld.
    withheld: bool,
}

/// A delivery is meant for one socket: whoever connects later does not get it.
#[derive(Clone, Copy, Debug)]
struct Parcel {
    channel: u64,
    socket: u64,
}

impl Channels {
    /// Sends a change to every channel that has subscribed to one of its topics. Each text is written once.
    pub(crate) fn publish(&mut self, event: &Published<'_>, stats: &mut ChannelStats) {
        let Some(agent) = event.cloud.agent(event.change.position) else { return };
        let withheld = event.faults.state_withheld.covers(agent);
        if let Some(wanting) = self.wanted.get(&agent.user_id).cloned() {
            for kind in Kind::SENT.into_iter().filter(|kind| *kind != Kind::QueueUsers) {
                let matter = Matter { kind, object: agent.user_id, withheld };
                self.tell(event, matter, &wanting, || event.text(agent, kind), stats);
            }
            let mut chance = Chance::new(self.seed).fork(FAILURE).fork(event.number);
            if event.change.facets.routing && chance.happens(event.faults.routing_status_error_p) {
                let matter = Matter { kind: Kind::RoutingStatus, object: agent.user_id, withheld };
                self.tell(event, matter, &wanting, || event.failure(agent), stats);
            }
        }
        if event.change.facets.queues {
            for (queue, joined) in event.switched(agent) {
                let Some(wanting) = self.wanted.get(&queue).cloned() else { continue };
                let text = || {
                    let topic = format!("v2.routing.queues.{queue}.users");
                    notification(&topic, &QueueUserEvent::of(agent, queue, joined), event.correlation())
                };
                let matter = Matter { kind: Kind::QueueUsers, object: queue, withheld };
                self.tell(event, matter, &wanting, text, stats);
            }
        }
    }

    fn tell(
        &mut self,
        event: &Published<'_>,
        matter: Matter,
        wanting: &[(u64, Kinds)],
        text: impl FnOnce() -> Option<Arc<str>>,
        stats: &mut ChannelStats,
    ) {
        let mut wanting = wanting.iter().filter(|(_, kinds)| kinds.contain(matter.kind)).peekable();
        if wanting.peek().is_none() {
            return;
        }
        let Some(text) = text() else { return };
        for (number, _) in wanting {
            stats.made += 1;
            if matter.withheld {
                stats.lost_by_switch += 1;
            } else {
                self.send(event, matter, *number, &text, stats);
            }
        }
    }

    /// Lets the switches decide about one delivery.
    fn send(
        &mut self,
        event: &Published<'_>,
        matter: Matter,
        number: u64,
        text: &Arc<str>,
        stats: &mut ChannelStats,
    ) {
        let line = self.channels.get(&number).and_then(|channel| channel.line.as_ref());
        let Some(socket) = line.map(|line| line.socket) else {
            stats.lost_unconnected += 1;
            return;
        };
        let faults = event.faults;
        let topic = matter.object.low_bits() ^ matter.kind as u64;
        let mut fate = Chance::new(self.seed).fork(FATE).fork(event.number).fork(number).fork(topic);
        let draws = [(); 6].map(|()| fate.fraction());
        if draws[0] < faults.event_loss.channel {
            stats.lost_by_switch += 1;
            return;
        }
        let parcel = Parcel { channel: number, socket };
        let delay_max_ms = faults.event_delay_ms.channel as f64;
        if draws[1] < faults.event_dup.channel {
            stats.duplicated += 1;
            self.post(parcel, draws[3] * delay_max_ms, text, event.now, stats);
        }
        let held_back = draws[2] < faults.event_reorder.channel;
        let reorder_ms = if held_back { draws[5] * REORDER_MS } else { 0.0 };
        self.post(parcel, draws[4] * delay_max_ms + reorder_ms, text, event.now, stats);
    }

    fn post(&mut self, parcel: Parcel, delay_ms: f64, text: &Arc<str>, now: Stamp, stats: &mut ChannelStats) {
        if delay_ms < 1.0 {
            self.hand_over(parcel, Arc::clone(text), stats);
        } else if self.held.waiting.len() >= HELD_MAX {
            stats.lost_cut += 1;
        } else {
            self.held.sequence += 1;
            let due = now.plus_millis(delay_ms as i64);
            self.held.waiting.insert((due, self.held.sequence), (parcel, Arc::clone(text)));
        }
    }

    /// Sends what was held back until now.
    pub(super) fn send_due(&mut self, now: Stamp, stats: &mut ChannelStats) {
        while let Some(entry) = self.held.waiting.first_entry().filter(|entry| entry.key().0 <= now) {
            let (parcel, text) = entry.remove();
            self.hand_over(parcel, text, stats);
        }
    }

    fn hand_over(&mut self, parcel: Parcel, text: Arc<str>, stats: &mut ChannelStats) {
        let line = self.channels.get(&parcel.channel).and_then(Channel::line);
        let Some(line) = line.filter(|line| line.socket == parcel.socket) else {
            stats.lost_unconnected += 1;
            return;
        };
        if line.frozen {
            stats.lost_half_open += 1;
        } else if let Err(refusal) = line.post(Post::Event(text)) {
            stats.lost_cut += 1;
            self.drop_line(parcel.channel, refusal.ending(), stats);
        }
    }
}

impl Published<'_> {
    /// Made per change; no sequence.
    fn correlation(&self) -> Id {
        Id::derive(self.cloud.seed(), "event", self.number)
    }

    /// The frame of a topic about this user. None when nothing that the topic tells has changed.
    fn text(&self, agent: &Agent, kind: Kind) -> Option<Arc<str>> {
        let (facets, state) = (self.change.facets, &self.change.state);
        let style = Style::event(self.faults);
        let name = |last: &str| format!("v2.users.{}.{last}", agent.user_id);
        let correlation = self.correlation();
        match kind {
            Kind::Activity if facets.any() => {
                let body = ActivityBody::of(agent, state, Told::of(facets, self.faults), style);
                notification(&name("activity"), &body, correlation)
            }
            Kind::Presence if facets.presence => {
                let body = PresenceEvent::of(agent, state, self.faults);
                notification(&name("presence"), &body, correlation)
            }
            Kind::RoutingStatus if facets.routing => {
                notification(&name("routingStatus"), &RoutingEvent::of(agent, state, style), correlation)
            }
            Kind::OutOfOffice if facets.out_of_office => {
                notification(&name("outofoffice"), &OutOfOfficeEvent::of(agent, state), correlation)
            }
            Kind::IntegrationPresence => {
                let Source(former) = self.former_source?;
                let body = SourceEvent::of(self.cloud, agent, state, former, style, self.now);
                notification(&name("integrationpresence"), &body, correlation)
            }
            Kind::ConversationSummary => {
                let [before, now] = [&self.change.before, state].map(|state| SummaryEvent::of(agent, state));
                (before != now).then(|| notification(&name("conversationsummary"), &now, correlation))?
            }
            _ => None,
        }
    }

    /// The frame that reports a failed change beside the one that came about: somebody wanted the former status back.
    fn failure(&self, agent: &Agent) -> Option<Arc<str>> {
        let topic = format!("v2.users.{}.routingStatus", agent.user_id);
        let body = FailedRoutingEvent::of(agent, self.change, Style::event(self.faults), self.correlation());
        notification(&topic, &body, self.correlation())
    }

    /// The queues that the agent has switched, and whether on or off.
    fn switched(&self, agent: &Agent) -> Vec<(Id, bool)> {
        let now = &self.change.state.queues.ids;
        let before = self.change.before.queues.ids.as_slice();
        let member = agent.member_of.iter().copied();
        member
            .filter(|id| now.contains(id) != before.contains(id))
            .map(|id| (id, now.contains(&id)))
            .collect()
    }
}
