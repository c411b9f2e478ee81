//! `GET /api/v2/users`: everybody, or some by id; nobody is left out without a word.

use onduty_core::agent::AccountState;
use onduty_core::finding::Reason;
use onduty_core::observation::Statement;
use serde_json::{Value, json};

use super::{on_queue, presence, routing, user, with};
use crate::caller::{caller, check_finding};
use crate::stage::{Stage, id, named, nobody, said};

fn ids(body: &Value) -> Vec<&str> {
    body["entities"].as_array().unwrap().iter().map(|user| user["id"].as_str().unwrap()).collect()
}

async fn ten_agents() -> Stage {
    let stage = Stage::open().await;
    stage.roster.list_nobody();
    stage.roster.take(&(1..=10).map(on_queue).collect::<Vec<_>>());
    stage
}

#[tokio::test]
async fn everybody_is_walked_in_pages_in_either_order_with_the_platform_s_links() {
    let stage = ten_agents().await;
    let caller = caller(&stage);
    for (order, expected) in [("ascending", (1..=10).collect::<Vec<_>>()), ("DESC", (1..=10).rev().collect())]
    {
        let mut path = format!("/api/v2/users?pageSize=4&sortOrder={order}&expand=presence%2CroutingStatus");
        let (mut met, mut pages) = (Vec::new(), 0);
        loop {
            let page = caller.get(&path).await.whole();
            pages += 1;
            let facts =
                ["pageSize", "pageNumber", "total", "pageCount"].map(|name| page[name].as_u64().unwrap());
            assert_eq!(facts, [4, pages, 10, 3]);
            assert_eq!(page["account"]["shown"], "10", "{page}");
            assert_eq!(page["previousUri"].is_string(), pages > 1);
            met.extend(ids(&page).into_iter().map(str::to_owned));
            match page["nextUri"].as_str() {
                Some(next) => next.clone_into(&mut path),
                None => break,
            }
        }
        assert_eq!(met, expected.into_iter().map(id).collect::<Vec<_>>());
    }
    let beyond = caller.get("/api/v2/users?pageNumber=99").await.whole();
    assert_eq!((ids(&beyond).len(), &beyond["total"]), (0, &json!(10)));
    assert!(stage.asked.lock().unwrap().is_empty(), "what is held costs no request");
}

#[tokio::test]
async fn users_come_in_the_platform_s_shape_with_the_expands_asked_for_and_no_others() {
    let stage = ten_agents().await;
    let caller = caller(&stage);
    let states = json!({"presence": presence(3), "routingStatus": routing(3)});
    let table = [
        ("", user(3)),
        ("&expand=skills,team", user(3)),
        ("&expand=presence,routingStatus", with(user(3), &states)),
        ("&expand=presence&expand=routingStatus", with(user(3), &states)),
        ("&expand=outOfOffice", with(user(3), &json!({"outOfOffice": {"active": false}}))),
    ];
    for (expand, expected) in table {
        let page = caller.get(&format!("/api/v2/users?id={}{expand}", id(3))).await.whole();
        assert_eq!(page["entities"], json!([expected]), "{expand}");
        assert_eq!(page.get("findings"), None);
    }
}

#[tokio::test]
async fn each_id_that_is_not_found_has_a_finding_beside_those_that_are() {
    let stage = ten_agents().await;
    let caller = caller(&stage);
    let list = format!("{},{}%2C{}&id=4711&id={}", id(1), nobody(), id(2), id(1));
    for expand in ["", "&expand=presence"] {
        let page = caller.get(&format!("/api/v2/users?id={list}{expand}")).await;
        assert_eq!(page.header("cache-control"), Some("no-store"));
        let page = page.whole();
        assert_eq!((ids(&page), &page["total"]), (vec![&*id(1), &*id(2)], &json!(2)));
        let findings = page["findings"].as_array().unwrap();
        assert_eq!(findings.len(), 2, "{page}");
        check_finding(&findings[0], Reason::AgentUnknown, &nobody());
        check_finding(&findings[1], Reason::IdMalformed, "4711");
    }
    let none = caller.get(&format!("/api/v2/users?id={}&id={}", nobody(), id(77))).await;
    let none = none.refused(404, "general.resource.not.found");
    assert_eq!(none["findings"].as_array().map(Vec::len), Some(2));
    assert_eq!(none["details"][0]["errorCode"], "AGENT_UNKNOWN");
}

