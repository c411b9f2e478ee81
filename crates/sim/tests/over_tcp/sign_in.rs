//! Tokens: how they are had, what they say, how they die; and the other region.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::house::{House, text};

const OTHER_REGION: &str = "/region/usw2.pure.cloud";

#[tokio::test]
async fn a_token_is_had_by_header_or_by_form() {
    let house = House::of(1).await;
    let form =
        [("grant_type", "client_credentials"), ("client_id", "sim-full"), ("client_secret", "sim-secret")];
    let response = house.http.post(format!("{}/oauth/token", house.url)).form(&form).send().await.unwrap();
    assert_eq!(response.status(), StatusCode::OK);
    let body: Value = response.json().await.unwrap();
    assert_eq!((text(&body, "token_type"), &body["expires_in"]), ("bearer", &json!(86_399)));
    let (status, me) = house.get("/api/v2/tokens/me", text(&body, "access_token")).await;
    assert_eq!((status, text(&me["OAuthClient"], "id")), (200, "sim-full"));
    house.close().await;
}

#[tokio::test]
pub(crate) async fn a_refused_sign_in_says_so_in_the_log_in_hosts_own_words() {
    let house = House::of(1).await;
    for (prefix, client, secret, description) in [
        ("", "sim-full", "wrong", "authentication failed"),
        ("", "nobody", "sim-secret", "client not found"),
        ("", "sim-disabled", "sim-secret", "client not found"),
        ("", "sim-wrong-region", "sim-secret", "client not found"),
        (OTHER_REGION, "sim-full", "sim-secret", "client not found"),
    ] {
        let response = house.ask_for_token(prefix, client, secret).await;
        assert_eq!(response.status(), StatusCode::BAD_REQUEST, "{client}");
        let body: Value = response.json().await.unwrap();
        let expected =
            json!({"error": "invalid_client", "description": description, "error_description": description});
        assert_eq!(body, expected, "{client}");
    }
    house.set(json!({"oauth_error_status": 401})).await;
    assert_eq!(house.ask_for_token("", "nobody", "x").await.status(), StatusCode::UNAUTHORIZED);
    house.set(json!({"oauth_rate_limited": true})).await;
    let response = house.ask_for_token("", "sim-full", "sim-secret").await;
    assert_eq!(response.status(), StatusCode::BAD_REQUEST);
    let body: Value = response.json().await.unwrap();
    assert_eq!(text(&body, "error"), "invalid_request");
    assert!(text(&body, "error_description").starts_with("rate limit exceeded;"));
    house.close().await;
}

#[tokio::test]
async fn another_grant_is_unsupported_and_none_is_invalid() {
    let house = House::of(1).await;
    for (form, expected) in [
        (vec![("grant_type", "password")], "unsupported_grant_type"),
        (vec![("hello", "world")], "invalid_request"),
    ] {
        let request = house.http.post(format!("{}/oauth/token", house.url));
        let response = request.basic_auth("sim-full", Some("sim-secret")).form(&form).send().await.unwrap();
        assert_eq!(response.status(), StatusCode::BAD_REQUEST);
        assert_eq!(text(&response.json().await.unwrap(), "error"), expected);
    }
    house.close().await;
}

#[tokio::test]
async fn the_other_region_has_an_organisation_and_tokens_of_its_own() {
    let house = House::of(1).await;
    let response = house.ask_for_token(OTHER_REGION, "sim-wrong-region", "sim-secret").await;
    let body: Value = response.json().await.unwrap();
    let token = text(&body, "access_token");
    let (status, there) = house.get(&format!("{OTHER_REGION}/api/v2/organizations/me"), token).await;
    let (_, here) = house.get("/api/v2/organizations/me", &house.token("sim-full").await).await;
    assert_eq!(status, 200);
    assert_ne!(there["id"], here["id"]);
    let (status, refused) = house.get("/api/v2/organizations/me", token).await;
    assert_eq!((status, text(&refused, "code")), (401, "bad.credentials"));
    house.close().await;
}

