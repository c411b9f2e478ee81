//! People: the truth about them, and everything that can be done to them.

use std::sync::Arc;

use serde::Deserialize;
use serde_json::Value;

use super::{Answer, ControlError, Result, body, division};
use crate::cloud::Restoring;
use crate::cloud::agent::{Account, RoutingStatus};
use crate::cloud::id::Id;
use crate::cloud::moves::{Force, Move};
use crate::cloud::presence::Definition;
use crate::cloud::stamp::Stamp;
use crate::shapes::{Style, TruthBody};
use crate::wire::call::Call;
use crate::world::{Where, World};

/// Most people hired at once.
const HIRE_MAX: usize = 10_000;
/// Most people who ever worked here.
const AGENTS_MAX: usize = 200_000;

/// `GET /sim/agents[?accountState=active|inactive|deleted|any]`: the truth about everybody, logged in or not.
pub(super) fn list(world: &World, call: &Call) -> Result<Answer> {
    let only = match call.query.get("accountState") {
        None => Some(Account::Active),
        Some("any") => None,
        Some(text) => Some(account(text)?),
    };
    let style = Style::rest(&world.faults);
    let agents = world.here.cloud.agents().iter();
    let wanted = agents.filter(|agent| only.is_none_or(|only| agent.account == only));
    Ok(Answer::ok(&wanted.map(|agent| TruthBody::of(agent, style)).collect::<Vec<_>>()))
}

/// `GET /sim/agents/{id}`: the truth about one, whatever their account.
pub(super) fn show(world: &World, position: usize) -> Result<Answer> {
    let agent = world.here.cloud.agent(position).ok_or(ControlError::NoSuchControl)?;
    Ok(Answer::ok(&TruthBody::of(agent, Style::rest(&world.faults))))
}

/// Position of somebody by agent or user id.
pub(super) fn find(world: &World, text: &str) -> Result<usize> {
    let cloud = &world.here.cloud;
    let id = Id::parse(text);
    let position = id.and_then(|id| cloud.position_by_agent(id).or_else(|| cloud.position_by_user(id)));
    position.ok_or_else(|| ControlError::NoSuchAgent(text.to_owned()))
}

/// How many to hire.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Hiring {
    count: usize,
}

/// `POST /sim/agents`: newcomers, active, never logged in.
pub(super) fn hire(world: &mut World, Hiring { count }: Hiring, now: Stamp) -> Result<Answer> {
    let room = AGENTS_MAX.saturating_sub(world.here.cloud.agents().len());
    if count > HIRE_MAX.min(room) {
        return Err(ControlError::Malformed(format!("`count` is at most {}", HIRE_MAX.min(room))));
    }
    let positions = world.here.cloud.hire(count, now);
    let style = Style::rest(&world.faults);
    let hired = positions.into_iter().filter_map(|position| world.here.cloud.agent(position));
    Ok(Answer::json(201, &hired.map(|agent| TruthBody::of(agent, style)).collect::<Vec<_>>()))
}

/// `DELETE /sim/agents/{id}`: logged out, account deleted.
pub(super) fn dismiss(world: &mut World, position: usize, now: Stamp) -> Result<Answer> {
    set_account(world, position, Account::Deleted, now)
}

/// `POST /sim/agents/{id}/{what}`: makes something about one person so, and answers with the truth about them.
pub(super) fn change(world: &mut World, position: usize, what: &str, call: &Call) -> Result<Answer> {
    match what {
        "state" => force(world, position, call),
        "account" => {
            let Employment { state } = body(call)?;
            set_account(world, position, account(&state)?, call.now)
        }
        "division" => {
            let Transfer { division: name } = body(call)?;
            let id = division(&world.here.cloud, &name)?;
            world.here.cloud.transfer(position, id);
            show(world, position)
        }
        "queues" => switch_queues(world, position, call),
        "work" => work(world, position, call),
        "primarysource" => set_primary_source(world, position, call),
        _ => Err(ControlError::NoSuchControl),
    }
}

/// What an account is to be.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Employment {
    state: String,
}

/// The division somebody moves to, by name or id.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Transfer {
    division: String,
}

/// The queues to be switched on, by id; the others are switched off.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Switching {
    active: Vec<String>,
}

fn account(text: &str) -> Result<Account> {
    let all = [Account::Active, Account::Inactive, Account::Deleted];
    let found = all.into_iter().find(|account| account.text() == text);
    found.ok_or_else(|| {
        ControlError::Malformed(format!("an account is active, inactive or deleted, not `{text}`"))
    })
}

fn set_account(world: &mut World, position: usize, account: Account, now: Stamp) -> Result<Answer> {
    if let Some(change) = world.here.cloud.set_account(position, account, now) {
        world.publish(Where::Here, &change, now);
    }
    show(world, position)
}

