//! Whether a socket is alive: a ping every so often, and death by silence. Pure.
//!
//! The platform sends a heartbeat every thirty seconds and answers a ping at once. A half-open connection does neither
//! and gives no error either, so silence is all there is to tell it by.

use std::time::Duration;

use onduty_core::time::Timestamp;

/// The platform's answer to a ping has this long, whatever the rhythm (11.4).
const PONG_WITHIN: Duration = Duration::from_secs(5);

/// Watches one socket.
#[derive(Clone, Copy, Debug)]
pub(super) struct Vigil {
    every: Duration,
    heard_at: Timestamp,
    pinged_at: Timestamp,
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
        Self { every, heard_at: now, pinged_at: now }
    }

    /// A frame came: any will do.
    pub(super) fn heard(&mut self, at: Timestamp) {
        self.heard_at = self.heard_at.max(at);
    }

    /// A ping was sent.
    pub(super) fn pinged(&mut self, at: Timestamp) {
        self.pinged_at = at;
    }

    /// The last instant at which it was alive for certain.
    pub(super) const fn heard_at(&self) -> Timestamp {
        self.heard_at
    }

    /// What to do now.
    pub(super) fn step(&self, now: Timestamp) -> Step {
        let unanswered = self.pinged_at > self.heard_at;
        let give_up_at = self.pinged_at.after(PONG_WITHIN.min(self.every));
        let ping_at = self.pinged_at.after(self.every);
        match unanswered {
            true if now >= give_up_at => Step::GiveUp,
            true => Step::Wait(give_up_at),
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
    fn frames_do_not_put_off_pings_because_the_platform_cuts_who_sends_nothing() {
        let mut vigil = Vigil::begin(at(0), Duration::from_secs(15));
        (1..40).for_each(|second| vigil.heard(at(second)));
        assert_eq!(vigil.step(at(15)), Step::Ping);
    }
}
