//! `onduty completions SHELL`.

use std::process::ExitCode;

use clap::Args;
use clap_complete::Shell;

use super::failure::Failure;
use super::output::Output;

/// Arguments of `completions`.
#[derive(Debug, Args)]
pub(super) struct Completions {
    /// The shell
    #[arg(value_enum)]
    shell: Shell,
}

impl Completions {
    /// Prints the script.
    pub(super) fn run(
        self,
        command: &mut clap::Command,
        output: &mut Output<'_>,
    ) -> Result<ExitCode, Failure> {
        // The generator panics on a writer that fails, so it is given one that cannot.
        let mut script = Vec::new();
        clap_complete::generate(self.shell, command, "onduty", &mut script);
        output.out.write_all(&script)?;
        Ok(ExitCode::SUCCESS)
    }
}
