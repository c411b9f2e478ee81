//! When the platform can't be asked, does not say, or says what is old (rows E26, E29, E30): nothing of that makes
//! anybody offline, off queue or absent.

use onduty::config::PlatformApi;
use onduty_core::finding::Reason;
use serde_json::json;

use crate::platform::{Sees, about, delivered, faults, get, hire};
use crate::scenario::{Asked, Scenario, miss, play};

const STATES: PlatformApi = PlatformApi::AgentStates;
const USERS: PlatformApi = PlatformApi::Users;

const LIST: &str = "/api/v2/agents/states?agentId=<agent>";
const NEWCOMER: &str = "/api/v2/agents/states?agentId=<newcomer>";
const USER: &str = "/api/v2/users/<user>?expand=presence,routingStatus";

pub(crate) fn scenarios() -> Vec<Scenario> {
    [unreachable(), out_of_budget(), unsaid()].concat()
}

fn somebody_new() -> [crate::platform::Turn; 2] {
    [hire(), about("<newcomer>", "state", json!({"presence": "On Queue"}))]
}

fn unreachable() -> Vec<Scenario> {
    let down = || faults(json!({"region_down": "503"}));
    let up = || faults(json!({"region_down": "off"}));
    vec![
        Scenario::of("the platform does not answer about a stranger", STATES, "sim-full")
            .since(somebody_new())
            .since([down()])
            .caller(get(NEWCOMER, Sees::Refusal(503, "service.unavailable")))
            .asked(Asked::Agent("<newcomer>"))
            .finds(
                miss(Reason::PlatformUnavailable)
                    .remedy(&["status"])
                    .proof(&["/api/v2/agents/states answered 503"]),
            )
            .lifted_by([up()]),
        Scenario::of("the platform does not answer about somebody known", STATES, "sim-full")
            .since([down()])
            .caller(get(LIST, Sees::Refusal(503, "service.unavailable")))
            .finds(
                miss(Reason::StateStale)
                    .also(&[Reason::PlatformUnavailable])
                    .remedy(&["max_staleness"])
                    .proof(&["/api/v2/agents/states answered 503", "last confirmed"])
                    .last_known(),
            )
            .lifted_by([up()]),
        Scenario::of("E30: the platform never answered", USERS, "sim-full")
            .at_the_start([down()])
            .caller(get(USER, Sees::Refusal(503, "service.unavailable")))
            .asked(Asked::Agent("<user>"))
            .finds(miss(Reason::PlatformUnavailable).proof(&["/oauth/token: 503"]))
            .lifted_by([up()]),
    ]
}

fn out_of_budget() -> Vec<Scenario> {
    let spent = || faults(json!({"rate": 1}));
    let unlimited = || faults(json!({"rate": 0}));
    let limited = || Sees::Refusal(429, "too.many.requests.retry.after");
    vec![
        Scenario::of("E29: the budget is spent, of a stranger", STATES, "sim-full")
            .since(somebody_new())
            .since([spent()])
            .caller(get(NEWCOMER, Sees::At("/0/agentId", json!("<newcomer>"))))
            .caller(get(NEWCOMER, limited()))
            .asked(Asked::Agent("<newcomer>"))
            .finds(miss(Reason::RateLimited).remedy(&["after the time given"]).proof(&["budget"]).waits())
            .lifted_by([unlimited()]),
        Scenario::of("E29: the budget is spent, of somebody known", USERS, "sim-full")
            .since([spent()])
            .caller(get(USER, Sees::At("/id", json!("<user>"))))
            .caller(get(USER, limited()))
            .asked(Asked::Agent("<user>"))
            .finds(
                miss(Reason::StateStale)
                    .also(&[Reason::RateLimited])
                    .remedy(&["max_staleness"])
                    .proof(&["budget"])
                    .waits()
                    .last_known(),
            )
            .lifted_by([unlimited()]),
        Scenario::of("E30: the first listing has not finished", STATES, "sim-full")
            .at_the_start([spent()])
            .caller(get(LIST, Sees::At("/0/agentId", json!("<agent>"))))
            .caller(get(LIST, limited()))
            .finds(miss(Reason::NotYetSynced).remedy(&["onduty wait"]).proof(&["budget"]).waits())
            .lifted_by([unlimited()]),
    ]
}

