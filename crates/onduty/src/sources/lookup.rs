//! Ids that callers wait for: joined with those in flight, gathered into batches as large as the platform takes,
//! committed, and only then answered.

mod judge;
mod plan;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use futures_util::stream::{FuturesUnordered, StreamExt};
use onduty_core::agent::UserId;
use onduty_core::answer::{Asked, Refusal, Report};
use onduty_core::observation::{Input, Source, Statement};
use onduty_core::time::Timestamp;
use tokio::sync::{mpsc, oneshot};
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

use crate::ask::Inquiry;
use crate::clock::Clock;
use crate::inlet::Inlet;
use crate::lifecycle::TaskResult;
use crate::meters::Meters;
use crate::platform::{LookedUp, Platform};
use crate::publish::View;
use crate::status::{Phase, StatusBoard};
use judge::judged;
use plan::{Arrived, Desk, Limits, Ready};

/// Requests in flight at once. More would only move the wait from here to the platform.
const REQUESTS_MAX: usize = 4;
/// Ids whose reports are remembered at once.
const REMEMBERED_MAX: usize = 10_000;
/// A batch that is not full is sent once nobody has asked for so long: callers that begin together arrive apart. The
/// platform itself takes several times as long to answer, and its requests are what is scarce.
const QUIET: Duration = Duration::from_millis(15);
/// In a burst more callers are likely to come, and on a busy machine they come late.
const QUIET_IN_BURST: Duration = Duration::from_millis(75);
/// So many waiting ids are a burst.
const BURST: usize = 4;
/// Nobody waits longer than that for others.
const GATHER_MAX: Duration = Duration::from_millis(300);
/// An answer serves those, too, who looked at the snapshot before it came and asked only after.
const ANSWER_MEMORY: Duration = Duration::from_millis(200);

/// Answers inquiries.
#[derive(Debug)]
pub struct Lookup {
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
    /// Who asks.
    pub inquiries: mpsc::Receiver<Inquiry>,
    /// How long one batch may take, its commit included.
    pub deadline: Duration,
    /// How long an id that the platform does not know is not asked for again.
    pub unknown_id_memory: Duration,
}

type Reply = oneshot::Sender<Report>;
type Batch<'a> = BoxFuture<'a, HashMap<Asked, Report>>;

/// What a batch needs, apart from the desk.
struct Counter {
    platform: Arc<Platform>,
    view: View,
    inlet: Inlet,
    status: StatusBoard,
    meters: Meters,
    clock: Clock,
    deadline: Duration,
}

impl Lookup {
    /// Answers until told to stop, or until nobody can ask any more.
    ///
    /// # Errors
    ///
    /// Never: whatever fails is reported to whoever asked.
    pub async fn run(self, stop: CancellationToken) -> TaskResult {
        self.status.source(Source::Lookup, |standing| standing.phase = Phase::Running);
        stop.run_until_cancelled(self.answer_for_ever()).await;
        Ok(())
    }

    async fn answer_for_ever(self) {
        let Self { platform, view, inlet, status, meters, clock, mut inquiries, deadline, unknown_id_memory } =
            self;
        let limits = Limits {
            batch: platform.lookup_batch_max(),
            in_flight: REQUESTS_MAX,
            remembered: REMEMBERED_MAX,
            quiet: QUIET,
            quiet_in_burst: QUIET_IN_BURST,
            burst: BURST,
            gather: GATHER_MAX,
        };
        let mut desk: Desk<Reply> = Desk::new(limits);
        let counter = Counter { platform, view, inlet, status, meters, clock, deadline };
        let mut batches: FuturesUnordered<Batch<'_>> = FuturesUnordered::new();
        let mut open = true;
        while open || !batches.is_empty() || desk.is_waiting() {
            // All that has come in is looked at before a batch is made up: it may fill it.
            while let Ok(inquiry) = inquiries.try_recv() {
                counter.take(&mut desk, inquiry);
            }
            // What the platform takes is known once it is known what it speaks.
            desk.batches_of(counter.platform.lookup_batch_max());
            let now = counter.clock.now();
            let pause = match desk.ready(now, Reply::is_closed) {
                Ready::Send(asked) => {
                    batches.push(Box::pin(counter.settle(asked)));
                    continue;
                }
                // Never longer, so that a corrected clock does no harm.
                Ready::At(due_at) => Some(due_at.since(now).min(GATHER_MAX)),
                Ready::Idle => None,
            };
            tokio::select! {
                biased;
                Some(reports) = batches.next(), if !batches.is_empty() => {
                    counter.deliver(&mut desk, reports, unknown_id_memory);
                }
                inquiry = inquiries.recv(), if open => match inquiry {
                    Some(inquiry) => counter.take(&mut desk, inquiry),
                    None => open = false,
                },
                () = sleep(pause.unwrap_or_default()), if pause.is_some() => {}
            }
        }
    }
}

