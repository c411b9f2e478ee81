//! `GET /v1/agents/states:watch`: server-sent events.

use std::collections::BTreeMap;

use onduty::config::LimitsConfig;
use onduty_core::agent::SystemPresence;
use onduty_core::cursor::{Cursor, Epoch, Revision};
use onduty_core::finding::Reason;
use reqwest::Response;
use serde_json::Value;

use crate::caller::{Caller, Version, caller, check_finding};
use crate::stage::{NOW, Stage, id, limits, nobody, within};

const PATH: &str = "/v1/agents/states:watch";

/// What a browser does with the stream, and what an agent's watcher holds of it.
struct Follower {
    response: Response,
    unread: String,
    /// As a browser keeps it, to send it back when it reconnects.
    last_event_id: String,
    held: BTreeMap<String, Value>,
}

/// One event.
struct Event {
    name: String,
    data: Value,
}

impl Follower {
    async fn begin(caller: &Caller, query: &str, headers: &[(&str, &str)]) -> Self {
        let response = caller.begin(&format!("{PATH}?{query}"), headers).await;
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        Self { response, unread: String::new(), last_event_id: String::new(), held: BTreeMap::new() }
    }

    /// The next event; none at the end of the stream.
    async fn next(&mut self) -> Option<Event> {
        let block = loop {
            if let Some((block, rest)) = self.unread.split_once("\n\n") {
                let (block, rest) = (block.to_owned(), rest.to_owned());
                self.unread = rest;
                break block;
            }
            let chunk = within(self.response.chunk()).await.expect("an unbroken stream")?;
            self.unread.push_str(std::str::from_utf8(&chunk).unwrap());
        };
        let field = |name: &str| {
            let value = block.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
            value.map(|value| value.trim_start().to_owned())
        };
        if let Some(id) = field("id") {
            self.last_event_id = id;
        }
        Some(Event {
            name: field("event").unwrap(),
            data: serde_json::from_str(&field("data").unwrap()).unwrap(),
        })
    }

    /// Takes in the next event and tells its name.
    async fn follow(&mut self) -> String {
        let Event { name, data } = self.next().await.expect("another event");
        let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
        let message = &data[&name];
        self.hold(&list(&message["agentStates"]));
        for change in list(&message["changes"]) {
            match change["removed"].as_str() {
                Some(gone) => drop(self.held.remove(gone)),
                None => {
                    let state = change["upserted"].clone();
                    self.held.insert(state["agentId"].as_str().unwrap().to_owned(), state);
                }
            }
        }
        if name == "reset" {
            self.held.clear();
        }
        name
    }

    fn hold(&mut self, states: &[Value]) {
        let named = |state: &Value| (state["agentId"].as_str().unwrap().to_owned(), state.clone());
        self.held.extend(states.iter().map(named));
    }

    /// Follows until it stands at a revision.
    async fn until(&mut self, stage: &Stage) {
        while !self.last_event_id.ends_with(&cursor(stage)) {
            self.follow().await;
        }
    }

    fn revisions(&self) -> BTreeMap<String, u64> {
        let revision = |state: &Value| state["revision"].as_str().unwrap().parse().unwrap();
        self.held.iter().map(|(id, state)| (id.clone(), revision(state))).collect()
    }
}

fn cursor(stage: &Stage) -> String {
    stage.roster.snapshot().cursor().to_string()
}

#[tokio::test]
async fn a_watch_tells_a_snapshot_in_pages_and_then_every_change() {
    for version in [Version::One, Version::Two] {
        let stage = Stage::open().await;
        stage.roster.populate(0..1_000);
        let caller = Caller::new(&stage, version);
        let mut follower = Follower::begin(&caller, "", &[]).await;
        let mut pages = 1;
        while follower.follow().await == "snapshot" && follower.last_event_id.is_empty() {
            pages += 1;
        }
        assert!(pages > 1, "only the last page has an id");
        assert_eq!(follower.revisions(), stage.roster.truth());
        stage.roster.pick(7, SystemPresence::Meal, NOW + 1);
        follower.until(&stage).await;
        assert_eq!(follower.held[&id(7)]["presence"]["system"], "SYSTEM_PRESENCE_MEAL");
        stage.roster.everybody_left(std::time::Duration::from_secs(1));
        follower.until(&stage).await;
        assert!(follower.held.is_empty(), "{version:?}");
    }
}

