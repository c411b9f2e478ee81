//! Who we are to the platform: whether it takes the client, which organisation and region that reaches, and whether
//! the API that is configured exists there.

use onduty_core::access::{Seen, Token};
use onduty_core::finding::{Evidence, Reason};

use super::check::{Check, awaited};
use super::facts::Facts;
use super::{budget, host};
use crate::platform::genesys::error::PlatformError;
use crate::platform::genesys::route::Route;

pub(super) const CREDENTIALS: &str = "credentials";
pub(super) const REGION: &str = "region";
pub(super) const ENDPOINTS: &str = "endpoints";

const NO_ANSWERS: &str =
    "the platform gives us nothing: what is held grows old, and misses can't be cleared up";

pub(super) fn credentials(facts: &Facts, before: &[Check]) -> Check {
    if let Some(name) = awaited(before, &[host::LOGIN]) {
        return Check::waits(CREDENTIALS, &name);
    }
    let client = &facts.settings.client_id;
    match &facts.token {
        Err(PlatformError::CredentialsRejected { detail }) => {
            let found = format!("the client {client} is refused: {detail}");
            Check::fail(CREDENTIALS, Reason::CredentialsRejected, found)
                .meaning(NO_ANSWERS)
                .remedy(
                    "check platform.client_id and the secret, and in Admin that the OAuth client is there, enabled, \
                     and of the grant type Client Credentials",
                )
                .seen([Evidence::at(Route::Token.template(), detail.clone(), facts.now)])
        }
        // Not told by this region.
        Err(PlatformError::WrongRegion { .. }) => Check::waits(CREDENTIALS, REGION),
        Err(PlatformError::RateLimited { .. }) => Check::waits(CREDENTIALS, budget::NAME),
        Err(PlatformError::Unavailable { since, detail }) if detail.starts_with(Route::Token.template()) => {
            Check::fail(CREDENTIALS, Reason::PlatformUnavailable, format!("no token could be had: {detail}"))
                .meaning(NO_ANSWERS)
                .remedy("look at the platform's status page; onduty tries on by itself")
                .seen([Evidence::at(Route::Token.template(), detail.clone(), *since)])
        }
        Ok(_)
        | Err(
            PlatformError::Unavailable { .. } | PlatformError::Refused(_) | PlatformError::Malformed { .. },
        ) => Check::ok(CREDENTIALS, format!("the client {client} has a token")),
    }
}

pub(super) fn region(facts: &Facts, before: &[Check]) -> Check {
    if let Some(name) = awaited(before, &[host::API]).or_else(|| match &facts.token {
        Err(PlatformError::WrongRegion { .. }) => None,
        _ => awaited(before, &[CREDENTIALS]),
    }) {
        return Check::waits(REGION, &name);
    }
    match &facts.token {
        Ok(token) => Check::ok(REGION, reached(token, facts)),
        Err(PlatformError::WrongRegion { detail, region, asked }) => {
            let found = format!("{asked} does not know the client ({detail}); {region} does");
            Check::fail(REGION, Reason::WrongRegion, found)
                .meaning("onduty asks a region in which this organisation has nobody")
                .remedy(format!(
                    "set platform.region = \"{region}\", or use an OAuth client of an organisation in {asked}"
                ))
                .seen([Evidence::at(Route::Token.template(), format!("{region} gave it a token"), facts.now)])
        }
        Err(error) => {
            Check::fail(REGION, error_reason(error), format!("the organisation can't be read: {error}"))
                .meaning(NO_ANSWERS)
                .remedy("look at the platform's status page; onduty tries on by itself")
                .seen([Evidence::at(Route::TokenInfo.template(), error.to_string(), facts.now)])
        }
    }
}

fn reached(token: &Seen<Token>, facts: &Facts) -> String {
    let organisation = token.value.organisation.as_deref().unwrap_or("an organisation without a name");
    let region = facts.settings.region.as_deref().unwrap_or(facts.settings.api_url.as_str());
    format!("organisation \"{organisation}\" in {region}")
}

const fn error_reason(error: &PlatformError) -> Reason {
    match error {
        PlatformError::RateLimited { .. } => Reason::RateLimited,
        PlatformError::Unavailable { .. } => Reason::PlatformUnavailable,
        PlatformError::CredentialsRejected { .. } => Reason::CredentialsRejected,
        PlatformError::WrongRegion { .. } => Reason::WrongRegion,
        PlatformError::Refused(_) | PlatformError::Malformed { .. } => Reason::Undetermined,
    }
}

