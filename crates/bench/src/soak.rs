//! The seeded soak: a sidecar that mirrors a large, busy organisation over notification channels while the platform
//! does everything to them that it can do. Three promises are held against the simulator's own account: after it all
//! the list is the truth within one sweep; no request ever went beyond the allowance; and while push was whole,
//! nothing was missed, and the delay from event to watcher is told.

mod outcome;
mod schedule;
mod truth;
mod watcher;
mod wholeness;

use std::time::Duration;

use onduty::clock::Clock;
use serde_json::json;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, sleep_until};

use self::outcome::{Delays, Outcome};
use self::schedule::{Act, Lasting, Order, Step, schedule};
use self::truth::{People, differences, people};
use self::watcher::Told;
use self::wholeness::Wholeness;
use crate::arguments::Soak;
use crate::house::{House, HouseError, LOOK, Size};

/// Agents that one channel carries (the platform's limit of topics).
const AGENTS_A_CHANNEL: u32 = 1_000;
/// Listings that fit into a run.
const SWEEPS: u32 = 4;
/// How long the start may take. Twelve thousand agents need about three hundred requests.
const START_PATIENCE: Duration = Duration::from_secs(600);
/// A change that was not told by then, while push is whole, was missed.
const UNSEEN_AFTER: Duration = Duration::from_secs(10);
/// Differences that are shown one by one.
const SHOWN: usize = 5;
/// Beyond two sweep intervals: one may have begun just before the pause, and requests may have to wait.
const SWEEP_GRACE: Duration = Duration::from_secs(30);
/// A ping that is not answered by then is given up, whatever the rhythm.
const PONG_WITHIN: Duration = Duration::from_secs(5);
/// How often the list is held against the truth at the end.
const COMPARE_EVERY: Duration = Duration::from_millis(500);

/// A soak under way.
struct Run {
    house: House,
    told: Told,
    clock: Clock,
    begun: Instant,
    wholeness: Wholeness,
    /// Kinds of trouble that last just now.
    under_way: Vec<Lasting>,
    outcome: Outcome,
}

/// Soaks, and says what came of it.
pub(crate) async fn soak(options: &Soak) -> Result<Outcome, HouseError> {
    let length = Duration::from_secs_f64(options.minutes * 60.0);
    let interval = (length / SWEEPS).max(Duration::from_secs(1));
    let ping = (length / 40).clamp(Duration::from_secs(1), Duration::from_secs(15));
    let settings = [("SYNC__SWEEP_INTERVAL", seconds(interval)), ("SYNC__CHANNEL_PING", seconds(ping))];
    let size = Size { agents: options.agents, rate: options.rate, seed: options.seed };
    let begun = Instant::now();
    let mut house = House::build(size, &settings, options.log.clone()).await?;
    let notice = json!({ "socket_closing_notice_s": (length / 60).as_secs().max(1) });
    house.control.put("faults", &notice).await?;
    eprintln!(
        "seed {}: {} agents, {} events/s, some {} channels; a sweep every {}, a ping every {}",
        options.seed,
        options.agents,
        options.rate,
        options.agents.div_ceil(AGENTS_A_CHANNEL),
        seconds(interval),
        seconds(ping),
    );
    house.listed(START_PATIENCE).await?;
    say(begun, "all agents listed");
    house.covered(START_PATIENCE).await?;
    say(begun, "all agents covered by channels");
    let clock = Clock::system();
    let agents = house.sidecar.coverage().await?.covered;
    house.read_again(0, agents, clock.now().as_millis(), START_PATIENCE).await?;
    say(begun, "all agents read since: trouble begins");

    let told = Told::default();
    let mut watching = JoinSet::new();
    watching.spawn(watcher::watch(house.client.clone(), told.clone(), clock.clone()));
    let outcome = Outcome { seed: options.seed, started_in: begun.elapsed(), ..Outcome::default() };
    let mut run = Run {
        house,
        told,
        clock,
        begun: Instant::now(),
        wholeness: Wholeness::new(unnoticed_for(ping)),
        under_way: Vec::new(),
        outcome,
    };
    for step in schedule(options.seed, length) {
        run.until(step.at).await?;
        run.act(&step).await?;
    }
    run.until(length).await?;
    run.finish(interval).await
}

impl Run {
    /// Looks at the sidecar until it is time.
    async fn until(&mut self, at: Duration) -> Result<(), HouseError> {
        let at = self.begun + at;
        loop {
            self.house.sidecar.check()?;
            let coverage = self.house.sidecar.coverage().await?;
            let is_quiet = self.under_way.is_empty();
            if is_quiet && self.wholeness.look(coverage.is_whole(), self.clock.now().as_millis()) {
                let verdict = if coverage.is_whole() { "whole" } else { "no longer whole" };
                self.say(&format!("push is {verdict}: {} channels", coverage.channels));
            }
            let now = Instant::now();
            if now >= at {
                return Ok(());
            }
            sleep_until(at.min(now + LOOK)).await;
        }
    }

