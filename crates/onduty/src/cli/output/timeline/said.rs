//! What one entry says, a facet at a time, in the words of people.

use onduty_proto::v1::{AgentState, Ruling, TimelineEntry, TimelineOutcome};
use prost_types::Timestamp;

use crate::cli::output::{palette, plain};

/// One thing that was said, and the rule about it.
#[derive(Debug, PartialEq)]
pub(super) struct Said {
    pub(super) what: String,
    pub(super) began_at: Option<Timestamp>,
    pub(super) rule: String,
    /// Absent where none was kept, or where it was not about a facet.
    pub(super) ruling: Option<Ruling>,
}

/// Everything that an entry says; at least one.
pub(super) fn said(entry: &TimelineEntry) -> Vec<Said> {
    let nothing = AgentState::default();
    let state = entry.said.as_ref().unwrap_or(&nothing);
    let each = facets(state).into_iter().map(|(facet, what, began_at)| {
        let ruling = entry.rulings.iter().find(|ruling| ruling.facet == facet);
        Said {
            what,
            began_at,
            rule: ruling.map_or(&entry.rule, |ruling| &ruling.rule).clone(),
            ruling: ruling.map(onduty_proto::v1::FacetRuling::ruling),
        }
    });
    let mut all: Vec<Said> = each.collect();
    if all.is_empty() || entry.absent {
        let what = about_the_agent(entry, state);
        all.push(Said { what, began_at: entry.as_of, rule: entry.rule.clone(), ruling: None });
    }
    all
}

/// The facets said, by the names that rulings have, with the platform's clock of each.
fn facets(state: &AgentState) -> Vec<(&'static str, String, Option<Timestamp>)> {
    let presence = state
        .presence
        .as_ref()
        .map(|presence| ("presence", format!("presence {}", palette::presence(state).0), presence.since));
    let routing = state
        .routing_status
        .as_ref()
        .map(|routing| ("routing_status", format!("routing {}", palette::routing(state).0), routing.since));
    let away = state.out_of_office.map(|away| {
        let what = if away { "out of office: yes" } else { "out of office: no" };
        ("out_of_office", what.to_owned(), state.out_of_office_since)
    });
    let queues = state.active_queues_known.then(|| {
        let what = match state.active_queue_ids.len() {
            0 => "on no queue".to_owned(),
            1 => "on 1 queue".to_owned(),
            count => format!("on {count} queues"),
        };
        ("active_queues", what, state.active_queues_since)
    });
    let login = state.logged_in.map(|login| {
        let what = if login { "logged in" } else { "logged out" };
        ("logged_in", what.to_owned(), state.logged_in_since)
    });
    [presence, routing, away, queues, login].into_iter().flatten().collect()
}

fn about_the_agent(entry: &TimelineEntry, state: &AgentState) -> String {
    match entry.outcome() {
        _ if entry.absent => "no such agent".to_owned(),
        TimelineOutcome::Removed | TimelineOutcome::Forgotten => "nothing".to_owned(),
        _ if !entry.account.is_empty() && entry.account != "active" => {
            format!("account {}", plain(&entry.account))
        }
        _ if !state.name.is_empty() || !state.division_id.is_empty() || !state.agent_id.is_empty() => {
            "profile".to_owned()
        }
        _ => "that there is one".to_owned(),
    }
}
