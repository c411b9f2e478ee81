//! `POST /v1/agents/states:batchGet`.

use onduty::config::LimitsConfig;
use onduty_core::answer::Asked;
use reqwest::Method;
use serde_json::json;

use crate::caller::{Caller, Version, caller};
use crate::stage::{Stage, id, limits, nobody};

const PATH: &str = "/v1/agents/states:batchGet";

#[tokio::test]
async fn a_batch_answers_each_id_in_order_and_looks_each_up_once() {
    for version in [Version::One, Version::Two] {
        let stage = Stage::open().await;
        stage.roster.populate(1..3);
        let asked = json!({"agentIds": [id(2), nobody(), "4711", nobody(), id(2)], "maxStaleness": "30s"});
        let answer = Caller::new(&stage, version).post(PATH, asked.to_string()).await.found();
        let told: Vec<String> = answer["results"]
            .as_array()
            .unwrap()
            .iter()
            .map(|result| match &result["finding"] {
                finding if finding.is_null() => result["agentState"]["agentId"].as_str().unwrap().to_owned(),
                finding => format!("{} {}", finding["reason"], finding["agentId"]).replace('"', ""),
            })
            .collect();
        let unknown = format!("AGENT_UNKNOWN {}", nobody());
        assert_eq!(told, [&id(2), &unknown, "ID_MALFORMED 4711", &unknown, &id(2)]);
        assert_eq!(*stage.asked.lock().unwrap(), [Asked::AgentId(nobody().into())]);
    }
}

#[tokio::test]
async fn a_body_that_is_no_batch_is_refused_and_says_why() {
    let stage = Stage::with(LimitsConfig { ids_per_batch: 3, request_bytes: 1_024, ..limits() }, |_, _| {
        panic!("the platform was asked")
    })
    .await;
    let table = [
        (String::new(), 400, "agentIds"),
        ("[]".to_owned(), 400, ""),
        ("{}".to_owned(), 400, "agentIds: is empty"),
        (r#"{"agentIds": []}"#.to_owned(), 400, "agentIds: is empty"),
        (r#"{"agentIds": "a"}"#.to_owned(), 400, "sequence"),
        (r#"{"agentIds": ["a", 7]}"#.to_owned(), 400, "string"),
        (r#"{"agentIds": ["a", "b", "c", "d"]}"#.to_owned(), 400, "agentIds: has 4 entries"),
        (r#"{"agentIds": ["a"], "maxStalenes": "30s"}"#.to_owned(), 400, "maxStalenes"),
        (r#"{"agentIds": ["a"], "maxStaleness": 30}"#.to_owned(), 400, "string"),
        (r#"{"agentIds": ["a"], "maxStaleness": "5m"}"#.to_owned(), 400, "maxStaleness: is not a span"),
        (r#"{"agentIds": ["a"], "maxStaleness": "-1s"}"#.to_owned(), 400, "maxStaleness: is not a span"),
        (r#"{"agentIds": ["a"]"#.to_owned(), 400, "EOF"),
        (format!("{{\"{}\": 1}}", "x".repeat(900)), 400, "unknown field"),
        (" ".repeat(1_025), 413, "1024 bytes"),
    ];
    for (body, status, part) in table {
        let problem = caller(&stage).post(PATH, body.clone()).await.problem(status);
        let detail = problem["detail"].as_str().unwrap();
        assert!(detail.contains(part) && detail.len() < 500, "{body:.40}: {detail}");
    }
}

#[tokio::test]
async fn only_json_is_taken() {
    let stage = Stage::open().await;
    stage.roster.populate(1..2);
    let caller = caller(&stage);
    let body = json!({"agentIds": [id(1)]}).to_string();
    let send = async |headers: &[(&str, &str)]| caller.call(Method::POST, PATH, headers, body.clone()).await;
    for refused in [
        [("content-type", "application/x-www-form-urlencoded")],
        [("content-type", "text/plain")],
        [("content-type", "application/grpc")],
        [("content-type", "application/json; charset=latin-1")],
        [("content-encoding", "gzip")],
    ] {
        let told = send(&refused).await;
        told.problem(415);
        assert_eq!(told.header("grpc-status"), None);
    }
    send(&[]).await.found();
    send(&[("content-type", "application/json; charset=utf-8")]).await.found();
}
