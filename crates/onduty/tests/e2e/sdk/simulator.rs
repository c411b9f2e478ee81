//! The SDKs against the simulator: what they take from it, they take from the platform.

use serde_json::{Value, json};

use super::{CLIENT, SECRET, Sdk, judge_reading, no_departures, still_simulator};
use crate::stage::Control;

const BREAK: &str = "227b37e2-f1d0-4dd0-8f50-badd7cf6d158";
const MEAL: &str = "3fd96123-badb-4f69-bc03-1b1ccc6d8014";

/// How many platform requests were answered with this status.
async fn answered_with(control: &Control, status: u16) -> u64 {
    let stats = control.get("stats").await;
    let rows = stats["requests"].as_array().unwrap().iter();
    rows.filter(|row| row["status"] == status).map(|row| row["count"].as_u64().unwrap()).sum()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn both_official_sdks_read_everybody_from_the_simulator_as_they_are() {
    let (simulator, control) = still_simulator().await;
    let truth = control.get("agents").await;
    for sdk in Sdk::BOTH {
        let seen = sdk.run("read_agents", &[&simulator.url(), CLIENT, SECRET]).await;
        println!("{}", seen["sdk"]);
        judge_reading(sdk, &seen, &truth);
    }
    simulator.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn both_official_sdks_survive_a_429() {
    let (simulator, control) = still_simulator().await;
    control.put("faults", json!({"rate": 3, "window_s": 2})).await;
    for sdk in Sdk::BOTH {
        let refused_before = answered_with(&control, 429).await;
        let seen = sdk.run("allowance", &[&simulator.url(), CLIENT, SECRET, "8"]).await;
        assert_eq!(seen["answered"], 8, "{sdk:?}");
        assert!(answered_with(&control, 429).await > refused_before, "{sdk:?} was never refused");
        if sdk == Sdk::JavaScript {
            assert_eq!(seen["refused"][0], "too.many.requests.retry.after", "it leaves waiting to its users");
        }
    }
    simulator.shutdown().await;
}

/// What each SDK makes somebody do, and how events spell it.
pub(super) const CHANGES: [(Sdk, &str, &str); 2] =
    [(Sdk::Python, BREAK, "BREAK"), (Sdk::JavaScript, MEAL, "MEAL")];

/// Holds what `change_and_hear` saw against the change that it made.
pub(super) fn judge_hearing(sdk: Sdk, seen: &Value, user: &str, definition: &str, system: &str) {
    assert_eq!(seen["states"], json!(["Permitted"]), "{sdk:?}");
    assert_eq!(seen["patched"], definition, "{sdk:?}");
    let heard = seen["heard"].as_array().unwrap();
    let (event, before) = heard.split_last().unwrap();
    assert!(
        before.iter().any(|frame| frame["eventBody"]["message"] == "pong"),
        "{sdk:?}: a ping is answered: {heard:?}"
    );
    assert_eq!(event["topicName"], format!("v2.users.{user}.activity"), "{sdk:?}");
    let told = &event["eventBody"]["presence"]["presenceDefinition"];
    assert_eq!(told, &json!({"id": definition, "systemPresence": system}), "{sdk:?}");
    // Three answers and the frames.
    no_departures(sdk, seen, 3 + heard.len() as u64);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn both_official_sdks_hear_the_change_that_they_caused() {
    let (simulator, control) = still_simulator().await;
    let truth = control.get("agents").await;
    let user = truth[3]["userId"].as_str().unwrap();
    for (sdk, definition, system) in CHANGES {
        let seen = sdk.run("change_and_hear", &[&simulator.url(), CLIENT, SECRET, user, definition]).await;
        judge_hearing(sdk, &seen, user, definition, system);
    }
    simulator.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn both_official_sdks_raise_their_own_exception_where_the_simulator_refuses() {
    let (simulator, _) = still_simulator().await;
    for sdk in Sdk::BOTH {
        let seen = sdk.run("refusals", &[&simulator.url(), CLIENT, SECRET, "sim-no-role"]).await;
        for (case, status, code) in [
            ("wrong_secret", 400, "invalid_client"),
            ("wrong_token", 401, "bad.credentials"),
            ("without_roles", 403, "missing.any.permissions"),
            ("unknown_user", 404, "general.resource.not.found"),
            ("presence_of_nobody", 404, "presenceservice.usernotfound"),
            ("unknown_path", 404, "not.found"),
        ] {
            refused(sdk, &seen[case], status, code);
        }
        assert_eq!(seen["routing_of_nobody"]["given"], "OFF_QUEUE", "{sdk:?}: the platform's lie");
        // Eight answers; signing in is none of them.
        no_departures(sdk, &seen, 8);
    }
    simulator.shutdown().await;
}

/// The SDK's own exception, with the status and code that its users read from it.
pub(super) fn refused(sdk: Sdk, seen: &Value, status: u16, code: &str) {
    let own = match sdk {
        Sdk::Python => "ApiException",
        // It has no type of its own: it rejects with an object around its HTTP client's error.
        Sdk::JavaScript => "AxiosError",
    };
    assert_eq!(seen["type"], own, "{sdk:?}: {seen}");
    assert_eq!((&seen["status"], &seen["code"]), (&json!(status), &json!(code)), "{sdk:?}: {seen}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_the_simulator_sends_is_what_the_sdks_model_tables_say() {
    let (simulator, control) = still_simulator().await;
    control.put("faults", json!({"rate": 0})).await;
    let seen = Sdk::Python.run("read_everything", &[&simulator.url(), CLIENT, SECRET]).await;
    let answered = seen["calls"].as_object().unwrap().values().filter_map(Value::as_u64).sum::<u64>();
    // A few are answered without a body, and more frames than that are judged as well.
    no_departures(Sdk::Python, &seen, answered);
    for topic in ["activity", "presence", "routingStatus", "token_revoked"] {
        let heard = seen["heard"].as_array().unwrap();
        assert!(heard.contains(&json!(topic)), "{topic}: {heard:?}");
    }
    assert_eq!(
        seen["calls"],
        json!({
            "answered": 48,
            "endpoint.does.not.support.on.queue": 1,
            "general.bad.request": 1,
            "general.resource.not.found": 1,
            "not.a.user": 1,
            "notification.invalid.topic": 1,
            "notification.unable.to.get.channel.id": 1,
            "presenceservice.organizationpresence.organizationpresencenotfound": 1,
            "presenceservice.usernotfound": 1,
            "resource.not.found": 1,
        }),
        "calls answered, and refused by code"
    );
    simulator.shutdown().await;
}
