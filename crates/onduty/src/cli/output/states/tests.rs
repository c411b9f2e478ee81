//! Tables at three widths, with and without colour.

use onduty_proto::v1::{AgentPresence, AgentRoutingStatus, RoutingStatus};
use prost_types::Timestamp as Stamp;

use super::*;

const NOW: Timestamp = Timestamp::from_millis(1_000_000);

fn before(seconds: i64) -> Option<Stamp> {
    Some(Stamp { seconds: 1_000 - seconds, nanos: 0 })
}

fn state(
    n: u8,
    name: &str,
    presence: (SystemPresence, i64),
    routing: Option<(RoutingStatus, i64)>,
) -> AgentState {
    AgentState {
        agent_id: format!("0000000{n}-1111-2222-3333-444444444444"),
        name: name.to_owned(),
        presence: Some(AgentPresence {
            system: presence.0.into(),
            since: before(presence.1),
            ..AgentPresence::default()
        }),
        routing_status: routing.map(|(status, seconds)| AgentRoutingStatus {
            status: status.into(),
            since: before(seconds),
            status_text: String::new(),
        }),
        active_queue_ids: vec!["q1".to_owned(), "q2".to_owned()],
        active_queues_known: routing.is_some(),
        confirmed_at: before(4),
        ..AgentState::default()
    }
}

fn people() -> Vec<AgentState> {
    vec![
        state(1, "Ada Lovelace", (SystemPresence::OnQueue, 900), Some((RoutingStatus::Interacting, 192))),
        state(2, "Grace Hopper", (SystemPresence::Meal, 60), Some((RoutingStatus::OffQueue, 60))),
        state(3, "Z\u{1b}[31m", (SystemPresence::OnQueue, 5), Some((RoutingStatus::NotResponding, 5))),
        AgentState { agent_id: "4".to_owned(), logged_in: Some(false), ..AgentState::default() },
    ]
}

fn screen(width: u16, colour: bool) -> Screen {
    Screen { is_terminal: colour, width, height: 24, colour }
}

#[test]
fn each_width_shows_what_it_has_room_for() {
    let narrow = "
NAME          PRESENCE    FOR     ROUTING         FOR
Ada Lovelace  on queue    15m 0s  interacting     3m 12s
Grace Hopper  meal        1m 0s   off queue       1m 0s
Z?[31m        on queue    5s      not responding  5s
              logged out          not known";
    let medium = "
AGENT                                 NAME          STATE
00000001-1111-2222-3333-444444444444  Ada Lovelace  interacting 3m 12s
00000002-1111-2222-3333-444444444444  Grace Hopper  meal 1m 0s
00000003-1111-2222-3333-444444444444  Z?[31m        not responding 5s
4                                                   logged out";
    let wide = "
AGENT                                 NAME          PRESENCE    FOR     ROUTING         FOR     QUEUES  CONFIRMED
00000001-1111-2222-3333-444444444444  Ada Lovelace  on queue    15m 0s  interacting     3m 12s  2       4s ago
00000002-1111-2222-3333-444444444444  Grace Hopper  meal        1m 0s   off queue       1m 0s   2       4s ago
00000003-1111-2222-3333-444444444444  Z?[31m        on queue    5s      not responding  5s      2       4s ago
4                                                   logged out          not known";
    for (width, expected) in [(60, narrow), (80, medium), (120, wide)] {
        let expected: Vec<String> =
            expected.lines().skip(1).map(|line| line.replace('?', "\u{fffd}")).collect();
        assert_eq!(table(&people(), NOW, screen(width, false)), expected, "{width}");
    }
}

#[test]
fn colour_adds_meaning_and_changes_no_text() {
    for width in [60, 80, 120] {
        let painted = table(&people(), NOW, screen(width, true));
        let bare: Vec<String> = painted.iter().map(|line| without_colour(line)).collect();
        assert_eq!(bare, table(&people(), NOW, screen(width, false)), "{width}");
    }
    let painted = table(&people(), NOW, screen(80, true));
    for (line, colour) in
        [(1, "\u{1b}[38;5;14m"), (2, "\u{1b}[38;5;11m"), (3, "\u{1b}[38;5;9m"), (4, "\u{1b}[2m")]
    {
        assert!(painted[line].contains(colour), "{:?}", painted[line]);
    }
}

fn without_colour(line: &str) -> String {
    let mut parts = line.split('\u{1b}');
    let mut bare = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        bare.push_str(part.split_once('m').map_or(part, |(_, rest)| rest));
    }
    bare.trim_end().to_owned()
}

#[test]
fn no_line_is_wider_than_the_screen() {
    let long = "Wolfeschlegelsteinhausenbergerdorff ".repeat(4);
    let states = [people(), vec![state(5, &long, (SystemPresence::Break, 356_400), None)]].concat();
    for width in 50..200 {
        for line in table(&states, NOW, screen(width, false)) {
            assert!(line.chars().count() <= usize::from(width), "{width}: {line}");
        }
    }
}
