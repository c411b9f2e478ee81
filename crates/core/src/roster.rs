//! The one place where statements become state. A [`Roster`] takes inputs one at a time and tells what changed;
//! it cannot fail, and what makes no sense comes back as a ruling for the caller to count.
//!
//! The roster is a [`Snapshot`] with the right to change it. Cloning either is cheap, so a caller can step a
//! clone and adopt it only once what changed is on disk.

pub mod existence;
pub mod register;
mod rewind;
pub mod ruling;

use std::sync::Arc;
use std::time::Duration;

use crate::agent::{Facet, UserId};
use crate::cursor::{Epoch, Revision};
use crate::definition::Definitions;
use crate::dialect::Dialect;
use crate::observation::{Coverage, Input, Listing, Observation, Said, Source};
use crate::row::{Held, Latest, Row};
use crate::snapshot::Snapshot;
use crate::time::Timestamp;
use register::{Hearing, Mark, Offered, Register};
use ruling::Ruling;

/// How long a removed agent is remembered, so that watchers that were away learn of it.
pub const TOMBSTONE_LIFE: Duration = Duration::from_secs(24 * 3600);

/// The merged state of all agents.
#[derive(Clone, Debug)]
pub struct Roster {
    state: Snapshot,
}

/// What a store kept of a roster.
#[derive(Debug)]
pub struct Stored {
    /// The history it belongs to.
    pub epoch: Epoch,
    /// Its newest revision.
    pub revision: Revision,
    /// The newest revision whose tombstone was dropped.
    pub forgotten: Revision,
    /// The newest complete listing.
    pub listing: Option<Listing>,
    /// The newest reading of the presence definitions.
    pub definitions: Option<Arc<Definitions>>,
    /// The newest finding of what the platform speaks.
    pub dialect: Option<Arc<Dialect>>,
    /// Every row, tombstones included, in any order.
    pub rows: Vec<Row>,
}

/// What one input did.
#[derive(Clone, Debug, Default)]
pub struct Step {
    /// Rows with a new revision, in order. A listing can remove many agents at once, and definitions
    /// can name the presences of many anew; a statement changes at most one.
    pub changes: Vec<Arc<Row>>,
    /// The row as it is held from now on, where something other than a mark of evidence is different that readers
    /// do not see. A store must keep it, or the next statement would be judged by what was held before.
    pub rewritten: Option<Arc<Row>>,
    /// Tombstones dropped for good.
    pub forgotten: Vec<UserId>,
    /// The rule that decided about each facet said.
    pub rulings: Rulings,
    /// Whether a full listing had to correct what push should have told.
    pub correction: bool,
}

/// The rule that decided about each facet of a statement.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rulings([Option<Ruling>; Facet::ALL.len()]);

/// What became of a statement as a whole, for counting.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Outcome {
    /// It changed the state.
    Applied,
    /// It said what was known.
    Duplicate,
    /// All that was new in it was older than what is held.
    Stale,
    /// Some of it made no sense, or came from a source that does not count.
    Rejected,
}

impl Rulings {
    /// The ruling about a facet; `None` if the statement did not mention it.
    pub const fn of(&self, facet: Facet) -> Option<Ruling> {
        self.0[facet as usize]
    }

    /// These rulings about these facets, as a store kept them.
    pub fn restore(rulings: impl IntoIterator<Item = (Facet, Ruling)>) -> Self {
        let mut restored = Self::default();
        rulings.into_iter().for_each(|(facet, ruling)| restored.set(facet, ruling));
        restored
    }

    /// The facets said, with their rulings.
    pub fn iter(&self) -> impl Iterator<Item = (Facet, Ruling)> + '_ {
        Facet::ALL.into_iter().filter_map(|facet| Some((facet, self.of(facet)?)))
    }
}

impl Step {
    /// What became of the statement as a whole.
    pub fn outcome(&self) -> Outcome {
        if !self.changes.is_empty() {
            return Outcome::Applied;
        }
        let said = |wanted: &[Ruling]| self.rulings.iter().any(|(_, ruling)| wanted.contains(&ruling));
        if said(&[Ruling::ClockAhead, Ruling::NotPrimary]) {
            Outcome::Rejected
        } else if said(&[Ruling::Older, Ruling::ConflictLost, Ruling::Overruled]) {
            Outcome::Stale
        } else {
            Outcome::Duplicate
        }
    }
}

