//! The standing of the sources, of the request budget and of what drifted. The same for every API.

use onduty_core::observation::Source;
use onduty_core::time::Timestamp;
use onduty_proto::v1::{
    BudgetShare, Drift, EndpointLimit, GetSyncStatusResponse, ListingPlan, PlatformApiOrigin, RequestBudget,
    SourceState, SourceStatus,
};

use super::convert::{to_duration, to_timestamp};
use crate::clock::Clock;
use crate::forecast::Chosen;
use crate::publish::View;
use crate::readiness::Readiness;
use crate::status::{self, ApiOrigin, BudgetStanding, Phase, SourceStanding, StatusBoard};

/// Tells how the copy keeps up. Cheap to clone.
#[derive(Clone, Debug)]
pub(super) struct SyncStatus {
    view: View,
    board: StatusBoard,
    readiness: Readiness,
    clock: Clock,
}

impl SyncStatus {
    /// Reads these whenever it is asked.
    pub(super) const fn new(view: View, board: StatusBoard, readiness: Readiness, clock: Clock) -> Self {
        Self { view, board, readiness, clock }
    }

    /// As it is now.
    pub(super) fn read(&self) -> GetSyncStatusResponse {
        let (standing, now) = (self.board.read(), self.clock.now());
        let (origin, found_at) = to_origin(standing.platform_api.map(|spoken| spoken.origin));
        GetSyncStatusResponse {
            sources: Source::ALL
                .iter()
                .map(|source| to_source(*source, standing.source(*source), now))
                .collect(),
            fresh: standing.is_fresh(now),
            budget: Some(to_budget(standing.budget)),
            drift: Some(to_drift(standing.drift)),
            listing: standing.listing.map(to_listing),
            platform_api: standing
                .platform_api
                .map_or_else(String::new, |spoken| spoken.api.name().to_owned()),
            platform_api_origin: origin.into(),
            platform_api_found_at: found_at.map(to_timestamp),
            cursor: self.view.snapshot().cursor().to_string(),
            awaited: self.readiness.awaited().into_iter().map(str::to_owned).collect(),
        }
    }
}

fn to_source(source: Source, standing: &SourceStanding, now: Timestamp) -> SourceStatus {
    SourceStatus {
        source: source.name().to_owned(),
        state: to_state(standing, now).into(),
        last_event_at: standing.last_event_at.map(to_timestamp),
        last_mark_at: standing.last_mark_at.map(to_timestamp),
        lag: standing.lag.map(to_duration),
        gaps: standing.gaps,
        detail: standing.detail.clone(),
    }
}

fn to_state(standing: &SourceStanding, now: Timestamp) -> SourceState {
    match standing.phase {
        Phase::Disabled => SourceState::Disabled,
        Phase::Starting => SourceState::Starting,
        Phase::Running if standing.is_fresh(now) => SourceState::Fresh,
        Phase::Running => SourceState::Late,
        Phase::Failing => SourceState::Failing,
    }
}

fn to_origin(origin: Option<ApiOrigin>) -> (PlatformApiOrigin, Option<Timestamp>) {
    match origin {
        None => (PlatformApiOrigin::Unspecified, None),
        Some(ApiOrigin::Configured) => (PlatformApiOrigin::Configured, None),
        Some(ApiOrigin::FoundOut { at }) => (PlatformApiOrigin::FoundOut, Some(at)),
        Some(ApiOrigin::Remembered { found_at }) => (PlatformApiOrigin::Remembered, Some(found_at)),
    }
}

fn to_budget(budget: BudgetStanding) -> RequestBudget {
    RequestBudget {
        allowed_per_minute: budget.allowed_per_minute,
        left: budget.left,
        blocked_until: budget.blocked_until.map(to_timestamp),
        endpoints: budget
            .endpoints
            .into_iter()
            .map(|(endpoint, until)| EndpointLimit {
                endpoint: endpoint.to_owned(),
                blocked_until: Some(to_timestamp(until)),
            })
            .collect(),
        longest_wait_asked: budget.longest_wait_asked.map(to_duration),
        shares: budget
            .shares
            .into_iter()
            .map(|share| BudgetShare {
                purpose: share.purpose.to_owned(),
                spent: share.spent,
                left: share.left,
                waiting: share.waiting,
            })
            .collect(),
    }
}

fn to_listing(listing: Chosen) -> ListingPlan {
    ListingPlan {
        interval: Some(to_duration(listing.interval)),
        automatic: listing.is_auto,
        configured: listing.impossible.map(to_duration),
    }
}

fn to_drift(drift: status::Drift) -> Drift {
    Drift {
        sweeps: drift.sweeps,
        corrections: drift.corrections,
        last_corrections: drift.last_corrections,
        last_sweep_started_at: drift.last_started_at.map(to_timestamp),
        last_sweep_duration: drift.last_duration.map(to_duration),
    }
}
