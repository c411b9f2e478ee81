//! Which of the two APIs a platform speaks, by the one read that tells: on the real host `/api/v2/agents/states` is a
//! 404 like every path that does not exist.
//!
//! What is found out stands for as long as the process runs, so only the platform's own words decide. A captive portal
//! answers everything with its page, and proxies have been seen to answer paths that do not exist with `200 []`, which
//! is also what the agent-states API says of an id that nobody has. In doubt a list is read whose form nobody makes up:
//! the agents', and if there is none, the users'.

use super::budget::Purpose;
use super::client::{Ask, Client};
use super::decode::{self, Arrival, Malformed};
use super::error::{PlatformError, Refused};
use super::route::Route;
use crate::config::PlatformApi;
use onduty_core::observation::Source;

/// An id that nobody has.
const NOBODY: &str = "00000000-0000-4000-8000-000000000000";
/// The code of a path that does not exist.
const NO_SUCH_PATH: &str = "not.found";

/// A read that may tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Probe {
    /// The states of nobody.
    States,
    /// The first agent.
    Agents,
    /// The first user.
    Users,
}

/// What a read tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Tells {
    Api(PlatformApi),
    /// Others may have said it: the next read tells.
    Doubt,
    /// Not now.
    Nothing,
}

/// Asks which API there is.
///
/// # Errors
///
/// When nothing was answered that tells. A proxy's page and a refused token tell nothing.
pub async fn which(client: &Client) -> Result<PlatformApi, PlatformError> {
    for probe in [Probe::States, Probe::Agents] {
        let answer = probe.send(client).await;
        match (probe.tells(answer.as_ref()), answer) {
            (Tells::Api(api), _) => return Ok(api),
            (Tells::Nothing, Err(error)) => return Err(error),
            (Tells::Doubt | Tells::Nothing, _) => {}
        }
    }
    Probe::Users.send(client).await.map(|_| PlatformApi::Users)
}

impl Probe {
    /// How many it names.
    async fn send(self, client: &Client) -> Result<usize, PlatformError> {
        let (route, path) = match self {
            Self::States => (Route::AgentStates, format!("{}?agentId={NOBODY}", Route::AgentStates)),
            Self::Agents => (Route::Agents, format!("{}?pageSize=1", Route::Agents)),
            Self::Users => (Route::Users, format!("{}?pageSize=1", Route::Users)),
        };
        let answer = client.get(&Ask { route, path, purpose: Purpose::Diagnosis }).await?;
        let arrival = Arrival { source: Source::Lookup, heard_at: answer.sent_at };
        client.read(&answer, |body| self.named(body, arrival))
    }

    fn named(self, body: &[u8], arrival: Arrival) -> Result<usize, Malformed> {
        Ok(match self {
            Self::States => decode::agent_states(body, arrival)?.observations.len(),
            Self::Agents => decode::agent_profiles(body)?.entities.len(),
            Self::Users => decode::users(body, arrival)?.entities.len(),
        })
    }

    fn tells(self, answer: Result<&usize, &PlatformError>) -> Tells {
        let agent_states = Tells::Api(PlatformApi::AgentStates);
        match (self, answer) {
            (Self::Users, Ok(_)) => Tells::Api(PlatformApi::Users),
            (Self::Users, Err(_)) => Tells::Nothing,
            (Self::States, Ok(0)) => Tells::Doubt,
            (_, Ok(_)) => agent_states,
            (_, Err(PlatformError::Malformed { .. })) => Tells::Doubt,
            (_, Err(PlatformError::Refused(refused))) => match (refused.status, &*refused.code) {
                (404, NO_SUCH_PATH) if self == Self::States => Tells::Api(PlatformApi::Users),
                (404, _) => Tells::Doubt,
                (401, _) | (_, Refused::WITHOUT_CODE) => Tells::Nothing,
                _ => agent_states,
            },
            (_, Err(_)) => Tells::Nothing,
        }
    }
}

#[cfg(test)]
mod tests {
    use onduty_core::time::Timestamp;

    use super::*;

    fn refused(status: u16, code: &str) -> PlatformError {
        let (route, code, message) = (Route::AgentStates, code.to_owned(), String::new());
        PlatformError::Refused(Refused { route, status, code, message, correlation_id: None })
    }

    #[test]
    fn only_the_platforms_own_words_tell_which_api_there_is() {
        let users = Tells::Api(PlatformApi::Users);
        let states = Tells::Api(PlatformApi::AgentStates);
        let table = [
            (404, "not.found", users, Tells::Doubt),
            (404, "general.resource.not.found", Tells::Doubt, Tells::Doubt),
            (404, Refused::WITHOUT_CODE, Tells::Doubt, Tells::Doubt),
            (403, "app.not.authorized.for.scope", states, states),
            (400, "invalid.id", states, states),
            (403, Refused::WITHOUT_CODE, Tells::Nothing, Tells::Nothing),
            (401, "bad.credentials", Tells::Nothing, Tells::Nothing),
        ];
        for (status, code, by_states, by_agents) in table {
            let error = refused(status, code);
            assert_eq!(Probe::States.tells(Err(&error)), by_states, "{status} {code}");
            assert_eq!(Probe::Agents.tells(Err(&error)), by_agents, "{status} {code}");
        }
    }

    #[test]
    fn an_empty_answer_and_a_strangers_page_leave_it_in_doubt() {
        let states = Tells::Api(PlatformApi::AgentStates);
        assert_eq!(Probe::States.tells(Ok(&0)), Tells::Doubt);
        assert_eq!(Probe::States.tells(Ok(&1)), states);
        assert_eq!(Probe::Agents.tells(Ok(&0)), states, "a page is a page");
        assert_eq!(Probe::Users.tells(Ok(&0)), Tells::Api(PlatformApi::Users));
        let arrival = Arrival { source: Source::Lookup, heard_at: Timestamp::from_millis(1) };
        for probe in [Probe::States, Probe::Agents, Probe::Users] {
            let source = probe.named(b"<html>Please sign in</html>", arrival).unwrap_err();
            let error = PlatformError::Malformed { route: Route::Users, correlation_id: None, source };
            let expected = if probe == Probe::Users { Tells::Nothing } else { Tells::Doubt };
            assert_eq!(probe.tells(Err(&error)), expected, "{probe:?}");
        }
        for probe in [Probe::Agents, Probe::Users] {
            assert!(probe.named(b"[]", arrival).is_err(), "{probe:?}");
        }
        let spent = PlatformError::RateLimited { until: Timestamp::from_millis(1) };
        assert_eq!(Probe::States.tells(Err(&spent)), Tells::Nothing);
    }
}
