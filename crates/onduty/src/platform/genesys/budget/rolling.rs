//! What was sent in the last minute, by purpose. Whether the platform counts in fixed or in sliding windows is not
//! documented: whoever never sends more than the allowance in any minute keeps to both.

use std::collections::VecDeque;
use std::time::Duration;

use onduty_core::time::Timestamp;

use super::Purpose;

/// A minute, and a second for what was granted late in the second that counts it.
const KEPT_S: i64 = 61;

/// How many requests of each purpose.
type Counts = [u32; Purpose::ALL.len()];

/// The requests of the last minute, counted by second.
#[derive(Clone, Debug, Default)]
pub(super) struct Rolling {
    seconds: VecDeque<(i64, Counts)>,
    sums: Counts,
}

impl Rolling {
    /// One request is sent.
    pub(super) fn add(&mut self, now: Timestamp, purpose: Purpose) {
        let second = second(now);
        match self.seconds.back_mut() {
            Some((last, counts)) if *last >= second => counts[purpose as usize] += 1,
            _ => {
                let mut counts = Counts::default();
                counts[purpose as usize] = 1;
                self.seconds.push_back((second, counts));
            }
        }
        self.sums[purpose as usize] += 1;
    }

    /// Forgets what is more than a minute old.
    pub(super) fn forget(&mut self, now: Timestamp) {
        let now = second(now);
        // After our clock was set back, what is told of the future would not be forgotten for long.
        for (at, _) in self.seconds.iter_mut().rev().take_while(|(at, _)| *at > now) {
            *at = now;
        }
        while let Some((_, counts)) = self.seconds.pop_front_if(|(at, _)| now - *at >= KEPT_S) {
            for (sum, count) in self.sums.iter_mut().zip(counts) {
                *sum -= count;
            }
        }
    }

    /// Requests of one purpose.
    pub(super) const fn of(&self, purpose: Purpose) -> u32 {
        self.sums[purpose as usize]
    }

    /// Requests of all purposes.
    pub(super) fn total(&self) -> u32 {
        self.sums.iter().sum()
    }

    /// The instants at which something is forgotten, soonest first.
    pub(super) fn ends(&self) -> impl Iterator<Item = Timestamp> {
        self.seconds.iter().map(|(at, _)| Timestamp::from_millis((at + KEPT_S) * 1_000))
    }
}

fn second(at: Timestamp) -> i64 {
    at.as_millis().div_euclid(1_000)
}

/// The longest that a request is remembered.
pub(super) const MEMORY: Duration = Duration::from_secs(61);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_counts_for_a_minute_and_never_for_much_longer() {
        let at = Timestamp::from_millis;
        let mut sent = Rolling::default();
        sent.add(at(999), Purpose::Lookup);
        sent.add(at(1_000), Purpose::Sweep);
        for (now, total) in [(1_001, 2), (60_999, 2), (61_000, 1), (61_999, 1), (62_000, 0)] {
            sent.forget(at(now));
            assert_eq!(sent.total(), total, "{now}");
        }
    }

    #[test]
    fn a_clock_that_was_set_back_holds_nothing_up() {
        let at = Timestamp::from_millis;
        let mut sent = Rolling::default();
        sent.add(at(9_000_000), Purpose::Lookup);
        sent.forget(at(0));
        sent.add(at(0), Purpose::Lookup);
        assert_eq!(sent.total(), 2);
        sent.forget(at(61_000));
        assert_eq!(sent.total(), 0);
    }
}
