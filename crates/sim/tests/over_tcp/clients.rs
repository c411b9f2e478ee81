//! Clients made to measure: every right can be taken and given back while its tokens live.

use reqwest::Method;
use serde_json::{Value, json};

use crate::house::{House, text};

const OTHER_REGION: &str = "/region/usw2.pure.cloud";
const PERMITTED: &str = "/api/v2/authorization/divisionspermitted/paged/me?permission=agent:state:view";

/// A house with somebody at work, and the paths of the two state calls about them.
async fn at_work() -> (House, [String; 2]) {
    let house = House::of(60).await;
    let agent = house.somebody().await;
    let id = text(&agent, "agentId");
    (house, [format!("/api/v2/agents/states?agentId={id}"), format!("/api/v2/agents/{id}/state")])
}

async fn put(house: &House, client: Value) {
    house.control(Method::POST, "clients", client).await;
}

/// How many states the list shows, and the status and code of the single call.
async fn seen(house: &House, paths: &[String; 2], token: &str) -> (usize, u16, Option<String>) {
    let (_, list) = house.get(&paths[0], token).await;
    let (status, one) = house.get(&paths[1], token).await;
    (list.as_array().unwrap().len(), status, one["code"].as_str().map(str::to_owned))
}

fn refused(code: &str) -> (usize, u16, Option<String>) {
    (0, 403, Some(code.to_owned()))
}

#[tokio::test]
async fn a_client_is_made_with_just_these_rights() {
    let house = House::of(60).await;
    let agent = house.somebody().await;
    let client = json!({
        "clientId": "narrow", "clientSecret": "s", "scopes": ["agent:read", "agent:state:read"],
        "permissions": ["agent:state:view"],
    });
    house.control(Method::POST, "clients", client).await;
    let body: Value = house.ask_for_token("", "narrow", "s").await.json().await.unwrap();
    let token = text(&body, "access_token");
    let path = format!("/api/v2/agents/states?agentId={}", text(&agent, "agentId"));
    assert_eq!(house.get(&path, token).await.1.as_array().map(Vec::len), Some(1));
    assert_eq!(house.get("/api/v2/routing/queues", token).await.0, 403);
    house.close().await;
}

#[tokio::test]
async fn a_living_token_has_the_rights_that_its_client_has_now() {
    let (house, paths) = at_work().await;
    let scopes = json!(["agent:read", "agent:state:read"]);
    let whole = json!({"clientId": "c", "scopes": scopes, "roles": ["Agent State"]});
    put(&house, whole.clone()).await;
    let token = house.token("c").await;
    let shown = (1, 200, None);
    assert_eq!(seen(&house, &paths, &token).await, shown);
    for (member, cause, code) in [
        ("scopes", json!(["agent:read"]), "app.not.authorized.for.scope"),
        ("roles", json!(["Directory Reader"]), "missing.permissions"),
        ("freshGrant", json!(true), "missing.permissions"),
        ("divisions", json!(["Lisbon"]), "missing.division.permission"),
        ("policyDenies", json!(true), "authz.policy.denied"),
        ("policyDenies", json!(["agent:state:view"]), "authz.policy.denied"),
    ] {
        let mut caused = whole.clone();
        caused[member] = cause;
        put(&house, caused).await;
        assert_eq!(seen(&house, &paths, &token).await, refused(code), "{member}");
        put(&house, whole.clone()).await;
        assert_eq!(seen(&house, &paths, &token).await, shown, "{member} lifted");
    }
    house.close().await;
}

