//! One text frame of the notification socket: an event, or a word about the channel itself.

use std::hash::{DefaultHasher, Hash, Hasher};

use onduty_core::agent::UserId;
use serde_json::Value;

use super::limits::parse;
use super::member::{Object, object, text, word};
use super::topic::{self, Topic};
use super::{Arrival, Heard, Malformed, notification};

/// What a frame says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Frame {
    /// The channel is alive: a heartbeat. It does not tell when it was sent.
    Alive,
    /// The answer to a ping, sent after it.
    Pong,
    /// The platform will close this socket in about a minute. Subscriptions survive.
    Closing,
    /// Somebody else's channel took these topics over, or so the platform says.
    TakenOver,
    /// The token that made the channel was revoked.
    TokenRevoked,
    /// The topics of the channel changed.
    Resubscribed,
    /// News.
    Event {
        /// What it says.
        heard: Heard,
        /// By which the same event is recognised on another channel: of its topic and body. The envelope has no id.
        fingerprint: u64,
    },
}

const ALIVE: &str = "channel.metadata";
const CLOSING: &str = "v2.system.socket_closing";
const TAKEN_OVER: &str = "v2.system.no_longer_subscribed";
const TOKEN_REVOKED: &str = "v2.system.token_revoked";
const RESUBSCRIBED: &str = "v2.subscription.updated";

/// A frame that can't be read, and whose change is lost with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnreadableFrame {
    /// Whom it was about, as far as its topic tells. Otherwise it may have been about anybody.
    pub user_id: Option<UserId>,
    /// What is wrong with it.
    pub error: Malformed,
}

/// Reads one frame.
///
/// # Errors
///
/// When it is not a notification.
pub fn frame(bytes: &[u8], arrival: Arrival) -> Result<Frame, UnreadableFrame> {
    let body = parse(bytes).map_err(|error| UnreadableFrame { user_id: None, error })?;
    read(&body, arrival).map_err(|error| UnreadableFrame { user_id: subject(&body), error })
}

/// Whom a frame is about, whatever else is wrong with it.
fn subject(body: &Value) -> Option<UserId> {
    match topic::parse(body.get("topicName")?.as_str()?) {
        Ok(Topic::User(user_id, _)) => Some(user_id),
        Ok(Topic::Heartbeat | Topic::Other(_)) | Err(_) => None,
    }
}

fn read(body: &Value, arrival: Arrival) -> Result<Frame, Malformed> {
    let members = object(body)?;
    if !members.has("topicName") {
        // An answer to a request sent over the socket itself; none are.
        return if members.has("message") || members.has("result") {
            Ok(if is_pong(members)? { Frame::Pong } else { Frame::Alive })
        } else {
            Err(Malformed::at("topicName", "missing"))
        };
    }
    let topic = members.required("topicName", word)?.to_ascii_lowercase();
    let is = |name: &str| topic == name || topic.strip_prefix(name).is_some_and(|rest| rest.starts_with('.'));
    if is(ALIVE) {
        let is_pong = members.optional("eventBody", |body| is_pong(object(body)?))?.unwrap_or_default();
        return Ok(if is_pong { Frame::Pong } else { Frame::Alive });
    }
    let system = [
        (CLOSING, Frame::Closing),
        (TAKEN_OVER, Frame::TakenOver),
        (TOKEN_REVOKED, Frame::TokenRevoked),
        (RESUBSCRIBED, Frame::Resubscribed),
    ];
    if let Some((_, frame)) = system.into_iter().find(|(name, _)| is(name)) {
        return Ok(frame);
    }
    let heard = notification::read(members, arrival)?;
    Ok(Frame::Event {
        heard,
        fingerprint: members.required("eventBody", |body| Ok(fingerprint(&topic, body)))?,
    })
}

fn is_pong(members: Object<'_>) -> Result<bool, Malformed> {
    Ok(members.optional("message", text)?.is_some_and(|message| message.eq_ignore_ascii_case("pong")))
}

