//! What came of a soak: the promises, and the figures that are only told.

use std::fmt::Write as _;
use std::time::Duration;

use serde_json::Value;

use super::watcher::Change;
use crate::usage::Usage;

/// What came of a soak.
#[derive(Clone, Debug, Default)]
pub(crate) struct Outcome {
    /// The seed that repeats it.
    pub(crate) seed: u64,
    /// From the start to everybody listed, covered and read.
    pub(crate) started_in: Duration,
    /// From there to the end.
    pub(crate) ran_for: Duration,
    /// Agents of the truth.
    pub(crate) agents: usize,
    /// Events still under way after the pause.
    pub(crate) outstanding: u64,
    /// Agents that differ from the truth at the end.
    pub(crate) differences: usize,
    /// How long after the pause that was seen.
    pub(crate) true_after: Duration,
    /// How long it may take.
    pub(crate) allowed_for: Duration,
    /// Agents that changed while push was whole, and were inspected.
    pub(crate) inspected: usize,
    /// Those of them of whom the watcher was not told.
    pub(crate) unseen: usize,
    /// How long push was whole, all in all.
    pub(crate) whole_for: Duration,
    /// From event to watcher, while push was whole.
    pub(crate) delays: Delays,
    /// Changes that the watcher was told.
    pub(crate) changes: usize,
    /// How often the watcher lost its connection.
    pub(crate) disconnections: u64,
    /// The simulator's own account.
    pub(crate) stats: Value,
    /// What the sidecar used.
    pub(crate) usage: Option<Usage>,
}

/// Delays from the platform's clock to the watcher, in milliseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Delays {
    /// How many there are.
    pub(crate) count: usize,
    median: i64,
    p99: i64,
    greatest: i64,
}

impl Delays {
    /// Of these changes.
    pub(crate) fn of(changes: &[Change]) -> Self {
        let mut delays: Vec<i64> = changes.iter().map(|change| change.told_ms - change.made_ms).collect();
        delays.sort_unstable();
        // The smallest that so many per cent do not exceed.
        let at = |per_cent: usize| {
            let rank = (delays.len() * per_cent).div_ceil(100);
            delays.get(rank.saturating_sub(1)).copied().unwrap_or(0)
        };
        Self { count: delays.len(), median: at(50), p99: at(99), greatest: at(100) }
    }
}

impl Outcome {
    /// Requests beyond the allowance of their token, by the simulator's count.
    pub(crate) fn over_allowance(&self) -> u64 {
        let by_client = self.stats["overAllowance"].as_object();
        // Without the count nothing is proved.
        by_client.map_or(u64::MAX, |clients| clients.values().filter_map(Value::as_u64).sum())
    }

    /// Each promise, what came of it, and whether it was kept.
    fn promises(&self) -> Vec<(&'static str, String, bool)> {
        let Self { agents, differences, true_after, allowed_for, inspected, unseen, .. } = self;
        let after =
            format!("after {:.1} s {differences} of {agents} agents differ", true_after.as_secs_f64());
        let list = "after the pause the list is the truth within one sweep";
        let over = self.over_allowance();
        vec![
            (
                "the pause left no event under way",
                format!("{} left", self.outstanding),
                self.outstanding == 0,
            ),
            (
                list,
                format!("{after} (allowed {} s)", allowed_for.as_secs()),
                *differences == 0 && *agents > 0,
            ),
            ("no request beyond the allowance", format!("{over} requests"), over == 0),
            (
                "nothing missed while push was whole",
                format!("{unseen} of {inspected} changed agents unseen"),
                *unseen == 0 && *inspected > 0,
            ),
            ("the delay from event to watcher is told", self.delay(), self.delays.count > 0),
        ]
    }

    fn delay(&self) -> String {
        let Delays { count, median, p99, greatest } = self.delays;
        let whole = self.whole_for.as_secs();
        format!("median {median} ms, p99 {p99} ms, max {greatest} ms ({count} changes in {whole} s)")
    }

    /// Whether all promises were kept.
    pub(crate) fn is_kept(&self) -> bool {
        self.promises().iter().all(|(_, _, kept)| *kept)
    }