/// Whether the spoken API is there: on the real host the agent-states API is not.
pub(super) fn endpoints(facts: &Facts, before: &[Check]) -> Check {
    if let Some(name) = awaited(before, &[REGION]) {
        return Check::waits(ENDPOINTS, &name);
    }
    let (api, path) = (facts.api_name(), facts.listed_at());
    let error = match &facts.endpoint {
        None => return Check::skipped(ENDPOINTS, format!("{path} was not asked in the time there was")),
        Some(Err(PlatformError::RateLimited { .. })) => return Check::waits(ENDPOINTS, budget::NAME),
        Some(Ok(())) if facts.settings.api.is_none() => {
            return Check::ok(ENDPOINTS, format!("found out: the {api} answers ({path})"));
        }
        Some(Ok(())) => return Check::ok(ENDPOINTS, format!("the {api} answers ({path})")),
        Some(Err(error)) => error,
    };
    let seen = Evidence::at(path.template(), error.to_string(), facts.now);
    match error.refused_with(404) {
        Some(_) => Check::fail(ENDPOINTS, Reason::NameUnknown, format!("{path} is a 404 on this platform"))
            .meaning(format!("the {api} does not exist here, so nobody has a state in it"))
            .remedy(
                "set platform.api = \"users\": there an agent is a user, and /api/v2/users tells presence and routing \
                 status",
            )
            .seen([seen]),
        // Rights have lines of their own.
        None if error.refused_with(403).is_some() => {
            Check::ok(ENDPOINTS, format!("the {api} is there ({path} refuses this client)")).seen([seen])
        }
        None => Check::warn(ENDPOINTS, Some(error_reason(error)), format!("{path} gave no answer: {error}"))
            .meaning("look-ups and listings may fail as this read did")
            .remedy("look again shortly; if it stays so, look at the platform's status page")
            .seen([seen]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::check::Status;
    use crate::doctor::testing::{facts, refused};
    use onduty_core::time::Timestamp;

    fn wrong_region() -> PlatformError {
        PlatformError::WrongRegion {
            detail: "no".into(),
            region: "usw2.pure.cloud".into(),
            asked: "here".into(),
        }
    }

    fn unavailable(detail: &str) -> PlatformError {
        PlatformError::Unavailable { since: Timestamp::from_millis(0), detail: detail.into() }
    }

    #[test]
    fn one_of_the_two_lines_takes_the_blame_for_a_token_that_is_not_given() {
        let rejected = PlatformError::CredentialsRejected { detail: "no".into() };
        let limited = PlatformError::RateLimited { until: Timestamp::from_millis(0) };
        let table = [
            (rejected, (Status::Fail, Status::Skipped)),
            (wrong_region(), (Status::Skipped, Status::Fail)),
            (limited, (Status::Skipped, Status::Skipped)),
            (unavailable("/oauth/token: 503"), (Status::Fail, Status::Skipped)),
            (unavailable("/api/v2/tokens/me: 503"), (Status::Ok, Status::Fail)),
            (refused(403, "not.authorized"), (Status::Ok, Status::Fail)),
        ];
        for (error, expected) in table {
            let text = error.to_string();
            let facts = facts(|facts| facts.token = Err(error));
            let credentials = credentials(&facts, &[]);
            let before = [credentials.clone()];
            assert_eq!((credentials.status, region(&facts, &before).status), expected, "{text}");
        }
    }

    #[test]
    fn the_right_region_is_named_in_what_to_do() {
        let check = region(&facts(|facts| facts.token = Err(wrong_region())), &[]);
        assert!(check.remedy.contains("platform.region = \"usw2.pure.cloud\""), "{}", check.remedy);
    }

    #[test]
    fn an_api_that_is_not_there_is_a_name_that_is_not_known() {
        let table = [
            (Ok(()), Status::Ok),
            (Err(refused(404, "not.found")), Status::Fail),
            (Err(refused(403, "missing.permissions")), Status::Ok),
            (Err(unavailable("503")), Status::Warn),
        ];
        for (outcome, expected) in table {
            let text = format!("{outcome:?}");
            let facts = facts(|facts| facts.endpoint = Some(outcome));
            assert_eq!(endpoints(&facts, &[]).status, expected, "{text}");
        }
    }
}