#[tokio::test]
async fn a_watch_cut_and_resumed_by_last_event_id_misses_nothing() {
    let stage = Stage::open().await;
    stage.roster.populate(0..10);
    let caller = caller(&stage);
    let mut whole = Follower::begin(&caller, "", &[]).await;
    let mut cut = Follower::begin(&caller, "cursor=", &[]).await;
    cut.until(&stage).await;
    for round in 1..=10 {
        let (held, last) = (cut.held.clone(), cut.last_event_id.clone());
        drop(cut);
        stage.roster.pick(round % 10, SystemPresence::Busy, NOW + i64::try_from(round).unwrap());
        // The address that a browser reconnects to still has the cursor of the beginning.
        cut = Follower::begin(&caller, "cursor=", &[("last-event-id", &last)]).await;
        cut.held = held;
        assert_eq!(cut.follow().await, "changes", "no second snapshot");
        cut.until(&stage).await;
    }
    whole.until(&stage).await;
    assert_eq!(cut.revisions(), whole.revisions());
    assert_eq!(cut.revisions(), stage.roster.truth());
}

#[tokio::test]
async fn only_those_who_are_asked_for_are_told() {
    let stage = Stage::open().await;
    stage.roster.populate(0..6);
    let caller = caller(&stage);
    let mut by_id = Follower::begin(&caller, &format!("agentIds={},{}", id(1), id(2)), &[]).await;
    by_id.until(&stage).await;
    assert_eq!(by_id.held.keys().cloned().collect::<Vec<_>>(), [id(1), id(2)]);
    let mut by_filter = Follower::begin(&caller, "filter.divisionIds=division-0", &[]).await;
    by_filter.until(&stage).await;
    assert_eq!(by_filter.held.keys().cloned().collect::<Vec<_>>(), [id(0), id(3)]);
}

#[tokio::test]
async fn of_each_id_without_a_state_the_snapshot_says_why_and_changes_follow() {
    let stage = Stage::open().await;
    stage.roster.populate(0..3);
    let caller = caller(&stage);
    let query = format!("agentIds={},{},4711", id(1), nobody());
    let mut follower = Follower::begin(&caller, &query, &[]).await;
    let mut findings = Vec::new();
    while follower.last_event_id.is_empty() {
        let Event { name, data } = follower.next().await.expect("another page");
        assert_eq!(name, "snapshot");
        let list = |name: &str| data["snapshot"][name].as_array().cloned().unwrap_or_default();
        findings.extend(list("findings"));
        follower.hold(&list("agentStates"));
    }
    assert_eq!(follower.held.keys().cloned().collect::<Vec<_>>(), [id(1)]);
    let [unknown, malformed] = &findings[..] else { panic!("{findings:?}") };
    check_finding(unknown, Reason::AgentUnknown, &nobody());
    check_finding(malformed, Reason::IdMalformed, "4711");
    stage.roster.pick(0xffff_ffff, SystemPresence::Meal, NOW + 1);
    follower.until(&stage).await;
    assert_eq!(follower.held[&nobody()]["presence"]["system"], "SYSTEM_PRESENCE_MEAL");
    let metrics = reqwest::get(format!("http://{}/metrics", stage.admin)).await.unwrap();
    let counted = "onduty_misses_total{reason=\"AGENT_UNKNOWN\",api=\"rest\"} 1\n";
    assert!(metrics.text().await.unwrap().contains(counted));
}

