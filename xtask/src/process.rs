//! Other programs: run them in sight of the user, and say which one failed and how.

use std::io;
use std::process::{Command, ExitStatus, Stdio};

/// Another program could not do its part.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ProcessError {
    /// It is not installed, or can't be executed.
    #[error("could not start `{program}`: {advice}")]
    Start {
        /// Its name.
        program: String,
        /// What to install or do.
        advice: &'static str,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// What it is to read could not be put where it reads it.
    #[error("could not copy {path}")]
    Input {
        /// The file.
        path: String,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// It ended with an error, which it has explained itself.
    #[error("`{program}` failed ({status}); {advice}")]
    Failed {
        /// The program with its arguments.
        program: String,
        /// How it ended.
        status: ExitStatus,
        /// What to do.
        advice: &'static str,
    },
}

/// Runs a program to its end. Its output goes where ours goes. `advice` says what to do when it fails.
pub(crate) fn run(command: &mut Command, advice: &'static str) -> Result<(), ProcessError> {
    let status = command.status().map_err(|source| ProcessError::Start {
        program: command.get_program().to_string_lossy().into_owned(),
        advice,
        source,
    })?;
    if status.success() {
        return Ok(());
    }
    Err(ProcessError::Failed { program: described(command), status, advice })
}

/// Whether a program exists and answers.
pub(crate) fn answers(command: &mut Command) -> bool {
    command.stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok_and(|status| status.success())
}

/// The cargo that runs us, so that a toolchain chosen on the command line is kept.
pub(crate) fn cargo() -> Command {
    Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
}

fn described(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words.map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_program_is_named_with_advice() {
        let error = run(&mut Command::new("no-such-program"), "install it").expect_err("missing");
        assert_eq!(error.to_string(), "could not start `no-such-program`: install it");
    }

    #[test]
    fn a_failing_program_is_shown_with_its_arguments() {
        let error = run(cargo().args(["no-such-command", "--quiet"]).stderr(Stdio::null()), "look above");
        let text = error.expect_err("fails").to_string();
        assert!(text.contains("no-such-command --quiet` failed (exit status: 101); look above"), "{text}");
    }

    #[test]
    fn a_program_that_is_missing_or_fails_does_not_answer() {
        assert!(answers(cargo().arg("--version")));
        assert!(!answers(cargo().arg("no-such-command")));
        assert!(!answers(&mut Command::new("no-such-program")));
    }
}
