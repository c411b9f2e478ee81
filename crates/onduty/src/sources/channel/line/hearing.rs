//! What a line makes of the frames it hears.

use onduty_core::observation::{Input, Observation, Source};
use onduty_core::roster::existence;
use onduty_core::time::Timestamp;

use super::{Line, State};
use crate::inlet::InletError;
use crate::platform::genesys::channel::Heard;
use crate::platform::genesys::decode::{Frame, UnreadableFrame};
use crate::sources::channel::ledger::SETTLING;
use crate::sources::channel::overlap::Side;
use crate::sources::channel::recovery::Loss;

/// Frames handed in together, at most: what has come already.
const FRAMES_MAX: usize = 256;

/// What some frames say.
#[derive(Default)]
struct News {
    observations: Vec<Observation>,
    /// The last instant before which nothing sent to us is unread.
    alive_at: Option<Timestamp>,
    loss: Option<(Loss, &'static str)>,
}

impl Line {
    /// Takes in a frame and whatever came with it. It is durable and visible before the next one is read: a full
    /// inlet makes the platform wait, and not us forget.
    pub(super) async fn hear(&mut self, side: Side, first: Heard) {
        let mut news = News::default();
        self.sort(side, first, &mut news);
        for _ in 1..FRAMES_MAX {
            if news.loss.is_some() {
                break;
            }
            let Some(tap) = self.state.tap(side) else { break };
            match tap.next_unread(self.shared.platform.client()) {
                Some(Ok(heard)) => self.sort(side, heard, &mut news),
                // An end is met again by whoever waits for the next frame.
                Some(Err(_)) | None => break,
            }
        }
        let News { observations, alive_at, loss } = news;
        // Before the sign of life: it vouches for what was heard by then.
        let handed_in = self.hand_in(observations, alive_at.filter(|_| side == Side::Old)).await;
        match (handed_in, loss) {
            (Err(error), _) => self.lose(side, Loss::NotDurable, &error.to_string()),
            (Ok(()), Some((loss, detail))) => self.lose(side, loss, detail),
            (Ok(()), None) => {}
        }
    }

    fn sort(&mut self, side: Side, heard: Heard, news: &mut News) {
        let Heard { at, frame } = heard;
        let is_changing = matches!(self.state, State::Changing(_));
        let Some(tap) = self.state.tap(side) else { return };
        tap.heard(at);
        match frame {
            Ok(Frame::Alive) => {}
            Ok(Frame::Pong) => {
                // Not at the first frame: a socket may say something and be closed at once, time and again.
                self.losses = 0;
                news.alive_at = news.alive_at.max(tap.answered());
            }
            Ok(Frame::Closing) => tap.is_closing = true,
            Ok(Frame::TakenOver) => {
                // The channel that we make in its place is another one, too.
                let detail = if is_changing && side == Side::Old {
                    "our next channel took over"
                } else {
                    "another channel took over"
                };
                news.loss = Some((Loss::TakenOver, detail));
            }
            Ok(Frame::TokenRevoked) => news.loss = Some((Loss::TokenRevoked, "the token was revoked")),
            Ok(Frame::Resubscribed) if self.upkeep.is_none() => tap.timetable.resubscribed(at),
            Ok(Frame::Resubscribed) => {}
            Ok(Frame::Event { heard, fingerprint }) => {
                let is_news =
                    self.overlap.as_mut().is_none_or(|overlap| overlap.heard(side, fingerprint, at));
                if is_news {
                    news.observations.extend(heard.observations);
                }
            }
            Err(unreadable) => self.miss(unreadable, at),
        }
    }

    /// An event can't be read: the change that it told is heard of by reading only.
    fn miss(&mut self, unreadable: UnreadableFrame, at: Timestamp) {
        let UnreadableFrame { user_id, error } = unreadable;
        self.shared.board.malformed(&error, at);
        let since = at.after(SETTLING);
        match user_id {
            Some(agent) if self.ledger.doubt(&agent, since) => self.mending.also(&agent),
            Some(_) => return,
            None => {
                self.ledger.doubt_all(since);
                self.mending.again();
                self.shared.board.gap();
            }
        }
        self.shared.board.incomplete(self.id);
    }

    async fn hand_in(
        &mut self,
        observations: Vec<Observation>,
        alive_at: Option<Timestamp>,
    ) -> Result<(), InletError> {
        let last = observations.last().map(|last| (last.heard_at, last.heard_at.since(made_at(last))));
        for observation in &observations {
            let delay = observation.heard_at.since(made_at(observation));
            self.shared.meters.delivered(Source::Channel, delay);
        }
        let told = observations.into_iter().map(|observation| Input::Observation(Box::new(observation)));
        let marks = alive_at.map(|alive_at| self.ledger.marks(alive_at)).unwrap_or_default();
        let until = marks.iter().map(|mark| mark.until).max();
        let inputs: Vec<Input> = told.chain(marks.into_iter().map(Input::Coverage)).collect();
        if inputs.is_empty() {
            return Ok(());
        }
        self.shared.inlet.commit(inputs).await?;
        self.shared.board.handed_in(self.id, last, until);
        Ok(())
    }
}

/// When the platform made a statement, as far as it says so: the newest clock in it.
fn made_at(observation: &Observation) -> Timestamp {
    existence::vouches_at(observation)
}
