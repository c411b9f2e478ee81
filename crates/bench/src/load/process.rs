//! Servers as processes: started, ordered about, measured, stopped.

use std::io;
use std::net::SocketAddr;
use std::process::{Command as StdCommand, Stdio};
use std::time::Duration;

use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::process::{Child, ChildStdin, Command};
use tokio::time::timeout;

use crate::serve::{LISTENING, Order};
use crate::usage::{self, Usage, UsageError};

/// A server under test. It ends with its standard input.
#[derive(Debug)]
pub(crate) struct Server {
    /// Which one.
    pub(crate) side: Side,
    /// Where it listens.
    pub(crate) address: SocketAddr,
    process: Child,
    pid: u32,
    orders: ChildStdin,
}

/// Which server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    /// onduty.
    Onduty,
    /// The bare tonic server.
    Bare,
}

/// Which core everybody runs on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pinning {
    /// Servers on the first core, the loader on the second.
    Apart,
    /// Wherever the system puts them: there is but one core, or no `taskset`.
    None,
}

/// Why a server could not be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ProcessError {
    /// The process or its pipes.
    #[error("could not run the {0:?} server")]
    System(Side, #[source] io::Error),
    /// It did not say where it listens.
    #[error("the {0:?} server ended or hung before it listened")]
    Silent(Side),
    /// What it used.
    #[error(transparent)]
    Usage(#[from] UsageError),
}

/// A million agents take some seconds to make, and to copy.
const START_TIMEOUT: Duration = Duration::from_secs(120);
const STOP_TIMEOUT: Duration = Duration::from_secs(30);

const SERVER_CORE: &str = "0";
const LOADER_CORE: &str = "1";

impl Pinning {
    /// Binds this process to the loader's core, if there are two and `taskset` (util-linux) is there.
    pub(crate) fn take(cores: usize) -> Self {
        let pid = std::process::id().to_string();
        let bind =
            || StdCommand::new("taskset").args(["-pc", LOADER_CORE, &pid]).stdout(Stdio::null()).status();
        if cores >= 2 && bind().is_ok_and(|status| status.success()) { Self::Apart } else { Self::None }
    }

    fn command(self) -> io::Result<Command> {
        let this = std::env::current_exe()?;
        Ok(match self {
            Self::None => Command::new(this),
            Self::Apart => {
                let mut command = Command::new("taskset");
                command.args(["-c", SERVER_CORE]).arg(this);
                command
            }
        })
    }
}

impl Server {
    /// Starts one with these arguments and waits until it listens.
    pub(crate) async fn start(
        side: Side,
        arguments: &[&str],
        pinning: Pinning,
    ) -> Result<Self, ProcessError> {
        let failed = |error| ProcessError::System(side, error);
        let mut command = pinning.command().map_err(failed)?;
        command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).kill_on_drop(true);
        let mut process = command.spawn().map_err(failed)?;
        let parts = (process.id(), process.stdin.take(), process.stdout.take());
        let (Some(pid), Some(orders), Some(says)) = parts else {
            return Err(ProcessError::Silent(side));
        };
        let mut line = String::new();
        let mut says = BufReader::new(says);
        let heard = timeout(START_TIMEOUT, says.read_line(&mut line)).await;
        heard.map_err(|_| ProcessError::Silent(side))?.map_err(failed)?;
        let address = line.trim_end().strip_prefix(LISTENING).and_then(|address| address.parse().ok());
        let address = address.ok_or(ProcessError::Silent(side))?;
        Ok(Self { side, address, process, pid, orders })
    }

    /// Has it make changes.
    pub(crate) async fn order(&mut self, order: Order) -> Result<(), ProcessError> {
        let written = self.orders.write_all(order.to_line().as_bytes()).await;
        written.map_err(|error| ProcessError::System(self.side, error))
    }

    /// What it has used so far.
    pub(crate) fn usage(&self) -> Result<Usage, ProcessError> {
        Ok(usage::of(self.pid)?)
    }

    /// Lets it end.
    pub(crate) async fn stop(mut self) -> Result<(), ProcessError> {
        drop(self.orders);
        let ended = timeout(STOP_TIMEOUT, self.process.wait()).await;
        let ended = ended.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()));
        ended.map(drop).map_err(|error| ProcessError::System(self.side, error))
    }
}
