//! `onduty wait`: until the sidecar is ready, for scripts that start it.

use std::process::ExitCode;
use std::time::Duration;

use clap::Args;
use onduty_client::{Client, ClientError};
use tokio::time::{Instant, sleep, timeout_at};

use super::failure::Failure;
use super::get::duration;
use super::output::Output;
use crate::config::show_duration;
use crate::error_chain::Chain;

/// How long between two questions.
const ASK_EVERY: Duration = Duration::from_millis(100);

/// Arguments of `wait`.
#[derive(Debug, Args)]
pub(super) struct Wait {
    /// How long to wait at most
    #[arg(long, value_name = "SPAN", value_parser = duration, default_value = "60s")]
    max: Duration,
}

impl Wait {
    /// Asks until the answer is yes or the time is over.
    pub(super) async fn run(self, address: &str, output: &mut Output<'_>) -> Result<ExitCode, Failure> {
        let mut state = "it was not asked".to_owned();
        match until_serving(address, Instant::now() + self.max, &mut state).await {
            Some(Ok(())) => {
                output.line(format_args!("the sidecar at {address} is ready"))?;
                Ok(ExitCode::SUCCESS)
            }
            Some(Err(error)) => Err(error.into()),
            None => {
                Err(Failure::NotReady { address: address.to_owned(), waited: show_duration(self.max), state })
            }
        }
    }
}

/// Waits until the sidecar's health says that it serves; `None` when `deadline` came first, with the last thing seen
/// in `state`.
pub(super) async fn until_serving(
    address: &str,
    deadline: Instant,
    state: &mut String,
) -> Option<Result<(), ClientError>> {
    let asking = async {
        loop {
            match ask(address).await {
                Ok(true) => return Ok(()),
                Ok(false) => "it answers, and still waits for its first full listing".clone_into(state),
                Err(error) if error.is_transient() => *state = Chain(&error).to_string(),
                Err(error) => return Err(error),
            }
            sleep(ASK_EVERY).await;
        }
    };
    timeout_at(deadline, asking).await.ok()
}

async fn ask(address: &str) -> Result<bool, ClientError> {
    Client::connect(address).await?.with_timeout(Duration::from_secs(2)).is_serving().await
}
