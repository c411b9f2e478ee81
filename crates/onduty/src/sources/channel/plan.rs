//! Which agent is listened to on which channel. Pure.
//!
//! An agent stays where it is for as long as it exists, so that nobody's topic moves because somebody else was hired.
//! Newcomers fill the fullest channel that has room; when everybody would fit into one channel fewer with room to
//! spare, the emptiest one is given up. Whoever has no place is named: full listings are all that covers them.

use std::collections::{BTreeMap, BTreeSet};

use onduty_core::agent::UserId;

/// A channel's place in the plan. Its channel at the platform may change, its place does not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct LineId(pub(super) u32);

/// Who is listened to where.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    lines_max: usize,
    topics_max: usize,
    lines: BTreeMap<LineId, BTreeSet<UserId>>,
    homes: BTreeMap<UserId, LineId>,
    homeless: BTreeSet<UserId>,
    next: u32,
}

/// What is different since the plan was last followed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Difference {
    /// Channels that have other agents than before, new ones included.
    pub(super) changed: BTreeSet<LineId>,
    /// Channels that are given up.
    pub(super) closed: BTreeSet<LineId>,
}

impl Plan {
    /// A plan for so many channels of so many topics, with nobody in it.
    pub(super) const fn new(lines_max: usize, topics_max: usize) -> Self {
        Self {
            lines_max,
            topics_max,
            lines: BTreeMap::new(),
            homes: BTreeMap::new(),
            homeless: BTreeSet::new(),
            next: 0,
        }
    }

    /// Makes room for exactly these agents.
    pub(super) fn follow(&mut self, agents: &BTreeSet<UserId>) -> Difference {
        let mut difference = Difference::default();
        self.remove_all_but(agents, &mut difference);
        self.close_what_is_spare(&mut difference);
        let homes = &self.homes;
        let newcomers: Vec<UserId> =
            agents.iter().filter(|agent| !homes.contains_key(*agent)).cloned().collect();
        self.homeless.clear();
        for agent in newcomers {
            match self.roomiest_use() {
                Some(line) => self.settle(agent, line, &mut difference),
                None => drop(self.homeless.insert(agent)),
            }
        }
        difference
    }

    /// The agents of a channel.
    pub(super) fn agents(&self, line: LineId) -> BTreeSet<UserId> {
        self.lines.get(&line).cloned().unwrap_or_default()
    }

    /// How many channels it has.
    pub(super) fn lines(&self) -> usize {
        self.lines.len()
    }

    /// How many topics they carry together.
    pub(super) fn topics(&self) -> usize {
        self.homes.len()
    }

    /// Agents for whom there is no topic left.
    pub(super) fn homeless(&self) -> usize {
        self.homeless.len()
    }

    /// How many channels could be made beside these.
    pub(super) fn spare(&self) -> usize {
        self.lines_max.saturating_sub(self.lines.len())
    }

    fn remove_all_but(&mut self, agents: &BTreeSet<UserId>, difference: &mut Difference) {
        for (id, line) in &mut self.lines {
            let before = line.len();
            line.retain(|agent| agents.contains(agent));
            if line.len() < before {
                difference.changed.insert(*id);
            }
        }
        self.homes.retain(|agent, _| agents.contains(agent));
        let empty: Vec<LineId> =
            self.lines.iter().filter(|(_, line)| line.is_empty()).map(|(id, _)| *id).collect();
        empty.into_iter().for_each(|id| self.close(id, difference));
    }

    /// A tenth of what the remaining channels hold is kept free, or they would be opened again with the next hire.
    fn close_what_is_spare(&mut self, difference: &mut Difference) {
        let fits = |lines: usize, agents: usize| agents <= lines.saturating_sub(1) * self.topics_max * 9 / 10;
        if self.lines.len() < 2 || !fits(self.lines.len(), self.homes.len()) {
            return;
        }
        let Some((&emptiest, _)) = self.lines.iter().min_by_key(|(_, line)| line.len()) else { return };
        let moving = self.lines.get(&emptiest).cloned().unwrap_or_default();
        self.close(emptiest, difference);
        for agent in moving {
            self.homes.remove(&agent);
        }
    }

