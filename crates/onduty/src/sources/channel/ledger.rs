//! Since when each agent of a channel is covered: whose changes would have been heard without a gap, and who must be
//! read again because they would not. Pure.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use onduty_core::agent::UserId;
use onduty_core::observation::Coverage;
use onduty_core::snapshot::Snapshot;
use onduty_core::time::Timestamp;

/// Events are "seconds" late at most, so that a sign of life vouches for nothing younger than this.
pub(super) const DELIVERY: Duration = Duration::from_secs(5);
/// A topic is taken for live this long after the platform said so: it does not say whether it is at once.
pub(super) const SETTLING: Duration = Duration::from_secs(1);

/// Who is covered, and since when without a gap.
#[derive(Clone, Debug, Default)]
pub(super) struct Ledger {
    since: BTreeMap<UserId, Timestamp>,
}

impl Ledger {
    /// Agents whose topics are live since that instant. Whoever was covered already stays so since before.
    pub(super) fn cover<'a>(&mut self, agents: impl IntoIterator<Item = &'a UserId>, since: Timestamp) {
        for agent in agents {
            self.since.entry(agent.clone()).or_insert(since);
        }
    }

    /// Only these are covered any longer.
    pub(super) fn keep(&mut self, agents: &BTreeSet<UserId>) {
        self.since.retain(|agent, _| agents.contains(agent));
    }

    /// A change of an agent went by unheard: whatever is vouched for counts from that instant on. Says whether it counted.
    pub(super) fn doubt(&mut self, agent: &UserId, since: Timestamp) -> bool {
        self.since.get_mut(agent).is_some_and(|covered_since| {
            *covered_since = since.max(*covered_since);
            true
        })
    }

    /// A change of somebody went by unheard, and nobody knows whose it was.
    pub(super) fn doubt_all(&mut self, since: Timestamp) {
        self.since.values_mut().for_each(|covered_since| *covered_since = since.max(*covered_since));
    }

    /// There is a gap: nobody is covered any longer.
    pub(super) fn gap(&mut self) {
        self.since.clear();
    }

    /// How many are covered.
    pub(super) fn covered(&self) -> usize {
        self.since.len()
    }

    /// Since when all of them are covered.
    pub(super) fn whole_since(&self) -> Option<Timestamp> {
        self.since.values().max().copied()
    }

    /// What a sign of life at an instant vouches for.
    pub(super) fn marks(&self, alive_at: Timestamp) -> Vec<Coverage> {
        let until = alive_at.before(DELIVERY);
        let mut cohorts: BTreeMap<Timestamp, Vec<UserId>> = BTreeMap::new();
        for (agent, since) in self.since.iter().filter(|(_, since)| **since < until) {
            cohorts.entry(*since).or_default().push(agent.clone());
        }
        let coverage =
            |(since, agents): (Timestamp, Vec<UserId>)| Coverage { agents: Arc::from(agents), since, until };
        cohorts.into_iter().map(coverage).collect()
    }

    /// Agents who are covered now, and of whom nobody vouched since then: something may have changed before, unheard.
    pub(super) fn unread<'a>(
        &'a self,
        snapshot: &'a Snapshot,
        now: Timestamp,
    ) -> impl Iterator<Item = &'a UserId> {
        let unread = move |(agent, since): &(&UserId, &Timestamp)| {
            let row = snapshot.by_user_id(agent.as_str()).filter(|row| row.present);
            // Evidence of an instant to come was stamped before our clock was set back, and is none of what came after.
            let is_evidence = |at: Timestamp| (**since..=now.after(SETTLING)).contains(&at);
            **since <= now && row.is_some_and(|row| !is_evidence(row.confirmed_at()))
        };
        self.since.iter().filter(unread).map(|(agent, _)| agent)
    }
}

