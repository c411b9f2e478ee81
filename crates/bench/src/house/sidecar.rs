//! The sidecar as a process of its own, configured by its environment like any other, with an empty store.

use std::fs::File;
use std::net::TcpListener;
use std::ops::Range;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;
use std::{io, iter};

use onduty_client::{Client, ClientError};
use tempfile::TempDir;
use tokio::process::{Child, Command};
use tokio::time::{Instant, sleep, timeout};

use super::control::http;
use crate::usage::{self, Usage, UsageError};

/// Why there is no sidecar.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SidecarError {
    /// Its process, its ports or its folder.
    #[error("could not run the sidecar")]
    System(#[from] io::Error),
    /// It ended.
    #[error("the sidecar ended by itself; its log ends with:\n{log}")]
    Ended {
        /// The end of its log.
        log: String,
    },
    /// It does not serve.
    #[error("the sidecar does not answer; its log ends with:\n{log}")]
    Silent {
        /// The end of its log.
        log: String,
        /// The last attempt.
        source: ClientError,
    },
    /// Its metrics.
    #[error("the sidecar's metrics could not be read")]
    Metrics(#[from] reqwest::Error),
    /// What it used.
    #[error(transparent)]
    Usage(#[from] UsageError),
}

/// A running sidecar. Ends with its standard input, and is killed when dropped.
pub(crate) struct Sidecar {
    process: Child,
    pid: u32,
    api: u16,
    metrics: String,
    http: reqwest::Client,
    log_path: PathBuf,
    /// Its store; removed with it.
    _home: TempDir,
}

/// How many agents there are, and how many of them the channels cover.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Coverage {
    /// Agents that exist, as far as the sidecar knows.
    pub(crate) agents: u64,
    /// Agents whose changes channels would tell now.
    pub(crate) covered: u64,
    /// Channels that are listened to.
    pub(crate) channels: u64,
    /// Agents read again after a gap since the start, each as often as that happened.
    pub(crate) read_again: u64,
}

impl Coverage {
    /// Whether push covers everybody.
    pub(crate) const fn is_whole(self) -> bool {
        self.agents > 0 && self.covered >= self.agents
    }

    fn parse(metrics: &str) -> Self {
        let value = |name: &str| {
            let line = metrics.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
            line.and_then(|value| value.parse().ok()).unwrap_or(0)
        };
        Self {
            agents: value("onduty_agents"),
            covered: value("onduty_channel_agents{covered=\"yes\"}"),
            channels: value("onduty_channels_open"),
            read_again: ["changed", "unchanged"]
                .map(|outcome| {
                    value(&format!("onduty_channel_agents_read_again_total{{outcome=\"{outcome}\"}}"))
                })
                .iter()
                .sum(),
        }
    }
}

const START_TIMEOUT: Duration = Duration::from_secs(60);
const STOP_TIMEOUT: Duration = Duration::from_secs(30);
const AGAIN: Duration = Duration::from_millis(50);
/// Lines of the log that are shown when something went wrong.
const LOG_LINES: usize = 30;
/// Ports below those that systems give to outgoing connections: one of these would be taken in the moment between our
/// letting go of it and the sidecar's taking it.
const PORTS: Range<u16> = 10_000..30_000;
/// Ports that are tried before it is clear that something else is wrong.
const TRIES: usize = 100;

impl Sidecar {
    /// Starts one. Settings are environment variables without their prefix.
    pub(super) async fn start(
        platform: &str,
        settings: &[(&str, String)],
        log: Option<PathBuf>,
    ) -> Result<Self, SidecarError> {
        let home = TempDir::new()?;
        let log_path = log.unwrap_or_else(|| home.path().join("log"));
        let held = (0..3).map(|_| free_port()).collect::<Result<Vec<_>, _>>()?;
        let ports: Vec<u16> =
            held.iter().map(|listener| Ok(listener.local_addr()?.port())).collect::<io::Result<_>>()?;
        drop(held);
        let local = |port: usize| format!("127.0.0.1:{}", ports[port]);
        let log = File::create(&log_path)?;
        let mut command = Command::new(std::env::current_exe()?);
        command.arg("serve-sidecar").env_clear();
        let common = [
            ("PLATFORM__API_URL", platform.to_owned()),
            ("PLATFORM__LOGIN_URL", platform.to_owned()),
            ("PLATFORM__API", "users".to_owned()),
            ("PLATFORM__CLIENT_ID", "sim-full".to_owned()),
            ("PLATFORM__CLIENT_SECRET", "sim-secret".to_owned()),
            ("API__LISTEN", local(0)),
            ("INGRESS__LISTEN", local(1)),
            ("ADMIN__LISTEN", local(2)),
            ("STORE__DIR", home.path().join("data").display().to_string()),
            ("SYNC__WEBHOOK", "false".to_owned()),
            ("LOG__FORMAT", "text".to_owned()),
        ];
        for (key, value) in common.iter().chain(settings) {
            command.env(format!("ONDUTY_{key}"), value);
        }
        command.stdin(Stdio::piped()).stdout(log.try_clone()?).stderr(log).kill_on_drop(true);
        let process = command.spawn()?;
        let pid = process.id().ok_or_else(|| io::Error::from(io::ErrorKind::NotFound))?;
        let metrics = format!("http://{}/metrics", local(2));
        Ok(Self { process, pid, api: ports[0], metrics, http: http()?, log_path, _home: home })
    }

    /// A client of it, once it answers.
    pub(super) async fn client(&self) -> Result<Client, SidecarError> {
        let begun = Instant::now();
        loop {
            match Client::connect(&format!("127.0.0.1:{}", self.api)).await {
                Ok(client) => return Ok(client),
                Err(source) if begun.elapsed() > START_TIMEOUT => {
                    return Err(SidecarError::Silent { log: self.log_tail(), source });
                }
                Err(_) => sleep(AGAIN).await,
            }
        }
    }

    /// Whether it still runs.
    pub(crate) fn check(&mut self) -> Result<(), SidecarError> {
        match self.process.try_wait()? {
            None => Ok(()),
            Some(_) => Err(SidecarError::Ended { log: self.log_tail() }),
        }
    }

    /// How far its channels reach.
    pub(crate) async fn coverage(&self) -> Result<Coverage, SidecarError> {
        let text = self.http.get(&self.metrics).timeout(START_TIMEOUT).send().await?.text().await?;
        Ok(Coverage::parse(&text))
    }

    /// What it has used so far.
    pub(crate) fn usage(&self) -> Result<Usage, SidecarError> {
        Ok(usage::of(self.pid)?)
    }

    /// The end of its log.
    pub(crate) fn log_tail(&self) -> String {
        let log = std::fs::read_to_string(&self.log_path).unwrap_or_default();
        let lines: Vec<&str> = log.lines().collect();
        lines[lines.len().saturating_sub(LOG_LINES)..].join("\n")
    }

    /// Lets it end.
    pub(super) async fn stop(mut self) -> Result<(), SidecarError> {
        drop(self.process.stdin.take());
        let ended = timeout(STOP_TIMEOUT, self.process.wait()).await;
        ended.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))?;
        Ok(())
    }
}

