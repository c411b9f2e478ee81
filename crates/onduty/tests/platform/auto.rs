//! `platform.api = "auto"`: which API there is, found out from what answers.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use onduty::config::PlatformApi;
use onduty::status::ApiOrigin;
use onduty_core::answer::{Refusal, Report};
use onduty_core::observation::Source;
use serde_json::{Value, json};

use crate::front::Said;
use crate::house::{House, Sim, ingress_config, until};
use crate::sweep::differences;

const HOUR: Duration = Duration::from_secs(3_600);

#[tokio::test]
async fn whichever_api_there_is_is_found_out_and_said() {
    for (offered, api) in [(true, PlatformApi::AgentStates), (false, PlatformApi::Users)] {
        let sim = Sim::start(120, 0.0, None).await;
        sim.faults(json!({"agent_states_api": offered})).await;
        let house = House::without_api(sim);
        assert_eq!((house.platform.spoken().get(), house.status.read().platform_api), (None, None));
        house.sweep(HOUR);
        house.swept(1).await;
        assert_eq!(house.platform.spoken().get(), Some(api));
        let said = house.status.read().platform_api.unwrap();
        assert!(matches!(said.origin, ApiOrigin::FoundOut { .. }) && said.api == api, "{said:?}");
        assert_eq!(differences(&house, api).await, Vec::<String>::new());
        let probes = house.sim.requests_to("/api/v2/agents/states").await;
        assert!(offered || probes <= 1, "{probes}");
    }
}

#[tokio::test]
async fn a_platform_that_is_down_at_the_start_is_asked_again_and_pushes_are_taken_meanwhile() {
    let sim = Sim::start(20, 0.0, None).await;
    let agents = sim.get("/sim/agents").await;
    let user = agents[0]["userId"].as_str().unwrap().to_owned();
    sim.faults(json!({"region_down": "503", "agent_states_api": false})).await;
    let house = House::without_api(sim);
    let address = house.ingress(ingress_config()).await;
    house.sweep(HOUR);
    let reports = house.ask(std::slice::from_ref(&user)).await;
    assert!(matches!(&*reports, [Report::Refused(Refusal::Unavailable { .. })]), "{reports:?}");
    assert_eq!(house.platform.spoken().get(), None);

    let event = json!({
        "topicName": format!("v2.users.{user}.presence"), "version": "2",
        "eventBody": {
            "source": "PURECLOUD", "primary": true, "modifiedDate": "2026-03-02T11:58:02.113Z",
            "presenceDefinition": {"id": "3fd96123-badb-4f69-bc03-1b1ccc6d8014", "systemPresence": "MEAL"}
        }
    });
    let pushed = reqwest::Client::builder().tls_certs_only([]).no_proxy().build().unwrap();
    let answer =
        pushed.post(format!("http://{address}/webhooks/genesys")).bearer_auth("letmein").json(&event);
    assert_eq!(answer.send().await.unwrap().status(), 204);
    assert!(house.status.read().source(Source::Webhook).last_event_at.is_some());

    house.sim.faults(json!({"region_down": "off"})).await;
    until("it is found out", async || {
        // What is waited for is the end of the pause between two tries.
        house.pass(Duration::from_secs(30));
        house.platform.spoken().get() == Some(PlatformApi::Users)
    })
    .await;
    house.swept(1).await;
    assert_eq!(differences(&house, PlatformApi::Users).await, Vec::<String>::new());
}

#[tokio::test]
async fn look_ups_are_as_large_as_the_api_takes_that_was_found_out_after_the_start() {
    let sim = Sim::start(120, 0.0, None).await;
    sim.faults(json!({"agent_states_api": false})).await;
    let house = House::without_api(sim);
    house.sweep(HOUR);
    house.swept(1).await;
    let agents = house.sim.get("/sim/agents").await;
    let user = |agent: &Value| agent["userId"].as_str().unwrap().to_owned();
    let ids: Vec<String> = agents.as_array().unwrap().iter().take(100).map(user).collect();
    let before = house.sim.requests_to("/api/v2/users").await;
    let reports = house.ask(&ids).await;
    assert!(reports.len() == 100 && reports.iter().all(|report| *report == Report::Told), "{reports:?}");
    assert_eq!(house.sim.requests_to("/api/v2/users").await - before, 1);
}

#[tokio::test]
async fn a_captive_portal_settles_nothing_and_the_platform_behind_it_does() {
    let sim = Sim::start(20, 0.0, None).await;
    sim.faults(json!({"agent_states_api": false})).await;
    let is_shut = Arc::new(AtomicBool::new(true));
    let shut = Arc::clone(&is_shut);
    let house = House::behind(None, sim, move |path, said| match shut.load(Ordering::Relaxed) {
        true if !path.starts_with("/oauth") => Said::page(200),
        _ => said,
    })
    .await;
    for _ in 0..2 {
        assert!(house.platform.find_out().await.is_err());
        assert_eq!(house.platform.spoken().get(), None);
    }
    is_shut.store(false, Ordering::Relaxed);
    assert_eq!(house.platform.find_out().await.unwrap(), PlatformApi::Users);
}

#[tokio::test]
async fn a_proxy_that_answers_paths_that_do_not_exist_is_seen_through() {
    let table: [(u16, &'static str); 4] =
        [(200, "[]"), (404, "<html>"), (404, r#"{"code":"no.route","message":"?"}"#), (200, "<html>")];
    for (status, body) in table {
        let sim = Sim::start(20, 0.0, None).await;
        sim.faults(json!({"agent_states_api": false})).await;
        let house = House::behind(None, sim, move |path, said| match path.starts_with("/api/v2/agents") {
            true => Said { status, body: body.into() },
            false => said,
        })
        .await;
        assert_eq!(house.platform.find_out().await.unwrap(), PlatformApi::Users, "{status} {body}");
    }
}

#[tokio::test]
async fn the_agent_states_api_is_known_also_where_it_says_nothing_of_nobody() {
    for client_has_scope in [true, false] {
        let sim = Sim::start(20, 0.0, None).await;
        let house = House::behind(None, sim, move |path, said| match path.starts_with("/api/v2/agents?") {
            true if !client_has_scope => {
                Said::json(403, &json!({"code": "app.not.authorized.for.scope", "message": "no"}))
            }
            _ => said,
        })
        .await;
        assert_eq!(house.platform.find_out().await.unwrap(), PlatformApi::AgentStates, "{client_has_scope}");
    }
}
