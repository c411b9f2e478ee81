//! What happens to channels by the passing of time, and by order of the control plane.

use super::frames::{HEARTBEAT, Word};
use super::{Channels, GOING_AWAY, NORMAL, seconds};
use crate::cloud::stamp::Stamp;
use crate::faults::Faults;
use crate::stats::{ChannelStats, Ending};

/// Which channels an order is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Chosen {
    /// All of them.
    All,
    /// So many, those made first.
    First(usize),
    /// Those with these ids.
    Named(Vec<String>),
}

/// An order of the control plane.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Order {
    /// Cut the socket without a good-bye.
    Cut,
    /// End the channel as if its life were over.
    Expire,
    /// The channel is gone, and its socket goes on as if nothing had happened.
    Forget,
    /// Somebody else takes the channel over.
    TakeOver,
    /// The socket stays open, deaf and dumb.
    Freeze,
    /// Announce the end of the socket, and close it in a while.
    CloseSoon,
}

/// What to do with a socket just now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Due {
    Freeze,
    Close { code: u16, ending: Ending },
    Announce,
    Beat,
}

impl Channels {
    /// Does what is due at an instant: late events, ends of life, dead tokens, heartbeats, closings.
    pub(crate) fn tend(
        &mut self,
        faults: &Faults,
        is_dead: impl Fn(&str, &str) -> bool,
        stats: &mut ChannelStats,
        now: Stamp,
    ) {
        self.send_due(now, stats);
        let numbers: Vec<u64> = self.channels.keys().copied().collect();
        for number in numbers {
            let Some(channel) = self.channels.get(&number) else { continue };
            // Nobody knows of a forgotten channel any more, so nothing can end it but its socket.
            let is_there = channel.is_there();
            if is_there && now >= channel.expires(faults) {
                self.end(number, Ending::Expired, stats);
            } else if is_there && is_dead(&channel.token, &channel.client) {
                self.end(number, Ending::TokenRevoked, stats);
            } else {
                let takeover_ms = seconds(faults.channel_takeover_s);
                let subscribed = channel.subscribed.filter(|_| takeover_ms > 0);
                if subscribed.is_some_and(|since| now.millis_since(since) >= takeover_ms) {
                    self.take_over(number, stats);
                }
                if let Some(due) = self.due(number, faults, now) {
                    self.act(number, due, faults, stats, now);
                }
            }
        }
    }

    fn due(&self, number: u64, faults: &Faults, now: Stamp) -> Option<Due> {
        let line = self.channels.get(&number)?.line.as_ref().filter(|line| !line.frozen)?;
        let over = |since: Stamp, limit_s: u64| limit_s > 0 && now.millis_since(since) >= seconds(limit_s);
        if faults.half_open {
            Some(Due::Freeze)
        } else if line.closing_at.is_some_and(|at| now >= at) {
            Some(Due::Close { code: NORMAL, ending: Ending::Planned })
        } else if over(line.heard, faults.close_1001_s) {
            Some(Due::Close { code: GOING_AWAY, ending: Ending::Idle })
        } else if line.closing_at.is_none() && over(line.opened, faults.socket_closing_after_s) {
            Some(Due::Announce)
        } else if !faults.heartbeat_stop && over(line.beaten, faults.heartbeat_s) {
            Some(Due::Beat)
        } else {
            None
        }
    }

    fn act(&mut self, number: u64, due: Due, faults: &Faults, stats: &mut ChannelStats, now: Stamp) {
        match due {
            Due::Freeze => self.freeze(number, stats),
            Due::Close { code, ending } => self.close_line(number, code, ending, stats),
            Due::Announce => self.announce_end(number, faults, stats, now),
            Due::Beat => {
                if let Some(line) = self.channels.get_mut(&number).and_then(|channel| channel.line.as_mut()) {
                    line.beaten = now;
                }
                self.notify(number, HEARTBEAT.into(), stats);
            }
        }
    }

    fn freeze(&mut self, number: u64, stats: &mut ChannelStats) {
        let line = self.channels.get_mut(&number).and_then(|channel| channel.line.as_mut());
        if let Some(Err(refusal)) = line.filter(|line| !line.frozen).map(super::line::Line::freeze) {
            self.drop_line(number, refusal.ending(), stats);
        }
    }

    fn announce_end(&mut self, number: u64, faults: &Faults, stats: &mut ChannelStats, now: Stamp) {
        let Some(frame) = self.word(number, Word::SocketClosing) else { return };
        if let Some(line) = self.channels.get_mut(&number).and_then(|channel| channel.line.as_mut()) {
            line.closing_at = Some(now.plus_millis(seconds(faults.socket_closing_notice_s)));
        }
        self.notify(number, frame, stats);
    }

    /// Somebody else with the same client has subscribed: the channel lives on, connected and without topics.
    fn take_over(&mut self, number: u64, stats: &mut ChannelStats) {
        self.unlist(number);
        if let Some(frame) = self.word(number, Word::NoLongerSubscribed) {
            self.notify(number, frame, stats);
        }
    }

    /// As displaced on a host that its socket is not on: nobody is told, and nothing but the socket is left.
    fn forget(&mut self, number: u64) {
        self.unlist(number);
        if let Some(channel) = self.channels.get_mut(&number) {
            channel.forgotten = true;
        }
        self.tidy_up(number);
    }

    /// Carries out an order on the channels it is about, of one client or of all; gives the ids of those hit.
    /// Orders about sockets are about connected channels only, and the others about those that are not forgotten.
    pub(crate) fn obey(
        &mut self,
        order: Order,
        chosen: &Chosen,
        client: Option<&str>,
        faults: &Faults,
        stats: &mut ChannelStats,
        now: Stamp,
    ) -> Vec<String> {
        let needs_socket = !matches!(order, Order::Expire | Order::Forget | Order::TakeOver);
        let concerned = self.channels.iter().filter(|(_, channel)| {
            client.is_none_or(|client| channel.client == client)
                && if needs_socket { channel.connected() } else { channel.is_there() }
        });
        let hit: Vec<(u64, String)> = concerned
            .filter(|(_, channel)| match chosen {
                Chosen::All | Chosen::First(_) => true,
                Chosen::Named(ids) => ids.contains(&channel.id),
            })
            .map(|(number, channel)| (*number, channel.id.clone()))
            .take(if let Chosen::First(count) = chosen { *count } else { usize::MAX })
            .collect();
        for (number, _) in &hit {
            match order {
                Order::Cut => self.drop_line(*number, Ending::Control, stats),
                Order::Expire => self.end(*number, Ending::Expired, stats),
                Order::Forget => self.forget(*number),
                Order::TakeOver => self.take_over(*number, stats),
                Order::Freeze => self.freeze(*number, stats),
                Order::CloseSoon => self.announce_end(*number, faults, stats, now),
            }
        }
        hit.into_iter().map(|(_, id)| id).collect()
    }
}
