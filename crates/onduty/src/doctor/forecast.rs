//! What this set-up takes and promises with as many agents as there are, and what in it can't be had: with the nearest
//! that can.

use onduty_core::finding::{Evidence, Reason};

use super::check::{Check, awaited, span};
use super::facts::Facts;
use super::sources::RESTS_ON;
use crate::config::show_duration;
use crate::forecast::{CHANNELS_MAX, Circumstances, Effort, Forecast, TOPICS_MAX};

pub(super) const NAME: &str = "forecast";

/// Something configured that can't be had.
struct Impossible {
    found: String,
    meaning: String,
    remedy: String,
}

pub(super) fn judge(facts: &Facts, before: &[Check]) -> Vec<Check> {
    let Some(agents) = facts.agents() else {
        return vec![match awaited(before, &RESTS_ON) {
            Some(name) => Check::waits(NAME, &name),
            None => Check::skipped(NAME, "how many agents there are is not known yet"),
        }];
    };
    let circumstances = facts.circumstances(agents);
    let forecast = circumstances.forecast();
    let mut checks = vec![steady(facts, &circumstances, &forecast)];
    let Forecast { cold_start, channels_whole, channel_loss, channels, stale_without_push, .. } = forecast;
    let listed = format!("everybody listed after {}", about(cold_start));
    if channels == 0 {
        checks.push(Check::ok("cold start", listed));
    } else {
        let whole = about(channels_whole);
        checks.push(Check::ok("cold start", format!("{listed}; channels whole after {whole} more")));
        let loss = format!("its agents alone are read again: {}", about(channel_loss));
        checks.push(Check::ok("channel loss", loss));
    }
    let stale = format!("listings alone keep states at most {} old", span(stale_without_push));
    checks.push(Check::ok("push loss", stale));
    checks
}

fn steady(facts: &Facts, circumstances: &Circumstances, forecast: &Forecast) -> Check {
    let Forecast { listing, topics, channels, steady, .. } = *forecast;
    let chosen = if listing.is_auto { " (chosen)" } else { "" };
    let push = match channels {
        0 => "no channels".to_owned(),
        1 => format!("1 channel, {topics} topics"),
        many => format!("{many} channels, {topics} topics"),
    };
    let interval = show_duration(listing.interval);
    let found = format!(
        "{} agents, {push}, listed every {interval}{chosen}; {:.1} of {} requests a minute",
        circumstances.agents,
        steady.total(),
        circumstances.allowed
    );
    let told = [("sweep", steady.sweep), ("channel", steady.channel), ("diagnosis", steady.diagnosis)]
        .map(|(purpose, each)| Evidence::at(purpose, format!("{each:.2} requests a minute"), facts.now));
    let mut problems = impossible(facts, circumstances, forecast);
    if problems.is_empty() {
        return Check::ok(NAME, found).seen(told);
    }
    let first = problems.remove(0);
    let also = problems.into_iter().map(|problem| {
        let detail = format!("{}: {}", problem.found, problem.remedy);
        Evidence::at("configuration", detail, facts.now)
    });
    let found = format!("{found}; {}", first.found);
    let check = if listing.impossible.is_some() {
        Check::fail(NAME, Reason::ConfigurationInvalid, found)
    } else {
        Check::warn(NAME, Some(Reason::ConfigurationInvalid), found)
    };
    check.meaning(first.meaning).remedy(first.remedy).seen(also).seen(told)
}

/// What can't be had with so many agents under this allowance.
fn impossible(facts: &Facts, circumstances: &Circumstances, forecast: &Forecast) -> Vec<Impossible> {
    let Forecast { listing, beyond, listing_requests, stale_without_push, .. } = *forecast;
    let (mut problems, settings) = (Vec::new(), &facts.settings);
    if let Some(wanted) = listing.impossible {
        let (wanted, least) = (show_duration(wanted), show_duration(listing.interval));
        problems.push(Impossible {
            found: format!("sync.sweep_interval = {wanted} can't be kept"),
            meaning: format!(
                "a listing takes {listing_requests} requests; the allowance permits one every {least}, and so it is done"
            ),
            remedy: format!("set sync.sweep_interval = \"{least}\" or \"auto\", or have the allowance raised"),
        });
    }
    if beyond > 0 && circumstances.channels_max > 0 {
        let (wanted, max) = (circumstances.channels_wanted(), circumstances.channels_max);
        let held = max * u64::try_from(TOPICS_MAX).unwrap_or(u64::MAX);
        let remedy = if wanted <= CHANNELS_MAX {
            format!("set sync.channels_max = {wanted}")
        } else {
            format!(
                "{} agents are the most for one OAuth client: bring the others by webhook (EventBridge has no \
                 limit), or share them out over several sidecars",
                CHANNELS_MAX * u64::try_from(TOPICS_MAX).unwrap_or(u64::MAX)
            )
        };
        problems.push(Impossible {
            found: format!("{max} channels hold {held} agents, {beyond} have no topic"),
            meaning: format!(
                "their changes are seen by full listings, {} late at most",
                span(stale_without_push)
            ),
            remedy,
        });
    }
    let staleness = settings.default_max_staleness;
    let is_pushed = settings.webhook || circumstances.channels_max > 0;
    if !is_pushed && !staleness.is_zero() && staleness < listing.interval {
        let (short, least) = (show_duration(staleness), show_duration(listing.interval));
        problems.push(Impossible {
            found: format!("sync.default_max_staleness = {short} is below the interval of listings"),
            meaning: "nothing is pushed: most questions are look-ups, which the allowance has few of"
                .to_owned(),
            remedy: format!("set sync.default_max_staleness = \"{least}\", or let the platform push"),
        });
    }
    problems
}

