//! Clients made to measure: these scopes, these rights, in these divisions.

use serde::Deserialize;
use serde_json::json;

use super::{Answer, ControlError, Result};
use crate::cloud::Cloud;
use crate::cloud::access::{Client, ClientState, Grant, Policy, Reach, SECRET, TOKEN_LIFE_S};
use crate::cloud::id::Id;
use crate::cloud::stamp::Stamp;
use crate::world::World;

/// Most clients.
const CLIENTS_MAX: usize = 1000;
/// Age of a grant that is to be in effect at once, in milliseconds.
const OLD_GRANT_MS: i64 = 90 * 86_400_000;

/// A client to be made: roles by name or id, or single permissions, each in the divisions given (names, ids, `*`).
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct NewClient {
    #[serde(alias = "id")]
    client_id: Option<String>,
    #[serde(alias = "secret")]
    client_secret: Option<String>,
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
    disabled: bool,
    token_life_s: Option<u64>,
}

/// Makes a client, or makes the one of that id anew.
pub(super) fn put(world: &mut World, new: NewClient, now: Stamp) -> Result<Answer> {
    let cloud = &mut world.here.cloud;
    let count = cloud.access.client_count();
    if count >= CLIENTS_MAX {
        return Err(ControlError::Malformed(format!("there are {CLIENTS_MAX} clients already")));
    }
    let id = new.client_id.filter(|id| !id.is_empty()).unwrap_or_else(|| format!("sim-client-{count}"));
    let reaches = reaches(cloud, new.divisions)?;
    let roles = roles(cloud, &id, &new.roles, &new.permissions)?;
    let made_at = if new.fresh_grant { now } else { now.plus_millis(-OLD_GRANT_MS) };
    let grants = roles
        .into_iter()
        .flat_map(|role| reaches.iter().map(move |reach| Grant { role, reach: *reach, made_at }));
    let client = Client {
        id,
        secret: new.client_secret.unwrap_or_else(|| SECRET.to_owned()),
        state: if new.disabled { ClientState::Disabled } else { ClientState::Active },
        scopes: new.scopes,
        grants: grants.collect(),
        token_life_s: new.token_life_s.unwrap_or(TOKEN_LIFE_S),
        created: now,
    };
    let made = json!({"clientId": client.id, "clientSecret": client.secret, "scopes": client.scopes});
    cloud.access.put_client(client);
    Ok(Answer::json(201, &made))
}

fn reaches(cloud: &Cloud, divisions: Option<Vec<String>>) -> Result<Vec<Reach>> {
    let names = divisions.unwrap_or_else(|| vec!["*".to_owned()]);
    let reach = |name: &String| {
        if name == "*" {
            return Ok(Reach::Everywhere);
        }
        let found =
            cloud.divisions.iter().find(|known| known.name == *name || Id::parse(name) == Some(known.id));
        let missing = || ControlError::Malformed(format!("no division is named `{name}`"));
        found.map(|division| Reach::Division(division.id)).ok_or_else(missing)
    };
    names.iter().map(reach).collect()
}

/// The roles named, and one of the client's own for single permissions.
fn roles(cloud: &mut Cloud, client: &str, names: &[String], permissions: &[String]) -> Result<Vec<Id>> {
    let named = names.iter().map(|name| {
        let role = cloud.access.find_role(name).map(|role| role.id);
        role.ok_or_else(|| ControlError::Malformed(format!("no role is named `{name}`")))
    });
    let mut roles = named.collect::<Result<Vec<Id>>>()?;
    if let Some(bad) = permissions.iter().find(|permission| Policy::parse(permission).is_none()) {
        return Err(ControlError::Malformed(format!("`{bad}` is no permission such as agent:state:view")));
    }
    if !permissions.is_empty() {
        let seed = cloud.seed();
        roles.push(cloud.access.put_role(seed, &format!("Role of {client}"), permissions));
    }
    Ok(roles)
}
