//! The full listing: push is for speed, this is for truth.
//!
//! It takes no hint of what may have changed. Each page is handed in as it comes; only a listing that was read to
//! its end without a gap is then declared complete, and only that lets anybody be gone. An error proves nothing
//! about anybody.
//!
//! Pages are offsets into a list that moves: when somebody leaves whose page was read already, the first of the next
//! page slips onto it unseen, and a hire at the end makes the count right again. So whoever a listing does not name
//! is asked for by id before the listing is declared complete.

mod blanks;
mod definitions;
mod pacing;
mod plan;
mod reads;
mod tally;

use std::sync::Arc;
use std::time::Duration;

use onduty_core::observation::{Input, Listing, Source};
use onduty_core::row::Row;
use onduty_core::time::Timestamp;
use tokio::sync::Notify;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use crate::clock::Clock;
use crate::config::Interval;
use crate::error_chain::Chain;
use crate::inlet::{Inlet, InletError};
use crate::lifecycle::TaskResult;
use crate::meters::Meters;
use crate::platform::genesys::backoff::backoff;
use crate::platform::genesys::error::PlatformError;
use crate::platform::{ListedPage, Platform, Walk};
use crate::publish::View;
use crate::status::{Phase, StatusBoard};
use blanks::Blanks;
use definitions::Vocabulary;
use pacing::Pace;
use plan::Since;
use reads::allowed_after;
use tally::{Gap, Tally, Verdict};

/// Pages in one listing, at most: a platform that never ends its list is not followed for ever.
const PAGES_MAX: u64 = 10_000;
/// The shortest time from the beginning of one listing to that of the next, however often it is nudged.
const FLOOR: Duration = Duration::from_secs(1);

/// "Sweep again soon". Level-triggered: any number of nudges before the next listing are one.
#[derive(Clone, Debug, Default)]
pub struct Nudge(Arc<Notify>);

impl Nudge {
    /// Asks for a listing soon.
    pub fn nudge(&self) {
        self.0.notify_one();
    }
}

/// Reads full listings, one after the other.
#[derive(Debug)]
pub struct Sweep {
    /// Whom to ask.
    pub platform: Arc<Platform>,
    /// Shows whom we know already.
    pub view: View,
    /// Where statements go.
    pub inlet: Inlet,
    /// Where its standing is shown.
    pub status: StatusBoard,
    /// Where it is counted.
    pub meters: Meters,
    /// Our clock.
    pub clock: Clock,
    /// How often everybody is to be listed.
    pub interval: Interval,
    /// Notification channels at most; 0 where there are none.
    pub channels_max: usize,
    /// The locale in which labels of presences are shown, where there are any in it.
    pub locale: Arc<str>,
    /// Who wants one sooner.
    pub nudge: Nudge,
}

/// Why a listing was given up.
#[derive(Debug, thiserror::Error)]
enum SweepError {
    #[error("page {number} could not be read")]
    Page { number: u64, source: PlatformError },
    #[error("page {number} could not be handed in")]
    Inlet { number: u64, source: InletError },
    #[error("more than {PAGES_MAX} pages")]
    Endless,
}

/// A listing that was read to its end.
struct Swept {
    verdict: Verdict,
    started_at: Timestamp,
    corrections: u64,
}

impl Sweep {
    /// Sweeps until told to stop.
    ///
    /// # Errors
    ///
    /// Never: whatever fails is shown, and tried again.
    pub async fn run(self, stop: CancellationToken) -> TaskResult {
        self.status.source(Source::Sweep, |standing| standing.phase = Phase::Starting);
        stop.run_until_cancelled(self.sweep_for_ever()).await;
        Ok(())
    }

