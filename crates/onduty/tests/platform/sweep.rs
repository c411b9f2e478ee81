//! Full listings against the truth.

use std::collections::BTreeMap;
use std::time::Duration;

use onduty::config::PlatformApi;
use onduty::status::Phase;
use onduty_core::agent::AccountState;
use onduty_core::answer::Report;
use onduty_core::observation::Source;
use onduty_core::time::Timestamp;
use serde_json::{Value, json};

use crate::front::Said;
use crate::house::{As, House, Sim, until};

const MINUTE: Duration = Duration::from_secs(60);

async fn truth(house: &House) -> BTreeMap<String, Value> {
    let truth = house.sim.get("/sim/agents").await;
    let agents = truth.as_array().unwrap().iter();
    agents.map(|agent| (agent["userId"].as_str().unwrap().to_owned(), agent.clone())).collect()
}

fn instant(value: &Value) -> Option<i64> {
    value.as_str()?.parse::<jiff::Timestamp>().ok().map(jiff::Timestamp::as_millisecond)
}

/// Where the roster differs from the truth, facet by facet, clocks included.
pub(crate) async fn differences(house: &House, api: PlatformApi) -> Vec<String> {
    let truth = truth(house).await;
    let snapshot = house.view.snapshot();
    let mut wrong = Vec::new();
    for (user_id, agent) in &truth {
        let Some(row) = snapshot.by_user_id(user_id).filter(|row| row.present) else {
            wrong.push(format!("{user_id} is missing"));
            continue;
        };
        if api == PlatformApi::AgentStates
            && row.login().map(|login| *login.value) != agent["loggedIn"].as_bool()
        {
            wrong.push(format!("{user_id}: logged in {:?}, not {}", row.login(), agent["loggedIn"]));
        }
        if api == PlatformApi::AgentStates && agent["loggedIn"] == false {
            continue;
        }
        let presence =
            row.presence().map(|p| (p.value.definition_id.clone(), p.since.map(Timestamp::as_millis)));
        let expected = &agent["presence"];
        let definition = expected["presenceDefinition"]["id"].as_str().map(Into::into);
        if presence != Some((definition, instant(&expected["modifiedDate"]))) {
            wrong.push(format!("{user_id}: presence {presence:?}, not {expected}"));
        }
        let status =
            row.routing_status().map(|s| (s.value.text().to_owned(), s.since.map(Timestamp::as_millis)));
        let expected = &agent["routingStatus"];
        let text = expected["status"].as_str().unwrap().to_owned();
        if status != Some((text, instant(&expected["startTime"]))) {
            wrong.push(format!("{user_id}: routing status {status:?}, not {expected}"));
        }
    }
    let extra = snapshot.present_after(None).filter(|row| !truth.contains_key(row.user_id().as_str()));
    wrong.extend(extra.filter(|row| row.has_state()).map(|row| format!("{} is too much", row.user_id())));
    wrong
}

#[tokio::test]
async fn one_listing_equals_the_truth_in_both_apis() {
    for (api, agents) in [(PlatformApi::Users, 730), (PlatformApi::AgentStates, 1_230)] {
        let house = House::of(As(api, "sim-full"), agents).await;
        house.sweep(MINUTE);
        house.swept(1).await;
        assert_eq!(differences(&house, api).await, Vec::<String>::new(), "{api:?}");
        let standing = house.status.read();
        assert_eq!(standing.drift.corrections, 0);
        let sweep = standing.source(Source::Sweep);
        assert_eq!((sweep.phase, sweep.gaps), (Phase::Running, 0));
        assert!(sweep.is_fresh(house.clock.now()));
        assert!(house.view.snapshot().listing().is_some());
    }
}

