//! Why a command did not do what was asked, and the exit code that says so.

use std::io;
use std::process::ExitCode;

use onduty_client::ClientError;

use super::output::{Output, plain};
use crate::config::ConfigErrors;
use crate::error_chain::Chain;

/// Why a command ended before its time.
#[derive(Debug, thiserror::Error)]
pub(super) enum Failure {
    /// The sidecar gave no answer, or one that is a refusal.
    #[error(transparent)]
    Client(#[from] ClientError),
    /// The configuration can't be used.
    #[error(transparent)]
    Config(#[from] ConfigErrors),
    /// A file that was named can't be read.
    #[error("could not read {name}; name a readable file with --config")]
    File {
        /// Its name.
        name: String,
        /// Why not.
        source: io::Error,
    },
    /// A text to look at can't be read.
    #[error("could not read {name}; name a text of up to 4 MiB, or give it by standard input")]
    Snippet {
        /// Its name.
        name: String,
        /// Why not.
        source: io::Error,
    },
    /// There is no such reason.
    #[error("there is no reason {asked}; {nearest}")]
    Reason {
        /// As it was asked for.
        asked: String,
        /// What there is instead.
        nearest: String,
    },
    /// The output was not taken.
    #[error("could not write the output")]
    Output(#[from] io::Error),
    /// The sidecar did not get ready in time.
    #[error("the sidecar at {address} is not ready after {waited}: {state}")]
    NotReady {
        /// Where it was asked.
        address: String,
        /// How long was waited.
        waited: String,
        /// What it said last.
        state: String,
    },
    /// No HTTP client towards the platform.
    #[error("could not look at the platform")]
    Platform(#[source] crate::platform::genesys::error::ClientError),
    /// The simulator of a demo did not start, or can't be reached.
    #[error("could not run the simulated contact centre (other ports: --port-base)")]
    Simulator(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl Failure {
    /// 1 a finding or a failure, 2 usage or configuration, 3 nobody answered. A reader that left is no failure.
    pub(super) fn exit_code(&self) -> ExitCode {
        match self {
            Self::Output(error) if error.kind() == io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
            Self::Client(ClientError::Unreachable { .. }) | Self::NotReady { .. } => ExitCode::from(3),
            Self::Config(_)
            | Self::File { .. }
            | Self::Snippet { .. }
            | Self::Reason { .. }
            | Self::Client(ClientError::Address { .. }) => ExitCode::from(2),
            Self::Output(_)
            | Self::Simulator(_)
            | Self::Platform(_)
            | Self::Client(
                ClientError::Missed { .. } | ClientError::Refused { .. } | ClientError::Malformed { .. },
            ) => ExitCode::FAILURE,
        }
    }

    /// Says what went wrong, and what to do, to the person at standard error.
    pub(super) fn report(&self, output: &mut Output<'_>) -> io::Result<()> {
        match self {
            Self::Output(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
            Self::Config(errors) => {
                for problem in errors.problems() {
                    output.note(format_args!("config: {}", plain(&problem.to_string())))?;
                }
                output.note(format_args!("onduty: {errors}"))
            }
            Self::Client(ClientError::Unreachable { .. }) => {
                output.note(format_args!("onduty: {}", plain(&Chain(self).to_string())))?;
                output.note(
                    "        start one with `onduty serve` or `onduty demo`, or name another with --address",
                )
            }
            Self::Client(_)
            | Self::File { .. }
            | Self::Snippet { .. }
            | Self::Reason { .. }
            | Self::Output(_)
            | Self::NotReady { .. }
            | Self::Platform(_)
            | Self::Simulator(_) => output.note(format_args!("onduty: {}", plain(&Chain(self).to_string()))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use onduty_client::Met;
    use onduty_client::proto::Finding;

    fn reported(failure: &Failure) -> String {
        let (mut out, mut about) = (Vec::new(), Vec::new());
        let screen = super::super::output::Screen::decide(None, &Default::default());
        failure.report(&mut Output { out: &mut out, about: &mut about, screen }).expect("written");
        assert!(out.is_empty(), "data and messages do not mix");
        String::from_utf8(about).expect("text")
    }

    #[test]
    fn each_failure_has_the_contracts_exit_code() {
        let unreachable = || ClientError::Unreachable {
            address: "http://127.0.0.1:7400".to_owned(),
            source: Met("connection refused".to_owned()),
        };
        let missed = ClientError::Missed {
            finding: Box::new(Finding::default()),
            code: tonic::Code::NotFound,
            retry_after: None,
        };
        let not_ready =
            Failure::NotReady { address: String::new(), waited: String::new(), state: String::new() };
        let file = Failure::File { name: "x".to_owned(), source: io::Error::from(io::ErrorKind::NotFound) };
        let table = [
            (Failure::Client(unreachable()), 3),
            (not_ready, 3),
            (Failure::Client(missed), 1),
            (Failure::Client(ClientError::Address { given: "x".to_owned() }), 2),
            (file, 2),
            (Failure::Output(io::Error::from(io::ErrorKind::BrokenPipe)), 0),
            (Failure::Output(io::Error::from(io::ErrorKind::StorageFull)), 1),
        ];
        for (failure, code) in table {
            assert_eq!(
                format!("{:?}", failure.exit_code()),
                format!("{:?}", ExitCode::from(code)),
                "{failure:?}"
            );
        }
        assert_eq!(
            reported(&Failure::Client(unreachable())),
            "onduty: no sidecar answers at http://127.0.0.1:7400: connection refused\n        \
             start one with `onduty serve` or `onduty demo`, or name another with --address\n"
        );
        assert_eq!(reported(&Failure::Output(io::Error::from(io::ErrorKind::BrokenPipe))), "");
    }
}
