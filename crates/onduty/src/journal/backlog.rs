//! Which agents' rows are newer in the history than in the table of agents, and since which entry.
//!
//! An agent that changes again before it was folded is written once, not twice; its place in the queue moves to
//! its newest entry, because that alone has to be replayed.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::Bound;

use onduty_core::agent::UserId;

/// Rows that wait to be folded.
#[derive(Debug, Default)]
pub(super) struct Backlog {
    by_seq: BTreeMap<u64, UserId>,
    newest: HashMap<UserId, u64>,
    /// Agents whose marks of evidence moved since they were written.
    vouched: BTreeSet<UserId>,
    /// Where the walk through `vouched` stands: in order of key, so that neighbours share a page.
    walked_to: Option<UserId>,
}

impl Backlog {
    /// An entry changed what is held of an agent.
    pub(super) fn changed(&mut self, seq: u64, user_id: UserId) {
        self.vouched.remove(&user_id);
        if let Some(older) = self.newest.insert(user_id.clone(), seq) {
            self.by_seq.remove(&older);
        }
        self.by_seq.insert(seq, user_id);
    }

    /// Only evidence about an agent moved.
    pub(super) fn vouched(&mut self, user_id: UserId) {
        // A row that waits to be folded is written with the marks that it has by then.
        if !self.newest.contains_key(&user_id) {
            self.vouched.insert(user_id);
        }
    }

    /// How many rows wait because of a change, and because of evidence only.
    pub(super) fn len(&self) -> (usize, usize) {
        (self.by_seq.len(), self.vouched.len())
    }

    /// The next rows to fold, changes first, oldest first.
    pub(super) fn next(&self, max: usize) -> Vec<UserId> {
        let changed = self.by_seq.values().take(max);
        let room = max.saturating_sub(self.by_seq.len());
        let start = self.walked_to.as_ref().map_or(Bound::Unbounded, Bound::Excluded);
        let ahead = self.vouched.range::<UserId, _>((start, Bound::Unbounded));
        let wrapped = self
            .vouched
            .iter()
            .take_while(|user_id| self.walked_to.as_ref().is_some_and(|to| *user_id <= to));
        changed.chain(ahead.chain(wrapped).take(room)).cloned().collect()
    }

    /// These were folded.
    pub(super) fn folded(&mut self, user_ids: &[UserId]) {
        for user_id in user_ids {
            if let Some(seq) = self.newest.remove(user_id) {
                self.by_seq.remove(&seq);
            } else if self.vouched.remove(user_id) {
                self.walked_to = Some(user_id.clone());
            }
        }
    }

    /// Up to which entry everything is folded once these are, if the newest entry is `last`.
    pub(super) fn folded_up_to(&self, folding: &[UserId], last: u64) -> u64 {
        let folding: BTreeSet<u64> = folding.iter().filter_map(|id| self.newest.get(id).copied()).collect();
        let oldest_left = self.by_seq.keys().find(|seq| !folding.contains(seq));
        oldest_left.map_or(last, |seq| seq - 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(name: &str) -> UserId {
        UserId::from(name)
    }

    #[test]
    fn an_agent_that_changes_again_is_folded_once_and_holds_nobody_back() {
        let mut backlog = Backlog::default();
        for (seq, name) in [(1, "ada"), (2, "bob"), (3, "ada")] {
            backlog.changed(seq, id(name));
        }
        assert_eq!(backlog.next(9), [id("bob"), id("ada")]);
        assert_eq!(backlog.folded_up_to(&[], 3), 1, "entry 1 is superseded by entry 3");
        assert_eq!(backlog.folded_up_to(&[id("bob")], 3), 2);
        backlog.folded(&[id("bob"), id("ada")]);
        assert_eq!((backlog.len(), backlog.folded_up_to(&[], 3)), ((0, 0), 3));
    }

    #[test]
    fn evidence_waits_behind_changes_and_is_walked_in_order_of_key() {
        let mut backlog = Backlog::default();
        for name in ["dan", "bob", "cyd"] {
            backlog.vouched(id(name));
        }
        backlog.changed(1, id("ada"));
        backlog.vouched(id("ada"));
        assert_eq!(backlog.next(3), [id("ada"), id("bob"), id("cyd")]);
        backlog.folded(&backlog.next(3));
        backlog.vouched(id("abe"));
        assert_eq!(backlog.next(9), [id("dan"), id("abe")]);
        assert_eq!(backlog.folded_up_to(&[], 1), 1, "evidence holds nothing back");
    }
}
