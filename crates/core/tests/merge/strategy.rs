//! Random histories over a small world: few agents and few instants, so that every kind of collision happens.

use std::collections::BTreeSet;
use std::sync::Arc;

use onduty_core::agent::{
    AccountState, AgentId, DivisionId, Presence, QueueId, RoutingStatus, SystemPresence, UserId,
};
use onduty_core::definition::{Definition, Definitions};
use onduty_core::dialect::Dialect;
use onduty_core::observation::{Clock, Input, Listing, Observation, Said, Source, Statement};
use onduty_core::time::Timestamp;
use proptest::option::{of, weighted};
use proptest::prelude::*;
use proptest::sample::select;

fn instant() -> impl Strategy<Value = Timestamp> {
    // One in twenty is nonsense from the far future.
    prop_oneof![19 => 0..20_i64, 1 => Just(400 * 24 * 3600 * 1000)].prop_map(Timestamp::from_millis)
}

fn clock() -> impl Strategy<Value = Option<Clock>> {
    weighted(0.8, (instant(), 0..3_u64).prop_map(|(at, version)| Clock { at, version }))
}

fn said<T: std::fmt::Debug + Clone>(
    value: impl Strategy<Value = T>,
) -> impl Strategy<Value = Option<Said<T>>> {
    of((value, clock()).prop_map(|(value, clock)| Said { value, clock }))
}

fn presence() -> impl Strategy<Value = Presence> {
    (
        select(&SystemPresence::KNOWN[..3]),
        of(select(vec!["d1", "d2"]).prop_map(Arc::from)),
        select(vec!["", "back soon"]),
    )
        .prop_map(|(system, definition_id, message)| Presence {
            system,
            definition_id,
            message: message.into(),
        })
}

fn queues() -> impl Strategy<Value = BTreeSet<QueueId>> {
    proptest::collection::btree_set(select(vec!["q1", "q2"]).prop_map(QueueId::from), 0..3)
}

fn statement() -> impl Strategy<Value = Statement> {
    let profile = (
        of(select(vec!["a1", "a2", "u1"]).prop_map(AgentId::from)),
        of(select(vec!["Ada", "Ben"]).prop_map(Arc::from)),
        of(select(vec!["d1", "d2"]).prop_map(DivisionId::from)),
        weighted(0.2, select(vec![AccountState::Active, AccountState::Inactive, AccountState::Deleted])),
    );
    let facets = (
        (said(presence()), said(presence())),
        said(select(&RoutingStatus::KNOWN[..3])),
        said(any::<bool>()),
        said(queues()),
        said(any::<bool>()),
        prop::bool::weighted(0.1),
    );
    (profile, facets).prop_map(|((agent_id, name, division_id, account), facets)| {
        let ((presence, secondary_presence), routing_status, out_of_office, active_queues, login, absent) =
            facets;
        if absent {
            return Statement { absent, ..Statement::default() };
        }
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
    let heard_at = (0..20_i64).prop_map(Timestamp::from_millis);
    (select(vec!["u1", "u2", "u3"]), select(&Source::ALL[..]), heard_at, of(instant()), statement()).prop_map(
        |(user, source, heard_at, as_of, statement)| {
            let user_id = UserId::from(user);
            Input::Observation(Box::new(Observation {
                user_id,
                source,
                heard_at,
                as_of,
                event_id: None,
                statement,
            }))
        },
    )
}

fn listing() -> impl Strategy<Value = Input> {
    (0..20_i64).prop_map(|start| {
        let (started_at, finished_at) = (Timestamp::from_millis(start), Timestamp::from_millis(start + 2));
        Input::Listing(Listing { started_at, finished_at, agents: 0 })
    })
}

fn definitions() -> impl Strategy<Value = Input> {
    let label = select(vec!["Coffee", "Tea"]);
    let by_id = proptest::collection::btree_map(select(vec!["d1", "d2"]).prop_map(Arc::from), label, 0..3);
    (0..20_i64, select(vec!["en_US", "de"]), by_id).prop_map(|(at, locale, by_id)| {
        let definition = |label: &str| Definition {
            labels: [("en_US", label), ("de", "Pause")].map(|(l, text)| (l.into(), text.into())).into(),
            ..Definition::default()
        };
        let by_id = by_id.into_iter().map(|(id, label)| (id, definition(label))).collect();
        let read_at = Timestamp::from_millis(at);
        Input::Definitions(Arc::new(Definitions { read_at, locale: locale.into(), by_id }))
    })
}

fn dialect() -> impl Strategy<Value = Input> {
    (0..20_i64, select(vec!["users", "agent-states"])).prop_map(|(at, api)| {
        let (found_at, address) = (Timestamp::from_millis(at), "https://api.example".into());
        Input::Dialect(Arc::new(Dialect { found_at, address, api: api.into() }))
    })
}

/// A history of inputs.
pub(crate) fn history() -> impl Strategy<Value = Vec<Input>> {
    let input = prop_oneof![12 => observation(), 1 => listing(), 1 => definitions(), 1 => dialect()];
    proptest::collection::vec(input, 0..40)
}

/// A history, and the same with some inputs repeated, in another order.
pub(crate) fn history_and_replay() -> impl Strategy<Value = (Vec<Input>, Vec<Input>)> {
    history().prop_flat_map(|history| {
        let again = proptest::sample::subsequence(history.clone(), 0..=history.len());
        let replay = again.prop_flat_map({
            let history = history.clone();
            move |again| Just([history.clone(), again].concat()).prop_shuffle()
        });
        (Just(history), replay)
    })
}
