//! What onduty costs, beside a bare tonic server with the same messages in the same run. The figure is CPU seconds of
//! the server's process (user and system) per million operations: wall time says more about the machine than about
//! the program, and absolute figures drift from day to day, so every figure is shown beside its peer's.
//!
//! The servers are processes of their own (`serve-onduty`, `serve-bare`), started anew for every run; this process
//! loads them in turns.

mod arguments;
mod directory;
mod load;
mod measure;
mod report;
mod serve;
mod usage;

use std::error::Error;
use std::io;
use std::process::ExitCode;

use clap::Parser as _;
use onduty::error_chain::Chain;
use tokio::runtime::{Builder, Runtime};

use self::arguments::{Arguments, Command};
use self::load::process::Pinning;

fn main() -> ExitCode {
    match run(Arguments::parse().command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("onduty-bench: {}", Chain(&*error));
            ExitCode::FAILURE
        }
    }
}

fn run(command: Command) -> Result<(), Box<dyn Error>> {
    match command {
        Command::ServeOnduty(server) => {
            many_threads(server.workers)?.block_on(serve::onduty::serve(server.agents))?;
        }
        Command::ServeBare(server) => {
            many_threads(server.workers)?.block_on(serve::bare::serve(server.copy_of))?;
        }
        Command::Get(load) => measured(&[measure::get], &load)?,
        Command::Batch(load) => measured(&[measure::batch], &load)?,
        Command::Watch(load) => measured(&[measure::watch_few, measure::watch_many], &load)?,
        Command::Burst(load) => measured(&[measure::burst], &load)?,
        Command::Report(load) => {
            let all = [measure::get, measure::batch, measure::watch_few, measure::watch_many, measure::burst];
            measured(&all, &load)?;
        }
    }
    Ok(())
}

fn measured(measures: &[measure::Measure], load: &arguments::Load) -> Result<(), Box<dyn Error>> {
    // Counted before this process is bound to one of them, which happens before there is a runtime: threads inherit
    // where they may run.
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let pinning = Pinning::take(cores);
    let conditions = report::Conditions::of(load, cores, pinning);
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let figures = runtime.block_on(measure::all(measures, load, pinning))?;
    report::print(&report::Report { conditions, figures }, load.output)?;
    Ok(())
}

fn many_threads(workers: usize) -> io::Result<Runtime> {
    Builder::new_multi_thread().worker_threads(workers).enable_all().build()
}
