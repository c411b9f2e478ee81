//! What can happen to an agent, and the state machine that says what comes of it.
//!
//! Presence is picked by the agent, routing status is made by the system out of presence and work: on queue and off
//! queue follow presence, the rest follows interactions.

use super::agent::{AgentState, RoutingStatus};
use super::id::Id;
use super::presence::SystemPresence;
use super::stamp::Stamp;

/// Something that happens to one agent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Move {
    /// Somebody signs in, with this presence.
    LogIn(Pick),
    /// The web client is closed or lost; the definition is the one for Offline.
    LogOut(Pick),
    /// The agent picks a presence. On Queue is one of them; routing follows with [`Move::Settle`].
    Pick(Pick),
    /// Routing notices that the agent is on queue, or is on it again after a missed alert.
    Settle,
    /// An alert is accepted.
    Answer,
    /// The conversation is over, after-call work begins. Nobody outside sees it.
    HangUp,
    /// After-call work is done.
    Finish,
    /// An alert times out.
    Miss,
    /// The agent acts on a missed alert.
    Acknowledge,
    /// A call of their own that blocks routing begins, on queue or off.
    TakeOwnCall,
    /// It ends.
    EndOwnCall,
    /// The free text beside the presence.
    Message(String),
    /// Longer absence begins or ends.
    OutOfOffice(bool),
    /// These queues are switched on, all others off.
    Queues(Vec<Id>),
    /// The control plane makes it so, whatever the rules say.
    Force(Force),
}

/// A presence definition and what it maps to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pick {
    /// What it maps to.
    pub system: SystemPresence,
    /// The definition.
    pub definition: Id,
}

/// A state to be made true at once. What is absent stays, or follows from what is given.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Force {
    /// The presence to be in.
    pub presence: Option<Pick>,
    /// The routing status to have.
    pub routing: Option<RoutingStatus>,
    /// Whether somebody is there.
    pub logged_in: Option<bool>,
    /// Longer absence.
    pub out_of_office: Option<bool>,
    /// The definitions to fall back to: for Available and for Offline.
    pub fallback: Option<(Pick, Pick)>,
}

/// Which facets a move changed, as others can see it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Facets {
    /// Definition or message.
    pub presence: bool,
    /// Status.
    pub routing: bool,
    /// The flag.
    pub out_of_office: bool,
    /// The set of active queues.
    pub queues: bool,
    /// Somebody came or went.
    pub logged_in: bool,
}

impl Facets {
    /// Whether anything changed that others can see.
    pub fn any(self) -> bool {
        self.presence || self.routing || self.out_of_office || self.queues || self.logged_in
    }
}

/// What came of a move.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// The rules do not allow it in this state, or nothing would change.
    Impossible,
    /// Something changed that nobody outside can see.
    Hidden(AgentState),
    /// A new state, and what is new in it.
    Changed(AgentState, Facets),
}

impl AgentState {
    /// What comes of a move made at an instant. Clocks of changed facets take the instant, or the millisecond after
    /// the last change if the clock stood still or went back.
    pub fn step(&self, happening: &Move, at: Stamp) -> Step {
        let mut next = self.clone();
        if !next.obey(happening) {
            return Step::Impossible;
        }
        let facets = self.differences(&next);
        if !facets.any() {
            return if next == *self { Step::Impossible } else { Step::Hidden(next) };
        }
        let at = at.max(self.modified.plus_millis(1));
        if facets.presence {
            next.presence.since = Some(at);
        }
        if facets.routing {
            next.routing.since = Some(at);
        }
        if facets.out_of_office {
            next.out_of_office.since = at;
        }
        if facets.queues {
            next.queues.since = at;
        }
        next.version += 1;
        next.modified = at;
        Step::Changed(next, facets)
    }

    fn obey(&mut self, happening: &Move) -> bool {
        use RoutingStatus::{Communicating, Idle, Interacting, NotResponding, OffQueue};
        let on_queue = self.presence.system == SystemPresence::OnQueue;
        match happening {
            Move::LogIn(pick) => !self.logged_in && self.pick(*pick),
            Move::LogOut(pick) => self.logged_in && self.pick(*pick),
            Move::Pick(pick) => self.pick(*pick),
            Move::Settle => on_queue && self.route(&[OffQueue, NotResponding], Idle),
            Move::Answer => self.route(&[Idle], Interacting),
            Move::HangUp => {
                let talking = self.routing.status == Interacting && !self.routing.after_call_work;
                self.routing.after_call_work = talking;
                talking
            }
            Move::Finish => self.routing.after_call_work && self.route(&[Interacting], Idle),
            Move::Miss => self.route(&[Idle], NotResponding),
            Move::Acknowledge => self.route(&[NotResponding], Idle),
            Move::TakeOwnCall => self.logged_in && self.route(&[Idle, OffQueue], Communicating),
            Move::EndOwnCall => self.route(&[Communicating], if on_queue { Idle } else { OffQueue }),
            Move::Message(text) => {
                self.presence.message.clone_from(text);
                self.logged_in
            }
            Move::OutOfOffice(active) => {
                self.out_of_office.active = *active;
                true
            }
            Move::Queues(ids) => {
                self.queues.ids.clone_from(ids);
                true
            }
            Move::Force(force) => {
                self.force(force);
                true
            }
        }
    }

    fn route(&mut self, from: &[RoutingStatus], to: RoutingStatus) -> bool {
        let allowed = from.contains(&self.routing.status);
        if allowed {
            self.routing.status = to;
            self.routing.after_call_work = false;
        }
        allowed
    }

    /// Being offline is being logged out: the platform knows no other sign of it.
    fn pick(&mut self, pick: Pick) -> bool {
        if self.presence.definition != pick.definition {
            self.presence.message.clear();
        }
        self.presence.system = pick.system;
        self.presence.definition = pick.definition;
        self.logged_in = pick.system != SystemPresence::Offline;
        if pick.system != SystemPresence::OnQueue {
            self.routing.status = RoutingStatus::OffQueue;
            self.routing.after_call_work = false;
        }
        true
    }

    fn force(&mut self, force: &Force) {
        if let Some(active) = force.out_of_office {
            self.out_of_office.active = active;
        }
        let works = force.routing.is_some_and(|status| status != RoutingStatus::OffQueue);
        let wanted = force.logged_in.or_else(|| (works && !self.logged_in).then_some(true));
        let fallback = match (wanted, force.fallback) {
            (Some(true), Some((available, _))) if !self.logged_in => Some(available),
            (Some(false), Some((_, offline))) if self.logged_in => Some(offline),
            _ => None,
        };
        if let Some(pick) = force.presence.or(fallback) {
            self.pick(pick);
            if pick.system == SystemPresence::OnQueue {
                self.route(&[RoutingStatus::OffQueue], RoutingStatus::Idle);
            }
        }
        if let Some(status) = force.routing {
            self.routing.status = status;
            self.routing.after_call_work = false;
        }
        if let Some(logged_in) = force.logged_in {
            self.logged_in = logged_in;
        }
    }

    fn differences(&self, next: &Self) -> Facets {
        Facets {
            presence: self.presence.definition != next.presence.definition
                || self.presence.message != next.presence.message,
            routing: self.routing.status != next.routing.status,
            out_of_office: self.out_of_office.active != next.out_of_office.active,
            queues: self.queues.ids != next.queues.ids,
            logged_in: self.logged_in != next.logged_in,
        }
    }
}
