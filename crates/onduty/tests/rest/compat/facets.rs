//! One user, one facet, and presences in bulk: each given, or an error in the platform's shape with a finding inside.

use std::sync::Arc;
use std::time::Duration;

use onduty::status::Unlabelled;
use onduty_core::agent::SystemPresence;
use onduty_core::answer::{Refusal, Report};
use onduty_core::definition::{Definition, Definitions};
use onduty_core::finding::Reason;
use onduty_core::observation::Input;
use onduty_core::time::Timestamp;
use serde_json::json;

use super::{on_queue, presence, routing, user, with};
use crate::caller::{caller, check_finding};
use crate::stage::{NOW, Stage, heard_at, id, limits, logged_in, named, nobody};

fn paths(id: &str) -> [String; 3] {
    ["?expand=presence,routingStatus", "/routingstatus", "/presences/purecloud"]
        .map(|rest| format!("/api/v2/users/{id}{rest}"))
}

#[tokio::test]
async fn each_call_gives_its_part_in_the_platform_s_shape_without_asking_it() {
    let stage = Stage::open().await;
    stage.roster.take(&[on_queue(1), on_queue(2)]);
    let caller = caller(&stage);
    let alone = with(presence(1), &json!({"id": id(1)}));
    let table = [
        (format!("/api/v2/users/{}", id(1)), user(1)),
        (
            format!("/api/v2/users/{}?expand=presence%2CroutingStatus", id(1)),
            with(user(1), &json!({"presence": presence(1), "routingStatus": routing(1)})),
        ),
        (format!("/api/v2/users/{}/routingstatus", id(1)), routing(1)),
        (format!("/api/v2/users/{}/presences/purecloud", id(1)), alone.clone()),
        (format!("/api/v2/users/{}/presences/PURECLOUD", id(1).to_uppercase()), alone),
    ];
    for (path, expected) in table {
        assert_eq!(caller.get(&path).await.whole(), expected, "{path}");
    }
    let bulk = caller.get(&format!("/api/v2/users/presences/purecloud/bulk?id={},{}", id(2), id(1))).await;
    let element = |number| {
        let mut element = with(presence(number), &json!({"id": id(number), "userId": id(number)}));
        element.as_object_mut().unwrap().remove("primary");
        element
    };
    assert_eq!(bulk.whole(), json!([element(2), element(1)]));
    assert!(stage.asked.lock().unwrap().is_empty());
}

#[tokio::test]
async fn of_nobody_no_routing_status_is_told_but_a_404_that_says_why() {
    let stage = Stage::open().await;
    let caller = caller(&stage);
    let codes = ["general.resource.not.found", "general.resource.not.found", "presenceservice.usernotfound"];
    for (path, code) in paths(&nobody()).iter().zip(codes) {
        let told = caller.get(path).await.refused(404, code);
        check_finding(&told["finding"], Reason::AgentUnknown, &nobody());
        assert_eq!(
            told["details"][0],
            json!({
                "errorCode": "AGENT_UNKNOWN", "fieldName": "userId", "entityId": nobody(),
            })
        );
        assert!(told.get("status").is_some() && told.get("routingStatus").is_none());
    }
    for path in paths("4711") {
        let told = caller.get(&path).await.refused(400, "general.bad.request");
        check_finding(&told["finding"], Reason::IdMalformed, "4711");
    }
    caller.get("/api/v2/users/me").await.refused(400, "not.a.user");
}

#[tokio::test]
async fn a_platform_that_cannot_be_asked_makes_nobody_absent() {
    let until = Timestamp::from_millis(NOW).after(Duration::from_millis(41_001));
    let stage = Stage::with(limits(), move |_, asked| {
        let since = Timestamp::from_millis(NOW);
        Some(Report::Refused(if asked.id() == id(1) {
            Refusal::RateLimited { until }
        } else {
            Refusal::Unavailable { since, detail: "it is down".into() }
        }))
    })
    .await;
    stage.roster.list_nobody();
    let caller = caller(&stage);
    for path in paths(&id(1)) {
        let told = caller.get(&path).await;
        told.refused(429, "too.many.requests.retry.after");
        assert_eq!(told.header("retry-after"), Some("42"));
    }
    for path in paths(&id(2)) {
        let told = caller.get(&path).await.refused(503, "service.unavailable");
        assert_eq!(told["finding"]["reason"], "PLATFORM_UNAVAILABLE");
    }
}

