//! Notification channels: made and told their topics over REST, listened to over a socket.
//!
//! A channel has one socket and a thousand topics, lives for a day from the last time its topics were put, and can't
//! be taken away: one that is left is displaced when the client makes its twenty-first. Its address is its
//! credential. (The platform's facts 11.1, 11.2, 11.4.)

mod socket;

use std::collections::BTreeSet;
use std::time::Duration;

use bytes::Bytes;
use onduty_core::agent::UserId;
use onduty_core::time::Timestamp;
use serde_json::json;

use super::budget::Purpose;
use super::client::{Ask, Client, Verb};
use super::decode::{self, RejectedTopic, Topics};
use super::error::PlatformError;
use super::route::{Route, encoded};
use crate::config::Secret;
pub use socket::{Heard, Socket, SocketError};

/// Channels of one client: the platform displaces the oldest beyond that.
pub const CHANNELS_MAX: u64 = 20;
/// Topics of one channel.
pub const TOPICS_MAX: usize = 1_000;
/// How long a channel lives at most, and where the platform does not say.
pub const LIFE: Duration = Duration::from_secs(24 * 3600);

/// A channel, and what is known of its life.
#[derive(Clone, Debug)]
pub struct Channel {
    /// Its id, which is as good as a credential.
    id: Secret,
    connect_uri: Secret,
    /// How long it lives from the making, and from each time that its topics are put.
    life: Duration,
    /// When it ends, unless its topics are put again before.
    pub expires_at: Timestamp,
    /// Which token made it.
    pub token_generation: u64,
}

/// What became of the topics that were put.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Subscribed {
    /// Agents whose topic was taken.
    pub permitted: BTreeSet<UserId>,
    /// Why one of the others was not: in the platform's words, for people.
    pub why: Option<RejectedTopic>,
}

impl Channel {
    /// A new channel, without topics.
    ///
    /// # Errors
    ///
    /// When the platform made none.
    pub async fn make(client: &Client) -> Result<Self, PlatformError> {
        let ask =
            Ask { route: Route::Channels, path: Route::Channels.to_string(), purpose: Purpose::Channel };
        let answer = client.send(&ask, &Verb::Post(Bytes::from_static(b"{}"))).await?;
        let made = client.read(&answer, decode::made_channel)?;
        // By its own clock. Where ours is ahead by all of that life, what it says is no use.
        let said = made.expires_at.map(|expires_at| expires_at.since(answer.sent_at));
        let life = said.filter(|life| !life.is_zero()).map_or(LIFE, |life| life.min(LIFE));
        Ok(Self {
            id: made.id,
            connect_uri: made.connect_uri,
            life,
            expires_at: answer.sent_at.after(life),
            token_generation: client.token_generation(),
        })
    }

    /// Puts the topics of these agents in the place of those it has, which also gives it another day to live. Of whoever
    /// is refused the one that carries everything, what is told apart from it is heard as far as that is permitted; it
    /// leaves active queues out, so that nobody can vouch for them.
    ///
    /// # Errors
    ///
    /// When the platform did not take them. Of topics that it refuses one by one it says so in the answer: without
    /// `ignoreErrors` one of them would fail all.
    pub async fn subscribe(
        &mut self,
        client: &Client,
        agents: &BTreeSet<UserId>,
    ) -> Result<Subscribed, PlatformError> {
        let wanted = agents.iter().map(topic).collect();
        let became = subscribed(self.put(client, wanted).await?, agents);
        if became.permitted.len() == agents.len() {
            return Ok(became);
        }
        let with_parts = agents
            .iter()
            .map(|agent| if became.permitted.contains(agent) { topic(agent) } else { topic_of_parts(agent) })
            .collect();
        // Whatever comes of it, the others have their topics.
        if let Err(error) = self.put(client, with_parts).await {
            tracing::debug!(%error, "could not listen to parts of what was refused as a whole");
        }
        Ok(became)
    }

    async fn put(&mut self, client: &Client, topics: Vec<String>) -> Result<Topics, PlatformError> {
        let topics: Vec<serde_json::Value> = topics.iter().map(|topic| json!({"id": topic})).collect();
        let ask = self.ask(Route::Subscriptions, "/subscriptions?ignoreErrors=true");
        let body = Bytes::from(serde_json::Value::from(topics).to_string());
        let answer = client.send(&ask, &Verb::Put(body)).await?;
        self.expires_at = answer.sent_at.after(self.life);
        client.read(&answer, decode::topics)
    }

