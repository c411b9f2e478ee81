//! Refusals: codes, correlation, rate limit, and trouble by switch.

use std::time::Duration;

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::house::{House, text};
use crate::socket::{Caller, Socket};

#[tokio::test]
async fn every_refusal_has_the_platforms_code_and_its_correlation_id() {
    let house = House::of(60).await;
    let (full, no_role) = (house.token("sim-full").await, house.token("sim-no-role").await);
    for (path, token, status, code) in [
        ("/api/v2/users", "", 401, "authentication.required"),
        ("/api/v2/users", "made-up", 401, "bad.credentials"),
        ("/api/v2/nothing/here", full.as_str(), 404, "not.found"),
        ("/api/v2/notifications/channels/one", &full, 404, "not.found"),
        ("/api/v2/users/me", &full, 400, "not.a.user"),
        ("/api/v2/users/12345", &full, 404, "general.resource.not.found"),
        ("/api/v2/users?pageSize=many", &full, 400, "invalid.query.param.value"),
        ("/api/v2/users?pageSize=0", &full, 400, "invalid.query.param.value"),
        ("/api/v2/users?pageNumber=0", &full, 400, "invalid.page.number"),
        ("/api/v2/routing/queues", &no_role, 403, "missing.permissions"),
        (
            "/api/v2/routing/queues/00000000-0000-4000-8000-000000000000/members",
            &no_role,
            403,
            "missing.any.permissions",
        ),
        ("/api/v2/organizations/limits/namespaces/nothing", &full, 404, "not.found"),
    ] {
        let request = house.http.get(format!("{}{path}", house.url));
        let request = if token.is_empty() { request } else { request.bearer_auth(token) };
        let response = request.send().await.unwrap();
        assert_eq!(response.status().as_u16(), status, "{path}");
        let correlation = response.headers()["ININ-Correlation-Id"].to_str().unwrap().to_owned();
        for header in ["inin-ratelimit-count", "inin-ratelimit-allowed", "inin-ratelimit-reset"] {
            assert!(response.headers().contains_key(header), "{path} {header}");
        }
        let body: Value = response.json().await.unwrap();
        assert_eq!((text(&body, "code"), text(&body, "contextId")), (code, correlation.as_str()), "{path}");
        assert_eq!(body["status"], status);
    }
    house.close().await;
}

#[tokio::test]
async fn a_missing_permission_is_named_in_the_message() {
    let house = House::of(1).await;
    let (_, body) = house.get("/api/v2/routing/queues", &house.token("sim-no-role").await).await;
    assert!(text(&body, "message").ends_with("permission(s): [routing:queue:view]"), "{body}");
    assert_eq!(body["messageParams"], json!({"permissions": "[routing:queue:view]"}));
    house.close().await;
}

#[tokio::test]
pub(crate) async fn requests_over_the_rate_get_429_with_the_seconds_to_wait_and_each_token_has_its_own() {
    let house = House::of(1).await;
    house.set(json!({"rate": 3})).await;
    let (token, other) = (house.token("sim-full").await, house.token("sim-full").await);
    for count in 1..=4 {
        let response = house.send(Method::GET, "/api/v2/tokens/me", &token, None).await;
        let header = |name: &str| response.headers()[name].to_str().unwrap().to_owned();
        assert_eq!(
            (header("inin-ratelimit-count"), header("inin-ratelimit-allowed")),
            (count.to_string(), "3".into())
        );
        if count <= 3 {
            assert_eq!(response.status(), StatusCode::OK);
            continue;
        }
        assert_eq!(response.status(), StatusCode::TOO_MANY_REQUESTS);
        let seconds: u64 = header("retry-after").parse().unwrap();
        assert!((1..=60).contains(&seconds));
        let body: Value = response.json().await.unwrap();
        assert_eq!(text(&body, "code"), "too.many.requests.retry.after");
        assert!(text(&body, "message").contains(&format!("[{seconds}] seconds")));
    }
    assert_eq!(house.get("/api/v2/tokens/me", &other).await.0, 200);
    house.set(json!({"retry_after_huge": true})).await;
    let response = house.send(Method::GET, "/api/v2/tokens/me", &token, None).await;
    assert_eq!(response.headers()["retry-after"], "14400");
    house.set(json!({"rate": 0})).await;
    assert_eq!(house.get("/api/v2/tokens/me", &token).await.0, 200);
    house.close().await;
}

