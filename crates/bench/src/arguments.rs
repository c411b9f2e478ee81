//! The command line.

use std::net::SocketAddr;

use clap::{Args, Parser, Subcommand, ValueEnum};

/// Measures onduty beside a bare tonic server.
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
