//! The admin listener.

use std::time::Duration;

use onduty::status::Phase;
use onduty_core::observation::Source;
use onduty_core::time::Timestamp;
use onduty_proto::v1::diagnosis_service_client::DiagnosisServiceClient;
use onduty_proto::v1::{GetSyncStatusRequest, SourceState, WatchAgentStatesRequest};

use crate::follower::{Came, Follower};
use crate::http::request;
use crate::stage::{NOW, Stage, within};

#[tokio::test]
async fn probes_follow_what_is_awaited_and_name_it() {
    let stage = Stage::open().await;
    let status = async |path| request(&stage.admin, "GET", path, &[]).await;
    assert_eq!(status("/livez").await.status, 200);
    for path in ["/readyz?verbose", "/startupz?verbose"] {
        let answer = status(path).await;
        assert_eq!(answer.status, 503, "{path}");
        assert!(answer.text.contains("wait first full listing"), "{}", answer.text);
    }
    stage.become_ready();
    for path in ["/readyz", "/startupz"] {
        assert_eq!(status(path).await.status, 200, "{path}");
    }
}

#[tokio::test]
async fn a_drain_ends_watches_and_readiness_and_no_web_page_can_ask_for_it() {
    let stage = Stage::open().await;
    stage.become_ready();
    let mut follower = Follower::follow(&stage, WatchAgentStatesRequest::default()).await;
    follower.came().await;
    let from_a_page = request(&stage.admin, "POST", "/drainz", &["Origin: https://example.com"]).await;
    assert_eq!((from_a_page.status, stage.drain.is_cancelled()), (403, false));
    assert_eq!(request(&stage.admin, "GET", "/drainz", &[]).await.status, 405);
    assert_eq!(request(&stage.admin, "POST", "/drainz", &[]).await.status, 202);
    assert!(matches!(follower.came().await, Came::Reset(_)));
    let ready = request(&stage.admin, "GET", "/readyz?verbose", &[]).await;
    assert!(ready.status == 503 && ready.text.contains("wait not draining"), "{}", ready.text);
    assert_eq!(request(&stage.admin, "GET", "/startupz", &[]).await.status, 200);
    assert_eq!(request(&stage.admin, "GET", "/livez", &[]).await.status, 200);
}

#[tokio::test]
async fn metrics_count_watchers_and_misses() {
    let stage = Stage::open().await;
    let _follower = Follower::follow(&stage, WatchAgentStatesRequest::default()).await;
    let asked =
        onduty_proto::v1::BatchGetAgentStatesRequest { agent_ids: vec!["4711".into()], max_staleness: None };
    within(stage.client().batch_get_agent_states(asked)).await.expect("answers");
    let metrics = request(&stage.admin, "GET", "/metrics", &[]).await;
    assert_eq!(metrics.status, 200);
    for line in [
        "application/openmetrics-text",
        "onduty_watchers 1",
        r#"onduty_misses_total{reason="ID_MALFORMED",api="grpc"} 1"#,
        "# EOF",
    ] {
        assert!(metrics.text.contains(line), "{line} is missing in {}", metrics.text);
    }
}

#[tokio::test]
async fn freshness_is_its_own_signal_and_told_alike_on_both_wires() {
    let stage = Stage::open().await;
    let bound = Duration::from_secs(60);
    for (age, status, state) in [(59_000, 200, SourceState::Fresh), (61_000, 503, SourceState::Late)] {
        stage.status.source(Source::Sweep, |sweep| {
            sweep.phase = Phase::Running;
            sweep.bound = Some(bound);
            sweep.last_mark_at = Some(Timestamp::from_millis(NOW - age));
        });
        let answer = request(&stage.admin, "GET", "/freshness", &[]).await;
        assert_eq!(answer.status, status, "{}", answer.text);
        let mut client = DiagnosisServiceClient::new(stage.channel());
        let told =
            within(client.get_sync_status(GetSyncStatusRequest {})).await.expect("a status").into_inner();
        assert_eq!((told.fresh, told.sources[Source::Sweep as usize].state()), (status == 200, state));
        assert_eq!(told.awaited, ["first full listing"]);
    }
}
