//! `GetTimeline`: what was heard about one agent, and the rule that decided.

use std::collections::BTreeSet;

use onduty_core::agent::{AgentId, Presence, SystemPresence, UserId};
use onduty_core::answer::Report;
use onduty_core::observation::{Clock, Input, Observation, Said, Source, Statement};
use onduty_core::time::Timestamp;
use onduty_proto::v1::diagnosis_service_client::DiagnosisServiceClient;
use onduty_proto::v1::get_timeline_request::Id;
use onduty_proto::v1::{
    self, GetTimelineRequest, GetTimelineResponse, ListAgentStatesRequest, Ruling, TimelineEntry,
    TimelineOutcome,
};
use tonic::{Code, Status};
use tonic_types::StatusExt as _;

use crate::stage::{HISTORY_KEPT, NOW, Stage, id, limits, logged_in, nobody, within};

fn of(number: usize) -> GetTimelineRequest {
    GetTimelineRequest { id: Some(Id::AgentId(id(number))), ..Default::default() }
}

async fn ask(stage: &Stage, request: GetTimelineRequest) -> Result<GetTimelineResponse, Status> {
    let answer = within(DiagnosisServiceClient::new(stage.channel()).get_timeline(request)).await;
    answer.map(tonic::Response::into_inner)
}

/// A push that says a presence at an instant; `tick` tells it from others.
fn pushed(number: usize, system: SystemPresence, at: i64, tick: i64) -> Observation {
    let presence = Presence { system, definition_id: None, message: "".into() };
    let clock = Some(Clock::at(Timestamp::from_millis(at)));
    Observation {
        user_id: UserId::from(&*id(number)),
        source: Source::Webhook,
        heard_at: Timestamp::from_millis(NOW + tick),
        as_of: None,
        event_id: Some(format!("event-{tick}").into()),
        statement: Statement { presence: Some(Said { value: presence, clock }), ..Statement::default() },
    }
}

fn heard(observation: Observation) -> Input {
    Input::Observation(Box::new(observation))
}

fn rulings(entry: &TimelineEntry) -> Vec<(&str, Ruling, &str)> {
    entry.rulings.iter().map(|each| (&*each.facet, each.ruling(), &*each.rule)).collect()
}

#[tokio::test]
async fn every_statement_is_told_with_the_rule_that_decided_newest_first() {
    let stage = Stage::open().await;
    let busy = |at, tick| pushed(1, SystemPresence::Busy, at, tick);
    let mut elsewhere = busy(NOW, 5);
    elsewhere.statement.secondary_presence = elsewhere.statement.presence.take();
    let day = 24 * 3_600_000;
    for observation in [
        busy(NOW, 1),
        busy(NOW, 2),
        pushed(1, SystemPresence::Meal, NOW - 10, 3),
        pushed(1, SystemPresence::Meal, NOW + 2 * day, 4),
        elsewhere,
        pushed(1, SystemPresence::Available, NOW, 6),
        pushed(2, SystemPresence::Meal, NOW, 7),
    ] {
        stage.roster.take(&[heard(observation)]);
    }
    let page = ask(&stage, of(1)).await.expect("a timeline");
    let told: Vec<_> = page
        .entries
        .iter()
        .map(|entry| (&*entry.event_id, entry.outcome(), &*entry.rule, entry.revision))
        .collect();
    use TimelineOutcome::{Applied, Duplicate, Rejected, Stale};
    assert_eq!(
        told,
        [
            ("event-6", Stale, "same instant as what we hold, of lower rank", 0),
            ("event-5", Rejected, "not the primary presence source", 0),
            ("event-4", Rejected, "dated more than a day ahead of our clock", 0),
            ("event-3", Stale, "older than what we hold", 0),
            ("event-2", Duplicate, "duplicate", 0),
            ("event-1", Applied, "newest heard so far", 1),
        ]
    );
    let older = &page.entries[3];
    assert_eq!(rulings(older), [("presence", Ruling::Older, "older than what we hold")]);
    let said = older.said.as_ref().and_then(|said| said.presence.as_ref()).expect("what was said");
    assert_eq!((said.system(), said.since), (v1::SystemPresence::Meal, older.rulings[0].began_at));
    assert_eq!(older.heard_at.expect("when").nanos, 3_000_000);
    assert_eq!(older.source(), v1::Source::Webhook);
    let held = page.agent_state.expect("what is held").presence.expect("a presence");
    assert_eq!(held.system(), v1::SystemPresence::Busy);
    assert_eq!((&*page.agent_id, &*page.user_id, &*page.note), (&*id(1), &*id(1), ""));
    assert_eq!(page.kept_since, page.entries[5].heard_at);
    assert!(page.next_page_token.is_empty());
}

#[tokio::test]
async fn pages_hold_while_new_statements_come_in() {
    let stage = Stage::open().await;
    let say = |ticks: std::ops::Range<i64>| {
        for tick in ticks {
            stage.roster.take(&[heard(pushed(1, SystemPresence::Busy, NOW + tick, tick))]);
            stage.roster.take(&[heard(pushed(2, SystemPresence::Busy, NOW + tick, tick))]);
        }
    };
    say(0..10);
    let (mut request, mut told) = (GetTimelineRequest { page_size: 3, ..of(1) }, Vec::new());
    loop {
        let page = ask(&stage, request.clone()).await.expect("a page");
        told.extend(page.entries.into_iter().map(|entry| entry.event_id));
        if page.next_page_token.is_empty() {
            break;
        }
        request.page_token = page.next_page_token;
        say(100..102);
    }
    let expected: Vec<_> = (0..10).rev().map(|tick| format!("event-{tick}")).collect();
    assert_eq!(told, expected);
}

