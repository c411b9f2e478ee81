//! By when a call has to be answered, and by when its look-ups must be over so that there is time left to say why there
//! is no answer.

use std::time::Duration;

use tokio::time::Instant;

/// When a call has to be answered, as its method sees it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Deadline {
    /// The caller's own.
    pub(super) caller: Option<Instant>,
    /// By when a look-up must have been given up, so that there is time left to say why.
    pub(super) lookups: Instant,
}

/// What is kept of the time to say why there is no answer: a tenth, and no more than this.
const RESERVE_MAX: Duration = Duration::from_millis(250);

impl Deadline {
    /// The deadline of a call that begins now, and the end of all patience with it.
    pub(super) fn after(now: Instant, caller: Option<Duration>, longest: Duration) -> (Self, Instant) {
        let span = caller.map_or(longest, |caller| caller.min(longest));
        let lookups = now + (span - (span / 10).min(RESERVE_MAX));
        (Self { caller: caller.and_then(|caller| now.checked_add(caller)), lookups }, now + span)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn there_is_time_left_to_say_why_there_is_no_answer() {
        let now = Instant::now();
        let seconds = Duration::from_secs;
        let (deadline, end) = Deadline::after(now, Some(seconds(1)), seconds(30));
        assert_eq!(deadline.lookups, now + Duration::from_millis(900));
        assert_eq!((end, deadline.caller), (now + seconds(1), Some(now + seconds(1))));
        let (deadline, end) = Deadline::after(now, Some(seconds(99)), seconds(30));
        assert_eq!(deadline.lookups, now + seconds(30) - RESERVE_MAX);
        assert_eq!((end, deadline.caller), (now + seconds(30), Some(now + seconds(99))));
        let (deadline, end) = Deadline::after(now, None, seconds(30));
        assert_eq!((end, deadline.caller.is_none()), (now + seconds(30), true));
    }
}