#[tokio::test]
async fn a_later_listing_corrects_what_was_missed_and_removes_who_left() {
    for api in [PlatformApi::Users, PlatformApi::AgentStates] {
        let house = House::of(As(api, "sim-full"), 150).await;
        let nudge = house.sweep(Duration::from_secs(2));
        house.swept(1).await;
        let agents: Vec<Value> =
            truth(&house).await.into_values().filter(|agent| agent["loggedIn"] == true).collect();
        let path = |agent: &Value| format!("/sim/agents/{}/state", agent["agentId"].as_str().unwrap());
        house.sim.post(&path(&agents[0]), json!({"presence": "Meal"})).await;
        house.sim.post(&path(&agents[1]), json!({"loggedIn": false})).await;
        let gone = agents[2]["userId"].as_str().unwrap();
        house.sim.dismiss(gone).await;
        let sweeps = house.status.read().drift.sweeps;
        nudge.nudge();
        house.swept(sweeps + 2).await;
        assert!(!house.view.snapshot().by_user_id(gone).unwrap().present, "{api:?}");
        assert_eq!(differences(&house, api).await, Vec::<String>::new(), "{api:?}");
        assert!(house.status.read().drift.corrections >= 3, "{api:?}");
    }
}

#[tokio::test]
async fn who_may_not_be_seen_is_never_said_to_be_logged_out() {
    for client in ["sim-no-scope", "sim-no-role", "sim-fresh-grant", "sim-one-division"] {
        let house = House::of(As(PlatformApi::AgentStates, client), 300).await;
        house.sweep(MINUTE);
        house.swept(1).await;
        let (truth, snapshot) = (truth(&house).await, house.view.snapshot());
        let mut told = 0;
        for row in snapshot.present_after(None) {
            let Some(login) = row.login() else { continue };
            told += 1;
            assert_eq!(Some(*login.value), truth[row.user_id().as_str()]["loggedIn"].as_bool(), "{client}");
        }
        assert_eq!(told > 0, client == "sim-one-division", "{client}: {told}");
        assert!(snapshot.directory_total() >= truth.len(), "profiles are seen all the same");
    }
}

#[tokio::test]
async fn a_failing_platform_makes_nobody_vanish() {
    let house = House::of(As(PlatformApi::Users, "sim-full"), 150).await;
    let nudge = house.sweep(Duration::from_secs(1));
    house.swept(1).await;
    let before = house.view.snapshot().directory_total();
    house.sim.faults(json!({"region_down": "503"})).await;
    nudge.nudge();
    until("the failure is shown", async || !house.status.read().source(Source::Sweep).detail.is_empty())
        .await;
    assert_eq!(house.view.snapshot().directory_total(), before);
    house.sim.faults(json!({"region_down": "off"})).await;
    let sweeps = house.status.read().drift.sweeps;
    house.swept(sweeps + 1).await;
    assert_eq!(differences(&house, PlatformApi::Users).await, Vec::<String>::new());
}

#[tokio::test]
async fn faults_on_every_tenth_request_only_delay_a_listing() {
    for api in [PlatformApi::Users, PlatformApi::AgentStates] {
        let house = House::of(As(api, "sim-full"), 600).await;
        house.sim.faults(json!({"http_error_p": 0.1, "http_error_status": 503})).await;
        house.sweep(Duration::from_secs(5));
        house.swept(1).await;
        assert_eq!(differences(&house, api).await, Vec::<String>::new(), "{api:?}");
    }
}

#[tokio::test]
async fn whom_a_moving_list_skips_is_not_taken_for_gone() {
    for (api, agents, route) in
        [(PlatformApi::Users, 150, "/api/v2/users"), (PlatformApi::AgentStates, 600, "/api/v2/agents")]
    {
        let house = House::of(As(api, "sim-full"), agents).await;
        let nudge = house.sweep(Duration::from_secs(4));
        house.swept(1).await;
        let pages = house.sim.requests_to(route).await;
        nudge.nudge();
        until("a page was read", async || house.sim.requests_to(route).await > pages).await;
        // Whoever stands first on the second page moves to the first, which was read already; the total stays.
        let listed = house.sim.get("/sim/agents").await;
        let gone = listed[0]["userId"].as_str().unwrap();
        house.sim.dismiss(gone).await;
        house.sim.post("/sim/agents", json!({"count": 1})).await;
        house.swept(2).await;
        let truth = truth(&house).await;
        let missing =
            truth.keys().filter(|id| !house.view.snapshot().by_user_id(id).is_some_and(|row| row.present));
        assert_eq!(missing.collect::<Vec<_>>(), Vec::<&String>::new(), "{api:?}");
        house.swept(3).await;
        assert!(!house.view.snapshot().by_user_id(gone).unwrap().present, "{api:?}");
    }
}