impl Roster {
    /// An empty roster at the start of a history.
    pub fn new(epoch: Epoch) -> Self {
        Self { state: Snapshot::new(epoch) }
    }

    /// A roster as a store kept it.
    pub fn restore(stored: Stored) -> Self {
        let mut roster = Self::new(stored.epoch);
        roster.state.forgotten = stored.forgotten;
        roster.state.listing = stored.listing;
        roster.state.definitions = stored.definitions;
        roster.state.dialect = stored.dialect;
        for row in stored.rows {
            roster.state.revision = roster.state.revision.max(row.revision);
            roster.index(&Arc::new(row));
        }
        roster.state.revision = roster.state.revision.max(stored.revision);
        roster
    }

    /// The roster as it stands, for readers.
    pub fn snapshot(&self) -> Snapshot {
        self.state.clone()
    }

    /// Takes in one input. Inputs may come in any order and any number of times.
    pub fn step(&mut self, input: &Input) -> Step {
        match input {
            Input::Observation(observation) => self.observe(observation),
            Input::Listing(listing) => self.list(*listing),
            Input::Definitions(definitions) => self.define(definitions),
            Input::Dialect(dialect) => self.note_dialect(dialect),
            Input::Coverage(coverage) => self.cover(coverage),
        }
    }

    /// Marks of evidence move, and nothing else: no revision, nothing to store.
    fn cover(&self, coverage: &Coverage) -> Step {
        let rows = coverage.agents.iter().filter_map(|agent| self.state.rows.get(agent.as_str()));
        rows.for_each(|row| row.held.cover(coverage.since, coverage.until));
        Step::default()
    }

    fn observe(&mut self, observation: &Observation) -> Step {
        let old = self.state.rows.get(observation.user_id.as_str()).cloned();
        let named_at = existence::named_at(observation);
        let mut draft = Draft::of(old.as_deref(), observation);
        draft.take_profile(observation, named_at);
        draft.take_facets(observation);
        draft.take_existence(observation, named_at);
        self.settle(old.as_deref(), draft, observation)
    }

    /// Puts a draft in its place: under a new revision if readers see something new, in silence otherwise.
    fn settle(&mut self, old: Option<&Row>, draft: Draft, observation: &Observation) -> Step {
        let mut step = Step { rulings: draft.rulings, ..Step::default() };
        let present = existence::exists(&draft.held, self.state.listing);
        let was_present = old.is_some_and(|old| old.present);
        if let Some(old) = old.filter(|_| !draft.changed && present == was_present) {
            old.held.raise_marks_to(&draft.held);
            return step;
        }
        let (source, at) = (observation.source, observation.heard_at);
        let label = self.label_of(&draft.held);
        let mut row = Row::new(draft.held, Revision::default(), source, at, present).labelled(label);
        let seen_alike = old.is_some_and(|old| old.shows_same_as(&row)) || !present;
        if present == was_present && seen_alike {
            if let Some(old) = old {
                (row.revision, row.changed_by, row.changed_at) =
                    (old.revision, old.changed_by, old.changed_at);
            }
            let row = Arc::new(row);
            self.index(&row);
            step.rewritten = Some(row);
            return step;
        }
        let corrected =
            |old: &Row| old.has_state() && (present != was_present || !old.shows_same_facets_as(&row));
        step.correction = source == Source::Sweep && old.is_some_and(corrected);
        row.revision = self.next_revision();
        let row = Arc::new(row);
        self.index(&row);
        step.changes.push(row);
        step
    }

    fn next_revision(&mut self) -> Revision {
        self.state.revision = self.state.revision.next();
        self.state.revision
    }

