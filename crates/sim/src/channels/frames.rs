//! The texts that go over a socket.

use std::sync::Arc;

use serde::Serialize;
use serde_json::{Value, json};

use crate::cloud::id::Id;

/// Sent every half minute to whoever is connected.
pub(super) const HEARTBEAT: &str =
    r#"{"topicName":"channel.metadata","eventBody":{"message":"WebSocket Heartbeat"}}"#;
/// The answer to `{"message":"ping"}`.
pub(super) const PONG: &str = r#"{"topicName":"channel.metadata","eventBody":{"message":"pong"}}"#;
/// The version of the envelope.
const VERSION: &str = "2";

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Envelope<'a, B> {
    topic_name: &'a str,
    version: &'static str,
    event_body: &'a B,
    metadata: Metadata,
}

#[derive(Serialize)]
struct Metadata {
    #[serde(rename = "CorrelationId")]
    correlation_id: Id,
}

/// An event in its envelope. The correlation id is made per change; it is no sequence.
pub(super) fn notification(topic: &str, body: &impl Serialize, correlation_id: Id) -> Option<Arc<str>> {
    let envelope = Envelope {
        topic_name: topic,
        version: VERSION,
        event_body: body,
        metadata: Metadata { correlation_id },
    };
    serde_json::to_string(&envelope).ok().map(Arc::from)
}

/// What the platform has to say about a channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Word {
    /// Somebody else with the same client took over.
    NoLongerSubscribed,
    /// The token behind the channel was revoked.
    TokenRevoked,
    /// The list of topics is another.
    SubscriptionChanged,
    /// The socket will be closed; the channel lives on.
    SocketClosing,
}

/// Whom a word is about.
#[derive(Clone, Copy, Debug)]
pub(super) struct About<'a> {
    pub(super) channel: &'a str,
    pub(super) client: &'a str,
    pub(super) organisation: Id,
}

impl Word {
    /// The frame that says it. Members without news are absent.
    pub(super) fn frame(self, about: About<'_>, correlation_id: Id) -> Option<Arc<str>> {
        let About { channel, client, organisation } = about;
        let (topic, kind, reason, message) = match self {
            Self::NoLongerSubscribed => (
                format!("v2.system.no_longer_subscribed.{channel}"),
                "no_longer_subscribed",
                Some("another_channel_subscribed"),
                "Another channel of this client has subscribed.",
            ),
            Self::TokenRevoked => (
                format!("v2.system.token_revoked.{channel}"),
                "token_revoked",
                Some("user_tokens_revoked"),
                "The token of this channel was revoked.",
            ),
            Self::SubscriptionChanged => (
                "v2.subscription.updated".to_owned(),
                "subscription_changed",
                None,
                "The subscriptions of this channel have changed.",
            ),
            Self::SocketClosing => {
                let body = json!({"message": "This WebSocket will be closed; please reconnect."});
                return notification("v2.system.socket_closing", &body, correlation_id);
            }
        };
        let mut body = json!({
            "channelId": channel,
            "systemTopicType": kind,
            "correlationId": correlation_id,
            "organizationId": organisation,
            "oauthClientId": client,
            "oauthClientOrgId": organisation,
            "message": message,
        });
        if let (Some(reason), Some(members)) = (reason, body.as_object_mut()) {
            members.insert("reason".to_owned(), reason.into());
        }
        notification(&topic, &body, correlation_id)
    }
}

/// Something that a client says over the socket.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Said {
    /// `{"message":"ping"}`
    Ping,
    /// `{"message":"subscribe","topics":[…],"correlationId":"…"}`
    Subscribe {
        /// The names asked for.
        topics: Vec<String>,
        /// To be repeated in the answer.
        correlation: Option<String>,
    },
    /// Anything else: not answered.
    Other,
}

impl Said {
    /// Reads a text frame.
    pub(super) fn parse(text: &str) -> Self {
        let Ok(frame) = serde_json::from_str::<Value>(text) else { return Self::Other };
        match frame.get("message").and_then(Value::as_str) {
            Some("ping") => Self::Ping,
            Some("subscribe") => {
                let topics = frame.get("topics").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
                Self::Subscribe {
                    topics: topics.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
                    correlation: frame.get("correlationId").and_then(Value::as_str).map(str::to_owned),
                }
            }
            _ => Self::Other,
        }
    }
}

/// The answer to a subscription over the socket.
pub(super) fn subscribed(correlation: Option<&str>, result: &str, status: &str) -> Arc<str> {
    let mut body = json!({"message": "subscribe", "result": result, "status": status});
    if let (Some(correlation), Some(members)) = (correlation, body.as_object_mut()) {
        members.insert("correlationId".to_owned(), correlation.into());
    }
    body.to_string().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_client_says_is_a_ping_a_subscription_or_nothing() {
        let table = [
            (r#"{"message":"ping"}"#, Said::Ping),
            (
                r#"{"message":"subscribe","topics":["a",1,"b"],"correlationId":"7"}"#,
                Said::Subscribe { topics: vec!["a".into(), "b".into()], correlation: Some("7".into()) },
            ),
            (r#"{"message":"subscribe"}"#, Said::Subscribe { topics: vec![], correlation: None }),
            (r#"{"message":"hello"}"#, Said::Other),
            ("[]", Said::Other),
            ("", Said::Other),
        ];
        for (text, expected) in table {
            assert_eq!(Said::parse(text), expected, "{text}");
        }
    }
}
