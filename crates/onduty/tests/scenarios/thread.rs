//! The origin thread, statement by statement: what its people saw, and what onduty tells them.

use onduty::config::PlatformApi;
use onduty_core::finding::Reason;
use serde_json::json;

use crate::platform::{Sees, about, client, delivered, faults, get, hire, sign_in};
use crate::scenario::{Asked, Scenario, miss, play};

const STATES: PlatformApi = PlatformApi::AgentStates;
const USERS: PlatformApi = PlatformApi::Users;

const LIST: &str = "/api/v2/agents/states?agentId=<agent>";
const ALONE: &str = "/api/v2/agents/<agent>/state";

pub(crate) fn scenarios() -> Vec<Scenario> {
    [rights(), ids(), places()].concat()
}

fn rights() -> Vec<Scenario> {
    vec![
        Scenario::of("thread: a token with agent:read gets [] for somebody who is logged in", STATES, "sim-no-scope")
            .caller(get("/api/v2/agents/<agent>", Sees::At("/agentId", json!("<agent>"))))
            .caller(get(LIST, Sees::Nobody))
            .caller(get(ALONE, Sees::Refusal(403, "app.not.authorized.for.scope")))
            .finds(
                miss(Reason::ScopeMissing)
                    .says(&["agent:state:read"])
                    .remedy(&["agent:state:read", "sim-no-scope"])
                    .proof(&["/api/v2/tokens/me", "the token has agent:read; it lacks agent:state:read"])
                    .proof(&["/api/v2/agents/{id}/state", "app.not.authorized.for.scope"]),
            )
            .lifted_by([client(
                "sim-no-scope",
                json!({"scopes": ["agent:read", "agent:state:read"], "roles": ["Master Admin"]}),
            )]),
        Scenario::of("thread: without the role \"Agent State\" the list is [] instead of 403", STATES, "sim-no-role")
            .caller(get(LIST, Sees::Nobody))
            .caller(get(ALONE, Sees::Refusal(403, "missing.permissions")))
            .finds(
                miss(Reason::PermissionMissing)
                    .says(&["agent:state:view"])
                    .remedy(&["agent:state:view", "\"Agent State\" or \"Agent Administrator\""])
                    .proof(&["/api/v2/agents/{id}/state", "missing.permissions"])
                    .proof(&["/api/v2/authorization/subjects/me", "the client was given \"Directory Reader\""]),
            )
            .lifted_by([client(
                "sim-no-role",
                json!({"scopes": ["agent:read", "agent:state:read"], "roles": ["Directory Reader", "Agent State"]}),
            )]),
        Scenario::of("thread: neither scope nor role", STATES, "newcomers-own")
            .at_the_start([client("newcomers-own", json!({"scopes": ["agent:read"], "roles": ["Directory Reader"]}))])
            .caller(get(LIST, Sees::Nobody))
            .finds(
                miss(Reason::ScopeMissing)
                    .remedy(&["agent:state:read", "newcomers-own"])
                    .proof(&["/api/v2/tokens/me", "/api/v2/authorization/subjects/me"])
                    .also(&[Reason::PermissionMissing]),
            )
            .moves_on_by(
                [client(
                    "newcomers-own",
                    json!({"scopes": ["agent:read", "agent:state:read"], "roles": ["Directory Reader"]}),
                )],
                miss(Reason::PermissionMissing).remedy(&["agent:state:view"]),
            ),
    ]
}

