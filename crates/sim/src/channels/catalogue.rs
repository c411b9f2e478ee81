//! The topics that the platform offers, and what each asks of a subscriber.
//!
//! Which permission a topic needs is data on the platform, read at run time from `availabletopics`. For presence,
//! routing status and activity none is known to be needed; the others ask for one here, so that a refusal can be had.

/// What is sent under a topic.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Kind {
    /// All facets of a user.
    Activity,
    /// A user's presence.
    Presence,
    /// A user's routing status.
    RoutingStatus,
    /// A user's longer absence.
    OutOfOffice,
    /// How many conversations a user is in, and in which stage.
    ConversationSummary,
    /// Who is active in a queue.
    QueueUsers,
    /// Which source's presence counts for a user.
    IntegrationPresence,
    /// Nothing: the topic exists, and the simulator has no events for it.
    Silent,
}

impl Kind {
    /// Those under which something is sent.
    pub(crate) const SENT: [Self; 7] = [
        Self::Activity,
        Self::Presence,
        Self::RoutingStatus,
        Self::OutOfOffice,
        Self::ConversationSummary,
        Self::QueueUsers,
        Self::IntegrationPresence,
    ];
}

/// What stands in the hole of a template.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Object {
    /// A user's id.
    User,
    /// A queue's id.
    Queue,
    /// A channel's id, or no hole at all.
    Other,
}

/// A topic with a hole for the id of its object.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Template {
    /// Its name, with `{id}` for the hole.
    pub(crate) text: &'static str,
    /// What is sent.
    pub(crate) kind: Kind,
    /// What it is about.
    pub(crate) object: Object,
    /// What it tells.
    pub(crate) description: &'static str,
    /// The permission it needs; for queues, in the queue's division.
    pub(crate) permission: Option<&'static str>,
    /// Whether only the user it is about may have it, which no client-credentials token is.
    pub(crate) own_only: bool,
    /// Where it is offered.
    pub(crate) transports: &'static [&'static str],
    /// The read whose answer changes with it.
    pub(crate) uri: Option<&'static str>,
}

impl Template {
    /// Whether it is offered over the socket.
    pub(crate) fn over_socket(&self) -> bool {
        self.is_offered("Websocket")
    }

    /// Whether a process-automation trigger can be made for it.
    pub(crate) fn starts_triggers(&self) -> bool {
        self.is_offered("ProcessAutomation")
    }

    fn is_offered(&self, over: &str) -> bool {
        self.transports.iter().any(|transport| *transport == "All" || *transport == over)
    }
}

/// Process automation, too.
const ALL: &[&str] = &["All"];
const NO_TRIGGER: &[&str] = &["Websocket", "EventBridge"];
const SOCKET: &[&str] = &["Websocket"];
const NO_SOCKET: &[&str] = &["EventBridge"];

const fn user(text: &'static str, kind: Kind, description: &'static str) -> Template {
    Template {
        text,
        kind,
        object: Object::User,
        description,
        permission: None,
        own_only: false,
        transports: NO_TRIGGER,
        uri: None,
    }
}

const fn system(text: &'static str, description: &'static str) -> Template {
    Template { object: Object::Other, transports: SOCKET, ..user(text, Kind::Silent, description) }
}

/// Every topic there is.
pub(crate) const TEMPLATES: &[Template] = &[
    Template {
        transports: ALL,
        ..user(
            "v2.users.{id}.activity",
            Kind::Activity,
            "Presence, routing status, out of office and queues of a user",
        )
    },
    Template {
        uri: Some("/api/v2/users/{userId}/presences/purecloud"),
        ..user("v2.users.{id}.presence", Kind::Presence, "Presence of a user")
    },
    Template {
        uri: Some("/api/v2/users/{userId}/routingstatus"),
        ..user("v2.users.{id}.routingStatus", Kind::RoutingStatus, "Routing status of a user")
    },
    user("v2.users.{id}.outofoffice", Kind::OutOfOffice, "Longer absence of a user"),
    user("v2.users.{id}.conversationsummary", Kind::ConversationSummary, "Conversations of a user, counted"),
    Template {
        transports: ALL,
        ..user(
            "v2.users.{id}.integrationpresence",
            Kind::IntegrationPresence,
            "Presence of a user from other sources",
        )
    },
    user("v2.users.{id}.station", Kind::Silent, "Stations of a user"),
    Template { own_only: true, ..user("v2.users.{id}.tokens", Kind::Silent, "Sign-ins of a user") },
    Template {
        permission: Some("wfm:realtimeAdherence:view"),
        ..user("v2.users.{id}.workforcemanagement.adherence", Kind::Silent, "Adherence of a user")
    },
    Template {
        object: Object::Queue,
        permission: Some("routing:queue:view"),
        uri: Some("/api/v2/routing/queues/{queueId}/members"),
        ..user("v2.routing.queues.{id}.users", Kind::QueueUsers, "Who is active in a queue")
    },
    Template {
        transports: NO_SOCKET,
        ..user("v2.detail.events.agent.{id}.state", Kind::Silent, "Sessions of an agent, in detail")
    },
    system("v2.system.no_longer_subscribed.{id}", "Another channel took over"),
    system("v2.system.token_revoked.{id}", "The channel's token was revoked"),
    system("v2.system.socket_closing", "The socket is about to be closed"),
    system("v2.subscription.updated", "The channel's subscriptions have changed"),
];
