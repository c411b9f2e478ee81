//! The two parts of a state that a listing may leave out and that a specific call tells: what is still wanting of a
//! user, and what an asker is told when it stays so. Pure.

use std::collections::BTreeMap;

use onduty_core::access::Seen;
use onduty_core::agent::{AccountState, UserId};
use onduty_core::observation::{Clock, Observation, Said, Statement};
use onduty_core::row::Row;
use onduty_core::time::Timestamp;

use crate::platform::genesys::decode::{Heard, Ignored};
use crate::platform::genesys::error::PlatformError;

/// A part of a state that has a specific call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Part {
    Presence,
    RoutingStatus,
}

/// What the directory told of one user, in one answer or several.
#[derive(Clone, Debug)]
pub(super) struct Told {
    pub(super) user_id: UserId,
    pub(super) said: Vec<Observation>,
    /// The presence it told is of a secondary source. The specific call would say the same.
    pub(super) not_primary: bool,
}

/// What became of asking for a part by its specific call.
#[derive(Clone, Debug)]
pub(super) enum Outcome {
    /// It was told.
    Told,
    /// It is of a secondary source.
    NotPrimary,
    /// It was left out there, too.
    Blank(Seen<()>),
    /// There was no usable answer.
    Failed(PlatformError),
    /// More were wanting than are asked for at once.
    NotAsked,
}

/// What an asker is told of an active user.
#[derive(Clone, Debug)]
pub(super) enum Verdict {
    /// The state, as far as this one read goes.
    Told,
    /// The presence that is held can't be confirmed by a read.
    NotPrimary,
    /// A part that is wanted was left out, also by its specific call.
    Blank(Seen<()>),
    /// A part that is wanted could not be read.
    Failed(Part, PlatformError),
    /// A part that is wanted was not asked for, for the number of them.
    NotAsked,
}

impl Outcome {
    /// Whether asking again may come to more: it was not asked for, or the platform could not be asked anything.
    pub(super) const fn is_open(&self) -> bool {
        match self {
            Self::NotAsked => true,
            Self::Failed(error) => {
                !matches!(error, PlatformError::Refused(_) | PlatformError::Malformed { .. })
            }
            Self::Told | Self::NotPrimary | Self::Blank(_) => false,
        }
    }
}

impl Part {
    pub(super) const ALL: [Self; 2] = [Self::Presence, Self::RoutingStatus];

    pub(super) const fn is_in(self, statement: &Statement) -> bool {
        match self {
            Self::Presence => statement.presence.is_some(),
            Self::RoutingStatus => statement.routing_status.is_some(),
        }
    }

    fn clock_in(self, statement: &Statement) -> Option<Clock> {
        fn clock<T>(said: Option<&Said<T>>) -> Option<Clock> {
            said?.clock
        }
        match self {
            Self::Presence => clock(statement.presence.as_ref()),
            Self::RoutingStatus => clock(statement.routing_status.as_ref()),
        }
    }

    fn is_held(self, row: &Row) -> bool {
        match self {
            Self::Presence => row.presence().is_some(),
            Self::RoutingStatus => row.routing_status().is_some(),
        }
    }

    fn since_in(self, row: &Row) -> Option<Timestamp> {
        match self {
            Self::Presence => row.presence()?.since,
            Self::RoutingStatus => row.routing_status()?.since,
        }
    }

    /// Whether a statement tells it as it was before what is held: a cache that lags told it.
    fn is_behind(self, statement: &Statement, held: Option<&Row>) -> bool {
        let held = held.filter(|row| row.present).and_then(|row| self.since_in(row));
        held.zip(self.clock_in(statement)).is_some_and(|(held, told)| told.at < held)
    }
}

impl Told {
    /// Of one element of a listing.
    pub(super) fn of(heard: Heard) -> Option<Self> {
        let not_primary = heard.ignored.contains(&Ignored::NotPrimary);
        let said: Vec<Observation> = heard.observations.into_iter().map(without_leftovers).collect();
        Some(Self { user_id: said.first()?.user_id.clone(), said, not_primary })
    }

    /// With what was told when the same was asked again.
    pub(super) fn and(&mut self, again: Self) {
        self.said.extend(again.said);
        self.not_primary |= again.not_primary;
    }

    pub(super) fn is_active(&self) -> bool {
        self.said.iter().all(is_active)
    }

    pub(super) fn tells(&self, part: Part) -> bool {
        self.said.iter().any(|said| part.is_in(&said.statement))
    }

    pub(super) fn tells_state(&self) -> bool {
        Part::ALL.into_iter().any(|part| self.tells(part))
    }

    /// The parts of which their specific calls may tell more: those that were left out, and those that are held newer
    /// than they were told.
    pub(super) fn wanting(&self, held: Option<&Row>) -> Vec<Part> {
        let is_told = |part: Part| {
            let mut telling = self.said.iter().map(|said| &said.statement).filter(|said| part.is_in(said));
            telling.any(|said| !part.is_behind(said, held))
        };
        let is_known_secondary = |part: Part| part == Part::Presence && self.not_primary;
        if !self.is_active() {
            return Vec::new();
        }
        Part::ALL.into_iter().filter(|part| !is_known_secondary(*part) && !is_told(*part)).collect()
    }

    /// What an asker is told, by what became of the specific calls. A part that nobody ever told and that can't be had
    /// is unknown, and shown as that: it is no reason to withhold the other.
    pub(super) fn verdict(&self, outcomes: &BTreeMap<Part, Outcome>, held: Option<&Row>) -> Verdict {
        let is_held = |part: Part| held.is_some_and(|row| row.present && part.is_held(row));
        let is_told = |(_, outcome): (&Part, &Outcome)| matches!(outcome, Outcome::Told);
        let tells_state = self.tells_state() || outcomes.iter().any(is_told);
        let mut verdict = match self.not_primary && is_held(Part::Presence) {
            true => Verdict::NotPrimary,
            false => Verdict::Told,
        };
        for (part, outcome) in outcomes.iter().filter(|(part, _)| !self.tells(**part)) {
            if tells_state && !is_held(*part) {
                continue;
            }
            match outcome {
                Outcome::Told => {}
                Outcome::NotPrimary => verdict = Verdict::NotPrimary,
                Outcome::Failed(error) => return Verdict::Failed(*part, error.clone()),
                Outcome::NotAsked => return Verdict::NotAsked,
                Outcome::Blank(seen) => verdict = Verdict::Blank(seen.clone()),
            }
        }
        verdict
    }
}

fn is_active(told: &Observation) -> bool {
    !matches!(told.statement.account, Some(AccountState::Inactive | AccountState::Deleted))
}

/// An account that is switched off has no state: what the expands add is left over from before.
fn without_leftovers(mut told: Observation) -> Observation {
    if !is_active(&told) {
        let Statement { agent_id, name, division_id, account, .. } = told.statement;
        told.statement = Statement { agent_id, name, division_id, account, ..Statement::default() };
    }
    told
}

#[cfg(test)]
mod tests;
