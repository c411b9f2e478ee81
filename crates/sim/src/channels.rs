//! Notification channels of one organisation: who made them, what they are subscribed to, how long they live, and
//! who is connected.
//!
//! Pure but for the lines to the sockets' tasks, which are bounded and never waited for. The platform gives no
//! promise about delivery: at most once, nothing kept while nobody is connected.

mod catalogue;
mod delivery;
mod frames;
mod line;
mod socket;
mod subscription;
mod topic;
mod upkeep;

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

pub(crate) use catalogue::{Object, TEMPLATES, Template};
pub(crate) use delivery::{Published, Source};
pub(crate) use frames::Said;
pub(crate) use line::{LineEnd, Post};
pub(crate) use subscription::{Examined, Objection, Rejected, Subscribed, TooMany};
pub(crate) use topic::Topic;
pub(crate) use upkeep::{Chosen, Order};

use crate::cloud::chance::Chance;
use crate::cloud::id::Id;
use crate::cloud::stamp::Stamp;
use crate::faults::Faults;
use crate::stats::{Census, ChannelStats, Ending};
use frames::{About, Word};
use line::Line;
use topic::Kinds;

/// Most topics of one channel.
pub(crate) const TOPICS_MAX: usize = 1000;
/// Most channels of one organisation, whatever its clients are allowed.
const CHANNELS_MAX: usize = 5000;
/// Digits of channel ids.
const DIGITS: &[u8; 32] = b"0123456789abcdefghijklmnopqrstuv";
/// Length of the last part of a channel id: 130 bits.
const ID_DIGITS: usize = 26;
/// What every channel id begins with.
const ID_PREFIX: &str = "streaming-4-";
/// Close code of a socket that is not wanted any more.
const NORMAL: u16 = 1000;
/// Close code of a socket whose client was silent.
const GOING_AWAY: u16 = 1001;

/// Who asks for a channel, and by which token.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Asker<'a> {
    pub(crate) client: &'a str,
    pub(crate) token: &'a str,
}

/// One channel.
#[derive(Debug)]
pub(crate) struct Channel {
    /// Its id, which is also the credential of its socket.
    pub(crate) id: String,
    /// The client that made it.
    pub(crate) client: String,
    /// The token that made it or last changed its subscriptions.
    pub(crate) token: String,
    /// From when its life counts: it was made, or its subscriptions were posted or put.
    extended: Stamp,
    /// When it was last made use of.
    used: Stamp,
    /// Since when it has topics.
    subscribed: Option<Stamp>,
    /// What it is subscribed to, in the order in which that came.
    topics: Vec<Subscribed>,
    /// Whether all but its socket is gone.
    forgotten: bool,
    line: Option<Line>,
}

impl Channel {
    /// When its life is over.
    pub(crate) fn expires(&self, faults: &Faults) -> Stamp {
        self.extended.plus_millis(seconds(faults.channel_ttl_s))
    }

    /// Whether there is more of it than a socket that nobody knows of any more.
    fn is_there(&self) -> bool {
        !self.forgotten
    }

    /// Whether it is still there for whoever asks.
    pub(crate) fn lives(&self, faults: &Faults, now: Stamp) -> bool {
        self.is_there() && now < self.expires(faults)
    }

    /// What it is subscribed to.
    pub(crate) fn topics(&self) -> &[Subscribed] {
        &self.topics
    }

    fn line(&self) -> Option<&Line> {
        self.line.as_ref()
    }

    /// Whether somebody is connected.
    pub(crate) fn connected(&self) -> bool {
        self.line.is_some()
    }
}

/// The channels of one organisation.
#[derive(Debug)]
pub(crate) struct Channels {
    seed: u64,
    organisation: Id,
    made: u64,
    sockets: u64,
    words: u64,
    /// By the order in which they were made.
    channels: BTreeMap<u64, Channel>,
    numbers: HashMap<String, u64>,
    /// Who wants to know what about a user or queue.
    wanted: HashMap<Id, Vec<(u64, Kinds)>>,
    held: delivery::Held,
}

impl Channels {
    /// An organisation without channels.
    pub(crate) fn new(seed: u64, organisation: Id) -> Self {
        Self {
            seed,
            organisation,
            made: 0,
            sockets: 0,
            words: 0,
            channels: BTreeMap::new(),
            numbers: HashMap::new(),
            wanted: HashMap::new(),
            held: delivery::Held::default(),
        }
    }

    /// Whether a text has the form of a channel's id.
    pub(crate) fn is_id(text: &str) -> bool {
        text.strip_prefix(ID_PREFIX).is_some_and(|digits| {
            digits.len() == ID_DIGITS && digits.bytes().all(|digit| DIGITS.contains(&digit))
        })
    }

