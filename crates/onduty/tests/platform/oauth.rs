//! Tokens: one for all, early, and without hammering.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use axum::Router;
use axum::http::StatusCode;
use onduty::config::{BaseUrl, PlatformApi, Region};
use onduty::platform::Walk;
use onduty::platform::genesys::error::PlatformError;
use onduty_core::answer::{Refusal, Report};
use serde_json::json;

use crate::house::{As, House, Sim, bind};

const USERS: As = As(PlatformApi::Users, "sim-full");

async fn list(house: &House) -> Result<(), PlatformError> {
    house.platform.list_page(&mut Walk::default(), 1).await.map(|_| ())
}

#[tokio::test]
async fn one_token_serves_all_who_need_one_and_is_renewed_before_its_end() {
    let house = House::of(USERS, 20).await;
    let all = futures_util::future::join_all((0..20).map(|_| list(&house))).await;
    assert!(all.iter().all(Result::is_ok), "{all:?}");
    assert_eq!(house.sim.requests_to("/oauth/token").await, 1);
    // A life of 86,399 s is renewed between 600 s and 300 s before its end.
    house.pass(Duration::from_secs(86_399 - 610));
    list(&house).await.unwrap();
    assert_eq!(house.sim.requests_to("/oauth/token").await, 1);
    house.pass(Duration::from_secs(320));
    list(&house).await.unwrap();
    assert_eq!(house.sim.requests_to("/oauth/token").await, 2);
}

#[tokio::test]
async fn a_revoked_token_is_replaced_once_for_all() {
    let house = House::of(USERS, 20).await;
    list(&house).await.unwrap();
    house.sim.post("/sim/disconnect", json!({})).await;
    let all = futures_util::future::join_all((0..10).map(|_| list(&house))).await;
    assert!(all.iter().all(Result::is_ok), "{all:?}");
    assert_eq!(house.sim.requests_to("/oauth/token").await, 2);
}

#[tokio::test]
async fn a_platform_that_refuses_fresh_tokens_is_reported_and_not_hammered() {
    let house = House::of(USERS, 20).await;
    list(&house).await.unwrap();
    house.sim.faults(json!({"http_error_p": 1.0, "http_error_status": 401})).await;
    let reports = house.ask(&["4a2f0f6e-0d0b-4b3e-9b0e-6f2f5a0c1d11".to_owned()]).await;
    let [Report::Refused(Refusal::CredentialsRejected { detail })] = reports.as_slice() else {
        unreachable!("{reports:?}")
    };
    assert!(detail.contains("401"), "{detail}");
    let before = house.sim.requests().await;
    for _ in 0..10 {
        assert!(list(&house).await.is_err());
    }
    assert_eq!(house.sim.requests().await, before, "nothing is sent while the refusal stands");
    house.sim.faults(json!({"http_error_p": 0.0})).await;
    house.pass(Duration::from_secs(2));
    list(&house).await.unwrap();
}

#[tokio::test]
async fn a_401_of_one_endpoint_alone_costs_no_tokens_and_the_others_nothing() {
    let house = House::of(As(PlatformApi::AgentStates, "sim-full"), 20).await;
    list(&house).await.unwrap();
    let agents = house.sim.get("/sim/agents").await;
    let agent = agents.as_array().unwrap().iter().find(|agent| agent["loggedIn"] == true).unwrap();
    let id = agent["agentId"].as_str().unwrap().to_owned();
    let trouble =
        json!({"http_error_p": 1, "http_error_status": 401, "http_trouble_routes": ["/api/v2/agents"]});
    house.sim.faults(trouble).await;
    for _ in 0..5 {
        let error = list(&house).await.unwrap_err();
        assert!(error.refused_with(401).is_some(), "the credentials are good: {error}");
        assert_eq!(house.ask(std::slice::from_ref(&id)).await, [Report::Told], "others are answered");
    }
    assert_eq!(house.sim.requests_to("/oauth/token").await, 2, "one more was tried");

    house.sim.post("/sim/disconnect", json!({})).await;
    assert!(list(&house).await.unwrap_err().refused_with(401).is_some());
    assert_eq!(house.sim.requests_to("/oauth/token").await, 3, "a revoked one is replaced all the same");
    house.sim.faults(json!({"http_error_p": 0})).await;
    list(&house).await.unwrap();
}

#[tokio::test]
async fn a_refused_client_is_reported_in_the_platforms_words_and_asked_for_rarely() {
    for client in ["sim-disabled", "sim-wrong-region", "nobody"] {
        let house = House::of(As(PlatformApi::Users, client), 1).await;
        for _ in 0..5 {
            let error = list(&house).await.unwrap_err();
            let PlatformError::CredentialsRejected { detail } = error else { unreachable!("{error:?}") };
            assert!(detail.contains("invalid_client"), "{detail}");
            assert!(!detail.contains("sim-secret"), "{detail}");
        }
        assert_eq!(house.sim.requests_to("/oauth/token").await, 1, "{client}");
        house.pass(Duration::from_secs(31));
        assert!(list(&house).await.is_err());
        assert_eq!(house.sim.requests_to("/oauth/token").await, 2, "{client}");
    }
}

#[tokio::test]
async fn a_400_that_means_too_fast_is_known_by_its_text() {
    let house = House::of(USERS, 1).await;
    house.sim.faults(json!({"oauth_rate_limited": true})).await;
    for _ in 0..5 {
        let error = list(&house).await.unwrap_err();
        assert!(matches!(error, PlatformError::RateLimited { .. }), "{error:?}");
    }
    assert_eq!(house.sim.requests_to("/oauth/token").await, 1);
    house.sim.faults(json!({"oauth_rate_limited": false})).await;
    house.pass(Duration::from_secs(6));
    list(&house).await.unwrap();
}

#[tokio::test]
async fn a_region_that_said_no_is_not_asked_again_and_a_silent_one_not_for_ever() {
    let asked: [Arc<AtomicU64>; 2] = Default::default();
    let mut regions = Vec::new();
    let mut doors = Vec::new();
    for (status, asked) in [400, 503].into_iter().zip(&asked) {
        let (listener, address) = bind("region").await;
        let url = BaseUrl::parse(&format!("http://{address}")).unwrap();
        let domain = format!("region-{status}");
        regions.push(Region { domain, api_url: url.clone(), login_url: url });
        let asked = Arc::clone(asked);
        let door = Router::new().fallback(move || {
            asked.fetch_add(1, Ordering::Relaxed);
            async move { StatusCode::from_u16(status).unwrap() }
        });
        doors.push((listener, door));
    }
    let house = House::in_regions(As(PlatformApi::Users, "nobody"), Sim::start(1, 0.0, None).await, regions);
    doors.into_iter().for_each(|(listener, door)| house.serve(listener, door));
    for _ in 0..8 {
        let error = list(&house).await.unwrap_err();
        assert!(matches!(error, PlatformError::CredentialsRejected { .. }), "{error:?}");
        house.pass(Duration::from_secs(601));
    }
    assert_eq!(asked.map(|asked| asked.load(Ordering::Relaxed)), [1, 4]);
}
