//! Looking up: batches, joins, and what each API's silence proves.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures_util::future::join_all;
use onduty::config::PlatformApi;
use onduty_core::agent::UserId;
use onduty_core::answer::{Answer, Asked, Question, Refusal, Report, conclude};
use onduty_core::finding::{Finding, Reason};
use onduty_core::observation::{Input, Observation, Source, Statement};
use serde_json::{Value, json};

use crate::front::Said;
use crate::house::{As, House, Sim, within};

const USERS: As = As(PlatformApi::Users, "sim-full");
const STATES: As = As(PlatformApi::AgentStates, "sim-full");

/// Ids of agents who are logged in (or not), by the member that names them.
async fn ids(house: &House, member: &str, logged_in: bool) -> Vec<String> {
    let truth = house.sim.get("/sim/agents").await;
    let wanted = truth.as_array().unwrap().iter().filter(|agent| agent["loggedIn"] == logged_in);
    wanted.map(|agent| agent[member].as_str().unwrap().to_owned()).collect()
}

fn reason(house: &House, asked: &str, report: &Report) -> Option<Reason> {
    finding(house, asked, report).map(|finding| finding.reason)
}

fn finding(house: &House, asked: &str, report: &Report) -> Option<Box<Finding>> {
    let question = Question { asked: Asked::AgentId(asked.into()), max_staleness: Duration::ZERO };
    match conclude(&house.view.snapshot(), &question, report, house.clock.now()) {
        Answer::State(_) => None,
        Answer::Miss(finding) => Some(finding),
    }
}