#[tokio::test]
async fn a_facet_that_is_not_held_is_asked_for_and_if_it_stays_unknown_that_is_said() {
    let stage = Stage::with(limits(), |roster, asked| {
        if asked.id() == id(1) {
            roster.take(&[on_queue(1)]);
        }
        Some(Report::Told)
    })
    .await;
    let earlier = |number| heard_at(NOW - 5_000, logged_in(number, SystemPresence::Busy, NOW - 20_000));
    stage.roster.take(&[earlier(1), earlier(2)]);
    let caller = caller(&stage);
    let found = caller.get(&format!("/api/v2/users/{}/routingstatus", id(1))).await;
    assert_eq!(found.whole(), routing(1));
    let missing = caller.get(&format!("/api/v2/users/{}/routingstatus", id(2))).await;
    let missing = missing.refused(502, "bad.gateway");
    check_finding(&missing["finding"], Reason::StateWithheld, &id(2));
    assert_eq!(missing["finding"]["lastKnown"]["presence"]["system"], "SYSTEM_PRESENCE_BUSY");
    let expand = "expand=presence,routingStatus";
    let part = caller.get(&format!("/api/v2/users/{}?{expand}", id(2))).await.whole();
    assert!(part["presence"].is_object() && part.get("routingStatus").is_none(), "{part}");
    check_finding(&part["finding"], Reason::StateWithheld, &id(2));
    let page = caller.get(&format!("/api/v2/users?id={},{}&{expand}", id(1), id(2))).await.whole();
    assert_eq!(page["findings"].as_array().map(Vec::len), Some(1));
    check_finding(&page["findings"][0], Reason::StateWithheld, &id(2));
}

#[tokio::test]
async fn a_known_user_without_a_state_is_shown_and_says_why_that_is_missing() {
    let stage = Stage::open().await;
    stage.roster.take(&[named(&id(1))]);
    let told = caller(&stage).get(&format!("/api/v2/users/{}?expand=presence", id(1))).await;
    assert_eq!(told.header("cache-control"), Some("no-store"));
    let user = told.whole();
    assert_eq!((user["id"].as_str(), user.get("presence")), (Some(&*id(1)), None));
    assert!(user["finding"]["summary"].is_string(), "{user}");
}

#[tokio::test]
async fn a_bulk_with_somebody_missing_is_an_error_that_has_the_others_too() {
    let stage = Stage::open().await;
    stage.roster.take(&[on_queue(1)]);
    let caller = caller(&stage);
    let path = |ids: &str| format!("/api/v2/users/presences/purecloud/bulk?{ids}");
    let told = caller.get(&path(&format!("id={}&id={}", id(1), nobody()))).await;
    let told = told.refused(404, "presenceservice.usernotfound");
    check_finding(&told["findings"][0], Reason::AgentUnknown, &nobody());
    assert_eq!(told["presences"][0]["userId"], id(1));
    let many = (0..51).map(id).collect::<Vec<_>>().join(",");
    caller.get(&path(&format!("id={many}"))).await.refused(400, "max.user.presences");
    for nobody in ["", "id=", "id=,"] {
        caller.get(&path(nobody)).await.refused(400, "invalid.query.param.value");
    }
}

#[tokio::test]
async fn definitions_are_those_last_read_and_before_that_it_says_so() {
    let stage = Stage::open().await;
    let caller = caller(&stage);
    let none = caller.get("/api/v2/presence/definitions").await.refused(503, "service.unavailable");
    assert_eq!(none["finding"]["reason"], "NOT_YET_SYNCED");
    let trouble = |reason| Unlabelled { detail: "403".into(), reason, at: Timestamp::from_millis(NOW) };
    let table = [
        (Reason::PermissionMissing, 403, "missing.any.permissions"),
        (Reason::RateLimited, 429, "too.many.requests.retry.after"),
    ];
    for (reason, status, code) in table {
        stage.status.unlabelled(Some(trouble(reason)));
        caller.get("/api/v2/presence/definitions").await.refused(status, code);
    }
    let own = |division: &str, deactivated| Definition {
        name: Some("Coffee".into()),
        kind: Some("User".into()),
        labels: [("en_US".into(), "Coffee".into())].into(),
        system: Some(SystemPresence::OnQueue),
        division_id: Some(division.into()),
        deactivated,
    };
    let by_id =
        [("p1".into(), own("d1", false)), ("p2".into(), own("d2", false)), ("p3".into(), own("d1", true))];
    let read_at = Timestamp::from_millis(NOW - 5_000);
    let read = Definitions { read_at, locale: "en_US".into(), by_id: by_id.into() };
    stage.roster.take(&[Input::Definitions(Arc::new(read))]);
    let expected = json!({
        "id": "p1", "name": "Coffee", "type": "User", "languageLabels": {"en_US": "Coffee"},
        "systemPresence": "OnQueue", "divisionId": "d1", "deactivated": false,
        "selfUri": "/api/v2/presence/definitions/p1",
    });
    let table = [("", vec!["p1", "p2"]), ("?divisionId=d1", vec!["p1"]), ("?deactivated=TRUE", vec!["p3"])];
    for (query, ids) in table {
        let told = caller.get(&format!("/api/v2/presence/definitions{query}")).await;
        assert_eq!(told.header("age"), Some("5"));
        let body = told.whole();
        let found: Vec<_> =
            body["entities"].as_array().unwrap().iter().map(|one| one["id"].clone()).collect();
        assert_eq!((json!(found), &body["total"]), (json!(ids), &json!(ids.len())), "{query}");
    }
    assert_eq!(caller.get("/api/v2/presence/definitions/p1").await.whole(), expected);
    let code = "presenceservice.organizationpresence.organizationpresencenotfound";
    caller.get("/api/v2/presence/definitions/p9").await.refused(404, code);
}
