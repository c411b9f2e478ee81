//! From a question to a state or a finding: one row per situation.

use std::sync::Arc;
use std::time::Duration;

use onduty_core::access::{Needs, Seen};
use onduty_core::account::Place;
use onduty_core::agent::{AccountState, AgentId, RoutingStatus, UserId};
use onduty_core::answer::{
    Answer, Asked, Glance, Question, Refusal, Report, conclude, glance, looks_like_an_id,
};
use onduty_core::cursor::Epoch;
use onduty_core::facts::{Existence, Facts, Listed};
use onduty_core::finding::{ASKED_SHOWN_MAX, Evidence, Reason};
use onduty_core::observation::{Clock, Input, Listing, Observation, Said, Source, Statement};
use onduty_core::roster::Roster;
use onduty_core::selector::Selector;
use onduty_core::time::Timestamp;

const ADA: &str = "4a2f0f6e-0d0b-4b3e-9b0e-6f2f5a0c1d11";
const NOBODY: &str = "00000000-0000-4000-8000-000000000000";
const NOW: Timestamp = Timestamp::from_millis(1_000_000);

/// A roster after these statements about Ada, made at the instants given (in ms).
fn after(said: Vec<(i64, Statement)>) -> Roster {
    let mut roster = Roster::new(Epoch(1));
    for (at, statement) in said {
        let heard_at = Timestamp::from_millis(at);
        let user_id = UserId::from(ADA);
        let source = Source::Sweep;
        let observation = Observation { user_id, source, heard_at, as_of: None, event_id: None, statement };
        roster.step(&Input::Observation(Box::new(observation)));
    }
    roster
}

fn listed(mut roster: Roster, at: i64) -> Roster {
    let (started_at, finished_at) = (Timestamp::from_millis(at), Timestamp::from_millis(at));
    roster.step(&Input::Listing(Listing { started_at, finished_at, agents: 1 }));
    roster
}

fn idle() -> Statement {
    let clock = Some(Clock::at(Timestamp::from_millis(500)));
    Statement { routing_status: Some(Said { value: RoutingStatus::Idle, clock }), ..Statement::default() }
}

fn login(value: bool) -> Statement {
    let clock = Some(Clock::at(Timestamp::from_millis(600)));
    Statement { login: Some(Said { value, clock }), ..Statement::default() }
}

fn account(state: AccountState) -> Statement {
    Statement { account: Some(state), ..Statement::default() }
}

fn ask(id: &str) -> Question {
    Question { asked: Asked::UserId(id.into()), max_staleness: Duration::from_secs(300) }
}

fn reason(answer: &Answer) -> Option<Reason> {
    match answer {
        Answer::State(_) => None,
        Answer::Miss(finding) => Some(finding.reason),
    }
}

fn refusals() -> [Refusal; 6] {
    [
        Refusal::RateLimited { until: NOW.after(Duration::from_secs(9)) },
        Refusal::Unavailable { since: NOW, detail: "connection refused".into() },
        Refusal::CredentialsRejected { detail: "invalid_client: client not found".into() },
        Refusal::Crowded,
        Refusal::NotInTime { since: NOW },
        Refusal::Stopping,
    ]
}

#[test]
fn memory_answers_only_while_its_evidence_is_fresh_enough() {
    let fresh = after(vec![(900_000, idle())]).snapshot();
    assert!(matches!(glance(&fresh, &ask(ADA), NOW), Glance::Settled(Answer::State(_))));
    let impatient = Question { max_staleness: Duration::from_secs(99), ..ask(ADA) };
    assert!(matches!(glance(&fresh, &impatient, NOW), Glance::MustAsk));
    let old = after(vec![(1_000, idle())]).snapshot();
    assert!(matches!(glance(&old, &ask(ADA), NOW), Glance::MustAsk));
    let profile_only = after(vec![(900_000, account(AccountState::Active))]).snapshot();
    assert!(matches!(glance(&profile_only, &ask(ADA), NOW), Glance::MustAsk));
}

#[test]
fn an_agent_is_found_by_either_of_its_ids_and_by_no_other() {
    let profile = Statement { agent_id: Some(AgentId::from("agent-7")), ..idle() };
    let snapshot = after(vec![(900_000, profile)]).snapshot();
    assert!(Asked::AgentId("agent-7".into()).row(&snapshot).is_some());
    assert!(Asked::UserId(ADA.into()).row(&snapshot).is_some());
    assert!(
        Asked::AgentId(ADA.into()).row(&snapshot).is_none(),
        "a user id is not an agent id where the two differ"
    );
    assert!(Asked::UserId("agent-7".into()).row(&snapshot).is_none());
}

#[test]
fn an_id_in_capitals_is_the_same_id() {
    let snapshot = after(vec![(900_000, idle())]).snapshot();
    let question = ask(&ADA.to_ascii_uppercase());
    assert!(matches!(glance(&snapshot, &question, NOW), Glance::Settled(Answer::State(_))));
    assert_eq!(reason(&conclude(&snapshot, &question, &Report::Told, NOW)), None);
}

