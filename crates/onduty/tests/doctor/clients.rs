//! Each client of the simulator that lacks something fails on exactly the line of what it lacks.

use serde_json::{Value, json};

use crate::stage::{As, Stage, found, lines_of};

/// The line that fails and the reason on it, if one does.
type Failure = Option<(&'static str, &'static str)>;

/// Every client, the line on which it fails in the agent-states API with the reason, and whether it does so in the
/// users API, where neither scopes nor roles keep states back.
const CLIENTS: [(&str, Failure, bool); 7] = [
    ("sim-full", None, false),
    ("sim-no-scope", Some(("scopes", "SCOPE_MISSING")), false),
    ("sim-no-role", Some(("permission", "PERMISSION_MISSING")), false),
    ("sim-one-division", Some(("divisions", "DIVISION_NOT_VISIBLE")), false),
    ("sim-fresh-grant", Some(("permission", "PERMISSION_PENDING")), false),
    ("sim-disabled", Some(("credentials", "CREDENTIALS_REJECTED")), true),
    ("sim-wrong-region", Some(("region", "WRONG_REGION")), true),
];

fn expected(failure: Failure) -> Vec<(String, String)> {
    failure.map(|(line, reason)| (line.to_owned(), reason.to_owned())).into_iter().collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_sidecar_each_client_fails_on_exactly_its_line_in_both_apis() {
    let stage = Stage::open().await;
    for (client, failure, in_both) in CLIENTS {
        for (api, failure) in [("agent-states", failure), ("users", failure.filter(|_| in_both))] {
            let diagnosis = stage.diagnosis(As(client, api), &[]);
            assert_eq!(lines_of(&diagnosis, "FAIL"), expected(failure), "{client} {api}");
            assert_eq!(found(&diagnosis, "sweep"), "no sidecar is running");
        }
    }
    let users = stage.diagnosis(As("sim-no-scope", "users"), &[]);
    assert!(found(&users, "scopes").contains("do not bind"));
    assert!(std::fs::read_dir(stage.folder.path()).unwrap().next().is_none(), "it wrote something");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn beside_a_sidecar_each_client_fails_on_exactly_its_line() {
    let stage = Stage::open().await;
    for (client, failure, _) in CLIENTS {
        let who = As(client, "agent-states");
        let holds = |diagnosis: &Value| {
            let (failed, warned) = (lines_of(diagnosis, "FAIL"), lines_of(diagnosis, "WARN"));
            // Until then the sweep warns that it has not finished.
            let settled = warned.iter().all(|(line, _)| line != "sweep");
            (failed == expected(failure) && settled)
                .then_some(())
                .ok_or_else(|| format!("{client}: {diagnosis}"))
        };
        let _sidecar = stage.sidecar(who, holds).await;
        let ran = stage.doctor(who, &["-o", "short"]);
        assert_eq!(ran.code, i32::from(failure.is_some()), "{ran:?}");
        if failure.is_none() {
            assert_eq!(ran.out.lines().count(), 1, "every line of {client} is ok: {}", ran.out);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_missing_and_the_right_region_are_named() {
    let stage = Stage::open().await;
    let who = |client| As(client, "agent-states");
    let divisions = stage.diagnosis(who("sim-one-division"), &[]);
    let found_in = found(&divisions, "divisions");
    assert!(found_in.contains("Lisbon") && !found_in.contains("Berlin"), "{found_in}");
    let region = stage.doctor(who("sim-wrong-region"), &[]);
    assert!(region.out.contains("platform.region = \"usw2.pure.cloud\""), "{}", region.out);
    let scopes = stage.diagnosis(who("sim-no-scope"), &[]);
    assert_eq!(found(&scopes, "scopes"), "the token has agent:read; it lacks agent:state:read");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_policy_and_a_missing_api_have_lines_of_their_own() {
    let stage = Stage::open().await;
    stage.client("denied", json!({"policyDenies": ["agent:state:view"]})).await;
    let denied = stage.diagnosis(As("denied", "agent-states"), &[]);
    assert_eq!(lines_of(&denied, "FAIL"), expected(Some(("permission", "POLICY_DENIED"))));
    stage.faults(json!({"agent_states_api": "off"})).await;
    let absent = stage.diagnosis(As("sim-full", "agent-states"), &[]);
    assert_eq!(lines_of(&absent, "FAIL"), expected(Some(("endpoints", "NAME_UNKNOWN"))));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_spent_budget_and_a_platform_that_is_down_are_not_taken_for_a_lack_of_rights() {
    let stage = Stage::open().await;
    let full = As("sim-full", "agent-states");
    stage.faults(json!({"rate": 1})).await;
    let spent = stage.diagnosis(full, &[]);
    assert_eq!(lines_of(&spent, "FAIL"), expected(Some(("budget", "RATE_LIMITED"))), "{spent:#}");
    assert_eq!(found(&spent, "permission"), "waits for: budget");
    stage.faults(json!({"rate": 0, "region_down": "503"})).await;
    let down = stage.diagnosis(full, &[]);
    let both = ["log-in host", "api host"].map(|name| (name.to_owned(), "PLATFORM_UNAVAILABLE".to_owned()));
    assert_eq!(lines_of(&down, "FAIL"), both, "{down:#}");
    assert_eq!(found(&down, "permission"), "waits for: api host");
}
