//! `DiagnosisService`: what the sidecar knows of its own health and of its sources.

use onduty_proto::v1::diagnosis_service_server::DiagnosisService;
use onduty_proto::v1::{
    GetSyncStatusRequest, GetSyncStatusResponse, GetTimelineRequest, GetTimelineResponse,
};
use tonic::{Request, Response, Status};

use crate::api::sync::SyncStatus;
use crate::api::timeline::Timelines;
use crate::meters::Meters;

/// The service.
#[derive(Debug)]
pub(super) struct Diagnosis {
    sync: SyncStatus,
    pub(super) timelines: Timelines,
    pub(super) meters: Meters,
}

impl Diagnosis {
    /// A service that reads these.
    pub(super) const fn new(sync: SyncStatus, timelines: Timelines, meters: Meters) -> Self {
        Self { sync, timelines, meters }
    }
}

#[tonic::async_trait]
impl DiagnosisService for Diagnosis {
    async fn get_sync_status(
        &self,
        _: Request<GetSyncStatusRequest>,
    ) -> Result<Response<GetSyncStatusResponse>, Status> {
        Ok(Response::new(self.sync.read()))
    }

    async fn get_timeline(
        &self,
        request: Request<GetTimelineRequest>,
    ) -> Result<Response<GetTimelineResponse>, Status> {
        self.timeline(request).await.map(Response::new)
    }
}
