//! The catalogue against what is known of the platform.

use super::*;

fn genesys() -> &'static Catalogue {
    Catalogue::genesys()
}

#[test]
fn every_line_of_both_files_is_read() {
    let (catalogue, strange) = Catalogue::read(
        include_str!("../../catalogue/genesys.tsv"),
        include_str!("../../catalogue/beliefs.tsv"),
    );
    assert_eq!(strange, 0);
    assert_eq!(catalogue.scopes.len(), 135);
    assert_eq!(catalogue.sources.len(), 2);
    assert!(catalogue.endpoints.len() > 3_000 && catalogue.topics.values().flatten().count() > 200);
    assert!(catalogue.sources.iter().all(|source| source.contains("2026-")), "{:?}", catalogue.sources);
}

#[test]
fn what_the_platform_has_is_known_and_what_is_believed_is_not() {
    for scope in ["users:readonly", "presence", "user-basic-info", "analytics:readonly", "notifications"] {
        assert_eq!(genesys().scope(scope), Some(scope));
    }
    for permission in ["analytics:agentState:view", "directory:user:view", "routing:agent:onqueue"] {
        assert_eq!(genesys().permission(permission), Some(permission));
    }
    for belief in genesys().beliefs.of(BeliefKind::Scope) {
        assert_eq!(genesys().scope(belief.name), None, "{} exists", belief.name);
    }
    for belief in genesys().beliefs.of(BeliefKind::Permission) {
        assert_eq!(genesys().permission(belief.name), None, "{} exists", belief.name);
    }
    for belief in genesys().beliefs.of(BeliefKind::Endpoint) {
        assert_eq!(genesys().at(belief.name), Vec::<&Endpoint>::new(), "{} exists", belief.name);
    }
    for belief in genesys().beliefs.of(BeliefKind::Call) {
        assert!(genesys().operation(belief.name).is_none() && genesys().class(belief.name).is_none());
    }
}

#[test]
fn what_is_offered_for_a_belief_is_real() {
    let kinds = [BeliefKind::Scope, BeliefKind::Permission, BeliefKind::Endpoint];
    for belief in kinds.into_iter().flat_map(|kind| genesys().beliefs.of(kind)) {
        for name in &belief.nearest {
            let real = match (belief.kind, name.split_once(' ')) {
                (BeliefKind::Scope, _) => genesys().scope(name).is_some(),
                (BeliefKind::Permission, _) => genesys().permission(name).is_some(),
                (_, Some((method, path))) => genesys().endpoint(method, path).is_some(),
                (_, None) => false,
            };
            assert!(real, "{name}, offered for {}, does not exist", belief.name);
        }
    }
}

#[test]
fn a_path_is_found_whatever_stands_for_its_ids() {
    let presence = "/api/v2/users/{userId}/presences/{sourceId}";
    for path in [
        "/api/v2/users/4a2f0f6e-0d0b-4b3e-9b0e-6f2f5a0c1d11/presences/MY_SOURCE",
        "/api/v2/users/${userId}/presences/abc1?x=1#y",
        "/api/v2/users/:id/presences/%s/",
        "/api/v2/users/<id>/presences/{source}",
    ] {
        let found = genesys().endpoint("patch", path).map(|endpoint| endpoint.path);
        let literal = "/api/v2/users/{userId}/presences/purecloud";
        assert!(found == Some(presence) || found == Some(literal), "{path}: {found:?}");
    }
    let search = genesys().at("/api/v2/users/search");
    assert_eq!(search.first().map(|endpoint| endpoint.path), Some("/api/v2/users/search"));
    for path in ["/api/v2/agents/states", "/api/v2/users/status", "/api/v2", "/", "", "/api/v2/users/a/b/c/d"]
    {
        assert_eq!(genesys().at(path), Vec::<&Endpoint>::new(), "{path}");
    }
    let deep = "/x".repeat(100_000);
    assert_eq!(genesys().at(&deep), Vec::<&Endpoint>::new());
}

