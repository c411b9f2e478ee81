//! One facet of one agent: a register that any order and any repetition of the same statements leaves in the
//! same state. Merge decides, not arrival.
//!
//! Statements with a clock compete by clock, then rank of source, then value; the greatest wins. Statements
//! without one (some payloads leave `modifiedDate` out) are kept apart as an estimate stamped with the time of
//! hearing, which stands only until a read made later vouches for the register.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use super::ruling::Ruling;
use crate::observation::{Clock, Source};
use crate::time::Timestamp;

/// An instant that only moves forward, also under readers of a snapshot: the one thing in a snapshot that moves.
/// It holds evidence ("still so at"), which is true for whoever reads it, whenever.
#[derive(Debug)]
pub struct Mark(AtomicI64);

impl Mark {
    /// A mark at an instant.
    pub const fn new(at: Timestamp) -> Self {
        Self(AtomicI64::new(at.as_millis()))
    }

    /// Where it stands.
    pub fn get(&self) -> Timestamp {
        Timestamp::from_millis(self.0.load(Ordering::Relaxed))
    }

    /// Moves it forward, never back.
    pub fn raise(&self, to: Timestamp) {
        self.0.fetch_max(to.as_millis(), Ordering::Relaxed);
    }

    /// A mark so much before this one, by a clock that was set back.
    pub(crate) fn rewound(&self, by: Duration) -> Self {
        Self::new(self.get().before(by))
    }
}

impl Clone for Mark {
    fn clone(&self) -> Self {
        Self::new(self.get())
    }
}

/// What is held of one facet.
#[derive(Clone, Debug)]
pub struct Register<T> {
    exact: Option<Exact<T>>,
    // Boxed because it is rare: one payload in many leaves its clock out.
    estimate: Option<Box<Estimate<T>>>,
}

/// The greatest statement that had a clock.
#[derive(Clone, Debug)]
pub struct Exact<T> {
    /// Its value.
    pub value: T,
    /// When the value began, by the platform.
    pub clock: Clock,
    /// Who said so.
    pub source: Source,
    /// The latest instant, by our clock, at which the platform is known to have still said so.
    pub vouched_at: Mark,
}

/// The latest statement that had no clock.
#[derive(Clone, Debug)]
pub struct Estimate<T> {
    /// Its value.
    pub value: T,
    /// When it was last heard; of a read, when it was asked. Orders it against other statements.
    pub heard_at: Mark,
    /// The latest instant for which a read, or coverage after one, vouches. No push does: of two without a clock that
    /// come close together, nobody can tell which is the later one.
    pub read_until: Mark,
}

impl<T> Estimate<T> {
    /// Heard for the first time.
    fn new(value: T, hearing: Hearing) -> Self {
        let unheard = Mark::new(Timestamp::MIN);
        let estimate = Self { value, heard_at: unheard.clone(), read_until: unheard };
        estimate.hear(hearing);
        estimate
    }

    /// Heard again.
    fn hear(&self, hearing: Hearing) {
        self.heard_at.raise(hearing.heard_at);
        if hearing.source.is_read() {
            self.read_until.raise(hearing.heard_at);
        }
    }
}

/// What is to be shown of a facet.
#[derive(Debug, PartialEq, Eq)]
pub struct Current<'a, T> {
    /// The value.
    pub value: &'a T,
    /// When it began by the platform's clock; absent for an estimate.
    pub since: Option<Timestamp>,
    /// The latest instant at which the platform is known to have still said so.
    pub vouched_at: Timestamp,
}

impl<T> Clone for Current<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Current<'_, T> {}

/// The circumstances under which a value was said.
#[derive(Clone, Copy, Debug)]
pub struct Hearing {
    /// By whom.
    pub source: Source,
    /// When, by our clock.
    pub heard_at: Timestamp,
    /// The latest instant this statement vouches for: for a read, when it was asked; for a push, when it was
    /// made, which may be long before it arrived.
    pub vouches_at: Timestamp,
}

/// How far a clock may be ahead of ours before a statement is refused. Wide, because it is there to keep one
/// nonsensical stamp from blocking a register for ever, not to judge skew.
pub const CLOCK_AHEAD_MAX: Duration = Duration::from_secs(24 * 3600);

/// What became of an offer.
#[derive(Debug)]
pub enum Offered<T> {
    /// Nothing to show differently; marks may have moved.
    Kept(Ruling),
    /// The register to hold from now on.
    Replace(Register<T>, Ruling),
}

impl<T> Default for Register<T> {
    fn default() -> Self {
        Self { exact: None, estimate: None }
    }
}

