//! Local clients sign in as on the platform, and are told from others as on the platform.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use onduty::api::front::Door;
use onduty::config::Secret;
use reqwest::Method;
use serde_json::{Value, json};

use super::on_queue;
use crate::caller::{Caller, Told, caller};
use crate::stage::{Stage, id, limits, unknown};

const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");

fn door(clients: &[(&str, &str)]) -> Door {
    let clients = clients.iter().map(|(id, secret)| ((*id).to_owned(), Secret::new(*secret)));
    Door::new(clients.collect::<BTreeMap<_, _>>(), ("own".to_owned(), Secret::new("own-secret")))
}

async fn behind(door: Door) -> Stage {
    let stage = Stage::behind(door, limits(), |_, _| Some(unknown())).await;
    stage.roster.take(&[on_queue(1)]);
    stage
}

async fn sign_in(caller: &Caller, basic: Option<&str>, form: &str) -> Told {
    let basic = basic.map(|pair| format!("Basic {}", STANDARD.encode(pair)));
    let mut headers = vec![FORM];
    headers.extend(basic.as_deref().map(|basic| ("authorization", basic)));
    let told = caller.call(Method::POST, "/oauth/token", &headers, form).await;
    assert_eq!(told.header("cache-control"), Some("no-store"));
    assert!(told.header("inin-correlation-id").is_some());
    told
}

async fn token(caller: &Caller) -> String {
    let told = sign_in(caller, Some("app:secret"), "grant_type=client_credentials").await.json();
    told["access_token"].as_str().unwrap().to_owned()
}

async fn with_bearer(caller: &Caller, path: &str, bearer: &str) -> Told {
    caller.call(Method::GET, path, &[("authorization", &format!("Bearer {bearer}"))], "").await
}

#[tokio::test]
async fn a_client_signs_in_by_header_or_form_and_its_token_opens_also_after_a_restart() {
    let user = format!("/api/v2/users/{}", id(1));
    let (first, second) =
        (behind(door(&[("app", "secret")])).await, behind(door(&[("app", "secret")])).await);
    let caller = caller(&first);
    let forms = [
        (Some("app:secret"), "grant_type=client_credentials"),
        (Some("own:own-secret"), "grant_type=client_credentials&scope=x"),
        (None, "grant_type=client_credentials&client_id=app&client_secret=secret"),
    ];
    for (basic, form) in forms {
        let told = sign_in(&caller, basic, form).await.json();
        assert_eq!((&told["token_type"], &told["expires_in"]), (&json!("bearer"), &json!(86_399)));
        let token = told["access_token"].as_str().unwrap();
        assert_eq!(with_bearer(&caller, &user, token).await.status, 200);
        assert_eq!(
            with_bearer(&Caller::new(&second, crate::caller::Version::Two), &user, token).await.status,
            200
        );
    }
}

#[tokio::test]
async fn a_sign_in_that_fails_is_told_in_the_token_endpoint_s_own_shape() {
    let stage = behind(door(&[("app", "secret")])).await;
    let caller = caller(&stage);
    let good = "grant_type=client_credentials";
    let long = format!("{good}&x={}", "x".repeat(20_000));
    let table = [
        (Some("nobody:x"), good, 400, "invalid_client", "client not found"),
        (Some("app:wrong"), good, 401, "invalid_client", "authentication failed"),
        (None, good, 400, "invalid_client", "client credentials are missing"),
        (Some("app:secret"), "", 400, "invalid_request", "grant_type is missing"),
        (Some("app:secret"), "grant_type=password", 400, "unsupported_grant_type", "only client_credentials"),
        (Some("app:secret"), "grant_type=%zz", 400, "invalid_request", "the form can't be read"),
        (Some("app:secret"), &*long, 413, "invalid_request", "at most 16384 bytes"),
    ];
    for (basic, form, status, error, text) in table {
        let told = sign_in(&caller, basic, form).await;
        let body = told.json();
        assert_eq!((told.status, &body["error"]), (status, &json!(error)), "{body}");
        assert!(body["description"].as_str().unwrap().contains(text), "{body}");
        assert_eq!(body["description"], body["error_description"]);
        assert!(!told.text.contains("secret"));
    }
}

#[tokio::test]
async fn with_clients_configured_nobody_is_answered_on_the_platform_s_paths_without_a_token() {
    let stage = behind(door(&[("app", "secret")])).await;
    let caller = caller(&stage);
    let paths = [
        format!("/api/v2/users/{}", id(1)),
        "/api/v2/users".to_owned(),
        format!("/api/v2/agents/states?agentId={}", id(1)),
        "/api/v2/tokens/me".to_owned(),
        "/api/v2/nothing".to_owned(),
    ];
    for path in paths {
        caller.get(&path).await.refused(401, "authentication.required");
        with_bearer(&caller, &path, "abc").await.refused(401, "bad.credentials");
    }
    let other = caller.call(Method::POST, "/api/v2/agents/states", &[], "").await;
    other.refused(401, "authentication.required");
    let own = caller.get(&format!("/v1/agents/{}/state", id(1))).await;
    assert_eq!(own.status, 200, "onduty's own paths have no door");
}

#[tokio::test]
async fn without_clients_any_bearer_will_do_and_none() {
    let stage = behind(door(&[])).await;
    let caller = caller(&stage);
    let user = format!("/api/v2/users/{}", id(1));
    assert_eq!(caller.get(&user).await.status, 200);
    assert_eq!(with_bearer(&caller, &user, "the platform's own").await.status, 200);
    assert_eq!(sign_in(&caller, Some("own:own-secret"), "grant_type=client_credentials").await.status, 200);
}

#[tokio::test]
async fn a_token_tells_whose_it_is_and_a_head_whether_it_lives() {
    let stage = behind(door(&[("app", "secret")])).await;
    let caller = caller(&stage);
    let token = token(&caller).await;
    let told: Value = with_bearer(&caller, "/api/v2/tokens/me", &token).await.whole();
    assert_eq!((&told["OAuthClient"]["id"], &told["authorizedScope"]), (&json!("app"), &json!([])));
    let bearer = format!("Bearer {token}");
    let told = caller.call(Method::HEAD, "/api/v2/tokens/me", &[("authorization", &bearer)], "").await;
    assert_eq!((told.status, &*told.text), (200, ""));
}
