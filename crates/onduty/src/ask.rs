//! "Please look these ids up": the one arrow that leads from answers back to the sources. It carries questions
//! only. What the platform says comes in by the front door, as observations; the asker is told when that is
//! committed, and then looks at the snapshot like everybody else.

use futures_util::future::join_all;
use onduty_core::answer::{Asked, Refusal, Report};
use tokio::sync::{mpsc, oneshot};

/// Asks the platform about ids. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Asker {
    sender: mpsc::Sender<Inquiry>,
}

/// One id that somebody waits for. Dropping the receiver of the reply cancels it.
#[derive(Debug)]
pub struct Inquiry {
    /// Whose state is wanted.
    pub asked: Asked,
    /// Told what came of it.
    pub reply: oneshot::Sender<Report>,
}

/// An asker for at most `bound` waiting inquiries, and the look-up's end of it.
pub fn channel(bound: usize) -> (Asker, mpsc::Receiver<Inquiry>) {
    let (sender, receiver) = mpsc::channel(bound);
    (Asker { sender }, receiver)
}

impl Asker {
    /// Asks about some ids and waits for all reports, in order. Ids already asked about by others are joined to
    /// them by the look-up. Dropping the future cancels what nobody else waits for.
    pub async fn ask(&self, asked: Vec<Asked>) -> Vec<Report> {
        join_all(asked.into_iter().map(|asked| self.ask_one(asked))).await
    }

    /// Asks about one id, as [`Asker::ask`].
    pub async fn ask_one(&self, asked: Asked) -> Report {
        let (reply, report) = oneshot::channel();
        match self.sender.try_send(Inquiry { asked, reply }) {
            // A reply that is dropped unsent: whoever looks up has ended.
            Ok(()) => report.await.unwrap_or(Report::Refused(Refusal::Stopping)),
            Err(mpsc::error::TrySendError::Full(_)) => Report::Refused(Refusal::Crowded),
            Err(mpsc::error::TrySendError::Closed(_)) => Report::Refused(Refusal::Stopping),
        }
    }
}