#[tokio::test]
async fn the_other_region_serves_its_own_people_in_both_apis() {
    let house = House::of(60).await;
    let response = house.ask_for_token(OTHER_REGION, "sim-wrong-region", "sim-secret").await;
    let body: Value = response.json().await.unwrap();
    let token = text(&body, "access_token");
    let (status, profiles) = house.get(&format!("{OTHER_REGION}/api/v2/agents"), token).await;
    assert_eq!((status, &profiles["total"]), (200, &json!(6)));
    let (mut shown, mut online) = (0, 0);
    for profile in profiles["entities"].as_array().unwrap() {
        let list = format!("{OTHER_REGION}/api/v2/agents/states?agentId={}", text(profile, "agentId"));
        shown += house.get(&list, token).await.1.as_array().unwrap().len();
        let user = format!("{OTHER_REGION}/api/v2/users/{}?expand=presence", text(profile, "userId"));
        let (_, user) = house.get(&user, token).await;
        online += usize::from(user["presence"]["presenceDefinition"]["systemPresence"] != "Offline");
        // Nobody of there is known here.
        let full = house.token("sim-full").await;
        assert_eq!(house.get(&format!("/api/v2/users/{}", text(profile, "userId")), &full).await.0, 404);
    }
    assert!(shown > 0 && shown == online, "{shown} {online}");
    house.close().await;
}

#[tokio::test]
async fn a_call_about_oneself_is_refused_for_want_of_a_user() {
    let house = House::of(1).await;
    let (status, error) = house.get("/api/v2/users/me", &house.token("sim-full").await).await;
    assert_eq!((status, text(&error, "code")), (400, "not.a.user"));
    house.close().await;
}

#[tokio::test]
async fn a_revoked_token_is_dead_and_the_others_live() {
    let house = House::of(1).await;
    let (first, second) = (house.token("sim-full").await, house.token("sim-full").await);
    assert_eq!(house.send(Method::DELETE, "/api/v2/tokens/me", &first, None).await.status(), StatusCode::OK);
    for (token, expected) in [(&first, 401), (&second, 200)] {
        let response = house.send(Method::HEAD, "/api/v2/tokens/me", token, None).await;
        assert_eq!(response.status().as_u16(), expected);
    }
    house.control(Method::POST, "disconnect", json!({"clientId": "sim-no-role"})).await;
    assert_eq!(house.get("/api/v2/tokens/me", &second).await.0, 200);
    house.control(Method::POST, "disconnect", json!({})).await;
    assert_eq!(house.get("/api/v2/tokens/me", &second).await.0, 401);
    house.close().await;
}

#[tokio::test]
async fn who_am_i_tells_scopes_grants_and_permitted_divisions() {
    let house = House::of(1).await;
    let (_, me) = house.get("/api/v2/tokens/me", &house.token("sim-no-scope").await).await;
    assert_eq!(me["authorizedScope"], json!(["agent:read"]));
    let token = house.token("sim-one-division").await;
    let (_, subject) = house.get("/api/v2/authorization/subjects/me", &token).await;
    let granted = text(&subject["grants"][0]["division"], "id");
    let permitted = "/api/v2/authorization/divisionspermitted/paged/me?permission=";
    let (_, one) = house.get(&format!("{permitted}agent%3Astate%3Aview"), &token).await;
    assert_eq!((text(&one["entities"][0], "id"), &one["allDivsPermitted"]), (granted, &json!(false)));
    let (_, all) = house.get(&format!("{permitted}agent:state:view"), &house.token("sim-full").await).await;
    assert_eq!((&all["total"], &all["allDivsPermitted"]), (&json!(3), &json!(true)));
    let (_, none) =
        house.get(&format!("{permitted}agent:state:view"), &house.token("sim-no-role").await).await;
    assert_eq!((&none["entities"], &none["allDivsPermitted"]), (&json!([]), &json!(false)));
    let (status, error) = house.get("/api/v2/authorization/divisionspermitted/paged/me", &token).await;
    assert_eq!((status, text(&error, "code")), (400, "missing.permission.param"));
    house.close().await;
}

#[tokio::test]
async fn a_sign_in_by_get_is_refused_under_one_correlation_id() {
    let house = House::of(1).await;
    let response = house.http.get(format!("{}/oauth/token", house.url)).send().await.unwrap();
    assert_eq!(response.status(), StatusCode::NOT_FOUND);
    let ids = response.headers().get_all("ININ-Correlation-Id");
    let ids: Vec<String> = ids.iter().map(|id| id.to_str().unwrap().to_owned()).collect();
    let body: Value = response.json().await.unwrap();
    assert_eq!(ids, [text(&body, "contextId")]);
    house.close().await;
}
