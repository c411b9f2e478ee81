//! What the id is, and whom the client belongs to (rows E02 to E06).

use onduty::config::PlatformApi;
use onduty_core::finding::Reason;
use serde_json::{Value, json};

use crate::platform::{Sees, about, client, get, no_client, revoke_tokens, sign_in};
use crate::scenario::{Asked, Scenario, miss, play};

const STATES: PlatformApi = PlatformApi::AgentStates;
const USERS: PlatformApi = PlatformApi::Users;

const LIST: &str = "/api/v2/agents/states?agentId=<agent>";
const USER: &str = "/api/v2/users?id=<user>&expand=presence,routingStatus";

fn account(state: &str) -> crate::platform::Turn {
    about("<agent>", "account", json!({"state": state}))
}

pub(crate) fn scenarios() -> Vec<Scenario> {
    [forms(), accounts(), credentials()].concat()
}

fn forms() -> Vec<Scenario> {
    let malformed = |asked: &'static str, look: &'static str| {
        Scenario::of("E02: no id of this platform", USERS, "sim-full")
            .caller(get(look, Sees::Refusal(404, "general.resource.not.found")))
            .asked(Asked::Agent(asked))
            .finds(miss(Reason::IdMalformed).remedy(&["extension", "e-mail"]).proof(&["request"]))
            .right_is(Asked::Agent("<user>"))
    };
    vec![
        malformed("12345", "/api/v2/users/12345"),
        malformed("agent1@acme.example", "/api/v2/users/agent1@acme.example"),
        Scenario::of("E02: a queue's id", USERS, "sim-full")
            .caller(get("/api/v2/users?id=<queue>", Sees::Refusal(404, "general.resource.not.found")))
            .caller(get("/api/v2/users/<queue>/routingstatus", Sees::At("/status", json!("OFF_QUEUE"))))
            .asked(Asked::Agent("<queue>"))
            .finds(
                miss(Reason::WrongIdKind)
                    .says(&["queue", "<queue name>"])
                    .proof(&["/api/v2/routing/queues/{id}"]),
            )
            .right_is(Asked::Agent("<user>")),
        Scenario::of("E02: a division's id", USERS, "sim-one-division")
            .caller(get("/api/v2/users?id=<division>", Sees::Refusal(404, "general.resource.not.found")))
            .asked(Asked::Agent("<division>"))
            .finds(
                miss(Reason::WrongIdKind)
                    .says(&["division", "Berlin"])
                    .proof(&["/api/v2/authorization/divisionspermitted/paged/me"]),
            )
            .right_is(Asked::Agent("<user>")),
    ]
}

fn accounts() -> Vec<Scenario> {
    let back = || [account("active"), about("<agent>", "state", json!({"presence": "On Queue"}))];
    let unknown = |asked, api| {
        Scenario::of("E05: nobody's id", api, "sim-full")
            .asked(Asked::Agent(asked))
            .finds(miss(Reason::AgentUnknown).says(&["Acme"]).remedy(&["organisation and region"]))
    };
    vec![
        Scenario::of("E03: the account is switched off", USERS, "sim-full")
            .since([account("inactive")])
            .caller(get(USER, Sees::Nobody))
            .asked(Asked::Agent("<user>"))
            .finds(
                miss(Reason::AgentInactive)
                    .remedy(&["activate"])
                    .proof(&["account state is inactive"])
                    .last_known(),
            )
            .lifted_by(back()),
        Scenario::of("E03: the account was switched off before", STATES, "sim-full")
            .at_the_start([account("inactive")])
            .caller(get(LIST, Sees::Nobody))
            .finds(miss(Reason::AgentInactive).remedy(&["activate"]).proof(&["account state is inactive"]))
            .lifted_by(back()),
        Scenario::of("E04: the account was deleted", USERS, "sim-full")
            .since([account("deleted")])
            .caller(get("/api/v2/users/<user>", Sees::Refusal(404, "general.resource.not.found")))
            .caller(get(USER, Sees::Nobody))
            .asked(Asked::Agent("<user>"))
            .finds(miss(Reason::AgentDeleted).proof(&["account state is deleted"]).last_known())
            .lifted_by(back()),
        Scenario::of("E04: the account was deleted", STATES, "sim-full")
            .since([account("deleted")])
            .caller(get(LIST, Sees::Nobody))
            .finds(miss(Reason::AgentDeleted).proof(&["account state is deleted"]).last_known())
            .lifted_by(back()),
        unknown("<nobody>", USERS)
            .caller(get("/api/v2/users/<nobody>/routingstatus", Sees::At("/status", json!("OFF_QUEUE"))))
            .caller(get(
                "/api/v2/users/<nobody>/presences/purecloud",
                Sees::Refusal(404, "presenceservice.usernotfound"),
            ))
            .right_is(Asked::Agent("<user>")),
        unknown("<nobody>", STATES)
            .caller(get("/api/v2/agents/states?agentId=<nobody>", Sees::Nobody))
            .right_is(Asked::Agent("<agent>")),
    ]
}

fn credentials() -> Vec<Scenario> {
    let rights = |more: Value| {
        let mut rights = json!({"scopes": ["agent:read", "agent:state:read"], "roles": ["Agent State"]});
        rights.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        client("mine", rights)
    };
    let refused = |row| {
        Scenario::of(row, STATES, "mine").caller(sign_in(400, "invalid_client")).finds(
            miss(Reason::CredentialsRejected)
                .remedy(&["platform.client_id", "platform.client_secret", "platform.region"])
                .proof(&["invalid_client"]),
        )
    };
    vec![
        refused("E06: no such client").lifted_by([rights(json!({}))]),
        refused("E06: the client is switched off")
            .at_the_start([rights(json!({"disabled": true}))])
            .lifted_by([rights(json!({"disabled": false}))]),
        refused("E06: the secret is another")
            .at_the_start([rights(json!({"clientSecret": "another"}))])
            .lifted_by([rights(json!({"clientSecret": "sim-secret"}))]),
        Scenario::of("E06: the client is taken away", STATES, "mine")
            .at_the_start([rights(json!({}))])
            .since([no_client("mine")])
            .caller(sign_in(400, "invalid_client"))
            .finds(
                miss(Reason::StateStale)
                    .also(&[Reason::CredentialsRejected])
                    .remedy(&["max_staleness"])
                    .proof(&["invalid_client"])
                    .last_known(),
            )
            .lifted_by([rights(json!({}))]),
        Scenario::of("E06: every token is revoked, and a new one is had", STATES, "sim-full")
            .since([revoke_tokens()])
            .caller(get(LIST, Sees::At("/0/agentId", json!("<agent>")))),
    ]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_id_is_and_whose_the_client_is_is_proven() {
    play(scenarios()).await;
}