#[tokio::test]
async fn requests_over_the_allowance_are_counted_and_those_refused_by_switch_are_not_among_them() {
    let house = House::of(1).await;
    let token = house.token("sim-full").await;
    house.set(json!({"rate": 2, "http_error_p": 1, "http_error_status": 429})).await;
    for over in [json!({}), json!({}), json!({"sim-full": 1}), json!({"sim-full": 2})] {
        let response = house.send(Method::GET, "/api/v2/tokens/me", &token, None).await;
        assert_eq!(response.status(), StatusCode::TOO_MANY_REQUESTS);
        assert_eq!(house.control(Method::GET, "stats", json!({})).await["overAllowance"], over);
    }
    house.close().await;
}

#[tokio::test]
async fn a_body_over_the_limit_is_413() {
    let house = House::of(1).await;
    let (token, user) = (house.token("sim-full").await, house.truth().await[0]["userId"].clone());
    let path = format!("/api/v2/users/{}/presences/purecloud", user.as_str().unwrap());
    let body = json!({"message": "x".repeat(512_001)});
    let response = house.send(Method::PATCH, &path, &token, Some(body)).await;
    assert_eq!(response.status(), StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(text(&response.json().await.unwrap(), "code"), "request.entity.too.large");
    house.close().await;
}

#[tokio::test]
pub(crate) async fn trouble_by_switch_has_the_right_body_and_spares_the_control_plane() {
    let house = House::of(1).await;
    let token = house.token("sim-full").await;
    for (status, code) in [
        (401, "bad.credentials"),
        (429, "too.many.requests.retry.after"),
        (500, "internal.server.error"),
        (503, "service.unavailable"),
    ] {
        house.set(json!({"http_error_p": 1.0, "http_error_status": status})).await;
        let (got, body) = house.get("/api/v2/tokens/me", &token).await;
        assert_eq!((got, text(&body, "code")), (status, code));
    }
    house.set(json!({"http_error_p": 0.0, "region_down": "503"})).await;
    assert_eq!(house.get("/api/v2/tokens/me", &token).await.0, 503);
    assert_eq!(house.ask_for_token("", "sim-full", "sim-secret").await.status(), 503);
    house.close().await;
}

#[tokio::test]
pub(crate) async fn a_region_that_times_out_answers_neither_requests_nor_sign_ins_nor_sockets() {
    let house = House::of(1).await;
    let caller = Caller::of(&house, "sim-full").await;
    let channel = caller.channel().await;
    house.set(json!({"region_down": "timeout"})).await;
    let patience = Duration::from_millis(300);
    let read = house.http.get(format!("{}/api/v2/tokens/me", house.url)).bearer_auth(&caller.token);
    let form = [("grant_type", "client_credentials")];
    let sign_in = house.http.post(format!("{}/oauth/token", house.url)).form(&form);
    for request in [read, sign_in] {
        assert!(request.timeout(patience).send().await.unwrap_err().is_timeout());
    }
    let uri = text(&channel, "connectUri");
    assert!(tokio::time::timeout(patience, Socket::open(uri)).await.is_err());
    house.set(json!({"region_down": "off"})).await;
    assert_eq!(house.get("/api/v2/tokens/me", &caller.token).await.0, 200);
    assert!(Socket::open(uri).await.is_ok());
    house.close().await;
}

#[tokio::test]
async fn trouble_is_kept_to_the_routes_listed() {
    let house = House::of(1).await;
    let token = house.token("sim-full").await;
    let user = format!("/api/v2/users/{}", text(&house.truth().await[0], "userId"));
    for (routes, me, one, log_in) in [
        (json!([]), 503, 503, 200),
        (json!(["/api/v2/users/{userId}"]), 200, 503, 200),
        (json!(["/oauth/token", "/api/v2/tokens/me"]), 503, 200, 503),
    ] {
        house.set(json!({"http_error_p": 1.0, "http_trouble_routes": routes})).await;
        assert_eq!(house.get("/api/v2/tokens/me", &token).await.0, me, "{routes}");
        assert_eq!(house.get(&user, &token).await.0, one, "{routes}");
        let signed_in = house.ask_for_token("", "sim-full", "sim-secret").await;
        assert_eq!(signed_in.status().as_u16(), log_in, "{routes}");
    }
    let unknown = json!({"http_trouble_routes": ["/api/v2/users/12"]});
    let response = house.send(Method::PUT, "/sim/faults", "", Some(unknown)).await;
    assert_eq!(response.status(), StatusCode::BAD_REQUEST);
    house.close().await;
}

#[tokio::test]
pub(crate) async fn a_hanging_request_gets_no_answer_and_does_not_hold_up_the_end() {
    let house = House::of(1).await;
    let token = house.token("sim-full").await;
    house.set(json!({"http_hang_p": 1.0})).await;
    let request = house.http.get(format!("{}/api/v2/tokens/me", house.url)).bearer_auth(&token);
    let error = request.timeout(Duration::from_millis(300)).send().await.unwrap_err();
    assert!(error.is_timeout());
    house.close().await;
}

#[tokio::test]
async fn what_hangs_counts_against_its_token_and_is_its_clients_and_over_the_allowance_it_is_429() {
    let house = House::of(1).await;
    let token = house.token("sim-full").await;
    house.set(json!({"http_hang_p": 1.0, "rate": 2})).await;
    let ask = async |token: &str| {
        let request = house.http.get(format!("{}/api/v2/tokens/me", house.url)).bearer_auth(token);
        let answer = request.timeout(Duration::from_millis(300)).send().await;
        answer.map(|answer| answer.status().as_u16()).map_err(|error| error.is_timeout())
    };
    assert_eq!(ask("made-up").await, Ok(401));
    assert_eq!((ask(&token).await, ask(&token).await), (Err(true), Err(true)));
    assert_eq!(ask(&token).await, Ok(429));
    let stats = house.control(Method::GET, "stats", json!({})).await;
    assert_eq!(stats["overAllowance"], json!({"sim-full": 1}));
    let hung = stats["requests"].as_array().unwrap().iter().find(|row| row["status"] == 0).unwrap();
    assert_eq!((&hung["client"], &hung["count"]), (&json!("sim-full"), &json!(2)), "{stats}");
    house.close().await;
}

#[tokio::test]
async fn http2_without_tls_is_spoken_too() {
    let house = House::of(1).await;
    let client = reqwest::Client::builder().http2_prior_knowledge().build().unwrap();
    let response = client.get(format!("{}/sim/faults", house.url)).send().await.unwrap();
    assert_eq!((response.status(), response.version()), (StatusCode::OK, http::Version::HTTP_2));
    house.close().await;
}

#[tokio::test]
async fn garbage_and_endless_headers_are_refused_and_leave_others_served() {
    let house = House::of(1).await;
    let endless = format!("GET / HTTP/1.1\r\nhost: x\r\nendless: {}\r\n\r\n", "x".repeat(40_000));
    for (sent, expected) in [("this is no HTTP\r\n\r\n", "HTTP/1.1 400"), (endless.as_str(), "HTTP/1.1 431")]
    {
        let mut stream = TcpStream::connect(house.simulator.addr()).await.unwrap();
        // The far end may close before it has read everything.
        let _ = stream.write_all(sent.as_bytes()).await;
        let mut start = [0; 12];
        stream.read_exact(&mut start).await.unwrap();
        assert_eq!(std::str::from_utf8(&start).unwrap(), expected);
    }
    assert_eq!(house.truth().await.len(), 1);
    house.close().await;
}
