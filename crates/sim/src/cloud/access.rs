//! Who may do what: OAuth clients, their scopes, and roles granted in divisions.
//!
//! Client-credentials tokens are bound by roles and divisions. Scopes bind on the agent-states API only.

mod known;
mod policy;

pub use known::{SECRET, TOKEN_LIFE_S};
pub use policy::Policy;

use std::collections::BTreeSet;

use super::id::Id;
use super::stamp::Stamp;

/// Every permission that an endpoint of the simulator asks for, and those people believe in.
pub const PERMISSIONS: [&str; 24] = [
    "agent:state:view",
    "analytics:agentState:view",
    "analytics:agentStateNames:view",
    "analytics:userObservation:view",
    "directory:user:view",
    "directory:userStateChange:view",
    "oauth:client:view",
    "presence:presenceDefinition:view",
    "presence:settings:view",
    "presence:source:view",
    "presence:userPresence:edit",
    "presence:userPresence:inject",
    "presence:userPrimarySource:view",
    "processautomation:trigger:add",
    "processautomation:trigger:delete",
    "processautomation:trigger:edit",
    "processautomation:trigger:test",
    "processautomation:trigger:view",
    "routing:agent:onqueue",
    "routing:queue:edit",
    "routing:queue:readonly",
    "routing:queue:view",
    "routing:queueMember:manage",
    "routing:routingstatus:inject",
];

/// A named set of policies.
#[derive(Clone, Debug)]
pub struct Role {
    /// Its id.
    pub id: Id,
    /// Its name.
    pub name: String,
    /// What it allows.
    pub policies: Vec<Policy>,
}

/// Where a role is granted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// In every division, written `*`.
    Everywhere,
    /// In one.
    Division(Id),
}

/// A role given to a client in some division.
#[derive(Clone, Debug)]
pub struct Grant {
    /// The role.
    pub role: Id,
    /// Where.
    pub reach: Reach,
    /// When it was given; it takes effect after the permission lag.
    pub made_at: Stamp,
}

/// Whether a client may have tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClientState {
    /// Yes.
    Active,
    /// No, and those it had are dead.
    Disabled,
}

/// An OAuth client with the client-credentials grant.
#[derive(Clone)]
pub struct Client {
    /// Its id, known to whoever signs in with it.
    pub id: String,
    /// Its secret.
    pub secret: String,
    /// Whether it may have tokens.
    pub state: ClientState,
    /// What its tokens may be used for, where scopes bind.
    pub scopes: Vec<String>,
    /// What it may do, and where.
    pub grants: Vec<Grant>,
    /// What the organisation's attribute-based policies refuse it, whatever its roles grant.
    pub denied: Vec<Policy>,
    /// Life of its tokens, in seconds.
    pub token_life_s: u64,
    /// When it was made.
    pub created: Stamp,
}

impl Client {
    /// Positions of the attribute-based policies that refuse it a permission.
    pub fn denials(&self, permission: &str) -> impl Iterator<Item = usize> {
        let denied = self.denied.iter().enumerate().filter(move |(_, policy)| policy.covers(permission));
        denied.map(|(index, _)| index)
    }
}

/// The divisions in which a permission is held.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Held {
    /// All of them.
    Everywhere,
    /// These; none at all when empty.
    In(BTreeSet<Id>),
}

impl Held {
    /// Whether it is held in no division.
    pub fn nowhere(&self) -> bool {
        matches!(self, Self::In(divisions) if divisions.is_empty())
    }

    /// Whether it is held in this one.
    pub fn covers(&self, division: Id) -> bool {
        match self {
            Self::Everywhere => true,
            Self::In(divisions) => divisions.contains(&division),
        }
    }
}

/// The clients and roles of one organisation.
#[derive(Clone)]
pub struct Access {
    roles: Vec<Role>,
    clients: Vec<Client>,
}

