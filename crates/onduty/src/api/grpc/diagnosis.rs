//! `DiagnosisService`: what the sidecar knows of its own health and of its sources.

use onduty_core::observation::Source;
use onduty_core::time::Timestamp;
use onduty_proto::v1::diagnosis_service_server::DiagnosisService;
use onduty_proto::v1::{
    BudgetShare, Drift, GetSyncStatusRequest, GetSyncStatusResponse, GetTimelineRequest, GetTimelineResponse,
    RequestBudget, SourceState, SourceStatus,
};
use tonic::{Request, Response, Status};

use crate::api::convert::{to_duration, to_timestamp};
use crate::api::timeline::Timelines;
use crate::clock::Clock;
use crate::meters::Meters;
use crate::publish::View;
use crate::readiness::Readiness;
use crate::status::{self, BudgetStanding, Phase, SourceStanding, StatusBoard};

/// The service.
#[derive(Debug)]
pub(super) struct Diagnosis {
    view: View,
    board: StatusBoard,
    readiness: Readiness,
    clock: Clock,
    pub(super) timelines: Timelines,
    pub(super) meters: Meters,
}

impl Diagnosis {
    /// A service that reads these.
    pub(super) const fn new(
        view: View,
        board: StatusBoard,
        readiness: Readiness,
        clock: Clock,
        timelines: Timelines,
        meters: Meters,
    ) -> Self {
        Self { view, board, readiness, clock, timelines, meters }
    }
}

#[tonic::async_trait]
impl DiagnosisService for Diagnosis {
    async fn get_sync_status(
        &self,
        _: Request<GetSyncStatusRequest>,
    ) -> Result<Response<GetSyncStatusResponse>, Status> {
        let (standing, now) = (self.board.read(), self.clock.now());
        Ok(Response::new(GetSyncStatusResponse {
            sources: Source::ALL
                .iter()
                .map(|source| to_source(*source, standing.source(*source), now))
                .collect(),
            fresh: standing.is_fresh(now),
            budget: Some(to_budget(standing.budget)),
            drift: Some(to_drift(standing.drift)),
            cursor: self.view.snapshot().cursor().to_string(),
            awaited: self.readiness.awaited().into_iter().map(str::to_owned).collect(),
        }))
    }

    async fn get_timeline(
        &self,
        request: Request<GetTimelineRequest>,
    ) -> Result<Response<GetTimelineResponse>, Status> {
        self.timeline(request).await.map(Response::new)
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

fn to_budget(budget: BudgetStanding) -> RequestBudget {
    RequestBudget {
        allowed_per_minute: budget.allowed_per_minute,
        left: budget.left,
        blocked_until: budget.blocked_until.map(to_timestamp),
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

fn to_drift(drift: status::Drift) -> Drift {
    Drift {
        sweeps: drift.sweeps,
        corrections: drift.corrections,
        last_corrections: drift.last_corrections,
        last_sweep_started_at: drift.last_started_at.map(to_timestamp),
        last_sweep_duration: drift.last_duration.map(to_duration),
    }
}
