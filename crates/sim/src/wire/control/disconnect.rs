//! `POST /sim/disconnect`: breaks what is open, by order rather than by chance.

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{Answer, ControlError, Result, body};
use crate::channels::{Chosen, Order};
use crate::cloud::stamp::Stamp;
use crate::wire::call::Call;
use crate::world::{Where, World};

/// Most channels named in one order.
const IDS_MAX: usize = 1000;

/// What to break. Without any of them, tokens are revoked.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Disconnecting {
    /// Only what belongs to this client.
    client_id: Option<String>,
    revoke: Option<bool>,
    sockets: Option<Value>,
    expire: Option<Value>,
    forget: Option<Value>,
    takeover: Option<Value>,
    half_open: Option<Value>,
    close_soon: Option<Value>,
}

/// Carries out what is ordered; answers with what was hit. Nothing is done when one of the orders makes no sense.
pub(super) fn disconnect(world: &mut World, call: &Call) -> Result<Answer> {
    let wanted: Disconnecting = if call.body.is_empty() { Disconnecting::default() } else { body(call)? };
    let orders = [
        ("halfOpen", Order::Freeze, &wanted.half_open),
        ("closeSoon", Order::CloseSoon, &wanted.close_soon),
        ("takeover", Order::TakeOver, &wanted.takeover),
        ("sockets", Order::Cut, &wanted.sockets),
        ("expire", Order::Expire, &wanted.expire),
        ("forget", Order::Forget, &wanted.forget),
    ];
    let chosen = orders.map(|(name, order, given)| {
        given.as_ref().map(|given| chosen(name, given)).transpose().map(|chosen| (name, order, chosen))
    });
    let chosen = chosen.into_iter().collect::<Result<Vec<_>>>()?;
    let client = wanted.client_id.as_deref();
    let mut hit = Map::new();
    let no_order = chosen.iter().all(|(_, _, chosen)| chosen.is_none());
    if wanted.revoke.unwrap_or(no_order) {
        let revoked = world.here.tokens.revoke_all(client) + world.elsewhere.tokens.revoke_all(client);
        hit.insert("tokensRevoked".to_owned(), revoked.into());
    }
    for (name, order, chosen) in chosen {
        if let Some(chosen) = chosen {
            hit.insert(name.to_owned(), json!(obey(world, order, &chosen, client, call.now)));
        }
    }
    Ok(Answer::ok(&hit))
}

/// An order goes to this organisation first, and with what is left of its number to the other one.
fn obey(world: &mut World, order: Order, chosen: &Chosen, client: Option<&str>, now: Stamp) -> Vec<String> {
    let mut all: Vec<String> = Vec::new();
    for place in [Where::Here, Where::Elsewhere] {
        let left = match chosen {
            Chosen::First(count) => Chosen::First(count.saturating_sub(all.len())),
            other => other.clone(),
        };
        let (site, faults, stats) = world.with_channels(place);
        all.extend(site.channels.obey(order, &left, client, faults, stats, now));
    }
    all
}

/// Reads whom an order is about: `true`, a number, or a list of channel ids.
fn chosen(name: &str, given: &Value) -> Result<Chosen> {
    let malformed = || {
        let text =
            format!("`{name}` takes true, a number of channels, or a list of up to {IDS_MAX} channel ids");
        ControlError::Malformed(text)
    };
    match given {
        Value::Bool(true) => Ok(Chosen::All),
        Value::Bool(false) => Ok(Chosen::First(0)),
        Value::Number(count) => {
            let count = count.as_u64().and_then(|count| usize::try_from(count).ok());
            count.map(Chosen::First).ok_or_else(malformed)
        }
        Value::Array(ids) if ids.len() <= IDS_MAX => {
            let ids = ids.iter().map(|id| id.as_str().map(str::to_owned));
            ids.collect::<Option<Vec<String>>>().map(Chosen::Named).ok_or_else(malformed)
        }
        _ => Err(malformed()),
    }
}
