//! Where the channels stand, for people and for probes: each line says how it fares, and the whole is summed up.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use onduty_core::observation::Source;
use onduty_core::time::Timestamp;

use super::overlap::Compared;
use super::plan::{LineId, Plan};
use super::recovery::Loss;
use crate::meters::Meters;
use crate::platform::genesys::decode::{Malformed, RejectedTopic};
use crate::status::{ChannelsStanding, Phase, StatusBoard};

/// How old the oldest mark may become: three heartbeats of the platform.
const BOUND: Duration = Duration::from_secs(90);

/// Events that can't be read come one after the other, all for one reason: one line in the log is enough.
const MALFORMED_LOGGED_EVERY: Duration = Duration::from_secs(60);
/// And they are told of for so long after the last of them.
const MALFORMED_REMEMBERED: Duration = Duration::from_secs(3_600);

/// Where all lines stand.
pub(super) struct Board {
    status: StatusBoard,
    meters: Meters,
    inner: Mutex<Inner>,
}

#[derive(Default)]
struct Inner {
    lines: BTreeMap<LineId, LineStanding>,
    marks: BTreeMap<LineId, Timestamp>,
    whole: ChannelsStanding,
    /// What went wrong last, until all is well again.
    trouble: String,
    /// Events that could not be read lately, and what was wrong with the last of them.
    unreadable: (u64, String),
    was_whole: bool,
}

/// Where one line stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct LineStanding {
    /// A channel is listened to.
    pub(super) is_open: bool,
    /// Agents whose changes would be heard.
    pub(super) covered: usize,
    /// Agents whose topics it refused, and why one of them.
    pub(super) rejected: usize,
    pub(super) rejection: Option<Arc<RejectedTopic>>,
    /// Why other topics than it has could not be put, until they are.
    pub(super) not_put: Option<Arc<str>>,
}

impl Board {
    pub(super) fn new(status: StatusBoard, meters: Meters) -> Self {
        Self { status, meters, inner: Mutex::default() }
    }

    /// Nothing is listened to yet.
    pub(super) fn starting(&self) {
        self.status.source(Source::Channel, |standing| {
            standing.phase = Phase::Starting;
            standing.bound = Some(BOUND);
            standing.detail = "waiting for the first full listing: topics are put per agent".to_owned();
        });
    }

    /// The platform's API that is spoken has no channels.
    pub(super) fn not_offered(&self) {
        self.status.source(Source::Channel, |standing| {
            standing.phase = Phase::Disabled;
            standing.detail = "the agent-states API has no notification channels".to_owned();
        });
    }

    /// How many channels carry how many topics, how many agents have none; and which channels are no longer counted, though
    /// they may be listened to for a while.
    pub(super) fn planned(&self, plan: &Plan, given_up: &BTreeSet<LineId>, now: Timestamp) {
        let (lines, topics, homeless) = (plan.lines(), plan.topics(), plan.homeless());
        let mut inner = self.lock();
        inner.lines.retain(|id, _| !given_up.contains(id));
        inner.marks.retain(|id, _| !given_up.contains(id));
        let forgets = inner.unreadable.0 > 0
            && inner.whole.malformed_at.is_none_or(|last| now.since(last) > MALFORMED_REMEMBERED);
        if forgets {
            inner.unreadable = (0, String::new());
        }
        let whole = &inner.whole;
        let is_same = (whole.planned, whole.topics, whole.beyond) == (lines, topics, homeless);
        if !forgets && is_same && given_up.is_empty() {
            return;
        }
        if homeless > 0 && homeless != whole.beyond {
            tracing::warn!(
                agents = homeless,
                "more agents than topics: full listings are all that covers them"
            );
        }
        (inner.whole.planned, inner.whole.topics, inner.whole.beyond) = (lines, topics, homeless);
        self.show(&mut inner);
    }

    /// How a line fares.
    pub(super) fn report(&self, id: LineId, standing: LineStanding) {
        let mut inner = self.lock();
        if inner.lines.get(&id) == Some(&standing) {
            return;
        }
        if standing.covered == 0 {
            inner.marks.remove(&id);
        }
        inner.lines.insert(id, standing);
        self.show(&mut inner);
    }

    /// All of a line's agents are covered since then, and were read since.
    pub(super) fn complete(&self, id: LineId, since: Timestamp) {
        let mut inner = self.lock();
        if inner.marks.contains_key(&id) || !inner.lines.contains_key(&id) {
            return;
        }
        inner.marks.insert(id, since);
        let mark = oldest_mark(&inner);
        self.status
            .source(Source::Channel, |standing| standing.last_mark_at = mark.or(standing.last_mark_at));
    }

    /// Somebody of a line is to be read again: what it vouches for is not the whole of it until then.
    pub(super) fn incomplete(&self, id: LineId) {
        self.lock().marks.remove(&id);
    }

    /// Statements were made durable; of a sign of life, until when it vouches.
    pub(super) fn handed_in(
        &self,
        id: LineId,
        last: Option<(Timestamp, Duration)>,
        vouched_until: Option<Timestamp>,
    ) {
        let mut inner = self.lock();
        // A line that is not complete yet is not made so by a sign of life.
        if let (Some(until), Some(mark)) = (vouched_until, inner.marks.get_mut(&id)) {
            *mark = until.max(*mark);
        }
        let mark = oldest_mark(&inner);
        self.status.source(Source::Channel, |standing| {
            standing.last_mark_at = mark.or(standing.last_mark_at);
            if let Some((heard_at, lag)) = last {
                standing.last_event_at = Some(heard_at);
                standing.lag = Some(lag);
            }
        });
        if let Some(mark) = mark.filter(|_| vouched_until.is_some()) {
            self.meters.last_mark(Source::Channel, mark.as_millis() as f64 / 1_000.0);
        }
        if let Some((_, lag)) = last {
            self.meters.source_lag(Source::Channel, lag);
        }
    }

