//! What is measured, and how: each run starts both servers anew, loads them in turns, and the next run begins with
//! the other one.

mod reads;
mod watches;

use crate::arguments::Load;
use crate::load::calls::{self, BATCH_AGENTS};
use crate::load::process::{Pinning, ProcessError, Server, Side};
use crate::load::wire::WireError;
use crate::report::Figure;

use self::reads::Reads;
use self::watches::Fan;

/// One thing to measure: what to do to a server.
#[derive(Clone, Debug)]
pub(crate) enum Task {
    /// Unary calls.
    Reads(Reads),
    /// A change to every watcher.
    Fan(Fan),
}

/// Makes a task for a directory of this size, under its name.
pub(crate) type Measure = fn(&Load) -> (&'static str, Task);

/// What one run of one server gave.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Run {
    /// CPU seconds of the server per million operations.
    pub(crate) cpu: f64,
    /// Operations a second.
    pub(crate) rate: f64,
    /// Bytes of one message on the wire, without its frames.
    pub(crate) message: f64,
    /// What only watches have.
    pub(crate) watch: Option<WatchRun>,
}

/// What only watches have.
#[derive(Clone, Copy, Debug)]
pub(crate) struct WatchRun {
    /// Messages per change and watcher: below one when changes were coalesced.
    pub(crate) messages: f64,
    /// KiB of resident memory a watcher.
    pub(crate) memory: f64,
}

/// Why a measurement failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum MeasureError {
    /// A server.
    #[error(transparent)]
    Process(#[from] ProcessError),
    /// A call.
    #[error(transparent)]
    Wire(#[from] WireError),
    /// The two servers don't do the same.
    #[error("onduty and the bare server answer differently to {0}: the comparison would mean nothing")]
    Different(&'static str),
    /// Changes that did not arrive.
    #[error("after {seconds} s only {arrived} of {expected} changes had arrived at the watchers")]
    Stuck {
        /// How long was waited.
        seconds: u64,
        /// How many arrived.
        arrived: u64,
        /// How many should have.
        expected: u64,
    },
}

/// Single reads.
pub(crate) fn get(load: &Load) -> (&'static str, Task) {
    let requests = calls::gets(load.agents).into();
    ("GetAgentState", Task::Reads(Reads { path: calls::GET, requests, answers: 1, seconds: load.seconds }))
}

/// Reads of a hundred agents, counted by agent.
pub(crate) fn batch(load: &Load) -> (&'static str, Task) {
    let requests = calls::batches(load.agents).into();
    let reads = Reads { path: calls::BATCH, requests, answers: BATCH_AGENTS, seconds: load.seconds };
    ("BatchGetAgentStates(100), an agent", Task::Reads(reads))
}

/// Watchers who share few connections.
pub(crate) fn watch_few(load: &Load) -> (&'static str, Task) {
    ("watch, paced, 10 connections", Task::Fan(Fan::paced(load, 10)))
}

/// Watchers with a connection each.
pub(crate) fn watch_many(load: &Load) -> (&'static str, Task) {
    ("watch, paced, a connection each", Task::Fan(Fan::paced(load, load.watchers)))
}

/// More changes than can be told one by one.
pub(crate) fn burst(load: &Load) -> (&'static str, Task) {
    ("watch, burst, a connection each", Task::Fan(Fan::burst(load, load.watchers)))
}

/// Measures all of it.
pub(crate) async fn all(
    measures: &[Measure],
    load: &Load,
    pinning: Pinning,
) -> Result<Vec<Figure>, MeasureError> {
    let mut figures = Vec::new();
    for measure in measures {
        let (name, task) = measure(load);
        let mut runs = Vec::new();
        for run in 0..load.runs {
            eprintln!("{name}: run {} of {}", run + 1, load.runs);
            runs.push(both(&task, load, pinning, run % 2 == 1).await?);
        }
        figures.extend(Figure::all_of(name, &runs));
    }
    Ok(figures)
}

/// One run of each server: onduty's result and the bare one's.
async fn both(
    task: &Task,
    load: &Load,
    pinning: Pinning,
    bare_first: bool,
) -> Result<(Run, Run), MeasureError> {
    let (agents, workers) = (load.agents.to_string(), load.workers.to_string());
    let serve = ["serve-onduty", "--agents", &agents, "--workers", &workers];
    let mut onduty = Server::start(Side::Onduty, &serve, pinning).await?;
    let original = onduty.address.to_string();
    let serve = ["serve-bare", "--copy-of", &original, "--workers", &workers];
    let mut bare = Server::start(Side::Bare, &serve, pinning).await?;
    if let Task::Reads(reads) = task {
        reads.compare(onduty.address, bare.address).await?;
    }
    let results = if bare_first {
        let second = task.run(&mut bare).await?;
        (task.run(&mut onduty).await?, second)
    } else {
        (task.run(&mut onduty).await?, task.run(&mut bare).await?)
    };
    bare.stop().await?;
    onduty.stop().await?;
    Ok(results)
}

impl Task {
    async fn run(&self, server: &mut Server) -> Result<Run, MeasureError> {
        match self {
            Self::Reads(reads) => reads.run(server).await,
            Self::Fan(fan) => fan.run(server).await,
        }
    }
}
