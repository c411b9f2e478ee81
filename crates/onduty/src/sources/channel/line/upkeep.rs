//! What is done for a channel over REST, one thing at a time and beside the listening: opened, replaced, extended,
//! asked for.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::tap::{Failed, Tap};
use super::timetable::Due;
use super::{Agents, Changing, Line, State};
use crate::platform::genesys::channel::{Channel, Subscribed};
use crate::platform::genesys::error::PlatformError;
use crate::sources::channel::ledger::SETTLING;
use crate::sources::channel::overlap::{Overlap, Side, Term, Turn};
use crate::sources::channel::recovery::Loss;
use crate::sources::channel::rotations::Rotation;
use onduty_core::agent::UserId;
use onduty_core::time::Timestamp;

/// What was done.
pub(super) enum Upkeep {
    /// A channel was to be opened.
    Opened(Result<Box<Tap>, Failed>),
    /// Another channel was to be opened beside the present one.
    Rotated(Result<Box<Tap>, Failed>, Rotation),
    /// Topics were to be put.
    Extended(Agents, Result<(Channel, Subscribed), PlatformError>),
    /// The platform was asked whether it knows the channel, and of whom it has the topics.
    Probed(Result<Option<BTreeSet<UserId>>, PlatformError>),
    /// A channel was left.
    Left(Result<(), PlatformError>),
}

impl Line {
    /// Begins the next request that is due, unless one is under way.
    pub(super) fn begin_what_is_due(&mut self) {
        if self.is_given_up {
            return;
        }
        self.begin_to_mend();
        if self.upkeep.is_some() {
            return;
        }
        let now = self.now();
        match &mut self.state {
            State::Deaf { retry_at, kept } if now >= *retry_at => {
                let kept = kept.take();
                self.begin_to_open(kept);
            }
            State::Deaf { .. } => {}
            State::Changing(changing) => match changing.term.turn(changing.old.vouched_at(), now) {
                Turn::Both(_) => {}
                turn @ (Turn::Change | Turn::ChangeWithGap) => self.change(turn, now),
            },
            State::Open(tap) => {
                let generation = self.shared.platform.client().token_generation();
                let due = tap.due(now, generation, &self.wanted.borrow());
                match due {
                    Some(Due::Rotation) => match self.shared.rotations.begin() {
                        None => tap.put_off(now),
                        Some(rotation) => self.begin_to_rotate(rotation, now),
                    },
                    Some(Due::Extension) => {
                        let channel = tap.channel.clone();
                        self.begin_to_extend(channel);
                    }
                    Some(Due::Probe) => {
                        let (channel, agents) = (tap.channel.clone(), tap.permitted.clone());
                        self.begin_to_probe(channel, agents);
                    }
                    None => {}
                }
            }
        }
    }

    fn begin_to_open(&mut self, kept: Option<Channel>) {
        let (shared, wanted) = (Arc::clone(&self.shared), self.wanted());
        self.upkeep = Some(Box::pin(async move {
            let (client, rhythm) = (shared.platform.client(), shared.rhythm);
            Upkeep::Opened(Tap::open(client, kept, wanted, rhythm).await.map(Box::new))
        }));
    }

    fn begin_to_rotate(&mut self, rotation: Rotation, now: Timestamp) {
        let (shared, wanted) = (Arc::clone(&self.shared), self.wanted());
        let generation = shared.platform.client().token_generation();
        let spare = self.spare.take().filter(|spare| spare.token_generation == generation);
        self.is_rotating = true;
        self.overlap = Some(Overlap::begin(now));
        self.upkeep = Some(Box::pin(async move {
            let made = Tap::open(shared.platform.client(), spare, wanted, shared.rhythm).await;
            Upkeep::Rotated(made.map(Box::new), rotation)
        }));
    }

    fn begin_to_extend(&mut self, mut channel: Channel) {
        let (shared, wanted) = (Arc::clone(&self.shared), self.wanted());
        self.upkeep = Some(Box::pin(async move {
            let subscribed = channel.subscribe(shared.platform.client(), &wanted).await;
            Upkeep::Extended(wanted, subscribed.map(|subscribed| (channel, subscribed)))
        }));
    }

    fn begin_to_probe(&mut self, channel: Channel, agents: BTreeSet<UserId>) {
        let shared = Arc::clone(&self.shared);
        self.upkeep =
            Some(Box::pin(
                async move { Upkeep::Probed(channel.held(shared.platform.client(), &agents).await) },
            ));
    }

    fn begin_to_leave(&mut self, old: Tap) {
        let shared = Arc::clone(&self.shared);
        self.upkeep = Some(Box::pin(async move {
            let Tap { channel, socket, .. } = old;
            socket.close().await;
            Upkeep::Left(channel.unsubscribe(shared.platform.client()).await)
        }));
    }

