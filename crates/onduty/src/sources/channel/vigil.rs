//! Whether a socket is alive: a ping every so often, and death by silence. Pure.
//!
//! The platform sends a heartbeat every thirty seconds and answers a ping at once. A half-open connection does neither
//! and gives no error either, so silence is all there is to tell it by.
//!
//! When a frame was read says little about when it was sent: one may have waited in a buffer while this process or the
//! network stood still, with events behind it. The answer to a ping was sent after the ping, and that is what counts
//! as evidence.

use std::collections::VecDeque;
use std::time::Duration;

use onduty_core::time::Timestamp;

/// The platform's answer to a ping has this long, whatever the rhythm (11.4).
const PONG_WITHIN: Duration = Duration::from_secs(5);
/// Pings without an answer, at most, whatever else is heard: frames that are this late are no news.
const UNANSWERED_MAX: usize = 4;

/// Watches one socket.
#[derive(Clone, Debug)]
pub(super) struct Vigil {
    every: Duration,
    heard_at: Timestamp,
    pinged_at: Timestamp,
    /// When a ping is wanted before it is the rhythm's turn.
    wanted_at: Option<Timestamp>,
    /// When the pings were sent that are not answered yet; answers come in the same order.
    unanswered: VecDeque<Timestamp>,
    /// When the last ping was sent that was answered.
    vouched_at: Timestamp,
}

/// What to do about a socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Nothing before that instant.
    Wait(Timestamp),
    /// Send a ping.
    Ping,
    /// Give it up: a ping was not answered, nor was anything else heard since.
    GiveUp,
}

impl Vigil {
    /// Of a socket that was opened just now, to be pinged every so often.
    pub(super) const fn begin(now: Timestamp, every: Duration) -> Self {
        let unanswered = VecDeque::new();
        Self { every, heard_at: now, pinged_at: now, wanted_at: None, unanswered, vouched_at: now }
    }

    /// A ping is wanted then, if there is none later than that by itself.
    pub(super) const fn want(&mut self, at: Timestamp) {
        self.wanted_at = Some(at);
    }

    /// A frame came: any will do.
    pub(super) fn heard(&mut self, at: Timestamp) {
        self.heard_at = self.heard_at.max(at);
    }

    /// A ping was sent.
    pub(super) fn pinged(&mut self, at: Timestamp) {
        self.pinged_at = at;
        self.wanted_at.take_if(|wanted_at| at >= *wanted_at);
        self.unanswered.push_back(at);
    }

    /// The answer to a ping came; gives when that ping was sent. What was sent to us before then has been read.
    pub(super) fn answered(&mut self) -> Option<Timestamp> {
        let sent_at = self.unanswered.pop_front();
        self.vouched_at = sent_at.unwrap_or(self.vouched_at).max(self.vouched_at);
        sent_at
    }

    /// What was sent to us before this instant has been read.
    pub(super) const fn vouched_at(&self) -> Timestamp {
        self.vouched_at
    }

    /// What to do now.
    pub(super) fn step(&self, now: Timestamp) -> Step {
        let is_silent = self.pinged_at > self.heard_at;
        let give_up_at = self.pinged_at.after(PONG_WITHIN.min(self.every));
        let in_rhythm = self.pinged_at.after(self.every);
        let ping_at = self.wanted_at.map_or(in_rhythm, |wanted_at| wanted_at.min(in_rhythm));
        match is_silent {
            true if now >= give_up_at => Step::GiveUp,
            true => Step::Wait(give_up_at),
            false if now >= ping_at && self.unanswered.len() >= UNANSWERED_MAX => Step::GiveUp,
            false if now >= ping_at => Step::Ping,
            false => Step::Wait(ping_at),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_millis(seconds * 1_000)
    }

    #[test]
    fn a_socket_is_pinged_in_its_rhythm_and_given_up_when_nothing_comes_back() {
        let mut vigil = Vigil::begin(at(100), Duration::from_secs(15));
        assert_eq!(vigil.step(at(100)), Step::Wait(at(115)));
        assert_eq!(vigil.step(at(115)), Step::Ping);
        vigil.pinged(at(115));
        assert_eq!(vigil.step(at(116)), Step::Wait(at(120)));
        assert_eq!(vigil.step(at(120)), Step::GiveUp);
        vigil.heard(at(119));
        assert_eq!(vigil.step(at(120)), Step::Wait(at(130)), "any frame is a sign of life");
        assert_eq!(vigil.step(at(130)), Step::Ping);
    }

    #[test]
    fn a_ping_that_is_wanted_early_is_sent_once_and_the_rhythm_goes_on_from_there() {
        let mut vigil = Vigil::begin(at(0), Duration::from_secs(15));
        vigil.want(at(6));
        assert_eq!(vigil.step(at(5)), Step::Wait(at(6)));
        assert_eq!(vigil.step(at(6)), Step::Ping);
        vigil.pinged(at(6));
        vigil.heard(at(7));
        assert_eq!(vigil.step(at(7)), Step::Wait(at(21)));
    }

    #[test]
    fn an_answer_is_evidence_for_the_instant_of_its_ping_however_late_it_is_read() {
        let mut vigil = Vigil::begin(at(0), Duration::from_secs(15));
        vigil.pinged(at(15));
        vigil.heard(at(16));
        vigil.pinged(at(30));
        vigil.heard(at(44));
        assert_eq!(vigil.answered(), Some(at(15)), "the first answer is to the first ping");
        assert_eq!(vigil.answered(), Some(at(30)));
        assert_eq!(vigil.answered(), None, "nobody asked");
    }

    #[test]
    fn a_socket_that_brings_events_and_no_answers_is_given_up_in_the_end() {
        let mut vigil = Vigil::begin(at(0), Duration::from_secs(15));
        for second in [15, 30, 45, 60] {
            assert_eq!(vigil.step(at(second)), Step::Ping);
            vigil.pinged(at(second));
            vigil.heard(at(second + 1));
        }
        assert_eq!(vigil.step(at(74)), Step::Wait(at(75)));
        assert_eq!(vigil.step(at(75)), Step::GiveUp);
    }

    #[test]
    fn frames_do_not_put_off_pings_because_the_platform_cuts_who_sends_nothing() {
        let mut vigil = Vigil::begin(at(0), Duration::from_secs(15));
        (1..40).for_each(|second| vigil.heard(at(second)));
        assert_eq!(vigil.step(at(15)), Step::Ping);
    }
}
