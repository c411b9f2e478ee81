//! The command line: what can be asked for, and what becomes of it. Commands are ordinary users of `onduty-client`.
//!
//! Everything a command needs from the process comes in as a value, in an [`Invocation`]; `main` is the only place that
//! looks at the process itself.

mod completions;
mod config;
mod demo;
mod doctor;
mod explain;
mod failure;
mod get;
mod lint;
mod list;
pub mod output;
mod serve;
mod settings;
mod wait;
mod watch;
mod why;

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io::{self, BufWriter};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{CommandFactory as _, Parser, Subcommand};
use onduty_client::{Client, DEFAULT_ADDRESS};

use crate::clock::Clock;
use failure::Failure;
use output::{Output, Screen};

/// What `main` hands over.
#[derive(Debug)]
pub struct Invocation {
    /// The command line, beginning with the program's name.
    pub arguments: Vec<OsString>,
    /// The environment, as far as it is text.
    pub environment: BTreeMap<String, String>,
    /// Asks for columns and lines of the terminal that standard output is, if it is one. Asked again for every frame.
    pub terminal: fn() -> Option<(u16, u16)>,
    /// Where the platform keeps state of programs.
    pub state_dir: Option<PathBuf>,
    /// Where files that nobody will miss may be put.
    pub temporary_dir: PathBuf,
    /// The time.
    pub clock: Clock,
}

/// A live, durable, provably current copy of every contact-centre agent's state.
#[derive(Debug, Parser)]
#[command(name = "onduty", version, max_term_width = 100, arg_required_else_help = true)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
    /// The sidecar: host:port, http://host:port or unix:/path
    #[arg(long, global = true, env = "ONDUTY_ADDRESS", default_value = DEFAULT_ADDRESS, hide_env_values = true)]
    address: String,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// A simulated contact centre and a sidecar that mirrors it, live on the screen
    Demo(demo::Demo),
    /// Run the sidecar
    Serve(serve::Serve),
    /// The states of these agents
    Get(get::Get),
    /// Every agent, and the account that adds up
    List(list::List),
    /// Changes as they happen; reconnects and resumes by itself
    Watch(watch::Watch),
    /// What was heard about one agent, accepted or not, and the rule that decided
    Why(why::Why),
    /// What a reason means, what proves it and how to mend it
    Explain(explain::Explain),
    /// Names in a snippet, curl line or configuration that the platform does not know, with the nearest real ones
    Lint(lint::Lint),
    /// Every check of what answers rest on: what was found, what it means, what to do
    Doctor(doctor::Doctor),
    /// Wait until the sidecar is ready
    Wait(wait::Wait),
    /// The effective configuration, with the origin of every value
    Config(config::Config),
    /// A completion script for a shell
    Completions(completions::Completions),
    /// The version
    Version,
}

/// Runs one command. The exit code: 0 fine, 1 a finding or a failure, 2 usage or configuration, 3 nobody answered.
pub async fn run(invocation: Invocation) -> ExitCode {
    let arguments = match Arguments::try_parse_from(&invocation.arguments) {
        Ok(arguments) => arguments,
        // Help and version are no errors, and clap knows which stream each goes to.
        Err(error) => {
            let _ = error.print();
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2));
        }
    };
    let mut out = BufWriter::new(io::stdout());
    let mut about = io::stderr();
    let screen = Screen::decide((invocation.terminal)(), &invocation.environment);
    let mut output = Output { out: &mut out, about: &mut about, screen };
    let result = dispatch(arguments, invocation, &mut output).await;
    let result = result.and_then(|code| Ok(output.out.flush().map(|()| code)?));
    match result {
        Ok(code) => code,
        Err(failure) => {
            // Whoever closed standard error has chosen not to be told.
            let _ = output.out.flush().and_then(|()| failure.report(&mut output));
            failure.exit_code()
        }
    }
}

async fn dispatch(
    arguments: Arguments,
    invocation: Invocation,
    output: &mut Output<'_>,
) -> Result<ExitCode, Failure> {
    let Arguments { command, address } = arguments;
    let clock = invocation.clock.clone();
    match command {
        Command::Demo(demo) => Box::pin(demo.run(invocation, output)).await,
        Command::Serve(serve) => Box::pin(serve.run(invocation)).await,
        Command::Get(get) => get.run(&Client::connect(&address).await?, clock.now(), output).await,
        Command::List(list) => list.run(&Client::connect(&address).await?, clock.now(), output).await,
        Command::Watch(watch) => Box::pin(watch.run(&Client::connect(&address).await?, clock, output)).await,
        Command::Why(why) => why.run(&Client::connect(&address).await?, clock.now(), output).await,
        Command::Explain(explain) => explain.run(output),
        Command::Lint(lint) => lint.run(output),
        Command::Doctor(doctor) => Box::pin(doctor.run(&address, invocation, output)).await,
        Command::Wait(wait) => wait.run(&address, output).await,
        Command::Config(config) => config.run(invocation, output),
        Command::Completions(completions) => completions.run(&mut Arguments::command(), output),
        Command::Version => {
            output.line(concat!("onduty ", env!("CARGO_PKG_VERSION")))?;
            Ok(ExitCode::SUCCESS)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_commands_do_not_contradict_each_other() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn bad_usage_is_refused_with_the_contracts_code() {
        for line in [
            "",
            "nope",
            "get",
            "get a -o yaml",
            "why",
            "why a --limit 0",
            "list --presence sleepy",
            "wait --max soon",
            "doctor -o ndjson",
            "doctor --wait soon",
            "demo --trouble x",
        ] {
            let words = std::iter::once("onduty").chain(line.split_whitespace());
            let error = Arguments::try_parse_from(words).expect_err(line);
            assert_eq!(error.exit_code(), 2, "{line}");
        }
    }
}
