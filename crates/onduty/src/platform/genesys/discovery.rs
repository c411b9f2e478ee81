//! Which of the two APIs a platform speaks, by the one read that tells: on the real host `/api/v2/agents/states` is a
//! 404 like every path that does not exist. Whatever else the platform itself answers there, there is something.

use super::budget::Purpose;
use super::client::{Ask, Client};
use super::error::{PlatformError, Refused};
use super::route::Route;
use crate::config::PlatformApi;

/// An id that nobody has.
const NOBODY: &str = "00000000-0000-4000-8000-000000000000";
/// The code of a path that does not exist.
const NO_SUCH_PATH: &str = "not.found";

/// Asks which API there is.
///
/// # Errors
///
/// When nothing was answered that tells. A proxy's page and a refused token tell nothing.
pub async fn which(client: &Client) -> Result<PlatformApi, PlatformError> {
    let route = Route::AgentStates;
    let path = format!("{route}?agentId={NOBODY}");
    match client.get(&Ask { route, path, purpose: Purpose::Diagnosis }).await {
        Ok(_) => Ok(PlatformApi::AgentStates),
        Err(PlatformError::Refused(refused)) => told_by(&refused).ok_or(PlatformError::Refused(refused)),
        Err(error) => Err(error),
    }
}

fn told_by(refused: &Refused) -> Option<PlatformApi> {
    match refused.status {
        404 if refused.code == NO_SUCH_PATH => Some(PlatformApi::Users),
        _ if refused.code == Refused::WITHOUT_CODE => None,
        _ => Some(PlatformApi::AgentStates),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_platforms_own_words_tell_which_api_there_is() {
        let table = [
            (404, "not.found", Some(PlatformApi::Users)),
            (404, "general.resource.not.found", Some(PlatformApi::AgentStates)),
            (403, "app.not.authorized.for.scope", Some(PlatformApi::AgentStates)),
            (400, "invalid.id", Some(PlatformApi::AgentStates)),
            (404, Refused::WITHOUT_CODE, None),
            (403, Refused::WITHOUT_CODE, None),
        ];
        for (status, code, expected) in table {
            let refused = Refused {
                route: Route::AgentStates,
                status,
                code: code.to_owned(),
                message: String::new(),
                correlation_id: None,
            };
            assert_eq!(told_by(&refused), expected, "{status} {code}");
        }
    }
}