impl Counter {
    fn take(&self, desk: &mut Desk<Reply>, Inquiry { asked, reply }: Inquiry) {
        // Somebody named since who was unknown lately exists after all.
        if asked.row(&self.view.snapshot()).is_some_and(|row| row.present) {
            desk.disbelieve_absence(&asked);
        }
        match desk.arrive(asked, reply, self.clock.now()) {
            Arrived::Waits => {}
            Arrived::Remembered(report, reply) => {
                self.meters.looked_up("remembered");
                // Whoever has gone away meanwhile needs no answer.
                let _ = reply.send(report);
            }
        }
    }

    fn deliver(&self, desk: &mut Desk<Reply>, reports: HashMap<Asked, Report>, unknown_id_memory: Duration) {
        let now = self.clock.now();
        for (asked, report) in reports {
            self.meters.looked_up(outcome(&report));
            let memory = memory_of(&report, unknown_id_memory).map(|memory| now.after(memory));
            for reply in desk.settle(&asked, &report, memory) {
                let _ = reply.send(report.clone());
            }
        }
    }

    /// Asks about a batch and commits what was said. Every id gets a report.
    async fn settle(&self, asked: Vec<Asked>) -> HashMap<Asked, Report> {
        let asked_at = self.clock.now();
        self.meters.lookup_batch(asked.len());
        let result = timeout(self.deadline, self.ask_and_commit(&asked, asked_at)).await;
        let mut reports = result.unwrap_or_else(|_| {
            let detail = format!("no answer within {:?}", self.deadline);
            same_for_all(&asked, &Report::Refused(Refusal::Unavailable { since: asked_at, detail }))
        });
        for asked in asked {
            // The platform's code settles every id. Should it forget one, that is said and not guessed.
            reports.entry(asked).or_insert_with(|| {
                let detail = "the look-up came to no report about this id".to_owned();
                Report::Refused(Refusal::Unavailable { since: asked_at, detail })
            });
        }
        reports
    }

    async fn ask_and_commit(&self, asked: &[Asked], asked_at: Timestamp) -> HashMap<Asked, Report> {
        let LookedUp { mut observations, reports } = self.platform.lookup(asked).await;
        self.show(&reports);
        // Of somebody who was never heard of, "absent" is an answer but no news: keeping it would let anybody who
        // asks for random ids fill the roster.
        let known = self.view.snapshot();
        observations
            .retain(|said| !said.statement.absent || known.by_user_id(said.user_id.as_str()).is_some());
        if observations.is_empty() {
            return reports.into_iter().collect();
        }
        let said: Vec<(UserId, Statement)> = observations
            .iter()
            .map(|observation| (observation.user_id.clone(), observation.statement.clone()))
            .collect();
        let inputs =
            observations.into_iter().map(|observation| Input::Observation(Box::new(observation))).collect();
        match self.inlet.commit(inputs).await {
            Ok(_) => {
                let snapshot = self.view.snapshot();
                let judged = |(asked, report): (Asked, Report)| {
                    let report = judged(report, &asked, &snapshot, &said, asked_at);
                    (asked, report)
                };
                reports.into_iter().map(judged).collect()
            }
            // What is not durable is not visible, so nobody may be told of it.
            Err(error) => {
                let detail = format!("what the platform said could not be kept: {error}");
                same_for_all(asked, &Report::Refused(Refusal::Unavailable { since: asked_at, detail }))
            }
        }
    }

