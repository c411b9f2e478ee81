//! What the token may not see (rows E07 to E10): a permission, a division, a grant that is fresh, a policy, a scope.

use onduty::config::PlatformApi;
use onduty_core::finding::Reason;
use serde_json::{Value, json};

use crate::platform::{Sees, about, client, faults, get};
use crate::scenario::{Asked, Scenario, miss, play};

const STATES: PlatformApi = PlatformApi::AgentStates;
const USERS: PlatformApi = PlatformApi::Users;

const LIST: &str = "/api/v2/agents/states?agentId=<agent>";
const ALONE: &str = "/api/v2/agents/<agent>/state";
const USER: &str = "/api/v2/users?id=<user>&expand=presence,routingStatus";

/// Both scopes, and the role for states in all of these divisions.
fn rights(divisions: &[&str]) -> Value {
    json!({"scopes": ["agent:read", "agent:state:read"], "roles": ["Agent State"], "divisions": divisions})
}

/// The right to see who is in the directory, in all of these divisions.
fn directory(divisions: &[&str]) -> Value {
    json!({"permissions": ["directory:user:view"], "divisions": divisions})
}

pub(crate) fn scenarios() -> Vec<Scenario> {
    [permissions(), divisions(), fresh_grants(), others()].concat()
}

fn permissions() -> Vec<Scenario> {
    let filtered = || faults(json!({"users_division_filter": true}));
    vec![
        Scenario::of("E07: the permission is taken away", STATES, "mine")
            .at_the_start([client("mine", rights(&["*"]))])
            .since([client("mine", json!({"scopes": ["agent:read", "agent:state:read"]}))])
            .caller(get(LIST, Sees::Nobody))
            .caller(get(ALONE, Sees::Refusal(403, "missing.permissions")))
            .finds(
                miss(Reason::PermissionMissing)
                    .remedy(&["agent:state:view"])
                    .proof(&["/api/v2/agents/{id}/state", "the client was given no role"])
                    .last_known(),
            )
            .lifted_by([client("mine", rights(&["*"]))]),
        Scenario::of("E07: the directory shows nobody to who may not see it", USERS, "mine")
            .at_the_start([client("mine", json!({})), filtered()])
            .caller(get(USER, Sees::Nobody))
            .asked(Asked::Agent("<user>"))
            .finds(
                miss(Reason::PermissionMissing)
                    .remedy(&["directory:user:view"])
                    .proof(&["/api/v2/users/{id}/presences/purecloud", "/api/v2/authorization/subjects/me"]),
            )
            .lifted_by([client("mine", directory(&["*"]))]),
        Scenario::of("E08: the directory shows nobody of that division", USERS, "mine")
            .at_the_start([client("mine", directory(&["*"])), filtered()])
            .since([client("mine", directory(&["Lisbon"]))])
            .caller(get(USER, Sees::Nobody))
            .asked(Asked::Agent("<user>"))
            .finds(
                miss(Reason::DivisionNotVisible)
                    .says(&["Berlin (<division>)", "Lisbon"])
                    .remedy(&["directory:user:view", "Berlin (<division>)"])
                    .proof(&["/api/v2/users/{id}/presences/purecloud"])
                    .last_known(),
            )
            .lifted_by([client("mine", directory(&["Lisbon", "Berlin"]))]),
    ]
}

fn divisions() -> Vec<Scenario> {
    vec![
        Scenario::of("E08: the role is given in another division", STATES, "mine")
            .at_the_start([client("mine", rights(&["Lisbon"]))])
            .caller(get(LIST, Sees::Nobody))
            .caller(get(ALONE, Sees::Refusal(403, "missing.division.permission")))
            .finds(
                miss(Reason::DivisionNotVisible)
                    .says(&["Berlin (<division>)", "agent:state:view", "Lisbon"])
                    .remedy(&["Agent State", "Berlin (<division>)"])
                    .proof(&[
                        "/api/v2/agents/{id}/state",
                        "/api/v2/authorization/divisionspermitted/paged/me",
                    ]),
            )
            .lifted_by([client("mine", rights(&["Lisbon", "Berlin"]))]),
        Scenario::of("E08: of two ids the list shows the one of its division", STATES, "mine")
            .at_the_start([client("mine", rights(&["Lisbon"]))])
            .caller(get("/api/v2/agents/states?agentId=<agent>,<colleague>", Sees::Rows(1)))
            .asked(Asked::Agent("<colleague>")),
        Scenario::of("E08: the agent moved to another division since the listing", STATES, "mine")
            .at_the_start([client("mine", rights(&["Berlin"]))])
            .since([about("<agent>", "division", json!({"division": "Lisbon"}))])
            .caller(get(LIST, Sees::Nobody))
            .caller(get(ALONE, Sees::Refusal(403, "missing.division.permission")))
            .finds(
                miss(Reason::DivisionNotVisible)
                    .says(&["Lisbon", "Berlin"])
                    .remedy(&["in division Lisbon"])
                    .proof(&["/api/v2/agents/{id}/state"])
                    .last_known(),
            )
            .lifted_by([about("<agent>", "division", json!({"division": "Berlin"}))]),
        Scenario::of("E08, E10: neither scope nor division", STATES, "mine")
            .at_the_start([client(
                "mine",
                json!({"scopes": ["agent:read"], "roles": ["Agent State"], "divisions": ["Lisbon"]}),
            )])
            .caller(get(LIST, Sees::Nobody))
            .finds(
                miss(Reason::ScopeMissing)
                    .remedy(&["agent:state:read"])
                    .proof(&["/api/v2/tokens/me", "/api/v2/authorization/divisionspermitted/paged/me"])
                    .also(&[Reason::DivisionNotVisible]),
            )
            .moves_on_by(
                [client("mine", rights(&["Lisbon"]))],
                miss(Reason::DivisionNotVisible).remedy(&["Berlin (<division>)"]),
            ),
    ]
}

