//! Our clock against the platform's.

use std::time::Duration;

use onduty_core::finding::{Evidence, Reason};

use super::check::{Check, awaited};
use super::facts::Facts;
use super::host;
use crate::status::ClockStanding;

pub(super) const NAME: &str = "clock";

/// Beyond this ages and lags are visibly wrong.
const WARN: Duration = Duration::from_secs(2);
/// Beyond this freshness is told wrongly, and webhook signatures are near the edge of their window.
const FAIL: Duration = Duration::from_secs(30);

pub(super) fn judge(facts: &Facts, before: &[Check]) -> Check {
    let Some(standing) = facts.board.clock else {
        return match awaited(before, &[host::API]) {
            Some(name) => Check::waits(NAME, &name),
            None => Check::skipped(NAME, "the platform's answers carry no date"),
        };
    };
    let ClockStanding { ahead_ms, within, at } = standing;
    let apart = Duration::from_millis(ahead_ms.unsigned_abs());
    // Only what is surely off is off.
    let surely = apart.saturating_sub(within);
    let side = if ahead_ms < 0 { "behind" } else { "ahead of" };
    let found = if apart <= within {
        format!("as the platform's, within {:.1} s", within.as_secs_f64())
    } else {
        format!("{:.1} s {side} the platform's", apart.as_secs_f64())
    };
    let check = match surely {
        surely if surely > FAIL => Check::fail(NAME, Reason::ClockSkewed, found),
        surely if surely > WARN => Check::warn(NAME, Some(Reason::ClockSkewed), found),
        _ => return Check::ok(NAME, found),
    };
    check
        .meaning(
            "ages and freshness are told wrongly by so much, and signed webhooks may be taken for replays",
        )
        .remedy("let this machine's clock be set by NTP")
        .seen([Evidence::at(
            "header Date",
            format!("ours was {side} it by {} ms", ahead_ms.unsigned_abs()),
            at,
        )])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::check::Status;
    use crate::doctor::testing::facts;
    use onduty_core::time::Timestamp;

    #[test]
    fn only_what_is_surely_off_is_off() {
        let table = [
            (0, 500, Status::Ok),
            (2_400, 500, Status::Ok),
            (2_600, 500, Status::Warn),
            (-2_600, 500, Status::Warn),
            (2_600, 5_000, Status::Ok),
            (30_400, 500, Status::Warn),
            (30_600, 500, Status::Fail),
            (-86_400_000, 500, Status::Fail),
        ];
        for (ahead_ms, within, expected) in table {
            let within = Duration::from_millis(within);
            let at = Timestamp::from_millis(0);
            let facts = facts(|facts| facts.board.clock = Some(ClockStanding { ahead_ms, within, at }));
            let check = judge(&facts, &[]);
            assert_eq!(check.status, expected, "{ahead_ms} {within:?}");
            assert_eq!(check.reason.is_some(), expected != Status::Ok);
        }
        let undated = judge(&facts(|facts| facts.board.clock = None), &[]);
        assert_eq!(undated.status, Status::Skipped);
    }
}
