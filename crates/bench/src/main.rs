//! What onduty costs, beside a bare tonic server with the same messages in the same run. The figure is CPU seconds of
//! the server's process (user and system) per million operations: wall time says more about the machine than about
//! the program, and absolute figures drift from day to day, so every figure is shown beside its peer's.
//!
//! Beside that it soaks a whole sidecar ([`soak`]) and counts the requests that it needs, both against the simulator.
//!
//! The servers are processes of their own (`serve-onduty`, `serve-bare`), started anew for every run; this process
//! loads them in turns.

mod arguments;
mod directory;
mod house;
mod load;
mod measure;
mod report;
mod requests;
mod serve;
mod soak;
mod usage;

use std::error::Error;
use std::io;
use std::process::ExitCode;

use clap::Parser as _;
use onduty::error_chain::Chain;
use tokio::runtime::{Builder, Runtime};

use self::arguments::{Arguments, Command};
use self::load::process::Pinning;

/// Worker threads of a sidecar that is soaked.
const SIDECAR_WORKERS: usize = 2;
/// Worker threads of the simulators and watchers.
const LOADER_WORKERS: usize = 2;

fn main() -> ExitCode {
    match run(Arguments::parse().command) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("onduty-bench: {}", Chain(&*error));
            ExitCode::FAILURE
        }
    }
}

fn run(command: Command) -> Result<ExitCode, Box<dyn Error>> {
    match command {
        Command::Soak(options) => return soaked(&options),
        Command::Requests(options) => {
            let figures = many_threads(LOADER_WORKERS)?.block_on(requests::count(&options))?;
            print!("{}", requests::table(&figures));
        }
        Command::ServeSidecar => many_threads(SIDECAR_WORKERS)?.block_on(serve::sidecar::serve())?,
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
    Ok(ExitCode::SUCCESS)
}

fn soaked(options: &arguments::Soak) -> Result<ExitCode, Box<dyn Error>> {
    let outcome = many_threads(LOADER_WORKERS)?.block_on(soak::soak(options))?;
    print!("{}", outcome.table());
    Ok(if outcome.is_kept() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
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