    /// A complete listing: whoever it did not name, and was not heard of since it began, is gone.
    fn list(&mut self, listing: Listing) -> Step {
        if self.state.listing.is_some_and(|held| held.started_at >= listing.started_at) {
            return Step::default();
        }
        self.state.listing = Some(listing);
        let gone: Vec<Arc<Row>> = self
            .state
            .rows
            .values()
            .filter(|row| row.present && !existence::exists(&row.held, self.state.listing))
            .cloned()
            .collect();
        let mut step = Step::default();
        for old in gone {
            let revision = self.next_revision();
            let row = Row::new(old.held.clone(), revision, Source::Sweep, listing.finished_at, false);
            let row = Arc::new(row.labelled(old.label.clone()));
            self.index(&row);
            step.changes.push(row);
        }
        step.correction = !step.changes.is_empty();
        step.forgotten = self.forget_tombstones(listing.finished_at.before(TOMBSTONE_LIFE));
        step
    }

    /// A reading of the definitions: whoever is now shown under another label has changed for readers.
    fn define(&mut self, definitions: &Arc<Definitions>) -> Step {
        if self.state.definitions.as_ref().is_some_and(|held| held >= definitions) {
            return Step::default();
        }
        self.state.definitions = Some(Arc::clone(definitions));
        // What is not shown gets its label when it is: no presence comes into sight without a new row.
        let renamed: Vec<(Arc<Row>, Option<Arc<str>>)> = self
            .state
            .rows
            .values()
            .filter(|row| row.present && row.presence().is_some())
            .map(|row| (row, self.label_of(&row.held)))
            .filter(|(row, label)| row.label != *label)
            .map(|(row, label)| (Arc::clone(row), label))
            .collect();
        let mut step = Step::default();
        for (old, label) in renamed {
            let revision = self.next_revision();
            let row = Row::new(old.held.clone(), revision, Source::Sweep, definitions.read_at, old.present);
            let row = Arc::new(row.labelled(label));
            self.index(&row);
            step.changes.push(row);
        }
        step
    }

    /// Kept for the next start: no agent is another for it.
    fn note_dialect(&mut self, dialect: &Arc<Dialect>) -> Step {
        self.state.dialect = self.state.dialect.take().max(Some(Arc::clone(dialect)));
        Step::default()
    }

    /// What the presence that is held is called.
    fn label_of(&self, held: &Held) -> Option<Arc<str>> {
        let definition_id = held.presence.current()?.value.definition_id.as_ref()?;
        self.state.definitions.as_ref()?.label(definition_id).cloned()
    }

    fn forget_tombstones(&mut self, before: Timestamp) -> Vec<UserId> {
        let old: Vec<Arc<Row>> =
            self.state.rows.values().filter(|row| !row.present && row.changed_at < before).cloned().collect();
        for row in &old {
            self.state.rows.remove(row.user_id().as_str());
            self.state.by_revision.remove(&row.revision);
            self.release_agent_id(row);
            self.state.forgotten = self.state.forgotten.max(row.revision);
        }
        old.iter().map(|row| row.user_id().clone()).collect()
    }

    /// Puts a row into all indexes in place of the agent's older one.
    fn index(&mut self, row: &Arc<Row>) {
        self.state.present += usize::from(row.present);
        if row.revision > Revision::default() {
            self.state.by_revision.insert(row.revision, Arc::clone(row));
        }
        if let Some(old) = self.state.rows.insert(row.user_id().clone(), Arc::clone(row)) {
            self.state.present -= usize::from(old.present);
            if old.revision != row.revision {
                self.state.by_revision.remove(&old.revision);
            }
            if old.agent_id() != row.agent_id() {
                self.release_agent_id(&old);
            }
        }
        let profile = &row.held.profile;
        let agent_id = profile.agent_id.as_ref().map_or_else(|| row.user_id().into(), |id| id.value.clone());
        self.state.by_agent_id.insert(agent_id, Arc::clone(row));
    }

    /// Gives up the agent id of a row that no longer stands, unless it was given to somebody else meanwhile.
    fn release_agent_id(&mut self, row: &Row) {
        let holder = self.state.by_agent_id.get(row.agent_id());
        if holder.is_some_and(|holder| holder.user_id() == row.user_id()) {
            self.state.by_agent_id.remove(row.agent_id());
        }
    }
}

impl Rulings {
    fn set(&mut self, facet: Facet, ruling: Ruling) {
        self.0[facet as usize] = Some(ruling);
    }
}

