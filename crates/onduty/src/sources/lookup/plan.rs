//! Who waits for which id, what to send next and when. Pure: time comes in as a value, and a waiter is anything.

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use onduty_core::answer::{Asked, Report};
use onduty_core::time::Timestamp;

/// Bounds.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    /// Ids in one request.
    pub(super) batch: usize,
    /// Requests at once.
    pub(super) in_flight: usize,
    /// Reports remembered.
    pub(super) remembered: usize,
    /// A batch that is not full is sent once nobody has asked for so long,
    pub(super) quiet: Duration,
    /// or so long in a burst, where more are likely to come,
    pub(super) quiet_in_burst: Duration,
    /// which so many waiting ids are,
    pub(super) burst: usize,
    /// or once its oldest id has waited for so long.
    pub(super) gather: Duration,
}

/// The ids that somebody waits for.
#[derive(Debug)]
pub(super) struct Desk<W> {
    limits: Limits,
    waiting: HashMap<Asked, Vec<W>>,
    /// Ids to be sent, oldest first.
    queue: VecDeque<(Asked, Timestamp)>,
    last_arrival: Timestamp,
    batches_in_flight: HashMap<u64, usize>,
    in_flight: HashMap<Asked, u64>,
    batches: u64,
    remembered: HashMap<Asked, (Report, Timestamp)>,
    /// In order of remembering, to forget the oldest when there are too many.
    memory: VecDeque<(Asked, Timestamp)>,
}

/// What became of an inquiry.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Arrived<W> {
    /// It waits for a request, or for one in flight.
    Waits,
    /// It was answered lately.
    Remembered(Report, W),
}

/// What to do next.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Ready {
    /// Send these in one request.
    Send(Vec<Asked>),
    /// Look again then.
    At(Timestamp),
    /// Wait for somebody to ask or for a request to end.
    Idle,
}

impl<W> Desk<W> {
    pub(super) fn new(limits: Limits) -> Self {
        Self {
            limits,
            waiting: HashMap::new(),
            queue: VecDeque::new(),
            last_arrival: Timestamp::MIN,
            batches_in_flight: HashMap::new(),
            in_flight: HashMap::new(),
            batches: 0,
            remembered: HashMap::new(),
            memory: VecDeque::new(),
        }
    }

    /// From now on so many ids fit into one request.
    pub(super) const fn batches_of(&mut self, ids: usize) {
        self.limits.batch = ids;
    }

    /// Somebody asks.
    pub(super) fn arrive(&mut self, asked: Asked, waiter: W, now: Timestamp) -> Arrived<W> {
        self.forget(now);
        if let Some((report, _)) = self.remembered.get(&asked).filter(|(_, until)| now < *until) {
            return Arrived::Remembered(report.clone(), waiter);
        }
        let waiters = self.waiting.entry(asked.clone()).or_default();
        if waiters.is_empty() && !self.in_flight.contains_key(&asked) {
            self.queue.push_back((asked, now));
            self.last_arrival = now;
        }
        waiters.push(waiter);
        Arrived::Waits
    }

    /// What to do now. Ids that nobody waits for any more are dropped on the way.
    pub(super) fn ready(&mut self, now: Timestamp, is_gone: impl Fn(&W) -> bool) -> Ready {
        if self.batches_in_flight.len() >= self.limits.in_flight {
            return Ready::Idle;
        }
        let Some((_, oldest)) = self.queue.front() else { return Ready::Idle };
        let in_burst = self.queue.len() >= self.limits.burst || !self.batches_in_flight.is_empty();
        let quiet = if in_burst { self.limits.quiet_in_burst } else { self.limits.quiet };
        let due_at = self.last_arrival.after(quiet).min(oldest.after(self.limits.gather));
        let full = self.queue.len() >= self.limits.batch;
        if !full && now < due_at {
            return Ready::At(due_at);
        }
        // While a request is under way, the next one becomes fuller; but nobody waits long for another's answer.
        let patient_until = oldest.after(self.limits.gather);
        if !full && !self.batches_in_flight.is_empty() && now < patient_until {
            return Ready::At(patient_until);
        }
        let batch = self.take_batch(is_gone);
        if batch.is_empty() { Ready::Idle } else { Ready::Send(batch) }
    }