    /// Something may have gone unheard.
    pub(super) fn gap(&self) {
        self.status.source(Source::Channel, |standing| standing.gaps += 1);
    }

    /// A channel was lost; where another one was replacing it already, nothing else was.
    pub(super) fn lost(&self, id: LineId, loss: Loss, detail: &str, is_replaced: bool, now: Timestamp) {
        self.meters.channel_lost(loss.name());
        if is_replaced {
            tracing::info!(
                loss = loss.name(),
                detail,
                "one of two channels ended while it was being replaced"
            );
            return;
        }
        match loss {
            Loss::TakenOver => tracing::error!(
                detail,
                "another consumer uses this OAuth client's channels: give each its own client; not fought over"
            ),
            _ => tracing::warn!(loss = loss.name(), detail, "a notification channel was lost"),
        }
        // Not whole from here on: what is said of a loss is forgotten as soon as all is well.
        if let Some(line) = self.lock().lines.get_mut(&id) {
            line.is_open = false;
        }
        self.trouble(loss, detail, now);
    }

    /// A channel could not be opened, or its topics not be put.
    pub(super) fn failed(&self, loss: Loss, detail: &str, now: Timestamp) {
        tracing::warn!(loss = loss.name(), detail, "no notification channel");
        self.trouble(loss, detail, now);
    }

    /// A frame could not be read.
    pub(super) fn malformed(&self, error: &Malformed, now: Timestamp) {
        self.meters.channel_malformed();
        let mut inner = self.lock();
        if inner.whole.malformed_at.is_none_or(|last| now.since(last) > MALFORMED_LOGGED_EVERY) {
            tracing::warn!(%error, "an event that can't be read: its agent is read again");
        }
        inner.unreadable = (inner.unreadable.0.saturating_add(1), error.to_string());
        inner.whole.malformed_at = Some(now);
        self.show(&mut inner);
    }

    /// So many agents were read again after a gap, and so many had changed in it.
    pub(super) fn mended(&self, read: usize, changed: usize) {
        self.meters.channel_mended(read, changed);
    }

    /// Two channels with the same topics were compared.
    pub(super) fn compared(&self, compared: Compared) {
        let Compared { both, old_only, new_only, later_by } = compared;
        let late = later_by.iter().max().copied().unwrap_or_default();
        tracing::info!(both, old_only, new_only, latest_ms = late.as_millis(), "a channel was replaced");
        self.meters.channels_compared(both, old_only, new_only, &later_by);
    }

    fn trouble(&self, loss: Loss, detail: &str, now: Timestamp) {
        let mut inner = self.lock();
        inner.trouble = format!("{}: {detail}", loss.name());
        if loss == Loss::TakenOver {
            inner.whole.taken_over_at = Some(now);
        }
        self.show(&mut inner);
    }

    fn show(&self, inner: &mut Inner) {
        let open = inner.lines.values().filter(|line| line.is_open).count();
        let sum = |of: fn(&LineStanding) -> usize| inner.lines.values().map(of).sum::<usize>();
        inner.whole.open = open;
        inner.whole.covered = sum(|line| line.covered);
        inner.whole.rejected = sum(|line| line.rejected);
        inner.whole.rejection =
            inner.lines.values().find_map(|line| line.rejection.clone()).map(|rejection| {
                format!(
                    "{}: {} {}",
                    rejection.topic,
                    rejection.reason,
                    rejection.missing_permissions.join(", ")
                )
            });
        let is_whole = open >= inner.whole.planned;
        inner.was_whole |= is_whole;
        if is_whole {
            inner.trouble.clear();
        }
        let phase = match (is_whole, inner.was_whole) {
            (true, _) => Phase::Running,
            (false, true) => Phase::Failing,
            (false, false) if inner.trouble.is_empty() => Phase::Starting,
            (false, false) => Phase::Failing,
        };
        let (detail, bound) = (describe(inner), (inner.whole.topics > 0).then_some(BOUND));
        self.status.source(Source::Channel, |standing| {
            standing.phase = phase;
            standing.detail = detail;
            standing.bound = bound;
        });
        let ChannelsStanding { topics, covered, beyond, .. } = inner.whole;
        self.meters.channels(open, covered, beyond + topics.saturating_sub(covered));
        self.status.channels(inner.whole.clone());
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        // A writer that panicked half-way leaves at worst an outdated line of status.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The whole is as fresh as its oldest part; unknown while a part has no mark.
fn oldest_mark(inner: &Inner) -> Option<Timestamp> {
    let all = inner.marks.len() >= inner.whole.planned;
    inner.marks.values().min().copied().filter(|_| all)
}

fn describe(inner: &Inner) -> String {
    let ChannelsStanding { planned, open, topics, beyond, rejected, rejection, .. } = &inner.whole;
    let mut detail = format!("{open} of {planned} channels, {topics} topics");
    if *beyond > 0 {
        detail.push_str(&format!("; {beyond} agents beyond the topics are covered by full listings alone"));
    }
    if let Some(rejection) = rejection {
        detail.push_str(&format!("; {rejected} topics rejected ({rejection})"));
    }
    if let Some(why) = inner.lines.values().find_map(|line| line.not_put.as_ref()) {
        detail.push_str(&format!("; topics could not be put: {why}"));
    }
    if let (events @ 1.., last) = &inner.unreadable {
        detail.push_str(&format!("; {events} events could not be read, the last of them: {last}"));
    }
    if !inner.trouble.is_empty() {
        detail.push_str(&format!("; {}", inner.trouble));
    }
    detail
}
