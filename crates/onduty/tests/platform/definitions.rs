//! What presences are called, as far as the client may know.

use std::time::Duration;

use onduty::config::PlatformApi;
use onduty_core::finding::Reason;
use onduty_core::observation::Source;
use serde_json::{Value, json};

use crate::house::{As, House};

const MINUTE: Duration = Duration::from_secs(60);

/// Three agents: one in a presence of everybody's, one in a division's own, one in a presence that is no longer offered.
async fn in_three_presences(house: &House) -> [(String, &'static str); 3] {
    let truth = house.sim.get("/sim/agents").await;
    let on_queue = |agent: &&Value| agent["loggedIn"] == true;
    let agents: Vec<&Value> = truth.as_array().unwrap().iter().filter(on_queue).collect();
    let mut told = Vec::new();
    for (agent, label) in agents.into_iter().zip(["Meal", "Coffee", "Fire drill"]) {
        let presence = definition(house, label).await;
        let path = format!("/sim/agents/{}/state", agent["agentId"].as_str().unwrap());
        house.sim.post(&path, json!({"presence": presence})).await;
        told.push((agent["userId"].as_str().unwrap().to_owned(), label));
    }
    told.try_into().unwrap()
}

/// The id of the definition of that name, as somebody reads it who may read everything.
async fn definition(house: &House, label: &str) -> String {
    let reader = House::with(As(PlatformApi::Users, "sim-full"), house.sim.clone());
    let (_, all) = reader.platform.definitions().await.unwrap();
    let named = all.iter().find(|(_, definition)| definition.name.as_deref() == Some(label));
    named.unwrap().0.to_string()
}

fn labels(house: &House, agents: &[(String, &'static str)]) -> Vec<Option<String>> {
    let snapshot = house.view.snapshot();
    let row = |id: &str| snapshot.by_user_id(id).unwrap().clone();
    agents.iter().map(|(id, _)| row(id).presence_label().map(str::to_owned)).collect()
}

#[tokio::test]
async fn a_presence_is_shown_under_its_label_in_both_apis_from_the_first_listing_on() {
    for api in [PlatformApi::Users, PlatformApi::AgentStates] {
        let house = House::of(As(api, "sim-full"), 120).await;
        let agents = in_three_presences(&house).await;
        house.sweep(MINUTE);
        house.swept(1).await;
        let expected: Vec<_> = agents.iter().map(|(_, label)| Some((*label).to_owned())).collect();
        assert_eq!(labels(&house, &agents), expected, "{api:?}");
        let snapshot = house.view.snapshot();
        let shown: Vec<_> = snapshot.present_after(None).filter(|row| row.presence().is_some()).collect();
        assert!(shown.len() >= 3 && shown.iter().all(|row| row.presence_label().is_some()), "{api:?}");
        let again = snapshot.rows().any(|row| row.changed_at < snapshot.definitions().unwrap().read_at);
        assert!(!again, "nobody is told before the definitions are known");
        assert_eq!(house.sim.requests_to("/api/v2/presence/definitions").await, 2 + 3 * 2, "{api:?}");
    }
}

#[tokio::test]
async fn without_the_right_to_read_them_a_listing_completes_without_labels_and_the_standing_says_why() {
    let house = House::of(As(PlatformApi::Users, "no-labels"), 40).await;
    let client = json!({"clientId": "no-labels", "permissions": ["directory:user:view"], "divisions": ["*"]});
    house.sim.post("/sim/clients", client).await;
    house.sweep(MINUTE);
    house.swept(1).await;
    let snapshot = house.view.snapshot();
    assert!(snapshot.definitions().is_none());
    assert!(snapshot.present_after(None).all(|row| row.presence_label().is_none()));
    let detail = house.status.read().source(Source::Sweep).detail.clone();
    assert!(
        house.status.read().unlabelled.is_some_and(|trouble| trouble.reason == Reason::PermissionMissing)
    );
    assert!(detail.contains("presence:presenceDefinition:view") && detail.contains("403"), "{detail}");
}

#[tokio::test]
async fn a_definition_of_a_division_that_is_not_seen_leaves_the_label_empty_and_the_presence_shown() {
    let house = House::of(As(PlatformApi::Users, "sim-one-division"), 120).await;
    let agents = in_three_presences(&house).await;
    let everything = house.platform.definitions().await.unwrap().1;
    house.sweep(MINUTE);
    house.swept(1).await;
    let snapshot = house.view.snapshot();
    for (id, label) in agents {
        let Some(row) = snapshot.by_user_id(&id) else { continue };
        let definition = row.presence().and_then(|presence| presence.value.definition_id.clone()).unwrap();
        let seen = everything.contains_key(&definition);
        assert_eq!(row.presence_label(), seen.then_some(label), "{label}");
    }
}
