//! Whether the platform answers at all. Pure; after failures in a row, requests wait ever longer for the next try.

use std::time::Duration;

use onduty_core::time::Timestamp;

use super::backoff::backoff;

const BASE: Duration = Duration::from_millis(200);
const CAP: Duration = Duration::from_secs(30);

/// The failures in a row, if there are any.
#[derive(Clone, Debug, Default)]
pub struct Outage(Option<Failing>);

/// Since when, what was seen last, and when to try again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failing {
    /// The first failure after the last success.
    pub since: Timestamp,
    /// What the latest one looked like.
    pub detail: String,
    /// Nothing is sent before.
    pub retry_at: Timestamp,
    failures: u32,
}

impl Outage {
    /// What stands in the way now.
    pub fn at(&self, now: Timestamp) -> Option<&Failing> {
        self.0.as_ref().filter(|failing| now < failing.retry_at)
    }

    /// A request got no useful answer.
    pub fn failed(&mut self, now: Timestamp, detail: String, jitter: f64) -> &Failing {
        let (since, failures) =
            self.0.as_ref().map_or((now, 1), |failing| (failing.since, failing.failures.saturating_add(1)));
        let retry_at = now.after(backoff(failures, BASE, CAP, jitter));
        self.0.insert(Failing { since, detail, retry_at, failures })
    }

    /// A request was answered.
    pub fn answered(&mut self) {
        self.0 = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_millis(millis)
    }

    #[test]
    fn failures_in_a_row_keep_their_beginning_and_wait_longer() {
        let mut outage = Outage::default();
        assert_eq!(outage.at(at(0)), None);
        assert_eq!(outage.failed(at(1_000), "503".into(), 1.0).retry_at, at(1_200));
        assert_eq!(outage.failed(at(1_200), "time-out".into(), 1.0).retry_at, at(1_600));
        let failing = outage.at(at(1_599)).unwrap();
        assert_eq!((failing.since, failing.detail.as_str()), (at(1_000), "time-out"));
        assert_eq!(outage.at(at(1_600)), None);
        outage.answered();
        assert_eq!(outage.failed(at(9_000), "503".into(), 1.0).retry_at, at(9_200));
    }
}