fn about(effort: Effort) -> String {
    let requests = match effort.requests {
        1 => "1 request".to_owned(),
        many => format!("{many} requests"),
    };
    format!("{requests}, about {}", span(effort.takes))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use super::*;
    use crate::config::PlatformApi;
    use crate::doctor::check::Status;
    use crate::doctor::facts::Settings;
    use crate::doctor::testing::facts;
    use crate::forecast::Interval;
    use crate::status::{ApiOrigin, SpokenApi};

    fn with(agents: usize, change: impl FnOnce(&mut Settings)) -> Vec<Check> {
        let facts = facts(|facts| {
            let settings = Arc::make_mut(&mut facts.settings);
            (settings.sweep_interval, settings.channels_max) = (Interval::Auto, 20);
            change(settings);
            facts.api_spoken = Some(SpokenApi { api: PlatformApi::Users, origin: ApiOrigin::Configured });
            facts.shape = crate::platform::genesys::users_api::LISTING;
            facts.directory.agents = agents;
            facts.board.budget.allowed_per_minute = 300;
        });
        judge(&facts, &[])
    }

    #[test]
    fn what_can_be_had_is_forecast_in_one_line_each() {
        let lines: Vec<(&str, Status, String)> =
            with(12_000, |_| {}).into_iter().map(|check| (check.name, check.status, check.found)).collect();
        let ok = |name, found: &str| (name, Status::Ok, found.to_owned());
        assert_eq!(
            lines,
            [
                ok(
                    "forecast",
                    "12000 agents, 12 channels, 12000 topics, listed every 135s (chosen); 56.2 of 300 requests a minute"
                ),
                ok(
                    "cold start",
                    "everybody listed after 124 requests, about 30 s; channels whole after 144 requests, about 76 s more"
                ),
                ok("channel loss", "its agents alone are read again: 12 requests, about 3 s"),
                ok("push loss", "listings alone keep states at most 4 min old"),
            ]
        );
    }

    #[test]
    fn what_can_not_be_had_is_told_with_the_nearest_that_can() {
        type Change = fn(&mut Settings);
        let table: [(usize, Change, Status, &str); 5] = [
            (
                20_000,
                |s| s.sweep_interval = Interval::Fixed(Duration::from_secs(10)),
                Status::Fail,
                "sync.sweep_interval = \"112s\"",
            ),
            (12_000, |s| s.channels_max = 5, Status::Warn, "sync.channels_max = 12"),
            (25_000, |_| {}, Status::Warn, "20000 agents are the most"),
            (
                12_000,
                |s| {
                    (s.channels_max, s.webhook) = (0, false);
                    s.default_max_staleness = Duration::from_secs(5);
                },
                Status::Warn,
                "sync.default_max_staleness = \"70s\"",
            ),
            (100, |_| {}, Status::Ok, ""),
        ];
        for (agents, change, status, remedy) in table {
            let check = with(agents, change).remove(0);
            assert_eq!(check.status, status, "{}", check.found);
            assert!(check.remedy.contains(remedy), "{}", check.remedy);
        }
    }

    #[test]
    fn nothing_is_forecast_for_nobody_knows_how_many() {
        let checks = judge(&facts(|_| {}), &[Check::fail("credentials", Reason::CredentialsRejected, "")]);
        assert_eq!((checks.len(), checks[0].status), (1, Status::Skipped));
        assert!(checks[0].found.contains("credentials"), "{}", checks[0].found);
    }
}
