//! How long to wait before the next attempt.

use std::time::Duration;

const FIRST: Duration = Duration::from_millis(100);
const LONGEST: Duration = Duration::from_secs(10);

/// Waits that double from 100 ms to 10 s, each drawn from the upper half of its range, so that clients cut off together
/// do not come back together. The seed decides every draw.
///
/// ```
/// use onduty_client::Backoff;
///
/// let (mut one, mut other) = (Backoff::new(7), Backoff::new(7));
/// assert_eq!(one.next_wait(), other.next_wait());
/// ```
#[derive(Debug, Clone)]
pub struct Backoff {
    state: u64,
    attempts: u32,
}

impl Backoff {
    /// Begins with the shortest wait.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self { state: seed, attempts: 0 }
    }

    /// The wait before the next attempt: at least half of, and at most, the present range.
    pub fn next_wait(&mut self) -> Duration {
        let range = FIRST.saturating_mul(1 << self.attempts.min(16)).min(LONGEST);
        self.attempts = self.attempts.saturating_add(1);
        let half = range / 2;
        let half_us = u64::try_from(half.as_micros()).unwrap_or(u64::MAX);
        half + Duration::from_micros(self.draw() % (half_us + 1))
    }

    /// After a success: the next wait is the shortest again.
    pub fn reset(&mut self) {
        self.attempts = 0;
    }

    /// `SplitMix64`: good enough to spread, and no dependency.
    fn draw(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.state ^ (self.state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_stay_in_their_range_and_start_over() {
        for seed in 0..200 {
            let mut backoff = Backoff::new(seed);
            for range_ms in [100, 200, 400, 800, 1_600, 3_200, 6_400, 10_000, 10_000, 10_000] {
                let wait = backoff.next_wait();
                let range = Duration::from_millis(range_ms);
                assert!(wait >= range / 2 && wait <= range, "seed {seed}: {wait:?} of {range:?}");
            }
            backoff.reset();
            assert!(backoff.next_wait() <= FIRST, "seed {seed}");
        }
    }

    #[test]
    fn other_seeds_wait_otherwise() {
        let waits: std::collections::BTreeSet<_> =
            (0..50).map(|seed| Backoff::new(seed).next_wait()).collect();
        assert!(waits.len() > 40, "{}", waits.len());
    }
}