fn switch_queues(world: &mut World, position: usize, call: &Call) -> Result<Answer> {
    let Switching { active } = body(call)?;
    active_only(world, position)?;
    let agent = world.here.cloud.agent(position).ok_or(ControlError::NoSuchControl)?;
    let member = |text: &String| {
        let id = Id::parse(text).filter(|id| agent.member_of.contains(id));
        id.ok_or_else(|| ControlError::Malformed(format!("not a member of a queue with the id `{text}`")))
    };
    let ids = active.iter().map(member).collect::<Result<Vec<Id>>>()?;
    world.happen(Where::Here, position, &Move::Queues(ids), call.now);
    show(world, position)
}

/// What happens in somebody's work.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Working {
    event: String,
}

/// What can happen in somebody's work, by name.
const WORK: [(&str, Move); 7] = [
    ("answer", Move::Answer),
    ("hang_up", Move::HangUp),
    ("finish", Move::Finish),
    ("miss", Move::Miss),
    ("acknowledge", Move::Acknowledge),
    ("take_own_call", Move::TakeOwnCall),
    ("end_own_call", Move::EndOwnCall),
];

/// Unlike a state made true, this obeys the state machine: what cannot happen now is refused.
fn work(world: &mut World, position: usize, call: &Call) -> Result<Answer> {
    let Working { event } = body(call)?;
    active_only(world, position)?;
    let known = WORK.iter().find(|(name, _)| *name == event);
    let (name, happening) = known.ok_or_else(|| {
        let names: Vec<&str> = WORK.iter().map(|(name, _)| *name).collect();
        ControlError::Malformed(format!("what happens is one of {}, not `{event}`", names.join(", ")))
    })?;
    let state = |world: &World| world.here.cloud.agent(position).map(|agent| Arc::clone(agent.state()));
    let before = state(world);
    world.happen(Where::Here, position, happening, call.now);
    match before {
        Some(before) if state(world).is_some_and(|after| after == before) => {
            Err(ControlError::NotNow { what: name, status: before.routing.status.text() })
        }
        _ => show(world, position),
    }
}

/// The source that is to count, by name or id; `PURECLOUD` is the platform's own.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Sourcing {
    source: String,
}

fn set_primary_source(world: &mut World, position: usize, call: &Call) -> Result<Answer> {
    let Sourcing { source: wanted } = body(call)?;
    let id = Id::parse(&wanted);
    let known = world.here.cloud.sources.iter().find(|source| {
        id == Some(source.id) || source.name == wanted || source.integration == Some(wanted.as_str())
    });
    let source = known.map(|source| source.id);
    if source.is_none() && wanted != "PURECLOUD" {
        return Err(ControlError::Malformed(format!("no presence source is named `{wanted}`")));
    }
    world.set_primary_source(Where::Here, position, source, call.now);
    show(world, position)
}

fn active_only(world: &World, position: usize) -> Result<()> {
    match world.here.cloud.agent(position).filter(|agent| agent.account != Account::Active) {
        Some(gone) => Err(ControlError::NotActive { id: gone.id, account: gone.account.text() }),
        None => Ok(()),
    }
}

/// A state to be made true. `presence` is a name in any spelling or a definition's id.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Forced {
    presence: Option<Value>,
    routing_status: Option<Value>,
    logged_in: Option<bool>,
    out_of_office: Option<bool>,
}

fn force(world: &mut World, position: usize, call: &Call) -> Result<Answer> {
    let forced: Forced = body(call)?;
    active_only(world, position)?;
    let cloud = &world.here.cloud;
    let presence = forced.presence.as_ref().map(|value| {
        let text = named(value, &["systemPresence"]);
        let found = text.as_deref().and_then(|text| cloud.definitions.find(text)).map(Definition::pick);
        found.ok_or_else(|| ControlError::Malformed(format!("no presence is named {value}")))
    });
    let routing = forced.routing_status.as_ref().map(|value| {
        let found = named(value, &["status"]).as_deref().and_then(RoutingStatus::find);
        found.ok_or_else(|| ControlError::Malformed(format!("no routing status is named {value}")))
    });
    let comes_back = forced.logged_in == Some(true) && forced.presence.is_none();
    let window = Restoring {
        within_ms: i64::try_from(world.faults.restore_window_ms).unwrap_or(i64::MAX),
        on_queue: world.faults.restore_on_queue,
    };
    let restored =
        (comes_back && window.within_ms > 0).then(|| cloud.restorable(position, window, call.now)).flatten();
    let happening = cloud.force(Force {
        presence: presence.transpose()?.or(restored),
        routing: routing.transpose()?,
        logged_in: forced.logged_in,
        out_of_office: forced.out_of_office,
        fallback: None,
    });
    world.happen(Where::Here, position, &happening, call.now);
    show(world, position)
}

/// A name given as text, or as an object of section 8, whose definition says more than its system presence.
fn named(value: &Value, members: &[&str]) -> Option<String> {
    let definition = value.pointer("/presenceDefinition/id").and_then(Value::as_str);
    let plain = value.as_str().or(definition);
    let member = || members.iter().find_map(|name| value.get(name).and_then(Value::as_str));
    plain.or_else(member).map(str::to_owned)
}
