//! Whether the configuration can be used, and what in it is worth a second look.

use onduty_core::finding::{Evidence, Reason};

use super::check::Check;
use super::facts::Facts;
use crate::config::ConfigErrors;

pub(super) const NAME: &str = "configuration";

pub(super) fn judge(facts: &Facts) -> Check {
    let settings = &facts.settings;
    let keys = settings.keys_set;
    let found = format!("{keys} keys set; {}, client {}", facts.api_with_origin(), settings.client_id);
    if settings.insecure {
        return Check::warn(NAME, None, format!("{found}; ingress.insecure = true"))
            .meaning("whoever reaches the ingress listener can make up states")
            .remedy("set ingress.secrets or ingress.bearer, and take ingress.insecure out");
    }
    if !settings.webhook && settings.channels_max == 0 {
        return Check::warn(NAME, None, format!("{found}; sync.webhook = false"))
            .meaning("nothing is pushed: a state is as old as the last full listing (see forecast)")
            .remedy("let the platform send webhooks, and set sync.webhook = true");
    }
    Check::ok(NAME, found)
}

/// The check of a configuration that can't be used: each problem is a piece of evidence.
pub(super) fn invalid(errors: &ConfigErrors) -> Check {
    let problems = errors.problems().iter().map(|problem| Evidence {
        origin: "configuration".to_owned(),
        detail: problem.to_string(),
        observed_at: None,
    });
    Check::fail(NAME, Reason::ConfigurationInvalid, errors.to_string())
        .meaning("a sidecar would refuse to start with it, and nothing else can be looked at")
        .remedy("mend each problem named; `onduty config` shows every value with its origin")
        .seen(problems)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::PlatformApi;
    use crate::doctor::check::Status;
    use crate::doctor::testing::{NOW, facts};
    use crate::status::{ApiOrigin, SpokenApi};
    use std::time::Duration;

    #[test]
    fn how_it_is_known_which_api_is_spoken_is_said_where_the_configuration_does_not() {
        let found_at = NOW.before(Duration::from_secs(10_800));
        let table = [
            (ApiOrigin::Configured, "users API,"),
            (ApiOrigin::FoundOut { at: NOW }, "users API (found out),"),
            (
                ApiOrigin::Remembered { found_at },
                "users API (remembered: found out 3 h ago, to be asked again),",
            ),
        ];
        for (origin, expected) in table {
            let check = judge(&facts(|facts| {
                facts.api_spoken = Some(SpokenApi { api: PlatformApi::Users, origin });
            }));
            assert!(check.found.contains(expected), "{origin:?}: {}", check.found);
        }
    }

    #[test]
    fn what_weakens_every_answer_is_warned_of() {
        let table = [
            (false, true, Status::Ok, ""),
            (true, true, Status::Warn, "ingress.secrets"),
            (false, false, Status::Warn, "sync.webhook = true"),
        ];
        for (insecure, webhook, status, remedy) in table {
            let facts = facts(|facts| {
                let settings = std::sync::Arc::make_mut(&mut facts.settings);
                (settings.insecure, settings.webhook) = (insecure, webhook);
            });
            let check = judge(&facts);
            assert_eq!(check.status, status);
            assert!(check.remedy.contains(remedy), "{}", check.remedy);
        }
    }
}
