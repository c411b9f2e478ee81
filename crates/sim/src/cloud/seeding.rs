//! The people of a seed, and the state in which a run finds them.

use super::agent::{
    Account, ActiveQueues, Agent, AgentState, OutOfOffice, Person, Presence, Routing, RoutingStatus,
};
use super::chance::Chance;
use super::id::Id;
use super::organisation::{Division, Queue};
use super::presence::{Definitions, SystemPresence};
use super::stamp::Stamp;

const GIVEN_NAMES: [&str; 24] = [
    "Ada", "Ben", "Cloé", "Dan", "Elif", "Farid", "Greta", "Hugo", "Ines", "Jonas", "Kira", "Luís", "Mina",
    "Noor", "Oskar", "Petra", "Quim", "Rosa", "Sven", "Tara", "Umut", "Vera", "Wim", "Zoë",
];
const FAMILY_NAMES: [&str; 24] = [
    "Rossi", "Okafor", "Marin", "Wu", "Demir", "Haddad", "Lang", "Moreau", "Costa", "Berg", "Novák", "Pinto",
    "Sato", "Khan", "Lindt", "Vogel", "Serra", "Diaz", "Holm", "Nair", "Kaya", "Silva", "Smit", "Blanc",
];

/// From this many agents upward some are inactive, deleted, or never logged in.
const FULL_HOUSE: usize = 60;
/// Stamps of the first states lie up to this long before the start.
const PAST_MS: u64 = 4 * 3_600_000;

/// Makes agents; the n-th agent of a seed is always the same person.
#[derive(Debug)]
pub(super) struct Recruiter<'a> {
    pub(super) seed: u64,
    pub(super) divisions: &'a [Division; 3],
    pub(super) definitions: &'a Definitions,
    pub(super) now: Stamp,
}

impl Recruiter<'_> {
    /// The n-th agent of an organisation that starts with `total`, entered into the queues.
    pub(super) fn found(&self, position: usize, total: usize, queues: &mut [Queue]) -> Option<Agent> {
        let mut chance = Chance::new(self.seed).fork(position as u64);
        let person = self.person(position, queues, &mut chance);
        let account = match position % FULL_HOUSE {
            _ if total < FULL_HOUSE => Account::Active,
            57 => Account::Inactive,
            58 => Account::Deleted,
            _ => Account::Active,
        };
        let never_seen = total >= FULL_HOUSE && position % FULL_HOUSE == 59;
        let hired = self.now.plus_millis(-200 * 86_400_000);
        let mut state = self.first_state(&person, hired)?;
        if account == Account::Active && !never_seen {
            self.at_work(&person, &mut state, &mut chance);
        }
        Some(Agent::new(person, account, hired, state))
    }

    /// A newcomer: active, never logged in.
    pub(super) fn hire(&self, position: usize, queues: &mut [Queue]) -> Option<Agent> {
        let mut chance = Chance::new(self.seed).fork(position as u64);
        let person = self.person(position, queues, &mut chance);
        let state = self.first_state(&person, self.now)?;
        Some(Agent::new(person, Account::Active, self.now, state))
    }

    fn person(&self, position: usize, queues: &mut [Queue], chance: &mut Chance) -> Person {
        let given = GIVEN_NAMES[chance.index(GIVEN_NAMES.len())];
        let family = FAMILY_NAMES[chance.index(FAMILY_NAMES.len())];
        let mut member_of = Vec::new();
        for (index, queue) in queues.iter_mut().enumerate() {
            // The first two queues take everybody in turn, so that a few hundred agents fill both past a page.
            let joins = if index < 2 { position % 2 == index } else { chance.happens(0.1) };
            if joins {
                queue.members.push(position);
                member_of.push(queue.id);
            }
        }
        Person {
            id: Id::derive(self.seed, "agent", position as u64),
            user_id: Id::derive(self.seed, "user", position as u64),
            name: format!("{given} {family}"),
            login: format!("agent{position}"),
            division: self.divisions[position % self.divisions.len()].id,
            member_of,
        }
    }

    fn first_state(&self, person: &Person, hired: Stamp) -> Option<AgentState> {
        let offline = self.definitions.standard(SystemPresence::Offline)?;
        Some(AgentState {
            presence: Presence {
                system: offline.system,
                definition: offline.id,
                message: String::new(),
                since: None,
            },
            routing: Routing { status: RoutingStatus::OffQueue, after_call_work: false, since: None },
            out_of_office: OutOfOffice { active: false, since: hired },
            queues: ActiveQueues { ids: person.member_of.clone(), since: hired },
            logged_in: false,
            version: 1,
            modified: hired,
        })
    }

    /// The state of somebody whose shift may have begun some hours before the start.
    fn at_work(&self, person: &Person, state: &mut AgentState, chance: &mut Chance) {
        let picks = [
            (40, SystemPresence::OnQueue),
            (25, SystemPresence::Offline),
            (12, SystemPresence::Available),
            (8, SystemPresence::Break),
            (5, SystemPresence::Meal),
            (5, SystemPresence::Meeting),
            (3, SystemPresence::Training),
            (2, SystemPresence::Busy),
        ];
        let statuses = [
            (50, RoutingStatus::Idle),
            (45, RoutingStatus::Interacting),
            (2, RoutingStatus::Communicating),
            (3, RoutingStatus::NotResponding),
        ];
        let system = *chance.weighted(&picks).unwrap_or(&SystemPresence::Available);
        let Some(definition) = self.definitions.pickable(system, person.division, chance) else { return };
        let picked = self.now.plus_millis(-(chance.below(PAST_MS) as i64) - 1000);
        let routed = picked.plus_millis(chance.below(self.now.millis_since(picked) as u64) as i64);
        state.presence.system = definition.system;
        state.presence.definition = definition.id;
        state.presence.since = Some(picked);
        state.routing.since = Some(routed);
        if system == SystemPresence::OnQueue {
            state.routing.status = *chance.weighted(&statuses).unwrap_or(&RoutingStatus::Idle);
        }
        state.logged_in = system != SystemPresence::Offline;
        state.out_of_office.active = !state.logged_in && chance.happens(0.1);
        state.version = 2 + chance.below(40);
        state.modified = picked.max(routed);
    }
}