impl Access {
    /// Adds a client, or replaces the one of the same id.
    pub fn put_client(&mut self, client: Client) {
        match self.clients.iter_mut().find(|known| known.id == client.id) {
            Some(known) => *known = client,
            None => self.clients.push(client),
        }
    }

    /// Forgets a client; gives it back if there was one.
    pub fn take_client(&mut self, id: &str) -> Option<Client> {
        let position = self.clients.iter().position(|client| client.id == id)?;
        Some(self.clients.remove(position))
    }

    /// All clients, in the order in which they were made.
    pub fn clients(&self) -> &[Client] {
        &self.clients
    }

    /// The client with this id.
    pub fn client(&self, id: &str) -> Option<&Client> {
        self.clients.iter().find(|client| client.id == id)
    }

    /// The role with this id.
    pub fn role(&self, id: Id) -> Option<&Role> {
        self.roles.iter().find(|role| role.id == id)
    }

    /// The role with this name, or this id.
    pub fn find_role(&self, text: &str) -> Option<&Role> {
        match Id::parse(text) {
            Some(id) => self.role(id),
            None => self.roles.iter().find(|role| role.name == text),
        }
    }

    /// Adds a role made of single permissions, or makes the one of that name anew.
    pub fn put_role(&mut self, seed: u64, name: &str, permissions: &[impl AsRef<str>]) -> Id {
        let policies =
            permissions.iter().filter_map(|permission| Policy::parse(permission.as_ref())).collect();
        if let Some(known) = self.roles.iter_mut().find(|role| role.name == name) {
            known.policies = policies;
            return known.id;
        }
        let id = Id::derive(seed, "role", self.roles.len() as u64);
        self.roles.push(Role { id, name: name.to_owned(), policies });
        id
    }

    /// Where a client holds a permission at an instant, given how long grants take to apply.
    pub fn held(&self, client: &Client, permission: &str, now: Stamp, lag_ms: i64) -> Held {
        let mut divisions = BTreeSet::new();
        for grant in &client.grants {
            let allowed = self
                .role(grant.role)
                .is_some_and(|role| role.policies.iter().any(|policy| policy.covers(permission)));
            if !allowed || now.millis_since(grant.made_at) < lag_ms {
                continue;
            }
            match grant.reach {
                Reach::Everywhere => return Held::Everywhere,
                Reach::Division(division) => {
                    divisions.insert(division);
                }
            }
        }
        Held::In(divisions)
    }
}

#[cfg(test)]
mod tests {
    use super::super::organisation::{Division, seeded_divisions};
    use super::*;

    const NOW: Stamp = Stamp::from_millis(1_772_442_850_900);

    fn seeded() -> (Access, [Division; 3]) {
        let divisions = seeded_divisions(1);
        let mut access = Access::seeded(1);
        access.add_known_clients(&divisions, NOW);
        (access, divisions)
    }

    #[test]
    fn a_permission_is_held_where_a_role_that_carries_it_is_granted() {
        let (access, divisions) = seeded();
        let held = |id: &str, permission: &str, lag_ms| {
            access.held(access.client(id).unwrap(), permission, NOW.plus_millis(1000), lag_ms)
        };
        let table = [
            ("sim-full", "agent:state:view", 0, Held::Everywhere),
            ("sim-full", "no:such:thing", 0, Held::In(BTreeSet::new())),
            ("sim-no-role", "agent:state:view", 0, Held::In(BTreeSet::new())),
            ("sim-no-role", "directory:user:view", 0, Held::Everywhere),
            ("sim-one-division", "agent:state:view", 0, Held::In(BTreeSet::from([divisions[1].id]))),
            ("sim-fresh-grant", "agent:state:view", 1001, Held::In(BTreeSet::new())),
            ("sim-fresh-grant", "agent:state:view", 1000, Held::Everywhere),
        ];
        for (client, permission, lag_ms, expected) in table {
            assert_eq!(held(client, permission, lag_ms), expected, "{client} {permission} {lag_ms}");
        }
    }
}
