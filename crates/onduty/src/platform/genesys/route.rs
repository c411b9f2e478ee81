//! The platform's paths, as templates without ids: what meters, errors and per-route limits are told by.

use std::fmt;

/// Where a request goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Route {
    /// The token endpoint, on the log-in host.
    Token,
    /// Users, listed or by up to 100 ids.
    Users,
    /// One user.
    User,
    /// Profiles, listed or by user id.
    Agents,
    /// One profile.
    Agent,
    /// States by up to 50 agent ids.
    AgentStates,
    /// One state.
    AgentState,
    /// What the token is.
    TokenInfo,
    /// Where a permission is held.
    PermittedDivisions,
    /// Every role granted.
    Subject,
    /// Divisions and their names.
    Divisions,
    /// The organisation.
    Organisation,
    /// One user's presence.
    Presence,
    /// One user's routing status. Of nobody it says `OFF_QUEUE`.
    RoutingStatus,
    /// What presences are called.
    PresenceDefinitions,
    /// One queue.
    Queue,
    /// Notification channels.
    Channels,
    /// The topics of one notification channel.
    Subscriptions,
}

impl Route {
    /// The path with placeholders.
    pub const fn template(self) -> &'static str {
        match self {
            Self::Token => "/oauth/token",
            Self::Users => "/api/v2/users",
            Self::User => "/api/v2/users/{id}",
            Self::Agents => "/api/v2/agents",
            Self::Agent => "/api/v2/agents/{id}",
            Self::AgentStates => "/api/v2/agents/states",
            Self::AgentState => "/api/v2/agents/{id}/state",
            Self::TokenInfo => "/api/v2/tokens/me",
            Self::PermittedDivisions => "/api/v2/authorization/divisionspermitted/paged/me",
            Self::Subject => "/api/v2/authorization/subjects/me",
            Self::Divisions => "/api/v2/authorization/divisions",
            Self::Organisation => "/api/v2/organizations/me",
            Self::Presence => "/api/v2/users/{id}/presences/purecloud",
            Self::RoutingStatus => "/api/v2/users/{id}/routingstatus",
            Self::PresenceDefinitions => "/api/v2/presence/definitions",
            Self::Queue => "/api/v2/routing/queues/{id}",
            Self::Channels => "/api/v2/notifications/channels",
            Self::Subscriptions => "/api/v2/notifications/channels/{id}/subscriptions",
        }
    }
}

impl fmt::Display for Route {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.template())
    }
}

/// An id in a path or query. An id comes from a caller and may hold anything.
pub fn encoded(id: &str) -> String {
    let mut text = String::with_capacity(id.len());
    for byte in id.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' => text.push(char::from(byte)),
            _ => text.push_str(&format!("%{byte:02X}")),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_cannot_leave_its_place_in_the_url() {
        assert_eq!(encoded("4a2f-0f6e"), "4a2f-0f6e");
        assert_eq!(encoded("../x?a=b&c#d ü"), "%2E%2E%2Fx%3Fa%3Db%26c%23d%20%C3%BC");
    }
}
