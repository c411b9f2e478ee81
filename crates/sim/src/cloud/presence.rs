//! Presences: what an agent picks, and the system presence that each definition maps to.

use super::chance::Chance;
use super::id::Id;
use super::moves::Pick;

/// The platform's own presences. Each organisation's definitions map to one of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SystemPresence {
    /// Ready, not taking routed work.
    Available,
    /// Client in use elsewhere.
    Away,
    /// Not to be disturbed.
    Busy,
    /// Short pause.
    Break,
    /// Long pause.
    Meal,
    /// In a meeting.
    Meeting,
    /// In training.
    Training,
    /// Client inactive. Unrelated to the routing status of the same name.
    Idle,
    /// Nobody there.
    Offline,
    /// Taking routed work.
    OnQueue,
}

/// How REST answers spell `OnQueue`; seen on the wire as `On Queue`, in the definition enum as `OnQueue`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spelling {
    /// `On Queue`
    Blank,
    /// `OnQueue`
    Joined,
    /// `ON_QUEUE`, the spelling of events
    Upper,
}

impl SystemPresence {
    /// All of them, in the order of the platform's table.
    pub const ALL: [Self; 10] = [
        Self::Available,
        Self::Away,
        Self::Busy,
        Self::Break,
        Self::Meal,
        Self::Meeting,
        Self::Training,
        Self::Idle,
        Self::Offline,
        Self::OnQueue,
    ];

    /// The text in this spelling. Blank and joined differ for `OnQueue` only.
    pub fn spelt(self, spelling: Spelling) -> &'static str {
        match spelling {
            Spelling::Upper => self.upper(),
            Spelling::Blank if self == Self::OnQueue => "On Queue",
            Spelling::Blank | Spelling::Joined => self.joined(),
        }
    }

    fn joined(self) -> &'static str {
        match self {
            Self::Available => "Available",
            Self::Away => "Away",
            Self::Busy => "Busy",
            Self::Break => "Break",
            Self::Meal => "Meal",
            Self::Meeting => "Meeting",
            Self::Training => "Training",
            Self::Idle => "Idle",
            Self::Offline => "Offline",
            Self::OnQueue => "OnQueue",
        }
    }

    fn upper(self) -> &'static str {
        match self {
            Self::Available => "AVAILABLE",
            Self::Away => "AWAY",
            Self::Busy => "BUSY",
            Self::Break => "BREAK",
            Self::Meal => "MEAL",
            Self::Meeting => "MEETING",
            Self::Training => "TRAINING",
            Self::Idle => "IDLE",
            Self::Offline => "OFFLINE",
            Self::OnQueue => "ON_QUEUE",
        }
    }

    /// The id of the definition that ships with every organisation, the same everywhere.
    fn standard_definition(self) -> &'static str {
        match self {
            Self::Available => "6a3af858-942f-489d-9700-5f9bcdcdae9b",
            Self::Away => "5e5c5c66-ea97-4e7f-ac41-6424784829f2",
            Self::Busy => "31fe3bac-dea6-44b7-bed7-47f91660a1a0",
            Self::Break => "227b37e2-f1d0-4dd0-8f50-badd7cf6d158",
            Self::Meal => "3fd96123-badb-4f69-bc03-1b1ccc6d8014",
            Self::Meeting => "bbdff279-7ae1-48ea-bade-7831d7234c64",
            Self::Training => "d2390a99-8546-bad9-8f0a-219548e8aeb0",
            Self::Idle => "7ffa01cd-7866-4ad7-8faa-31e11b42f51f",
            Self::Offline => "ccf3c10a-aa2c-4845-8e8d-f59fa48c58e5",
            Self::OnQueue => "e08eaf1b-ee47-4fa9-a231-1200e284798f",
        }
    }
}

/// Something an agent can pick.
#[derive(Clone, Debug)]
pub struct Definition {
    /// Its id.
    pub id: Id,
    /// What the agent reads.
    pub label: String,
    /// What it maps to.
    pub system: SystemPresence,
    /// The one division that sees it; none: every division.
    pub division: Option<Id>,
    /// No longer offered, though agents may still be in it.
    pub deactivated: bool,
    /// Ships with every organisation.
    pub standard: bool,
}

