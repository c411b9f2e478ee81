//! The sidecar whole, as `onduty serve` runs it, configured by its environment. It ends with standard input.

use std::collections::BTreeMap;
use std::io::{self, Read as _};
use std::process::ExitCode;
use std::thread::Builder;

use onduty::app;
use onduty::config::{Config, ConfigErrors, Layers};
use tokio_util::sync::CancellationToken;

/// Why it could not run.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SidecarError {
    /// Its environment.
    #[error("could not read the configuration")]
    Config(#[from] ConfigErrors),
    /// The thread that waits for the end.
    #[error("the system refused a thread")]
    System(#[from] io::Error),
    /// It has said why.
    #[error("the sidecar failed")]
    Failed,
}

/// Runs until standard input ends.
pub(crate) async fn serve() -> Result<(), SidecarError> {
    let environment = std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .collect::<BTreeMap<String, String>>();
    let layers = Layers {
        flags: Vec::new(),
        environment,
        file: None,
        state_dir: None,
        read_file: |path| std::fs::read_to_string(path),
    };
    let config = Config::load(&layers)?;
    let stop = CancellationToken::new();
    let end = stop.clone();
    // Not joined: it waits for an end that may never come.
    Builder::new().name("end of input".into()).spawn(move || {
        // Whatever comes before the end is not for us; an error is an end, too.
        let _ = io::stdin().lock().read_to_end(&mut Vec::new());
        end.cancel();
    })?;
    let code = Box::pin(app::run(config, stop)).await;
    if code == ExitCode::SUCCESS { Ok(()) } else { Err(SidecarError::Failed) }
}
