//! The reference: keeps every statement and derives the state from the whole set by definition, with no regard
//! for order. Slow and stupid on purpose.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use onduty_core::agent::{AccountState, Presence, QueueId, RoutingStatus, UserId};
use onduty_core::definition::Definitions;
use onduty_core::observation::{Input, Listing, Observation, Said, Statement};
use onduty_core::roster::register::CLOCK_AHEAD_MAX;
use onduty_core::row::Row;
use onduty_core::snapshot::Snapshot;
use onduty_core::time::Timestamp;

/// What a reader sees of one agent.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Shown {
    agent_id: String,
    name: Option<String>,
    division_id: Option<String>,
    account: Option<AccountState>,
    presence: Option<(Presence, Option<Timestamp>)>,
    label: Option<String>,
    routing_status: Option<(RoutingStatus, Option<Timestamp>)>,
    out_of_office: Option<(bool, Option<Timestamp>)>,
    active_queues: Option<(BTreeSet<QueueId>, Option<Timestamp>)>,
    login: Option<(bool, Option<Timestamp>)>,
    confirmed_at: Timestamp,
}

impl Shown {
    /// What a row shows.
    pub(crate) fn of_row(row: &Row) -> Self {
        Self {
            agent_id: row.agent_id().to_owned(),
            name: row.name().map(ToOwned::to_owned),
            division_id: row.division_id().map(ToString::to_string),
            account: row.account(),
            presence: row.presence().map(|c| (c.value.clone(), c.since)),
            label: row.presence_label().map(ToOwned::to_owned),
            routing_status: row.routing_status().map(|c| (c.value.clone(), c.since)),
            out_of_office: row.out_of_office().map(|c| (*c.value, c.since)),
            active_queues: row.active_queues().map(|c| (c.value.clone(), c.since)),
            login: row.login().map(|c| (*c.value, c.since)),
            confirmed_at: row.confirmed_at(),
        }
    }
}

/// What a snapshot shows.
pub(crate) fn shown_by(snapshot: &Snapshot) -> BTreeMap<UserId, Shown> {
    snapshot.present_after(None).map(|row| (row.user_id().clone(), Shown::of_row(row))).collect()
}

/// What the whole set of inputs amounts to.
pub(crate) fn shown_of(inputs: &[Input]) -> BTreeMap<UserId, Shown> {
    let mut by_user: BTreeMap<UserId, Vec<&Observation>> = BTreeMap::new();
    let mut listing: Option<Listing> = None;
    let mut definitions: Option<&Definitions> = None;
    for input in inputs {
        match input {
            Input::Observation(o) => by_user.entry(o.user_id.clone()).or_default().push(o),
            Input::Listing(l) => {
                listing = listing.filter(|held| held.started_at >= l.started_at).or(Some(*l));
            }
            Input::Definitions(read) => definitions = definitions.max(Some(read)),
            // Nothing that a reader of agents sees.
            Input::Dialect(_) => {}
            // Evidence only; what it does to marks depends on when it comes, and has a property of its own.
            Input::Coverage(_) => {}
        }
    }
    by_user
        .into_iter()
        .filter_map(|(user, said)| Some((user.clone(), agent(&user, &said, listing, definitions)?)))
        .collect()
}

