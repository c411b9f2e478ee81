//! When each page is due, so that a listing takes its interval instead of a burst. Pure.

use std::time::Duration;

use onduty_core::time::Timestamp;

use crate::forecast::SPREAD;

/// The pace of one listing.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pace {
    /// When it began.
    pub(super) started_at: Timestamp,
    /// From its beginning to that of the next.
    pub(super) interval: Duration,
    /// Or as fast as the budget allows.
    pub(super) paced: bool,
}

impl Pace {
    /// When a page is due, counted from 1, if there are so many agents in all.
    pub(super) fn due_at(self, number: u64, total: Option<u64>, page_size: usize) -> Timestamp {
        let page_size = u64::try_from(page_size).unwrap_or(u64::MAX).max(1);
        let pages = total.unwrap_or(0).div_ceil(page_size).max(1);
        if !self.paced || number <= 1 {
            return self.started_at;
        }
        let millis = u64::try_from(self.interval.as_millis()).unwrap_or(u64::MAX) / 100 * SPREAD;
        let share = u128::from(millis) * u128::from((number - 1).min(pages)) / u128::from(pages);
        self.started_at.after(Duration::from_millis(u64::try_from(share).unwrap_or(u64::MAX)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_are_spread_evenly_and_the_first_listing_is_not_paced() {
        let table = [
            (true, 1, Some(1_000), 0),
            (true, 2, Some(1_000), 4_800),
            (true, 10, Some(1_000), 43_200),
            (true, 11, Some(1_000), 48_000),
            (true, 99, Some(1_000), 48_000),
            (true, 2, Some(101), 24_000),
            (true, 2, None, 48_000),
            (false, 10, Some(1_000), 0),
        ];
        for (paced, number, total, expected) in table {
            let pace =
                Pace { started_at: Timestamp::from_millis(0), interval: Duration::from_secs(60), paced };
            let due_at = pace.due_at(number, total, 100).as_millis();
            assert_eq!(due_at, expected, "page {number} of {total:?}, paced {paced}");
        }
    }
}