#[tokio::test]
async fn a_timeline_is_bounded_and_says_how_far_back_it_goes() {
    let stage = Stage::open().await;
    stage.roster.take(&[heard(pushed(2, SystemPresence::Busy, NOW, 0))]);
    let count = i64::try_from(HISTORY_KEPT).unwrap() + 500;
    for tick in 1..=count {
        stage.roster.take(&[heard(pushed(1, SystemPresence::Busy, NOW + tick, tick))]);
    }
    let page = ask(&stage, GetTimelineRequest { page_size: 1_000, ..of(1) }).await.expect("a page");
    assert_eq!(page.entries[0].event_id, format!("event-{count}"));
    assert!(page.entries.len() <= 1_000);
    // Whoever was heard of only before that is still held, and the page says why it is empty.
    let page = ask(&stage, of(2)).await.expect("an explained page");
    assert_eq!(
        (page.entries.len(), &*page.note),
        (0, "nothing (older) that was heard about this agent is kept")
    );
    assert!(page.agent_state.is_some() && page.kept_since.is_some() && page.next_page_token.is_empty());
}

#[tokio::test]
async fn an_agent_nobody_heard_of_is_a_finding_never_an_empty_page() {
    let stage = Stage::open().await;
    let request =
        |agent_id: String| GetTimelineRequest { id: Some(Id::AgentId(agent_id)), ..Default::default() };
    for (agent_id, code, reason) in [
        (nobody(), Code::NotFound, "AGENT_UNKNOWN"),
        ("12345".to_owned(), Code::InvalidArgument, "ID_MALFORMED"),
    ] {
        let refused = ask(&stage, request(agent_id)).await.expect_err("a finding");
        let info = refused.get_details_error_info().expect("error info");
        assert_eq!((refused.code(), &*info.reason), (code, reason));
    }
}

#[tokio::test]
async fn an_agent_whom_only_the_platform_knows_has_a_timeline_from_then_on() {
    let stage = Stage::with(limits(), |keeper, _| {
        keeper.take(&[logged_in(7, SystemPresence::Meal, NOW)]);
        Some(Report::Told)
    })
    .await;
    let page = ask(&stage, of(7)).await.expect("a timeline");
    assert_eq!((page.entries.len(), page.entries[0].source()), (1, v1::Source::Lookup));
    assert!(page.agent_state.is_some());
}

#[tokio::test]
async fn an_agent_s_id_and_a_person_s_lead_to_the_same_timeline() {
    let stage = Stage::open().await;
    let mut observation = pushed(1, SystemPresence::Busy, NOW, 1);
    observation.statement.agent_id = Some(AgentId::from(&*id(11)));
    stage.roster.take(&[heard(observation)]);
    let by_agent = ask(&stage, of(11)).await.expect("a timeline");
    let by_user = GetTimelineRequest { id: Some(Id::UserId(id(1))), ..Default::default() };
    assert_eq!(ask(&stage, by_user).await.expect("a timeline"), by_agent);
    assert_eq!((&*by_agent.agent_id, &*by_agent.user_id), (&*id(11), &*id(1)));
}

#[tokio::test]
async fn a_request_at_fault_is_refused_by_field() {
    let stage = Stage::open().await;
    stage.roster.list_nobody();
    for tick in 0..2 {
        stage.roster.take(&[heard(pushed(1, SystemPresence::Busy, NOW + tick, tick))]);
        stage.roster.take(&[heard(pushed(2, SystemPresence::Busy, NOW + tick, tick))]);
    }
    let one = GetTimelineRequest { page_size: 1, ..of(1) };
    let token = ask(&stage, one).await.expect("a page").next_page_token;
    let list = ListAgentStatesRequest { page_size: 1, ..Default::default() };
    let list = within(stage.client().list_agent_states(list)).await.expect("a page").into_inner();
    let mut texts = BTreeSet::new();
    for (request, field) in [
        (GetTimelineRequest::default(), "id"),
        (GetTimelineRequest { page_size: -1, ..of(1) }, "page_size"),
        (GetTimelineRequest { page_size: 1_001, ..of(1) }, "page_size"),
        (GetTimelineRequest { page_token: "garbage".into(), ..of(1) }, "page_token"),
        (GetTimelineRequest { page_token: list.next_page_token, ..of(1) }, "page_token"),
        (GetTimelineRequest { page_token: token, ..of(2) }, "page_token"),
    ] {
        let refused = ask(&stage, request).await.expect_err(field);
        assert_eq!(refused.code(), Code::InvalidArgument);
        let violations = refused.get_details_bad_request().expect("violations").field_violations;
        assert_eq!(violations.iter().map(|violation| &*violation.field).collect::<Vec<_>>(), [field]);
        texts.insert(refused.message().to_owned());
    }
    assert!(texts.iter().any(|text| text.contains("given out for another agent")), "{texts:?}");
}
