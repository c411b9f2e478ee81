//! The one way in. Every source hands its statements to the keeper through an [`Inlet`] and is told once they are
//! durable and visible. The queue is bounded: what happens when it is full is the source's decision. So is the wait:
//! a store that hangs holds no source up for ever.

use std::time::Duration;

use onduty_core::cursor::Revision;
use onduty_core::observation::Input;
use onduty_core::roster::Outcome;
use tokio::sync::{mpsc, oneshot};
use tokio::time::timeout;

/// From the handing in to the receipt, room in the queue included. A disk that works takes milliseconds.
const PATIENCE: Duration = Duration::from_secs(30);

/// Hands statements to the keeper. Cheap to clone; when the last one is dropped, the keeper finishes and ends.
#[derive(Clone, Debug)]
pub struct Inlet {
    sender: mpsc::Sender<Delivery>,
    patience: Duration,
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
    /// The store took too long. The statements may become durable yet; whoever gave them can't rely on it.
    #[error("the store took longer than {0:?}: see whether its disk is slow or hangs")]
    Late(Duration),
    /// The store failed.
    #[error(transparent)]
    NotDurable(#[from] NotDurable),
}

/// A bounded inlet for at most `bound` waiting deliveries, and the keeper's end of it.
pub fn channel(bound: usize) -> (Inlet, mpsc::Receiver<Delivery>) {
    let (sender, receiver) = mpsc::channel(bound);
    (Inlet { sender, patience: PATIENCE }, receiver)
}

impl Inlet {
    /// Hands in statements, waiting for room, and waits until they are durable and visible.
    ///
    /// # Errors
    ///
    /// When they are not, or not in time.
    pub async fn commit(&self, inputs: Vec<Input>) -> Result<Receipt, InletError> {
        let (receipt, outcome) = oneshot::channel();
        self.in_time(async {
            self.sender.send(Delivery { inputs, receipt }).await.map_err(|_| InletError::Closed)?;
            settled(outcome).await
        })
        .await
    }

    /// Hands in statements if there is room now, and waits until they are durable and visible.
    ///
    /// # Errors
    ///
    /// When there is no room, or they are not durable, or not in time.
    pub async fn try_commit(&self, inputs: Vec<Input>) -> Result<Receipt, InletError> {
        let (receipt, outcome) = oneshot::channel();
        self.sender.try_send(Delivery { inputs, receipt }).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => InletError::Full,
            mpsc::error::TrySendError::Closed(_) => InletError::Closed,
        })?;
        self.in_time(settled(outcome)).await
    }

    /// Deliveries waiting now.
    pub fn depth(&self) -> usize {
        self.sender.max_capacity() - self.sender.capacity()
    }

    async fn in_time(
        &self,
        work: impl Future<Output = Result<Receipt, InletError>>,
    ) -> Result<Receipt, InletError> {
        timeout(self.patience, work).await.unwrap_or(Err(InletError::Late(self.patience)))
    }
}

async fn settled(outcome: oneshot::Receiver<Result<Receipt, NotDurable>>) -> Result<Receipt, InletError> {
    Ok(outcome.await.map_err(|_| InletError::Closed)??)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_store_that_hangs_holds_up_nobody_for_ever() {
        let (inlet, hangs) = channel(1);
        let inlet = Inlet { patience: Duration::from_millis(10), ..inlet };
        let not_settled = inlet.try_commit(vec![]).await;
        assert!(matches!(not_settled, Err(InletError::Late(_))), "{not_settled:?}");
        let no_room = inlet.commit(vec![]).await;
        assert!(matches!(no_room, Err(InletError::Late(_))), "{no_room:?}");
        assert!(matches!(inlet.try_commit(vec![]).await, Err(InletError::Full)));
        drop(hangs);
        assert!(matches!(inlet.commit(vec![]).await, Err(InletError::Closed)));
    }
}
