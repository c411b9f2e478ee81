//! The binary: looks at the process once, hands what it sees to the library, and passes on the exit code.

use std::collections::BTreeMap;
use std::io::{self, IsTerminal as _};
use std::path::PathBuf;
use std::process::ExitCode;

use etcetera::BaseStrategy as _;
use onduty::cli::{self, Invocation};
use onduty::clock::Clock;

#[tokio::main]
async fn main() -> ExitCode {
    let invocation = Invocation {
        arguments: std::env::args_os().collect(),
        environment: environment(),
        terminal,
        state_dir: state_dir(),
        temporary_dir: std::env::temp_dir(),
        clock: Clock::system(),
    };
    cli::run(invocation).await
}

/// The environment, as far as it is text: nothing that onduty reads is anything else.
fn environment() -> BTreeMap<String, String> {
    std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .collect()
}

fn terminal() -> Option<(u16, u16)> {
    if !io::stdout().is_terminal() {
        return None;
    }
    terminal_size::terminal_size_of(io::stdout()).map(|(width, height)| (width.0, height.0))
}

/// `onduty` in the folder where the platform keeps state, or data where it tells the two not apart.
fn state_dir() -> Option<PathBuf> {
    let places = etcetera::choose_base_strategy().ok()?;
    Some(places.state_dir().unwrap_or_else(|| places.data_dir()).join("onduty"))
}
