//! What an organisation consists of besides its people: divisions, queues, limits.

use super::id::Id;

/// One customer of the platform.
#[derive(Clone, Debug)]
pub struct Organisation {
    /// Its id.
    pub id: Id,
    /// Its name.
    pub name: String,
    /// The domain of its users' addresses.
    pub domain: String,
}

/// A part of the organisation; every user and queue is in exactly one.
#[derive(Clone, Debug)]
pub struct Division {
    /// Its id.
    pub id: Id,
    /// Its name.
    pub name: String,
    /// The one that things are in when nobody says otherwise.
    pub home: bool,
}

/// A queue of work and its members.
#[derive(Clone, Debug)]
pub struct Queue {
    /// Its id.
    pub id: Id,
    /// Its name.
    pub name: String,
    /// The division it belongs to.
    pub division: Id,
    /// Positions of its members in the cloud's list of agents.
    pub members: Vec<usize>,
}

/// One published limit.
#[derive(Clone, Copy, Debug)]
pub struct Limit {
    /// Where it belongs.
    pub namespace: &'static str,
    /// Its name.
    pub key: &'static str,
    /// Its value.
    pub value: u64,
}

/// The limits that a client may want to know. Only the keys under `platform.api` are the platform's for sure: of the
/// other namespaces it publishes the values, and these keys stand for them.
pub const LIMITS: [Limit; 13] = [
    Limit { namespace: "platform.api", key: "client.credentials.token.rate.per.minute", value: 300 },
    Limit { namespace: "platform.api", key: "token.rate.per.minute", value: 300 },
    Limit { namespace: "platform.api", key: "request.bytes.max", value: 512_000 },
    Limit { namespace: "notifications", key: CHANNELS_LIMIT, value: 20 },
    Limit { namespace: "notifications", key: "websocket.subscriptions.max", value: 1000 },
    Limit { namespace: "presence", key: "bulk.users.max", value: 50 },
    Limit { namespace: "analytics.agents", key: "status.query.rows.max", value: 50 },
    Limit { namespace: "analytics.realtime", key: ACTIVITY_LIMIT, value: 100 },
    Limit { namespace: "users", key: "ids.max", value: 100 },
    Limit { namespace: "users", key: "page.size.max", value: 500 },
    Limit { namespace: "users", key: "search.results.max", value: 100 },
    Limit { namespace: "routing", key: "queue.members.page.size.max", value: 100 },
    Limit { namespace: "authorization", key: "divisions.page.size.max", value: 100 },
];

/// What the requests of a token are limited by ends so.
pub const RATE_LIMIT: &str = "rate.per.minute";
/// Channels of one client.
pub const CHANNELS_LIMIT: &str = "websocket.channels.max";
/// Rows of one group in the activity query.
pub const ACTIVITY_LIMIT: &str = "activity.query.rows.max";

/// Three divisions, the first of them home.
pub fn seeded_divisions(seed: u64) -> [Division; 3] {
    let division = |index, name: &str, home| Division {
        id: Id::derive(seed, "division", index),
        name: name.to_owned(),
        home,
    };
    [division(0, "Home", true), division(1, "Berlin", false), division(2, "Lisbon", false)]
}

/// Five queues. The first two take more than a hundred members where there are enough agents.
pub fn seeded_queues(seed: u64, divisions: &[Division; 3]) -> Vec<Queue> {
    let names = ["Service", "Sales", "Billing", "Complaints", "Escalations"];
    names
        .iter()
        .enumerate()
        .map(|(index, name)| Queue {
            id: Id::derive(seed, "queue", index as u64),
            name: (*name).to_owned(),
            division: divisions[index % divisions.len()].id,
            members: Vec::new(),
        })
        .collect()
}