    /// Makes a channel; gives its id. Where a client has as many as it may have, the one least recently used goes,
    /// unconnected ones first.
    pub(crate) fn create(
        &mut self,
        asker: Asker<'_>,
        faults: &Faults,
        stats: &mut ChannelStats,
        now: Stamp,
    ) -> String {
        let allowed = usize::try_from(faults.channel_limit).unwrap_or(usize::MAX).max(1);
        while self.of_client(asker.client).count() >= allowed {
            let of_client = self.channels.iter().filter(|(_, channel)| channel.client == asker.client);
            let there = of_client.filter(|(_, channel)| channel.is_there());
            let Some(number) = least_recently_used(there) else { break };
            self.end(number, Ending::Displaced, stats);
        }
        while self.channels.len() >= CHANNELS_MAX {
            let Some(number) = least_recently_used(self.channels.iter()) else { break };
            self.end(number, Ending::Displaced, stats);
        }
        self.made += 1;
        let id = self.fresh_id();
        let channel = Channel {
            id: id.clone(),
            client: asker.client.to_owned(),
            token: asker.token.to_owned(),
            extended: now,
            used: now,
            subscribed: None,
            topics: Vec::new(),
            forgotten: false,
            line: None,
        };
        self.numbers.insert(id.clone(), self.made);
        self.channels.insert(self.made, channel);
        id
    }

    fn fresh_id(&self) -> String {
        let mut chance = Chance::new(self.seed).fork(4).fork(self.made);
        let digits = (0..ID_DIGITS).map(|_| char::from(DIGITS[chance.index(DIGITS.len())]));
        ID_PREFIX.chars().chain(digits).collect()
    }

    /// All channels of a client, in the order in which they were made.
    pub(crate) fn of_client(&self, client: &str) -> impl Iterator<Item = &Channel> {
        self.channels.values().filter(move |channel| channel.is_there() && channel.client == client)
    }

    /// The channel of this id, forgotten or not.
    fn by_id(&self, id: &str) -> Option<&Channel> {
        self.numbers.get(id).and_then(|number| self.channels.get(number))
    }

    fn by_id_mut(&mut self, id: &str) -> Option<&mut Channel> {
        self.numbers.get(id).and_then(|number| self.channels.get_mut(number))
    }

    /// The channel of this id, if it lives and is this client's.
    pub(crate) fn owned(&self, id: &str, client: &str, faults: &Faults, now: Stamp) -> Option<&Channel> {
        let channel = self.living(id, faults, now)?;
        (channel.client == client).then_some(channel)
    }

    /// The channel of this id, if it lives, whosever it is: its id is the credential of its socket.
    pub(crate) fn living(&self, id: &str, faults: &Faults, now: Stamp) -> Option<&Channel> {
        self.by_id(id).filter(|channel| channel.lives(faults, now))
    }

    /// Notes that a channel was made use of.
    pub(crate) fn touch(&mut self, id: &str, now: Stamp) {
        if let Some(channel) = self.by_id_mut(id) {
            channel.used = now;
        }
    }

    /// The frame with a word about a channel.
    fn word(&mut self, number: u64, word: Word) -> Option<Arc<str>> {
        self.words += 1;
        let correlation = Id::derive(self.seed, "word", self.words);
        let channel = self.channels.get(&number)?;
        let about = About { channel: &channel.id, client: &channel.client, organisation: self.organisation };
        word.frame(about, correlation)
    }

    /// Drops what is left of a forgotten channel once its socket is gone.
    fn tidy_up(&mut self, number: u64) {
        let ghost = |channel: &Channel| !channel.is_there() && !channel.connected();
        if self.channels.get(&number).is_some_and(ghost)
            && let Some(channel) = self.channels.remove(&number)
        {
            self.numbers.remove(&channel.id);
        }
    }

    /// Ends a channel, and its socket with a last word where the platform has one.
    fn end(&mut self, number: u64, ending: Ending, stats: &mut ChannelStats) {
        let word = match ending {
            Ending::Displaced => self.word(number, Word::NoLongerSubscribed),
            Ending::TokenRevoked => self.word(number, Word::TokenRevoked),
            _ => None,
        };
        self.unlist(number);
        let Some(channel) = self.channels.remove(&number) else { return };
        self.numbers.remove(&channel.id);
        if let Some(line) = channel.line {
            line.close(word, NORMAL);
            stats.count_end(ending);
        }
    }

    /// How many channels, topics and open sockets there are.
    pub(crate) fn census(&self) -> Census {
        Census {
            channels: self.channels.values().filter(|channel| channel.is_there()).count(),
            topics: self.channels.values().map(|channel| channel.topics.len()).sum(),
            sockets: self.channels.values().filter(|channel| channel.connected()).count(),
        }
    }
}

fn least_recently_used<'a>(channels: impl Iterator<Item = (&'a u64, &'a Channel)>) -> Option<u64> {
    channels
        .min_by_key(|(number, channel)| (channel.connected(), channel.used, **number))
        .map(|(number, _)| *number)
}

/// Seconds as milliseconds.
fn seconds(seconds: u64) -> i64 {
    i64::try_from(seconds).unwrap_or(i64::MAX).saturating_mul(1000)
}
