//! How long ago something was, in two units at most.

use std::time::Duration;

use onduty_core::time::Timestamp;

/// The instant of a protobuf timestamp, to the millisecond.
#[must_use]
pub(crate) fn instant(stamp: prost_types::Timestamp) -> Timestamp {
    let millis = stamp.seconds.saturating_mul(1_000).saturating_add(i64::from(stamp.nanos / 1_000_000));
    Timestamp::from_millis(millis)
}

/// The age of `since` at `now`; empty when it is not known.
#[must_use]
pub(crate) fn age(since: Option<prost_types::Timestamp>, now: Timestamp) -> String {
    since.map_or_else(String::new, |since| span(now.since(instant(since))))
}

/// A length of time as `12s`, `3m 12s`, `2h 5m`, `4d 3h`.
#[must_use]
pub(crate) fn span(span: Duration) -> String {
    let seconds = span.as_secs();
    let (minutes, hours, days) = (seconds / 60, seconds / 3_600, seconds / 86_400);
    match (days, hours, minutes) {
        (0, 0, 0) => format!("{seconds}s"),
        (0, 0, _) => format!("{minutes}m {}s", seconds % 60),
        (0, _, _) => format!("{hours}h {}m", minutes % 60),
        _ => format!("{days}d {}h", hours % 24),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_have_two_units_at_most() {
        let table = [
            (0, "0s"),
            (59, "59s"),
            (60, "1m 0s"),
            (192, "3m 12s"),
            (3_599, "59m 59s"),
            (3_600, "1h 0m"),
            (7_500, "2h 5m"),
            (86_399, "23h 59m"),
            (86_400, "1d 0h"),
            (356_400, "4d 3h"),
        ];
        for (seconds, expected) in table {
            assert_eq!(span(Duration::from_secs(seconds)), expected, "{seconds}");
        }
    }

    #[test]
    fn an_instant_that_is_not_known_has_no_age_and_one_to_come_is_now() {
        let now = Timestamp::from_millis(10_000);
        let at = |seconds| Some(prost_types::Timestamp { seconds, nanos: 0 });
        assert_eq!(age(None, now), "");
        assert_eq!(age(at(4), now), "6s");
        assert_eq!(age(at(11), now), "0s");
        assert_eq!(age(at(i64::MAX), now), "0s");
        assert_eq!(age(at(i64::MIN), now).chars().last(), Some('h'));
    }
}