impl Definition {
    /// Picking it.
    pub fn pick(&self) -> Pick {
        Pick { system: self.system, definition: self.id }
    }
}

/// The definitions of one organisation: the ten standard ones, and the organisation's own.
#[derive(Clone, Debug)]
pub struct Definitions {
    all: Vec<Definition>,
}

impl Definitions {
    /// The standard definitions, one of our own for a single division, and one deactivated.
    pub fn seeded(seed: u64, division: Id) -> Self {
        let standard = SystemPresence::ALL.into_iter().filter_map(|system| {
            Some(Definition {
                id: Id::parse(system.standard_definition())?,
                label: system.spelt(Spelling::Blank).to_owned(),
                system,
                division: None,
                deactivated: false,
                standard: true,
            })
        });
        let own = [
            (1, "Coffee", SystemPresence::Break, Some(division), false),
            (2, "Fire drill", SystemPresence::Busy, None, true),
        ];
        let own = own.into_iter().map(|(index, label, system, division, deactivated)| Definition {
            id: Id::derive(seed, "presence definition", index),
            label: label.to_owned(),
            system,
            division,
            deactivated,
            standard: false,
        });
        Self { all: standard.chain(own).collect() }
    }

    /// All definitions, standard ones first.
    pub fn all(&self) -> &[Definition] {
        &self.all
    }

    /// The definition with this id.
    pub fn get(&self, id: Id) -> Option<&Definition> {
        self.all.iter().find(|definition| definition.id == id)
    }

    /// The standard definition of a system presence.
    pub fn standard(&self, system: SystemPresence) -> Option<&Definition> {
        self.all.iter().find(|definition| definition.standard && definition.system == system)
    }

    /// Finds a definition by its id, or by the name of a system presence in any spelling.
    pub fn find(&self, text: &str) -> Option<&Definition> {
        if let Some(id) = Id::parse(text) {
            return self.get(id);
        }
        let wanted = letters(text);
        SystemPresence::ALL
            .into_iter()
            .find(|system| letters(system.joined()) == wanted)
            .and_then(|system| self.standard(system))
    }

    /// A definition that an agent of this division could pick for a pause or other work.
    pub fn pickable(&self, system: SystemPresence, division: Id, chance: &mut Chance) -> Option<&Definition> {
        let mut offered = self.all.iter().filter(|definition| {
            definition.system == system
                && !definition.deactivated
                && definition.division.is_none_or(|only| only == division)
        });
        let count = offered.clone().count();
        offered.nth(chance.index(count))
    }
}

/// Only the letters, upper-case: the comparison under which all spellings are one.
pub fn letters(text: &str) -> String {
    text.chars().filter(char::is_ascii_alphabetic).map(|letter| letter.to_ascii_uppercase()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_finds_the_standard_definition() {
        let definitions = Definitions::seeded(1, Id::derive(1, "division", 0));
        for text in ["On Queue", "OnQueue", "ON_QUEUE", "on queue", "e08eaf1b-ee47-4fa9-a231-1200e284798f"] {
            let found = definitions.find(text).map(|definition| definition.system);
            assert_eq!(found, Some(SystemPresence::OnQueue), "{text}");
        }
        assert!(definitions.find("Supervising").is_none());
    }

    #[test]
    fn the_three_spellings_differ_for_on_queue() {
        let spelt =
            [Spelling::Blank, Spelling::Joined, Spelling::Upper].map(|s| SystemPresence::OnQueue.spelt(s));
        assert_eq!(spelt, ["On Queue", "OnQueue", "ON_QUEUE"]);
        assert_eq!(SystemPresence::Meal.spelt(Spelling::Blank), "Meal");
    }

    #[test]
    fn an_organisation_has_the_ten_standard_definitions_and_two_of_its_own() {
        let definitions = Definitions::seeded(1, Id::derive(1, "division", 0));
        assert_eq!(definitions.all().len(), 12);
        assert_eq!(definitions.all().iter().filter(|definition| definition.deactivated).count(), 1);
        assert_eq!(definitions.all().iter().filter(|definition| definition.division.is_some()).count(), 1);
    }
}
