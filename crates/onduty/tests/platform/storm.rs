//! Ten thousand questions at once about one cause: a handful of requests, and a listing that is not slowed.

use std::collections::BTreeMap;
use std::time::Duration;

use futures_util::future::join_all;
use onduty::config::PlatformApi;
use onduty::platform::Walk;
use onduty_core::agent::AccountState;
use onduty_core::answer::{Answer, Asked, Question, Report, conclude};
use onduty_core::finding::Reason;
use serde_json::json;

use crate::house::{As, House, within};

const QUESTIONS: usize = 10_000;

/// The most requests that a storm about one cause may cost.
const REQUESTS_MAX: u64 = 12;

/// Everybody asks at once; the reasons, and how often each was given.
async fn storm(house: &House, ids: Vec<Asked>) -> BTreeMap<Option<Reason>, usize> {
    let asks = ids.into_iter().map(|asked| {
        let asker = house.asker.clone();
        async move { (asked.clone(), asker.ask_one(asked).await) }
    });
    let reports: Vec<(Asked, Report)> = within("all answers", join_all(asks)).await;
    let (snapshot, now) = (house.view.snapshot(), house.clock.now());
    let mut reasons = BTreeMap::new();
    for (asked, report) in reports {
        let question = Question { asked, max_staleness: Duration::ZERO };
        let reason = match conclude(&snapshot, &question, &report, now) {
            Answer::State(_) => None,
            Answer::Miss(finding) => Some(finding.reason),
        };
        *reasons.entry(reason).or_default() += 1;
    }
    reasons
}

async fn agent_ids(house: &House) -> Vec<Asked> {
    let truth = house.sim.get("/sim/agents").await;
    let ids = truth.as_array().unwrap().iter().map(|agent| agent["agentId"].as_str().unwrap().to_owned());
    ids.take(QUESTIONS).map(|id| Asked::AgentId(id.as_str().into())).collect()
}

async fn requests(house: &House) -> u64 {
    house.sim.requests().await.values().sum()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_thousand_agents_behind_one_cause_cost_a_dozen_requests() {
    for (client, reason) in [
        ("sim-no-scope", Reason::ScopeMissing),
        ("sim-no-role", Reason::PermissionMissing),
        ("sim-fresh-grant", Reason::PermissionPending),
        ("sim-disabled", Reason::CredentialsRejected),
    ] {
        let house = House::of(As(PlatformApi::AgentStates, client), 10_500).await;
        let ids = agent_ids(&house).await;
        let reasons = storm(&house, ids).await;
        assert_eq!(reasons, BTreeMap::from([(Some(reason), QUESTIONS)]), "{client}");
        let spent = house.sim.requests().await;
        assert!(requests(&house).await <= REQUESTS_MAX, "{client}: {spent:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_thousand_questions_about_one_id_cost_a_dozen_requests() {
    let nobody = Asked::AgentId("00000000-0000-4000-8000-000000000000".into());
    for api in [PlatformApi::AgentStates, PlatformApi::Users] {
        let house = House::of(As(api, "sim-full"), 50).await;
        let reasons = storm(&house, vec![nobody.clone(); QUESTIONS]).await;
        assert_eq!(reasons, BTreeMap::from([(Some(Reason::AgentUnknown), QUESTIONS)]));
        let spent = house.sim.requests().await;
        assert!(requests(&house).await <= REQUESTS_MAX, "{spent:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_listing_beside_a_storm_gets_every_request_it_needs() {
    let house = House::of(As(PlatformApi::AgentStates, "sim-one-division"), 1_500).await;
    house.sweep(Duration::from_secs(3_600));
    house.swept(1).await;
    let hidden: Vec<Asked> = {
        let snapshot = house.view.snapshot();
        let unseen = snapshot
            .present_after(None)
            .filter(|row| !row.has_state() && row.account().is_none_or(is_active));
        unseen.map(|row| Asked::AgentId(row.agent_id().into())).collect()
    };
    assert!(hidden.len() > 500, "two of three divisions are hidden");
    house.sim.post("/sim/stats/reset", json!({})).await;
    house.pass(Duration::from_secs(61));

    let asked: Vec<Asked> = hidden.iter().cycle().take(QUESTIONS).cloned().collect();
    let listing = async {
        let mut walk = Walk::default();
        let mut number = 1;
        while house.platform.list_page(&mut walk, number).await.unwrap().has_next {
            number += 1;
        }
    };
    let (reasons, ()) = futures_util::join!(storm(&house, asked), listing);
    assert_eq!(reasons, BTreeMap::from([(Some(Reason::DivisionNotVisible), QUESTIONS)]));

    let shares = house.status.read().budget.shares;
    let spent = |purpose| shares.iter().find(|share| share.purpose == purpose).unwrap().spent;
    assert!(spent("lookup") + spent("diagnosis") <= REQUESTS_MAX, "{shares:?}");
    let sent = house.sim.requests().await;
    assert!(sent.keys().all(|(_, status)| *status < 429), "{sent:?}");
    // Three pages of profiles and their states by fifty; whoever is known to be logged out needs no read alone.
    let pages = sent.get(&("/api/v2/agents".to_owned(), 200)).copied().unwrap_or(0);
    assert_eq!(pages, 3, "{sent:?}");
    assert!(sent.values().sum::<u64>() <= 3 + 30 + REQUESTS_MAX, "{sent:?}");
}

fn is_active(account: AccountState) -> bool {
    account == AccountState::Active
}
