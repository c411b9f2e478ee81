//! Why there is no (fresh) state to give: exactly one reason, with the evidence that proved it and how to mend it.

use std::sync::Arc;
use std::time::Duration;

use crate::row::Row;
use crate::time::Timestamp;

macro_rules! reasons {
    ($($(#[$doc:meta])* $variant:ident = $name:literal,)*) => {
        /// The reasons for a miss, and for a failed check of the doctor. On every wire a reason is its name.
        ///
        /// Those of a miss stand in the order of blame: a later one shows only once the earlier ones are lifted.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Reason {
            $($(#[$doc])* $variant,)*
        }

        impl Reason {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The name on every wire.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)*
                }
            }
        }
    };
}

reasons! {
    /// No id of this platform looks like that.
    IdMalformed = "ID_MALFORMED",
    /// No answer from the platform.
    PlatformUnavailable = "PLATFORM_UNAVAILABLE",
    /// The platform refused the client's credentials.
    CredentialsRejected = "CREDENTIALS_REJECTED",
    /// The client or its organisation belongs to another region.
    WrongRegion = "WRONG_REGION",
    /// The request budget is spent.
    RateLimited = "RATE_LIMITED",
    /// The first full listing has not finished.
    NotYetSynced = "NOT_YET_SYNCED",
    /// Known, but older than the caller accepts, and the platform can't be asked now.
    StateStale = "STATE_STALE",
    /// The endpoint, scope, permission or topic asked for does not exist on this platform.
    NameUnknown = "NAME_UNKNOWN",
    /// The token lacks the scope that states need.
    ScopeMissing = "SCOPE_MISSING",
    /// The client's roles grant the permission in no division.
    PermissionMissing = "PERMISSION_MISSING",
    /// Granted minutes ago; grants take time to apply.
    PermissionPending = "PERMISSION_PENDING",
    /// The id of something else: a user, a queue.
    WrongIdKind = "WRONG_ID_KIND",
    /// No such agent in this organisation, proven by a read that does not lie.
    AgentUnknown = "AGENT_UNKNOWN",
    /// Granted, but not in this agent's division.
    DivisionNotVisible = "DIVISION_NOT_VISIBLE",
    /// The directory says that the account was deleted.
    AgentDeleted = "AGENT_DELETED",
    /// The directory says that the account is switched off.
    AgentInactive = "AGENT_INACTIVE",
    /// An attribute-based policy refuses.
    PolicyDenied = "POLICY_DENIED",
    /// The platform's own read is older than what it pushed.
    PlatformCacheStale = "PLATFORM_CACHE_STALE",
    /// The agent exists and has no state because nobody is logged in.
    NotLoggedIn = "NOT_LOGGED_IN",
    /// The platform named the agent and left the state out, also when asked for it alone.
    StateWithheld = "STATE_WITHHELD",
    /// Our clock and the platform's differ by more than states can bear.
    ClockSkewed = "CLOCK_SKEWED",
    /// A source has said nothing for longer than it may.
    SourceSilent = "SOURCE_SILENT",
    /// A notification channel was lost, and is not back.
    ChannelLost = "CHANNEL_LOST",
    /// The platform refuses topics: changes of their agents are not pushed.
    TopicRejected = "TOPIC_REJECTED",
    /// The store can't be written, or can't be trusted.
    StoreFailing = "STORE_FAILING",
    /// The configuration can't be used.
    ConfigurationInvalid = "CONFIGURATION_INVALID",
    /// None of the above could be shown.
    Undetermined = "UNDETERMINED",
}

impl Reason {
    /// The page about this reason.
    pub fn help_url(self) -> String {
        format!("https://onduty.dev/reasons/{}", self.name())
    }
}

/// Why there is no state to give.
#[derive(Clone, Debug)]
pub struct Finding {
    /// The one reason.
    pub reason: Reason,
    /// The id as it was asked for, cut to [`ASKED_SHOWN_MAX`] characters.
    pub asked: String,
    /// One sentence for people.
    pub summary: String,
    /// What was seen, oldest first.
    pub evidence: Vec<Evidence>,
    /// What to do about it.
    pub remedy: String,
    /// The last state known. Old by nature.
    pub last_known: Option<Arc<Row>>,
    /// When asking again may help.
    pub retry_after: Option<Duration>,
    /// Other causes seen, which will show once this one is lifted. Of [`Reason::Undetermined`]: those that remain
    /// possible. Of [`Reason::StateStale`]: why the platform can't be asked.
    pub also: Vec<Reason>,
}

/// One thing that was seen, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Evidence {
    /// Where: a request, a source, the configuration.
    pub origin: String,
    /// What.
    pub detail: String,
    /// When, by our clock.
    pub observed_at: Option<Timestamp>,
}

/// How much of an asked-for id a finding repeats. An id comes from a stranger and may be a megabyte long.
pub const ASKED_SHOWN_MAX: usize = 200;

impl Finding {
    /// A finding without evidence yet.
    pub fn new(reason: Reason, asked: &str, summary: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self {
            reason,
            asked: asked.chars().take(ASKED_SHOWN_MAX).collect(),
            summary: summary.into(),
            evidence: Vec::new(),
            remedy: remedy.into(),
            last_known: None,
            retry_after: None,
            also: Vec::new(),
        }
    }

    /// With each piece of evidence once: several causes may rest on the same one.
    #[must_use]
    pub(crate) fn without_repetition(mut self) -> Self {
        let mut kept: Vec<Evidence> = Vec::with_capacity(self.evidence.len());
        for evidence in self.evidence.drain(..) {
            if !kept.contains(&evidence) {
                kept.push(evidence);
            }
        }
        self.evidence = kept;
        self
    }

    /// With what was seen.
    #[must_use]
    pub fn seen(mut self, evidence: impl IntoIterator<Item = Evidence>) -> Self {
        self.evidence.extend(evidence);
        self
    }

    /// With the last state known.
    #[must_use]
    pub fn last_known(mut self, row: Option<&Arc<Row>>) -> Self {
        self.last_known = row.filter(|row| row.has_state()).cloned();
        self
    }

    /// With the time after which asking again may help.
    #[must_use]
    pub fn retry_after(mut self, wait: Duration) -> Self {
        self.retry_after = Some(wait);
        self
    }
}

impl Evidence {
    /// Something seen at an instant.
    pub fn at(origin: impl Into<String>, detail: impl Into<String>, observed_at: Timestamp) -> Self {
        Self { origin: origin.into(), detail: detail.into(), observed_at: Some(observed_at) }
    }
}
