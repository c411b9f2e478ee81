//! The budget with waiters: lets requests through one by one, and shows what is left.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use onduty_core::time::Timestamp;
use tokio::sync::Notify;
use tokio::time::sleep;

use super::{Budget, Decision, LimitHeaders, Limited, Purpose, Request};
use crate::clock::Clock;
use crate::meters::Meters;
use crate::platform::genesys::route::Route;
use crate::status::{ShareStanding, StatusBoard};

/// The most requests of one purpose that wait at once. The sources send few at a time; more would be a mistake.
const WAITING_MAX: u32 = 64;
/// How long a wait that was asked for is shown, at most.
const DAY: Duration = Duration::from_secs(86_400);
/// The longest sleep before the clock is read again, so that a corrected clock is noticed.
const SLEEP_MAX: Duration = Duration::from_secs(5);

/// Lets requests through as the budget allows.
#[derive(Debug)]
pub struct Governor {
    state: Mutex<State>,
    changed: Notify,
    clock: Clock,
    status: StatusBoard,
    meters: Meters,
}

#[derive(Debug, Default)]
struct State {
    budget: Budget,
    waiting: [u32; Purpose::ALL.len()],
    /// The longest wait that the platform asked for and did not get, and when it asked.
    longest_asked: Option<(Duration, Timestamp)>,
}

/// Leave to send one request. Whoever drops it says that nothing more is to be heard of it.
#[derive(Debug)]
#[must_use = "a request under way holds others back until an answer tells how many are allowed"]
pub struct Leave<'a> {
    governor: &'a Governor,
    is_answered: bool,
}

impl Leave<'_> {
    /// The request was answered, and this is what the answer says.
    pub fn answered(mut self, headers: &LimitHeaders) {
        self.is_answered = true;
        self.governor.lock().budget.record(self.governor.clock.now(), headers);
    }
}

impl Drop for Leave<'_> {
    fn drop(&mut self) {
        let mut state = self.governor.lock();
        if self.is_answered {
            state.budget.over();
        } else {
            state.budget.lost();
        }
        self.governor.show(&state);
        drop(state);
        self.governor.changed.notify_waiters();
    }
}

impl Governor {
    /// A full budget.
    pub fn new(clock: Clock, status: StatusBoard, meters: Meters) -> Self {
        let governor = Self { state: Mutex::default(), changed: Notify::new(), clock, status, meters };
        governor.show(&governor.lock());
        governor
    }

    /// Sets a share aside for channels, or gives it to the listings.
    pub fn keep_channels(&self, keeps_channels: bool) {
        let mut state = self.lock();
        state.budget.keep_channels(keeps_channels);
        self.show(&state);
    }

    /// Whose share pays for reading agents again after a gap.
    ///
    /// # Errors
    ///
    /// When none can: the instant at which to ask again.
    pub fn pays_for_repairs(&self) -> Result<Purpose, Timestamp> {
        self.lock().budget.pays_for_repairs(self.clock.now())
    }

