//! `WatchAgentStates` by id: of whom there is no state, the snapshot says why.

use onduty_core::agent::SystemPresence;
use onduty_core::answer::Asked;
use onduty_core::finding::Reason;
use onduty_proto::v1::{Delivery, Finding, WatchAgentStatesRequest};

use crate::follower::{Came, Follower, revision};
use crate::stage::{NOW, Stage, busy_once_asked, id, limits, nobody, unknown};

fn watch(agent_ids: &[String]) -> WatchAgentStatesRequest {
    WatchAgentStatesRequest { agent_ids: agent_ids.to_vec(), ..Default::default() }
}

fn often(agent_ids: &[String]) -> WatchAgentStatesRequest {
    let interval = prost_types::Duration { seconds: 0, nanos: 100_000_000 };
    WatchAgentStatesRequest { progress_interval: Some(interval), ..watch(agent_ids) }
}

async fn until_whole(follower: &mut Follower) {
    while follower.came().await != (Came::Page { last: true }) {}
}

fn reasons(findings: &[Finding]) -> Vec<(&str, &str)> {
    findings.iter().map(|miss| (miss.reason.as_str(), miss.agent_id.as_str())).collect()
}

#[tokio::test]
async fn a_snapshot_says_of_each_id_without_a_state_why_in_the_order_asked_and_changes_follow() {
    for delivery in [Delivery::Coalesced, Delivery::EveryChange] {
        let stage = Stage::open().await;
        stage.roster.populate(0..3);
        let at = stage.roster.snapshot().revision().0;
        let ids = [nobody(), id(1), "4711".to_owned(), nobody()];
        let request = WatchAgentStatesRequest { delivery: delivery.into(), ..watch(&ids) };
        let mut follower = Follower::follow(&stage, request).await;
        until_whole(&mut follower).await;
        assert_eq!(follower.replica.keys().collect::<Vec<_>>(), [&id(1)]);
        let expected =
            [(Reason::AgentUnknown.name(), nobody()), (Reason::IdMalformed.name(), "4711".to_owned())];
        assert_eq!(reasons(&follower.findings), expected.each_ref().map(|(why, id)| (*why, id.as_str())));
        assert!(follower.findings.iter().all(|miss| !miss.evidence.is_empty() && !miss.remedy.is_empty()));
        assert_eq!(revision(&follower.cursor), at, "of the cursor that the pages are of");
        stage.roster.pick(1, SystemPresence::Meal, NOW + 1);
        follower.until(|follower| follower.changes == [at + 1]).await;
        assert_eq!(follower.findings.len(), 2, "told once");
        let metrics = reqwest::get(format!("http://{}/metrics", stage.admin)).await.unwrap();
        let metrics = metrics.text().await.unwrap();
        for (reason, _) in expected {
            let line = format!("onduty_misses_total{{reason=\"{reason}\",api=\"grpc\"}} 1\n");
            assert!(metrics.contains(&line), "{metrics}");
        }
    }
}

#[tokio::test]
async fn an_agent_without_a_state_that_logs_in_later_is_a_change() {
    let stage = Stage::open().await;
    stage.roster.populate(0..1);
    let mut follower = Follower::follow(&stage, watch(&[id(7)])).await;
    assert_eq!(follower.came().await, Came::Page { last: true });
    assert_eq!(reasons(&follower.findings), [(Reason::AgentUnknown.name(), id(7).as_str())]);
    assert!(follower.replica.is_empty());
    stage.roster.pick(7, SystemPresence::Available, NOW + 1);
    follower.until(|follower| follower.replica.contains_key(&id(7))).await;
}

