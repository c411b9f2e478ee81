//! Wall time as a value. The one place that reads the machine's clock; everything else is handed a [`Clock`].
//!
//! Wall clocks are set back: by whoever corrects a machine that began with a wrong one, by hours. What was stamped before
//! is then newer than all that comes, so a clock also knows how far it went back ([`SetBacks`]).

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use onduty_core::time::{CORRECTION_MAX, Timestamp};

/// Tells the time. Cheap to clone; clones are one clock.
#[derive(Clone)]
pub struct Clock {
    read: Arc<dyn Fn() -> Timestamp + Send + Sync>,
    steps: Arc<Steps>,
}

/// What somebody has seen of how far a clock was set back.
#[derive(Clone, Copy, Debug)]
pub struct SetBacks {
    seen: Duration,
}

/// What was seen of a clock that should only go forward.
struct Steps {
    /// The newest instant that it told, in milliseconds, since it was last set back.
    newest: AtomicI64,
    /// Milliseconds, summed up.
    set_back: AtomicI64,
}

impl Clock {
    /// The machine's clock.
    pub fn system() -> Self {
        #[expect(clippy::disallowed_methods, reason = "this is the one place that reads the machine's clock")]
        Self::from_fn(|| Timestamp::from_millis(jiff::Timestamp::now().as_millisecond()))
    }

    /// A clock of the caller's making, for tests.
    pub fn from_fn(now: impl Fn() -> Timestamp + Send + Sync + 'static) -> Self {
        let steps = Steps { newest: AtomicI64::new(i64::MIN), set_back: AtomicI64::new(0) };
        Self { read: Arc::new(now), steps: Arc::new(steps) }
    }

    /// Now.
    pub fn now(&self) -> Timestamp {
        // Before the clock is read: what another thread reads meanwhile is no older.
        let newest = self.steps.newest.load(Ordering::SeqCst);
        let now = (self.read)();
        self.steps.saw(newest, now);
        now
    }

    /// How far it was set back since it was made, in all. Seen by whoever asks it first afterwards; no more than
    /// [`CORRECTION_MAX`] at a time does not count.
    fn set_back(&self) -> Duration {
        let _ = self.now();
        let set_back = self.steps.set_back.load(Ordering::SeqCst);
        Duration::from_millis(u64::try_from(set_back).unwrap_or_default())
    }
}

impl SetBacks {
    /// Those to come of a clock.
    pub fn of(clock: &Clock) -> Self {
        Self { seen: clock.set_back() }
    }

    /// How far it was set back since it was asked last.
    pub fn next(&mut self, clock: &Clock) -> Duration {
        let set_back = clock.set_back();
        set_back.saturating_sub(std::mem::replace(&mut self.seen, set_back))
    }
}

impl Steps {
    fn saw(&self, newest: i64, now: Timestamp) {
        let back_by = Timestamp::from_millis(newest).since(now);
        let goes_back = back_by > CORRECTION_MAX;
        if !goes_back && now.as_millis() <= newest {
            return;
        }
        // Of all who see one step back, one counts it; and nobody's old reading undoes it.
        let is_first =
            self.newest.compare_exchange(newest, now.as_millis(), Ordering::SeqCst, Ordering::SeqCst);
        if goes_back && is_first.is_ok() {
            self.set_back.fetch_add(i64::try_from(back_by.as_millis()).unwrap_or(i64::MAX), Ordering::SeqCst);
        }
    }
}

impl std::fmt::Debug for Clock {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Clock")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A clock that tells what it is set to, in seconds.
    fn adjustable() -> (Clock, Arc<AtomicI64>) {
        let at = Arc::new(AtomicI64::new(0));
        let shown = Arc::clone(&at);
        (Clock::from_fn(move || Timestamp::from_millis(shown.load(Ordering::SeqCst) * 1_000)), at)
    }

    #[test]
    fn it_knows_how_far_it_was_set_back_and_forgets_corrections() {
        let (clock, at) = adjustable();
        for (shown, set_back) in
            [(10, 0), (90, 0), (89, 0), (90, 0), (40, 50), (41, 50), (40, 50), (500, 50), (100, 450)]
        {
            at.store(shown, Ordering::SeqCst);
            assert_eq!(clock.now(), Timestamp::from_millis(shown * 1_000));
            assert_eq!(clock.set_back(), Duration::from_secs(set_back), "at {shown}");
        }
    }

    #[test]
    fn a_step_back_that_many_see_counts_once() {
        let (clock, at) = adjustable();
        at.store(7_200, Ordering::SeqCst);
        let _ = clock.now();
        at.store(3_600, Ordering::SeqCst);
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| (0..1_000).for_each(|_| _ = clock.now()));
            }
        });
        assert_eq!(clock.set_back(), Duration::from_secs(3_600));
    }
}
