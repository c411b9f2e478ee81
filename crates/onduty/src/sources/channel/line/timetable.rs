//! What is due for a channel, and when a line is to look after it. Pure.

use std::time::Duration;

use onduty_core::time::Timestamp;

use crate::forecast::PROBE_EVERY;
use crate::sources::channel::ledger::DELIVERY;

/// Topics are put again this long before the channel ends, or at half its life if that is less.
const EXTEND_BEFORE: Duration = Duration::from_secs(3_600);
/// No channel is replaced sooner than this after it was opened.
const LIFE_MIN: Duration = Duration::from_secs(10);
/// A rotation that failed is tried again after this.
const PUT_OFF: Duration = Duration::from_secs(60);
/// One whose socket will be closed within a minute is waited for no longer than this.
const PUT_OFF_CLOSING: Duration = Duration::from_secs(2);
/// Refused topics are put again this often: rights are given, too.
const REJECTED_AGAIN: Duration = Duration::from_secs(900);

/// What is due for a channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Due {
    /// To be replaced by another.
    Rotation,
    /// Its topics are to be put again.
    Extension,
    /// The platform is to be asked whether it knows it.
    Probe,
}

/// When each of them is.
#[derive(Clone, Debug)]
pub(super) struct Timetable {
    extend_at: Timestamp,
    probe_at: Timestamp,
    rotate_at: Timestamp,
    /// It is not replaced before, whatever the reason.
    put_off_until: Timestamp,
    /// What the platform tells of its topics until then is what we did ourselves.
    ours_until: Timestamp,
}

/// What a line listens to, as far as it tells when to wake.
#[derive(Clone, Copy, Debug)]
pub(super) enum Listening {
    /// Nothing, until then.
    Deaf { retry_at: Timestamp },
    /// One channel, pinged next and looked after next then.
    One { ping_at: Timestamp, due_at: Timestamp },
    /// Two, the first of which is pinged next then, until the second is all there is.
    Two { ping_at: Timestamp, until: Timestamp },
}

impl Listening {
    /// When to wake. While a request is under way nothing else is begun, and what is due meanwhile is no reason to wake.
    pub(super) fn wake_at(self, is_busy: bool) -> Timestamp {
        match self {
            Self::Deaf { .. } if is_busy => Timestamp::MAX,
            Self::Deaf { retry_at } => retry_at,
            Self::One { ping_at, .. } if is_busy => ping_at,
            Self::One { ping_at, due_at } => ping_at.min(due_at),
            Self::Two { ping_at, .. } if is_busy => ping_at,
            Self::Two { ping_at, until } => ping_at.min(until),
        }
    }
}

impl Timetable {
    /// Of a channel whose topics are live since then. Its jitter is between 0 and 1.
    pub(super) fn begin(live_at: Timestamp, rotation: Duration, jitter: f64) -> Self {
        Self {
            extend_at: Timestamp::MAX,
            probe_at: live_at.after(PROBE_EVERY.mul_f64(0.5 + 0.5 * jitter)),
            // Channels that were made together are not replaced together.
            rotate_at: live_at.after(rotation.mul_f64(0.75 + 0.25 * jitter)),
            // One whose socket is announced to close as soon as it opens is not replaced as fast.
            put_off_until: live_at.after(LIFE_MIN),
            ours_until: live_at.after(DELIVERY),
        }
    }

    /// Topics were put, some of them in vain or none.
    pub(super) fn subscribed(&mut self, expires_at: Timestamp, are_rejected: bool, now: Timestamp) {
        self.ours_until = now.after(DELIVERY);
        let life = expires_at.since(now);
        let at_last = now.after(life - EXTEND_BEFORE.min(life / 2));
        self.extend_at = if are_rejected { at_last.min(now.after(REJECTED_AGAIN)) } else { at_last };
    }

    /// Topics are put again then, and not before.
    pub(super) const fn extend_later(&mut self, at: Timestamp) {
        self.extend_at = at;
    }

    /// Not to be replaced for a while, which is short when it ends soon.
    pub(super) fn put_off(&mut self, now: Timestamp, ends: bool) {
        self.put_off_until = now.after(if ends { PUT_OFF_CLOSING } else { PUT_OFF });
    }

    /// The platform says that its topics changed: unless that was us, it is to be asked which are left.
    pub(super) fn resubscribed(&mut self, at: Timestamp) {
        if at > self.ours_until {
            self.probe_at = at.min(self.probe_at);
        }
    }

    /// The platform still knows it.
    pub(super) fn probed(&mut self, now: Timestamp) {
        self.probe_at = now.after(PROBE_EVERY);
    }

