//! `onduty-sim`: the simulator as a program.

mod cli;

use std::error::Error;
use std::process::ExitCode;

use clap::Parser;
use onduty_sim::Simulator;
use tokio::signal::unix::{SignalKind, signal};

/// Usage or configuration.
const EXIT_USAGE: u8 = 2;

#[tokio::main]
async fn main() -> ExitCode {
    tracing_subscriber::fmt().with_writer(std::io::stderr).with_target(false).init();
    match run(cli::Cli::parse()).await {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            let causes = std::iter::successors(error.source(), |&cause| cause.source());
            let chain: String = causes.map(|cause| format!(": {cause}")).collect();
            eprintln!("onduty-sim: {error}{chain}");
            ExitCode::from(EXIT_USAGE)
        }
    }
}

/// Runs until a signal; says whether everything ended in good order.
async fn run(cli: cli::Cli) -> Result<bool, Box<dyn Error>> {
    let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    let options = cli.into_options()?;
    let agents = options.agents;
    let simulator = Simulator::start(options).await?;
    print!("{}", cli::greeting(&simulator, agents));
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
    Ok(simulator.shutdown().await)
}
