//! Timelines at two widths, with and without colour.

use onduty_proto::v1::{
    AgentPresence, AgentRoutingStatus, AgentState, FacetRuling, RoutingStatus, SystemPresence,
};
use prost_types::Timestamp as Stamp;

use super::*;

/// 2023-11-14T22:13:20Z.
const NOW: Timestamp = Timestamp::from_millis(1_700_000_000_000);
const DAY: i64 = 86_400;

fn before(seconds: i64) -> Option<Stamp> {
    Some(Stamp { seconds: 1_700_000_000 - seconds, nanos: 0 })
}

fn presence(system: SystemPresence, seconds: i64) -> Option<AgentPresence> {
    Some(AgentPresence { system: system.into(), since: before(seconds), ..Default::default() })
}

fn ruled(facet: &str, ruling: Ruling, rule: &str) -> FacetRuling {
    FacetRuling { facet: facet.to_owned(), ruling: ruling.into(), rule: rule.to_owned(), began_at: None }
}

fn ada() -> GetTimelineResponse {
    let routing = |status: RoutingStatus, seconds| {
        Some(AgentRoutingStatus { status: status.into(), since: before(seconds), ..Default::default() })
    };
    let entry = |heard, source: Source, outcome: TimelineOutcome, rule: &str, said, rulings| TimelineEntry {
        heard_at: before(heard),
        source: source.into(),
        outcome: outcome.into(),
        rule: rule.to_owned(),
        said: Some(said),
        rulings,
        ..Default::default()
    };
    let elsewhere = "not the primary presence source";
    GetTimelineResponse {
        entries: vec![
            entry(
                1,
                Source::Webhook,
                TimelineOutcome::Rejected,
                elsewhere,
                AgentState { presence: presence(SystemPresence::Meal, 2), ..Default::default() },
                vec![ruled("presence", Ruling::NotPrimary, elsewhere)],
            ),
            entry(
                5,
                Source::Webhook,
                TimelineOutcome::Applied,
                "newest heard so far",
                AgentState {
                    presence: presence(SystemPresence::OnQueue, 900),
                    routing_status: routing(RoutingStatus::NotResponding, 6),
                    ..Default::default()
                },
                vec![
                    ruled("presence", Ruling::Duplicate, "duplicate"),
                    ruled("routing_status", Ruling::Applied, "newest heard so far"),
                ],
            ),
            entry(
                2 * DAY,
                Source::Sweep,
                TimelineOutcome::Applied,
                "new in the directory: the profile, or the agent",
                AgentState { name: "Ada".to_owned(), ..Default::default() },
                Vec::new(),
            ),
        ],
        agent_id: "a1".to_owned(),
        user_id: "u1".to_owned(),
        agent_state: Some(AgentState {
            name: "Ada\u{1b}".to_owned(),
            presence: presence(SystemPresence::OnQueue, 900),
            routing_status: routing(RoutingStatus::NotResponding, 6),
            confirmed_at: before(3),
            revision: 42,
            ..Default::default()
        }),
        kept_since: before(500 * DAY),
        ..Default::default()
    }
}

fn drawn(timeline: &GetTimelineResponse, width: u16, colour: bool) -> String {
    let screen = Screen { is_terminal: colour, width, height: 24, colour };
    lines(timeline, NOW, screen).join("\n")
}

#[test]
fn eighty_columns_tell_who_what_is_held_what_was_heard_and_why() {
    let expected = "\
Ada\u{fffd}, a1 (user u1)
  held   on queue, not responding; confirmed 3s ago; revision 42
  heard  newest first, times in UTC; kept since 2022-07-02
HEARD        SOURCE   SAID                    BEGAN     RULE
22:13:19     webhook  presence meal           22:13:18  not the primary
                                                        presence source
22:13:15     webhook  presence on queue       21:58:20  duplicate
                      routing not responding  22:13:14  newest heard so far
11-12 22:13  sweep    profile                           new in the directory:
                                                        the profile, or the
                                                        agent";
    let told = drawn(&ada(), 80, false);
    assert_eq!(told, expected);
}

#[test]
fn a_wide_screen_has_the_outcome_and_no_screen_is_exceeded() {
    let told = drawn(&ada(), 120, false);
    let table: Vec<&str> = told.lines().skip(3).collect();
    assert_eq!(
        table,
        [
            "HEARD        SOURCE   SAID                    BEGAN     OUTCOME    RULE",
            "22:13:19     webhook  presence meal           22:13:18  rejected   not the primary presence source",
            "22:13:15     webhook  presence on queue       21:58:20  duplicate  duplicate",
            "                      routing not responding  22:13:14  applied    newest heard so far",
            "11-12 22:13  sweep    profile                           applied    new in the directory: the profile, or the agent",
        ]
    );
    for width in [40, 60, 80, 99, 100, 120] {
        let told = drawn(&ada(), width, false);
        let widest = told.lines().skip(3).map(|line| line.chars().count()).max();
        assert!(widest <= Some(usize::from(width)), "{width}: {told}");
    }
}

#[test]
fn colour_repeats_what_words_say() {
    let (plain, told) = (drawn(&ada(), 120, false), drawn(&ada(), 120, true));
    let mut stripped = String::new();
    for (at, part) in told.split('\u{1b}').enumerate() {
        let text = if at == 0 { part } else { part.split_once('m').expect("the end of a code").1 };
        stripped.push_str(text);
    }
    let trimmed: Vec<&str> = stripped.lines().map(str::trim_end).collect();
    assert_eq!(trimmed.join("\n"), plain);
    let coloured =
        |text: &str| told.lines().find(|line| line.contains(text)).expect(text).matches('\u{1b}').count();
    assert!(coloured("not the primary presence source") > 0, "{told:?}");
}

#[test]
fn an_empty_timeline_says_why() {
    let empty = GetTimelineResponse {
        agent_id: "a1".to_owned(),
        note: "nothing is kept".to_owned(),
        ..Default::default()
    };
    assert_eq!(drawn(&empty, 80, false), "a1\n  note   nothing is kept\n  heard  newest first, times in UTC");
}
