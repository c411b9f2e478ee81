//! The command line.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

/// Measures onduty beside a bare tonic server, soaks it, and counts what it asks of the platform.
#[derive(Debug, Parser)]
#[command(name = "onduty-bench")]
pub(crate) struct Arguments {
    /// What to do.
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Measure everything.
    Report(Load),
    /// Measure `GetAgentState`.
    Get(Load),
    /// Measure `BatchGetAgentStates` of 100 agents.
    Batch(Load),
    /// Measure a paced watch: 1,000 watchers on 10 and on 1,000 connections, 20 changes a second.
    Watch(Load),
    /// Measure a burst: 1,000 coalescing watchers on 1,000 connections, 1,000 changes a second.
    Burst(Load),
    /// Soak a sidecar: every trouble that channels can have, in one seeded run; exit code 1 if a promise is broken.
    Soak(Soak),
    /// Count a sidecar's requests: cold start, steady state, after the loss of a channel, for several sizes at once.
    Requests(Requests),
    /// Run the sidecar whole, configured by its environment, until standard input ends.
    ServeSidecar,
    /// Serve onduty's own listener and services over a roster in memory; changes come by order, on standard input.
    ServeOnduty(OndutyServer),
    /// Serve the same messages from a plain tonic server.
    ServeBare(BareServer),
}

/// How to measure.
#[derive(Clone, Debug, Args)]
pub(crate) struct Load {
    /// Agents in the directory.
    #[arg(long, default_value_t = 100_000, value_parser = clap::value_parser!(u32).range(1_000..=10_000_000))]
    pub(crate) agents: u32,
    /// How long one run measures, in seconds.
    #[arg(long, default_value_t = 8, value_parser = clap::value_parser!(u32).range(1..=600))]
    pub(crate) seconds: u32,
    /// Runs of each server, in turns.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=99))]
    pub(crate) runs: u32,
    /// Worker threads of each server.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=64))]
    pub(crate) workers: u32,
    /// Watchers.
    #[arg(long, default_value_t = 1_000, value_parser = clap::value_parser!(u32).range(10..=10_000))]
    pub(crate) watchers: u32,
    /// How the result is printed.
    #[arg(short, long, value_enum, default_value_t = Output::Table)]
    pub(crate) output: Output,
}

/// How to soak.
#[derive(Clone, Debug, Args)]
pub(crate) struct Soak {
    /// How long the trouble lasts, in minutes; the start and the end come on top.
    #[arg(long, default_value_t = 10.0, value_parser = minutes)]
    pub(crate) minutes: f64,
    /// Decides people, moves, and what is done when.
    #[arg(long, default_value_t = 1)]
    pub(crate) seed: u64,
    /// Agents. Each thousand of them takes a channel.
    #[arg(long, default_value_t = 12_000, value_parser = clap::value_parser!(u32).range(100..=20_000))]
    pub(crate) agents: u32,
    /// Changes of state a second.
    #[arg(long, default_value_t = 200.0)]
    pub(crate) rate: f64,
    /// Where the sidecar's log goes.
    #[arg(long)]
    pub(crate) log: Option<PathBuf>,
}

/// Whose requests to count, and for how long.
#[derive(Clone, Debug, Args)]
pub(crate) struct Requests {
    /// Sizes of organisations, in agents.
    #[arg(long, value_delimiter = ',', default_values_t = [100, 1_000, 12_000, 20_000])]
    pub(crate) agents: Vec<u32>,
    /// Minutes of steady state.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=600))]
    pub(crate) minutes: u32,
}

/// How a result is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Output {
    /// For people.
    Table,
    /// One JSON document.
    Json,
}

/// The onduty server under test.
#[derive(Debug, Args)]
pub(crate) struct OndutyServer {
    /// Agents in the directory.
    #[arg(long)]
    pub(crate) agents: u32,
    /// Worker threads.
    #[arg(long, default_value_t = 1)]
    pub(crate) workers: usize,
}

/// The bare server under test.
#[derive(Debug, Args)]
pub(crate) struct BareServer {
    /// An onduty server whose states this one serves, so that both send the same.
    #[arg(long)]
    pub(crate) copy_of: SocketAddr,
    /// Worker threads.
    #[arg(long, default_value_t = 1)]
    pub(crate) workers: usize,
}

/// Below half a minute, nothing has time to recover between two troubles.
fn minutes(text: &str) -> Result<f64, String> {
    let minutes = text.parse().ok().filter(|minutes| (0.5..=1_440.0).contains(minutes));
    minutes.ok_or_else(|| "from 0.5 to 1440".to_owned())
}