#[tokio::test]
async fn a_state_that_the_look_up_brings_is_a_change_after_the_snapshots_cursor_and_no_finding() {
    let stage = Stage::with(limits(), busy_once_asked).await;
    stage.roster.list_nobody();
    let at = stage.roster.snapshot().revision().0;
    let asked = id(0xab).to_ascii_uppercase();
    let mut follower = Follower::follow(&stage, watch(std::slice::from_ref(&asked))).await;
    assert_eq!(follower.came().await, Came::Page { last: true });
    assert!(follower.replica.is_empty() && follower.findings.is_empty());
    assert_eq!(revision(&follower.cursor), at);
    assert_eq!(follower.came().await, Came::Changes);
    assert_eq!(follower.replica, stage.roster.truth());
    assert_eq!(*stage.asked.lock().unwrap(), [Asked::AgentId(asked.as_str().into())]);
}

#[tokio::test]
async fn reasons_that_take_long_hold_up_no_state_lose_no_change_and_are_called_off_with_the_watch() {
    let mut stage = Stage::with(limits(), |_, _| None).await;
    stage.roster.populate(0..3);
    let at = stage.roster.snapshot().revision().0;
    let mut follower = Follower::follow(&stage, often(&[id(1), nobody()])).await;
    assert_eq!(follower.came().await, Came::Page { last: false });
    stage.questions_waiting(1).await;
    stage.roster.pick(1, SystemPresence::Meal, NOW + 1);
    // Signs of life: a consumer must not take the sidecar for dead meanwhile, nor the replica for whole.
    for _ in 0..2 {
        assert_eq!(follower.came().await, Came::Page { last: false });
    }
    assert!(follower.cursor.is_empty());
    drop(follower);
    stage.questions_waiting(0).await;

    let mut quick = limits();
    quick.request_timeout = std::time::Duration::from_millis(500);
    let stage = Stage::with(quick, |_, _| None).await;
    stage.roster.populate(0..3);
    let mut follower = Follower::follow(&stage, watch(&[id(1), nobody()])).await;
    assert_eq!(follower.came().await, Came::Page { last: false });
    stage.roster.pick(1, SystemPresence::Meal, NOW + 1);
    until_whole(&mut follower).await;
    assert_eq!(follower.findings.len(), 1, "that there was no answer in time");
    assert_eq!(revision(&follower.cursor), at);
    assert_eq!(follower.came().await, Came::Changes);
    assert_eq!(follower.changes, [at + 1]);
}

#[tokio::test]
async fn a_thousand_reasons_come_in_pages_of_bounded_size() {
    let stage = Stage::with(limits(), |_, _| Some(unknown())).await;
    stage.roster.populate(0..3);
    let ids: Vec<_> = (1_000..2_000).map(id).collect();
    let mut follower = Follower::follow(&stage, watch(&ids)).await;
    let mut pages = 1;
    while follower.came().await != (Came::Page { last: true }) {
        pages += 1;
    }
    assert!(pages > 3, "{pages}");
    let told: Vec<_> = follower.findings.iter().map(|miss| miss.agent_id.clone()).collect();
    assert_eq!(told, ids);
}

#[tokio::test]
async fn a_resumed_watch_a_filter_and_a_watch_of_everybody_have_no_findings_and_ask_nobody() {
    let stage = Stage::open().await;
    stage.roster.populate(0..3);
    let cursor = stage.roster.snapshot().cursor().to_string();
    let resumed = WatchAgentStatesRequest { cursor: cursor.clone(), ..often(&[nobody()]) };
    let mut resumed = Follower::follow(&stage, resumed).await;
    assert_eq!(resumed.came().await, Came::Progress);
    let division_ids = vec!["nowhere".to_owned()];
    let filter = Some(onduty_proto::v1::AgentFilter { division_ids, ..Default::default() });
    for request in [WatchAgentStatesRequest { filter, ..often(&[]) }, often(&[])] {
        let mut follower = Follower::follow(&stage, request).await;
        assert_eq!(follower.came().await, Came::Page { last: true });
        assert!(follower.findings.is_empty());
    }
    assert!(stage.asked.lock().unwrap().is_empty());
}