    /// A request told about an id; who waits for it. With `remember_until` the report serves those, too, who ask
    /// before then.
    pub(super) fn settle(
        &mut self,
        asked: &Asked,
        report: &Report,
        remember_until: Option<Timestamp>,
    ) -> Vec<W> {
        self.leave_flight(asked);
        if let Some(until) = remember_until {
            self.remember(asked, report, until);
        }
        self.waiting.remove(asked).unwrap_or_default()
    }

    /// No longer lets a remembered absence stand for those who ask.
    pub(super) fn disbelieve_absence(&mut self, asked: &Asked) {
        if self.remembered.get(asked).is_some_and(|(report, _)| proves_absence(report)) {
            self.remembered.remove(asked);
        }
    }

    /// Whether anybody waits.
    pub(super) fn is_waiting(&self) -> bool {
        !self.waiting.is_empty()
    }

    fn take_batch(&mut self, is_gone: impl Fn(&W) -> bool) -> Vec<Asked> {
        let mut batch = Vec::new();
        while batch.len() < self.limits.batch
            && let Some((asked, _)) = self.queue.pop_front()
        {
            if self.waiting.get(&asked).is_none_or(|waiters| waiters.iter().all(&is_gone)) {
                self.waiting.remove(&asked);
            } else {
                self.in_flight.insert(asked.clone(), self.batches);
                batch.push(asked);
            }
        }
        if !batch.is_empty() {
            self.batches_in_flight.insert(self.batches, batch.len());
            self.batches += 1;
        }
        batch
    }

    fn leave_flight(&mut self, asked: &Asked) {
        let Some(batch) = self.in_flight.remove(asked) else { return };
        if let Some(left) = self.batches_in_flight.get_mut(&batch) {
            *left -= 1;
            if *left == 0 {
                self.batches_in_flight.remove(&batch);
            }
        }
    }

    fn remember(&mut self, asked: &Asked, report: &Report, until: Timestamp) {
        self.remembered.insert(asked.clone(), (report.clone(), until));
        self.memory.push_back((asked.clone(), until));
        while self.memory.len() > self.limits.remembered
            && let Some((oldest, until)) = self.memory.pop_front()
        {
            self.forget_one(&oldest, until);
        }
    }

    /// Memories differ in length: one that is over may stand behind one that is not, and goes when that one goes.
    fn forget(&mut self, now: Timestamp) {
        while let Some((oldest, until)) = self.memory.front().cloned().filter(|(_, until)| *until <= now) {
            self.memory.pop_front();
            self.forget_one(&oldest, until);
        }
    }

    fn forget_one(&mut self, asked: &Asked, until: Timestamp) {
        if self.remembered.get(asked).is_some_and(|(_, held)| *held <= until) {
            self.remembered.remove(asked);
        }
    }
}