#[tokio::test]
async fn a_quiet_watch_shows_signs_of_life() {
    let stage = Stage::open().await;
    let mut follower = Follower::begin(&caller(&stage), "progressInterval=0.1s", &[]).await;
    assert_eq!(follower.follow().await, "snapshot");
    let before = follower.last_event_id.clone();
    let Event { name, data } = follower.next().await.expect("a sign of life");
    assert_eq!((&*name, &data["progress"]["asOf"]), ("progress", &"2023-11-14T22:13:20Z".into()));
    assert_eq!(follower.last_event_id, before);
}

#[tokio::test]
async fn a_drain_ends_the_watch_with_the_id_to_resume_from() {
    let stage = Stage::open().await;
    stage.roster.populate(0..3);
    let mut follower = Follower::begin(&caller(&stage), "", &[]).await;
    follower.until(&stage).await;
    stage.drain.cancel();
    let Event { name, data } = follower.next().await.expect("a word before the end");
    assert_eq!((&*name, &data["reset"]["reason"]), ("reset", &"RESET_REASON_DRAINING".into()));
    assert_eq!(data["reset"]["cursor"], cursor(&stage));
    assert_eq!(follower.last_event_id, cursor(&stage));
    assert!(follower.next().await.is_none(), "nothing follows");
}

/// A cursor of another life of the store.
fn elsewhere() -> String {
    Cursor { epoch: Epoch(99), revision: Revision(1) }.to_string()
}

#[tokio::test]
async fn a_cursor_of_another_epoch_is_taken_back_and_a_snapshot_follows() {
    let stage = Stage::open().await;
    stage.roster.populate(0..3);
    let mut follower = Follower::begin(&caller(&stage), "", &[("last-event-id", &elsewhere())]).await;
    follower.last_event_id = elsewhere();
    assert_eq!(follower.follow().await, "reset");
    assert_eq!(follower.last_event_id, "", "whoever reconnects now begins afresh");
    follower.until(&stage).await;
    assert_eq!(follower.revisions(), stage.roster.truth());
}

#[tokio::test]
async fn who_wants_every_change_and_can_t_have_it_is_told_why() {
    let stage = Stage::open().await;
    let query = format!("delivery=DELIVERY_EVERY_CHANGE&cursor={}", elsewhere());
    let mut follower = Follower::begin(&caller(&stage), &query, &[]).await;
    let Event { name, data } = follower.next().await.expect("a problem");
    assert_eq!(
        (&*name, &data["reason"], &data["status"]),
        ("problem", &"CURSOR_EXPIRED".into(), &410.into())
    );
    assert!(follower.next().await.is_none(), "nothing follows");
}

#[tokio::test]
async fn watches_share_their_bound_with_those_of_grpc_and_closing_one_makes_room() {
    let stage = Stage::with(LimitsConfig { watches: 1, ..limits() }, |_, _| None).await;
    let caller = caller(&stage);
    let mut client = stage.client();
    let held = within(client.watch_agent_states(onduty_proto::v1::WatchAgentStatesRequest::default())).await;
    let problem = caller.get(PATH).await.problem(429);
    assert_eq!(problem["reason"], "TOO_MANY_WATCHES");
    drop(held);
    let begun = async {
        while caller.begin(PATH, &[]).await.status() != 200 {
            tokio::task::yield_now().await;
        }
    };
    within(begun).await;
}

#[tokio::test]
async fn what_can_t_be_watched_is_refused_by_the_name_of_its_parameter() {
    let stage = Stage::with(LimitsConfig { ids_per_batch: 2, ..limits() }, |_, _| None).await;
    let caller = caller(&stage);
    for (query, parameter) in [
        ("cursor=yesterday", "cursor"),
        ("delivery=NOW", "delivery"),
        ("agentIds=a,b,c", "agentIds"),
        ("agentIds=a,", "agentIds[1]"),
        ("agentIds=a&filter.queueIds=q", "filter"),
        ("progressInterval=1ms", "progressInterval"),
        ("progressInterval=0.05s", "progressInterval"),
        ("agentId=a", "agentId"),
    ] {
        assert_eq!(caller.get(&format!("{PATH}?{query}")).await.parameter(), parameter, "{query}");
    }
}
