//! In which order the agents are read again whose changes may have gone unheard, and how often. Pure.
//!
//! Each is asked for once a round. Whoever was not made current by that (the platform left the state out, or told an
//! older one) waits for the next round, and rounds become rarer: full listings come by, too.

use std::collections::BTreeSet;
use std::time::Duration;

use onduty_core::agent::UserId;
use onduty_core::time::Timestamp;

/// From one round to the next, doubled each time.
const BETWEEN: (Duration, Duration) = (Duration::from_secs(5), Duration::from_secs(300));

/// A full listing at full speed has this long to get to an agent.
const LISTING: Duration = Duration::from_secs(60);

/// The reading that a gap made necessary.
#[derive(Clone, Debug, Default)]
pub(super) struct Mending {
    asked: BTreeSet<UserId>,
    rounds: u32,
    /// Everybody has been asked for, and is again after that.
    round_ends_at: Option<Timestamp>,
    /// Nobody is asked for before.
    rests_until: Option<Timestamp>,
}

/// What to read next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// These.
    Read(Vec<UserId>),
    /// Nobody before that instant.
    Rest(Timestamp),
    /// Nobody is left.
    Done,
}

impl Mending {
    /// There is a new gap: everybody may be asked for again at once.
    pub(super) fn again(&mut self) {
        *self = Self::default();
    }

    /// Somebody's change went by unheard: asked for at once, although the round may be over.
    pub(super) fn also(&mut self, agent: &UserId) {
        self.asked.remove(agent);
    }

    /// A full listing is about to read everybody: only whoever it misses is asked for.
    pub(super) fn leave_to_listing(&mut self, now: Timestamp) {
        self.rests_until = Some(now.after(LISTING));
    }

    /// Whom to ask for next, of those who are to be read.
    pub(super) fn next<'a>(
        &mut self,
        unread: impl Iterator<Item = &'a UserId>,
        batch: usize,
        now: Timestamp,
    ) -> Next {
        let mut left = unread.peekable();
        if left.peek().is_none() {
            self.again();
            return Next::Done;
        }
        if let Some(until) = self.rests_until.filter(|until| now < *until) {
            return Next::Rest(until);
        }
        self.rests_until = None;
        if self.round_ends_at.take_if(|until| now >= *until).is_some() {
            self.asked.clear();
        }
        let asked = &self.asked;
        let next: Vec<UserId> = left.filter(|agent| !asked.contains(*agent)).take(batch).cloned().collect();
        if next.is_empty() {
            if let Some(until) = self.round_ends_at {
                return Next::Rest(until);
            }
            let (first, longest) = BETWEEN;
            let until = now.after(first.saturating_mul(1 << self.rounds.min(16)).min(longest));
            self.rounds += 1;
            self.round_ends_at = Some(until);
            return Next::Rest(until);
        }
        self.asked.extend(next.iter().cloned());
        Next::Read(next)
    }

    /// Whether everybody has been asked for at least once since the gap.
    pub(super) const fn has_asked_everybody(&self) -> bool {
        self.rounds > 0
    }

    /// The platform gave no answer about these: they are asked for again after that instant.
    pub(super) fn failed(&mut self, agents: &[UserId], until: Timestamp) {
        self.asked.retain(|asked| !agents.contains(asked));
        self.rests_until = Some(until);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn users(names: &str) -> Vec<UserId> {
        names.chars().map(|name| UserId::from(name.to_string().as_str())).collect()
    }

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_millis(seconds * 1_000)
    }

    #[test]
    fn each_is_asked_for_once_a_round_and_rounds_become_rarer() {
        let mut mending = Mending::default();
        let all = users("abc");
        assert_eq!(mending.next(all.iter(), 2, at(0)), Next::Read(users("ab")));
        assert_eq!(mending.next(all.iter(), 2, at(0)), Next::Read(users("c")));
        assert!(!mending.has_asked_everybody());
        assert_eq!(
            mending.next(all.iter(), 2, at(0)),
            Next::Rest(at(5)),
            "all of them are still not current"
        );
        assert!(mending.has_asked_everybody());
        assert_eq!(mending.next(all.iter(), 2, at(4)), Next::Rest(at(5)));
        assert_eq!(mending.next(users("b").iter(), 2, at(5)), Next::Read(users("b")));
        assert_eq!(mending.next(users("b").iter(), 2, at(5)), Next::Rest(at(15)));
        assert_eq!(mending.next([].iter(), 2, at(6)), Next::Done);
        assert_eq!(
            mending.next(users("b").iter(), 2, at(6)),
            Next::Read(users("b")),
            "a new gap begins anew"
        );
    }

    #[test]
    fn whose_change_goes_by_between_two_rounds_does_not_wait_for_the_next() {
        let mut mending = Mending::default();
        let withheld = users("ab");
        assert_eq!(mending.next(withheld.iter(), 9, at(0)), Next::Read(users("ab")));
        assert_eq!(mending.next(withheld.iter(), 9, at(0)), Next::Rest(at(5)));
        mending.also(&withheld[1]);
        assert_eq!(mending.next(withheld.iter(), 9, at(1)), Next::Read(users("b")));
        assert_eq!(mending.next(withheld.iter(), 9, at(1)), Next::Rest(at(5)), "the others wait for theirs");
        assert_eq!(mending.next(withheld.iter(), 9, at(5)), Next::Read(users("ab")));
    }

    #[test]
    fn whoever_could_not_be_read_is_asked_for_again() {
        let mut mending = Mending::default();
        assert_eq!(mending.next(users("ab").iter(), 9, at(0)), Next::Read(users("ab")));
        mending.failed(&users("ab"), at(30));
        assert_eq!(mending.next(users("ab").iter(), 9, at(29)), Next::Rest(at(30)));
        assert_eq!(mending.next(users("ab").iter(), 9, at(30)), Next::Read(users("ab")));
    }
}
