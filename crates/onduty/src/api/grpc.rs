//! The gRPC services. A method parses its request, asks `answers` or follows the published roster, and converts;
//! nothing is decided here.

mod agent_states;
mod batch;
mod deadline;
mod diagnose;
mod diagnosis;
mod entrance;
mod get;
mod health;
mod list;
mod status;
mod timeline;
mod watch;

use std::sync::Arc;

use axum::Router;
use axum::response::{IntoResponse as _, Response};
use onduty_proto::v1::agent_state_service_server::AgentStateServiceServer;
use onduty_proto::v1::diagnosis_service_server::DiagnosisServiceServer;
use tonic::Status;
use tonic::service::Routes;
use tonic_health::pb::health_server::HealthServer;
use tower::Layer as _;

pub(super) use self::entrance::is_grpc;

use self::agent_states::AgentStates;
use self::deadline::Deadlines;
use self::diagnosis::Diagnosis;
use self::health::Health;
use super::front::Parts;
use super::sync::SyncStatus;
use super::timeline::Timelines;
use super::watch::Hub;

/// Why the services could not be put together.
#[derive(Debug, thiserror::Error)]
#[error("could not describe the services for server reflection")]
pub struct ReflectionError(#[from] tonic_reflection::server::Error);

/// All gRPC services.
///
/// # Errors
/// When the built-in descriptors can't be read, which is a mistake in the program.
pub(super) fn router(
    parts: Parts,
    sync: SyncStatus,
    timelines: Timelines,
    hub: Arc<Hub>,
) -> Result<Router, ReflectionError> {
    let Parts { answers, doctor, readiness, meters, limits, drain, .. } = parts;
    let health = Health::new(readiness, drain);
    let diagnosis = Diagnosis::new(sync, timelines, doctor, meters.clone());
    let agent_states = AgentStates::new(answers, hub, meters, limits.ids_per_batch);
    // Around each service rather than around the router, which would box every call once more.
    let timely = Deadlines::new(limits.request_timeout);
    let agent_states =
        AgentStateServiceServer::new(agent_states).max_decoding_message_size(limits.request_bytes);
    let diagnosis = DiagnosisServiceServer::new(diagnosis).max_decoding_message_size(SMALL_REQUEST_BYTES);
    let health = HealthServer::new(health).max_decoding_message_size(SMALL_REQUEST_BYTES);
    let reflection_v1 = reflection().build_v1()?.max_decoding_message_size(SMALL_REQUEST_BYTES);
    let reflection_v1alpha = reflection().build_v1alpha()?.max_decoding_message_size(SMALL_REQUEST_BYTES);
    let routes = Routes::new(timely.layer(agent_states))
        .add_service(timely.layer(diagnosis))
        .add_service(timely.layer(health))
        .add_service(timely.layer(reflection_v1))
        .add_service(timely.layer(reflection_v1alpha));
    Ok(routes.into_axum_router())
}

/// The longest request of the services that take only names.
const SMALL_REQUEST_BYTES: usize = 4_096;

fn reflection() -> tonic_reflection::server::Builder<'static> {
    tonic_reflection::server::Builder::configure()
        .register_encoded_file_descriptor_set(onduty_proto::FILE_DESCRIPTOR_SET)
        .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
        // The details of an error, so that a client without generated code can read them, too.
        .register_encoded_file_descriptor_set(tonic_types::pb::FILE_DESCRIPTOR_SET)
}

/// The answer to a call of a method that there is none of.
pub(super) fn unimplemented() -> Response {
    let status = Status::unimplemented("no such service: ask server reflection for those there are");
    status.into_http::<tonic::body::Body>().into_response()
}
