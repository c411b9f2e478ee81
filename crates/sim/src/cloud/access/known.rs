//! The roles and clients that every simulator has from the start, as the contract names them.

use super::super::organisation::Division;
use super::super::stamp::Stamp;
use super::{Access, Client, ClientState, Grant, PERMISSIONS, Reach};

/// The secret of every client known from the start.
pub const SECRET: &str = "sim-secret";

/// Life of a token, in seconds, unless a client has its own.
pub const TOKEN_LIFE_S: u64 = 86_400;

/// The scopes of a client that may do everything.
const SCOPES: [&str; 10] = [
    "agent:read",
    "agent:state:read",
    "users:readonly",
    "presence:readonly",
    "routing:readonly",
    "analytics:readonly",
    "authorization:readonly",
    "organization:readonly",
    "notifications",
    "user-basic-info",
];

/// Age of the known clients and their grants at the start, in milliseconds: old enough to be in effect.
const AGE_MS: i64 = 90 * 86_400_000;

impl Access {
    /// An organisation's roles, and no client yet.
    pub fn seeded(seed: u64) -> Self {
        let mut access = Self { roles: Vec::new(), clients: Vec::new() };
        access.put_role(seed, "Master Admin", &PERMISSIONS);
        access.put_role(seed, "Agent Administrator", &["agent:state:view", "directory:user:view"]);
        access.put_role(seed, "Agent State", &["agent:state:view"]);
        access.put_role(
            seed,
            "Directory Reader",
            &["directory:user:view", "presence:presenceDefinition:view"],
        );
        access
    }

    /// Adds the clients that tests and people sign in with.
    pub fn add_known_clients(&mut self, divisions: &[Division; 3], now: Stamp) {
        let long_ago = now.plus_millis(-AGE_MS);
        let grants = |role: &str, reach, made_at| -> Vec<Grant> {
            let role = self.find_role(role);
            role.map(|role| Grant { role: role.id, reach, made_at }).into_iter().collect()
        };
        let everything = || grants("Master Admin", Reach::Everywhere, long_ago);
        let reader = grants("Directory Reader", Reach::Everywhere, long_ago);
        let berlin = grants("Master Admin", Reach::Division(divisions[1].id), long_ago);
        let fresh = grants("Master Admin", Reach::Everywhere, now);
        let clients = [
            known("sim-full", everything(), long_ago),
            Client { scopes: vec!["agent:read".to_owned()], ..known("sim-no-scope", everything(), long_ago) },
            known("sim-no-role", reader, long_ago),
            known("sim-one-division", berlin, long_ago),
            known("sim-fresh-grant", fresh, long_ago),
            Client { state: ClientState::Disabled, ..known("sim-disabled", everything(), long_ago) },
        ];
        self.clients.extend(clients);
    }

    /// Adds the client of an organisation in another region, who may do everything there.
    pub fn add_foreign_client(&mut self, now: Stamp) {
        let long_ago = now.plus_millis(-AGE_MS);
        let role = self.find_role("Master Admin").map(|role| role.id);
        let grant = role.map(|role| Grant { role, reach: Reach::Everywhere, made_at: long_ago });
        self.clients.push(known("sim-wrong-region", grant.into_iter().collect(), long_ago));
    }
}

/// A client with all scopes and the secret that everybody knows.
fn known(id: &str, grants: Vec<Grant>, created: Stamp) -> Client {
    Client {
        id: id.to_owned(),
        secret: SECRET.to_owned(),
        state: ClientState::Active,
        scopes: SCOPES.map(str::to_owned).to_vec(),
        grants,
        denied: Vec::new(),
        token_life_s: TOKEN_LIFE_S,
        created,
    }
}
