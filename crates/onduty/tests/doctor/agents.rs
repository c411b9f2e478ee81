//! With an id: its form, kind, existence, visibility, log-in and freshness, and the finding that anybody would get.

use onduty_client::Client;
use serde_json::Value;

use crate::stage::{As, Stage, found, lines_of};

const NOBODY: &str = "00000000-0000-4000-8000-000000000000";

fn text<'a>(agent: &'a Value, member: &str) -> &'a str {
    agent[member].as_str().unwrap()
}

/// One agent for each way to miss: somebody logged in in Berlin, somebody elsewhere, somebody logged out in Berlin.
async fn people(stage: &Stage) -> [Value; 3] {
    let agents = stage.get("agents").await;
    let berlin = stage.diagnosis(As("sim-one-division", "agent-states"), &[]);
    let evidence = berlin["checks"].to_string();
    let agents = agents.as_array().unwrap();
    let hidden = |agent: &Value| evidence.contains(text(agent, "divisionId"));
    let pick = |hides: bool, logged_in: bool| {
        let mut agents = agents.iter();
        agents.find(|agent| hidden(agent) == hides && agent["loggedIn"] == logged_in).unwrap().clone()
    };
    [pick(false, true), pick(true, true), pick(false, false)]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_id_fails_on_exactly_the_line_of_its_finding_beside_a_sidecar_and_without() {
    let stage = Stage::open().await;
    let full = As("sim-full", "agent-states");
    let people = people(&stage).await;
    let [working, _, logged_out] = &people;
    let table = [
        (text(working, "agentId"), None),
        (text(logged_out, "agentId"), Some(("log-in", "NOT_LOGGED_IN"))),
        (text(working, "userId"), Some(("id kind", "WRONG_ID_KIND"))),
        (NOBODY, Some(("existence", "AGENT_UNKNOWN"))),
        ("12345", Some(("id form", "ID_MALFORMED"))),
    ];
    let check = |id: &str, expected: Option<(&str, &str)>| {
        let diagnosis = stage.diagnosis(full, &[id]);
        let failed = lines_of(&diagnosis, "FAIL");
        let failed: Vec<(&str, &str)> = failed.iter().map(|(line, why)| (&**line, &**why)).collect();
        assert_eq!(failed, expected.into_iter().collect::<Vec<_>>(), "{id}: {diagnosis:#}");
        assert_eq!(diagnosis["finding"]["reason"].as_str(), expected.map(|(_, reason)| reason), "{id}");
    };
    table.iter().for_each(|(id, expected)| check(id, *expected));

    let ready = |diagnosis: &Value| match lines_of(diagnosis, "WARN").as_slice() {
        [] => Ok(()),
        warned => Err(format!("{warned:?}")),
    };
    let _sidecar = stage.sidecar(full, ready).await;
    table.iter().for_each(|(id, expected)| check(id, *expected));
    // The same finding as everybody gets.
    let client = Client::connect(&stage.address()).await.unwrap();
    for (id, expected) in table {
        let got = client.get(id).await;
        let reason = got.as_ref().err().and_then(onduty_client::ClientError::reason);
        assert_eq!(reason, expected.map(|(_, reason)| reason), "{id}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_hides_everybody_of_a_division_is_not_blamed_on_the_agent_too() {
    let stage = Stage::open().await;
    let [working, hidden, _] = people(&stage).await;
    let who = As("sim-one-division", "agent-states");
    let _sidecar = stage
        .sidecar(who, |diagnosis| {
            lines_of(diagnosis, "WARN").is_empty().then_some(()).ok_or_else(|| diagnosis.to_string())
        })
        .await;
    for (agent, finding) in [(working, None), (hidden, Some("DIVISION_NOT_VISIBLE"))] {
        let diagnosis = stage.diagnosis(who, &[text(&agent, "agentId")]);
        assert_eq!(lines_of(&diagnosis, "FAIL").len(), 1, "{diagnosis:#}");
        assert_eq!(diagnosis["finding"]["reason"].as_str(), finding);
        let visibility = found(&diagnosis, "visibility");
        let expected = if finding.is_some() { "waits for: divisions" } else { "the token may see it" };
        assert_eq!(visibility, expected);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rest_says_what_the_command_says() {
    let stage = Stage::open().await;
    let who = As("sim-full", "users");
    let _sidecar = stage.sidecar(who, |_| Ok(())).await;
    let names = |diagnosis: &Value| -> Vec<Value> {
        diagnosis["checks"].as_array().unwrap().iter().map(|check| check["name"].clone()).collect()
    };
    let said = stage.diagnosis(who, &[NOBODY]);
    let url = format!("http://{}/v1/diagnosis?agentId={NOBODY}", stage.address());
    let answer = reqwest::get(url).await.unwrap().error_for_status().unwrap();
    let served: Value = serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap();
    assert_eq!(names(&served), names(&said));
    assert_eq!(served["finding"]["reason"], "AGENT_UNKNOWN");
}
