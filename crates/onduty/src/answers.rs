//! From questions to answers: first from memory, and only where that is not enough from the platform. Every API
//! asks here, so that they all give the same answer.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use onduty_core::account::{Account, Place};
use onduty_core::agent::{DivisionId, UserId};
use onduty_core::answer::{Answer, Asked, Glance, Question, Refusal, Report, conclude, glance, unlisted};
use onduty_core::cursor::Cursor;
use onduty_core::diagnose::{Rights, hindrance, nobody_shown};
use onduty_core::finding::{Finding, Reason};
use onduty_core::observation::Source;
use onduty_core::row::Row;
use onduty_core::selector::Selector;
use onduty_core::snapshot::Snapshot;
use tokio::time::{Instant, timeout_at};

use crate::ask::Asker;
use crate::clock::Clock;
use crate::publish::View;
use crate::status::StatusBoard;

/// Answers questions about agents. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Answers {
    view: View,
    asker: Asker,
    clock: Clock,
    status: StatusBoard,
    patience: Patience,
}

/// How long things may take, and how old answers may be, when callers do not say.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// How old the evidence for a state may be.
    pub default_max_staleness: Duration,
    /// How long a caller waits for a look-up, at most.
    pub lookup_timeout: Duration,
}

/// Where a list goes on. The account is that of the first page: counting again for each page would cost as much
/// as the whole list, and would make the pages of one list disagree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Continuation {
    /// Where the list began.
    pub cursor: Cursor,
    /// The agents of the earlier pages stand before this one, or are this one.
    pub after: UserId,
    /// The account of the whole list.
    pub account: Account,
}

/// One page of a list.
#[derive(Clone, Debug)]
pub struct Page {
    /// The agents, by user id.
    pub rows: Vec<Arc<Row>>,
    /// Whether there is nobody after these.
    pub last: bool,
    /// Where the list began: a watch from here misses nothing after the first page.
    pub cursor: Cursor,
    /// The account of the whole list.
    pub account: Account,
}

/// So many rows are looked at before other tasks get a turn: about a millisecond's work.
const ROWS_PER_TURN: usize = 4_096;

impl Answers {
    /// Answers from what `view` shows; what that cannot say is asked through `asker`.
    pub const fn new(
        view: View,
        asker: Asker,
        clock: Clock,
        status: StatusBoard,
        patience: Patience,
    ) -> Self {
        Self { view, asker, clock, status, patience }
    }

    /// A question as a caller put it; without a bound of its own it gets the server's.
    pub fn question(&self, asked: Asked, max_staleness: Option<Duration>) -> Question {
        Question { asked, max_staleness: max_staleness.unwrap_or(self.patience.default_max_staleness) }
    }

    /// Answers one question. Waits for a look-up until the deadline, or as long as a caller may wait; dropping
    /// the future cancels what nobody else waits for.
    pub async fn get(&self, question: &Question, deadline: Option<Instant>) -> Answer {
        match glance(&self.view.snapshot(), question, self.clock.now()) {
            Glance::Settled(answer) => answer,
            Glance::MustAsk => {
                let report = self.report(question.asked.clone(), self.until(deadline)).await;
                conclude(&self.view.snapshot(), question, &report, self.clock.now())
            }
        }
    }

    /// Answers several questions, one answer each and in order, all from one snapshot where memory is enough. What
    /// is asked twice is looked up once. Deadline and cancellation as in [`Answers::get`].
    pub async fn batch(&self, questions: &[Question], deadline: Option<Instant>) -> Vec<Answer> {
        let (snapshot, now) = (self.view.snapshot(), self.clock.now());
        let glances: Vec<Glance> =
            questions.iter().map(|question| glance(&snapshot, question, now)).collect();
        let open: BTreeMap<&Asked, ()> = glances
            .iter()
            .zip(questions)
            .filter(|(glance, _)| matches!(glance, Glance::MustAsk))
            .map(|(_, question)| (&question.asked, ()))
            .collect();
        let until = self.until(deadline);
        let reports = join_all(open.keys().map(|asked| self.report((*asked).clone(), until))).await;
        let reports: BTreeMap<&Asked, Report> = open.into_keys().zip(reports).collect();

        let (snapshot, now) = (self.view.snapshot(), self.clock.now());
        let answers = glances.into_iter().zip(questions).map(|(glance, question)| match glance {
            Glance::Settled(answer) => answer,
            Glance::MustAsk => {
                let report = reports.get(&question.asked).unwrap_or(&Report::Refused(Refusal::Crowded));
                conclude(&snapshot, question, report, now)
            }
        });
        answers.collect()
    }

