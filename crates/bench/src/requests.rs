//! What a sidecar asks of the platform: requests a minute in steady state, after the loss of a channel and from a cold
//! start, and how long it takes until everybody is listed, covered and read. Counted by the simulator, with the
//! sidecar's own defaults.

mod table;
mod timeline;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::future::try_join_all;
use onduty::clock::Clock;
use serde_json::{Value, json};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

pub(crate) use self::table::table;
use self::timeline::Timeline;
use crate::arguments::Requests;
use crate::house::control::{Control, ControlError};
use crate::house::{House, HouseError, LOOK, Size};

/// What one size of organisation takes.
#[derive(Clone, Debug, Default)]
pub(crate) struct Figures {
    /// Agents whose accounts are active.
    agents: u64,
    /// Channels that carry them.
    channels: u64,
    /// From the start to everybody listed.
    listed_after: Duration,
    /// To everybody covered by channels.
    covered_after: Duration,
    /// To everybody read since: full sync.
    read_after: Duration,
    /// Requests until then.
    start: u64,
    /// Requests in the busiest minute until then.
    start_busiest: u64,
    /// Requests a minute from then on.
    steady: f64,
    /// Requests in the busiest minute of that.
    steady_busiest: u64,
    /// Of these requests a minute, those of each purpose.
    purposes: Vec<(String, f64)>,
    /// Of these requests a minute, those to each route.
    routes: Vec<(String, f64)>,
    /// From the loss of a channel to all of its agents read again.
    healed_after: Duration,
    /// Requests in the first, the second and the third minute after the loss.
    after_loss: [u64; 3],
    /// Requests beyond the allowance.
    over_allowance: u64,
}

/// Simulated changes of state: each agent has one a minute.
const CHANGES_A_MINUTE: f64 = 1.0;
/// One seed for all sizes.
const SEED: u64 = 1;
/// How long anything may take.
const PATIENCE: Duration = Duration::from_secs(900);
const MINUTE: Duration = Duration::from_secs(60);

/// Counts for each size, all of them at once: they share nothing but the machine.
pub(crate) async fn count(options: &Requests) -> Result<Vec<Figures>, HouseError> {
    let steady_for = MINUTE * options.minutes;
    try_join_all(options.agents.iter().map(|agents| one(*agents, steady_for))).await
}

async fn one(agents: u32, steady_for: Duration) -> Result<Figures, HouseError> {
    let size = Size { agents, rate: f64::from(agents) * CHANGES_A_MINUTE / 60.0, seed: SEED };
    let begun = Instant::now();
    let mut house = House::build(size, &[], None).await?;
    let timeline = Arc::new(Mutex::new(Timeline::default()));
    let mut sampling = JoinSet::new();
    sampling.spawn(sample(house.control.clone(), begun, Arc::clone(&timeline)));
    let say = |what: &str| eprintln!("{agents:>6} agents {:>6.1} s  {what}", begun.elapsed().as_secs_f64());

    let mut figures = Figures::default();
    house.listed(PATIENCE).await?;
    figures.listed_after = begun.elapsed();
    say("listed");
    house.covered(PATIENCE).await?;
    let covered_at = Clock::system().now().as_millis();
    figures.covered_after = begun.elapsed();
    say("covered");
    let coverage = house.sidecar.coverage().await?;
    (figures.agents, figures.channels) = (coverage.covered, coverage.channels);
    house.read_again(0, coverage.covered, covered_at, PATIENCE).await?;
    figures.read_after = begun.elapsed();
    say("read: steady from here");

    let before = spent(&house).await?;
    let routes = by_route(&house.control.get("stats").await?);
    sleep(steady_for).await;
    let minutes = steady_for.as_secs_f64() / 60.0;
    let now = spent(&house).await?;
    figures.purposes = differences(&before, &now, minutes);
    figures.routes = differences(&routes, &by_route(&house.control.get("stats").await?), minutes);
    let steady_until = begun.elapsed();

    let read_before = house.sidecar.coverage().await?.read_again;
    house.control.post("disconnect", &json!({ "expire": 1 })).await?;
    let (lost_at, lost_ms) = (begun.elapsed(), Clock::system().now().as_millis());
    say("a channel is lost");
    sleep(LOOK * 2).await;
    house.covered(PATIENCE).await?;
    let topics = figures.agents.min(1_000);
    house.read_again(read_before, topics, lost_ms, PATIENCE).await?;
    figures.healed_after = begun.elapsed().saturating_sub(lost_at);
    say("healed");
    sleep((lost_at + MINUTE * 3 + LOOK * 2).saturating_sub(begun.elapsed())).await;

    let stats = house.control.get("stats").await?;
    let over = stats["overAllowance"].as_object().into_iter().flatten();
    figures.over_allowance = over.filter_map(|(_, count)| count.as_u64()).sum();
    sampling.shutdown().await;
    let timeline = timeline.lock().unwrap_or_else(PoisonError::into_inner).clone();
    figures.start = timeline.between(Duration::ZERO, figures.read_after);
    figures.start_busiest = timeline.busiest(Duration::ZERO, figures.read_after, MINUTE);
    figures.steady = timeline.between(figures.read_after, steady_until) as f64 / minutes;
    figures.steady_busiest = timeline.busiest(figures.read_after, steady_until, MINUTE);
    figures.after_loss =
        [0, 1, 2].map(|minute| timeline.between(lost_at + MINUTE * minute, lost_at + MINUTE * (minute + 1)));
    house.close().await?;
    say("counted");
    Ok(figures)
}

