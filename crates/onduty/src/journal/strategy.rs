//! Random inputs for the properties of the store: few agents and few instants, so that everything collides, and
//! instants hours apart, so that tombstones grow old enough to be forgotten.

use std::collections::BTreeSet;
use std::sync::Arc;

use onduty_core::agent::{
    AccountState, AgentId, DivisionId, Presence, QueueId, RoutingStatus, SystemPresence, UserId,
};
use onduty_core::definition::{Definition, Definitions};
use onduty_core::dialect::Dialect;
use onduty_core::observation::{Clock, Input, Listing, Observation, Said, Source, Statement};
use onduty_core::time::Timestamp;
use proptest::collection::{btree_map, btree_set, vec};
use proptest::option::{of, weighted};
use proptest::prelude::*;
use proptest::sample::select;

fn instant() -> impl Strategy<Value = Timestamp> {
    (0..60_i64).prop_map(|hours| Timestamp::from_millis(hours * 3_600_000 + 7))
}

fn said<T: std::fmt::Debug + Clone>(
    value: impl Strategy<Value = T>,
) -> impl Strategy<Value = Option<Said<T>>> {
    let clock = (instant(), 0..3_u64).prop_map(|(at, version)| Clock { at, version });
    of((value, weighted(0.7, clock)).prop_map(|(value, clock)| Said { value, clock }))
}

fn presence() -> impl Strategy<Value = Presence> {
    let system = select(vec!["Available", "On Queue", "Siesta (long)"]);
    let definition_id = of(Just(Arc::from("6a3a")));
    (system, definition_id, select(vec!["", "zurück um 3"])).prop_map(|(system, definition_id, message)| {
        Presence { system: SystemPresence::parse(system), definition_id, message: message.into() }
    })
}

fn routing_status() -> impl Strategy<Value = RoutingStatus> {
    select(vec!["Idle", "INTERACTING", "daydreaming"]).prop_map(RoutingStatus::parse)
}

fn queues() -> impl Strategy<Value = BTreeSet<QueueId>> {
    btree_set(select(vec!["q1", "q2"]).prop_map(QueueId::from), 0..3)
}

/// Anything that can be said of an agent.
pub(crate) fn statement() -> impl Strategy<Value = Statement> {
    let account = select(vec![AccountState::Active, AccountState::Inactive, AccountState::Deleted]);
    let profile = (
        of(select(vec!["a1", "a2"]).prop_map(AgentId::from)),
        of(select(vec!["Ada", "Ben"]).prop_map(Arc::from)),
        of(select(vec!["d1", "d2"]).prop_map(DivisionId::from)),
        weighted(0.2, account),
    );
    let facets = (
        (said(presence()), said(presence())),
        said(routing_status()),
        said(any::<bool>()),
        said(queues()),
        said(any::<bool>()),
        prop::bool::weighted(0.1),
    );
    (profile, facets).prop_map(|((agent_id, name, division_id, account), facets)| {
        let ((presence, secondary_presence), routing_status, out_of_office, active_queues, login, absent) =
            facets;
        Statement {
            agent_id,
            name,
            division_id,
            account,
            presence,
            secondary_presence,
            routing_status,
            out_of_office,
            active_queues,
            login,
            absent,
        }
    })
}

fn observation() -> impl Strategy<Value = Input> {
    let who = (select(vec!["u1", "u2", "u3", "u4"]), select(&Source::ALL[..]));
    (who, instant(), of(instant()), of(Just(Arc::from("e1"))), statement()).prop_map(
        |((user_id, source), heard_at, as_of, event_id, statement)| {
            let user_id = UserId::from(user_id);
            Input::Observation(Box::new(Observation {
                user_id,
                source,
                heard_at,
                as_of,
                event_id,
                statement,
            }))
        },
    )
}

fn listing() -> impl Strategy<Value = Input> {
    instant().prop_map(|started_at| {
        Input::Listing(Listing {
            started_at,
            finished_at: Timestamp::from_millis(started_at.as_millis() + 1),
            agents: 4,
        })
    })
}

fn definitions() -> impl Strategy<Value = Input> {
    let labels =
        btree_map(select(vec!["en_US", "de"]).prop_map(Arc::from), select(LABELS).prop_map(Arc::from), 0..3);
    let words = (of(Just(Arc::from("Coffee"))), of(Just(Arc::from("User"))));
    let division_id = of(select(vec!["d1", "d2"]).prop_map(DivisionId::from));
    let system = of(select(vec!["Break", "Siesta (long)"]).prop_map(SystemPresence::parse));
    let definition = (words, labels, system, division_id, any::<bool>()).prop_map(
        |((name, kind), labels, system, division_id, deactivated)| Definition {
            name,
            kind,
            labels,
            system,
            division_id,
            deactivated,
        },
    );
    let by_id = btree_map(select(vec!["6a3a", "7b"]).prop_map(Arc::from), definition, 0..3);
    (instant(), select(vec!["en_US", "de"]), by_id).prop_map(|(read_at, locale, by_id)| {
        Input::Definitions(Arc::new(Definitions { read_at, locale: locale.into(), by_id }))
    })
}

const LABELS: &[&str] = &["Kaffee", "Tea", ""];

fn dialect() -> impl Strategy<Value = Input> {
    (instant(), select(vec!["users", "agent-states"])).prop_map(|(found_at, api)| {
        let address = "https://api.example".into();
        Input::Dialect(Arc::new(Dialect { found_at, address, api: api.into() }))
    })
}

/// Batches of inputs.
pub(crate) fn batches() -> impl Strategy<Value = Vec<Vec<Input>>> {
    let input = prop_oneof![8 => observation(), 1 => listing(), 1 => definitions(), 1 => dialect()];
    vec(vec(input, 0..6), 0..16)
}
