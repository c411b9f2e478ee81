//! The request allowance of the platform: how much there is, how much is left, and whether anybody waits.

use onduty_core::finding::{Evidence, Reason};

use super::check::{Check, span};
use super::facts::Facts;

pub(super) const NAME: &str = "budget";

const OWN_CLIENT: &str = "use an OAuth client of onduty's own: whatever shares one shares its allowance";

pub(super) fn judge(facts: &Facts) -> Check {
    let budget = &facts.board.budget;
    let left = format!("{} of {} requests a minute left", budget.left, budget.allowed_per_minute);
    let wait = |until: onduty_core::time::Timestamp| span(until.since(facts.now));
    if let Some(until) = facts.kept_until() {
        return Check::fail(
            NAME,
            Reason::RateLimited,
            format!("{left}; nothing is sent for {}", wait(until)),
        )
        .meaning("the platform can't be asked: states grow old, and misses can't be cleared up")
        .remedy(format!("wait, or {OWN_CLIENT}"))
        .seen([Evidence::at("budget", left, facts.now)]);
    }
    if let Some(until) = budget.blocked_until.filter(|until| *until > facts.now) {
        return Check::warn(
            NAME,
            Some(Reason::RateLimited),
            format!("{left}; nothing is sent for {}", wait(until)),
        )
        .meaning("look-ups and listings wait for so long")
        .remedy(OWN_CLIENT)
        .seen([Evidence::at("budget", left, facts.now)]);
    }
    let limited: Vec<Evidence> = budget
        .endpoints
        .iter()
        .filter(|(_, until)| *until > facts.now)
        .map(|(endpoint, until)| {
            Evidence::at(*endpoint, format!("nothing is sent for {}", wait(*until)), facts.now)
        })
        .collect();
    if !limited.is_empty() {
        return Check::warn(
            NAME,
            Some(Reason::RateLimited),
            format!("{left}; limited by itself: {}", endpoints(&limited)),
        )
        .meaning("what needs those endpoints waits; everything else goes on")
        .remedy("wait; the platform's limits are layered, and partly undocumented")
        .seen(limited);
    }
    if let Some(asked) = budget.longest_wait_asked {
        return Check::warn(
            NAME,
            Some(Reason::RateLimited),
            format!("{left}; the platform once asked to be left alone for {}", span(asked)),
        )
        .meaning("so long is never waited: it was asked again sooner, and may have refused again")
        .remedy(OWN_CLIENT)
        .seen([Evidence::at("budget", format!("Retry-After of {} s", asked.as_secs()), facts.now)]);
    }
    if budget.left == 0 && budget.allowed_per_minute > 0 {
        return Check::warn(NAME, Some(Reason::RateLimited), left)
            .meaning("whatever is not held waits for the next minute")
            .remedy(OWN_CLIENT)
            .seen([Evidence::at("budget", "the present window is spent", facts.now)]);
    }
    let waiting: u32 = budget.shares.iter().map(|share| share.waiting).sum();
    if waiting > 0 {
        return Check::ok(NAME, format!("{left}; {waiting} callers wait for their turn"));
    }
    Check::ok(NAME, left)
}

fn endpoints(limited: &[Evidence]) -> String {
    limited.iter().map(|evidence| evidence.origin.as_str()).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::check::Status;
    use crate::doctor::testing::{NOW, facts};
    use crate::platform::genesys::error::PlatformError;
    use std::time::Duration;

    #[test]
    fn a_budget_that_is_spent_fails_only_when_it_kept_the_doctor_from_asking() {
        let later = NOW.after(Duration::from_secs(42));
        assert_eq!(judge(&facts(|_| {})).status, Status::Ok);
        let blocked = judge(&facts(|facts| facts.board.budget.blocked_until = Some(later)));
        assert_eq!((blocked.status, blocked.reason), (Status::Warn, Some(Reason::RateLimited)));
        assert!(blocked.found.contains("42 s"), "{}", blocked.found);
        let spent = judge(&facts(|facts| facts.board.budget.allowed_per_minute = 300));
        assert_eq!((spent.status, spent.reason), (Status::Warn, Some(Reason::RateLimited)));
        let over = judge(&facts(|facts| facts.board.budget.blocked_until = Some(NOW)));
        assert_eq!(over.status, Status::Ok);
        let limited = judge(&facts(|facts| facts.board.budget.endpoints = vec![("/api/v2/users", later)]));
        assert_eq!(limited.status, Status::Warn);
        assert!(limited.found.contains("/api/v2/users"), "{}", limited.found);
        let asked = Some(Duration::from_secs(14_400));
        let huge = judge(&facts(|facts| facts.board.budget.longest_wait_asked = asked));
        assert_eq!(huge.status, Status::Warn);
        assert!(huge.found.contains("4 h"), "{}", huge.found);
        let kept = judge(&facts(|facts| facts.token = Err(PlatformError::RateLimited { until: later })));
        assert_eq!(kept.status, Status::Fail);
        let limited = Some(Err(PlatformError::RateLimited { until: later }));
        assert_eq!(judge(&facts(|facts| facts.endpoint = limited)).status, Status::Fail);
    }
}
