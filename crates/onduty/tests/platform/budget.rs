//! The request budget under the platform's own counting.

use std::time::Duration;

use onduty::config::PlatformApi;
use onduty::platform::Walk;
use onduty_core::answer::{Refusal, Report};
use serde_json::json;

use crate::house::{As, House};

const USERS: As = As(PlatformApi::Users, "sim-full");

fn id(number: u32) -> String {
    format!("00000000-0000-4000-8000-{number:012}")
}

#[tokio::test]
async fn the_allowance_is_never_overdrawn_and_each_purpose_has_its_floor() {
    let house = House::of(USERS, 5).await;
    house.sim.faults(json!({"rate": 20})).await;
    let mut refused = 0;
    for number in 0..30 {
        match house.ask(&[id(number)]).await.as_slice() {
            [Report::Missing(facts)] if facts.prove_absence() => {}
            [Report::Refused(Refusal::RateLimited { until })] => {
                refused += 1;
                assert!(until.since(house.clock.now()) <= Duration::from_secs(62));
            }
            other => unreachable!("{other:?}"),
        }
    }
    // Of 20, 2 are kept in reserve, and 9 of the 18 are the sweep's; finding out why takes its 3 at most.
    assert_eq!(refused, 30 - 6);
    for _ in 0..9 {
        house.platform.list_page(&mut Walk::default(), 1).await.unwrap();
    }
    let requests = house.sim.requests().await;
    assert!(requests.keys().all(|(_, status)| *status != 429), "{requests:?}");
    let standing = house.status.read().budget;
    assert_eq!((standing.allowed_per_minute, standing.left), (20, 0));
    assert_eq!(standing.shares.iter().map(|share| share.spent).collect::<Vec<_>>(), [6, 0, 9, 3]);
}

#[tokio::test]
async fn after_a_429_nothing_is_sent_until_the_platform_wants_it() {
    for (huge, most) in [(false, 62), (true, 300)] {
        let house = House::of(USERS, 5).await;
        for number in 0..4 {
            house.ask(&[id(number)]).await;
        }
        house.sim.faults(json!({"rate": 2, "retry_after_huge": huge})).await;
        let before = house.sim.requests_to("/api/v2/users").await;
        for number in 10..20 {
            let reports = house.ask(&[id(number)]).await;
            let [Report::Refused(Refusal::RateLimited { until })] = reports.as_slice() else {
                unreachable!("{reports:?}")
            };
            assert!(until.since(house.clock.now()) <= Duration::from_secs(most), "{huge}");
        }
        assert_eq!(house.sim.requests_to("/api/v2/users").await, before + 1);
        assert!(house.status.read().budget.blocked_until.is_some());
    }
}

#[tokio::test]
async fn a_failing_platform_is_tried_again_and_then_left_alone() {
    let house = House::of(USERS, 5).await;
    house.ask(&[id(0)]).await;
    house.sim.faults(json!({"http_error_p": 1.0, "http_error_status": 503})).await;
    let reports = house.ask(&[id(1)]).await;
    let [Report::Refused(Refusal::Unavailable { since, detail })] = reports.as_slice() else {
        unreachable!("{reports:?}")
    };
    assert!(detail.contains("503"), "{detail}");
    let first = *since;
    let again = house.ask(&[id(2)]).await;
    assert!(
        matches!(again.as_slice(), [Report::Refused(Refusal::Unavailable { since, .. })] if *since == first),
        "{again:?}"
    );
    assert!(house.sim.requests_to("/api/v2/users").await <= 1 + 8);
    house.sim.faults(json!({"http_error_p": 0.0})).await;
    house.pass(Duration::from_secs(31));
    let reports = house.ask(&[id(3)]).await;
    assert!(matches!(&*reports, [Report::Missing(facts)] if facts.prove_absence()), "{reports:?}");
}
