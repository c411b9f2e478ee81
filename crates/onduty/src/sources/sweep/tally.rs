//! Whether a listing was complete: it named as many different agents as the platform says there are, and the
//! platform said the same on every page. Pages are offsets into a moving list, so nothing less will do. And all of it
//! was heard after it began, by our clock: whoever was read after that was set back would count as not named. Pure.

use std::collections::BTreeSet;
use std::fmt;

use onduty_core::agent::UserId;
use onduty_core::time::Timestamp;

/// What the pages so far named.
#[derive(Debug, Default)]
pub(super) struct Tally {
    named: BTreeSet<UserId>,
    repeated: bool,
    totals: BTreeSet<u64>,
    without_total: bool,
    set_back: bool,
}

/// Whether a listing was complete.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Whoever it did not name was not there.
    Complete {
        /// How many it named.
        agents: u64,
    },
    /// Somebody may have been missed.
    Gap(Gap),
}

/// How that can be told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Gap {
    /// A page did not say how many there are.
    NoTotal,
    /// The total moved from page to page.
    TotalMoved,
    /// Fewer or more different agents than the total.
    Differs {
        /// How many were named.
        named: u64,
        /// How many there should be.
        total: u64,
    },
    /// Somebody was named twice, so the list moved.
    Repeated,
    /// Not one agent, where some were known.
    Nobody,
    /// Our clock was set back while it was read.
    ClockSetBack,
}

impl Tally {
    /// One more page.
    pub(super) fn page(&mut self, total: Option<u64>, named: &[UserId]) {
        match total {
            Some(total) => drop(self.totals.insert(total)),
            None => self.without_total = true,
        }
        for user_id in named {
            self.repeated |= !self.named.insert(user_id.clone());
        }
    }

    /// Something of a listing that began then was heard now.
    pub(super) fn heard(&mut self, at: Timestamp, started_at: Timestamp) {
        self.set_back |= at < started_at;
    }

    /// How many different agents were named.
    pub(super) fn named(&self) -> u64 {
        u64::try_from(self.named.len()).unwrap_or(u64::MAX)
    }

    /// How many there are in all, by the pages so far.
    pub(super) fn total(&self) -> Option<u64> {
        self.totals.last().copied()
    }

    /// The verdict after the last page.
    pub(super) fn verdict(&self) -> Verdict {
        let mut totals = self.totals.iter();
        match (totals.next().copied(), totals.next()) {
            _ if self.set_back => Verdict::Gap(Gap::ClockSetBack),
            _ if self.without_total => Verdict::Gap(Gap::NoTotal),
            (_, Some(_)) => Verdict::Gap(Gap::TotalMoved),
            (None, None) => Verdict::Gap(Gap::NoTotal),
            (Some(total), None) if total != self.named() => {
                Verdict::Gap(Gap::Differs { named: self.named(), total })
            }
            (Some(_), None) if self.repeated => Verdict::Gap(Gap::Repeated),
            (Some(agents), None) => Verdict::Complete { agents },
        }
    }
}

impl fmt::Display for Gap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoTotal => f.write_str("the listing does not say how many agents there are"),
            Self::TotalMoved => f.write_str("the number of agents changed while they were listed"),
            Self::Differs { named, total } => write!(f, "the listing named {named} of {total} agents"),
            Self::ClockSetBack => f.write_str("our clock was set back while the agents were listed"),
            Self::Repeated => f.write_str("the listing moved while it was read: it named an agent twice"),
            Self::Nobody => {
                f.write_str("the listing names nobody at all: check the client's roles and divisions")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_listing_without_a_gap_is_complete() {
        let complete = |agents| Verdict::Complete { agents };
        let differs = |named, total| Verdict::Gap(Gap::Differs { named, total });
        type Page = (Option<u64>, &'static str);
        let table: [(&[Page], Verdict); 8] = [
            (&[(Some(3), "ab"), (Some(3), "c")], complete(3)),
            (&[(Some(0), "")], complete(0)),
            (&[(Some(3), "ab"), (Some(3), "b")], differs(2, 3)),
            (&[(Some(3), "ab")], differs(2, 3)),
            (&[(Some(2), "ab"), (Some(2), "c")], differs(3, 2)),
            (&[(Some(2), "ab"), (Some(2), "b")], Verdict::Gap(Gap::Repeated)),
            (&[(Some(3), "ab"), (Some(4), "c")], Verdict::Gap(Gap::TotalMoved)),
            (&[(Some(3), "ab"), (None, "c")], Verdict::Gap(Gap::NoTotal)),
        ];
        for (pages, expected) in table {
            let mut tally = Tally::default();
            for (total, names) in pages {
                let named: Vec<UserId> =
                    names.chars().map(|c| UserId::from(c.to_string().as_str())).collect();
                tally.page(*total, &named);
            }
            assert_eq!(tally.verdict(), expected, "{pages:?}");
        }
    }

    #[test]
    fn a_listing_during_which_our_clock_was_set_back_is_not_complete() {
        let at = Timestamp::from_millis;
        for (heard, complete) in [([10, 12, 15], true), ([10, 9, 15], false), ([12, 10, 10], true)] {
            let mut tally = Tally::default();
            tally.page(Some(0), &[]);
            heard.into_iter().for_each(|heard| tally.heard(at(heard), at(10)));
            assert_eq!(tally.verdict() == Verdict::Complete { agents: 0 }, complete, "{heard:?}");
        }
    }
}