/// Notes once a second how many requests there were.
async fn sample(
    control: Control,
    begun: Instant,
    timeline: Arc<Mutex<Timeline>>,
) -> Result<(), ControlError> {
    loop {
        let all: u64 = by_route(&control.get("stats").await?).iter().map(|(_, count)| count).sum();
        timeline.lock().unwrap_or_else(PoisonError::into_inner).note(begun.elapsed(), all);
        sleep(LOOK).await;
    }
}

/// Requests so far to each route. Signing in is not counted by the platform's allowance, and not here.
fn by_route(stats: &Value) -> Vec<(String, u64)> {
    let mut routes: Vec<(String, u64)> = Vec::new();
    for request in stats["requests"].as_array().into_iter().flatten() {
        let (route, count) =
            (request["route"].as_str().unwrap_or(""), request["count"].as_u64().unwrap_or(0));
        match routes.iter_mut().find(|(known, _)| known == route) {
            _ if route == "/oauth/token" => {}
            Some((_, so_far)) => *so_far += count,
            None => routes.push((route.to_owned(), count)),
        }
    }
    routes
}

/// Requests so far for each purpose, by the sidecar's own account.
async fn spent(house: &House) -> Result<Vec<(String, u64)>, HouseError> {
    let shares = house.client.sync_status().await?.budget.unwrap_or_default().shares;
    Ok(shares.into_iter().map(|share| (share.purpose, share.spent)).collect())
}

/// What came to each name in so many minutes, a minute; those to whom nothing came are left out.
fn differences(before: &[(String, u64)], now: &[(String, u64)], minutes: f64) -> Vec<(String, f64)> {
    let former = |name: &str| before.iter().find(|(known, _)| known == name).map_or(0, |(_, count)| *count);
    let grown = now.iter().map(|(name, count)| (name.clone(), count.saturating_sub(former(name))));
    grown.filter(|(_, count)| *count > 0).map(|(name, count)| (name, count as f64 / minutes)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_summed_by_route_and_signing_in_is_none() {
        let stats = json!({"requests": [
            {"route": "/api/v2/users", "status": 200, "count": 5}, {"route": "/oauth/token", "status": 200, "count": 1},
            {"route": "/api/v2/users", "status": 429, "count": 2},
        ]});
        assert_eq!(by_route(&stats), [("/api/v2/users".to_owned(), 7)]);
    }

    #[test]
    fn what_came_is_told_a_minute_and_by_name() {
        let of = |pairs: &[(&str, u64)]| -> Vec<(String, u64)> {
            pairs.iter().map(|(name, count)| ((*name).to_owned(), *count)).collect()
        };
        let came = differences(&of(&[("a", 5), ("b", 2)]), &of(&[("a", 5), ("b", 8), ("c", 3)]), 3.0);
        assert_eq!(came, [("b".to_owned(), 2.0), ("c".to_owned(), 1.0)]);
    }
}