/// A port that is free, held until the listener is dropped.
fn free_port() -> io::Result<TcpListener> {
    let mut tries = iter::repeat_with(|| rand::random_range(PORTS)).take(TRIES);
    let free = tries.find_map(|port| TcpListener::bind(("127.0.0.1", port)).ok());
    free.ok_or_else(|| io::Error::new(io::ErrorKind::AddrInUse, "no port between 10000 and 30000 is free"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn coverage_is_read_from_the_metrics_and_whole_when_nobody_is_left_out() {
        let text = "# TYPE onduty_agents gauge\nonduty_agents 58\nonduty_channels_open 1\n\
                    onduty_channel_agents{covered=\"no\"} 3\nonduty_channel_agents{covered=\"yes\"} 57\n\
                    onduty_channel_agents_read_again_total{outcome=\"changed\"} 4\n\
                    onduty_channel_agents_read_again_total{outcome=\"unchanged\"} 53\n";
        let coverage = Coverage::parse(text);
        assert_eq!(coverage, Coverage { agents: 58, covered: 57, channels: 1, read_again: 57 });
        assert!(!coverage.is_whole());
        assert!(Coverage { covered: 58, ..coverage }.is_whole());
        assert!(!Coverage::parse("").is_whole(), "nobody is known yet");
    }
}
