//! `onduty serve`: the sidecar.

use std::process::ExitCode;

use clap::Args;
use tokio_util::sync::CancellationToken;

use super::Invocation;
use super::failure::Failure;
use super::settings::Settings;
use crate::app;
use crate::config::Config;

/// Arguments of `serve`.
#[derive(Debug, Args)]
pub(super) struct Serve {
    #[command(flatten)]
    settings: Settings,
}

impl Serve {
    /// Loads the configuration and runs until told to stop.
    pub(super) async fn run(self, invocation: Invocation) -> Result<ExitCode, Failure> {
        let layers = self.settings.layers(invocation.environment, invocation.state_dir)?;
        let config = Config::load(&layers)?;
        Ok(app::run(config, CancellationToken::new()).await)
    }
}