    fn close(&mut self, id: LineId, difference: &mut Difference) {
        self.lines.remove(&id);
        difference.changed.remove(&id);
        difference.closed.insert(id);
    }

    /// The fullest channel that has room, or a new one.
    fn roomiest_use(&mut self) -> Option<LineId> {
        let with_room = self.lines.iter().filter(|(_, line)| line.len() < self.topics_max);
        if let Some((id, _)) = with_room.max_by_key(|(_, line)| line.len()) {
            return Some(*id);
        }
        if self.lines.len() >= self.lines_max {
            return None;
        }
        let id = LineId(self.next);
        self.next += 1;
        self.lines.insert(id, BTreeSet::new());
        Some(id)
    }

    fn settle(&mut self, agent: UserId, line: LineId, difference: &mut Difference) {
        self.homes.insert(agent.clone(), line);
        self.lines.entry(line).or_default().insert(agent);
        difference.changed.insert(line);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn agents(numbers: impl IntoIterator<Item = u32>) -> BTreeSet<UserId> {
        numbers.into_iter().map(|number| UserId::from(format!("u{number:05}").as_str())).collect()
    }

    fn lines(ids: impl IntoIterator<Item = u32>) -> BTreeSet<LineId> {
        ids.into_iter().map(LineId).collect()
    }

    #[test]
    fn channels_are_filled_one_after_the_other_and_the_rest_is_named() {
        let mut plan = Plan::new(3, 10);
        let first = plan.follow(&agents(0..25));
        assert_eq!(first, Difference { changed: lines(0..3), closed: lines([]) });
        assert_eq!((plan.lines(), plan.topics(), plan.homeless(), plan.spare()), (3, 25, 0, 0));
        let hired = plan.follow(&agents(0..34));
        assert_eq!(hired.changed, lines([2]), "only the channel with room is told");
        assert_eq!((plan.topics(), plan.homeless()), (30, 4));
        let left = plan.follow(&agents((0..34).filter(|number| *number != 3)));
        assert_eq!(left.changed, lines([0]), "whoever has no place takes the one that became free");
        assert_eq!((plan.topics(), plan.homeless()), (30, 3));
        assert_eq!(plan.follow(&agents((0..34).filter(|number| *number != 3))), Difference::default());
    }

    #[test]
    fn the_emptiest_channel_is_given_up_when_the_others_hold_all_with_room_to_spare() {
        let mut plan = Plan::new(5, 10);
        plan.follow(&agents(0..30));
        assert_eq!(plan.follow(&agents(0..29)).closed, lines([]));
        assert_eq!(plan.follow(&agents(0..19)).closed, lines([2]), "empty");
        let moved = plan.follow(&agents((0..7).chain([18])));
        assert_eq!((moved.closed, moved.changed), (lines([1]), lines([0])));
        assert_eq!((plan.lines(), plan.topics()), (1, 8));
        assert_eq!(plan.follow(&agents([])).closed, lines([0]));
    }

    proptest! {
        #[test]
        fn everybody_has_exactly_one_place_or_is_named(
            rounds in proptest::collection::vec(proptest::collection::btree_set(0..60_u32, 0..60), 1..12),
        ) {
            let mut plan = Plan::new(4, 9);
            for round in rounds {
                let wanted = agents(round);
                let before = plan.homes.clone();
                let difference = plan.follow(&wanted);
                let placed: Vec<&UserId> = plan.lines.values().flatten().collect();
                prop_assert_eq!(placed.len(), plan.homes.len());
                prop_assert!(plan.lines.values().all(|line| !line.is_empty() && line.len() <= 9));
                prop_assert!(plan.lines.len() <= 4);
                prop_assert_eq!(plan.homes.len() + plan.homeless(), wanted.len());
                prop_assert!(plan.homeless() == 0 || plan.homes.len() == 36, "nobody is left out while there is room");
                for (agent, home) in &plan.homes {
                    let moved = before.get(agent).is_some_and(|old| old != home);
                    prop_assert!(!moved || difference.closed.contains(&before[agent]));
                    prop_assert!(before.get(agent) == Some(home) || difference.changed.contains(home));
                }
            }
        }
    }
}
