//! The only writer. One thread takes deliveries from the inlet, steps a clone of the roster, commits, and only then
//! adopts the clone, shows it and answers: durable before visible, visible before acknowledged.
//!
//! It never waits for a batch to fill. What arrives while one batch is synced to disk is the next batch, so bursts
//! become larger batches and a lone statement waits for one sync. Between batches, and only while nothing waits, it
//! folds the journal.

use std::time::Instant;

use onduty_core::observation::Input;
use onduty_core::roster::{Outcome, Roster, Step};
use tokio::sync::{mpsc, oneshot};

use crate::clock::{Clock, SetBacks};
use crate::error_chain::Chain;
use crate::inlet::{Delivery, NotDurable, Receipt};
use crate::journal::Journal;
use crate::journal::batch::Batch;
use crate::journal::error::JournalError;
use crate::meters::Meters;
use crate::publish::Publisher;

/// No further delivery joins a batch that has so many statements.
pub const BATCH_STATEMENTS_MAX: usize = 4_096;

/// Everything the thread owns. [`Keeper::run`] is its body.
#[derive(Debug)]
pub struct Keeper {
    roster: Roster,
    journal: Journal,
    publisher: Publisher,
    meters: Meters,
    clock: Clock,
    set_backs: SetBacks,
    /// What the journal complains of, so that it is logged when it begins, when it is another, and when it ends.
    complaint: Option<String>,
}

/// A delivery that was stepped and waits for the commit.
struct Stepped {
    receipt: oneshot::Sender<Result<Receipt, NotDurable>>,
    result: Receipt,
}

impl Keeper {
    /// A keeper of a roster as `journal` holds it, shown by `publisher` already.
    pub fn new(roster: Roster, journal: Journal, publisher: Publisher, meters: Meters, clock: Clock) -> Self {
        let set_backs = SetBacks::of(&clock);
        Self { roster, journal, publisher, meters, clock, set_backs, complaint: None }
    }

    /// Works until every inlet is gone, then folds and closes the journal. Blocks: give it a thread of its own.
    ///
    /// # Errors
    ///
    /// The journal could not be closed. What was acknowledged is durable even so.
    pub fn run(mut self, mut inlet: mpsc::Receiver<Delivery>) -> Result<(), JournalError> {
        self.meter_size();
        self.look_at_the_store_s_stamps();
        while let Some(first) = inlet.blocking_recv() {
            let deliveries = gather(first, &mut inlet);
            self.follow_the_clock();
            self.take_in(deliveries);
            self.meters.inlet_depth(inlet.len());
            self.fold_while_idle(&inlet);
            self.meter_size();
        }
        self.journal.close(&self.roster.snapshot(), self.clock.now())
    }

    /// One batch: step, commit, adopt, show, answer.
    fn take_in(&mut self, deliveries: Vec<Delivery>) {
        let began = Instant::now();
        let mut next = self.roster.clone();
        let mut pending = Pending::default();
        let stepped: Vec<Stepped> = deliveries
            .into_iter()
            .map(|Delivery { inputs, receipt }| Stepped { receipt, result: pending.step(&mut next, &inputs) })
            .collect();
        let Pending { batch, counted, shows } = pending;
        let after = next.snapshot();
        if let Err(error) = self.journal.commit(batch, &after, self.clock.now()) {
            let complaint = self.complain(&error);
            for Stepped { receipt, .. } in stepped {
                // Whoever no longer waits needs no answer.
                let _ = receipt.send(Err(NotDurable(complaint.clone())));
            }
            return;
        }
        self.recover();
        let (revision, agents) = (after.revision().0, after.directory_total());
        self.roster = next;
        // Counted before it is shown: who sees a change finds it in the metrics, too.
        self.meters.committed(began.elapsed(), counted.len(), revision, agents);
        for (source, outcome) in counted {
            self.meters.observed(source, outcome);
        }
        if shows {
            self.publisher.publish(after);
        }
        for Stepped { receipt, result } in stepped {
            let _ = receipt.send(Ok(result));
        }
    }