/// A thousand callers at once, for the given ids in turn.
async fn thousand_ask(house: &House, ids: &[String]) -> Vec<Report> {
    let asks = ids.iter().cycle().take(1_000).map(|id| {
        let (asker, asked) = (house.asker.clone(), Asked::AgentId(id.as_str().into()));
        async move { asker.ask(vec![asked]).await }
    });
    within("a thousand answers", join_all(asks)).await.concat()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_callers_for_300_ids_cost_the_fewest_requests_that_can_be() {
    for (who, member, route, requests) in
        [(USERS, "userId", "/api/v2/users", 3), (STATES, "agentId", "/api/v2/agents/states", 6)]
    {
        let house = House::of(who, 2_000).await;
        let ids: Vec<String> = ids(&house, member, true).await.into_iter().take(300).collect();
        assert_eq!(ids.len(), 300);
        let reports = thousand_ask(&house, &ids).await;
        assert!(reports.iter().all(|report| *report == Report::Told));
        assert_eq!(house.sim.requests_to(route).await, requests);
        assert!(ids.iter().all(|id| reason(&house, id, &Report::Told).is_none()));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn unknown_users_cost_no_more_and_are_remembered() {
    let house = House::of(USERS, 10).await;
    let ids: Vec<String> = (0..300).map(|n| format!("00000000-0000-4000-8000-{n:012}")).collect();
    for _ in 0..2 {
        let reports = thousand_ask(&house, &ids).await;
        assert!(
            reports.iter().all(|report| matches!(report, Report::Missing(facts) if facts.prove_absence()))
        );
    }
    assert_eq!(house.sim.requests_to("/api/v2/users").await, 3);
}

#[tokio::test]
async fn users_are_told_apart_as_present_deleted_and_unknown() {
    let house = House::of(USERS, 100).await;
    let ids = ids(&house, "userId", true).await;
    let (known, deleted) = (ids[0].clone(), ids[1].clone());
    house.sim.dismiss(&deleted).await;
    let unknown = "00000000-0000-4000-8000-000000000000".to_owned();
    let asked = [known, deleted, unknown];
    let reports = house.ask(&asked).await;
    let reasons: Vec<_> = asked.iter().zip(&reports).map(|(id, report)| reason(&house, id, report)).collect();
    assert_eq!(reasons, [None, Some(Reason::AgentDeleted), Some(Reason::AgentUnknown)]);
    let evidence = finding(&house, &asked[2], &reports[2]).unwrap().evidence;
    assert!(evidence[0].detail.contains("correlation id"), "{evidence:?}");
    assert_eq!(house.sim.requests_to("/api/v2/users").await, 1);
}

#[tokio::test]
async fn a_dropped_expand_is_read_by_the_specific_calls() {
    let house = House::of(USERS, 50).await;
    house.sim.faults(json!({"expand_drop": 1.0})).await;
    let id = ids(&house, "userId", true).await.remove(0);
    assert_eq!(house.ask(std::slice::from_ref(&id)).await, [Report::Told]);
    assert_eq!(house.sim.requests_to("/routingstatus").await, 1);
    let snapshot = house.view.snapshot();
    let row = snapshot.by_user_id(&id).unwrap();
    assert!(row.presence().is_some() && row.routing_status().is_some());
}

/// Every user of a listing or a look-up without a part, and (or) with one in the place of another.
fn each_user(said: Said, path: &str, change: impl Fn(&mut Value)) -> Said {
    if !path.starts_with("/api/v2/users?") || said.status != 200 {
        return said;
    }
    said.changed(|page| page["entities"].as_array_mut().unwrap().iter_mut().for_each(change))
}

#[tokio::test]
async fn a_part_that_was_left_out_is_read_by_its_specific_call_and_is_as_fresh_as_the_rest() {
    for (dropped, call, other) in
        [("presence", "/purecloud", "/routingstatus"), ("routingStatus", "/routingstatus", "/purecloud")]
    {
        let sim = Sim::start(30, 0.0, None).await;
        let house = House::behind(Some(PlatformApi::Users), sim, move |path, said| {
            each_user(said, path, |user| drop(user.as_object_mut().unwrap().remove(dropped)))
        })
        .await;
        let id = ids(&house, "userId", true).await.remove(0);
        for _ in 0..2 {
            house.pass(Duration::from_secs(3_600));
            let asked_at = house.clock.now();
            assert_eq!(house.ask(std::slice::from_ref(&id)).await, [Report::Told], "{dropped}");
            let snapshot = house.view.snapshot();
            assert!(snapshot.by_user_id(&id).unwrap().confirmed_at() >= asked_at, "{dropped}");
        }
        let calls = (house.sim.requests_to(call).await, house.sim.requests_to(other).await);
        assert_eq!(calls, (2, 0), "{dropped}");
    }
}

#[tokio::test]
async fn a_part_that_can_not_be_read_now_makes_the_state_stale_and_says_when_to_ask_again() {
    let sim = Sim::start(30, 0.0, None).await;
    let is_dropped = Arc::new(AtomicBool::new(false));
    let dropped = Arc::clone(&is_dropped);
    let house = House::behind(Some(PlatformApi::Users), sim, move |path, said| {
        let is_dropped = dropped.load(Ordering::Relaxed);
        if is_dropped && path.ends_with("/presences/purecloud") {
            let message = "Rate limit exceeded the maximum. Retry the request in [42] seconds";
            return Said::json(429, &json!({"code": "too.many.requests.retry.after", "message": message}));
        }
        each_user(said, path, |user| {
            if is_dropped {
                user.as_object_mut().unwrap().remove("presence");
            }
        })
    })
    .await;
    house.sweep(Duration::from_secs(86_400));
    house.swept(1).await;
    let id = ids(&house, "userId", true).await.remove(0);
    is_dropped.store(true, Ordering::Relaxed);
    house.pass(Duration::from_secs(3_600));
    let reports = house.ask(std::slice::from_ref(&id)).await;
    assert!(matches!(reports[0], Report::Refused(Refusal::RateLimited { .. })), "{reports:?}");
    let stale = finding(&house, &id, &reports[0]).unwrap();
    assert_eq!((stale.reason, &*stale.also), (Reason::StateStale, &[Reason::RateLimited][..]));
    let last_known = stale.last_known.unwrap();
    assert!(stale.retry_after.is_some() && last_known.presence().is_some());
}

#[tokio::test]
async fn a_presence_of_a_secondary_source_is_not_asked_for_each_time_and_confirms_nothing() {
    let house = House::of(USERS, 30).await;
    let id = ids(&house, "userId", true).await.remove(0);
    house.sim.faults(json!({"presence_not_primary": true})).await;
    assert_eq!(house.ask(std::slice::from_ref(&id)).await, [Report::Told], "no presence was ever held");
    house.sim.faults(json!({"presence_not_primary": false})).await;
    house.pass(Duration::from_secs(1));
    assert_eq!(house.ask(std::slice::from_ref(&id)).await, [Report::Told]);
    house.sim.faults(json!({"presence_not_primary": true})).await;
    house.pass(Duration::from_secs(3_600));
    let reports = house.ask(std::slice::from_ref(&id)).await;
    let stale = finding(&house, &id, &reports[0]).unwrap();
    assert_eq!(stale.reason, Reason::StateStale);
    assert!(stale.evidence.iter().any(|seen| seen.detail.contains("not the primary one")), "{stale:?}");
    assert_eq!(house.sim.requests_to("/purecloud").await, 0);
}

#[tokio::test]
async fn who_was_never_routed_is_off_queue_also_by_the_specific_call() {
    let sim = Sim::start(10, 0.0, None).await;
    let house = House::behind(Some(PlatformApi::Users), sim, |path, said| {
        if path.ends_with("/routingstatus") {
            return said.changed(|status| {
                status["status"] = "OFF_QUEUE".into();
                status.as_object_mut().unwrap().remove("startTime");
            });
        }
        each_user(said, path, |user| drop(user.as_object_mut().unwrap().remove("routingStatus")))
    })
    .await;
    let id = ids(&house, "userId", true).await.remove(0);
    assert_eq!(house.ask(std::slice::from_ref(&id)).await, [Report::Told]);
    let snapshot = house.view.snapshot();
    let status = snapshot.by_user_id(&id).unwrap().routing_status().unwrap();
    assert_eq!((status.value.text(), status.since), ("OFF_QUEUE", None));
}

#[tokio::test]
async fn specific_calls_are_bounded_and_whoever_is_over_is_told_to_ask_again() {
    let house = House::of(USERS, 200).await;
    house.sim.faults(json!({"expand_drop": 1.0})).await;
    let ids: Vec<String> = ids(&house, "userId", true).await.into_iter().take(100).collect();
    let reports = house.ask(&ids).await;
    let asked = house.sim.requests_to("/purecloud").await + house.sim.requests_to("/routingstatus").await;
    assert_eq!((asked, house.sim.requests_to("/api/v2/users").await), (20, 2));
    let told = reports.iter().filter(|report| **report == Report::Told).count();
    let crowded = reports.iter().filter(|report| **report == Report::Refused(Refusal::Crowded)).count();
    assert_eq!((told, crowded), (10, 90));
}

#[tokio::test]
async fn an_agent_left_out_of_the_list_is_asked_for_alone() {
    let house = House::of(STATES, 200).await;
    let logged_out = ids(&house, "agentId", false).await.remove(0);
    let user = ids(&house, "userId", true).await.remove(0);
    let nobody = "00000000-0000-4000-8000-000000000000".to_owned();
    let deleted = ids(&house, "agentId", true).await.remove(0);
    house.sim.dismiss(&deleted).await;
    let asked = [logged_out, user, nobody, deleted];
    let reports = house.ask(&asked).await;
    let reasons: Vec<_> = asked.iter().zip(&reports).map(|(id, report)| reason(&house, id, report)).collect();
    let expected =
        [Reason::NotLoggedIn, Reason::WrongIdKind, Reason::AgentUnknown, Reason::AgentDeleted].map(Some);
    assert_eq!(reasons, expected, "{reports:?}");
}

#[tokio::test]
async fn a_state_that_may_not_be_seen_is_explained_with_the_platforms_words() {
    for (client, word, expected) in [
        ("sim-no-scope", "agent:state:read", Reason::ScopeMissing),
        ("sim-no-role", "agent:state:view", Reason::PermissionMissing),
        ("sim-fresh-grant", "agent:state:view", Reason::PermissionPending),
    ] {
        let house = House::of(As(PlatformApi::AgentStates, client), 50).await;
        let id = ids(&house, "agentId", true).await.remove(0);
        let reports = house.ask(std::slice::from_ref(&id)).await;
        let finding = finding(&house, &id, &reports[0]).unwrap();
        assert_eq!(finding.reason, expected, "{finding:?}");
        let words = |detail: &str| detail.contains("403") && detail.contains(word);
        assert!(finding.evidence.iter().any(|seen| words(&seen.detail)), "{client}: {finding:?}");
        assert!(finding.summary.contains(word) && !finding.remedy.is_empty(), "{client}: {finding:?}");
    }
}

#[tokio::test]
async fn a_queue_that_may_not_be_seen_is_told_from_nobody() {
    let house = House::of(As(PlatformApi::AgentStates, "sim-one-division"), 50).await;
    let truth = house.sim.get("/sim/agents").await;
    let queues: BTreeSet<String> = truth
        .as_array()
        .unwrap()
        .iter()
        .flat_map(|agent| agent["queueIds"].as_array().unwrap())
        .map(|queue| queue.as_str().unwrap().to_owned())
        .collect();
    let queues: Vec<String> = queues.into_iter().collect();
    let reports = house.ask(&queues).await;
    let refused = house.sim.requests().await;
    assert!(refused.contains_key(&("/api/v2/routing/queues/{queueId}".to_owned(), 403)), "{refused:?}");
    for (id, report) in queues.iter().zip(&reports) {
        assert_eq!(reason(&house, id, report), Some(Reason::WrongIdKind), "{report:?}");
    }
}

#[tokio::test]
async fn nobody_waits_for_a_reading_of_rights_that_they_do_not_need() {
    let house = House::of(STATES, 50).await;
    let id = ids(&house, "agentId", true).await.remove(0);
    house.sim.faults(json!({"http_hang_p": 1.0, "http_trouble_routes": ["/api/v2/tokens/me"]})).await;
    tokio::select! {
        biased;
        () = house.platform.look_at_access() => unreachable!("the platform answers nothing to that"),
        reports = house.ask(std::slice::from_ref(&id)) => assert_eq!(reports, [Report::Told]),
    }
}

#[tokio::test]
async fn a_missing_scope_is_looked_for_in_a_new_token_once_a_minute() {
    let house = House::of(As(PlatformApi::AgentStates, "sim-no-scope"), 50).await;
    let id = ids(&house, "agentId", true).await.remove(0);
    for (after_s, tokens) in [(0, 1), (20, 2), (20, 2), (20, 2), (20, 3)] {
        house.pass(Duration::from_secs(after_s));
        let reports = house.ask(std::slice::from_ref(&id)).await;
        assert_eq!(reason(&house, &id, &reports[0]), Some(Reason::ScopeMissing));
        assert_eq!(house.sim.requests_to("/oauth/token").await, tokens, "after {after_s} s more");
    }
}

#[tokio::test]
async fn a_user_id_finds_its_agent() {
    let house = House::of(STATES, 50).await;
    let user = ids(&house, "userId", true).await.remove(0);
    let asked = vec![Asked::UserId(user.as_str().into()), Asked::UserId("nobody".into())];
    let reports = house.asker.ask(asked).await;
    assert_eq!(reports[0], Report::Told);
    assert!(matches!(&reports[1], Report::Missing(facts) if facts.prove_absence()), "{reports:?}");
    let agents: BTreeSet<String> = ids(&house, "agentId", true).await.into_iter().collect();
    let snapshot = house.view.snapshot();
    assert!(agents.contains(Arc::clone(snapshot.by_user_id(&user).unwrap()).agent_id()));
}

#[tokio::test]
async fn who_left_since_the_last_listing_is_not_said_to_be_logged_out() {
    let house = House::of(STATES, 50).await;
    house.sweep(Duration::from_secs(3_600));
    house.swept(1).await;
    let gone = ids(&house, "agentId", true).await.remove(0);
    house.sim.dismiss(&gone).await;
    let reports = house.ask(std::slice::from_ref(&gone)).await;
    assert_eq!(reason(&house, &gone, &reports[0]), Some(Reason::AgentDeleted), "{reports:?}");
}

#[tokio::test]
async fn a_remembered_absence_is_not_believed_once_somebody_names_the_agent() {
    let house = House::of(USERS, 10).await;
    let id = "00000000-0000-4000-8000-000000000000".to_owned();
    house.ask(std::slice::from_ref(&id)).await;
    let statement = Statement { name: Some("Ada".into()), ..Statement::default() };
    let (source, heard_at) = (Source::Webhook, house.clock.now());
    let user_id = UserId::from(id.as_str());
    let named = Observation { user_id, source, heard_at, as_of: None, event_id: None, statement };
    house.inlet.commit(vec![Input::Observation(Box::new(named))]).await.unwrap();
    house.ask(std::slice::from_ref(&id)).await;
    assert_eq!(house.sim.requests_to("/api/v2/users").await, 2);
}

#[tokio::test]
async fn a_proxys_404_proves_neither_a_log_out_nor_an_absence() {
    let sim = Sim::start(60, 0.0, None).await;
    let house = House::behind(Some(PlatformApi::AgentStates), sim, |path, said| {
        if path.starts_with("/api/v2/agents/states?") {
            return Said::json(200, &json!([]));
        }
        if path.starts_with("/api/v2/agents/") { Said::page(404) } else { said }
    })
    .await;
    let known = ids(&house, "agentId", true).await.remove(0);
    house.sweep(Duration::from_secs(3_600));
    house.swept(1).await;
    let snapshot = house.view.snapshot();
    assert!(
        snapshot.present_after(None).all(|row| row.login().is_none()),
        "nobody was seen to be logged out"
    );
    let nobody = "00000000-0000-4000-8000-000000000000".to_owned();
    let asked = [known, nobody];
    let reports = house.ask(&asked).await;
    for (id, report) in asked.iter().zip(&reports) {
        let reason = reason(&house, id, report);
        let proven = [Some(Reason::NotLoggedIn), Some(Reason::AgentUnknown), Some(Reason::AgentDeleted)];
        assert!(reason.is_some() && !proven.contains(&reason), "{reason:?} {report:?}");
    }
}
