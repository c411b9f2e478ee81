//! What every organisation has from the start, and the reads that show it.

use reqwest::Method;
use serde_json::{Value, json};

use crate::house::{House, text};

fn entities(body: &Value) -> &Vec<Value> {
    body["entities"].as_array().unwrap()
}

#[tokio::test]
async fn an_organisation_has_everything_that_a_client_can_stumble_over() {
    let house = House::of(1200).await;
    let token = house.token("sim-full").await;
    let get = async |path: &str| house.get(path, &token).await.1;
    let divisions = get("/api/v2/authorization/divisions").await;
    let home = entities(&divisions).iter().filter(|division| division["homeDivision"] == true).count();
    assert_eq!((entities(&divisions).len(), home), (3, 1));
    let definitions = get("/api/v2/presence/definitions").await;
    let own: Vec<&Value> =
        entities(&definitions).iter().filter(|definition| definition["type"] == "User").collect();
    assert_eq!((entities(&definitions).len(), own.len()), (11, 1));
    assert!(own[0]["divisionId"].is_string());
    let deactivated = get("/api/v2/presence/definitions?deactivated=TRUE").await;
    assert_eq!((entities(&deactivated).len(), &entities(&deactivated)[0]["type"]), (1, &json!("User")));
    for (state, total) in [("active", 1160), ("inactive", 20), ("deleted", 20)] {
        assert_eq!(get(&format!("/api/v2/users?state={state}")).await["total"], total, "{state}");
    }
    let never = house.truth().await;
    let never = never.iter().filter(|agent| agent["presence"].get("modifiedDate").is_none()).count();
    assert_eq!(never, 20);
    let queues = get("/api/v2/routing/queues").await;
    let large = entities(&queues).iter().filter(|queue| queue["memberCount"].as_u64() > Some(100)).count();
    assert!(large >= 2, "{queues}");
    house.close().await;
}

#[tokio::test]
async fn clients_are_listed_without_secrets_to_those_who_may_see_them() {
    let house = House::of(1).await;
    let (status, listed) = house.get("/api/v2/oauth/clients", &house.token("sim-full").await).await;
    assert_eq!(status, 200);
    let known: Vec<&str> = entities(&listed).iter().map(|client| text(client, "id")).collect();
    let expected =
        ["sim-full", "sim-no-scope", "sim-no-role", "sim-one-division", "sim-fresh-grant", "sim-disabled"];
    assert_eq!(known, expected);
    assert_eq!(text(&entities(&listed)[5], "state"), "disabled");
    assert!(!listed.to_string().contains("sim-secret"));
    let (status, refused) = house.get("/api/v2/oauth/clients", &house.token("sim-no-role").await).await;
    assert_eq!((status, text(&refused, "code")), (403, "missing.permissions"));
    house.close().await;
}

#[tokio::test]
async fn whose_primary_source_is_teams_has_a_platform_presence_that_does_not_count() {
    let house = House::of(60).await;
    let (agent, token) = (house.somebody().await, house.token("sim-full").await);
    let user = text(&agent, "userId");
    let (_, sources) = house.get("/api/v2/presence/sources", &token).await;
    assert_eq!((&sources["total"], text(&sources["entities"][0], "name")), (&json!(2), "Microsoft Teams"));
    let teams = &sources["entities"][0]["id"];
    let primary = format!("/api/v2/presence/users/{user}/primarysource");
    let whole = format!("/api/v2/users?id={user}&expand=presence&integrationPresenceSource=MicrosoftTeams");
    for (source, registered) in [("PURECLOUD", false), ("MicrosoftTeams", true), ("PURECLOUD", false)] {
        house.control(Method::POST, &format!("agents/{user}/primarysource"), json!({"source": source})).await;
        let (_, shown) = house.get(&primary, &token).await;
        assert_eq!(shown["registered"], json!(registered));
        assert_eq!(shown.get("sourceId"), registered.then_some(teams));
        let (_, listed) = house.get(&whole, &token).await;
        let shown = &listed["entities"][0];
        assert_eq!(shown["presence"]["primary"], json!(!registered));
        let told = shown.get("integrationPresence").map(|presence| &presence["source"]);
        assert_eq!(told, registered.then_some(&json!("MicrosoftTeams")));
    }
    // From the start there is one such user, on leave.
    let (_, away) = house.get("/api/v2/users?state=inactive&expand=presence", &token).await;
    assert_eq!(away["entities"][0]["presence"]["primary"], json!(false));
    house
        .control(Method::POST, &format!("agents/{user}/primarysource"), json!({"source": "MicrosoftTeams"}))
        .await;
    let path = format!("/api/v2/users/{user}/presences/purecloud");
    let patched = house.send(Method::PATCH, &path, &token, Some(json!({"primary": true}))).await;
    assert_eq!(patched.json::<Value>().await.unwrap()["primary"], json!(true));
    let refused = house.token("sim-no-role").await;
    for path in ["/api/v2/presence/sources", "/api/v2/presence/settings", &primary] {
        assert_eq!(house.get(path, &refused).await.0, 403, "{path}");
    }
    house.close().await;
}

#[tokio::test]
async fn an_integration_is_asked_for_by_name_with_the_presence_and_for_a_hundred() {
    let house = House::of(1).await;
    let token = house.token("sim-full").await;
    for (query, status) in [
        ("expand=presence&integrationPresenceSource=ZoomPhone", 200),
        ("expand=presence&integrationPresenceSource=ZoomPhone&pageSize=100", 200),
        ("expand=presence&integrationPresenceSource=ZoomPhone&pageSize=101", 400),
        ("integrationPresenceSource=ZoomPhone", 400),
        ("expand=presence&integrationPresenceSource=Fax", 400),
    ] {
        assert_eq!(house.get(&format!("/api/v2/users?{query}"), &token).await.0, status, "{query}");
    }
    house.close().await;
}

#[tokio::test]
async fn the_roster_by_cursor_is_whole_and_only_for_those_who_see_every_division() {
    let house = House::of(120).await;
    let token = house.token("sim-full").await;
    let mut path = "/api/v2/users/query?pageSize=50&expand=presence".to_owned();
    let (mut pages, mut ids) = (Vec::new(), std::collections::HashSet::new());
    loop {
        let (status, page) = house.get(&path, &token).await;
        assert_eq!((status, page.get("total")), (200, None));
        pages.push(entities(&page).len());
        for user in entities(&page) {
            assert!(user["presence"].is_object() && ids.insert(text(user, "id").to_owned()));
        }
        let Some(next) = page["nextUri"].as_str() else { break };
        next.clone_into(&mut path);
    }
    assert_eq!(pages, [50, 50, 16]);
    for (client, status, code) in
        [("sim-one-division", 403, "missing.division.permission"), ("sim-full", 400, "bad.request")]
    {
        let token = house.token(client).await;
        let (got, body) = house.get("/api/v2/users/query?cursor=made-up", &token).await;
        assert_eq!((got, text(&body, "code")), (status, code), "{client}");
    }
    house.close().await;
}