fn ids() -> Vec<Scenario> {
    vec![
        Scenario::of("thread: agentId=12345", STATES, "sim-full")
            .caller(get("/api/v2/agents/states?agentId=12345", Sees::Nobody))
            .asked(Asked::Agent("12345"))
            .finds(miss(Reason::IdMalformed).remedy(&["UUID"]).proof(&["request", "5 characters"]))
            .right_is(Asked::Agent("<agent>")),
        Scenario::of("thread: the agentId is a user's id, known from the listing", STATES, "sim-full")
            .caller(get("/api/v2/agents/states?agentId=<user>", Sees::Nobody))
            .asked(Asked::Agent("<user>"))
            .finds(miss(Reason::WrongIdKind).says(&["user"]).remedy(&["<agent>"]).proof(&["<name>"]))
            .right_is(Asked::Agent("<agent>")),
        Scenario::of("thread: the agentId is a user's id, hired since", STATES, "sim-full")
            .since([hire(), about("<newcomer>", "state", json!({"presence": "On Queue"}))])
            .caller(get("/api/v2/agents/states?agentId=<newcomer's user>", Sees::Nobody))
            .asked(Asked::Agent("<newcomer's user>"))
            .finds(
                miss(Reason::WrongIdKind).says(&["user"]).remedy(&["<newcomer>"]).proof(&["/api/v2/agents"]),
            )
            .right_is(Asked::Agent("<newcomer>")),
        Scenario::of("thread: the agentId is a queue's id", STATES, "sim-full")
            .caller(get("/api/v2/agents/states?agentId=<queue>", Sees::Nobody))
            .asked(Asked::Agent("<queue>"))
            .finds(
                miss(Reason::WrongIdKind)
                    .says(&["queue", "<queue name>"])
                    .remedy(&["onduty list --queue"])
                    .proof(&["/api/v2/routing/queues/{id}"]),
            )
            .right_is(Asked::Agent("<agent>")),
        Scenario::of("thread: the webhook's userId, asked for as what it is", STATES, "sim-full")
            .caller(get("/api/v2/agents/states?agentId=<user>", Sees::Nobody))
            .asked(Asked::User("<user>")),
        Scenario::of("thread: nobody is logged in", STATES, "sim-full")
            .at_the_start([about("<agent>", "state", json!({"loggedIn": false}))])
            .caller(get(LIST, Sees::Nobody))
            .caller(get(ALONE, Sees::Refusal(404, "not.found")))
            .finds(
                miss(Reason::NotLoggedIn)
                    .proof(&["/api/v2/agents/{id}/state", "there is no state, for somebody who may see it"])
                    .last_known(),
            )
            .lifted_by([about("<agent>", "state", json!({"presence": "On Queue"}))]),
    ]
}

fn places() -> Vec<Scenario> {
    let lag = |seconds: u64| faults(json!({"states_cache_lag_s": seconds, "state_cache_lag_s": seconds}));
    vec![
        Scenario::of("thread, E01: the endpoint does not exist", STATES, "sim-full")
            .at_the_start([faults(json!({"agent_states_api": "off"}))])
            .caller(get(LIST, Sees::Refusal(404, "not.found")))
            .finds(
                miss(Reason::NameUnknown)
                    .remedy(&["platform.api = \"users\"", "GET /api/v2/users?id="])
                    .proof(&["/api/v2/agents/states", "404 not.found"]),
            )
            .lifted_by([faults(json!({"agent_states_api": "on"}))]),
        Scenario::of(
            "thread, E01: the users API needs neither that endpoint nor that scope",
            USERS,
            "sim-no-scope",
        )
        .at_the_start([faults(json!({"agent_states_api": "off"}))])
        .caller(get(LIST, Sees::Refusal(404, "not.found")))
        .asked(Asked::Agent("<user>")),
        Scenario::of("thread, E06: a region is missing", STATES, "sim-wrong-region")
            .caller_signs_in_at("/region/usw2.pure.cloud")
            .caller(sign_in(400, "invalid_client"))
            .caller(get(LIST, Sees::Refusal(401, "bad.credentials")))
            .finds(
                miss(Reason::WrongRegion)
                    .says(&["usw2.pure.cloud"])
                    .remedy(&["platform.region = \"usw2.pure.cloud\""])
                    .proof(&["/oauth/token", "client not found"]),
            )
            .lifted_by([client(
                "sim-wrong-region",
                json!({"scopes": ["agent:read", "agent:state:read"], "roles": ["Master Admin"]}),
            )]),
        // The list alone is served from a cache; were the call about one agent so, too, its 404 could not be told
        // from a log-out whose push was lost.
        Scenario::of("thread: the list's cache is older than the log-in", STATES, "sim-full")
            .at_the_start([hire(), faults(json!({"states_cache_lag_s": 3_600}))])
            .since([about("<newcomer>", "state", json!({"presence": "On Queue"}))])
            .caller(get("/api/v2/agents/states?agentId=<newcomer>", Sees::Nobody))
            .asked(Asked::Agent("<newcomer>")),
        Scenario::of("thread: the state cache is stale", STATES, "sim-full")
            .pushes()
            .since([lag(3_600), about("<agent>", "state", json!({"presence": "Training"})), delivered()])
            .caller(get(LIST, Sees::NotAt("/0/presence/systemPresence", json!("Training"))))
            .finds(
                miss(Reason::PlatformCacheStale)
                    .remedy(&["max_staleness"])
                    .proof(&["webhook", "the platform's read tells an older state than is held"])
                    .waits()
                    .last_known(),
            )
            .lifted_by([lag(0)]),
    ]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_statement_of_the_thread_is_answered_with_its_true_cause() {
    play(scenarios()).await;
}
