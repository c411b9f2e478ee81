//! Every payload under `fixtures/genesys`, read and compared with what its `.expected` file says; then damaged in
//! every small way, to see that nothing panics.

mod damage;
mod lines;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use onduty_core::observation::Source;
use onduty_core::time::Timestamp;

use super::*;

fn fixtures() -> Vec<(String, PathBuf)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/genesys");
    let mut found = Vec::new();
    for channel in fs::read_dir(root).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_dir())
    {
        let name = channel.file_name().unwrap().to_str().unwrap().to_owned();
        for file in fs::read_dir(&channel).unwrap().map(|entry| entry.unwrap().path()) {
            if file.extension().is_some_and(|extension| extension == "json") {
                found.push((name.clone(), file));
            }
        }
    }
    found.sort();
    assert!(found.len() > 80, "the fixtures are missing");
    found
}

fn arrival(source: Source) -> Arrival {
    Arrival { source, heard_at: Timestamp::from_millis(1_800_000_000_000) }
}

/// The facts of a body, one a line, by the decoder of its channel.
fn read(channel: &str, body: &[u8]) -> Result<BTreeSet<String>, Malformed> {
    let (pushed, read) = (arrival(Source::Webhook), arrival(Source::Sweep));
    match channel {
        "users" => users(body, read).map(|page| lines::page(&page, lines::heard)),
        "user" => user(body, read).map(|heard| lines::heard(&heard)),
        "routingstatus" => routing_status(body, read).map(|heard| lines::or_empty(lines::heard(&heard))),
        "presence" => presence(body, read).map(|heard| lines::or_empty(lines::heard(&heard))),
        "presence-definitions" => definitions(body).map(|read| lines::or_empty(lines::definitions(&read))),
        "presence-bulk" => presences(body, read).map(|heard| lines::or_empty(lines::heard(&heard))),
        "agent-states" => agent_states(body, read).map(|heard| lines::or_empty(lines::heard(&heard))),
        "agent-state" => agent_state(body, read).map(|state| lines::heard(&state.into())),
        "agent-profiles"
            if serde_json::from_slice::<serde_json::Value>(body)
                .is_ok_and(|v| v.get("agentId").is_some()) =>
        {
            agent_profile(body).map(|profile| lines::heard(&profile.observation(read).into()))
        }
        "agent-profiles" => agent_profiles(body)
            .map(|page| lines::page(&page, |profile| lines::heard(&profile.observation(read).into()))),
        "notification" | "eventbridge" | "bare" | "cloudevents" | "webhook-flat" => {
            webhook(body, None, pushed).map(|heard| lines::heard(&heard))
        }
        "oauth" if oauth_refusal(body).is_ok() => {
            oauth_refusal(body).map(|refusal| lines::oauth_refusal(&refusal))
        }
        "oauth" => token(body).map(|token| lines::token(&token)),
        "errors" => platform_refusal(body).map(|refusal| lines::platform_refusal(&refusal)),
        "tokens-me" => token_info(body).map(|info| lines::token_info(&info)),
        "divisions-permitted" => permitted_divisions(body).map(|permitted| lines::divisions(&permitted)),
        "subjects-me" => grants(body).map(|grants| lines::grants(&grants)),
        other => panic!("fixtures/genesys/{other} has no decoder; give it one"),
    }
}

#[test]
fn every_fixture_means_what_its_expected_file_says() {
    let mut wrong = Vec::new();
    for (channel, file) in fixtures() {
        let expected = fs::read_to_string(file.with_extension("expected")).unwrap();
        let expected: BTreeSet<String> = expected.lines().map(ToOwned::to_owned).collect();
        let found = match read(&channel, &fs::read(&file).unwrap()) {
            Ok(facts) => facts,
            Err(error) => BTreeSet::from([format!("error {}", error.member())]),
        };
        if found != expected {
            wrong.push(format!("{}\n  expected {expected:#?}\n  found {found:#?}", file.display()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_binary_cloudevent_takes_its_attributes_from_the_headers() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/genesys/webhook-flat");
    let body = fs::read(root.join("state-changed.json")).unwrap();
    let attributes = |kind: &str, version: &str| Attributes {
        specversion: version.to_owned(),
        id: Some("outer".to_owned()),
        kind: Some(kind.to_owned()),
        time: None,
    };
    let read = |attributes: &Attributes| webhook(&body, Some(attributes), arrival(Source::Webhook));
    let heard = read(&attributes("agent.state.changed", "1.0")).unwrap();
    assert_eq!(heard.observations.len(), 1);
    let heard = read(&attributes("org.example.lunch", "1.0")).unwrap();
    assert_eq!((heard.observations.len(), heard.unknown.len()), (0, 1));
    assert_eq!(read(&attributes("agent.state.changed", "0.3")).unwrap_err().member(), "ce-specversion");
    let unnamed = Attributes { id: None, ..attributes("agent.state.changed", "1.0") };
    assert_eq!(read(&unnamed).unwrap_err().member(), "ce-id");
}

#[test]
fn scopes_and_grants_that_are_not_told_are_not_taken_for_none() {
    for body in ["{}", r#"{"authorizedScope": null, "grants": null}"#] {
        assert!(token_info(body.as_bytes()).is_err(), "{body}");
        assert!(grants(body.as_bytes()).is_err(), "{body}");
    }
    let empty = br#"{"authorizedScope": [], "grants": []}"#;
    assert!(token_info(empty).is_ok_and(|info| info.scopes.is_empty()));
    assert_eq!(grants(empty), Ok(Vec::new()));
}

#[test]
fn a_log_out_without_a_state_of_the_log_in_says_it_by_its_type() {
    let body = br#"{"eventId":"e1","eventType":"agent.logged.out","agentId":"a1","userId":"u1",
        "timestamp":"2026-03-02T17:01:00.001Z","stateVersion":40,"state":{}}"#;
    let heard = webhook(body, None, arrival(Source::Webhook)).unwrap();
    let login = heard.observations[0].statement.login.as_ref().unwrap();
    assert!(!login.value);
    assert_eq!(login.clock.unwrap().version, 40);
}

#[test]
fn a_push_of_a_secondary_source_is_kept_for_the_timeline_and_a_read_is_not() {
    let file = |name: &str| {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/genesys");
        fs::read(root.join(name)).unwrap()
    };
    let pushed = file("notification/presence-not-primary.json");
    let heard = webhook(&pushed, None, arrival(Source::Webhook)).unwrap();
    let said = &heard.observations[0].statement;
    assert!(said.secondary_presence.is_some() && said.presence.is_none());
    let told = user(&file("user/presence-not-primary.json"), arrival(Source::Sweep)).unwrap();
    assert_eq!(told.observations[0].statement.secondary_presence, None);
}