#[tokio::test]
async fn a_directory_that_suddenly_names_nobody_empties_nothing() {
    let house = House::of(As(PlatformApi::Users, "sim-one-division"), 120).await;
    let nudge = house.sweep(Duration::from_secs(1));
    house.swept(1).await;
    let before = house.view.snapshot().directory_total();
    let client = json!({"clientId": "sim-one-division", "secret": "sim-secret", "roles": []});
    house.sim.post("/sim/clients", client).await;
    house.sim.faults(json!({"users_division_filter": true})).await;
    nudge.nudge();
    until("the gap is shown", async || house.status.read().source(Source::Sweep).gaps > 0).await;
    assert_eq!(house.view.snapshot().directory_total(), before);
}

#[tokio::test]
async fn rights_that_are_narrowed_make_nobody_leave() {
    let client = |divisions: &[&str]| json!({"clientId": "mine", "permissions": ["directory:user:view"], "divisions": divisions});
    let sim = Sim::start(60, 0.0, None).await;
    sim.post("/sim/clients", client(&["*"])).await;
    sim.faults(json!({"users_division_filter": true})).await;
    let house = House::with(As(PlatformApi::Users, "mine"), sim);
    let nudge = house.sweep(Duration::from_secs(3_600));
    house.swept(1).await;
    let everybody = house.view.snapshot().directory_total();
    let gone = truth(&house).await.into_keys().next().unwrap();
    house.sim.post("/sim/clients", client(&["Lisbon"])).await;
    house.sim.dismiss(&gone).await;
    nudge.nudge();
    house.swept(2).await;
    let snapshot = house.view.snapshot();
    assert_eq!(snapshot.directory_total(), everybody - 1);
    assert!(snapshot.by_user_id(&gone).is_none_or(|row| !row.present));
}

#[tokio::test]
async fn whose_account_is_switched_off_stays_known_as_inactive_and_does_not_come_and_go() {
    let house = House::of(As(PlatformApi::Users, "sim-full"), 50).await;
    house.sweep(Duration::from_secs(1));
    house.swept(1).await;
    let truth = house.sim.get("/sim/agents").await;
    let id = truth[0]["userId"].as_str().unwrap().to_owned();
    house.sim.post(&format!("/sim/agents/{id}/account"), json!({"state": "inactive"})).await;
    // The listing that runs by now may have begun before.
    let sweeps = house.status.read().drift.sweeps;
    for later in [2, 3] {
        house.swept(sweeps + later).await;
        let snapshot = house.view.snapshot();
        let row = snapshot.by_user_id(&id).unwrap();
        assert!(row.present && row.account() == Some(AccountState::Inactive), "{row:?}");
    }
}

#[tokio::test]
async fn whom_a_listing_leaves_without_a_state_is_asked_for_by_the_specific_calls() {
    let house = House::of(As(PlatformApi::Users, "sim-full"), 8).await;
    house.sim.faults(json!({"expand_drop": 1.0})).await;
    house.sweep(MINUTE);
    house.swept(1).await;
    until("every state is told", async || differences(&house, PlatformApi::Users).await.is_empty()).await;
}

#[tokio::test]
async fn a_clock_that_is_set_back_during_a_listing_removes_nobody() {
    let house = House::of(As(PlatformApi::Users, "sim-full"), 250).await;
    let nudge = house.sweep(Duration::from_secs(4));
    house.swept(1).await;
    let before = house.view.snapshot().directory_total();
    let pages = house.sim.requests_to("/api/v2/users").await;
    nudge.nudge();
    until("a page was read", async || house.sim.requests_to("/api/v2/users").await > pages).await;
    house.set_back(Duration::from_secs(3_600));
    until("the listing ended", async || {
        let standing = house.status.read();
        standing.source(Source::Sweep).gaps > 0 || standing.drift.sweeps > 1
    })
    .await;
    assert_eq!(house.view.snapshot().directory_total(), before);
    house.swept(2).await;
    assert_eq!(house.view.snapshot().directory_total(), before);
}