/// A row in the making.
struct Draft {
    held: Held,
    rulings: Rulings,
    /// Something other than a mark of evidence is different.
    changed: bool,
}

impl Draft {
    fn of(old: Option<&Row>, observation: &Observation) -> Self {
        let held = old.map_or_else(|| Held::new(observation.user_id.clone()), |old| old.held.clone());
        Self { held, rulings: Rulings::default(), changed: old.is_none() }
    }

    fn take_profile(&mut self, observation: &Observation, named_at: Timestamp) {
        let said = &observation.statement;
        let profile = &mut self.held.profile;
        // An agent id that equals the user id says nothing.
        let agent_id = said.agent_id.as_ref().filter(|id| id.as_str() != observation.user_id.as_str());
        let news = [
            keep_latest(&mut profile.agent_id, agent_id, named_at),
            keep_latest(&mut profile.name, said.name.as_ref(), named_at),
            keep_latest(&mut profile.division_id, said.division_id.as_ref(), named_at),
            keep_latest(&mut profile.account, said.account.as_ref(), named_at),
        ];
        self.changed |= news.contains(&true);
    }

    fn take_facets(&mut self, observation: &Observation) {
        let hearing = Hearing {
            source: observation.source,
            heard_at: observation.heard_at,
            vouches_at: existence::vouches_at(observation),
        };
        // A routing status without a clock is that of somebody who was never routed. It was so when the statement was
        // made, and must not hide what began a moment later because both were heard together.
        let never_routed = Hearing { heard_at: hearing.vouches_at, ..hearing };
        let said = &observation.statement;
        let clocked = said.routing_status.as_ref().is_none_or(|said| said.clock.is_some());
        let routing_hearing = if clocked { hearing } else { never_routed };
        let held = &mut self.held;
        let ended = held.ended_facets();
        let offers = [
            (Facet::Presence, offer(&mut held.presence, said.presence.as_ref(), hearing)),
            (
                Facet::RoutingStatus,
                offer(&mut held.routing_status, said.routing_status.as_ref(), routing_hearing),
            ),
            (Facet::OutOfOffice, offer(&mut held.out_of_office, said.out_of_office.as_ref(), hearing)),
            (Facet::ActiveQueues, offer(&mut held.active_queues, said.active_queues.as_ref(), hearing)),
            (Facet::Login, offer(&mut held.login, said.login.as_ref(), hearing)),
        ];
        for (facet, offered) in offers {
            if let Some((ruling, replaced)) = offered {
                self.rulings.set(facet, ruling);
                self.changed |= replaced;
            }
        }
        // Hearing of a log-out again is more than evidence where something had begun in between.
        self.changed |= self.held.ended_facets() != ended;
        if said.presence.is_none() && said.secondary_presence.is_some() {
            self.rulings.set(Facet::Presence, Ruling::NotPrimary);
        }
    }

    fn take_existence(&mut self, observation: &Observation, named_at: Timestamp) {
        if observation.statement.absent {
            self.changed |= named_at > self.held.absent_at;
            self.held.absent_at = self.held.absent_at.max(named_at);
        } else {
            self.held.seen_at.raise(named_at);
        }
    }
}

/// Takes a word of the profile, and says whether it is news.
fn keep_latest<T: Clone + Ord>(held: &mut Option<Latest<T>>, said: Option<&T>, at: Timestamp) -> bool {
    let Some(value) = said else { return false };
    match held {
        Some(held) if held.value == *value => {
            held.at.raise(at);
            false
        }
        Some(held) if (held.at.get(), &held.value) > (at, value) => false,
        _ => {
            *held = Some(Latest { at: Mark::new(at), value: value.clone() });
            true
        }
    }
}

/// Offers a facet, and says by which rule it was decided and whether the register was replaced.
fn offer<T: Clone + Ord>(
    register: &mut Register<T>,
    said: Option<&Said<T>>,
    hearing: Hearing,
) -> Option<(Ruling, bool)> {
    let said = said?;
    match register.offer(&said.value, said.clock, hearing) {
        Offered::Kept(ruling) => Some((ruling, false)),
        Offered::Replace(next, ruling) => {
            *register = next;
            Some((ruling, true))
        }
    }
}
