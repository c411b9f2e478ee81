//! Paths and methods: every one that is not served is told so as a problem, and misses are counted.

use onduty::config::Listen;
use reqwest::Method;

use crate::caller::{Caller, Version, caller};
use crate::stage::{Stage, id, nobody};

#[tokio::test]
async fn a_path_that_is_not_served_names_those_that_are() {
    let stage = Stage::open().await;
    for version in [Version::One, Version::Two] {
        let caller = Caller::new(&stage, version);
        for path in [
            "/",
            "/v1",
            "/v1/agents",
            "/v1/agents/states/",
            "/v1/agents/states:list",
            "/v1/diagnoses",
            "/V1/sync",
            "/api/v1/users",
        ] {
            let problem = caller.get(path).await.problem(404);
            let detail = problem["detail"].as_str().unwrap();
            assert!(detail.contains("/v1/agents/{id}/state") && detail.contains("/api/v2/agents/states"));
        }
    }
}

#[tokio::test]
async fn another_method_is_told_which_one_to_use() {
    let stage = Stage::open().await;
    let state = format!("/v1/agents/{}/state", id(1));
    let table = [
        (Method::POST, "/api/v2/agents/states", "GET,HEAD"),
        (Method::DELETE, &state, "GET,HEAD"),
        (Method::PUT, "/v1/agents/states", "GET,HEAD"),
        (Method::OPTIONS, "/v1/sync", "GET,HEAD"),
        (Method::GET, "/v1/agents/states:batchGet", "POST"),
        (Method::PATCH, "/v1/agents/states:batchGet", "POST"),
    ];
    for version in [Version::One, Version::Two] {
        let caller = Caller::new(&stage, version);
        for (method, path, allowed) in &table {
            let told = caller.call(method.clone(), path, &[], "").await;
            told.problem(405);
            assert_eq!(told.header("allow"), Some(*allowed), "{method} {path}");
        }
    }
}

#[tokio::test]
async fn nothing_below_the_paths_of_rest_is_answered_by_trailers_of_grpc() {
    let stage = Stage::open().await;
    let caller = Caller::new(&stage, Version::Two);
    let grpc = [("content-type", "application/grpc")];
    for (path, status) in [("/v1/nothing", 404), ("/api/nothing", 404), ("/v1/sync", 405)] {
        let told = caller.call(Method::POST, path, &grpc, "").await;
        told.problem(status);
        assert_eq!(told.header("grpc-status"), None, "{path}");
    }
    let unserved = caller.call(Method::POST, "/api/v2/nothing", &grpc, "").await;
    assert_eq!((unserved.status, unserved.header("grpc-status")), (404, None));
    let unknown = caller.call(Method::POST, "/onduty.v1.Nothing/Get", &grpc, "").await;
    assert_eq!((unknown.status, unknown.header("grpc-status")), (200, Some("12")));
}

#[tokio::test]
async fn head_is_get_without_a_body() {
    let stage = Stage::open().await;
    stage.roster.populate(1..2);
    let caller = caller(&stage);
    for (path, status) in [
        (format!("/v1/agents/{}/state", id(1)), 200),
        (format!("/api/v2/agents/states?agentId={}", id(1)), 200),
        ("/v1/agents/states".to_owned(), 200),
        ("/v1/sync".to_owned(), 200),
        (format!("/v1/agents/{}/state", nobody()), 404),
        ("/api/v2/agents/states".to_owned(), 400),
    ] {
        let told = caller.call(Method::HEAD, &path, &[], "").await;
        assert_eq!((told.status, &*told.text), (status, ""), "{path}");
        let same = caller.get(&path).await;
        assert_eq!(told.header("content-length"), same.header("content-length"), "{path}");
    }
}

#[tokio::test]
async fn misses_are_counted_by_reason_and_api_and_no_id_is_in_the_numbers() {
    let stage = Stage::open().await;
    stage.roster.populate(1..2);
    let caller = caller(&stage);
    caller.get(&format!("/v1/agents/{}/state", nobody())).await.problem(404);
    caller.get(&format!("/v1/agents/{}/timeline", nobody())).await.problem(404);
    caller.get(&format!("/api/v2/agents/states?agentId={},{},4711", id(1), nobody())).await.problem(207);
    caller.post("/v1/agents/states:batchGet", r#"{"agentIds": ["4712"]}"#).await.found();
    let Listen::Tcp(admin) = &stage.admin else { panic!("a TCP address") };
    let metrics = reqwest::get(format!("http://{admin}/metrics")).await.unwrap().text().await.unwrap();
    for line in [
        r#"onduty_misses_total{reason="AGENT_UNKNOWN",api="rest"} 3"#,
        r#"onduty_misses_total{reason="ID_MALFORMED",api="rest"} 2"#,
    ] {
        assert!(metrics.contains(line), "{line} is missing in {metrics}");
    }
    assert!(!metrics.contains(&nobody()) && !metrics.contains("4711"));
}
