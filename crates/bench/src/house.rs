//! A simulated organisation and the real sidecar that mirrors it: the simulator in this process, the sidecar a process
//! of its own, between them nothing but TCP.

pub(crate) mod control;
pub(crate) mod sidecar;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use onduty_client::{Client, ClientError};
use onduty_sim::{SimError, SimOptions, Simulator};
use tokio::time::{Instant, sleep};

use self::control::{Control, ControlError};
use self::sidecar::{Coverage, Sidecar, SidecarError};

/// Why a house could not be built, or asked.
#[derive(Debug, thiserror::Error)]
pub(crate) enum HouseError {
    /// The simulator.
    #[error("could not start the simulator")]
    Simulator(#[from] SimError),
    /// Its control plane.
    #[error(transparent)]
    Control(#[from] ControlError),
    /// The sidecar's process.
    #[error(transparent)]
    Sidecar(#[from] SidecarError),
    /// A call of the sidecar.
    #[error("the sidecar did not answer a call")]
    Call(#[from] ClientError),
    /// The simulator's account of everybody.
    #[error("the simulator's truth does not read as expected")]
    Truth(#[from] serde_json::Error),
    /// It did not become what it should.
    #[error("after {} s the sidecar was not {what}; it covered {} of {} agents; its log ends with:\n{log}",
        .waited.as_secs(), .coverage.covered, .coverage.agents)]
    Stuck {
        /// What it should have become.
        what: &'static str,
        /// How long was waited.
        waited: Duration,
        /// How far it came.
        coverage: Coverage,
        /// The end of its log.
        log: String,
    },
}

/// An organisation, and its mirror.
pub(crate) struct House {
    simulator: Simulator,
    /// The simulator's control plane.
    pub(crate) control: Control,
    /// The sidecar.
    pub(crate) sidecar: Sidecar,
    /// A client of it.
    pub(crate) client: Client,
}

/// How large an organisation is, and how busy.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Size {
    /// Agents of the simulator. Some of them are inactive or deleted.
    pub(crate) agents: u32,
    /// Changes of state a second.
    pub(crate) rate: f64,
    /// The seed of people and moves.
    pub(crate) seed: u64,
}

/// How often the sidecar is looked at.
pub(crate) const LOOK: Duration = Duration::from_secs(1);

impl House {
    /// Starts both. The sidecar begins with an empty store; settings are environment variables without their prefix.
    /// Its log goes to a file of its own unless a place is given.
    pub(crate) async fn build(
        size: Size,
        settings: &[(&str, String)],
        log: Option<PathBuf>,
    ) -> Result<Self, HouseError> {
        let options = SimOptions {
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            agents: usize::try_from(size.agents).unwrap_or(usize::MAX),
            rate: size.rate,
            seed: size.seed,
            ..SimOptions::default()
        };
        let simulator = Simulator::start(options).await?;
        let control = Control::of(&simulator.url())?;
        let sidecar = Sidecar::start(&simulator.url(), settings, log).await?;
        let client = sidecar.client().await?;
        Ok(Self { simulator, control, sidecar, client })
    }

    /// Waits until the first full listing is complete.
    pub(crate) async fn listed(&mut self, patience: Duration) -> Result<(), HouseError> {
        let begun = Instant::now();
        while !self.client.is_serving().await? {
            self.wait("ready", begun, patience).await?;
        }
        Ok(())
    }

    /// Waits until every agent is covered by a channel.
    pub(crate) async fn covered(&mut self, patience: Duration) -> Result<(), HouseError> {
        let begun = Instant::now();
        while !self.sidecar.coverage().await?.is_whole() {
            self.wait("covering everybody by channels", begun, patience).await?;
        }
        Ok(())
    }

    /// Waits until so many agents more than before have been read again, or until there is evidence of everybody's state
    /// from an instant or later, by the sidecar's clock: whoever was read after he was covered is not read again.
    pub(crate) async fn read_again(
        &mut self,
        before: u64,
        agents: u64,
        instant_ms: i64,
        patience: Duration,
    ) -> Result<(), HouseError> {
        let begun = Instant::now();
        while self.sidecar.coverage().await?.read_again < before + agents {
            let listing = self.client.list(Default::default()).await?;
            let confirmed =
                listing.agent_states.iter().map(|state| millis(state.confirmed_at.as_ref())).min();
            if confirmed.is_some_and(|oldest| oldest >= instant_ms) {
                return Ok(());
            }
            self.wait("holding evidence of everybody", begun, patience).await?;
        }
        Ok(())
    }

    async fn wait(
        &mut self,
        what: &'static str,
        begun: Instant,
        patience: Duration,
    ) -> Result<(), HouseError> {
        self.sidecar.check()?;
        if begun.elapsed() > patience {
            let coverage = self.sidecar.coverage().await?;
            return Err(HouseError::Stuck { what, waited: patience, coverage, log: self.sidecar.log_tail() });
        }
        sleep(LOOK).await;
        Ok(())
    }

    /// Stops both.
    pub(crate) async fn close(self) -> Result<(), HouseError> {
        self.sidecar.stop().await?;
        self.simulator.shutdown().await;
        Ok(())
    }
}

/// An instant of the contract in milliseconds; 0 where it is absent.
pub(crate) fn millis(at: Option<&prost_types::Timestamp>) -> i64 {
    at.map_or(0, |at| at.seconds * 1_000 + i64::from(at.nanos) / 1_000_000)
}
