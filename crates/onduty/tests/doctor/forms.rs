//! How it is said: on a screen, as JSON, in short; the exit code; and how long it waits.

use std::fs::File;
use std::process::Stdio;

use serde_json::{Value, json};

use crate::stage::{As, Stage, ran, until};

const NO_SCOPE: As<'_> = As("sim-no-scope", "agent-states");

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_screen_reads_well_at_80_columns_without_colour() {
    let stage = Stage::open().await;
    for client in ["sim-full", "sim-no-scope", "sim-no-role", "sim-one-division", "sim-disabled"] {
        let mut command = stage.onduty(As(client, "agent-states"), &["doctor", "12345"]);
        command.env("NO_COLOR", "1").env("CLICOLOR_FORCE", "1");
        let ran = ran(command);
        let first = ran.out.lines().next().unwrap();
        assert!(first.starts_with("no sidecar answers at "), "{first}");
        for line in ran.out.lines() {
            assert!(line.chars().count() <= 80, "{line}");
            assert!(!line.contains('\u{1b}') && !line.ends_with(' '), "{line:?}");
        }
        let marks = ["ok    ", "warn  ", "FAIL  ", "skip  "];
        let checks = ran.out.lines().filter(|line| marks.iter().any(|mark| line.starts_with(mark)));
        assert!(checks.count() > 20, "{}", ran.out);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn json_is_one_document_and_short_is_a_line_a_check_and_a_verdict() {
    let stage = Stage::open().await;
    let one: Value = serde_json::from_str(&stage.doctor(NO_SCOPE, &["-o", "json"]).out).unwrap();
    assert!(one["checks"].as_array().is_some_and(|checks| checks.len() > 15));
    let several: Value =
        serde_json::from_str(&stage.doctor(NO_SCOPE, &["a", "b", "-o", "json"]).out).unwrap();
    let findings = several["diagnoses"].as_array().unwrap().iter().map(|each| &each["finding"]);
    assert_eq!(findings.map(|finding| &finding["agentId"]).collect::<Vec<_>>(), ["a", "b"]);
    let short = stage.doctor(NO_SCOPE, &["-o", "short"]).out;
    assert!(short.starts_with("FAIL  scopes: "), "{short}");
    let verdict = short.lines().last().unwrap();
    assert!(verdict.starts_with("1 check failed") && verdict.ends_with("begin with: scopes"), "{verdict}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_exit_code_tells_fine_from_failed_from_misconfigured_from_unreachable() {
    let stage = Stage::open().await;
    let full = As("sim-full", "users");
    assert_eq!(stage.doctor(full, &[]).code, 0);
    assert_eq!(stage.doctor(NO_SCOPE, &[]).code, 1);
    assert_eq!(stage.doctor(full, &["12345"]).code, 1);
    assert_eq!(stage.doctor(full, &["-o", "xml"]).code, 2);
    assert_eq!(stage.doctor(full, &["--address", "where?"]).code, 2);

    let invalid = stage.doctor(full, &["--set", "sync.sweep_interval=soon", "--set", "platfrom.region=x"]);
    assert_eq!(invalid.code, 2);
    for words in ["FAIL  configuration", "sync.sweep_interval", "platfrom.region", "CONFIGURATION_INVALID"] {
        assert!(invalid.out.contains(words), "{words}: {}", invalid.out);
    }
    let nowhere =
        ["--set", "platform.api_url=http://127.0.0.1:9", "--set", "platform.login_url=http://127.0.0.1:9"];
    let unreachable = stage.doctor(full, &[&nowhere[..], &["-o", "short"]].concat());
    assert_eq!(unreachable.code, 3, "{unreachable:?}");
    assert!(unreachable.out.contains("FAIL  log-in host") && unreachable.out.contains("FAIL  api host"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn waiting_ends_when_the_cause_is_lifted() {
    let stage = Stage::open().await;
    stage.client("mended", json!({"scopes": ["agent:read"]})).await;
    let who = As("mended", "agent-states");
    let progress = stage.folder.path().join("progress");
    let mut command = stage.onduty(who, &["doctor", "--wait", "80s", "-o", "json"]);
    command.stdout(Stdio::piped()).stderr(File::create(&progress).unwrap());
    let waiting = command.spawn().unwrap();
    until(async || match std::fs::read_to_string(&progress) {
        Ok(text) if text.contains("waiting: scopes: ") => Ok(()),
        other => Err(format!("{other:?}")),
    })
    .await;
    stage.client("mended", json!({})).await;
    let ended = tokio::task::spawn_blocking(move || waiting.wait_with_output().unwrap()).await.unwrap();
    assert_eq!(ended.status.code(), Some(0));
    let document: Value = serde_json::from_slice(&ended.stdout).unwrap();
    assert!(
        document["checks"].as_array().unwrap().iter().all(|check| check["status"] != "CHECK_STATUS_FAIL")
    );
}
