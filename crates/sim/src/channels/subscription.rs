//! Subscribing: which of the topics asked for are permitted, and the list of those that a channel has.

use std::collections::HashSet;

use super::frames::Word;
use super::topic::{Kinds, Topic};
use super::{Channels, TOPICS_MAX};
use crate::cloud::stamp::Stamp;
use crate::stats::ChannelStats;

/// A topic that a channel has, or is to have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Subscribed {
    /// The name as it was asked for.
    pub(crate) name: String,
    /// What it stands for.
    parts: Vec<Topic>,
}

/// A topic that is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Rejected {
    /// The name refused: of a combined topic, the single name of the part.
    pub(crate) name: String,
    /// Why.
    pub(crate) why: Objection,
}

/// Why a topic is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Objection {
    /// No such topic.
    Invalid,
    /// Not offered over the socket.
    Transport,
    /// A permission is missing.
    Unauthorized(String),
    /// The permission is held, but not in the division of the object.
    OtherDivision(String),
    /// Only the user it is about may have it.
    OwnOnly {
        /// Whether the list was to be replaced, which has a code of its own for it.
        replacing: bool,
    },
}

impl Objection {
    /// The platform's code for it.
    pub(crate) fn code(&self) -> &'static str {
        match self {
            Self::Invalid => "notification.invalid.topic",
            Self::Transport => "notification.transport.not.allowed",
            Self::Unauthorized(_) | Self::OwnOnly { replacing: false } => "notification.unauthorized.topic",
            Self::OtherDivision(_) => "notification.unauthorized.divisioned.topic",
            Self::OwnOnly { replacing: true } => "notification.forbidden.topic",
        }
    }

    /// The permission that would help.
    pub(crate) fn permission(&self) -> Option<&str> {
        match self {
            Self::Unauthorized(permission) | Self::OtherDivision(permission) => Some(permission),
            Self::Invalid | Self::Transport | Self::OwnOnly { .. } => None,
        }
    }
}

/// What came of looking at a list of names.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Examined {
    /// To be had.
    pub(crate) permitted: Vec<Subscribed>,
    /// Refused.
    pub(crate) rejected: Vec<Rejected>,
}

impl Examined {
    /// Looks at names; `object` is asked about each single topic. Of a combined topic, the parts that are refused
    /// are left out, and it is refused as a whole when none is left.
    pub(crate) fn of<'a>(
        names: impl Iterator<Item = &'a str>,
        object: impl Fn(&Topic, &str) -> Option<Objection>,
    ) -> Self {
        let mut examined = Self::default();
        for name in names {
            let Some(parts) = Topic::parse(name) else {
                examined.rejected.push(Rejected { name: name.to_owned(), why: Objection::Invalid });
                continue;
            };
            let (mut kept, mut refused) = (Vec::new(), Vec::new());
            for part in parts {
                let transport = (!part.template.over_socket()).then_some(Objection::Transport);
                match transport.or_else(|| object(&part, name)) {
                    None => kept.push(part),
                    Some(why) => refused.push(Rejected { name: part.name, why }),
                }
            }
            if kept.is_empty() {
                let name = name.to_owned();
                examined.rejected.extend(refused.into_iter().next().map(|first| Rejected { name, ..first }));
                continue;
            }
            examined.rejected.extend(refused);
            examined.permitted.push(Subscribed { name: name.to_owned(), parts: kept });
        }
        examined
    }
}

/// More topics than one channel can have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TooMany;

impl Channels {
    /// Gives a channel these topics, beside or instead of those it has, and prolongs its life. Names that differ by
    /// letter case only are one.
    pub(crate) fn subscribe(
        &mut self,
        id: &str,
        wanted: Vec<Subscribed>,
        instead: bool,
        token: &str,
        now: Stamp,
    ) -> Result<(), TooMany> {
        let Some(number) = self.numbers.get(id).copied() else { return Ok(()) };
        let Some(channel) = self.channels.get(&number) else { return Ok(()) };
        let mut topics = if instead { Vec::new() } else { channel.topics.clone() };
        let mut known: HashSet<String> = topics.iter().map(|topic| topic.name.to_ascii_lowercase()).collect();
        topics.extend(wanted.into_iter().filter(|topic| known.insert(topic.name.to_ascii_lowercase())));
        if topics.len() > TOPICS_MAX {
            return Err(TooMany);
        }
        self.unlist(number);
        if let Some(channel) = self.channels.get_mut(&number) {
            channel.extended = now;
            token.clone_into(&mut channel.token);
        }
        self.list(number, topics, now);
        Ok(())
    }

    /// Takes all topics from a channel. That does not prolong its life.
    pub(crate) fn unsubscribe(&mut self, id: &str, now: Stamp) {
        if let Some(number) = self.numbers.get(id).copied() {
            self.unlist(number);
            self.list(number, Vec::new(), now);
        }
    }

    /// Tells whoever is connected that the list is another.
    pub(crate) fn tell_of_change(&mut self, id: &str, stats: &mut ChannelStats) {
        if let Some(number) = self.numbers.get(id).copied()
            && let Some(frame) = self.word(number, Word::SubscriptionChanged)
        {
            self.notify(number, frame, stats);
        }
    }

    /// Puts topics on a channel that has none.
    fn list(&mut self, number: u64, topics: Vec<Subscribed>, now: Stamp) {
        for part in topics.iter().flat_map(|topic| &topic.parts) {
            let Some(object) = part.object else { continue };
            let wanting = self.wanted.entry(object).or_default();
            match wanting.iter_mut().find(|(known, _)| *known == number) {
                Some((_, kinds)) => kinds.insert(part.template.kind),
                None => {
                    let mut kinds = Kinds::default();
                    kinds.insert(part.template.kind);
                    wanting.push((number, kinds));
                }
            }
        }
        if let Some(channel) = self.channels.get_mut(&number) {
            channel.used = now;
            channel.subscribed = (!topics.is_empty()).then_some(now);
            channel.topics = topics;
        }
    }

    /// Takes all topics off a channel.
    pub(super) fn unlist(&mut self, number: u64) {
        let Some(channel) = self.channels.get_mut(&number) else { return };
        channel.subscribed = None;
        for part in channel.topics.drain(..).flat_map(|topic| topic.parts) {
            let Some(object) = part.object else { continue };
            if let Some(wanting) = self.wanted.get_mut(&object) {
                wanting.retain(|(known, _)| *known != number);
                if wanting.is_empty() {
                    self.wanted.remove(&object);
                }
            }
        }
    }
}