fn fresh_grants() -> Vec<Scenario> {
    let applied = || faults(json!({"permission_lag": 0}));
    let fresh = |scopes: &[&str], division: &str| {
        let grants = [
            json!({"role": "Agent State", "division": "Lisbon"}),
            json!({"role": "Agent State", "division": division, "ageS": 60}),
        ];
        client("mine", json!({"scopes": scopes, "grants": grants}))
    };
    vec![
        Scenario::of("E09: the role was given just now", STATES, "sim-fresh-grant")
            .caller(get(LIST, Sees::Nobody))
            .caller(get(ALONE, Sees::Refusal(403, "missing.permissions")))
            .finds(
                miss(Reason::PermissionPending)
                    .says(&["agent:state:view was granted less than a minute ago"])
                    .remedy(&["wait", "\"Master Admin\""])
                    .proof(&["/api/v2/agents/{id}/state", "/api/v2/authorization/subjects/me"])
                    .waits(),
            )
            .lifted_by([applied()]),
        Scenario::of("E09: the role was given a minute ago in the agent's division", STATES, "mine")
            .at_the_start([fresh(&["agent:read", "agent:state:read"], "Berlin")])
            .caller(get(LIST, Sees::Nobody))
            .caller(get(ALONE, Sees::Refusal(403, "missing.division.permission")))
            .finds(
                miss(Reason::PermissionPending)
                    .says(&["agent:state:view was granted 1 min ago"])
                    .remedy(&["wait", "\"Agent State\""])
                    .proof(&["/api/v2/authorization/subjects/me"])
                    .waits(),
            )
            .lifted_by([applied()]),
        Scenario::of("E09, E10: a fresh role, and no scope", STATES, "mine")
            .at_the_start([fresh(&["agent:read"], "Berlin")])
            .caller(get(LIST, Sees::Nobody))
            .caller(get(ALONE, Sees::Refusal(403, "app.not.authorized.for.scope")))
            .finds(
                miss(Reason::ScopeMissing)
                    .remedy(&["agent:state:read"])
                    .proof(&["/api/v2/tokens/me", "/api/v2/authorization/subjects/me"])
                    .also(&[Reason::PermissionPending]),
            )
            .moves_on_by(
                [fresh(&["agent:read", "agent:state:read"], "Berlin")],
                miss(Reason::PermissionPending).remedy(&["wait"]).waits(),
            ),
    ]
}

fn others() -> Vec<Scenario> {
    let denied = |denies: Value| {
        client(
            "mine",
            json!({"scopes": ["agent:read", "agent:state:read"], "roles": ["Agent State"], "policyDenies": denies}),
        )
    };
    vec![
        Scenario::of("a policy refuses what the roles grant", STATES, "mine")
            .at_the_start([denied(json!(["agent:state:view"]))])
            .caller(get(LIST, Sees::Nobody))
            .caller(get(ALONE, Sees::Refusal(403, "authz.policy.denied")))
            .finds(
                miss(Reason::PolicyDenied)
                    .remedy(&["agent:state:view"])
                    .proof(&["/api/v2/agents/{id}/state", "authz.policy.denied"]),
            )
            .lifted_by([denied(json!(false))]),
        Scenario::of("E10: scopes do not bind client credentials in the users API", USERS, "sim-no-scope")
            .caller(get(LIST, Sees::Nobody))
            .asked(Asked::Agent("<user>")),
    ]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_token_may_not_see_is_named_and_seen_once_it_may() {
    play(scenarios()).await;
}
