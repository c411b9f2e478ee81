//! The one way in. Every source hands its statements to the keeper through an [`Inlet`] and is told once they are
//! durable and visible. The queue is bounded: what happens when it is full is the source's decision.

use onduty_core::cursor::Revision;
use onduty_core::observation::Input;
use onduty_core::roster::Outcome;
use tokio::sync::{mpsc, oneshot};

/// Hands statements to the keeper. Cheap to clone; when the last one is dropped, the keeper finishes and ends.
#[derive(Clone, Debug)]
pub struct Inlet {
    sender: mpsc::Sender<Delivery>,
}

/// Some statements that enter together: they are committed in one transaction or not at all.
#[derive(Debug)]
pub struct Delivery {
    /// The statements.
    pub inputs: Vec<Input>,
    /// Told once they are durable and visible, or why they are not.
    pub receipt: oneshot::Sender<Result<Receipt, NotDurable>>,
}

/// What became of a delivery.
#[derive(Clone, Debug)]
pub struct Receipt {
    /// The newest revision after it.
    pub revision: Revision,
    /// What became of each statement, in order.
    pub outcomes: Vec<Outcome>,
    /// How many agents a full listing had to correct.
    pub corrections: u64,
}

/// The store could not make a delivery durable. Nothing of it is visible.
#[derive(Clone, Debug, thiserror::Error)]
#[error("the store could not commit: {0}")]
pub struct NotDurable(pub String);

/// Why a delivery was not taken.
#[derive(Debug, thiserror::Error)]
pub enum InletError {
    /// More is waiting than may wait.
    #[error("the inlet is full: more statements are waiting to be committed than may wait")]
    Full,
    /// The keeper has stopped.
    #[error("the inlet is closed: the sidecar is stopping")]
    Closed,
    /// The store failed.
    #[error(transparent)]
    NotDurable(#[from] NotDurable),
}

/// A bounded inlet for at most `bound` waiting deliveries, and the keeper's end of it.
pub fn channel(bound: usize) -> (Inlet, mpsc::Receiver<Delivery>) {
    let (sender, receiver) = mpsc::channel(bound);
    (Inlet { sender }, receiver)
}

impl Inlet {
    /// Hands in statements, waiting for room, and waits until they are durable and visible.
    pub async fn commit(&self, inputs: Vec<Input>) -> Result<Receipt, InletError> {
        let (receipt, outcome) = oneshot::channel();
        self.sender.send(Delivery { inputs, receipt }).await.map_err(|_| InletError::Closed)?;
        Self::settled(outcome).await
    }

    /// Hands in statements if there is room now, and waits until they are durable and visible.
    pub async fn try_commit(&self, inputs: Vec<Input>) -> Result<Receipt, InletError> {
        let (receipt, outcome) = oneshot::channel();
        self.sender.try_send(Delivery { inputs, receipt }).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => InletError::Full,
            mpsc::error::TrySendError::Closed(_) => InletError::Closed,
        })?;
        Self::settled(outcome).await
    }

    /// Deliveries waiting now.
    pub fn depth(&self) -> usize {
        self.sender.max_capacity() - self.sender.capacity()
    }

    async fn settled(outcome: oneshot::Receiver<Result<Receipt, NotDurable>>) -> Result<Receipt, InletError> {
        Ok(outcome.await.map_err(|_| InletError::Closed)??)
    }
}
