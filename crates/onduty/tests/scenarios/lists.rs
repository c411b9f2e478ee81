//! Lists that are short without a word, and reads that leave something out (rows E12 to E20): onduty tells the state in
//! full, and its own list accounts for everybody.

use onduty::config::PlatformApi;
use serde_json::json;

use crate::platform::{Sees, about, client, faults, get, hire, post};
use crate::scenario::{Asked, Scenario, play};

const USERS: PlatformApi = PlatformApi::Users;

/// More people than any page shows, so that two queues have more members than a page of members.
const CROWD: usize = 250;

pub(crate) fn scenarios() -> Vec<Scenario> {
    [short(), hidden()].concat()
}

fn of(row: &'static str) -> Scenario {
    Scenario::of(row, USERS, "sim-full").asked(Asked::Agent("<user>"))
}

fn short() -> Vec<Scenario> {
    let members = json!({
        "metrics": [{"metric": "oMemberQueues", "details": true}], "groupBy": ["queueId"],
        "filter": {"type": "and", "predicates": [{"dimension": "queueId", "value": "<queue>"}]},
    });
    vec![
        of("E13: a page shows 25, and 100 of whatever is asked for")
            .agents(CROWD)
            .caller(get("/api/v2/users", Sees::Rows(25)))
            .caller(get("/api/v2/routing/queues/<queue>/members?pageSize=500", Sees::Rows(100)))
            .lists_everybody(),
        of("E14: the status query shows the top fifty")
            .caller(post("/api/v2/analytics/agents/status/query", json!({}), Sees::Rows(50)))
            .lists_everybody(),
        of("E15: the activity query leaves the middle out")
            .at_the_start([faults(json!({"activity_rows_max": 4}))])
            .caller(post(
                "/api/v2/analytics/users/activity/query",
                members,
                Sees::At("/results/0/truncated", json!(true)),
            ))
            .lists_everybody(),
        of("E03: the listing shows active accounts only, and onduty's account is of those")
            .caller(get("/api/v2/users?pageSize=100", Sees::Rows(58)))
            .lists_everybody(),
    ]
}

fn hidden() -> Vec<Scenario> {
    let nameless = json!({"permissions": ["directory:user:view", "analytics:agentState:view"]});
    let by_id = json!({"query": [{"type": "EXACT", "fields": ["id"], "value": "<newcomer's user>"}]});
    let of_user = json!({
        "metrics": ["oActiveQueues", "oMemberQueues"],
        "filter": {"type": "and", "predicates": [{"dimension": "userId", "value": "<user>"}]},
    });
    vec![
        of("E12: the expands are dropped")
            .since([faults(json!({"expand_drop": 1.0}))])
            .caller(get("/api/v2/users/<user>?expand=presence,routingStatus", Sees::Without("/presence"))),
        Scenario::of("E16: a row that does not say who it is", USERS, "mine")
            .at_the_start([client("mine", nameless)])
            .caller(get("/api/v2/analytics/agents/<user>/status", Sees::Without("/userId")))
            .asked(Asked::Agent("<user>"))
            .lists_everybody(),
        of("E17: every queue is switched off")
            .at_the_start([about("<agent>", "queues", json!({"active": []}))])
            .caller(get("/api/v2/users/<user>/queues", Sees::Nobody)),
        Scenario::of("E18: the presence's definition is another division's", USERS, "mine")
            .at_the_start([
                client("mine", json!({"roles": ["Directory Reader"], "divisions": ["Lisbon"]})),
                about("<agent>", "state", json!({"presence": "<coffee>"})),
            ])
            .caller(get("/api/v2/presence/definitions", Sees::NoWordOf("<coffee>")))
            .asked(Asked::Agent("<user>")),
        of("E19: observations are numbers and no state").caller(post(
            "/api/v2/analytics/users/observations/query",
            of_user,
            Sees::NoWordOf("systemPresence"),
        )),
        of("E20: the search does not know the newcomer yet")
            .at_the_start([faults(json!({"search_lag_s": 3_600}))])
            .since([hire(), about("<newcomer>", "state", json!({"presence": "On Queue"}))])
            .caller(post("/api/v2/users/search", by_id, Sees::Nobody))
            .asked(Asked::Agent("<newcomer's user>")),
    ]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn short_lists_are_made_whole_and_states_told_in_full() {
    play(scenarios()).await;
}
