//! Messages made once for many watches. Those who keep up stand at the same place and get the same message: it is
//! assembled for the first of them and shared by the others.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use onduty_core::cursor::{Cursor, Revision};
use onduty_core::time::Timestamp;
use onduty_proto::encoded::Encoded;
use onduty_proto::v1::WatchAgentStatesResponse;

/// A message and what must be known of it.
#[derive(Clone, Debug)]
pub(super) struct Frame {
    /// The message; `None` when there was nothing to tell.
    pub(super) message: Option<Encoded<WatchAgentStatesResponse>>,
    /// Everything up to and including this revision is told by it.
    pub(super) to: Revision,
    /// When the newest change in it was heard.
    pub(super) heard_at: Option<Timestamp>,
}

/// From where to where a shared message leads, and whether it holds every change on the way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Leap {
    /// After this.
    pub(super) from: Cursor,
    /// The newest revision there was when it was made.
    pub(super) newest: Revision,
    /// Whether it holds every change, not only the last of each agent.
    pub(super) every_change: bool,
}

/// The latest shared messages.
#[derive(Debug, Default)]
pub(super) struct Frames(Mutex<VecDeque<(Leap, Frame)>>);

/// Watches that keep up are spread over a few places at any moment; more are not worth searching.
const KEPT: usize = 8;

impl Frames {
    /// The message of this leap, if it is still there.
    pub(super) fn get(&self, leap: Leap) -> Option<Frame> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.iter().find(|(made, _)| *made == leap).map(|(_, frame)| frame.clone())
    }

    /// Keeps a message for others who make the same leap.
    pub(super) fn keep(&self, leap: Leap, frame: Frame) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() == KEPT {
            kept.pop_back();
        }
        kept.push_front((leap, frame));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use onduty_core::cursor::Epoch;

    #[test]
    fn a_message_is_shared_by_those_who_make_the_same_leap_and_few_are_kept() {
        let frames = Frames::default();
        let leap = |from, every_change| Leap {
            from: Cursor { epoch: Epoch(1), revision: Revision(from) },
            newest: Revision(100),
            every_change,
        };
        for from in 0..=KEPT as u64 {
            let frame = Frame { message: None, to: Revision(from + 1), heard_at: None };
            frames.keep(leap(from, false), frame);
        }
        assert_eq!(frames.get(leap(KEPT as u64, false)).map(|frame| frame.to.0), Some(KEPT as u64 + 1));
        assert!(frames.get(leap(KEPT as u64, true)).is_none());
        assert!(frames.get(leap(0, false)).is_none(), "the oldest made room");
    }
}
