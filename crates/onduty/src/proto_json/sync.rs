//! The standing of the sources as proto3 JSON. Counts are always there: that none was lost is the news.

use onduty_proto::v1::{
    BudgetShare, Drift, EndpointLimit, GetSyncStatusResponse, ListingPlan, PlatformApiOrigin, RequestBudget,
    SourceState, SourceStatus,
};
use serde_json::{Value, json};

use super::Object;

/// A `GetSyncStatusResponse`.
#[must_use]
pub fn sync_status(status: &GetSyncStatusResponse) -> Value {
    let mut object = Object::default();
    object.list("sources", status.sources.iter().map(source));
    object.set("budget", status.budget.as_ref().map(budget));
    object.set("drift", status.drift.as_ref().map(drift));
    object.set("listing", status.listing.as_ref().map(listing));
    object.text("platformApi", &status.platform_api);
    let origin = status.platform_api_origin();
    object.name("platformApiOrigin", origin != PlatformApiOrigin::Unspecified, origin.as_str_name());
    object.instant("platformApiFoundAt", status.platform_api_found_at);
    object.text("cursor", &status.cursor);
    object.set("fresh", Some(status.fresh.into()));
    object.list("awaited", status.awaited.iter().map(|condition| json!(condition)));
    object.finish()
}

fn source(status: &SourceStatus) -> Value {
    let state = status.state();
    let mut object = Object::default();
    object.text("source", &status.source);
    object.name("state", state != SourceState::Unspecified, state.as_str_name());
    object.instant("lastEventAt", status.last_event_at);
    object.instant("lastMarkAt", status.last_mark_at);
    object.span("lag", status.lag);
    object.set("gaps", Some(Value::String(status.gaps.to_string())));
    object.text("detail", &status.detail);
    object.finish()
}

fn budget(budget: &RequestBudget) -> Value {
    let mut object = Object::default();
    object.set("allowedPerMinute", Some(budget.allowed_per_minute.into()));
    object.set("left", Some(budget.left.into()));
    object.instant("blockedUntil", budget.blocked_until);
    object.list("shares", budget.shares.iter().map(share));
    if !budget.endpoints.is_empty() {
        object.list("endpoints", budget.endpoints.iter().map(endpoint));
    }
    object.span("longestWaitAsked", budget.longest_wait_asked);
    object.finish()
}

fn share(share: &BudgetShare) -> Value {
    json!({
        "purpose": share.purpose, "spent": share.spent.to_string(), "left": share.left, "waiting": share.waiting,
    })
}

fn endpoint(limit: &EndpointLimit) -> Value {
    let mut object = Object::default();
    object.text("endpoint", &limit.endpoint);
    object.instant("blockedUntil", limit.blocked_until);
    object.finish()
}

fn listing(plan: &ListingPlan) -> Value {
    let mut object = Object::default();
    object.span("interval", plan.interval);
    object.set("automatic", Some(plan.automatic.into()));
    object.span("configured", plan.configured);
    object.finish()
}

fn drift(drift: &Drift) -> Value {
    let mut object = Object::default();
    object.set("sweeps", Some(drift.sweeps.to_string().into()));
    object.set("corrections", Some(drift.corrections.to_string().into()));
    object.set("lastCorrections", Some(drift.last_corrections.to_string().into()));
    object.instant("lastSweepStartedAt", drift.last_sweep_started_at);
    object.span("lastSweepDuration", drift.last_sweep_duration);
    object.finish()
}

#[cfg(test)]
mod tests {
    use super::*;
    use prost_types::{Duration, Timestamp};

    #[test]
    fn the_standing_is_written_with_the_contracts_names() {
        let at = |seconds| Some(Timestamp { seconds, nanos: 0 });
        let took = |nanos| Some(Duration { seconds: 1, nanos });
        let status = GetSyncStatusResponse {
            sources: vec![SourceStatus {
                source: "sweep".to_owned(),
                state: SourceState::Late.into(),
                last_event_at: at(1),
                last_mark_at: at(2),
                lag: took(500_000_000),
                gaps: 0,
                detail: "d".to_owned(),
            }],
            budget: Some(RequestBudget {
                allowed_per_minute: 300,
                left: 7,
                blocked_until: at(3),
                shares: vec![BudgetShare { purpose: "lookup".to_owned(), spent: 9, left: 1, waiting: 0 }],
                endpoints: vec![EndpointLimit { endpoint: "/api/v2/users".to_owned(), blocked_until: at(5) }],
                longest_wait_asked: took(0),
            }),
            listing: Some(ListingPlan { interval: took(0), automatic: false, configured: took(500_000_000) }),
            platform_api: "users".to_owned(),
            platform_api_origin: PlatformApiOrigin::Remembered.into(),
            platform_api_found_at: at(6),
            drift: Some(Drift {
                sweeps: 2,
                corrections: 1,
                last_corrections: 0,
                last_sweep_started_at: at(4),
                last_sweep_duration: took(0),
            }),
            cursor: "c".to_owned(),
            fresh: false,
            awaited: vec!["the first full listing".to_owned()],
        };
        let expected = json!({
            "sources": [{
                "source": "sweep", "state": "SOURCE_STATE_LATE", "lastEventAt": "1970-01-01T00:00:01Z",
                "lastMarkAt": "1970-01-01T00:00:02Z", "lag": "1.500s", "gaps": "0", "detail": "d"
            }],
            "budget": {
                "allowedPerMinute": 300, "left": 7, "blockedUntil": "1970-01-01T00:00:03Z",
                "shares": [{"purpose": "lookup", "spent": "9", "left": 1, "waiting": 0}],
                "endpoints": [{"endpoint": "/api/v2/users", "blockedUntil": "1970-01-01T00:00:05Z"}],
                "longestWaitAsked": "1s"
            },
            "listing": {"interval": "1s", "automatic": false, "configured": "1.500s"},
            "platformApi": "users", "platformApiOrigin": "PLATFORM_API_ORIGIN_REMEMBERED",
            "platformApiFoundAt": "1970-01-01T00:00:06Z",
            "drift": {
                "sweeps": "2", "corrections": "1", "lastCorrections": "0",
                "lastSweepStartedAt": "1970-01-01T00:00:04Z", "lastSweepDuration": "1s"
            },
            "cursor": "c", "fresh": false, "awaited": ["the first full listing"]
        });
        assert_eq!(sync_status(&status), expected);
    }
}