#[test]
fn what_no_id_looks_like_is_refused_without_asking_and_without_repeating_a_megabyte() {
    let snapshot = after(vec![]).snapshot();
    let huge = "9".repeat(1_000_000);
    for id in ["", "12345", "ada@acme.example", "4a2f0f6e-0d0b-4b3e-9b0e-6f2f5a0c1d1g", &huge] {
        let Glance::Settled(Answer::Miss(finding)) = glance(&snapshot, &ask(id), NOW) else {
            panic!("{} characters should be refused", id.len());
        };
        assert_eq!(finding.reason, Reason::IdMalformed);
        assert!(finding.asked.len() <= ASKED_SHOWN_MAX);
    }
    assert!(looks_like_an_id(ADA) && looks_like_an_id(NOBODY));
}

#[test]
fn what_the_platform_told_becomes_a_state_or_the_directorys_word() {
    for (said, expected) in [
        (idle(), None),
        (login(true), None),
        (login(false), Some(Reason::NotLoggedIn)),
        (account(AccountState::Inactive), Some(Reason::AgentInactive)),
        (account(AccountState::Deleted), Some(Reason::AgentDeleted)),
        (account(AccountState::Active), Some(Reason::Undetermined)),
    ] {
        let snapshot = after(vec![(900_000, said.clone())]).snapshot();
        assert_eq!(reason(&conclude(&snapshot, &ask(ADA), &Report::Told, NOW)), expected, "{said:?}");
    }
}

/// Nothing found out.
fn nothing() -> Facts {
    Facts::none(Needs::NOTHING, Arc::default())
}

fn unknown() -> Report {
    let value = Existence::Unknown;
    let seen = Seen { value, origin: "/api/v2/users", at: NOW, correlation_id: Some("c1".into()) };
    Report::Missing(Arc::new(Facts { directory: Some(seen), ..nothing() }))
}

#[test]
fn absence_is_said_only_on_proof_and_carries_it() {
    let snapshot = listed(after(vec![]), 1).snapshot();
    let Answer::Miss(finding) = conclude(&snapshot, &ask(NOBODY), &unknown(), NOW) else {
        panic!("there is no such agent");
    };
    assert_eq!(finding.reason, Reason::AgentUnknown);
    assert!(finding.evidence.iter().any(|seen| seen.detail.contains("correlation id c1")), "{finding:?}");
}

#[test]
fn a_state_left_out_is_never_guessed_into_a_reason() {
    let seen = Seen { value: Listed::Omitted, origin: "/api/v2/users", at: NOW, correlation_id: None };
    let report = Report::Missing(Arc::new(Facts { list: Some(seen), ..nothing() }));
    let known = listed(after(vec![(900_000, account(AccountState::Active))]), 800_000).snapshot();
    let Answer::Miss(finding) = conclude(&known, &ask(ADA), &report, NOW) else {
        panic!("no state was given")
    };
    assert_eq!(finding.reason, Reason::Undetermined);
    assert!(finding.evidence.len() > 1, "it also says what the listing knows");
    let unsynced = after(vec![]).snapshot();
    assert_eq!(reason(&conclude(&unsynced, &ask(ADA), &report, NOW)), Some(Reason::NotYetSynced));
}

#[test]
fn a_read_older_than_what_was_pushed_is_named_unless_the_state_held_is_fresh_enough() {
    let older = Report::Overtaken(Evidence::at("lookup", "an older state", NOW));
    let pushed = after(vec![(900_000, idle())]).snapshot();
    assert_eq!(reason(&conclude(&pushed, &ask(ADA), &older, NOW)), None);
    let impatient = Question { max_staleness: Duration::from_secs(99), ..ask(ADA) };
    let Answer::Miss(finding) = conclude(&pushed, &impatient, &older, NOW) else { panic!("too old") };
    assert_eq!(finding.reason, Reason::PlatformCacheStale);
    assert!(finding.last_known.is_some() && finding.evidence.len() == 2);
}

#[test]
fn a_state_that_a_read_did_not_confirm_is_given_only_while_it_is_fresh_enough() {
    let seen = Evidence::at("lookup", "told no presence", NOW);
    let partly = Report::Unconfirmed(seen.clone());
    let known = after(vec![(900_000, idle())]).snapshot();
    assert_eq!(reason(&conclude(&known, &ask(ADA), &partly, NOW)), None);
    let impatient = Question { max_staleness: Duration::from_secs(99), ..ask(ADA) };
    let Answer::Miss(finding) = conclude(&known, &impatient, &partly, NOW) else { panic!("too old") };
    assert_eq!(finding.reason, Reason::StateStale);
    assert!(finding.last_known.is_some() && finding.evidence.contains(&seen), "{finding:?}");
    for (state, expected) in
        [(AccountState::Inactive, Reason::AgentInactive), (AccountState::Deleted, Reason::AgentDeleted)]
    {
        let gone = after(vec![(900_000, idle()), (900_001, account(state))]).snapshot();
        assert_eq!(reason(&conclude(&gone, &ask(ADA), &partly, NOW)), Some(expected));
    }
}

