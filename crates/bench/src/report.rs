//! The result: every figure of both servers side by side, with the spread of their ratio.

use std::io::{self, Write as _};

use serde::Serialize;

use crate::arguments::{Load, Output};
use crate::load::process::Pinning;
use crate::measure::Run;

/// Everything that was measured, and under which conditions.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    /// Under which conditions.
    pub(crate) conditions: Conditions,
    /// What was measured.
    pub(crate) figures: Vec<Figure>,
}

/// What has to be known to read the figures.
#[derive(Debug, Serialize)]
pub(crate) struct Conditions {
    /// Cores of the machine.
    cores: usize,
    /// Whether servers and loader ran on a core each.
    pinned: bool,
    /// Agents in the directory.
    agents: u32,
    /// Watchers.
    watchers: u32,
    /// Worker threads of each server.
    workers: u32,
    /// Runs of each server.
    runs: u32,
    /// Seconds that each run measured.
    seconds: u32,
    /// Whether this program was built for speed.
    optimised: bool,
}

/// One figure of both servers.
#[derive(Debug, Serialize)]
pub(crate) struct Figure {
    /// Of what.
    name: &'static str,
    /// In what.
    unit: &'static str,
    /// onduty's runs.
    onduty: Samples,
    /// The bare server's runs.
    bare: Samples,
    /// onduty's median through the bare server's.
    ratio: f64,
    /// The ratio in the best and the worst pair of runs.
    ratios: (f64, f64),
}

/// Runs of one server.
#[derive(Debug, Serialize)]
struct Samples {
    median: f64,
    least: f64,
    greatest: f64,
}

impl Conditions {
    /// As they are.
    pub(crate) fn of(load: &Load, cores: usize, pinning: Pinning) -> Self {
        let Load { agents, seconds, runs, workers, watchers, output: _ } = *load;
        Self {
            cores,
            pinned: pinning == Pinning::Apart,
            agents,
            watchers,
            workers,
            runs,
            seconds,
            optimised: !cfg!(debug_assertions),
        }
    }
}

impl Figure {
    /// All figures of some runs, onduty's first.
    pub(crate) fn all_of(name: &'static str, runs: &[(Run, Run)]) -> Vec<Self> {
        let watched = |figure: fn(&super::measure::WatchRun) -> f64| {
            move |run: &Run| run.watch.as_ref().map_or(f64::NAN, figure)
        };
        let of = |unit, figure: &dyn Fn(&Run) -> f64| {
            let pairs: Vec<_> = runs.iter().map(|(onduty, bare)| (figure(onduty), figure(bare))).collect();
            Self::of(name, unit, &pairs)
        };
        let mut figures = vec![of("CPU s / 1M", &|run| run.cpu), of("a second", &|run| run.rate)];
        figures.push(of("bytes a message", &|run| run.message));
        if runs.iter().any(|(onduty, _)| onduty.watch.is_some()) {
            figures.push(of("messages a change", &watched(|watch| watch.messages)));
            figures.push(of("KiB a watcher", &watched(|watch| watch.memory)));
        }
        figures
    }

    fn of(name: &'static str, unit: &'static str, pairs: &[(f64, f64)]) -> Self {
        let samples = |side: fn(&(f64, f64)) -> f64| Samples::of(pairs.iter().map(side));
        let (onduty, bare) = (samples(|pair| pair.0), samples(|pair| pair.1));
        let ratios = Samples::of(pairs.iter().map(|(onduty, bare)| onduty / bare));
        let ratio = onduty.median / bare.median;
        Self { name, unit, ratio, ratios: (ratios.least, ratios.greatest), onduty, bare }
    }
}

impl Samples {
    /// The median of an even number of runs is the upper of the two in the middle.
    fn of(runs: impl Iterator<Item = f64>) -> Self {
        let mut runs: Vec<f64> = runs.collect();
        runs.sort_by(f64::total_cmp);
        let at = |place: usize| runs.get(place).copied().unwrap_or(f64::NAN);
        Self { median: at(runs.len() / 2), least: at(0), greatest: at(runs.len().saturating_sub(1)) }
    }
}

/// Writes a report to standard output.
pub(crate) fn print(report: &Report, output: Output) -> io::Result<()> {
    let mut out = io::stdout().lock();
    match output {
        Output::Json => {
            serde_json::to_writer_pretty(&mut out, report)?;
            writeln!(out)
        }
        Output::Table => out.write_all(table(report).as_bytes()),
    }
}

fn table(report: &Report) -> String {
    let Conditions { cores, pinned, agents, watchers, workers, runs, seconds, optimised } = report.conditions;
    let mut lines = vec![format!(
        "{:<36} {:<18} {:>10} {:>10} {:>7}  {:<13}",
        "what", "unit", "onduty", "bare tonic", "ratio", "(its spread)"
    )];
    let mut last = "";
    for Figure { name, unit, onduty, bare, ratio, ratios: (least, greatest) } in &report.figures {
        let shown = if *name == last { "" } else { name };
        last = name;
        let (onduty, bare) = (plain(onduty.median), plain(bare.median));
        lines.push(format!(
            "{shown:<36} {unit:<18} {onduty:>10} {bare:>10} {ratio:>6.2}x  ({least:.2} to {greatest:.2})"
        ));
    }
    let places = if pinned { "servers on one, the loader on another" } else { "nobody bound to one" };
    lines.push(format!(
        "\n{cores} cores, {places}; {agents} agents, {watchers} watchers; {workers} worker thread(s) a server; \
         medians of {runs} runs in turns, {seconds} s each. CPU is user and system time of the server's process. \
         Both servers use the system's allocator and send the same states."
    ));
    if !optimised {
        lines.push("This is a debug build: build it with --release before believing any of it.".to_owned());
    }
    lines.join("\n") + "\n"
}

/// As many digits as mean something.
fn plain(figure: f64) -> String {
    match figure {
        1_000.0.. => format!("{figure:.0}"),
        10.0..1_000.0 => format!("{figure:.1}"),
        _ => format!("{figure:.3}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn medians_are_compared_and_the_spread_is_that_of_pairs() {
        let figure = Figure::of("x", "u", &[(1.0, 1.0), (8.0, 4.0), (3.0, 2.0)]);
        assert_eq!((figure.onduty.median, figure.bare.median, figure.ratio), (3.0, 2.0, 1.5));
        assert_eq!(figure.ratios, (1.0, 2.0));
        assert_eq!((figure.bare.least, figure.bare.greatest), (1.0, 4.0));
    }

    #[test]
    fn a_table_names_each_thing_once_and_its_conditions() {
        let run = |cpu| Run { cpu, rate: 1e5, message: 200.0, watch: None };
        let load = Load { agents: 5, seconds: 1, runs: 1, workers: 1, watchers: 1, output: Output::Table };
        let conditions = Conditions::of(&load, 2, Pinning::None);
        let text = table(&Report { conditions, figures: Figure::all_of("Get", &[(run(9.0), run(10.0))]) });
        assert_eq!(text.matches("Get").count(), 1, "{text}");
        assert!(text.contains("0.90x") && text.contains("100000") && text.contains("5 agents"), "{text}");
    }
}
