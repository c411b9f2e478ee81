//! `grpc.health.v1`.

use tonic::{Code, Request};
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;

use crate::stage::{Stage, within};

const SERVICES: [&str; 3] = ["", "onduty.v1.AgentStateService", "onduty.v1.DiagnosisService"];

fn about(service: &str) -> Request<HealthCheckRequest> {
    Request::new(HealthCheckRequest { service: service.to_owned() })
}

#[tokio::test]
async fn the_server_and_each_service_serve_once_ready_and_until_the_drain() {
    let stage = Stage::open().await;
    let mut client = HealthClient::new(stage.channel());
    let expect = [
        (ServingStatus::NotServing, (|_| {}) as fn(&Stage)),
        (ServingStatus::Serving, Stage::become_ready),
        (ServingStatus::NotServing, |stage| stage.drain.cancel()),
    ];
    for (status, change) in expect {
        change(&stage);
        for service in SERVICES {
            let told = within(client.check(about(service))).await.expect("health").into_inner();
            assert_eq!(told.status(), status, "{service}");
        }
    }
}

#[tokio::test]
async fn a_health_watch_tells_each_change_once() {
    let stage = Stage::open().await;
    let mut client = HealthClient::new(stage.channel());
    let mut stream = within(client.watch(about(SERVICES[1]))).await.expect("a watch").into_inner();
    let mut told = async || within(stream.message()).await.expect("no error").expect("not the end").status();
    assert_eq!(told().await, ServingStatus::NotServing);
    stage.become_ready();
    assert_eq!(told().await, ServingStatus::Serving);
    stage.drain.cancel();
    assert_eq!(told().await, ServingStatus::NotServing);
}

#[tokio::test]
async fn an_unknown_service_is_not_found_and_its_watch_stays_open() {
    let stage = Stage::open().await;
    let mut client = HealthClient::new(stage.channel());
    let refused = within(client.check(about("onduty.v9.Nothing"))).await.expect_err("unknown");
    assert_eq!(refused.code(), Code::NotFound);
    let mut stream = within(client.watch(about("onduty.v9.Nothing"))).await.expect("a watch").into_inner();
    let first = within(stream.message()).await.expect("no error").expect("not the end");
    assert_eq!(first.status(), ServingStatus::ServiceUnknown);
    // The stream goes on: whatever is asked on the same connection is answered first.
    tokio::select! {
        ended = stream.message() => panic!("the watch went on with {ended:?}"),
        known = client.check(about("")) => assert!(known.is_ok()),
    }
}
