//! Clients made to measure: these scopes, these rights, in these divisions, in this region.
//!
//! Rights are looked up at every request, so making a client anew changes what its living tokens may do. That is how
//! a test lifts a cause without signing in again.

use serde::Deserialize;
use serde_json::{Value, json};

use super::{Answer, ControlError, Result};
use crate::cloud::Cloud;
use crate::cloud::access::{Client, ClientState, Grant, Policy, Reach, SECRET, TOKEN_LIFE_S};
use crate::cloud::id::Id;
use crate::cloud::stamp::Stamp;
use crate::world::{OTHER_REGION, Where, World};

/// Most clients of one organisation.
const CLIENTS_MAX: usize = 1000;
/// Most grants of one client, counted by role and division.
const GRANTS_MAX: usize = 100;
/// Age of a grant that is to be in effect at once, in seconds.
const OLD_GRANT_S: u64 = 90 * 86_400;
/// Greatest age of a grant, in seconds: ten years.
const AGE_MAX_S: u64 = 10 * 365 * 86_400;

/// A client to be made: roles by name or id, or single permissions, each in the divisions given (names, ids, `*`).
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct NewClient {
    #[serde(alias = "id")]
    client_id: Option<String>,
    #[serde(alias = "secret")]
    client_secret: Option<String>,
    region: Option<String>,
    #[serde(default)]
    scopes: Vec<String>,
    #[serde(default)]
    roles: Vec<String>,
    #[serde(default)]
    permissions: Vec<String>,
    divisions: Option<Vec<String>>,
    #[serde(default)]
    fresh_grant: bool,
    #[serde(default)]
    grants: Vec<NewGrant>,
    /// `true`, or a list of permissions.
    #[serde(default)]
    policy_denies: Value,
    #[serde(default)]
    disabled: bool,
    token_life_s: Option<u64>,
}

/// One grant by itself: a role, or single permissions, in one division, made that many seconds ago.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct NewGrant {
    role: Option<String>,
    #[serde(default)]
    permissions: Vec<String>,
    division: Option<String>,
    age_s: Option<u64>,
}

/// Makes a client, or makes the one of that id anew. A client belongs to one organisation, so making it in another
/// region takes it away here. Its tokens live on unless the secret changes.
pub(super) fn put(world: &mut World, new: NewClient, now: Stamp) -> Result<Answer> {
    let place = place(new.region.as_deref())?;
    let id = new.client_id.clone().filter(|id| !id.is_empty()).unwrap_or_else(|| free_id(world, place));
    let site = world.site(place);
    let count = site.cloud.access.clients().len();
    let former = site.cloud.access.client(&id).cloned();
    if former.is_none() && count >= CLIENTS_MAX {
        return Err(ControlError::Malformed(format!("there are {CLIENTS_MAX} clients already")));
    }
    let denied = denied(&new.policy_denies)?;
    let grants = grants(&mut world.site_mut(place).cloud, &id, &new, now)?;
    let known_secret = former.as_ref().map(|client| client.secret.clone());
    let client = Client {
        id,
        secret: new.client_secret.or(known_secret).unwrap_or_else(|| SECRET.to_owned()),
        state: if new.disabled { ClientState::Disabled } else { ClientState::Active },
        scopes: new.scopes,
        grants,
        denied,
        token_life_s: new.token_life_s.unwrap_or(TOKEN_LIFE_S),
        created: former.as_ref().map_or(now, |client| client.created),
    };
    let made = json!({"clientId": client.id, "clientSecret": client.secret, "scopes": client.scopes});
    take(world, &client.id, place.other());
    let site = world.site_mut(place);
    if former.is_some_and(|former| former.secret != client.secret) {
        site.tokens.revoke_all(Some(&client.id));
    }
    site.cloud.access.put_client(client);
    Ok(Answer::json(201, &made))
}

/// An id that no client has, here or in the other region: whoever wants a new client is never given another's.
fn free_id(world: &World, place: Where) -> String {
    let known = |id: &String| {
        [Where::Here, Where::Elsewhere].iter().any(|at| world.site(*at).cloud.access.client(id).is_some())
    };
    let mut number = world.site(place).cloud.access.clients().len();
    loop {
        let id = format!("sim-client-{number}");
        if !known(&id) {
            return id;
        }
        number += 1;
    }
}

/// All clients, in the form in which they can be made again, without secrets.
pub(super) fn list(world: &World, now: Stamp) -> Answer {
    let of = |place: Where| {
        let cloud = &world.site(place).cloud;
        cloud.access.clients().iter().map(move |client| body(cloud, client, place, now))
    };
    Answer::ok(&of(Where::Here).chain(of(Where::Elsewhere)).collect::<Vec<Value>>())
}

/// Takes a client away, with its tokens: "client not found" from then on.
pub(super) fn remove(world: &mut World, id: &str) -> Result<Answer> {
    let gone = [Where::Here, Where::Elsewhere].map(|place| take(world, id, place));
    if gone == [false, false] {
        return Err(ControlError::NoSuchClient(id.to_owned()));
    }
    Ok(Answer::ok(&json!({"clientId": id})))
}

fn take(world: &mut World, id: &str, place: Where) -> bool {
    let site = world.site_mut(place);
    site.tokens.revoke_all(Some(id));
    site.cloud.access.take_client(id).is_some()
}