    /// The agents that the plan gives to this line now.
    fn wanted(&self) -> Agents {
        Arc::clone(&self.wanted.borrow())
    }

    /// Takes in what came of a request.
    pub(super) fn kept_up(&mut self, upkeep: Upkeep) {
        let now = self.now();
        match upkeep {
            Upkeep::Opened(Ok(tap)) => self.open(*tap),
            Upkeep::Opened(Err(failed)) => {
                self.losses = self.losses.saturating_add(1);
                self.shared.board.failed(failed.loss, &failed.detail, now);
                self.state = self.recover(failed.loss, failed.channel.map(|made| *made), failed.not_before);
            }
            Upkeep::Rotated(made, rotation) => self.rotated(made, rotation, now),
            Upkeep::Extended(asked, result) => self.extended(asked, result, now),
            Upkeep::Probed(result) => self.probed(result, now),
            Upkeep::Left(result) => {
                if let Err(error) = result {
                    // It ends by itself within a day, or is displaced before.
                    tracing::debug!(%error, "could not take leave of a channel");
                }
            }
        }
    }

    fn probed(&mut self, result: Result<Option<BTreeSet<UserId>>, PlatformError>, now: Timestamp) {
        let State::Open(tap) = &mut self.state else { return };
        tap.timetable.probed(now);
        let held = match result {
            Ok(Some(held)) => held,
            Ok(None) => return self.lose(Side::Old, Loss::Gone, "the platform does not know the channel"),
            Err(error) => return tracing::debug!(%error, "could not ask for a channel"),
        };
        if held == tap.permitted {
            return;
        }
        if held.is_empty() {
            return self.lose(Side::Old, Loss::TakenOver, "all topics were taken from the channel");
        }
        // Whoever lost theirs is covered again, and read, when they are put again.
        tap.timetable.extend_later(now);
        tap.permitted = held;
        self.ledger.keep(&tap.permitted);
        self.mending.again();
        self.shared.board.gap();
        self.shared.board.incomplete(self.id);
    }

    fn rotated(&mut self, made: Result<Box<Tap>, Failed>, rotation: Rotation, now: Timestamp) {
        self.state = match (made, self.take_state()) {
            (Ok(new), State::Open(mut old)) => {
                let term = Term::begin(new.live_at, self.shared.rhythm.ping, old.is_closing);
                if old.is_closing {
                    old.ping_then(term.until());
                }
                self.overlap.get_or_insert_with(|| Overlap::begin(now)).compare_from(new.live_at);
                State::Changing(Box::new(Changing { old: *old, new: *new, term, _rotation: rotation }))
            }
            // The old one was lost meanwhile, and the gap with it.
            (Ok(new), _) => return self.open(*new),
            (Err(failed), mut state) => {
                self.overlap = None;
                self.shared.board.failed(failed.loss, &failed.detail, now);
                match &mut state {
                    State::Open(tap) => tap.put_off(now),
                    // The old one was lost meanwhile.
                    State::Deaf { retry_at, .. } => {
                        *retry_at = failed.not_before.unwrap_or(now).max(*retry_at);
                    }
                    State::Changing(_) => {}
                }
                if failed.loss == Loss::Unreachable {
                    self.spare = failed.channel.map(|made| *made);
                }
                state
            }
        };
    }

    fn extended(
        &mut self,
        asked: Agents,
        result: Result<(Channel, Subscribed), PlatformError>,
        now: Timestamp,
    ) {
        let State::Open(tap) = &mut self.state else { return };
        match result {
            Ok((channel, subscribed)) => {
                tap.channel = channel;
                tap.subscribed(asked, subscribed, now);
                let (permitted, live_at) = (tap.permitted.clone(), now.after(SETTLING));
                self.ledger.keep(&permitted);
                self.ledger.cover(&permitted, live_at);
            }
            Err(error) => {
                let failed = Failed::from(error);
                if failed.loss == Loss::Gone {
                    self.lose(Side::Old, Loss::Gone, &failed.detail);
                    return;
                }
                self.shared.board.failed(failed.loss, &failed.detail, now);
                tap.not_subscribed(asked, failed, now);
            }
        }
    }

    /// The new channel takes the old one's place: both were heard long enough, and nobody was deaf for a moment.
    fn change(&mut self, turn: Turn, now: Timestamp) {
        let State::Changing(changing) = self.take_state() else { return };
        let Changing { old, new, .. } = *changing;
        if let Some(overlap) = self.overlap.take() {
            self.shared.board.compared(overlap.compare(now));
        }
        if turn == Turn::ChangeWithGap {
            self.gap();
        }
        self.open(new);
        self.begin_to_leave(old);
    }
}