#[tokio::test]
async fn each_grant_has_an_age_and_takes_effect_after_the_lag() {
    let (house, paths) = at_work().await;
    let aged = |age_s: u64| {
        json!({
            "clientId": "c", "scopes": ["agent:state:read"],
            "grants": [
                {"role": "Directory Reader", "division": "Lisbon"},
                {"permissions": ["agent:state:view"], "division": "Berlin", "ageS": age_s},
            ],
        })
    };
    put(&house, aged(120)).await;
    let token = house.token("c").await;
    assert_eq!(seen(&house, &paths, &token).await, refused("missing.permissions"));
    assert_eq!(house.get(PERMITTED, &token).await.1["total"], 0);
    let (_, subject) = house.get("/api/v2/authorization/subjects/me", &token).await;
    let grants = subject["grants"].as_array().unwrap();
    let names = |grant: &Value| (text(&grant["division"], "name").to_owned(), grant["role"]["name"].clone());
    assert_eq!(names(&grants[0]), ("Lisbon".to_owned(), json!("Directory Reader")));
    assert_eq!(names(&grants[1]), ("Berlin".to_owned(), json!("Role of c (2)")));
    assert!(text(&grants[0], "grantMadeAt") < text(&grants[1], "grantMadeAt"));
    put(&house, aged(400)).await;
    assert_eq!(seen(&house, &paths, &token).await, (1, 200, None));
    assert_eq!(house.get(PERMITTED, &token).await.1["total"], 1);
    house.close().await;
}

#[tokio::test]
async fn a_policy_denies_in_the_platforms_words_and_shows_as_a_condition() {
    let (house, paths) = at_work().await;
    let client = json!({
        "clientId": "c", "scopes": ["agent:state:read"], "policyDenies": ["agent:state:view"],
        "permissions": ["agent:state:view", "directory:user:view"],
    });
    put(&house, client).await;
    let token = house.token("c").await;
    let (_, error) = house.get(&paths[1], &token).await;
    let message = text(&error, "message");
    let words = "Your organization's security policies have denied access. Policy ID(s): [";
    assert!(message.contains(words) && message.ends_with(']'), "{message}");
    // The grant stands, so the divisions stay permitted: that tells a policy from a missing permission.
    assert_eq!(house.get(PERMITTED, &token).await.1["allDivsPermitted"], true);
    let (_, subject) = house.get("/api/v2/authorization/subjects/me", &token).await;
    let policies = subject["grants"][0]["role"]["policies"].as_array().unwrap();
    let conditional = |policy: &Value| (text(policy, "domain").to_owned(), policy.get("condition").is_some());
    let found: Vec<_> = policies.iter().map(conditional).collect();
    assert_eq!(found, [("agent".to_owned(), true), ("directory".to_owned(), false)]);
    let (_, mut full) = house.get("/api/v2/authorization/subjects/me", &house.token("sim-full").await).await;
    let policies = full["grants"][0]["role"]["policies"].take();
    assert!(policies.as_array().unwrap().iter().all(|policy| policy.get("condition").is_none()));
    house.close().await;
}

#[tokio::test]
async fn the_secret_stays_when_none_is_given_and_a_new_one_ends_the_tokens() {
    let house = House::of(1).await;
    put(&house, json!({"clientId": "c", "clientSecret": "first"})).await;
    let body: Value = house.ask_for_token("", "c", "first").await.json().await.unwrap();
    let token = text(&body, "access_token");
    put(&house, json!({"clientId": "c"})).await;
    assert_eq!(house.get("/api/v2/tokens/me", token).await.0, 200);
    put(&house, json!({"clientId": "c", "disabled": true})).await;
    assert_eq!(house.get("/api/v2/tokens/me", token).await.0, 401);
    put(&house, json!({"clientId": "c"})).await;
    assert_eq!(house.get("/api/v2/tokens/me", token).await.0, 200);
    put(&house, json!({"clientId": "c", "clientSecret": "second"})).await;
    assert_eq!(house.get("/api/v2/tokens/me", token).await.0, 401);
    assert_eq!(house.ask_for_token("", "c", "first").await.status(), 400);
    assert_eq!(house.ask_for_token("", "c", "second").await.status(), 200);
    house.close().await;
}

#[tokio::test]
async fn a_client_belongs_to_one_region_and_can_be_moved_or_taken_away() {
    let house = House::of(1).await;
    let known = async |prefix: &str| house.ask_for_token(prefix, "c", "sim-secret").await.status() == 200;
    let here = json!({"clientId": "c", "roles": ["Master Admin"]});
    let mut there = here.clone();
    there["region"] = json!("usw2.pure.cloud");
    for (client, expected) in [(&here, (true, false)), (&there, (false, true)), (&here, (true, false))] {
        put(&house, client.clone()).await;
        assert_eq!((known("").await, known(OTHER_REGION).await), expected);
    }
    let gone = house.send(Method::DELETE, "/sim/clients/c", "", None).await;
    assert_eq!((gone.status().as_u16(), known("").await), (200, false));
    let unknown = house.send(Method::DELETE, "/sim/clients/c", "", None).await;
    assert_eq!(unknown.status(), 404);
    house.close().await;
}