#[tokio::test]
async fn a_user_without_a_state_to_give_is_listed_without_it_and_its_finding_says_why() {
    let stage = Stage::open().await;
    stage.roster.list_nobody();
    stage.roster.take(&[on_queue(1), named(&id(2))]);
    let caller = caller(&stage);
    let path = format!("/api/v2/users?id={},{}", id(1), id(2));
    let plain = caller.get(&path).await.whole();
    assert_eq!((ids(&plain).len(), plain.get("findings")), (2, None), "who they are is known");
    assert!(stage.asked.lock().unwrap().is_empty());
    let page = caller.get(&format!("{path}&expand=presence,routingStatus")).await.whole();
    assert_eq!(ids(&page), [id(1), id(2)]);
    assert!(page["entities"][1].get("presence").is_none(), "never a default: {page}");
    assert_eq!(page["findings"][0]["agentId"], id(2));
    let everybody = caller.get("/api/v2/users?expand=presence").await.whole();
    assert_eq!(
        (&everybody["account"]["shown"], &everybody["account"]["unknown"]),
        (&json!("1"), &json!("1"))
    );
}

#[tokio::test]
async fn accounts_are_filtered_by_state_and_only_the_active_are_listed_without_ids() {
    let stage = ten_agents().await;
    let left = Statement { account: Some(AccountState::Inactive), ..Statement::default() };
    stage.roster.take(&[said(&id(2), left)]);
    let caller = caller(&stage);
    assert_eq!(caller.get("/api/v2/users").await.whole()["total"], 9);
    for state in ["inactive", "deleted", "any"] {
        let told = caller.get(&format!("/api/v2/users?state={state}")).await;
        told.refused(400, "invalid.query.param.value");
    }
    let both = format!("/api/v2/users?id={},{}", id(1), id(2));
    let any = caller.get(&format!("{both}&state=any")).await.whole();
    assert_eq!(ids(&any), [id(1), id(2)]);
    assert_eq!([&any["entities"][0]["state"], &any["entities"][1]["state"]], ["active", "inactive"]);
    for state in ["inactive", "deleted"] {
        let told =
            caller.get(&format!("{both}&state={state}")).await.refused(400, "invalid.query.param.value");
        assert!(
            told["message"].as_str().unwrap().contains("any"),
            "nobody is left out without a word: {told}"
        );
    }
    let one = caller.get(&format!("/api/v2/users/{}", id(2))).await.whole();
    assert_eq!(one["state"], "inactive");
}

#[tokio::test]
async fn what_is_asked_for_is_bounded_and_what_cannot_be_answered_is_refused_by_name() {
    let stage = ten_agents().await;
    let caller = caller(&stage);
    let many = (0..101).map(id).collect::<Vec<_>>().join(",");
    let table = [
        (format!("id={many}"), "max.user.ids"),
        ("id=".to_owned(), "invalid.query.param.value"),
        (format!("id={}", "x".repeat(257)), "invalid.query.param.value"),
        ("pageSize=501".to_owned(), "invalid.query.param.value"),
        ("pageSize=0".to_owned(), "invalid.query.param.value"),
        ("pageNumber=0".to_owned(), "invalid.query.param.value"),
        ("sortOrder=sideways".to_owned(), "invalid.query.param.value"),
        ("state=busy".to_owned(), "invalid.query.param.value"),
        ("jabberId=x".to_owned(), "invalid.query.param.value"),
        ("expand=%zz".to_owned(), "bad.request"),
        ("pageSize=1&pageSize=2".to_owned(), "bad.request"),
    ];
    for (query, code) in table {
        caller.get(&format!("/api/v2/users?{query}")).await.refused(400, code);
    }
}

#[tokio::test]
async fn before_the_first_full_listing_nobody_is_listed_and_it_says_so() {
    let stage = Stage::open().await;
    let told = caller(&stage).get("/api/v2/users").await.refused(503, "service.unavailable");
    assert_eq!(told["finding"]["reason"], "NOT_YET_SYNCED");
}