    /// For people.
    pub(crate) fn table(&self) -> String {
        let mut text = String::new();
        let mut line = |what: &str, outcome: &str, verdict: &str| {
            // Writing to a string cannot fail.
            let _ = writeln!(text, "{what:<56} {verdict:<7} {outcome}");
        };
        for (what, outcome, kept) in self.promises() {
            line(what, &outcome, if kept { "kept" } else { "BROKEN" });
        }
        for (what, outcome) in self.figures() {
            line(what, &outcome, "");
        }
        let verdict = if self.is_kept() { "every promise kept" } else { "a promise was BROKEN" };
        let _ = writeln!(text, "\n{verdict}; `--seed {}` repeats this run", self.seed);
        if cfg!(debug_assertions) {
            text.push_str("This is a debug build: the delays mean nothing.\n");
        }
        text
    }

    fn figures(&self) -> Vec<(&'static str, String)> {
        let channel = &self.stats["events"]["channel"];
        let count = |value: &Value| value.as_u64().unwrap_or(0);
        let ended = self.stats["sockets"]["ended"].as_object().into_iter().flatten();
        let ended = ended.filter(|(_, ends)| count(ends) > 0).map(|(why, ends)| format!("{why} {ends}"));
        let requests = self.stats["requests"].as_array().into_iter().flatten();
        let asked = |wanted: &dyn Fn(u64) -> bool| {
            let matching = requests.clone().filter(|request| wanted(count(&request["status"])));
            matching.map(|request| count(&request["count"])).sum::<u64>()
        };
        let minutes = (self.started_in + self.ran_for).as_secs_f64() / 60.0;
        let all = asked(&|_| true);
        let mut figures = vec![
            ("all listed, covered and read", format!("after {:.1} s", self.started_in.as_secs_f64())),
            (
                "requests",
                format!(
                    "{all}, {:.0} a minute; refused by order with 429: {}",
                    all as f64 / minutes,
                    asked(&|status| status == 429).saturating_sub(self.over_allowance()),
                ),
            ),
            (
                "events",
                format!(
                    "{} made, {} lost by order, {} lost unconnected, {} lost half open or cut; {} doubled",
                    count(&channel["made"]),
                    count(&channel["lostBySwitch"]),
                    count(&channel["lostUnconnected"]),
                    count(&channel["lostHalfOpen"]) + count(&channel["lostCut"]),
                    count(&channel["duplicated"]),
                ),
            ),
            ("sockets ended", ended.collect::<Vec<_>>().join(", ")),
            ("watcher", format!("{} changes told, {} disconnections", self.changes, self.disconnections)),
        ];
        if let Some(usage) = self.usage {
            let all = self.started_in + self.ran_for;
            let share = usage.cpu.as_secs_f64() / all.as_secs_f64() * 100.0;
            let mib = usage.resident / 1_048_576;
            figures.push(("the sidecar", format!("{share:.0} % of a core, {mib} MiB resident at the end")));
        }
        figures
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn good() -> Outcome {
        let change = Change { made_ms: 100, told_ms: 120 };
        Outcome {
            agents: 10,
            inspected: 5,
            delays: Delays::of(&[change]),
            stats: json!({"overAllowance": {}, "requests": [{"status": 429, "count": 3}]}),
            ..Outcome::default()
        }
    }

    #[test]
    fn any_broken_promise_shows_and_a_run_that_proves_nothing_keeps_none() {
        assert!(good().is_kept(), "{}", good().table());
        let over = json!({"overAllowance": {"sim-full": 1}});
        for broken in [
            Outcome { differences: 1, ..good() },
            Outcome { agents: 0, ..good() },
            Outcome { outstanding: 1, ..good() },
            Outcome { unseen: 1, ..good() },
            Outcome { inspected: 0, ..good() },
            Outcome { delays: Delays::default(), ..good() },
            Outcome { stats: over, ..good() },
            Outcome { stats: json!({}), ..good() },
        ] {
            assert!(!broken.is_kept() && broken.table().contains("BROKEN"), "{}", broken.table());
        }
    }

    #[test]
    fn a_percentile_is_the_smallest_delay_that_so_many_do_not_exceed() {
        let changes: Vec<Change> = (1..=200).map(|ms| Change { made_ms: 0, told_ms: ms }).collect();
        assert_eq!(Delays::of(&changes), Delays { count: 200, median: 100, p99: 198, greatest: 200 });
        assert_eq!(Delays::of(&[]), Delays::default());
    }
}
