//! Every way to an empty look-up that the origin thread and the catalogue of empties name,
//! played against the simulator over real sockets: first the caller's view without onduty is asserted, then onduty's
//! finding, then the cause is lifted and the state is there, or the blame has moved to a later cause.
//!
//! | rows | where |
//! | --- | --- |
//! | the thread's statements; E01 wrong endpoint, E06 wrong region | [`thread`] |
//! | E07 permission, E08 division, E09 fresh grant, E10 scope, policies | [`rights`] |
//! | E02 form of the id, E03 inactive, E04 deleted, E05 unknown, E06 wrong organisation | [`identity`] |
//! | E26 source not primary, E29 rate limited, E30 never swept | [`staleness`] |
//! | no answer, stale caches, states withheld | [`staleness`] |
//! | E12 expand dropped, E13 page capped, E14 top fifty, E15 truncated, E16 name hidden | [`lists`] |
//! | E17 not joined, E18 definition hidden, E19 wrong metric, E20 search lag | [`lists`] |
//!
//! Not here: E11 (no user context) is about calls that onduty never makes, and E10 on the users API about tokens that
//! it never has: there the scenario is that scopes do not bind, and the agent-states API's scopes stand for the row.
//! E21 to E25, E27 and E28 are silences of push, which no look-up shows.
//!
//! Each family prints its rows of the table cause, caller's view, finding, requests spent. [`silence`] sends one miss
//! of each reason over every wire and greps the bytes for an empty answer that says nothing.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that can't go on has failed; clippy knows tests only by their attribute"
)]

mod cast;
mod identity;
mod lists;
mod platform;
#[path = "../e2e/ports.rs"]
mod ports;
mod rights;
mod scenario;
mod silence;
mod stage;
mod staleness;
mod thread;
mod wires;

use std::collections::BTreeSet;

use onduty_core::finding::Reason;
use scenario::Scenario;

fn all() -> Vec<Scenario> {
    [
        thread::scenarios(),
        rights::scenarios(),
        identity::scenarios(),
        staleness::scenarios(),
        lists::scenarios(),
    ]
    .concat()
}

#[test]
fn no_reason_for_a_miss_is_without_a_scenario() {
    let of_the_doctor = [
        Reason::ClockSkewed,
        Reason::SourceSilent,
        Reason::ChannelLost,
        Reason::TopicRejected,
        Reason::StoreFailing,
        Reason::ConfigurationInvalid,
    ];
    let shown: BTreeSet<Reason> = all().iter().flat_map(Scenario::reasons).collect();
    let missing: Vec<&Reason> = Reason::ALL
        .iter()
        .filter(|reason| !shown.contains(reason) && !of_the_doctor.contains(reason))
        .collect();
    assert_eq!(missing, Vec::<&Reason>::new());
}

#[test]
fn no_row_about_look_ups_is_without_a_scenario() {
    let elsewhere = [11, 21, 22, 23, 24, 25, 27, 28];
    let played: Vec<&str> = all().iter().map(Scenario::row).collect();
    let missing: Vec<String> = (1..=30)
        .filter(|number| !elsewhere.contains(number))
        .map(|number| format!("E{number:02}"))
        .filter(|code| !played.iter().any(|row| row.contains(code)))
        .collect();
    assert_eq!(missing, Vec::<String>::new());
}
