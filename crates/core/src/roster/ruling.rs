//! The rules by which a statement is judged, and their words: what a timeline says when somebody asks why.

use super::{Outcome, Rulings};

/// The rule that decided about one facet of one statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ruling {
    /// It is newer than what was held.
    Applied,
    /// Same clock and same value as held: evidence, not news.
    Duplicate,
    /// Older than what is held.
    Older,
    /// Same clock, another value; the rank of its source (then the value) won.
    ConflictWon,
    /// Same clock, another value; it lost.
    ConflictLost,
    /// It had no clock, and a later read vouches for what is held.
    Overruled,
    /// Its clock lies more than [`CLOCK_AHEAD_MAX`](super::register::CLOCK_AHEAD_MAX) in our future: nonsense, or
    /// somebody's clock is badly wrong.
    ClockAhead,
    /// It tells the presence at a source that is not the one which counts for this agent.
    NotPrimary,
}

impl Ruling {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Applied,
        Self::Duplicate,
        Self::Older,
        Self::ConflictWon,
        Self::ConflictLost,
        Self::Overruled,
        Self::ClockAhead,
        Self::NotPrimary,
    ];

    /// The name used in stores and on the wire.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Applied => "applied",
            Self::Duplicate => "duplicate",
            Self::Older => "older",
            Self::ConflictWon => "conflict_won",
            Self::ConflictLost => "conflict_lost",
            Self::Overruled => "overruled",
            Self::ClockAhead => "clock_ahead",
            Self::NotPrimary => "not_primary",
        }
    }

    /// The ruling of that name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|ruling| ruling.name() == name)
    }

    /// The rule in words, as they follow "because it is".
    pub const fn words(self) -> &'static str {
        match self {
            Self::Applied => "newest heard so far",
            Self::Duplicate => "duplicate",
            Self::Older => "older than what we hold",
            Self::ConflictWon => "same instant as what we held, of higher rank",
            Self::ConflictLost => "same instant as what we hold, of lower rank",
            Self::Overruled => "without a clock, and a later read says otherwise",
            Self::ClockAhead => "dated more than a day ahead of our clock",
            Self::NotPrimary => "not the primary presence source",
        }
    }
}

impl Rulings {
    /// The ruling that made the outcome what it is; `None` if no facet's did.
    pub fn decisive(&self, outcome: Outcome) -> Option<Ruling> {
        let decides = |ruling: &Ruling| match outcome {
            Outcome::Applied => matches!(ruling, Ruling::Applied | Ruling::ConflictWon),
            Outcome::Duplicate => matches!(ruling, Ruling::Duplicate),
            Outcome::Stale => matches!(ruling, Ruling::Older | Ruling::ConflictLost | Ruling::Overruled),
            Outcome::Rejected => matches!(ruling, Ruling::ClockAhead | Ruling::NotPrimary),
        };
        self.iter().map(|(_, ruling)| ruling).find(decides)
    }
}

impl Outcome {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Applied, Self::Duplicate, Self::Stale, Self::Rejected];

    /// The name used in metrics, stores and the timeline.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Applied => "applied",
            Self::Duplicate => "duplicate",
            Self::Stale => "stale",
            Self::Rejected => "rejected",
        }
    }

    /// The outcome of that name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|outcome| outcome.name() == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_ruling_has_a_name_of_its_own_and_words_of_its_own() {
        for ruling in Ruling::ALL {
            assert_eq!(Ruling::named(ruling.name()), Some(ruling));
            // Exhaustive, so that a new rule is not told in words that nobody chose.
            let words = match ruling {
                Ruling::Applied => "newest heard so far",
                Ruling::Duplicate => "duplicate",
                Ruling::Older => "older than what we hold",
                Ruling::ConflictWon => "same instant as what we held, of higher rank",
                Ruling::ConflictLost => "same instant as what we hold, of lower rank",
                Ruling::Overruled => "without a clock, and a later read says otherwise",
                Ruling::ClockAhead => "dated more than a day ahead of our clock",
                Ruling::NotPrimary => "not the primary presence source",
            };
            assert_eq!(ruling.words(), words);
        }
        let distinct: BTreeSet<_> = Ruling::ALL.map(Ruling::words).into();
        assert_eq!(distinct.len(), Ruling::ALL.len());
        assert_eq!(Ruling::named("maybe"), None);
    }

    #[test]
    fn every_outcome_is_found_by_its_name() {
        for outcome in Outcome::ALL {
            assert_eq!(Outcome::named(outcome.name()), Some(outcome));
        }
        assert_eq!(Outcome::named("removed"), None);
    }
}