    /// What is due, the most pressing first. It may end soon, or have other agents than are wanted.
    pub(super) fn due(&self, now: Timestamp, ends: bool, has_others: bool) -> Option<Due> {
        if now >= self.extend_at || has_others {
            Some(Due::Extension)
        } else if (ends || now >= self.rotate_at) && now >= self.put_off_until {
            Some(Due::Rotation)
        } else if now >= self.probe_at {
            Some(Due::Probe)
        } else {
            None
        }
    }

    /// When something is due next. It may end soon.
    pub(super) fn due_at(&self, ends: bool) -> Timestamp {
        let rotate_at = if ends { self.put_off_until } else { self.rotate_at.max(self.put_off_until) };
        self.extend_at.min(self.probe_at).min(rotate_at)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::sources::channel::overlap::Term;
    use crate::sources::channel::rotations::Rotations;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_millis(seconds * 1_000)
    }

    #[test]
    fn a_line_that_is_at_work_already_wakes_for_pings_alone() {
        let (ping_at, past) = (at(115), at(90));
        let deaf = Listening::Deaf { retry_at: past };
        let one = Listening::One { ping_at, due_at: past };
        let two = Listening::Two { ping_at, until: at(131) };
        let wakes = [deaf, one, two].map(|listening| (listening.wake_at(false), listening.wake_at(true)));
        assert_eq!(wakes, [(past, Timestamp::MAX), (past, ping_at), (ping_at, ping_at)]);
    }

    #[test]
    fn the_most_pressing_comes_first_and_what_is_put_off_does_not_wake() {
        let mut timetable = Timetable::begin(at(100), Duration::from_secs(600), 1.0);
        timetable.subscribed(at(100 + 24 * 3_600), false, at(100));
        assert_eq!(timetable.due(at(100), false, false), None);
        assert_eq!(timetable.due(at(100), true, false), None, "not as soon as it opens");
        assert_eq!(timetable.due(at(110), true, false), Some(Due::Rotation));
        assert_eq!(timetable.due(at(110), true, true), Some(Due::Extension));
        assert_eq!((timetable.due_at(false), timetable.due_at(true)), (at(400), at(110)));
        assert_eq!(timetable.due(at(400), false, false), Some(Due::Probe));
        timetable.probed(at(690));
        timetable.put_off(at(699), false);
        assert_eq!(timetable.due(at(700), false, false), None);
        assert_eq!(timetable.due_at(false), at(759));
        timetable.subscribed(at(100 + 24 * 3_600), true, at(700));
        assert_eq!(
            timetable.due(at(1_600), false, false),
            Some(Due::Extension),
            "rights may be given by then"
        );
    }

    #[test]
    fn topics_that_somebody_else_changed_are_looked_at_at_once() {
        let mut timetable = Timetable::begin(at(100), Duration::from_secs(600), 1.0);
        timetable.subscribed(at(100 + 24 * 3_600), false, at(100));
        timetable.resubscribed(at(105));
        assert_eq!(timetable.due(at(105), false, false), None, "that was us");
        timetable.resubscribed(at(106));
        assert_eq!(timetable.due(at(106), false, false), Some(Due::Probe));
        timetable.probed(at(107));
        assert_eq!(timetable.due(at(107), false, false), None);
    }

    #[test]
    fn a_dozen_channels_that_are_to_be_closed_together_are_all_replaced_within_the_minutes_notice() {
        // A dozen of twenty, each made in three seconds, live after one more, and answering a ping within one.
        let (making, settling, pong) = (3, 1, 1);
        let rotations = Arc::new(Rotations::default());
        rotations.allow(8);
        let day = Duration::from_secs(24 * 3_600);
        let mut waiting: Vec<Timetable> = (0..12).map(|_| Timetable::begin(at(0), day, 1.0)).collect();
        let mut under_way = Vec::new();
        let mut second = 1_000;
        while second < 1_060 && !(waiting.is_empty() && under_way.is_empty()) {
            under_way.retain(|(done_at, _)| at(second) < *done_at);
            waiting.retain_mut(|timetable| match timetable.due(at(second), true, false) {
                Some(Due::Rotation) => match rotations.begin() {
                    None => {
                        timetable.put_off(at(second), true);
                        true
                    }
                    Some(leave) => {
                        let term = Term::begin(at(second + making + settling), Duration::from_secs(15), true);
                        under_way.push((term.until().after(Duration::from_secs(pong)), leave));
                        false
                    }
                },
                _ => true,
            });
            second += 1;
        }
        assert_eq!((waiting.len(), under_way.len()), (0, 0), "not in time");
    }
}