    /// Waits for leave to send a request, but not beyond `patience`.
    ///
    /// # Errors
    ///
    /// When leave can't be had by then: the instant at which to ask again.
    pub async fn admit(
        &self,
        purpose: Purpose,
        route: Route,
        patience: Duration,
    ) -> Result<Leave<'_>, Timestamp> {
        let give_up_at = self.clock.now().after(patience);
        let mut place: Option<Place<'_>> = None;
        loop {
            let changed = self.changed.notified();
            let now = self.clock.now();
            let until = match self.decide(now, purpose, route, now >= give_up_at) {
                Decision::Grant => return Ok(Leave { governor: self, is_answered: false }),
                Decision::Wait(until) if until > give_up_at => return Err(until),
                Decision::Wait(until) => until,
                Decision::AwaitAnswer => give_up_at,
            };
            if place.is_none() {
                place = Some(Place::take(self, purpose).ok_or(until)?);
            }
            tokio::select! {
                () = sleep(until.since(now).clamp(Duration::from_millis(1), SLEEP_MAX)) => {}
                () = changed => {}
            }
        }
    }

    /// Takes in a `429`, and says until when to wait.
    pub fn refused(&self, route: Route, headers: &LimitHeaders, retry_after: Option<Duration>) -> Timestamp {
        let now = self.clock.now();
        let mut state = self.lock();
        let Limited { until, endpoint_only, asked, known } =
            state.budget.refused(now, route, headers, retry_after);
        let asked_now = asked.map(|asked| (asked, now));
        state.longest_asked = asked_now.max(still_wanted(state.longest_asked, now));
        self.show(&state);
        drop(state);
        let limited = if endpoint_only { "endpoint" } else { "token" };
        self.meters.limited(limited, asked.is_some());
        let (route, wait_s) = (route.template(), until.since(now).as_secs());
        match asked.map(|asked| asked.as_secs()) {
            // What is under way when a limit is met is refused as well; one line is enough.
            _ if known => tracing::debug!(route, limited, wait_s, "the platform still limits our requests"),
            None => tracing::warn!(route, limited, wait_s, "the platform limits our requests"),
            Some(asked_s) => tracing::warn!(
                route,
                limited,
                asked_s,
                wait_s,
                "the platform wants to be left alone for longer than anybody waits: it is asked again sooner"
            ),
        }
        until
    }

    fn decide(&self, now: Timestamp, purpose: Purpose, route: Route, has_waited: bool) -> Decision {
        let mut state = self.lock();
        let gives_way = state.waiting[..purpose as usize].iter().any(|waiting| *waiting > 0);
        let decision = state.budget.decide(now, &Request { purpose, route, gives_way, has_waited });
        self.show(&state);
        decision
    }

    fn show(&self, state: &State) {
        let budget = &state.budget;
        let share = |purpose: Purpose| ShareStanding {
            purpose: purpose.name(),
            spent: budget.spent_ever(purpose),
            left: budget.left_for(purpose),
            waiting: state.waiting[purpose as usize],
        };
        let now = self.clock.now();
        self.status.budget(|standing| {
            standing.allowed_per_minute = budget.allowed();
            standing.left = budget.left();
            standing.blocked_until = budget.blocked_until(now);
            standing.endpoints =
                budget.routes_blocked(now).map(|(at, until)| (at.template(), until)).collect();
            standing.longest_wait_asked = still_wanted(state.longest_asked, now).map(|(asked, _)| asked);
            standing.shares = Purpose::ALL.map(share).to_vec();
        });
        for purpose in Purpose::ALL {
            self.meters.budget_left(purpose.name(), budget.left_for(purpose));
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // A budget is whole after each of its methods: a panic elsewhere leaves nothing half done.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A wait that was asked for and is not over by now: then it is no trouble any more. A day is the longest limit known.
fn still_wanted(asked: Option<(Duration, Timestamp)>, now: Timestamp) -> Option<(Duration, Timestamp)> {
    asked.filter(|(asked, at)| *at <= now && now < at.after((*asked).min(DAY)))
}

/// A place among those who wait.
struct Place<'a> {
    governor: &'a Governor,
    purpose: Purpose,
}

impl<'a> Place<'a> {
    fn take(governor: &'a Governor, purpose: Purpose) -> Option<Self> {
        let mut state = governor.lock();
        let waiting = &mut state.waiting[purpose as usize];
        if *waiting >= WAITING_MAX {
            return None;
        }
        *waiting += 1;
        governor.show(&state);
        Some(Self { governor, purpose })
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        let mut state = self.governor.lock();
        state.waiting[self.purpose as usize] -= 1;
        self.governor.show(&state);
        drop(state);
        // Others may have given way to this one.
        self.governor.changed.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicI64, Ordering};

    use super::*;

    fn still() -> (Arc<AtomicI64>, Clock) {
        let now = Arc::new(AtomicI64::new(0));
        let read = Arc::clone(&now);
        (now, Clock::from_fn(move || Timestamp::from_millis(read.load(Ordering::Relaxed))))
    }

    #[tokio::test]
    async fn whoever_would_wait_too_long_is_told_until_when() {
        let (now, clock) = still();
        let status = StatusBoard::default();
        let governor = Governor::new(clock, status.clone(), Meters::new().0);
        governor.refused(Route::Users, &LimitHeaders::default(), Some(Duration::from_secs(42)));
        let refused = governor.admit(Purpose::Lookup, Route::Users, Duration::from_secs(2)).await;
        assert_eq!(refused.err(), Some(Timestamp::from_millis(42_000)));
        assert_eq!(status.read().budget.blocked_until, Some(Timestamp::from_millis(42_000)));
        now.store(42_000, Ordering::Relaxed);
        assert!(governor.admit(Purpose::Lookup, Route::Users, Duration::ZERO).await.is_ok());
        assert_eq!(status.read().budget.shares[0].spent, 1);
    }

    #[tokio::test]
    async fn a_wait_of_hours_is_shown_and_not_waited_for() {
        let (_, clock) = still();
        let status = StatusBoard::default();
        let governor = Governor::new(clock, status.clone(), Meters::new().0);
        let plenty = LimitHeaders { count: Some(3), allowed: Some(300), reset: None };
        let until = governor.refused(Route::Users, &plenty, Some(Duration::from_secs(14_400)));
        let shown = status.read().budget;
        assert_eq!(until, Timestamp::from_millis(300_000));
        assert_eq!(shown.longest_wait_asked, Some(Duration::from_secs(14_400)));
        assert_eq!((shown.blocked_until, shown.endpoints), (None, vec![("/api/v2/users", until)]));
    }

    #[tokio::test]
    async fn a_wait_of_hours_is_no_trouble_any_more_once_it_is_over() {
        let (now, clock) = still();
        let status = StatusBoard::default();
        let governor = Governor::new(clock, status.clone(), Meters::new().0);
        let asked = Duration::from_secs(14_400);
        governor.refused(Route::Users, &LimitHeaders::default(), Some(asked));
        for (at_s, shown) in [(301, Some(asked)), (14_399, Some(asked)), (14_400, None)] {
            now.store(at_s * 1_000, Ordering::Relaxed);
            assert!(governor.admit(Purpose::Lookup, Route::Agents, Duration::ZERO).await.is_ok());
            assert_eq!(status.read().budget.longest_wait_asked, shown, "after {at_s} s");
        }
    }

    #[tokio::test]
    async fn a_waiter_is_let_through_as_soon_as_the_window_is_over() {
        let clock = Clock::system();
        let governor = Governor::new(clock, StatusBoard::default(), Meters::new().0);
        governor.refused(Route::Users, &LimitHeaders::default(), Some(Duration::from_secs(1)));
        assert!(governor.admit(Purpose::Sweep, Route::Users, Duration::from_secs(9)).await.is_ok());
        assert_eq!(governor.lock().waiting, [0; Purpose::ALL.len()]);
    }

    #[tokio::test]
    async fn the_first_answer_lets_through_whoever_waited_for_it() {
        let (_, clock) = still();
        let governor = Governor::new(clock, StatusBoard::default(), Meters::new().0);
        let patience = Duration::from_secs(9);
        let first = governor.admit(Purpose::Sweep, Route::Users, patience).await.expect("leave");
        let (second, ()) = tokio::join!(governor.admit(Purpose::Lookup, Route::Users, patience), async {
            assert_eq!(governor.lock().waiting[Purpose::Lookup as usize], 1);
            first.answered(&LimitHeaders { count: Some(1), allowed: Some(2), reset: None });
        });
        // Of two, one is kept in reserve: what the first answer tells holds for those who waited, too.
        assert!(second.is_err());
    }

    #[tokio::test]
    async fn where_no_answer_comes_the_next_request_is_sent_in_the_end() {
        let governor = Governor::new(Clock::system(), StatusBoard::default(), Meters::new().0);
        let hangs = governor.admit(Purpose::Sweep, Route::Users, Duration::ZERO).await;
        let next = governor.admit(Purpose::Lookup, Route::Users, Duration::from_millis(20)).await;
        assert!(hangs.is_ok() && next.is_ok());
    }
}
