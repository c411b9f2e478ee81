//! Two channels with the same topics, compared: what one heard and the other did not, and which was later. Pure.
//!
//! Both are open while one takes the other's place, which makes the loss and the delay of this way of delivery a
//! measured number and not a hope. The platform numbers nothing, so events are recognised by what they say.
//!
//! The second hearing of an event is no news, and worse than none: part of it may have no clock to tell its age by,
//! and something newer may have been heard between the two.

use std::collections::HashMap;
use std::time::Duration;

use onduty_core::time::Timestamp;

use super::ledger::DELIVERY;

/// Events remembered, at most: five minutes of a whole channel at its busiest.
const EVENTS_MAX: usize = 50_000;
/// An event near either end may have been heard by one side just outside, and counts for neither.
const EDGE: Duration = Duration::from_secs(3);
/// Two channels are compared for this long at least, and for two pings.
const OVERLAP_MIN: Duration = Duration::from_secs(10);
/// The old one may take this much longer to show that everything it was sent has been read.
const OVERLAP_MORE: Duration = Duration::from_secs(30);

/// How long two channels are listened to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Term {
    live_at: Timestamp,
    until: Timestamp,
}

/// What is to become of two channels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Turn {
    /// Both are listened to, until then at least.
    Both(Timestamp),
    /// The new one takes the old one's place.
    Change,
    /// It does, and what was sent to the old one alone may not all have been read.
    ChangeWithGap,
}

impl Term {
    /// The new one's topics are live since then. Of an old one that is about to be closed no more is waited for than what
    /// it alone was sent.
    pub(super) fn begin(live_at: Timestamp, ping: Duration, is_closing: bool) -> Self {
        let length = if is_closing { DELIVERY } else { (ping * 2).max(OVERLAP_MIN) };
        Self { live_at, until: live_at.after(length) }
    }

    /// When they are compared long enough. An answer to a ping that was sent then bridges.
    pub(super) const fn until(self) -> Timestamp {
        self.until
    }

    /// Whether everything that only the old one was sent has been read, events being late: what it was sent until that
    /// instant has.
    pub(super) fn is_bridged(self, old_vouched_at: Timestamp) -> bool {
        self.live_at.after(DELIVERY) <= old_vouched_at
    }

    /// What to do now.
    pub(super) fn turn(self, old_vouched_at: Timestamp, now: Timestamp) -> Turn {
        let at_last = self.until.after(OVERLAP_MORE);
        match self.is_bridged(old_vouched_at) {
            _ if now < self.until => Turn::Both(self.until),
            true => Turn::Change,
            false if now < at_last => Turn::Both(at_last),
            false => Turn::ChangeWithGap,
        }
    }
}

/// One of two channels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    /// The one that is to go.
    Old,
    /// The one that takes its place.
    New,
}

/// What both heard.
#[derive(Clone, Debug)]
pub(super) struct Overlap {
    began_at: Timestamp,
    heard: HashMap<u64, Heard>,
}

/// When each side first heard an event, and how often: one without a clock may come back with the same words.
#[derive(Clone, Copy, Debug, Default)]
struct Heard {
    old: Option<Timestamp>,
    new: Option<Timestamp>,
    old_times: u32,
    new_times: u32,
}

/// What came of the comparison.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Compared {
    /// Events that both heard.
    pub(super) both: u64,
    /// Events that only the old one heard.
    pub(super) old_only: u64,
    /// Events that only the new one heard.
    pub(super) new_only: u64,
    /// By how much the later of the two was later, of each event that both heard.
    pub(super) later_by: Vec<Duration>,
}

impl Overlap {
    /// The new one is being made since now, and may have heard what is not read from it yet.
    pub(super) fn begin(now: Timestamp) -> Self {
        Self { began_at: now, heard: HashMap::new() }
    }

    /// Both have the same topics from then on.
    pub(super) fn compare_from(&mut self, live_at: Timestamp) {
        self.began_at = live_at;
    }

