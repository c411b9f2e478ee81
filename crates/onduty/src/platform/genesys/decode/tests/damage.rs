//! Damaged bodies get an error or a meaning, never a panic.

use std::fs;

use onduty_core::observation::Source;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::super::{Attributes, agent_profiles, agent_states, users, webhook};
use super::{arrival, fixtures, read};

#[test]
fn no_truncation_and_no_flipped_bit_of_any_fixture_panics() {
    for (channel, file) in fixtures() {
        let body = fs::read(file).unwrap();
        for end in 0..body.len() {
            let _ = read(&channel, &body[..end]);
        }
        let mut body = body;
        for place in 0..body.len() {
            // One bit a byte, another for each: all eight of every byte would take minutes and meet no new branch.
            let bit = 1_u8 << (place % 8);
            body[place] ^= bit;
            let _ = read(&channel, &body);
            body[place] ^= bit;
        }
    }
}

/// JSON with the platform's own names in it, so that most of it gets past the first look at its shape.
fn any_json() -> impl Strategy<Value = Value> {
    let names = [
        "id",
        "userId",
        "agentId",
        "eventId",
        "eventType",
        "topicName",
        "eventBody",
        "state",
        "presence",
        "detail",
        "presenceDefinition",
        "systemPresence",
        "routingStatus",
        "status",
        "startTime",
        "modifiedDate",
        "primary",
        "specversion",
        "type",
        "data",
        "detail-type",
        "entities",
        "activeQueueIds",
        "stateVersion",
        "total",
    ];
    let words = [
        "agent.state.changed",
        "agent.logged.out",
        "1.0",
        "IDLE",
        "On Queue",
        "2026-03-02T09:14:07.381Z",
        "v2.users.4a2f0f6e-0d0b-4b3e-9b0e-6f2f5a0c1d11.activity",
        "v2.users.{id}.presence",
        "channel.metadata",
    ];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(|number| json!(number)),
        ".{0,12}".prop_map(Value::from),
        prop::sample::select(words.to_vec()).prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 48, 8, move |inner| {
        let member = (prop::sample::select(names.to_vec()), inner.clone());
        prop_oneof![
            prop::collection::vec(inner, 0..6).prop_map(Value::from),
            prop::collection::vec(member, 0..8).prop_map(|members| members
                .into_iter()
                .map(|(name, value)| (name.to_owned(), value))
                .collect()),
        ]
    })
}

proptest! {
    #[test]
    fn any_json_gets_an_error_that_names_a_member_or_a_meaning(body in any_json()) {
        let body = serde_json::to_vec(&body).unwrap();
        let attributes = Attributes {
            specversion: "1.0".to_owned(),
            id: Some("e1".to_owned()),
            kind: Some("agent.state.changed".to_owned()),
            time: None,
        };
        for error in [
            webhook(&body, None, arrival(Source::Webhook)).err(),
            webhook(&body, Some(&attributes), arrival(Source::Webhook)).err(),
            users(&body, arrival(Source::Sweep)).err(),
            agent_states(&body, arrival(Source::Sweep)).err(),
            agent_profiles(&body).err(),
        ].into_iter().flatten() {
            prop_assert!(!error.member().is_empty());
            prop_assert!(!error.problem().is_empty());
        }
    }

    #[test]
    fn any_bytes_get_an_error_or_a_meaning(body in prop::collection::vec(any::<u8>(), 0..512)) {
        let _ = webhook(&body, None, arrival(Source::Webhook));
    }
}
