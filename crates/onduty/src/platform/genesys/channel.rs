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
use super::decode::{self, RejectedTopic};
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
    /// Agents whose topic was refused, with what the platform says of the first of them.
    pub rejected: BTreeSet<UserId>,
    /// In the platform's words, for people.
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

    /// Puts the topics of these agents in the place of those it has, which also gives it another day to live.
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
        let topics: Vec<serde_json::Value> = agents.iter().map(|agent| json!({"id": topic(agent)})).collect();
        let ask = self.ask(Route::Subscriptions, "/subscriptions?ignoreErrors=true");
        let body = Bytes::from(serde_json::Value::from(topics).to_string());
        let answer = client.send(&ask, &Verb::Put(body)).await?;
        let refused = client.read(&answer, decode::rejected_topics)?;
        self.expires_at = answer.sent_at.after(self.life);
        Ok(Subscribed { rejected: agents_of(&refused, agents), why: refused.into_iter().next() })
    }

    /// Takes all topics away, so that nothing is sent to it any more.
    ///
    /// # Errors
    ///
    /// When the platform did not do it.
    pub async fn unsubscribe(&self, client: &Client) -> Result<(), PlatformError> {
        client.send(&self.ask(Route::Subscriptions, "/subscriptions"), &Verb::Delete).await.map(drop)
    }

    /// Whether the platform still knows it.
    ///
    /// # Errors
    ///
    /// When it gave no answer to that.
    pub async fn lives(&self, client: &Client) -> Result<bool, PlatformError> {
        match client.send(&self.ask(Route::Channel, ""), &Verb::Head).await {
            Ok(_) => Ok(true),
            Err(error) if error.refused_with(404).is_some() => Ok(false),
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

/// Whose topics these are. The platform repeats names in small letters.
fn agents_of(refused: &[RejectedTopic], agents: &BTreeSet<UserId>) -> BTreeSet<UserId> {
    let refused: BTreeSet<&str> = refused.iter().map(|refused| refused.topic.as_str()).collect();
    let is_refused = |agent: &&UserId| refused.contains(topic(agent).to_ascii_lowercase().as_str());
    agents.iter().filter(is_refused).cloned().collect()
}

/// The one topic that carries every facet of an agent.
fn topic(agent: &UserId) -> String {
    format!("v2.users.{agent}.activity")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refused_topic_is_its_agents_however_the_id_is_spelled() {
        let agents = BTreeSet::from(["4A2F".into(), "4a2e".into()]);
        let refused = |topic: &str| RejectedTopic {
            topic: topic.to_owned(),
            reason: String::new(),
            missing_permissions: vec![],
        };
        let of_another = [refused("v2.users.0000.activity"), refused("v2.users.4a2e.presence")];
        assert_eq!(agents_of(&of_another, &agents), BTreeSet::new());
        let of_one = [refused("v2.users.4a2f.activity")];
        assert_eq!(agents_of(&of_one, &agents), BTreeSet::from(["4A2F".into()]));
    }
}