    /// One side heard an event; says whether that is news, or what the other side told already.
    pub(super) fn heard(&mut self, side: Side, fingerprint: u64, at: Timestamp) -> bool {
        if self.heard.len() >= EVENTS_MAX && !self.heard.contains_key(&fingerprint) {
            return true;
        }
        let heard = self.heard.entry(fingerprint).or_default();
        let (first, times, others) = match side {
            Side::Old => (&mut heard.old, &mut heard.old_times, heard.new_times),
            Side::New => (&mut heard.new, &mut heard.new_times, heard.old_times),
        };
        first.get_or_insert(at);
        *times = times.saturating_add(1);
        *times > others
    }

    /// What came of it, if it ends now.
    pub(super) fn compare(&self, now: Timestamp) -> Compared {
        let (from, to) = (self.began_at.after(EDGE), now.before(EDGE));
        let mut compared = Compared::default();
        for heard in self.heard.values() {
            let Some(first) = [heard.old, heard.new].into_iter().flatten().min() else { continue };
            if first < from || first > to {
                continue;
            }
            match (heard.old, heard.new) {
                (Some(old), Some(new)) => {
                    compared.both += 1;
                    compared.later_by.push(old.since(new).max(new.since(old)));
                }
                (Some(_), None) => compared.old_only += 1,
                (None, Some(_)) => compared.new_only += 1,
                (None, None) => {}
            }
        }
        compared
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_millis(millis)
    }

    #[test]
    fn the_old_one_stays_until_all_that_it_alone_was_sent_has_been_read_however_late_it_came() {
        let second = |second: i64| at(second * 1_000);
        let term = Term::begin(second(100), Duration::from_secs(3), false);
        assert_eq!(term.turn(second(109), second(109)), Turn::Both(second(110)), "they are compared");
        assert_eq!(term.turn(second(105), second(110)), Turn::Change);
        assert_eq!(
            term.turn(second(104), second(110)),
            Turn::Both(second(140)),
            "it may bring something yet"
        );
        assert_eq!(term.turn(second(104), second(140)), Turn::ChangeWithGap, "not for ever");
        assert!(!term.is_bridged(second(104)) && term.is_bridged(second(105)), "also when it is lost");
        let in_haste = Term::begin(second(100), Duration::from_secs(15), true);
        assert_eq!(in_haste.turn(in_haste.until(), in_haste.until()), Turn::Change);
    }

    #[test]
    fn what_one_side_missed_is_told_from_what_was_only_late_and_edges_count_for_neither() {
        let mut overlap = Overlap::begin(at(0));
        for (fingerprint, old, new) in [
            (1, Some(1_000), None),
            (2, Some(5_000), Some(5_250)),
            (3, Some(6_100), Some(6_000)),
            (4, Some(7_000), None),
            (5, None, Some(8_000)),
            (6, None, Some(18_000)),
        ] {
            old.into_iter().for_each(|millis| {
                overlap.heard(Side::Old, fingerprint, at(millis));
            });
            new.into_iter().for_each(|millis| {
                overlap.heard(Side::New, fingerprint, at(millis));
            });
        }
        overlap.heard(Side::New, 2, at(9_000));
        let mut compared = overlap.compare(at(20_000));
        compared.later_by.sort();
        let later_by = vec![Duration::from_millis(100), Duration::from_millis(250)];
        assert_eq!(compared, Compared { both: 2, old_only: 1, new_only: 1, later_by });
    }

    #[test]
    fn what_the_other_side_told_already_is_no_news_however_often_the_same_is_said() {
        let mut overlap = Overlap::begin(at(0));
        let heard = [Side::Old, Side::New, Side::New, Side::Old, Side::Old, Side::New];
        let news = heard.map(|side| overlap.heard(side, 1, at(1)));
        assert_eq!(news, [true, false, true, false, true, false], "said three times, told three times");
        assert!(overlap.heard(Side::New, 2, at(2)), "another event");
    }
}
