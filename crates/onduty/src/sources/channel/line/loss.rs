//! What a line does about a channel that it lost.

use std::time::Duration;

use onduty_core::time::Timestamp;

use super::{Changing, Line, State};
use crate::platform::genesys::channel::Channel;
use crate::sources::channel::overlap::Side;
use crate::sources::channel::recovery::{Loss, Recovery};

/// A line that was quiet this long after a take-over counts the next as its first.
const TAKE_OVERS_FORGOTTEN: Duration = Duration::from_secs(3_600);

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
        let is_replaced = self.is_rotating || matches!(self.state, State::Changing(_));
        self.overlap = None;
        self.shared.board.lost(self.id, loss, detail, is_replaced, now);
        match (self.take_state(), side) {
            (State::Changing(changing), Side::New) => {
                let mut old = changing.old;
                old.timetable.put_off(now);
                self.state = State::Open(Box::new(old));
            }
            (State::Changing(changing), Side::Old) => {
                let Changing { old, new, term, .. } = *changing;
                if loss == Loss::NotDurable || !term.is_bridged(old.vouched_at()) {
                    self.gap();
                }
                self.open(new);
            }
            // The next one is on its way; if it does not come, another is made.
            (State::Open(_), _) if self.is_rotating => self.gap(),
            (State::Open(tap), _) => {
                self.gap();
                // It was for this channel, and would only be waited for.
                self.upkeep = None;
                self.losses = self.losses.saturating_add(1);
                self.state = self.recover(loss, Some(tap.channel), None);
            }
            (deaf @ State::Deaf { .. }, _) => self.state = deaf,
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
        let mut in_a_row = self.losses;
        if loss == Loss::TakenOver {
            let (count, last) = &mut self.taken_over;
            let is_old = last.is_some_and(|last| now.since(last) > TAKE_OVERS_FORGOTTEN);
            *count = if is_old { 1 } else { count.saturating_add(1) };
            *last = Some(now);
            in_a_row = *count;
        }
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