    fn show(&self, reports: &[(Asked, Report)]) {
        let refused = reports.iter().find_map(|(_, report)| match report {
            Report::Refused(refusal) => Some(refusal),
            Report::Told | Report::Unconfirmed(_) | Report::Overtaken(_) | Report::Missing(_) => None,
        });
        let now = self.clock.now();
        self.status.source(Source::Lookup, |standing| match refused {
            Some(refusal) => {
                standing.phase = Phase::Failing;
                standing.detail = words(refusal);
            }
            None => {
                standing.phase = Phase::Running;
                standing.last_event_at = Some(now);
                standing.detail.clear();
            }
        });
    }
}

fn same_for_all(asked: &[Asked], report: &Report) -> HashMap<Asked, Report> {
    asked.iter().map(|asked| (asked.clone(), report.clone())).collect()
}

/// How long a report stands for those who ask later. A refusal never does: its reason may be gone.
fn memory_of(report: &Report, unknown: Duration) -> Option<Duration> {
    match report {
        Report::Missing(facts) if facts.prove_absence() && !facts.are_passing() => {
            Some(unknown.max(ANSWER_MEMORY))
        }
        Report::Told | Report::Unconfirmed(_) | Report::Overtaken(_) | Report::Missing(_) => {
            Some(ANSWER_MEMORY)
        }
        Report::Refused(_) => None,
    }
}

fn outcome(report: &Report) -> &'static str {
    match report {
        Report::Told => "told",
        Report::Unconfirmed(_) => "unconfirmed",
        Report::Overtaken(_) => "overtaken",
        Report::Missing(facts) if facts.prove_absence() => "absent",
        Report::Missing(facts) if facts.show_no_state() => "logged_out",
        Report::Missing(_) => "withheld",
        Report::Refused(_) => "refused",
    }
}

fn words(refusal: &Refusal) -> String {
    match refusal {
        Refusal::RateLimited { .. } => "the request budget is spent".to_owned(),
        Refusal::Unavailable { detail, .. }
        | Refusal::CredentialsRejected { detail }
        | Refusal::WrongRegion { detail, .. } => detail.clone(),
        Refusal::Crowded => "more look-ups are waiting than may wait".to_owned(),
        Refusal::NotInTime { .. } => "no answer in time".to_owned(),
        Refusal::Stopping => "stopping".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use onduty_core::access::{Needs, Seen};
    use onduty_core::facts::{Existence, Facts, Untaken};
    use onduty_core::finding::{Evidence, Reason};

    use super::*;

    #[test]
    fn an_absence_is_remembered_unless_asking_again_may_come_to_more() {
        let at = Timestamp::from_millis(1);
        let seen = Seen { value: Existence::Unknown, origin: "/api/v2/users", at, correlation_id: None };
        let unread = |is_passing| Untaken {
            why: Evidence::at("/api/v2/routing/queues/{id}", "503", at),
            would_show: Reason::WrongIdKind,
            is_passing,
        };
        let memory = |untaken| {
            let none = Facts::none(Needs::NOTHING, Arc::default());
            let facts = Facts { directory: Some(seen.clone()), untaken, ..none };
            memory_of(&Report::Missing(Arc::new(facts)), Duration::from_secs(10))
        };
        assert_eq!(memory(vec![]), Some(Duration::from_secs(10)));
        assert_eq!(memory(vec![unread(false)]), Some(Duration::from_secs(10)));
        assert_eq!(memory(vec![unread(true)]), Some(ANSWER_MEMORY));
    }
}
