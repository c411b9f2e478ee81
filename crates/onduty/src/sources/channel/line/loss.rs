//! What a line does about a channel that it lost.

use std::time::Duration;

use onduty_core::time::Timestamp;

use super::{Changing, Line, State};
use crate::platform::genesys::channel::Channel;
use crate::sources::channel::overlap::Side;
use crate::sources::channel::recovery::{Loss, Recovery};

impl Line {
    /// A channel is lost. Of two, the other one stays, and there is no gap.
    pub(super) fn lose(&mut self, side: Side, loss: Loss, detail: &str) {
        let now = self.now();
        if self.is_given_up {
            // Nobody relies on it any longer.
            self.state = match (self.take_state(), side) {
                (State::Changing(changing), Side::Old) => State::Open(Box::new(changing.new)),
                (State::Changing(changing), Side::New) => State::Open(Box::new(changing.old)),
                (State::Open(_) | State::Deaf { .. }, _) => State::Deaf { retry_at: now, kept: None },
            };
            return;
        }
        let is_replaced = is_expected(side, loss, self.is_rotating, matches!(self.state, State::Changing(_)));
        self.overlap = None;
        self.shared.board.lost(self.id, loss, detail, is_replaced, now);
        match (self.take_state(), side) {
            (State::Changing(changing), Side::New) => {
                let mut old = changing.old;
                old.put_off(now);
                self.state = State::Open(Box::new(old));
            }
            (State::Changing(changing), Side::Old) => {
                let Changing { old, new, term, .. } = *changing;
                if loss == Loss::NotDurable || !term.is_bridged(old.vouched_at()) {
                    self.gap();
                }
                self.open(new);
            }
            (State::Open(tap), _) => {
                self.gap();
                // The next one is on its way; if it does not come, this one is what there is. Anything else was for this
                // channel, and would only be waited for.
                if !self.is_rotating {
                    self.upkeep = None;
                }
                self.losses = self.losses.saturating_add(1);
                self.state = self.recover(loss, Some(tap.channel), None);
            }
            (deaf @ State::Deaf { .. }, _) => self.state = deaf,
        }
    }

    /// Whatever is due by a clock that was set back would be as late: pings, watching for silence, looks for agents to be
    /// read. So all of it begins anew.
    pub(super) fn look_at_the_clock(&mut self) {
        let now = self.now();
        if !self.set_backs.next(&self.shared.clock).is_zero() {
            let detail = "our clock was set back";
            for side in [Side::New, Side::Old] {
                if self.state.tap(side).is_some() {
                    self.lose(side, Loss::ClockSetBack, detail);
                }
            }
            if let State::Deaf { retry_at, .. } = &mut self.state {
                *retry_at = now;
            }
            self.open_since = None;
            self.look_at = now;
            self.mending.again();
        }
    }

    /// What there is to be done about a loss, and when.
    pub(super) fn recover(
        &mut self,
        loss: Loss,
        channel: Option<Channel>,
        not_before: Option<Timestamp>,
    ) -> State {
        let now = self.now();
        let open_for = self.open_since.take().map_or(Duration::ZERO, |since| now.since(since));
        let take_overs = self.take_overs.lost(loss, open_for);
        let in_a_row = if loss == Loss::TakenOver { take_overs } else { self.losses };
        if loss == Loss::TokenRevoked {
            self.shared.platform.client().renew_token();
        }
        let (wait, kept) = match loss.recovery(in_a_row, rand::random()) {
            Recovery::Reconnect(wait) => (wait, channel),
            Recovery::Replace(wait) => (wait, None),
        };
        let retry_at = now.after(wait).max(not_before.unwrap_or(now));
        State::Deaf { retry_at, kept }
    }

    /// Something may have gone unheard: whoever is listened to is to be read again.
    pub(super) fn gap(&mut self) {
        self.ledger.gap();
        self.mending.again();
        self.shared.board.gap();
    }
}

/// Whether a loss is what replacing a channel may come to, and no cause for alarm: of two the other one stays, and the old
/// one may be taken over by the one that we make in its place. That one is nobody's but ours to take.
fn is_expected(side: Side, loss: Loss, is_rotating: bool, is_changing: bool) -> bool {
    match (loss, side) {
        (Loss::TakenOver, Side::Old) => is_rotating || is_changing,
        (Loss::TakenOver, Side::New) => false,
        _ => is_changing,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_our_own_replacement_may_have_caused_raises_no_alarm() {
        assert!(is_expected(Side::Old, Loss::TakenOver, true, false), "by the next one, which is being made");
        assert!(is_expected(Side::Old, Loss::TakenOver, false, true));
        assert!(is_expected(Side::New, Loss::Closed, false, true), "the other one stays");
        assert!(!is_expected(Side::New, Loss::TakenOver, false, true), "we made none after it");
        assert!(!is_expected(Side::Old, Loss::Closed, true, false), "nothing stays");
        assert!(!is_expected(Side::Old, Loss::TakenOver, false, false));
    }
}
