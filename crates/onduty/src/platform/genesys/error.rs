//! Why the platform gave no answer that could be used, and what an asker is told of it. No secret is in any of it.

use onduty_core::access::Seen;
use onduty_core::answer::Refusal;
use onduty_core::facts::Denial;
use onduty_core::time::Timestamp;

use super::decode::Malformed;
use super::route::Route;

/// Why a request came to nothing.
#[derive(Clone, Debug, thiserror::Error)]
pub enum PlatformError {
    /// The request budget is spent.
    #[error("the platform's request budget is spent")]
    RateLimited {
        /// When it will be asked again.
        until: Timestamp,
    },
    /// It gave no answer, or one that only says that it is not well.
    #[error("the platform does not answer: {detail}")]
    Unavailable {
        /// Since when.
        since: Timestamp,
        /// What was seen.
        detail: String,
    },
    /// It refused the client's id, secret or token.
    #[error("the platform refused the client's credentials: {detail}")]
    CredentialsRejected {
        /// In its own words.
        detail: String,
    },
    /// The client belongs to another region.
    #[error("the platform does not know the client here ({detail}), but in the region {region}")]
    WrongRegion {
        /// In the platform's words.
        detail: String,
        /// The domain of the region that knows it.
        region: String,
        /// The region that was asked.
        asked: String,
    },
    /// It refused this request.
    #[error("the platform refused {0}")]
    Refused(Refused),
    /// Its answer is not what it should be.
    #[error("the platform's answer to {route} can't be read{}", shown(correlation_id))]
    Malformed {
        /// Which request.
        route: Route,
        /// The platform's id of it.
        correlation_id: Option<String>,
        /// What is wrong with it.
        source: Malformed,
    },
}

/// A request that the platform understood and refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{route} with {status} {code}: {message}{}", shown(correlation_id))]
pub struct Refused {
    /// Which request.
    pub route: Route,
    /// The HTTP status.
    pub status: u16,
    /// The platform's code, such as `missing.any.permissions`.
    pub code: String,
    /// Its words.
    pub message: String,
    /// Its id of the request.
    pub correlation_id: Option<String>,
}

/// No HTTP client could be made.
#[derive(Debug, thiserror::Error)]
#[error("could not set up the HTTP client: check the system's certificate store")]
pub struct ClientError(#[from] reqwest::Error);

impl PlatformError {
    /// What an asker is told.
    pub fn refusal(&self, now: Timestamp) -> Refusal {
        match self {
            Self::RateLimited { until } => Refusal::RateLimited { until: *until },
            Self::Unavailable { since, detail } => {
                Refusal::Unavailable { since: *since, detail: detail.clone() }
            }
            Self::CredentialsRejected { detail } => Refusal::CredentialsRejected { detail: detail.clone() },
            Self::WrongRegion { detail, region, asked } => {
                Refusal::WrongRegion { detail: detail.clone(), region: region.clone(), asked: asked.clone() }
            }
            Self::Malformed { source, .. } => {
                Refusal::Unavailable { since: now, detail: format!("{self}: {source}") }
            }
            Self::Refused(_) => Refusal::Unavailable { since: now, detail: self.to_string() },
        }
    }

    /// The refusal, if it says that there is nobody of the ids asked for.
    pub fn nobody(&self) -> Option<&Refused> {
        self.refused_with(404).filter(|refused| refused.says_nobody())
    }

    /// Whether the platform itself says that what was asked for is not there.
    pub fn says_absent(&self) -> bool {
        self.refused_with(404).is_some_and(Refused::says_absent)
    }

    /// Whether the answer would have been larger than the platform gives: it is to be asked for less.
    pub fn says_too_large(&self) -> bool {
        self.refused_with(400).is_some_and(|refused| refused.code == "response.entity.too.large")
    }

    /// The refusal, if the platform answered with that status.
    pub fn refused_with(&self, status: u16) -> Option<&Refused> {
        match self {
            Self::Refused(refused) if refused.status == status => Some(refused),
            Self::Refused(_)
            | Self::RateLimited { .. }
            | Self::Unavailable { .. }
            | Self::CredentialsRejected { .. }
            | Self::WrongRegion { .. }
            | Self::Malformed { .. } => None,
        }
    }
}

impl Refused {
    /// What stands in the place of a code where the body is not the platform's.
    pub const WITHOUT_CODE: &str = "without a code";

    /// Whether the platform itself says that what was asked for is not there: a proxy's page has no code.
    pub fn says_absent(&self) -> bool {
        self.status == 404 && self.code != Self::WITHOUT_CODE
    }

    /// Whether it says that there is nobody of the ids asked for. A plain `not.found` (or a proxy's page) says that
    /// there is no such path, and nothing about anybody.
    pub fn says_nobody(&self) -> bool {
        let codes = ["general.resource.not.found", "presenceservice.usernotfound"];
        self.status == 404 && codes.contains(&self.code.as_str())
    }

    /// As a fact about what was asked for.
    pub fn denial(&self, asked_at: Timestamp) -> Seen<Denial> {
        let Self { route, status, code, message, correlation_id } = self;
        let denial = Denial { status: *status, code: code.as_str().into(), message: message.as_str().into() };
        let correlation_id = correlation_id.as_deref().map(Into::into);
        Seen { value: denial, origin: route.template(), at: asked_at, correlation_id }
    }
}

fn shown(correlation_id: &Option<String>) -> String {
    correlation_id.as_ref().map(|id| format!(" (correlation id {id})")).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_platforms_own_codes_say_that_there_is_nobody() {
        let refused = |status, code: &str| Refused {
            route: Route::Users,
            status,
            code: code.into(),
            message: String::new(),
            correlation_id: None,
        };
        assert!(refused(404, "general.resource.not.found").says_nobody());
        assert!(refused(404, "presenceservice.usernotfound").says_nobody());
        for (status, code) in
            [(404, "not.found"), (404, "without a code"), (403, "general.resource.not.found")]
        {
            assert!(!refused(status, code).says_nobody(), "{status} {code}");
        }
    }

    #[test]
    fn a_proxys_page_says_nothing_of_what_was_asked_for() {
        let refused = |status, code: &str| {
            let (route, code, message) = (Route::AgentState, code.to_owned(), String::new());
            PlatformError::Refused(Refused { route, status, code, message, correlation_id: None })
        };
        assert!(refused(404, "not.found").says_absent());
        assert!(!refused(404, Refused::WITHOUT_CODE).says_absent());
        assert!(!refused(403, "not.authorized").says_absent());
    }

    #[test]
    fn a_refusal_keeps_the_platforms_words_and_its_correlation_id() {
        let error = PlatformError::Refused(Refused {
            route: Route::AgentState,
            status: 403,
            code: "missing.any.permissions".into(),
            message: "no".into(),
            correlation_id: Some("2b5f".into()),
        });
        let text = "the platform refused /api/v2/agents/{id}/state with 403 missing.any.permissions: no \
                    (correlation id 2b5f)";
        assert_eq!(error.to_string(), text);
        assert!(error.refused_with(403).is_some() && error.refused_with(404).is_none());
        assert!(error.nobody().is_none());
        let now = Timestamp::from_millis(7);
        assert_eq!(error.refusal(now), Refusal::Unavailable { since: now, detail: text.into() });
    }
}