    /// A store may be from a time when our clock was ahead.
    fn look_at_the_store_s_stamps(&mut self) {
        if let Some(ahead) = self.roster.rewind_if_ahead_of(self.clock.now()) {
            let ahead_ms = ahead.as_millis();
            tracing::warn!(
                ahead_ms,
                "the store was stamped by a clock that was ahead: all evidence is taken for old"
            );
            self.publisher.publish(self.roster.snapshot());
        }
    }

    /// Whatever was stamped before the clock was set back would be newer than all that comes. Nothing of it is to be
    /// durable: a start finds it out anew.
    fn follow_the_clock(&mut self) {
        let by = self.set_backs.next(&self.clock);
        if by.is_zero() {
            return;
        }
        tracing::warn!(
            by_ms = by.as_millis(),
            "our clock was set back: all evidence is taken for as much older"
        );
        self.roster.rewind(by);
        self.publisher.publish(self.roster.snapshot());
    }

    fn fold_while_idle(&mut self, inlet: &mpsc::Receiver<Delivery>) {
        while self.journal.is_behind() && inlet.is_empty() {
            if let Err(error) = self.journal.fold_some(&self.roster.snapshot(), self.clock.now()) {
                // Not tried again before the next batch, whose commit will show whether things are better.
                self.complain(&error);
                return;
            }
        }
    }

    /// Logs what is wrong, unless it is what was wrong before.
    fn complain(&mut self, error: &JournalError) -> String {
        let complaint = Chain(error).to_string();
        if self.complaint.as_ref() != Some(&complaint) {
            tracing::error!(error = complaint, "nothing can be acknowledged: the journal failed");
            self.complaint = Some(complaint.clone());
        }
        complaint
    }

    fn recover(&mut self) {
        if self.complaint.take().is_some() {
            tracing::info!("the journal works again");
        }
    }

    fn meter_size(&self) {
        self.meters.store_bytes(self.journal.size());
    }
}

/// What a batch will do once it is durable.
#[derive(Default)]
struct Pending {
    batch: Batch,
    counted: Vec<(onduty_core::observation::Source, Outcome)>,
    /// Whether readers are to be shown another snapshot. Evidence alone is in the one they have.
    shows: bool,
}

impl Pending {
    fn step(&mut self, roster: &mut Roster, inputs: &[Input]) -> Receipt {
        let mut outcomes = Vec::with_capacity(inputs.len());
        let mut corrections = 0;
        for input in inputs {
            let step = roster.step(input);
            let outcome = step.outcome();
            outcomes.push(outcome);
            corrections += corrections_of(input, &step);
            match input {
                Input::Observation(observation) => {
                    self.shows |= !step.changes.is_empty() || step.rewritten.is_some();
                    self.counted.push((observation.source, outcome));
                    self.batch.observed(observation, &step);
                }
                Input::Listing(listing) => {
                    self.shows = true;
                    self.batch.listed(*listing, &step);
                }
                Input::Definitions(definitions) => {
                    self.shows = true;
                    self.batch.defined(definitions, &step);
                }
                Input::Dialect(_) => self.shows = true,
                // Evidence alone: a store that lost it would only make marks older, never newer.
                Input::Coverage(_) => {}
            }
        }
        Receipt { revision: roster.snapshot().revision(), outcomes, corrections }
    }
}

fn corrections_of(input: &Input, step: &Step) -> u64 {
    match input {
        Input::Observation(_) => u64::from(step.correction),
        Input::Listing(_) => step.changes.len() as u64,
        // What a presence is called is nothing that a push should have told.
        Input::Definitions(_) => 0,
        Input::Dialect(_) | Input::Coverage(_) => 0,
    }
}

/// A batch: what waits already, up to a bound.
fn gather(first: Delivery, inlet: &mut mpsc::Receiver<Delivery>) -> Vec<Delivery> {
    let mut statements = first.inputs.len();
    let mut deliveries = vec![first];
    while statements < BATCH_STATEMENTS_MAX
        && let Ok(delivery) = inlet.try_recv()
    {
        statements += delivery.inputs.len();
        deliveries.push(delivery);
    }
    deliveries
}

#[cfg(test)]
mod tests;