/// A map keeps its members in order of name, so that the order in which they were sent does not matter.
fn fingerprint(topic: &str, body: &Value) -> u64 {
    let mut hasher = DefaultHasher::new();
    topic.hash(&mut hasher);
    body.to_string().hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use onduty_core::observation::Source;
    use onduty_core::time::Timestamp;

    use super::*;

    const USER: &str = "4a2f0f6e-0d0b-4b3e-9b0e-6f2f5a0c1d11";

    fn read(text: &str) -> Result<Frame, UnreadableFrame> {
        let arrival =
            Arrival { source: Source::Channel, heard_at: Timestamp::from_millis(1_772_442_850_000) };
        frame(text.as_bytes(), arrival)
    }

    #[test]
    fn words_about_the_channel_are_told_from_news() {
        let table = [
            (
                r#"{"topicName":"channel.metadata","eventBody":{"message":"WebSocket Heartbeat"}}"#,
                Frame::Alive,
            ),
            (r#"{"topicName":"channel.metadata","eventBody":{"message":"pong"}}"#, Frame::Pong),
            (r#"{"message":"pong"}"#, Frame::Pong),
            (r#"{"message":"subscribe","result":"200"}"#, Frame::Alive),
            (r#"{"topicName":"v2.system.socket_closing","version":"2","eventBody":{}}"#, Frame::Closing),
            (
                r#"{"topicName":"v2.system.no_longer_subscribed.streaming-4-x","eventBody":{}}"#,
                Frame::TakenOver,
            ),
            (r#"{"topicName":"v2.system.token_revoked.streaming-4-x","eventBody":{}}"#, Frame::TokenRevoked),
            (r#"{"topicName":"v2.subscription.updated","eventBody":{}}"#, Frame::Resubscribed),
        ];
        for (text, expected) in table {
            assert_eq!(read(text), Ok(expected), "{text}");
        }
        for damaged in ["", "[]", "{}", r#"{"topicName":7}"#, r#"{"topicName":"v2.users.x.activity"}"#] {
            assert!(read(damaged).is_err(), "{damaged}");
        }
    }

    #[test]
    fn of_an_event_that_cannot_be_read_it_is_told_whose_it_was_as_far_as_its_topic_tells() {
        let long = "x".repeat(5_000);
        let table = [
            (format!(r#"{{"topicName":"v2.users.{USER}.activity","eventBody":{{"presence":7}}}}"#), true),
            (
                format!(r#"{{"topicName":"V2.Users.{USER}.Presence","eventBody":{{"message":"{long}"}}}}"#),
                true,
            ),
            (format!(r#"{{"topicName":"v2.users.{USER}.activity"}}"#), true),
            (r#"{"topicName":"v2.users.x.activity","eventBody":{}}"#.to_owned(), false),
            (format!(r#"{{"topicName":"v2.users.{USER}.activity","eventBody":"#), false),
            (r#"{"topicName":7}"#.to_owned(), false),
        ];
        for (text, is_told) in table {
            let unreadable = read(&text).expect_err(&text);
            assert_eq!(unreadable.user_id, is_told.then(|| UserId::from(USER)), "{text}");
        }
    }

    #[test]
    fn one_event_has_one_fingerprint_whatever_its_envelope() {
        let event = |correlation: &str, body: &str| {
            format!(
                r#"{{"topicName":"v2.users.{USER}.presence","eventBody":{body},"metadata":{{"CorrelationId":"{correlation}"}}}}"#
            )
        };
        let meal = r#"{"presenceDefinition":{"id":"m","systemPresence":"MEAL"},"primary":true}"#;
        let same = r#"{"primary":true,"presenceDefinition":{"systemPresence":"MEAL","id":"m"}}"#;
        let away = r#"{"presenceDefinition":{"id":"a","systemPresence":"AWAY"},"primary":true}"#;
        let fingerprint_of = |text: &str| match read(text) {
            Ok(Frame::Event { heard, fingerprint }) => {
                assert_eq!(heard.observations.len(), 1, "{text}");
                fingerprint
            }
            other => panic!("{text}: {other:?}"),
        };
        let first = fingerprint_of(&event("1", meal));
        assert_eq!(first, fingerprint_of(&event("2", same)));
        assert_ne!(first, fingerprint_of(&event("1", away)));
    }
}
