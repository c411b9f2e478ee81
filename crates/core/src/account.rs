//! How a list relates to the whole directory. Every agent that exists stands in exactly one place of the account,
//! so a list can't lose anybody in silence.

use std::collections::BTreeMap;

use crate::agent::AccountState;
use crate::finding::Reason;
use crate::row::Row;
use crate::selector::Selector;

/// Where one existing agent stands in a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// It has a state and is selected.
    Shown,
    /// It has a state and is not selected.
    Filtered,
    /// It has no state, and this is why.
    Withheld(Reason),
    /// Nothing is known of its state yet.
    Unknown,
}

/// How many agents stand where.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Account {
    /// Selected, with a state.
    pub shown: u64,
    /// With a state, not selected.
    pub filtered: u64,
    /// Without a state, by reason.
    pub withheld: BTreeMap<Reason, u64>,
    /// Without a state, and nothing shows why yet.
    pub unknown: u64,
}

impl Place {
    /// Where an agent that exists stands. Whoever is logged out has a state, too: that nobody is logged in.
    pub fn of(row: &Row, selector: &Selector) -> Self {
        match row.account() {
            // Whatever is held of its state is left over from before.
            Some(AccountState::Inactive) => Self::Withheld(Reason::AgentInactive),
            Some(_) | None if !row.has_state() => Self::Unknown,
            Some(_) | None if selector.matches(row) => Self::Shown,
            Some(_) | None => Self::Filtered,
        }
    }

    /// With a reason, where what is known of the token's rights gives one for an agent of whom nothing is shown.
    #[must_use]
    pub fn or_withheld(self, hindrance: impl FnOnce() -> Option<Reason>) -> Self {
        match self {
            Self::Unknown => hindrance().map_or(self, Self::Withheld),
            Self::Shown | Self::Filtered | Self::Withheld(_) => self,
        }
    }
}

impl Account {
    /// Enters one agent.
    pub fn enter(&mut self, place: Place) {
        match place {
            Place::Shown => self.shown += 1,
            Place::Filtered => self.filtered += 1,
            Place::Withheld(reason) => *self.withheld.entry(reason).or_default() += 1,
            Place::Unknown => self.unknown += 1,
        }
    }

    /// Everybody: shown, filtered, withheld and unknown.
    pub fn directory_total(&self) -> u64 {
        let withheld = self.withheld.values().fold(0_u64, |sum, count| sum.saturating_add(*count));
        self.shown.saturating_add(self.filtered).saturating_add(withheld).saturating_add(self.unknown)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;
    use crate::agent::{DivisionId, UserId};
    use crate::cursor::Epoch;
    use crate::observation::{Input, Observation, Said, Source, Statement};
    use crate::roster::Roster;
    use crate::time::Timestamp;

    /// An agent of one of the four kinds: its division, whether its login is known, and its account.
    fn heard(
        user: u8,
        division: u8,
        login: Option<bool>,
        account: Option<AccountState>,
        absent: bool,
    ) -> Input {
        let statement = Statement {
            division_id: Some(DivisionId::from(division.to_string().as_str())),
            login: login.map(|value| Said { value, clock: None }),
            account,
            absent,
            ..Statement::default()
        };
        Input::Observation(Box::new(Observation {
            user_id: UserId::from(user.to_string().as_str()),
            source: Source::Sweep,
            heard_at: Timestamp::from_millis(1_000 + i64::from(absent)),
            as_of: None,
            event_id: None,
            statement,
        }))
    }

    fn account_of(roster: &Roster, selector: &Selector) -> Account {
        let mut account = Account::default();
        for row in roster.snapshot().present_after(None) {
            account.enter(Place::of(row, selector));
        }
        account
    }

    #[test]
    fn each_kind_of_agent_has_its_place() {
        let division_one =
            Selector { division_ids: BTreeSet::from([DivisionId::from("1")]), ..Selector::default() };
        let mut roster = Roster::new(Epoch(1));
        for input in [
            heard(1, 1, Some(true), None, false),
            heard(2, 1, Some(false), None, false),
            heard(3, 2, Some(true), None, false),
            heard(4, 1, None, Some(AccountState::Inactive), false),
            heard(5, 1, None, Some(AccountState::Active), false),
            heard(6, 1, None, None, false),
            heard(7, 1, Some(true), None, true),
            heard(8, 1, Some(true), Some(AccountState::Inactive), false),
        ] {
            roster.step(&input);
        }
        let expected = Account {
            shown: 2,
            filtered: 1,
            withheld: BTreeMap::from([(Reason::AgentInactive, 2)]),
            unknown: 2,
        };
        assert_eq!(account_of(&roster, &division_one), expected);
        assert_eq!(expected.directory_total(), 7);
    }

    proptest! {
        #[test]
        fn the_account_adds_up_to_the_directory(
            agents in proptest::collection::vec(
                (any::<u8>(), 0..3_u8, any::<Option<bool>>(), 0..4_u8, any::<bool>()), 0..60),
            logged_in in any::<Option<bool>>(),
        ) {
            let mut roster = Roster::new(Epoch(1));
            for (user, division, login, account, absent) in agents {
                let account = [
                    None, Some(AccountState::Active), Some(AccountState::Inactive), Some(AccountState::Deleted),
                ][usize::from(account)];
                roster.step(&heard(user, division, login, account, absent));
            }
            let selector = Selector { logged_in, ..Selector::default() };
            let total = account_of(&roster, &selector).directory_total();
            prop_assert_eq!(total, roster.snapshot().directory_total() as u64);
        }
    }
}