#[cfg(test)]
mod tests {
    use onduty_core::agent::RoutingStatus;
    use onduty_core::cursor::Epoch;
    use onduty_core::observation::{Clock, Input, Observation, Said, Source, Statement};
    use onduty_core::roster::Roster;

    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_millis(seconds * 1_000)
    }

    fn user(name: &str) -> UserId {
        UserId::from(name)
    }

    fn read(name: &str, seconds: i64) -> Input {
        let said = Said { value: RoutingStatus::Idle, clock: Some(Clock::at(at(1))) };
        Input::Observation(Box::new(Observation {
            user_id: user(name),
            source: Source::Sweep,
            heard_at: at(seconds),
            as_of: None,
            event_id: None,
            statement: Statement { routing_status: Some(said), ..Statement::default() },
        }))
    }

    #[test]
    fn a_sign_of_life_vouches_from_each_agents_first_covered_instant() {
        let mut ledger = Ledger::default();
        ledger.cover([&user("a"), &user("b")], at(100));
        ledger.cover([&user("a"), &user("c")], at(200));
        let marks = ledger.marks(at(160));
        assert_eq!(marks.len(), 1, "c is not covered long enough");
        assert_eq!(
            (&*marks[0].agents, marks[0].since, marks[0].until),
            (&[user("a"), user("b")][..], at(100), at(155))
        );
        assert_eq!(ledger.marks(at(300)).len(), 2);
        ledger.gap();
        assert!(ledger.marks(at(300)).is_empty());
        ledger.cover([&user("a")], at(400));
        assert_eq!(ledger.marks(at(500))[0].since, at(400), "what was before the gap does not count");
    }

    #[test]
    fn whose_change_could_not_be_read_is_to_be_read_again_and_not_vouched_for_before() {
        let mut roster = Roster::new(Epoch(1));
        let mut ledger = Ledger::default();
        ledger.cover([&user("a"), &user("b")], at(100));
        for name in ["a", "b"] {
            roster.step(&read(name, 110));
        }
        for mark in ledger.marks(at(200)) {
            roster.step(&Input::Coverage(mark));
        }
        assert!(ledger.doubt(&user("a"), at(201)));
        assert!(!ledger.doubt(&user("stranger"), at(201)));
        for mark in ledger.marks(at(300)) {
            roster.step(&Input::Coverage(mark));
        }
        let snapshot = roster.snapshot();
        let confirmed = |name: &str| snapshot.by_user_id(name).unwrap().confirmed_at();
        assert_eq!((confirmed("a"), confirmed("b")), (at(195), at(295)), "its mark stands still");
        let unread: Vec<&UserId> = ledger.unread(&snapshot, at(300)).collect();
        assert_eq!(unread, [&user("a")]);
        ledger.doubt_all(at(301));
        assert_eq!(ledger.unread(&snapshot, at(301)).count(), 2, "it might have been anybody's");
    }

    #[test]
    fn a_reading_stamped_before_the_clock_was_set_back_is_no_evidence() {
        let mut roster = Roster::new(Epoch(1));
        roster.step(&read("a", 4_000));
        let mut ledger = Ledger::default();
        ledger.cover([&user("a")], at(401));
        assert_eq!(ledger.unread(&roster.snapshot(), at(402)).count(), 1);
        assert_eq!(ledger.unread(&roster.snapshot(), at(4_000)).count(), 0);
    }

    #[test]
    fn exactly_those_not_read_since_the_gap_are_to_be_read() {
        let mut roster = Roster::new(Epoch(1));
        for input in [read("a", 90), read("b", 101), read("gone", 10)] {
            roster.step(&input);
        }
        let mut ledger = Ledger::default();
        ledger.cover([&user("a"), &user("b"), &user("stranger")], at(100));
        let unread = |ledger: &Ledger, now| -> Vec<UserId> {
            ledger.unread(&roster.snapshot(), at(now)).cloned().collect()
        };
        assert_eq!(unread(&ledger, 99), [], "a read before the topics are live would prove nothing");
        assert_eq!(unread(&ledger, 100), [user("a")]);
        roster.step(&read("a", 100));
        assert_eq!(ledger.unread(&roster.snapshot(), at(101)).count(), 0);
    }
}
