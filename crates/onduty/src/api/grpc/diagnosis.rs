//! `DiagnosisService`: what the sidecar knows of its own health and of its sources.

use std::sync::Arc;

use onduty_proto::v1::diagnosis_service_server::DiagnosisService;
use onduty_proto::v1::{
    DiagnoseRequest, DiagnoseResponse, GetSyncStatusRequest, GetSyncStatusResponse, GetTimelineRequest,
    GetTimelineResponse,
};
use tonic::{Request, Response, Status};

use crate::api::sync::SyncStatus;
use crate::api::timeline::Timelines;
use crate::doctor::Doctor;
use crate::meters::Meters;

/// The service.
#[derive(Debug)]
pub(super) struct Diagnosis {
    sync: SyncStatus,
    pub(super) timelines: Timelines,
    pub(super) doctor: Arc<Doctor>,
    pub(super) meters: Meters,
}

impl Diagnosis {
    /// A service that reads these.
    pub(super) const fn new(
        sync: SyncStatus,
        timelines: Timelines,
        doctor: Arc<Doctor>,
        meters: Meters,
    ) -> Self {
        Self { sync, timelines, doctor, meters }
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

    async fn diagnose(
        &self,
        request: Request<DiagnoseRequest>,
    ) -> Result<Response<DiagnoseResponse>, Status> {
        Ok(Response::new(self.examination(request).await))
    }
}
