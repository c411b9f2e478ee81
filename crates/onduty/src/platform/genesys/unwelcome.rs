//! Routes that refuse a token which the platform takes elsewhere. A 401 is said to be the token's fault; where it is the
//! route's (a proxy's rule, a feature that is not the organisation's), a new token mends nothing, and every one that is
//! fetched for it ends the channels that the one before had made. Pure.

use std::collections::BTreeMap;
use std::time::Duration;

use onduty_core::time::Timestamp;

use super::route::Route;

/// After this long a route is taken for one like any other, and a new token tried: rights change, and so do proxies.
const REMEMBERED: Duration = Duration::from_secs(3_600);

/// The routes, and since when.
#[derive(Clone, Debug, Default)]
pub(super) struct Unwelcome(BTreeMap<Route, Timestamp>);

impl Unwelcome {
    /// It refused a fresh token, and `tokens/me` took it.
    pub(super) fn refused(&mut self, route: Route, now: Timestamp) {
        self.0.insert(route, now);
    }

    /// It took a token.
    pub(super) fn accepted(&mut self, route: Route) {
        self.0.remove(&route);
    }

    /// Whether its refusal is to be held against the route rather than against the token.
    pub(super) fn is_known(&self, route: Route, now: Timestamp) -> bool {
        self.0.get(&route).is_some_and(|since| since.is_within(REMEMBERED, now))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_route_is_known_until_it_takes_a_token_and_for_an_hour_at_most() {
        let at = |seconds: i64| Timestamp::from_millis(seconds * 1_000);
        let mut unwelcome = Unwelcome::default();
        assert!(!unwelcome.is_known(Route::Users, at(0)));
        unwelcome.refused(Route::Users, at(0));
        assert!(unwelcome.is_known(Route::Users, at(3_600)) && !unwelcome.is_known(Route::Users, at(3_601)));
        assert!(!unwelcome.is_known(Route::User, at(0)), "others are not");
        unwelcome.accepted(Route::Users);
        assert!(!unwelcome.is_known(Route::Users, at(1)));
    }
}