fn proves_absence(report: &Report) -> bool {
    matches!(report, Report::Missing(facts) if facts.prove_absence())
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: Limits = Limits {
        batch: 3,
        in_flight: 2,
        remembered: 2,
        quiet: Duration::from_millis(5),
        quiet_in_burst: Duration::from_millis(10),
        burst: 2,
        gather: Duration::from_millis(20),
    };

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_millis(millis)
    }

    fn id(id: &str) -> Asked {
        Asked::AgentId(id.into())
    }

    /// A desk where the given ids were asked for at an instant, each by a waiter of the same name.
    fn desk(ids: &[&'static str], now: i64) -> Desk<&'static str> {
        let mut desk = Desk::new(LIMITS);
        ask(&mut desk, ids, now);
        desk
    }

    fn ask(desk: &mut Desk<&'static str>, ids: &[&'static str], now: i64) {
        for name in ids {
            assert_eq!(desk.arrive(id(name), name, at(now)), Arrived::Waits);
        }
    }

    fn ready(desk: &mut Desk<&'static str>, now: i64) -> Ready {
        desk.ready(at(now), |waiter| *waiter == "gone")
    }

    fn send(ids: &[&str]) -> Ready {
        Ready::Send(ids.iter().map(|name| id(name)).collect())
    }

    #[test]
    fn a_full_batch_goes_at_once_and_the_rest_waits_for_quiet() {
        let mut desk = desk(&["a", "b", "a", "c", "d"], 0);
        assert_eq!(ready(&mut desk, 0), send(&["a", "b", "c"]));
        assert_eq!(ready(&mut desk, 4), Ready::At(at(10)));
        for name in ["a", "b", "c"] {
            desk.settle(&id(name), &Report::Told, None);
        }
        assert_eq!(ready(&mut desk, 5), send(&["d"]));
    }

    #[test]
    fn the_rest_waits_for_a_request_in_flight_but_not_long() {
        let mut desk = desk(&["a", "b", "c", "d"], 0);
        assert_eq!(ready(&mut desk, 0), send(&["a", "b", "c"]));
        assert_eq!(ready(&mut desk, 10), Ready::At(at(20)));
        assert_eq!(ready(&mut desk, 20), send(&["d"]));
    }

    #[test]
    fn a_trickle_is_gathered_but_not_for_ever() {
        let mut desk = desk(&["a"], 0);
        ask(&mut desk, &["b"], 4);
        assert_eq!(ready(&mut desk, 5), Ready::At(at(14)));
        let mut desk = self::desk(&["a"], 0);
        ask(&mut desk, &["b"], 18);
        assert_eq!(ready(&mut desk, 18), Ready::At(at(20)));
        assert_eq!(ready(&mut desk, 20), send(&["a", "b"]));
    }

    #[test]
    fn whoever_asks_for_an_id_in_flight_joins_it() {
        let mut desk = desk(&["a"], 0);
        assert_eq!(ready(&mut desk, 5), send(&["a"]));
        assert_eq!(desk.arrive(id("a"), "late", at(6)), Arrived::Waits);
        assert_eq!(ready(&mut desk, 99), Ready::Idle);
        assert_eq!(desk.settle(&id("a"), &Report::Told, None), ["a", "late"]);
        assert!(!desk.is_waiting());
    }

    #[test]
    fn no_more_requests_are_in_flight_than_may_be() {
        let mut desk = desk(&["a", "b", "c", "d", "e", "f", "g", "h", "i"], 0);
        assert_eq!(ready(&mut desk, 0), send(&["a", "b", "c"]));
        assert_eq!(ready(&mut desk, 0), send(&["d", "e", "f"]));
        assert_eq!(ready(&mut desk, 0), Ready::Idle);
        for name in ["a", "b", "c"] {
            desk.settle(&id(name), &Report::Told, None);
        }
        assert_eq!(ready(&mut desk, 0), send(&["g", "h", "i"]));
    }

    #[test]
    fn ids_that_nobody_waits_for_any_more_are_not_asked_for() {
        let mut desk = desk(&["a"], 0);
        assert_eq!(desk.arrive(id("b"), "gone", at(0)), Arrived::Waits);
        assert_eq!(ready(&mut desk, 10), send(&["a"]));
        let mut desk: Desk<&str> = Desk::new(LIMITS);
        desk.arrive(id("b"), "gone", at(0));
        assert_eq!(ready(&mut desk, 5), Ready::Idle);
        assert!(!desk.is_waiting());
    }

    #[test]
    fn an_answer_is_remembered_for_its_time_and_the_oldest_goes_first() {
        let mut desk = desk(&["a", "b", "c"], 0);
        ready(&mut desk, 0);
        for (name, until) in [("a", 100), ("b", 50), ("c", 100)] {
            desk.settle(&id(name), &Report::Told, Some(at(until)));
        }
        let told = |waiter| Arrived::Remembered(Report::Told, waiter);
        assert_eq!(desk.arrive(id("a"), "x", at(10)), Arrived::Waits, "two are remembered at most");
        assert_eq!(desk.arrive(id("b"), "x", at(49)), told("x"));
        assert_eq!(desk.arrive(id("b"), "x", at(50)), Arrived::Waits);
        assert_eq!(desk.arrive(id("c"), "x", at(99)), told("x"));
        assert_eq!(desk.arrive(id("c"), "x", at(100)), Arrived::Waits);
    }
}
