//! Rows of every shape, for properties.

use std::collections::BTreeSet;
use std::sync::Arc;

use onduty_core::agent::{AgentId, DivisionId, Presence, QueueId, RoutingStatus, SystemPresence, UserId};
use onduty_core::cursor::Epoch;
use onduty_core::observation::{Clock, Input, Observation, Said, Source, Statement};
use onduty_core::roster::Roster;
use onduty_core::row::Row;
use onduty_core::time::Timestamp;
use proptest::option;
use proptest::prelude::*;

/// A row after one or two statements.
pub(super) fn any_row() -> impl Strategy<Value = Arc<Row>> {
    proptest::collection::vec((any_statement(), 0..4_usize, 1..100_000_i64), 1..3).prop_map(|heard| {
        let mut roster = Roster::new(Epoch(1));
        for (statement, source, heard_at) in heard {
            roster.step(&Input::Observation(Box::new(Observation {
                user_id: UserId::from("0e5c7a58-3bd4-4b0d-9d04-2f5b8a1c7e21"),
                source: Source::ALL[source],
                heard_at: Timestamp::from_millis(heard_at),
                as_of: None,
                event_id: None,
                statement,
            })));
        }
        roster.snapshot().rows().next().cloned().expect("somebody was named")
    })
}

fn said<T: std::fmt::Debug>(value: impl Strategy<Value = T>) -> impl Strategy<Value = Option<Said<T>>> {
    let clock = option::of((1..100_000_i64).prop_map(|at| Clock::at(Timestamp::from_millis(at))));
    option::of((value, clock).prop_map(|(value, clock)| Said { value, clock }))
}

fn any_statement() -> impl Strategy<Value = Statement> {
    let presence = (0..=SystemPresence::KNOWN.len(), option::of(".{0,40}"), ".{0,40}").prop_map(
        |(at, definition, message)| Presence {
            system: SystemPresence::KNOWN.get(at).cloned().unwrap_or_else(|| SystemPresence::parse("Siesta")),
            definition_id: definition.map(Into::into),
            message: message.into(),
        },
    );
    let routing = (0..=RoutingStatus::KNOWN.len()).prop_map(|at| {
        RoutingStatus::KNOWN.get(at).cloned().unwrap_or_else(|| RoutingStatus::parse("Dozing"))
    });
    let queues = proptest::collection::btree_set("[a-f0-9]{4}", 0..5)
        .prop_map(|ids| ids.iter().map(|id| QueueId::from(&**id)).collect::<BTreeSet<_>>());
    let words = (option::of("[a-z]{1,9}"), option::of(".{0,30}"), option::of("[a-z]{1,9}"));
    (words, said(presence), said(routing), said(any::<bool>()), said(queues), said(any::<bool>())).prop_map(
        |((agent_id, name, division), presence, routing_status, out_of_office, active_queues, login)| {
            Statement {
                agent_id: agent_id.map(|id| AgentId::from(&*id)),
                name: name.map(Into::into),
                division_id: division.map(|id| DivisionId::from(&*id)),
                presence,
                routing_status,
                out_of_office,
                active_queues,
                login,
                ..Statement::default()
            }
        },
    )
}