    async fn sweep_for_ever(&self) {
        // The first listing, and one after a gap, are read at full speed: until they end, nobody can be found absent,
        // and the shorter a listing takes, the less the directory changes under it.
        let (mut paced, mut failures) = (false, 0_u32);
        let (mut vocabulary, mut blanks) = (Vocabulary::default(), Blanks::default());
        loop {
            self.plan(Since::Before);
            self.look_at_definitions(&mut vocabulary).await;
            let started_at = self.clock.now();
            let wait = match self.sweep(started_at, paced, &vocabulary).await {
                Ok(Swept { verdict: Verdict::Complete { agents }, started_at, corrections }) => {
                    self.completed(started_at, agents, corrections);
                    self.plan(Since::NewMark);
                    self.fill_in_blanks(&mut blanks).await;
                    (paced, failures) = (true, 0);
                    self.interval()
                }
                Ok(Swept { verdict: Verdict::Gap(gap), .. }) => {
                    self.failed(&gap.to_string());
                    (paced, failures) = (false, failures.saturating_add(1));
                    self.retry_after(failures)
                }
                Err(error) => {
                    self.failed(&Chain(&error).to_string());
                    (paced, failures) = (false, failures.saturating_add(1));
                    self.retry_after(failures).max(self.until_allowed(&error))
                }
            };
            self.rest(started_at, wait).await;
        }
    }

    async fn sweep(
        &self,
        started_at: Timestamp,
        paced: bool,
        vocabulary: &Vocabulary,
    ) -> Result<Swept, SweepError> {
        let pace = Pace { started_at, interval: self.interval(), paced };
        let (mut walk, mut tally, mut corrections) = (Walk::default(), Tally::default(), 0);
        let mut unreadable = 0;
        for number in 1..=PAGES_MAX {
            let due_at = pace.due_at(number, tally.total(), self.platform.page_size_max());
            sleep(self.until(due_at)).await;
            let page = self.page(&mut walk, number).await;
            // Also of a platform that refuses to list anybody.
            self.keep_dialect(number).await?;
            let page = page?;
            tally.page(page.total, &page.named);
            page.observations.iter().for_each(|heard| tally.heard(heard.heard_at, started_at));
            unreadable += page.unreadable;
            let has_next = page.has_next;
            corrections += self.hand_in(page, number).await?;
            tracing::debug!(page = number, agents = tally.named(), "swept a page");
            if has_next {
                continue;
            }
            self.platform.look_at_access().await;
            if let Verdict::Complete { .. } = self.verdict(&tally) {
                corrections += self.ask_for_missing(started_at, number, &mut tally).await?;
            }
            let finished_at = self.clock.now();
            tally.heard(finished_at, started_at);
            let verdict = self.verdict(&tally);
            if let Verdict::Complete { agents } = verdict {
                let listing = Listing { started_at, finished_at, agents };
                corrections += self.commit(vec![Input::Listing(listing)], number).await?;
            }
            self.show_limits(&walk, vocabulary, unreadable);
            return Ok(Swept { verdict, started_at, corrections });
        }
        Err(SweepError::Endless)
    }

    /// An organisation that we know people of does not lose them all at once; a client loses its rights like that.
    fn verdict(&self, tally: &Tally) -> Verdict {
        match tally.verdict() {
            Verdict::Complete { agents: 0 } if self.view.snapshot().directory_total() > 0 => {
                Verdict::Gap(Gap::Nobody)
            }
            verdict => verdict,
        }
    }

    /// Whoever was not named is asked for by id, so that only those are gone whom that does not find either.
    async fn ask_for_missing(
        &self,
        started_at: Timestamp,
        number: u64,
        tally: &mut Tally,
    ) -> Result<u64, SweepError> {
        let snapshot = self.view.snapshot();
        let unnamed = |row: &&Arc<Row>| row.held.seen_at.get() < started_at;
        let missing: Vec<Arc<Row>> = snapshot.present_after(None).filter(unnamed).cloned().collect();
        let mut corrections = 0;
        for missing in missing.chunks(self.platform.lookup_batch_max()) {
            let found = self.still_there(missing, number).await?;
            found.iter().for_each(|heard| tally.heard(heard.heard_at, started_at));
            let inputs = found.into_iter().map(|observation| Input::Observation(Box::new(observation)));
            corrections += self.commit(inputs.collect(), number).await?;
        }
        Ok(corrections)
    }