#[tokio::test]
async fn after_a_clock_was_set_back_who_left_is_noticed_by_the_next_listing() {
    let house = House::of(As(PlatformApi::Users, "sim-full"), 60).await;
    let nudge = house.sweep(MINUTE);
    house.swept(1).await;
    let before = house.view.snapshot();
    let leaver = before.present_after(None).next().unwrap().user_id().to_string();
    house.set_back(Duration::from_secs(3_600));
    house.sim.dismiss(&leaver).await;
    // The first may find the clock set back under it.
    until("it is noticed", async || {
        nudge.nudge();
        house.view.snapshot().directory_total() == before.directory_total() - 1
    })
    .await;
    let after = house.view.snapshot();
    assert!(after.by_user_id(&leaver).is_none_or(|row| !row.present));
    let newest = after.rows().map(|row| row.confirmed_at()).max().unwrap();
    assert!(newest <= house.clock.now(), "no evidence is from an instant to come");
}

#[tokio::test]
async fn one_user_who_can_not_be_read_hides_nobody_and_is_read_alone() {
    let sim = Sim::start(120, 0.0, None).await;
    let house = House::behind(Some(PlatformApi::Users), sim, |path, said| {
        if !path.starts_with("/api/v2/users?") || said.status != 200 {
            return said;
        }
        said.changed(|page| {
            for (at, user) in page["entities"].as_array_mut().unwrap().iter_mut().enumerate().take(3) {
                let since = "2026-03-02T09:14:07.381Z";
                match at {
                    0 => user["presence"] = json!({"primary": true, "modifiedDate": since}),
                    1 => user["routingStatus"] = json!({"startTime": since}),
                    _ => user["presence"]["modifiedDate"] = json!("yesterday"),
                }
            }
        })
    })
    .await;
    house.sweep(MINUTE);
    house.swept(1).await;
    let listed = house.view.snapshot().directory_total();
    assert!(truth(&house).await.keys().all(|id| house.view.snapshot().by_user_id(id).is_some()), "{listed}");
    let detail = house.status.read().source(Source::Sweep).detail.clone();
    assert!(detail.contains("6 parts of agents can't be read"), "{detail}");
    until("every state is told", async || differences(&house, PlatformApi::Users).await.is_empty()).await;
}

#[tokio::test]
async fn one_profile_that_can_not_be_read_hides_nobody() {
    let sim = Sim::start(60, 0.0, None).await;
    let house = House::behind(Some(PlatformApi::AgentStates), sim, |path, said| {
        if !path.starts_with("/api/v2/agents?") || said.status != 200 {
            return said;
        }
        said.changed(|page| {
            for (profile, part) in page["entities"].as_array_mut().unwrap().iter_mut().zip(["name", "state"])
            {
                profile[part] = json!({"en": 1});
            }
        })
    })
    .await;
    house.sweep(MINUTE);
    house.swept(1).await;
    assert!(truth(&house).await.keys().all(|id| house.view.snapshot().by_user_id(id).is_some()));
    let detail = house.status.read().source(Source::Sweep).detail.clone();
    assert!(detail.contains("2 parts of agents can't be read"), "{detail}");
    assert_eq!(differences(&house, PlatformApi::AgentStates).await, Vec::<String>::new());
}

#[tokio::test]
async fn a_page_too_large_for_one_answer_is_read_in_smaller_ones_from_then_on() {
    let sim = Sim::start(230, 0.0, None).await;
    let house = House::behind(Some(PlatformApi::Users), sim, |path, said| {
        let size = path.split(['?', '&']).find_map(|part| part.strip_prefix("pageSize="));
        let size: usize = size.and_then(|size| size.parse().ok()).unwrap_or(0);
        let ids = path.matches("id=").count();
        let many = if ids > 0 { ids } else { size };
        match path.starts_with("/api/v2/users?") && many > 25 {
            true => {
                Said::json(400, &json!({"code": "response.entity.too.large", "message": "Reduce pageSize"}))
            }
            false => said,
        }
    })
    .await;
    let nudge = house.sweep(Duration::from_secs(1));
    house.swept(1).await;
    assert_eq!(differences(&house, PlatformApi::Users).await, Vec::<String>::new());
    let first = house.sim.requests_to("/api/v2/users").await;
    nudge.nudge();
    house.swept(2).await;
    assert_eq!((first, house.sim.requests_to("/api/v2/users").await - first), (11, 9));
    let ids: Vec<String> = truth(&house).await.into_keys().take(100).collect();
    let reports = house.ask(&ids).await;
    assert!(reports.iter().all(|report| *report == Report::Told), "{reports:?}");
}