#[tokio::test]
async fn clients_are_listed_without_secrets_and_can_be_made_again_as_listed() {
    let (house, _) = at_work().await;
    let (_, before) = house.get("/sim/clients", "").await;
    let before = before.as_array().unwrap();
    let ids: Vec<&str> = before.iter().map(|client| text(client, "clientId")).collect();
    for id in
        ["sim-full", "sim-no-scope", "sim-no-role", "sim-one-division", "sim-fresh-grant", "sim-disabled"]
    {
        assert!(ids.contains(&id), "{id}");
    }
    assert_eq!(before.last().unwrap()["region"], "usw2.pure.cloud");
    for client in before {
        assert!(client.get("clientSecret").is_none());
        put(&house, client.clone()).await;
    }
    let (_, after) = house.get("/sim/clients", "").await;
    let without_ages = |clients: &[Value]| {
        let mut clients = clients.to_vec();
        let grants = clients.iter_mut().flat_map(|client| client["grants"].as_array_mut().unwrap());
        grants.for_each(|grant| grant["ageS"].take().as_u64().map(drop).unwrap());
        clients
    };
    assert_eq!(without_ages(after.as_array().unwrap()), without_ages(before));
    house.close().await;
}

#[tokio::test]
async fn a_client_that_makes_no_sense_is_refused_and_the_former_one_stays() {
    let house = House::of(60).await;
    put(&house, json!({"clientId": "c", "permissions": ["routing:queue:view"]})).await;
    let token = house.token("c").await;
    for (member, value, message) in [
        ("region", json!("mars"), "there is no region `mars`"),
        ("policyDenies", json!("all"), "`policyDenies` takes true, false or a list of permissions"),
        ("policyDenies", json!(["all"]), "`policyDenies` takes"),
        ("grants", json!([{"division": "Berlin"}]), "a grant needs a `role` or `permissions`"),
        ("grants", json!([{"role": "Agent State", "division": "Bonn"}]), "no division is named `Bonn`"),
        ("grants", json!([{"role": "Agent State", "ageS": 1e12 as u64}]), "`ageS` is at most"),
        ("grants", json!([{"role": "Agent State", "age": 1}]), "unknown field `age`"),
        ("roles", json!(vec!["Agent State"; 101]), "a client has at most 100 grants"),
    ] {
        let mut client = json!({"clientId": "c", "permissions": ["agent:state:view"]});
        client[member] = value;
        let response = house.send(Method::POST, "/sim/clients", "", Some(client)).await;
        assert_eq!(response.status(), 400, "{message}");
        let error: Value = response.json().await.unwrap();
        assert!(text(&error, "message").contains(message), "{error}");
        assert_eq!(house.get("/api/v2/routing/queues", &token).await.0, 200, "{message}");
    }
    house.close().await;
}

#[tokio::test]
async fn a_client_without_a_name_never_takes_the_place_of_another() {
    let house = House::of(1).await;
    let made = async |client: Value| house.control(Method::POST, "clients", client).await;
    let (first, second) = (made(json!({})).await, made(json!({})).await);
    house.control(Method::DELETE, &format!("clients/{}", text(&first, "clientId")), json!({})).await;
    // As many clients as when the second was made, and its id is taken.
    let third = made(json!({})).await;
    let elsewhere = made(json!({"region": "usw2.pure.cloud"})).await;
    let (_, listed) = house.get("/sim/clients", "").await;
    let count = |id: &Value| listed.as_array().unwrap().iter().filter(|one| one["clientId"] == *id).count();
    for client in [&second, &third, &elsewhere] {
        assert_eq!(count(&client["clientId"]), 1, "{client}");
    }
    assert_ne!(second["clientId"], third["clientId"]);
    house.close().await;
}
