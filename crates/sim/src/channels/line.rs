//! The line from a channel to the task that writes its socket: bounded, and never waited for.
//!
//! The world posts under its lock. A post that is not taken ends the line: the consumer does not
//! read, or is gone.

use std::sync::Arc;

use tokio::sync::mpsc;
use tokio::sync::mpsc::error::TrySendError;
use tokio_util::sync::CancellationToken;

use crate::cloud::stamp::Stamp;
use crate::stats::Ending;

/// Frames that wait for one socket. At some hundred bytes each, half a megabyte.
pub(crate) const QUEUE_MAX: usize = 1024;

/// Something for the task of a socket to do, in this order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Post {
    /// Send an event.
    Event(Arc<str>),
    /// Send a frame of the platform's own.
    Notice(Arc<str>),
    /// Say good-bye with this code, and close.
    Close(u16),
    /// Stay open, and neither send nor read nor answer any more.
    Freeze,
}

/// The world's end of a line.
#[derive(Debug)]
pub(super) struct Line {
    /// Which socket, of all there ever were.
    pub(super) socket: u64,
    queue: mpsc::Sender<Post>,
    cut: CancellationToken,
    /// When the socket was opened.
    pub(super) opened: Stamp,
    /// When the client last sent something.
    pub(super) heard: Stamp,
    /// When the last heartbeat went out.
    pub(super) beaten: Stamp,
    /// When it is to be closed as announced.
    pub(super) closing_at: Option<Stamp>,
    /// Whether it has become deaf and dumb.
    pub(super) frozen: bool,
}

/// The task's end of a line.
#[derive(Debug)]
pub(crate) struct LineEnd {
    /// Which socket.
    pub(crate) socket: u64,
    /// What there is to do.
    pub(crate) posts: mpsc::Receiver<Post>,
    /// Drop everything at once, without a good-bye.
    pub(crate) cut: CancellationToken,
}

/// Why a line takes nothing more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// The queue is full: whoever is at the other end does not read.
    Full,
    /// The client has left, and its socket's task is about to say so.
    Left,
}

impl Refusal {
    /// What the end of the socket counts as.
    pub(super) fn ending(self) -> Ending {
        match self {
            Self::Full => Ending::Slow,
            Self::Left => Ending::Client,
        }
    }
}

impl Line {
    pub(super) fn open(socket: u64, now: Stamp) -> (Self, LineEnd) {
        let (queue, posts) = mpsc::channel(QUEUE_MAX);
        let cut = CancellationToken::new();
        let end = LineEnd { socket, posts, cut: cut.clone() };
        let line = Self {
            socket,
            queue,
            cut,
            opened: now,
            heard: now,
            beaten: now,
            closing_at: None,
            frozen: false,
        };
        (line, end)
    }

    /// Posts something. A frozen line takes everything and does nothing.
    pub(super) fn post(&self, post: Post) -> Result<(), Refusal> {
        if self.frozen {
            return Ok(());
        }
        self.queue.try_send(post).map_err(|error| match error {
            TrySendError::Full(_) => Refusal::Full,
            TrySendError::Closed(_) => Refusal::Left,
        })
    }

    /// Ends the line without a good-bye.
    pub(super) fn cut(self) {
        self.cut.cancel();
    }

    /// Ends the line after what is on it, with a last word if there is one. A line that can't take that is cut.
    pub(super) fn close(self, last_word: Option<Arc<str>>, code: u16) {
        let said = last_word.map_or(Ok(()), |text| self.post(Post::Notice(text)));
        if self.frozen || said.and_then(|()| self.post(Post::Close(code))).is_err() {
            self.cut();
        }
    }

    /// Makes the line deaf and dumb.
    pub(super) fn freeze(&mut self) -> Result<(), Refusal> {
        self.post(Post::Freeze)?;
        self.frozen = true;
        Ok(())
    }
}