fn place(region: Option<&str>) -> Result<Where> {
    match region {
        None => Ok(Where::Here),
        Some(OTHER_REGION) => Ok(Where::Elsewhere),
        Some(other) => Err(ControlError::Malformed(format!(
            "there is no region `{other}`; leave it out for this one, or say `{OTHER_REGION}`"
        ))),
    }
}

fn body(cloud: &Cloud, client: &Client, place: Where, now: Stamp) -> Value {
    let grants = client.grants.iter().filter_map(|grant| {
        let role = cloud.access.role(grant.role)?;
        let division = match grant.reach {
            Reach::Everywhere => "*",
            Reach::Division(id) => cloud.division(id)?.name.as_str(),
        };
        let age_s = now.millis_since(grant.made_at).max(0) / 1000;
        Some(json!({"role": role.name, "division": division, "ageS": age_s}))
    });
    let denied = client.denied.iter().flat_map(Policy::permissions);
    let mut body = json!({
        "clientId": client.id,
        "scopes": client.scopes,
        "grants": grants.collect::<Vec<Value>>(),
        "policyDenies": denied.collect::<Vec<String>>(),
        "disabled": client.state == ClientState::Disabled,
        "tokenLifeS": client.token_life_s,
    });
    if let (Where::Elsewhere, Some(members)) = (place, body.as_object_mut()) {
        members.insert("region".to_owned(), OTHER_REGION.into());
    }
    body
}

/// What the policies deny: everything, nothing, or the permissions listed.
fn denied(given: &Value) -> Result<Vec<Policy>> {
    let malformed =
        || ControlError::Malformed("`policyDenies` takes true, false or a list of permissions".to_owned());
    match given {
        Value::Null | Value::Bool(false) => Ok(Vec::new()),
        Value::Bool(true) => Ok(vec![Policy::everything()]),
        Value::Array(permissions) if permissions.len() <= GRANTS_MAX => permissions
            .iter()
            .map(|permission| permission.as_str().and_then(Policy::parse).ok_or_else(malformed))
            .collect(),
        _ => Err(malformed()),
    }
}

/// A role to be granted: one that there is, or one of the client's own made of single permissions.
enum Wanted<'a> {
    Known(Id),
    Own { name: String, permissions: &'a [String] },
}

/// Grants what is asked for. Everything is checked before the first role is made.
fn grants(cloud: &mut Cloud, client: &str, new: &NewClient, now: Stamp) -> Result<Vec<Grant>> {
    let everywhere = ["*".to_owned()];
    let divisions = new.divisions.as_deref().unwrap_or(&everywhere);
    let roles = new.roles.len() + new.permissions.len().min(1);
    if roles.saturating_mul(divisions.len()).saturating_add(new.grants.len()) > GRANTS_MAX {
        return Err(ControlError::Malformed(format!("a client has at most {GRANTS_MAX} grants")));
    }
    let mut wanted = Vec::new();
    let made_at = made_ago(if new.fresh_grant { 0 } else { OLD_GRANT_S }, now)?;
    for division in divisions {
        let reach = reach(cloud, division)?;
        for name in &new.roles {
            wanted.push((Wanted::Known(role(cloud, name)?), reach, made_at));
        }
        let own = own_role(format!("Role of {client}"), &new.permissions)?;
        wanted.extend(own.map(|own| (own, reach, made_at)));
    }
    for (index, single) in new.grants.iter().enumerate() {
        let reach = reach(cloud, single.division.as_deref().unwrap_or("*"))?;
        let made_at = made_ago(single.age_s.unwrap_or(OLD_GRANT_S), now)?;
        let own = own_role(format!("Role of {client} ({})", index + 1), &single.permissions)?;
        let named = single.role.as_deref().map(|name| role(cloud, name)).transpose()?.map(Wanted::Known);
        if own.is_none() && named.is_none() {
            return Err(ControlError::Malformed("a grant needs a `role` or `permissions`".to_owned()));
        }
        wanted.extend(named.into_iter().chain(own).map(|role| (role, reach, made_at)));
    }
    let seed = cloud.seed();
    let granted = wanted.into_iter().map(|(wanted, reach, made_at)| {
        let role = match wanted {
            Wanted::Known(role) => role,
            Wanted::Own { name, permissions } => cloud.access.put_role(seed, &name, permissions),
        };
        Grant { role, reach, made_at }
    });
    Ok(granted.collect())
}

fn made_ago(age_s: u64, now: Stamp) -> Result<Stamp> {
    let age_s = i64::try_from(age_s.min(AGE_MAX_S + 1)).unwrap_or(i64::MAX);
    if age_s > AGE_MAX_S.cast_signed() {
        return Err(ControlError::Malformed(format!("`ageS` is at most {AGE_MAX_S}")));
    }
    Ok(now.plus_millis(-age_s * 1000))
}

fn reach(cloud: &Cloud, name: &str) -> Result<Reach> {
    if name == "*" {
        return Ok(Reach::Everywhere);
    }
    super::division(cloud, name).map(Reach::Division)
}

fn role(cloud: &Cloud, name: &str) -> Result<Id> {
    let role = cloud.access.find_role(name).map(|role| role.id);
    role.ok_or_else(|| ControlError::Malformed(format!("no role is named `{name}`")))
}

fn own_role(name: String, permissions: &[String]) -> Result<Option<Wanted<'_>>> {
    if let Some(bad) = permissions.iter().find(|permission| Policy::parse(permission).is_none()) {
        return Err(ControlError::Malformed(format!("`{bad}` is no permission such as agent:state:view")));
    }
    Ok((!permissions.is_empty()).then_some(Wanted::Own { name, permissions }))
}
