//! The budget with waiters: lets requests through one by one, and shows what is left.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use onduty_core::time::Timestamp;
use tokio::sync::Notify;
use tokio::time::sleep;

use super::{Budget, Decision, LimitHeaders, Purpose};
use crate::clock::Clock;
use crate::meters::Meters;
use crate::platform::genesys::route::Route;
use crate::status::{ShareStanding, StatusBoard};

/// The most requests of one purpose that wait at once. The sources send few at a time; more would be a mistake.
const WAITING_MAX: u32 = 64;
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

    /// Waits for leave to send a request, but not beyond `patience`.
    ///
    /// # Errors
    ///
    /// When leave can't be had by then: the instant at which to ask again.
    pub async fn admit(&self, purpose: Purpose, route: Route, patience: Duration) -> Result<(), Timestamp> {
        let give_up_at = self.clock.now().after(patience);
        let mut place: Option<Place<'_>> = None;
        loop {
            let changed = self.changed.notified();
            let now = self.clock.now();
            let until = match self.decide(now, purpose, route) {
                Decision::Grant => return Ok(()),
                Decision::Wait(until) if until > give_up_at => return Err(until),
                Decision::Wait(until) => until,
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

    /// Takes in what an answer says.
    pub fn record(&self, headers: &LimitHeaders) {
        let mut state = self.lock();
        state.budget.record(self.clock.now(), headers);
        self.show(&state);
        drop(state);
        self.changed.notify_waiters();
    }

    /// Takes in a `429`, and says until when to wait.
    pub fn refused(&self, route: Route, headers: &LimitHeaders, retry_after: Option<Duration>) -> Timestamp {
        let mut state = self.lock();
        let until = state.budget.refused(self.clock.now(), route, headers, retry_after);
        self.show(&state);
        let wait_s = until.since(self.clock.now()).as_secs();
        tracing::warn!(route = route.template(), wait_s, "the platform limits our requests");
        until
    }

    fn decide(&self, now: Timestamp, purpose: Purpose, route: Route) -> Decision {
        let mut state = self.lock();
        let decision = state.budget.decide(now, purpose, route);
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
        self.status.budget(|standing| {
            standing.allowed_per_minute = budget.allowed();
            standing.left = budget.left();
            standing.blocked_until = budget.blocked_until(self.clock.now());
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
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicI64, Ordering};

    use super::*;

    #[tokio::test]
    async fn whoever_would_wait_too_long_is_told_until_when() {
        let now = Arc::new(AtomicI64::new(0));
        let clock = {
            let now = Arc::clone(&now);
            Clock::from_fn(move || Timestamp::from_millis(now.load(Ordering::Relaxed)))
        };
        let status = StatusBoard::default();
        let governor = Governor::new(clock, status.clone(), Meters::new().0);
        governor.refused(Route::Users, &LimitHeaders::default(), Some(Duration::from_secs(42)));
        let refused = governor.admit(Purpose::Lookup, Route::Users, Duration::from_secs(2)).await;
        assert_eq!(refused, Err(Timestamp::from_millis(42_000)));
        assert_eq!(status.read().budget.blocked_until, Some(Timestamp::from_millis(42_000)));
        now.store(42_000, Ordering::Relaxed);
        assert_eq!(governor.admit(Purpose::Lookup, Route::Users, Duration::ZERO).await, Ok(()));
        assert_eq!(status.read().budget.shares[0].spent, 1);
    }

    #[tokio::test]
    async fn a_waiter_is_let_through_as_soon_as_the_window_is_over() {
        let clock = Clock::system();
        let governor = Governor::new(clock, StatusBoard::default(), Meters::new().0);
        governor.refused(Route::Users, &LimitHeaders::default(), Some(Duration::from_secs(1)));
        assert_eq!(governor.admit(Purpose::Sweep, Route::Users, Duration::from_secs(9)).await, Ok(()));
        assert_eq!(governor.lock().waiting, [0; Purpose::ALL.len()]);
    }
}
