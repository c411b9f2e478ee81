//! What is not served says so in the platform's shape, and names what is.

use reqwest::Method;

use crate::caller::{Caller, Version};
use crate::stage::{Stage, id};

#[tokio::test]
async fn anything_else_is_a_404_of_the_platform_s_that_names_what_is_served() {
    let stage = Stage::open().await;
    let user = format!("/api/v2/users/{}", id(1));
    let presence = format!("{user}/presences/purecloud");
    let table = [
        (Method::GET, "/api/v2"),
        (Method::GET, "/api/v2/"),
        (Method::GET, "/api/v2/agents"),
        (Method::GET, "/api/v2/agents/states/"),
        (Method::GET, "/api/v2/agent/states"),
        (Method::GET, "/api/v2/users/x/presences/teams"),
        (Method::GET, "/api/v2/users/presences/teams/bulk?id=x"),
        (Method::GET, "/api/v2/routing/queues"),
        (Method::POST, "/api/v2/users/search"),
        (Method::GET, "/api/v2/users/search"),
        (Method::GET, "/api/v2/users/query?cursor=x"),
        (Method::GET, "/api/v2/users/rules"),
        (Method::PATCH, "/api/v2/users/bulk"),
        (Method::POST, "/api/v2/notifications/channels"),
        (Method::PATCH, &presence),
        (Method::DELETE, "/api/v2/tokens/me"),
        (Method::PUT, "/api/v2/users"),
        (Method::GET, "/oauth/token"),
    ];
    for version in [Version::One, Version::Two] {
        let caller = Caller::new(&stage, version);
        for (method, path) in &table {
            let told = caller.call(method.clone(), path, &[], "").await.refused(404, "not.found");
            let message = told["message"].as_str().unwrap();
            assert!(message.contains("/api/v2/users/{id}/routingstatus"), "{message}");
            assert!(message.contains(path.split('?').next().unwrap()), "{message}");
        }
    }
}

#[tokio::test]
async fn a_path_of_any_length_or_bytes_is_refused_and_not_repeated() {
    let stage = Stage::open().await;
    let caller = Caller::new(&stage, Version::One);
    let told = caller.get(&format!("/api/v2/{}", "x".repeat(4_000))).await;
    told.refused(404, "not.found");
    assert!(told.text.len() < 2_000, "{}", told.text.len());
    let long = "x".repeat(4_000);
    for path in ["", "/routingstatus", "/presences/purecloud"] {
        let told = caller.get(&format!("/api/v2/users/{long}{path}")).await;
        told.refused(400, "invalid.query.param.value");
        assert!(told.text.len() < 2_000, "{}", told.text.len());
    }
    caller
        .get(&format!("/api/v2/presence/definitions/{long}"))
        .await
        .refused(400, "invalid.query.param.value");
    for path in ["state", "timeline"] {
        let told = caller.get(&format!("/v1/agents/{long}/{path}")).await;
        assert_eq!(told.parameter(), "id");
        assert!(told.text.len() < 2_000, "{}", told.text.len());
    }
    caller.get("/api/v2/users/%ff").await.refused(400, "bad.request");
    caller.get("/api/v2/users/%ff/presences/purecloud").await.refused(400, "bad.request");
}

#[tokio::test]
async fn head_has_the_length_of_get_also_where_it_is_refused() {
    let stage = Stage::open().await;
    let caller = Caller::new(&stage, Version::One);
    for path in ["/api/v2/nothing".to_owned(), format!("/api/v2/users/{}/routingstatus", id(9))] {
        let (head, get) = (caller.call(Method::HEAD, &path, &[], "").await, caller.get(&path).await);
        assert_eq!((head.status, &*head.text), (404, ""), "{path}");
        assert_eq!(head.header("content-length"), get.header("content-length"), "{path}");
    }
}