impl<T: Clone + Ord> Register<T> {
    /// From what a store kept.
    pub fn from_parts(exact: Option<Exact<T>>, estimate: Option<Estimate<T>>) -> Self {
        Self { exact, estimate: estimate.map(Box::new) }
    }

    /// The greatest statement with a clock.
    pub const fn exact(&self) -> Option<&Exact<T>> {
        self.exact.as_ref()
    }

    /// The latest statement without one.
    pub fn estimate(&self) -> Option<&Estimate<T>> {
        self.estimate.as_deref()
    }

    /// What is to be shown. An estimate that agrees with the exact value only adds evidence to it.
    pub fn current(&self) -> Option<Current<'_, T>> {
        let exact = self.exact.as_ref().map(|exact| Current {
            value: &exact.value,
            since: Some(exact.clock.at),
            vouched_at: exact.vouched_at.get(),
        });
        let Some(estimate) = self.estimate.as_deref() else { return exact };
        let heard_at = estimate.heard_at.get();
        match exact {
            Some(exact) if heard_at <= exact.vouched_at => Some(exact),
            Some(exact) if *exact.value == estimate.value => Some(Current { vouched_at: heard_at, ..exact }),
            Some(_) => Some(Current { value: &estimate.value, since: None, vouched_at: heard_at }),
            None => {
                let vouched_at = heard_at.max(estimate.read_until.get());
                Some(Current { value: &estimate.value, since: None, vouched_at })
            }
        }
    }

    /// Moves the marks of evidence to where they stand in `other`, which must hold the same values.
    pub(crate) fn raise_marks_to(&self, other: &Self) {
        if let (Some(held), Some(other)) = (&self.exact, &other.exact) {
            held.vouched_at.raise(other.vouched_at.get());
        }
        if let (Some(held), Some(other)) = (&self.estimate, &other.estimate) {
            held.heard_at.raise(other.heard_at.get());
            held.read_until.raise(other.read_until.get());
        }
    }

    /// The same register by a clock that was set back. The platform's clock is another one, and stays.
    #[must_use]
    pub(crate) fn rewound(&self, by: Duration) -> Self {
        let exact = self.exact.as_ref();
        let exact = exact.map(|exact| Exact { vouched_at: exact.vouched_at.rewound(by), ..exact.clone() });
        let estimate = self.estimate.as_deref().map(|estimate| {
            let (heard_at, read_until) = (estimate.heard_at.rewound(by), estimate.read_until.rewound(by));
            Box::new(Estimate { value: estimate.value.clone(), heard_at, read_until })
        });
        Self { exact, estimate }
    }

    /// No change was told from the first instant to the second, so that what was vouched for since the first still
    /// stands at the second. Where there is a clock, an estimate that contradicts is left for a read to settle; where
    /// there never was one (who was never routed has none), what a read said is as good.
    pub(crate) fn cover(&self, since: Timestamp, until: Timestamp) {
        match (&self.exact, self.estimate.as_deref()) {
            (Some(exact), estimate) => {
                let vouched_at = exact.vouched_at.get();
                let doubted = estimate.is_some_and(|estimate| estimate.heard_at.get() > vouched_at);
                if vouched_at >= since && !doubted {
                    exact.vouched_at.raise(until);
                }
            }
            (None, Some(estimate)) if estimate.read_until.get() >= since => estimate.read_until.raise(until),
            (None, _) => {}
        }
    }

    /// Offers a statement.
    pub fn offer(&self, value: &T, clock: Option<Clock>, hearing: Hearing) -> Offered<T> {
        match clock {
            Some(clock) if clock.at > hearing.heard_at.after(CLOCK_AHEAD_MAX) => {
                Offered::Kept(Ruling::ClockAhead)
            }
            Some(clock) => self.offer_exact(value, clock, hearing),
            None => self.offer_estimate(value, hearing),
        }
    }

    fn offer_exact(&self, value: &T, clock: Clock, hearing: Hearing) -> Offered<T> {
        let vouched_at = Mark::new(hearing.vouches_at);
        let offered = || Exact { value: value.clone(), clock, source: hearing.source, vouched_at };
        let Some(held) = &self.exact else { return self.with_exact(offered(), Ruling::Applied) };
        match clock.at.cmp(&held.clock.at) {
            std::cmp::Ordering::Less => Offered::Kept(Ruling::Older),
            std::cmp::Ordering::Greater => self.with_exact(offered(), Ruling::Applied),
            std::cmp::Ordering::Equal => self.same_instant(held, offered(), hearing.vouches_at),
        }
    }

    /// Two statements about one instant: the greater stands, and both are evidence that nothing began since.
    fn same_instant(&self, held: &Exact<T>, offered: Exact<T>, vouches_at: Timestamp) -> Offered<T> {
        let key = |exact: &Exact<T>| (exact.clock.version, exact.source);
        let wins = (key(&offered), &offered.value) > (key(held), &held.value);
        let ruling = match (offered.value == held.value, wins) {
            (true, _) => Ruling::Duplicate,
            (false, true) => Ruling::ConflictWon,
            (false, false) => Ruling::ConflictLost,
        };
        if !wins && self.estimate.is_none() {
            held.vouched_at.raise(vouches_at);
            return Offered::Kept(ruling);
        }
        let next = if wins { offered } else { held.clone() };
        next.vouched_at.raise(vouches_at.max(held.vouched_at.get()));
        self.with_exact(next, ruling)
    }

    fn with_exact(&self, exact: Exact<T>, ruling: Ruling) -> Offered<T> {
        Offered::Replace(Self { exact: Some(exact), estimate: self.estimate.clone() }, ruling)
    }

    fn offer_estimate(&self, value: &T, hearing: Hearing) -> Offered<T> {
        let held = self.estimate.as_deref();
        if held.is_some_and(|held| (held.heard_at.get(), &held.value) >= (hearing.heard_at, value)) {
            return Offered::Kept(Ruling::Older);
        }
        if let Some(same) = held.filter(|held| self.exact.is_none() && held.value == *value) {
            same.hear(hearing);
            return Offered::Kept(Ruling::Duplicate);
        }
        let estimate = Estimate::new(value.clone(), hearing);
        let next = Self { exact: self.exact.clone(), estimate: Some(Box::new(estimate)) };
        let ruling = match next.current() {
            Some(current) if current.value != value => Ruling::Overruled,
            Some(_) | None if self.shows_same_as(&next) => Ruling::Duplicate,
            Some(_) | None => Ruling::Applied,
        };
        Offered::Replace(next, ruling)
    }

    fn shows_same_as(&self, other: &Self) -> bool {
        self.current().map(|c| (c.value, c.since)) == other.current().map(|c| (c.value, c.since))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(heard: i64) -> Hearing {
        let heard_at = Timestamp::from_millis(heard);
        Hearing { source: Source::Sweep, heard_at, vouches_at: heard_at }
    }

    fn push(heard: i64, made: i64) -> Hearing {
        Hearing {
            source: Source::Webhook,
            heard_at: Timestamp::from_millis(heard),
            vouches_at: Timestamp::from_millis(made),
        }
    }

    fn at(millis: i64) -> Option<Clock> {
        Some(Clock::at(Timestamp::from_millis(millis)))
    }

    fn ruling(register: &mut Register<u8>, value: u8, clock: Option<Clock>, hearing: Hearing) -> Ruling {
        match register.offer(&value, clock, hearing) {
            Offered::Kept(ruling) => ruling,
            Offered::Replace(next, ruling) => {
                *register = next;
                ruling
            }
        }
    }

    fn shown(register: &Register<u8>) -> Option<(u8, Option<i64>)> {
        register.current().map(|c| (*c.value, c.since.map(Timestamp::as_millis)))
    }

    #[test]
    fn the_newer_clock_wins_whatever_arrives_last() {
        let mut register = Register::default();
        assert_eq!(ruling(&mut register, 1, at(100), push(500, 100)), Ruling::Applied);
        assert_eq!(ruling(&mut register, 2, at(90), push(600, 90)), Ruling::Older);
        assert_eq!(shown(&register), Some((1, Some(100))));
    }

    #[test]
    fn two_values_of_one_clock_are_settled_by_version_then_rank_then_value() {
        let mut register = Register::default();
        ruling(&mut register, 5, at(100), push(500, 100));
        assert_eq!(ruling(&mut register, 4, at(100), push(510, 100)), Ruling::ConflictLost);
        assert_eq!(ruling(&mut register, 4, at(100), read(520)), Ruling::ConflictWon);
        let version = Some(Clock { at: Timestamp::from_millis(100), version: 9 });
        assert_eq!(ruling(&mut register, 3, version, push(530, 100)), Ruling::ConflictWon);
        assert_eq!(shown(&register), Some((3, Some(100))));
    }

    #[test]
    fn an_estimate_stands_until_a_later_read_and_no_longer() {
        let mut register = Register::default();
        ruling(&mut register, 1, at(100), read(200));
        assert_eq!(ruling(&mut register, 2, None, push(300, 300)), Ruling::Applied);
        assert_eq!(shown(&register), Some((2, None)));
        assert_eq!(ruling(&mut register, 1, at(100), read(250)), Ruling::Duplicate);
        assert_eq!(
            shown(&register),
            Some((2, None)),
            "a read made before the estimate says nothing about it"
        );
        assert_eq!(ruling(&mut register, 1, at(100), read(400)), Ruling::Duplicate);
        assert_eq!(shown(&register), Some((1, Some(100))));
        assert_eq!(ruling(&mut register, 2, None, push(350, 350)), Ruling::Overruled);
    }

    #[test]
    fn an_estimate_that_agrees_only_adds_evidence() {
        let mut register = Register::default();
        ruling(&mut register, 1, at(100), push(120, 100));
        assert_eq!(ruling(&mut register, 1, None, read(300)), Ruling::Duplicate);
        assert_eq!(shown(&register), Some((1, Some(100))));
        assert_eq!(register.current().map(|c| c.vouched_at.as_millis()), Some(300));
    }

    #[test]
    fn both_sides_of_a_conflict_are_evidence_in_either_order() {
        for order in [[(5, 10), (6, 40)], [(6, 40), (5, 10)], [(5, 40), (6, 10)], [(6, 10), (5, 40)]] {
            let mut register = Register::default();
            for (value, made) in order {
                ruling(&mut register, value, at(5), push(500, made));
            }
            assert_eq!(shown(&register), Some((6, Some(5))));
            assert_eq!(register.current().map(|c| c.vouched_at.as_millis()), Some(40));
        }
    }

    #[test]
    fn a_stale_read_does_not_vouch_for_what_is_held() {
        let mut register = Register::default();
        ruling(&mut register, 1, at(100), push(120, 100));
        assert_eq!(ruling(&mut register, 0, at(50), read(500)), Ruling::Older);
        assert_eq!(register.current().map(|c| c.vouched_at.as_millis()), Some(100));
    }

    #[test]
    fn coverage_extends_only_what_was_vouched_for_since_it_began() {
        let vouched = |register: &Register<u8>| register.current().map(|c| c.vouched_at.as_millis());
        let cover = |register: &Register<u8>, since: i64, until: i64| {
            register.cover(Timestamp::from_millis(since), Timestamp::from_millis(until));
        };
        let mut register = Register::default();
        cover(&register, 0, 900);
        assert_eq!(vouched(&register), None, "nothing held, nothing confirmed");
        ruling(&mut register, 1, at(100), read(200));
        cover(&register, 201, 900);
        assert_eq!(vouched(&register), Some(200), "not read since the channel opened");
        cover(&register, 200, 500);
        cover(&register, 200, 400);
        assert_eq!(vouched(&register), Some(500));
        ruling(&mut register, 2, None, push(600, 600));
        cover(&register, 200, 900);
        assert_eq!((shown(&register), vouched(&register)), (Some((2, None)), Some(600)), "left for a read");
    }

    #[test]
    fn coverage_extends_what_never_had_a_clock_from_a_read_and_not_from_a_push() {
        let vouched = |register: &Register<u8>| register.current().map(|c| c.vouched_at.as_millis());
        let cover = |register: &Register<u8>, since: i64, until: i64| {
            register.cover(Timestamp::from_millis(since), Timestamp::from_millis(until));
        };
        let mut register = Register::default();
        ruling(&mut register, 1, None, push(100, 90));
        cover(&register, 50, 200);
        assert_eq!(vouched(&register), Some(100), "another push may have been overtaken by this one");
        assert_eq!(ruling(&mut register, 1, None, read(300)), Ruling::Duplicate);
        cover(&register, 301, 900);
        assert_eq!(vouched(&register), Some(300), "not read since the channel opened");
        cover(&register, 50, 400);
        assert_eq!(vouched(&register), Some(400));
        assert_eq!(ruling(&mut register, 1, None, push(500, 450)), Ruling::Duplicate);
        cover(&register, 401, 900);
        assert_eq!(vouched(&register), Some(500), "a push after a gap is no reading");
        cover(&register, 50, 600);
        assert_eq!(vouched(&register), Some(600), "it contradicted nothing");
        assert_eq!(ruling(&mut register, 2, None, push(550, 550)), Ruling::Applied);
        assert_eq!((shown(&register), vouched(&register)), (Some((2, None)), Some(550)));
        assert_eq!(ruling(&mut register, 3, at(580), push(590, 580)), Ruling::Applied);
        assert_eq!(shown(&register), Some((3, Some(580))), "coverage takes no part in any order");
    }

    #[test]
    fn a_clock_from_the_far_future_cannot_block_a_register() {
        let mut register = Register::default();
        let day_and_more = i64::try_from(CLOCK_AHEAD_MAX.as_millis()).unwrap() + 1_001;
        assert_eq!(ruling(&mut register, 1, at(day_and_more), push(1_000, 1_000)), Ruling::ClockAhead);
        assert_eq!(shown(&register), None);
    }
}