    /// Takes all topics away, so that nothing is sent to it any more.
    ///
    /// # Errors
    ///
    /// When the platform did not do it.
    pub async fn unsubscribe(&self, client: &Client) -> Result<(), PlatformError> {
        client.send(&self.ask(Route::Subscriptions, "/subscriptions"), &Verb::Delete).await.map(drop)
    }

    /// Of whom it has the topics still; none if the platform does not know it any more. One that was taken over may live
    /// on without them.
    ///
    /// # Errors
    ///
    /// When there was no answer to that.
    pub async fn held(
        &self,
        client: &Client,
        agents: &BTreeSet<UserId>,
    ) -> Result<Option<BTreeSet<UserId>>, PlatformError> {
        match client.send(&self.ask(Route::Subscriptions, "/subscriptions"), &Verb::Get).await {
            Ok(answer) => {
                let topics = client.read(&answer, decode::topics)?;
                Ok(Some(agents_of(&topics.permitted, agents)))
            }
            Err(error) if error.refused_with(404).is_some() => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Opens its socket. One that is open already is cut by that.
    ///
    /// # Errors
    ///
    /// When there is no socket, and whether it is worth trying the same again.
    pub async fn connect(&self, client: &Client) -> Result<Socket, SocketError> {
        Socket::connect(client, &self.connect_uri).await
    }

    fn ask(&self, route: Route, rest: &str) -> Ask {
        let path = format!("{}/{}{rest}", Route::Channels, encoded(self.id.expose()));
        Ask { route, path, purpose: Purpose::Channel }
    }
}

/// What became of the topics of these agents.
fn subscribed(topics: Topics, agents: &BTreeSet<UserId>) -> Subscribed {
    let permitted = agents_of(&topics.permitted, agents);
    let first = || {
        let unnamed = agents.iter().find(|agent| !permitted.contains(*agent))?;
        let (reason, missing_permissions) = ("not named in the platform's answer".to_owned(), Vec::new());
        Some(RejectedTopic { topic: topic(unnamed), reason, missing_permissions })
    };
    let why = topics.rejected.into_iter().next().or_else(first);
    Subscribed { permitted, why }
}

/// Whose topics are among these. The platform may repeat names in another letter case.
fn agents_of(names: &BTreeSet<String>, agents: &BTreeSet<UserId>) -> BTreeSet<UserId> {
    let is_named = |agent: &&UserId| names.contains(topic(agent).to_ascii_lowercase().as_str());
    agents.iter().filter(is_named).cloned().collect()
}

/// The one topic that carries every facet of an agent.
fn topic(agent: &UserId) -> String {
    format!("v2.users.{agent}.activity")
}

/// What else there is of an agent, combined, which counts as one.
fn topic_of_parts(agent: &UserId) -> String {
    format!("v2.users.{agent}?presence&routingStatus&outofoffice")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_agent_has_a_topic_only_if_the_answer_names_it_however_the_id_is_spelled() {
        let agents = BTreeSet::from(["4A2F".into(), "4a2e".into()]);
        let names =
            |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<BTreeSet<String>>();
        let of_another = names(&["v2.users.0000.activity", "v2.users.4a2e.presence"]);
        assert_eq!(agents_of(&of_another, &agents), BTreeSet::new());
        let permitted = names(&["v2.users.4a2f.activity"]);
        let became = subscribed(Topics { permitted, rejected: vec![] }, &agents);
        assert_eq!(became.permitted, BTreeSet::from(["4A2F".into()]));
        let why = became.why.expect("somebody's topic is neither taken nor refused");
        assert_eq!(
            (why.topic.as_str(), why.reason.as_str()),
            ("v2.users.4a2e.activity", "not named in the platform's answer")
        );
        let rejected = vec![RejectedTopic {
            topic: "v2.users.4a2e.activity".into(),
            reason: "no".into(),
            missing_permissions: vec![],
        }];
        let became = subscribed(Topics { permitted: BTreeSet::new(), rejected: rejected.clone() }, &agents);
        assert_eq!(became, Subscribed { permitted: BTreeSet::new(), why: rejected.into_iter().next() });
    }
}
