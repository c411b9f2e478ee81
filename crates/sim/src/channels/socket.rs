//! Sockets on channels: opened, heard, written to, ended. There is one a channel at most.

use std::sync::Arc;

use super::frames::{self, Said};
use super::line::{Line, LineEnd, Post};
use super::{Channels, NORMAL};
use crate::cloud::stamp::Stamp;
use crate::faults::Faults;
use crate::stats::{ChannelStats, Ending};

impl Channels {
    /// Opens a socket on a channel, and cuts the one that was there. None when there is no such channel.
    pub(crate) fn connect(
        &mut self,
        id: &str,
        faults: &Faults,
        stats: &mut ChannelStats,
        now: Stamp,
    ) -> Option<LineEnd> {
        self.living(id, faults, now)?;
        self.sockets += 1;
        let (line, end) = Line::open(self.sockets, now);
        let channel = self.by_id_mut(id)?;
        channel.used = now;
        stats.opened += 1;
        if let Some(former) = channel.line.replace(line) {
            former.close(None, NORMAL);
            stats.count_end(Ending::Replaced);
        }
        Some(end)
    }

    /// A socket has ended at its own end. One that was ended from here is counted already.
    pub(crate) fn hung_up(&mut self, id: &str, socket: u64, ending: Ending, stats: &mut ChannelStats) {
        let Some(number) = self.numbers.get(id).copied() else { return };
        let channel = self.channels.get_mut(&number);
        if let Some(channel) = channel.filter(|channel| is_on(channel.line.as_ref(), socket)) {
            channel.line = None;
            stats.count_end(ending);
            self.tidy_up(number);
        }
    }

    /// Takes something that a client said. Pings are answered here; the rest is for whoever knows about rights.
    pub(crate) fn hear(
        &mut self,
        id: &str,
        socket: u64,
        text: Option<&str>,
        stats: &mut ChannelStats,
        now: Stamp,
    ) -> Said {
        let Some(number) = self.numbers.get(id).copied() else { return Said::Other };
        let line = self.channels.get_mut(&number).and_then(|channel| channel.line.as_mut());
        let Some(line) = line.filter(|line| line.socket == socket) else { return Said::Other };
        line.heard = now;
        let said = text.map_or(Said::Other, Said::parse);
        if said == Said::Ping {
            self.notify(number, frames::PONG.into(), stats);
        }
        said
    }

    /// Answers a subscription over the socket.
    pub(crate) fn answer(
        &mut self,
        id: &str,
        correlation: Option<&str>,
        result: &str,
        status: &str,
        stats: &mut ChannelStats,
    ) {
        if let Some(number) = self.numbers.get(id).copied() {
            self.notify(number, frames::subscribed(correlation, result, status), stats);
        }
    }

    /// Sends a frame of the platform's own to whoever is connected; cuts who does not read.
    pub(super) fn notify(&mut self, number: u64, text: Arc<str>, stats: &mut ChannelStats) {
        let line = self.channels.get(&number).and_then(|channel| channel.line.as_ref());
        if let Some(Err(refusal)) = line.map(|line| line.post(Post::Notice(text))) {
            self.drop_line(number, refusal.ending(), stats);
        }
    }

    /// Ends a socket without a good-bye. The channel lives on.
    pub(super) fn drop_line(&mut self, number: u64, ending: Ending, stats: &mut ChannelStats) {
        if let Some(line) = self.channels.get_mut(&number).and_then(|channel| channel.line.take()) {
            line.cut();
            stats.count_end(ending);
            self.tidy_up(number);
        }
    }

    /// Ends a socket in good order. The channel lives on.
    pub(super) fn close_line(&mut self, number: u64, code: u16, ending: Ending, stats: &mut ChannelStats) {
        if let Some(line) = self.channels.get_mut(&number).and_then(|channel| channel.line.take()) {
            line.close(None, code);
            stats.count_end(ending);
            self.tidy_up(number);
        }
    }
}

fn is_on(line: Option<&Line>, socket: u64) -> bool {
    line.is_some_and(|line| line.socket == socket)
}