    async fn act(&mut self, step: &Step) -> Result<(), HouseError> {
        if step.act == Act::Inspect {
            return self.inspect().await;
        }
        match step.act {
            Act::Begin(lasting) => self.under_way.push(lasting),
            Act::End(lasting) => self.under_way.retain(|under_way| *under_way != lasting),
            Act::Channels(..) | Act::Revoke | Act::Inspect => {}
        }
        if step.act.disturbs() {
            self.wholeness.disturb(self.clock.now().as_millis());
        }
        match step.act.order() {
            Some(Order::Disconnect(body)) => drop(self.house.control.post("disconnect", &body).await?),
            Some(Order::Faults(body)) => drop(self.house.control.put("faults", &body).await?),
            None => {}
        }
        self.say(&step.act.to_string());
        Ok(())
    }

    /// Holds what the watcher was told since push is whole against the truth.
    async fn inspect(&mut self) -> Result<(), HouseError> {
        let truth = self.truth().await?;
        let Some(interval) = self.wholeness.present(self.clock.now().as_millis()) else {
            self.say("push is not whole yet: nothing to inspect");
            return Ok(());
        };
        let patience = Instant::now() + UNSEEN_AFTER;
        let (changed, unseen) = loop {
            let (changed, unseen) = self.told.unseen(&truth, interval);
            if unseen.is_empty() || Instant::now() > patience {
                break (changed, unseen);
            }
            sleep(COMPARE_EVERY).await;
        };
        self.outcome.inspected += changed;
        self.outcome.unseen += unseen.len();
        let for_s = interval.length_ms() / 1_000;
        unseen.iter().take(SHOWN).for_each(|unseen| self.say(unseen));
        let unseen = unseen.len();
        self.say(&format!("push whole for {for_s} s: {changed} agents changed, {unseen} of them unseen"));
        Ok(())
    }

    async fn finish(mut self, interval: Duration) -> Result<Outcome, HouseError> {
        let paused = self.house.control.post("pause", &json!({})).await?;
        self.outcome.outstanding = paused["outstanding"].as_u64().unwrap_or(u64::MAX);
        self.say("paused");
        let (truth, paused_at) = (self.truth().await?, Instant::now());
        self.outcome.allowed_for = interval * 2 + SWEEP_GRACE;
        loop {
            let listing = self.house.client.list(Default::default()).await?;
            let found = differences(&truth, &listing.agent_states);
            self.outcome.agents = truth.len();
            self.outcome.true_after = paused_at.elapsed();
            self.outcome.differences = found.len();
            if found.is_empty() {
                break;
            }
            if paused_at.elapsed() > self.outcome.allowed_for {
                found.iter().take(SHOWN).for_each(|difference| self.say(difference));
                self.say(&format!("the sidecar's log ends with:\n{}", self.house.sidecar.log_tail()));
                break;
            }
            sleep(COMPARE_EVERY).await;
        }
        self.say(&format!("{} of {} agents differ from the truth", self.outcome.differences, truth.len()));
        let (changes, disconnections) = self.told.totals();
        self.outcome.changes = changes;
        self.outcome.disconnections = disconnections;
        self.outcome.delays = Delays::of(&self.told.changes_in(self.wholeness.past()));
        self.outcome.whole_for =
            Duration::from_millis(self.wholeness.past().iter().map(|past| past.length_ms() as u64).sum());
        self.outcome.stats = self.house.control.get("stats").await?;
        self.outcome.ran_for = self.begun.elapsed();
        self.outcome.usage = Some(self.house.sidecar.usage()?);
        self.house.close().await?;
        Ok(self.outcome)
    }

    async fn truth(&self) -> Result<People, HouseError> {
        Ok(people(self.house.control.get("agents").await?)?)
    }

    fn say(&self, what: &str) {
        say(self.begun, what);
    }
}

fn say(begun: Instant, what: &str) {
    eprintln!("{:>7.1} s  {what}", begun.elapsed().as_secs_f64());
}

/// For so long the sidecar may take a dead socket for a live one: until its next ping, and until that has gone
/// unanswered.
fn unnoticed_for(ping: Duration) -> Duration {
    ping + PONG_WITHIN.min(ping)
}

fn seconds(span: Duration) -> String {
    format!("{}s", span.as_secs().max(1))
}