#[test]
fn an_endpoint_says_what_it_asks_for() {
    let members = genesys().endpoint("GET", "/api/v2/routing/queues/{queueId}/members").expect("exists");
    assert!(!members.needs_all && members.permissions.contains(&"routing:queue:view"));
    assert_eq!(members.scopes, ["routing", "routing:readonly"]);
    assert!(members.query.contains(&"joined"));
    let definitions = genesys().endpoint("GET", "/api/v2/presence/definitions").expect("exists");
    assert!(definitions.needs_all);
    assert_eq!(definitions.permissions, ["presence:presenceDefinition:view"]);
    let users = genesys().endpoint("GET", "/api/v2/users").expect("exists");
    assert_eq!(users.permissions, Vec::<&str>::new());
}

#[test]
fn topics_fit_with_any_id_and_any_case_and_in_combination() {
    let presence = Some("v2.users.{id}.presence");
    for name in [
        "v2.users.{id}.presence",
        "v2.users.4a2f0f6e-0d0b-4b3e-9b0e-6f2f5a0c1d11.PRESENCE",
        "v2.users.{id}?presence&routingStatus&activity",
    ] {
        assert_eq!(genesys().topic(name), presence, "{name}");
    }
    for name in
        ["v2.users.{id}.states", "v2.users.{id}?presence&states", "v2.users..presence", "v2.users", ""]
    {
        assert_eq!(genesys().topic(name), None, "{name}");
    }
    assert_eq!(genesys().nearest_topics("v2.user.{id}.presences").names[0], "v2.users.{id}.presence");
}

#[test]
fn calls_of_every_sdk_are_the_same_operation() {
    for name in ["getUsers", "get_users", "GetUsers", "getUsersAsync", "get_users_with_http_info"] {
        assert_eq!(genesys().operation(name).map(|found| found.path), Some("/api/v2/users"), "{name}");
    }
    for name in ["UsersApi", "users_api", "usersApi"] {
        assert_eq!(genesys().class(name), Some("UsersApi"), "{name}");
    }
    assert_eq!(genesys().nearest_operations("get_user_routing_statuses").names[0], "get_user_routingstatus");
}

#[test]
fn the_nearest_are_what_a_person_would_name() {
    let first = |nearest: Nearest| nearest.names.first().cloned().unwrap_or_default();
    let table = [
        ("agent:state:read", first(genesys().nearest_scopes("agent:state:read")), "users:readonly"),
        ("user:view", first(genesys().nearest_scopes("user:view")), "users:readonly"),
        ("admin:user", first(genesys().nearest_scopes("admin:user")), "users"),
        ("conversation:read", first(genesys().nearest_scopes("conversation:read")), "conversations:readonly"),
        ("notification:write", first(genesys().nearest_scopes("notification:write")), "notifications"),
        (
            "agent:state:view",
            first(genesys().nearest_permissions("agent:state:view")),
            "analytics:agentState:view",
        ),
        (
            "directory:users:read",
            first(genesys().nearest_permissions("directory:users:read")),
            "directory:user:view",
        ),
        (
            "routing:queues:view",
            first(genesys().nearest_permissions("routing:queues:view")),
            "routing:queue:view",
        ),
        (
            "/api/v2/agents/states",
            first(genesys().nearest_endpoints(None, "/api/v2/agents/states")),
            "GET /api/v2/users?id=…&expand=presence,routingStatus",
        ),
        (
            "/api/v2/user/me",
            first(genesys().nearest_endpoints(Some("GET"), "/api/v2/user/me")),
            "GET /api/v2/users/me",
        ),
        (
            "/api/v2/queues/1/members",
            first(genesys().nearest_endpoints(Some("GET"), "/api/v2/queues/1/members")),
            "GET /api/v2/routing/queues/{queueId}/members",
        ),
    ];
    for (wanted, found, expected) in table {
        assert_eq!(found, expected, "{wanted}");
    }
    assert_eq!(genesys().nearest_permissions("zzz:qqq:xxx"), Nearest::default());
    assert_eq!(genesys().nearest_scopes("agent:state:read").names.len(), 4);
}