#[test]
fn what_was_pushed_while_the_platform_could_not_be_asked_is_an_answer() {
    let known = after(vec![(900_000, idle())]).snapshot();
    for refusal in refusals() {
        assert_eq!(reason(&conclude(&known, &ask(ADA), &Report::Refused(refusal), NOW)), None);
    }
}

#[test]
fn a_platform_that_cannot_be_asked_never_hides_what_is_known() {
    let known = listed(after(vec![(1_000, idle())]), 500).snapshot();
    for refusal in refusals() {
        let Answer::Miss(finding) = conclude(&known, &ask(ADA), &Report::Refused(refusal), NOW) else {
            panic!("the state is older than accepted");
        };
        assert_eq!(finding.reason, Reason::StateStale);
        assert!(matches!(*finding.also, [obstacle] if obstacle < Reason::StateStale), "{finding:?}");
        assert!(finding.last_known.is_some_and(|row| row.routing_status().is_some()));
    }
}

#[test]
fn a_platform_that_cannot_be_asked_is_named_by_what_stopped_it() {
    let (synced, unsynced) = (listed(after(vec![]), 1).snapshot(), after(vec![]).snapshot());
    let expected = [
        (Reason::RateLimited, Reason::NotYetSynced),
        (Reason::PlatformUnavailable, Reason::PlatformUnavailable),
        (Reason::CredentialsRejected, Reason::CredentialsRejected),
        (Reason::RateLimited, Reason::NotYetSynced),
        (Reason::PlatformUnavailable, Reason::NotYetSynced),
        (Reason::PlatformUnavailable, Reason::PlatformUnavailable),
    ];
    for (refusal, (when_synced, before)) in refusals().into_iter().zip(expected) {
        let report = Report::Refused(refusal);
        assert_eq!(reason(&conclude(&synced, &ask(NOBODY), &report, NOW)), Some(when_synced), "{report:?}");
        assert_eq!(reason(&conclude(&unsynced, &ask(NOBODY), &report, NOW)), Some(before), "{report:?}");
    }
}

#[test]
fn every_miss_has_a_summary_evidence_and_a_remedy() {
    let snapshot = after(vec![(900_000, login(false))]).snapshot();
    let reports =
        refusals().map(Report::Refused).into_iter().chain([unknown(), Report::Missing(Arc::new(nothing()))]);
    for (id, report) in reports.flat_map(|report| [(NOBODY, report.clone()), (ADA, report)]) {
        let Answer::Miss(finding) = conclude(&snapshot, &ask(id), &report, NOW) else { panic!("{report:?}") };
        assert!(!finding.summary.is_empty() && !finding.remedy.is_empty(), "{:?}", finding.reason);
        let bare = matches!(&report, Report::Missing(facts) if !facts.prove_absence()) && id == NOBODY;
        assert!(bare || !finding.evidence.is_empty(), "{:?} of {id} after {report:?}", finding.reason);
        assert!(finding.reason.help_url().ends_with(finding.reason.name()));
    }
}

#[test]
fn a_state_answer_is_shared_with_the_snapshot_and_not_copied() {
    let snapshot = after(vec![(900_000, idle())]).snapshot();
    let Glance::Settled(Answer::State(row)) = glance(&snapshot, &ask(ADA), NOW) else {
        panic!("Ada is known")
    };
    assert!(snapshot.by_user_id(ADA).is_some_and(|held| Arc::ptr_eq(held, &row)));
}

#[test]
fn an_old_word_of_absence_yields_to_whoever_is_held_as_existing() {
    let hired = after(vec![(900_000, idle())]).snapshot();
    assert_eq!(reason(&conclude(&hired, &ask(ADA), &unknown(), NOW)), None);
    let named_only = after(vec![(900_000, account(AccountState::Active))]).snapshot();
    assert_eq!(reason(&conclude(&named_only, &ask(ADA), &unknown(), NOW)), Some(Reason::Undetermined));
    let gone = Statement { absent: true, ..Statement::default() };
    let gone = after(vec![(800_000, idle()), (900_000, gone)]).snapshot();
    assert_eq!(reason(&conclude(&gone, &ask(ADA), &unknown(), NOW)), Some(Reason::AgentUnknown));
}

#[test]
fn an_account_that_is_switched_off_has_no_state_however_fresh_the_last_one_is() {
    let snapshot = after(vec![(900_000, idle()), (900_001, account(AccountState::Inactive))]).snapshot();
    assert!(matches!(glance(&snapshot, &ask(ADA), NOW), Glance::MustAsk));
    assert_eq!(reason(&conclude(&snapshot, &ask(ADA), &Report::Told, NOW)), Some(Reason::AgentInactive));
    let row = snapshot.by_user_id(ADA).unwrap();
    assert_eq!(Place::of(row, &Selector::default()), Place::Withheld(Reason::AgentInactive));
}
