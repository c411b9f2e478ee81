//! What to do about a channel that was lost: the client rules of the platform's facts (11.4), as one table. Pure.

use std::time::Duration;

use crate::platform::genesys::backoff::backoff;

/// How a channel was lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Loss {
    /// The socket closed, or broke.
    Closed,
    /// A ping was not answered.
    Silent,
    /// It could not be reached.
    Unreachable,
    /// The platform does not know the channel any more: expired, or displaced by a newer one.
    Gone,
    /// The platform says that another channel took over.
    TakenOver,
    /// The token that made it was revoked.
    TokenRevoked,
    /// The platform refuses to give a channel, or its topics.
    Refused,
    /// What it said could not be made durable.
    NotDurable,
    /// Our clock was set back: neither its pings nor its silence could be timed.
    ClockSetBack,
}

/// What to do about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Recovery {
    /// Open the same channel's socket again, after a while. Its topics are still there.
    Reconnect(Duration),
    /// Make a new channel, after a while.
    Replace(Duration),
}

/// First and longest wait after failures in a row.
const WAIT: (Duration, Duration) = (Duration::from_millis(250), Duration::from_secs(30));
/// After another channel took over, at first and at most: whoever it is, fighting for it would cut both off for ever.
const AFTER_TAKE_OVER: (Duration, Duration) = (Duration::from_secs(60), Duration::from_secs(3_600));
/// After a refusal: nothing but somebody's change of rights mends it.
const AFTER_REFUSAL: (Duration, Duration) = (Duration::from_secs(60), Duration::from_secs(900));
/// After topics could not be put for another reason, where the platform does not say when to ask again.
const PUT_AGAIN: Duration = Duration::from_secs(30);
/// Take-overs are forgotten after this long with a channel open: what is waited in vain does not count.
const TAKE_OVERS_FORGOTTEN: Duration = Duration::from_secs(3_600);
/// Failed reconnects in a row before the channel is given up and a new one is made.
const RECONNECTS_MAX: u32 = 5;

/// Take-overs of one line's channels, without a long peace between them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct TakeOvers {
    in_a_row: u32,
}

impl TakeOvers {
    /// A channel was lost, after one was open for so long; gives how many take-overs there were in a row.
    pub(super) fn lost(&mut self, loss: Loss, open_for: Duration) -> u32 {
        if open_for > TAKE_OVERS_FORGOTTEN {
            self.in_a_row = 0;
        }
        if loss == Loss::TakenOver {
            self.in_a_row = self.in_a_row.saturating_add(1);
        }
        self.in_a_row
    }
}

impl Loss {
    /// The name in metrics and logs.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Closed => "closed",
            Self::Silent => "silent",
            Self::Unreachable => "unreachable",
            Self::Gone => "gone",
            Self::TakenOver => "taken-over",
            Self::TokenRevoked => "token-revoked",
            Self::Refused => "refused",
            Self::NotDurable => "not-durable",
            Self::ClockSetBack => "clock-set-back",
        }
    }

    /// What to do, after so many losses in a row without a sign of life between them, counted from 1.
    pub(super) fn recovery(self, in_a_row: u32, jitter: f64) -> Recovery {
        let wait = |(first, longest): (Duration, Duration)| backoff(in_a_row, first, longest, jitter);
        match self {
            Self::Closed | Self::Silent | Self::Unreachable | Self::NotDurable | Self::ClockSetBack
                if in_a_row <= RECONNECTS_MAX =>
            {
                Recovery::Reconnect(wait(WAIT))
            }
            Self::Closed
            | Self::Silent
            | Self::Unreachable
            | Self::NotDurable
            | Self::ClockSetBack
            | Self::Gone
            | Self::TokenRevoked => Recovery::Replace(wait(WAIT)),
            Self::TakenOver => Recovery::Replace(wait(AFTER_TAKE_OVER)),
            Self::Refused => Recovery::Replace(wait(AFTER_REFUSAL)),
        }
    }

    /// How long to leave a living channel with the topics that it has, after so many refusals in a row to take others.
    pub(super) fn before_putting_again(self, refusals: u32, jitter: f64) -> Duration {
        match self {
            Self::Refused => backoff(refusals, AFTER_REFUSAL.0, AFTER_REFUSAL.1, jitter),
            Self::Closed
            | Self::Silent
            | Self::Unreachable
            | Self::Gone
            | Self::TakenOver
            | Self::TokenRevoked
            | Self::NotDurable
            | Self::ClockSetBack => PUT_AGAIN,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_loss_has_its_recovery() {
        let (ms, s) = (Duration::from_millis, Duration::from_secs);
        let table = [
            (Loss::Closed, 1, Recovery::Reconnect(ms(250))),
            (Loss::Closed, 3, Recovery::Reconnect(ms(1_000))),
            (Loss::Closed, 6, Recovery::Replace(ms(8_000))),
            (Loss::Silent, 1, Recovery::Reconnect(ms(250))),
            (Loss::Unreachable, 1, Recovery::Reconnect(ms(250))),
            (Loss::Unreachable, 99, Recovery::Replace(s(30))),
            (Loss::NotDurable, 1, Recovery::Reconnect(ms(250))),
            (Loss::ClockSetBack, 1, Recovery::Reconnect(ms(250))),
            (Loss::Gone, 1, Recovery::Replace(ms(250))),
            (Loss::TokenRevoked, 1, Recovery::Replace(ms(250))),
            (Loss::TakenOver, 1, Recovery::Replace(s(60))),
            (Loss::TakenOver, 2, Recovery::Replace(s(120))),
            (Loss::TakenOver, 99, Recovery::Replace(s(3_600))),
            (Loss::Refused, 1, Recovery::Replace(s(60))),
        ];
        for (loss, in_a_row, expected) in table {
            assert_eq!(loss.recovery(in_a_row, 1.0), expected, "{loss:?} {in_a_row}");
        }
    }

    #[test]
    fn take_overs_are_forgotten_by_an_hour_of_listening_and_not_by_an_hour_of_waiting() {
        let (minute, hour) = (Duration::from_secs(60), Duration::from_secs(3_601));
        let mut take_overs = TakeOvers::default();
        let mut lost = |loss, open_for| take_overs.lost(loss, open_for);
        assert_eq!([(); 3].map(|()| lost(Loss::TakenOver, minute)), [1, 2, 3], "whatever was waited between");
        assert_eq!(lost(Loss::Closed, minute), 3);
        assert_eq!(lost(Loss::Closed, hour), 0);
        assert_eq!(lost(Loss::TakenOver, minute), 1);
    }

    #[test]
    fn topics_that_are_refused_are_put_again_ever_more_rarely() {
        let waits = [1, 2, 3, 99].map(|refusals| Loss::Refused.before_putting_again(refusals, 1.0).as_secs());
        assert_eq!(waits, [60, 120, 240, 900]);
        assert_eq!(Loss::Unreachable.before_putting_again(0, 1.0), PUT_AGAIN);
    }
}