fn agent(
    user: &UserId,
    all: &[&Observation],
    listing: Option<Listing>,
    definitions: Option<&Definitions>,
) -> Option<Shown> {
    let named = |absent: bool| {
        all.iter()
            .filter(|o| o.statement.absent == absent)
            .map(|o| named_at(o))
            .max()
            .unwrap_or(Timestamp::MIN)
    };
    let account = word(all, |s| s.account.as_ref());
    let seen_at = named(false);
    let listed = listing.is_none_or(|listing| seen_at >= listing.started_at);
    if account == Some(AccountState::Deleted) || !listed || seen_at <= named(true) {
        return None;
    }
    let login = facet(all, |s| s.login.as_ref(), |o| o.heard_at);
    let logged_out_at = match login {
        Some((false, None, vouched)) => Some(vouched),
        _ => None,
    };
    let alive =
        |since: Option<Timestamp>| logged_out_at.is_none_or(|out| since.is_some_and(|since| since >= out));
    let presence = facet(all, |s| s.presence.as_ref(), |o| o.heard_at).filter(|(_, since, _)| alive(*since));
    let routing = facet(all, |s| s.routing_status.as_ref(), vouches_at).filter(|(_, since, _)| alive(*since));
    let marks = [login.map(|l| l.2), presence.as_ref().map(|p| p.2), routing.as_ref().map(|r| r.2)];
    let confirmed_at = match login {
        Some((false, _, vouched)) => vouched,
        _ => marks.into_iter().flatten().min().unwrap_or(Timestamp::MIN),
    };
    Some(Shown {
        agent_id: word(all, |s| s.agent_id.as_ref().filter(|id| id.as_str() != user.as_str()))
            .map_or_else(|| user.to_string(), |id| id.to_string()),
        name: word(all, |s| s.name.as_ref()).map(|name: Arc<str>| name.to_string()),
        division_id: word(all, |s| s.division_id.as_ref()).map(|division| division.to_string()),
        account,
        label: presence.as_ref().and_then(|(value, ..)| {
            definitions?.label(value.definition_id.as_deref()?).map(ToString::to_string)
        }),
        presence: presence.map(|(value, since, _)| (value, since)),
        routing_status: routing.map(|(value, since, _)| (value, since)),
        out_of_office: facet(all, |s| s.out_of_office.as_ref(), |o| o.heard_at)
            .map(|(value, since, _)| (value, since)),
        active_queues: facet(all, |s| s.active_queues.as_ref(), |o| o.heard_at)
            .map(|(value, since, _)| (value, since)),
        login: login.map(|(value, since, _)| (value, since)),
        confirmed_at,
    })
}

/// The latest word on a part of the profile.
fn word<T: Ord + Clone>(all: &[&Observation], pick: impl Fn(&Statement) -> Option<&T>) -> Option<T> {
    all.iter().filter_map(|o| Some((named_at(o), pick(&o.statement)?))).max().map(|(_, value)| value.clone())
}

/// The value, its beginning, and the latest evidence for it.
fn facet<T: Ord + Clone>(
    all: &[&Observation],
    pick: impl Fn(&Statement) -> Option<&Said<T>>,
    estimated_at: impl Fn(&Observation) -> Timestamp,
) -> Option<(T, Option<Timestamp>, Timestamp)> {
    let said = || all.iter().filter_map(|o| Some((*o, pick(&o.statement)?)));
    let exact = || {
        said().filter_map(|(o, said)| {
            let clock = said.clock.filter(|clock| clock.at <= o.heard_at.after(CLOCK_AHEAD_MAX))?;
            Some((clock, o.source, &said.value, vouches_at(o)))
        })
    };
    let newest = exact().max_by(|a, b| (a.0, a.1, a.2).cmp(&(b.0, b.1, b.2))).map(|(clock, _, value, _)| {
        let vouched = exact().filter(|other| other.0.at == clock.at).map(|other| other.3).max();
        (value.clone(), Some(clock.at), vouched.unwrap_or(Timestamp::MIN))
    });
    let estimate =
        said().filter(|(_, said)| said.clock.is_none()).map(|(o, said)| (estimated_at(o), &said.value)).max();
    match (newest, estimate) {
        (Some(exact), Some((heard_at, value))) if heard_at > exact.2 => {
            if exact.0 == *value {
                Some((exact.0, exact.1, heard_at))
            } else {
                Some((value.clone(), None, heard_at))
            }
        }
        (Some(exact), _) => Some(exact),
        (None, estimate) => estimate.map(|(heard_at, value)| (value.clone(), None, heard_at)),
    }
}

fn named_at(o: &Observation) -> Timestamp {
    match (o.source.is_read(), o.as_of) {
        (false, Some(made_at)) => made_at.min(o.heard_at),
        _ => o.heard_at,
    }
}

fn vouches_at(o: &Observation) -> Timestamp {
    if o.source.is_read() || o.as_of.is_some() {
        return named_at(o);
    }
    let s = &o.statement;
    let clocks = [
        s.presence.as_ref().and_then(|s| s.clock),
        s.routing_status.as_ref().and_then(|s| s.clock),
        s.out_of_office.as_ref().and_then(|s| s.clock),
        s.active_queues.as_ref().and_then(|s| s.clock),
        s.login.as_ref().and_then(|s| s.clock),
    ];
    clocks
        .into_iter()
        .flatten()
        .map(|clock| clock.at)
        .max()
        .map_or(o.heard_at, |newest| newest.min(o.heard_at))
}