    /// One page of the agents that a selector selects, at most `size` of them.
    ///
    /// # Errors
    ///
    /// Why nobody can be listed yet.
    pub async fn list(
        &self,
        selector: &Selector,
        from: Option<Continuation>,
        size: usize,
    ) -> Result<Page, Box<Finding>> {
        let snapshot = self.view.snapshot();
        self.check_listed(&snapshot)?;
        let (cursor, after, account) = match from {
            Some(from) => (from.cursor, Some(from.after), from.account),
            None => (snapshot.cursor(), None, self.count(&snapshot, selector).await),
        };
        let (rows, last) = select(&snapshot, selector, after, size).await;
        Ok(Page { rows, last, cursor, account })
    }

    /// How everybody in a snapshot stands.
    ///
    /// # Errors
    ///
    /// Why nobody can be counted yet.
    pub async fn account(&self, snapshot: &Snapshot) -> Result<Account, Box<Finding>> {
        self.check_listed(snapshot)?;
        Ok(self.count(snapshot, &Selector::default()).await)
    }

    /// How old the evidence for a state may be when the caller does not say.
    pub const fn default_max_staleness(&self) -> Duration {
        self.patience.default_max_staleness
    }

    fn check_listed(&self, snapshot: &Snapshot) -> Result<(), Box<Finding>> {
        if snapshot.listing().is_none() {
            let standing = self.status.read();
            let detail = &standing.source(Source::Sweep).detail;
            return Err(Box::new(unlisted(detail, self.clock.now())));
        }
        if snapshot.directory_total() == 0
            && let Some(finding) = self.nobody_shown()
        {
            return Err(Box::new(finding));
        }
        Ok(())
    }

    /// Why the directory is empty, if that is for want of rights.
    fn nobody_shown(&self) -> Option<Finding> {
        let (needs, access) = self.status.read().access?;
        nobody_shown(&Rights { needs: &needs, access: &access, division: None, now: self.clock.now() })
    }

    /// Where everybody stands. Of whom nothing is shown, what the token may see tells why.
    async fn count(&self, snapshot: &Snapshot, selector: &Selector) -> Account {
        let mut account = Account::default();
        let (access, now) = (self.status.read().access, self.clock.now());
        let mut by_division: BTreeMap<Option<&DivisionId>, Option<Reason>> = BTreeMap::new();
        for (at, row) in snapshot.present_after(None).enumerate() {
            let place = Place::of(row, selector).or_withheld(|| {
                let (needs, access) = access.as_ref()?;
                let division = row.division_id();
                let rights = Rights { needs, access, division, now };
                *by_division.entry(division).or_insert_with(|| hindrance(&rights))
            });
            account.enter(place);
            take_turns(at).await;
        }
        account
    }

    async fn report(&self, asked: Asked, until: Instant) -> Report {
        let since = self.clock.now();
        let told = timeout_at(until, self.asker.ask_one(asked)).await;
        told.unwrap_or(Report::Refused(Refusal::NotInTime { since }))
    }

    fn until(&self, deadline: Option<Instant>) -> Instant {
        let longest = Instant::now() + self.patience.lookup_timeout;
        deadline.map_or(longest, |deadline| deadline.min(longest))
    }
}

/// Up to `size` agents, and whether there are no more.
async fn select(
    snapshot: &Snapshot,
    selector: &Selector,
    after: Option<UserId>,
    size: usize,
) -> (Vec<Arc<Row>>, bool) {
    let mut rows = Vec::new();
    for (at, row) in snapshot.present_after(after.as_ref().map(UserId::as_str)).enumerate() {
        if Place::of(row, selector) == Place::Shown {
            if rows.len() == size {
                return (rows, false);
            }
            rows.push(Arc::clone(row));
        }
        take_turns(at).await;
    }
    (rows, true)
}

async fn take_turns(done: usize) {
    if done % ROWS_PER_TURN == ROWS_PER_TURN - 1 {
        tokio::task::yield_now().await;
    }
}