fn unsaid() -> Vec<Scenario> {
    let withheld = |all: bool| faults(json!({"state_withheld": all}));
    let lag = |seconds: u64| faults(json!({"users_cache_lag_s": seconds}));
    let trouble = |status: u16| {
        faults(json!({
            "expand_drop": 1.0, "http_error_p": 1.0, "http_error_status": status,
            "http_trouble_routes": ["/api/v2/users/{userId}/presences/purecloud", "/api/v2/users/{userId}/routingstatus"],
        }))
    };
    let calm = || faults(json!({"expand_drop": 0.0, "http_error_p": 0.0}));
    vec![
        Scenario::of("the platform withholds the state", STATES, "sim-full")
            .at_the_start([withheld(true)])
            .caller(get(LIST, Sees::Nobody))
            .caller(get("/api/v2/agents/<agent>/state", Sees::Without("/presence")))
            .finds(
                miss(Reason::StateWithheld)
                    .remedy(&["correlation ids"])
                    .proof(&["/api/v2/agents/{id}/state"]),
            )
            .lifted_by([withheld(false)]),
        Scenario::of("the platform withholds the state", USERS, "sim-full")
            .at_the_start([withheld(true)])
            .caller(get(USER, Sees::Without("/presence")))
            .asked(Asked::Agent("<user>"))
            .finds(
                miss(Reason::StateWithheld)
                    .remedy(&["correlation ids"])
                    .proof(&["/api/v2/users/{id}/routingstatus"]),
            )
            .lifted_by([withheld(false)]),
        Scenario::of("the users API's cache is stale", USERS, "sim-full")
            .pushes()
            .since([lag(3_600), about("<agent>", "state", json!({"presence": "Training"})), delivered()])
            .caller(get(USER, Sees::NotAt("/presence/presenceDefinition/systemPresence", json!("Training"))))
            .asked(Asked::Agent("<user>"))
            .finds(miss(Reason::PlatformCacheStale).proof(&["webhook", "lookup"]).waits().last_known())
            .lifted_by([lag(0)]),
        Scenario::of("E12: expands dropped, and the specific calls are refused", USERS, "sim-full")
            .at_the_start([trouble(403)])
            .caller(get(USER, Sees::Without("/presence")))
            .caller(get("/api/v2/users/<user>/presences/purecloud", Sees::Refusal(403, "not.authorized")))
            .asked(Asked::Agent("<user>"))
            .finds(
                miss(Reason::Undetermined)
                    .says(&["STATE_WITHHELD"])
                    .remedy(&["/api/v2/users/{id}/presences/purecloud"])
                    .proof(&["/api/v2/users/{id}/presences/purecloud"])
                    .also(&[Reason::StateWithheld]),
            )
            .lifted_by([calm()]),
        Scenario::of("E12: expands dropped, and the specific calls fail", USERS, "sim-full")
            .at_the_start([trouble(500)])
            .caller(get(
                "/api/v2/users/<user>/presences/purecloud",
                Sees::Refusal(500, "internal.server.error"),
            ))
            .asked(Asked::Agent("<user>"))
            .finds(miss(Reason::PlatformUnavailable).proof(&["answered 500"]))
            .lifted_by([calm()]),
        Scenario::of("E26: the presence is of a source that is not primary", USERS, "sim-full")
            .at_the_start([faults(json!({"presence_not_primary": true}))])
            .caller(get(USER, Sees::At("/presence/primary", json!(false))))
            .asked(Asked::Agent("<user>"))
            .shows_no_presence()
            .lifted_by([faults(json!({"presence_not_primary": false}))]),
    ]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_asked_or_is_old_makes_nobody_absent() {
    play(scenarios()).await;
}