    async fn hand_in(&self, page: ListedPage, number: u64) -> Result<u64, SweepError> {
        let heard_at = page.observations.iter().map(|observation| observation.heard_at).max();
        let inputs: Vec<Input> = page
            .observations
            .into_iter()
            .map(|observation| Input::Observation(Box::new(observation)))
            .collect();
        let corrections = self.commit(inputs, number).await?;
        self.status
            .source(Source::Sweep, |standing| standing.last_event_at = heard_at.or(standing.last_event_at));
        Ok(corrections)
    }

    /// Sees to it that the next start knows what was found out of the platform.
    async fn keep_dialect(&self, number: u64) -> Result<(), SweepError> {
        match self.platform.spoken().dialect() {
            Some(found) if self.view.snapshot().dialect().is_none_or(|kept| **kept != found) => {
                self.commit(vec![Input::Dialect(Arc::new(found))], number).await.map(drop)
            }
            _ => Ok(()),
        }
    }

    async fn commit(&self, inputs: Vec<Input>, number: u64) -> Result<u64, SweepError> {
        if inputs.is_empty() {
            return Ok(0);
        }
        let receipt = self.inlet.commit(inputs).await;
        receipt.map(|receipt| receipt.corrections).map_err(|source| SweepError::Inlet { number, source })
    }

    fn completed(&self, started_at: Timestamp, agents: u64, corrections: u64) {
        let took = self.clock.now().since(started_at);
        self.meters.swept(took, corrections);
        self.meters.last_mark(Source::Sweep, started_at.as_millis() as f64 / 1_000.0);
        self.status.drift(|drift| {
            drift.sweeps += 1;
            drift.corrections += corrections;
            drift.last_corrections = corrections;
            drift.last_started_at = Some(started_at);
            drift.last_duration = Some(took);
        });
        self.status.source(Source::Sweep, |standing| {
            standing.phase = Phase::Running;
            standing.last_mark_at = Some(started_at);
        });
        tracing::info!(agents, corrections, took_ms = took.as_millis(), "full listing complete");
    }

    fn failed(&self, detail: &str) {
        self.status.source(Source::Sweep, |standing| {
            standing.phase = Phase::Failing;
            standing.gaps += 1;
            detail.clone_into(&mut standing.detail);
        });
        tracing::warn!(detail, "full listing incomplete: nobody is taken for gone");
    }

    /// What a listing could not tell fails none; it is shown all the same.
    fn show_limits(&self, walk: &Walk, vocabulary: &Vocabulary, unreadable: usize) {
        let withheld = walk.denied().map(|denied| format!("states may be withheld: {}", denied.detail));
        let unlabelled = vocabulary
            .trouble
            .as_ref()
            .map(|trouble| format!("presences are shown without their labels: {}", trouble.detail));
        let unread = (unreadable > 0)
            .then(|| format!("{unreadable} parts of agents can't be read and are taken as unknown"));
        let detail = [withheld, unlabelled, unread].into_iter().flatten().collect::<Vec<_>>().join("; ");
        self.status.source(Source::Sweep, |standing| standing.detail = detail);
    }

    fn retry_after(&self, failures: u32) -> Duration {
        backoff(failures, FLOOR, self.interval().max(FLOOR), rand::random())
    }

    fn until_allowed(&self, error: &SweepError) -> Duration {
        match error {
            SweepError::Page { source, .. } => allowed_after(source, self.clock.now()),
            SweepError::Inlet { .. } | SweepError::Endless => Duration::ZERO,
        }
    }

    /// Never longer than the interval, so that a corrected clock does no harm.
    fn until(&self, at: Timestamp) -> Duration {
        at.since(self.clock.now()).min(self.interval())
    }

    /// Waits until the next listing is due, or somebody wants it sooner, but not less than [`FLOOR`].
    async fn rest(&self, started_at: Timestamp, wait: Duration) {
        let floor = started_at.after(FLOOR.min(self.interval()));
        sleep(self.until(floor)).await;
        tokio::select! {
            () = sleep(started_at.after(wait).since(self.clock.now()).min(wait)) => {}
            () = self.nudge.0.notified() => tracing::debug!("full listing asked for"),
        }
    }
}
