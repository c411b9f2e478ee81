//! Notification channels as REST tells of them: the channel made, and what became of each topic asked for.

use std::collections::BTreeSet;

use onduty_core::time::Timestamp;

use super::Malformed;
use super::limits::parse;
use super::member::{elements, id, instant, object, text, word};
use crate::config::Secret;

/// Topics in one answer, at most: a channel has a thousand, and a combined one may be answered by its parts.
const TOPICS_MAX: usize = 20_000;
/// Permissions named by one refused topic, at most.
const PERMISSIONS_MAX: usize = 100;
/// The longest address of a socket.
const ADDRESS_MAX: usize = 2_048;

/// A channel that was made.
#[derive(Clone, Debug)]
pub struct MadeChannel {
    /// Its id. Whoever knows it can listen: it is in the address.
    pub id: Secret,
    /// Where its socket is.
    pub connect_uri: Secret,
    /// When it ends, unless its topics are put again before.
    pub expires_at: Option<Timestamp>,
}

/// A topic that the platform refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RejectedTopic {
    /// Its name as the platform repeats it, in small letters.
    pub topic: String,
    /// In the platform's words.
    pub reason: String,
    /// The permissions that it names.
    pub missing_permissions: Vec<String>,
}

/// What a listing of topics tells.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Topics {
    /// Names of topics that the channel has, in small letters.
    pub permitted: BTreeSet<String>,
    /// Topics that it was refused.
    pub rejected: Vec<RejectedTopic>,
}

/// A channel.
///
/// # Errors
///
/// When the body is not one.
pub fn made_channel(body: &[u8]) -> Result<MadeChannel, Malformed> {
    let body = parse(body)?;
    let members = object(&body)?;
    let connect_uri = members.required("connectUri", |value| {
        let address = text(value)?;
        if address.len() > ADDRESS_MAX {
            return Err(Malformed::here(format!("longer than {ADDRESS_MAX} bytes")));
        }
        Ok(address.to_owned())
    })?;
    Ok(MadeChannel {
        id: Secret::new(members.required("id", id)?.to_string()),
        connect_uri: Secret::new(connect_uri),
        expires_at: members.optional("expires", instant)?,
    })
}

/// The topics that a channel has, and those put that it was refused. Entries may carry nothing but their name, which is
/// no refusal. What is not named is not to be had.
///
/// # Errors
///
/// When the body is not a listing of topics.
pub fn topics(body: &[u8]) -> Result<Topics, Malformed> {
    let body = parse(body)?;
    let entries = object(&body)?.required("entities", |value| {
        elements(value, TOPICS_MAX, |entry| {
            let entry = object(entry)?;
            let topic = entry.required("id", word)?.to_ascii_lowercase();
            let state = entry.optional("state", word)?;
            if !state.is_some_and(|state| state.eq_ignore_ascii_case("rejected")) {
                return Ok(Ok(topic));
            }
            let permissions =
                |value| elements(value, PERMISSIONS_MAX, |name| Ok::<_, Malformed>(word(name)?.to_owned()));
            Ok(Err(RejectedTopic {
                topic,
                reason: entry.optional("rejectionReason", text)?.unwrap_or("no reason given").to_owned(),
                missing_permissions: entry.optional("missingPermissions", permissions)?.unwrap_or_default(),
            }))
        })
    })?;
    let mut topics = Topics::default();
    for entry in entries {
        match entry {
            Ok(permitted) => drop(topics.permitted.insert(permitted)),
            Err(rejected) => topics.rejected.push(rejected),
        }
    }
    Ok(topics)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_of_a_channel_is_read_and_never_shown() {
        let body =
            br#"{"id":"streaming-4-h0gh","connectUri":"wss://streaming.example/channels/streaming-4-h0gh",
            "expires":"2026-03-03T09:00:00.000Z"}"#;
        let channel = made_channel(body).unwrap();
        assert_eq!(channel.id.expose(), "streaming-4-h0gh");
        assert_eq!(channel.expires_at, Some(Timestamp::from_millis(1_772_528_400_000)));
        assert!(!format!("{channel:?}").contains("h0gh"));
        assert!(made_channel(br#"{"id":"x"}"#).is_err());
    }

    #[test]
    fn only_entries_that_say_so_are_refused_topics() {
        let body = br#"{"entities":[{"id":"v2.users.a.activity","state":"Permitted"},{"id":"v2.users.b.activity"},
            {"id":"v2.users.C.activity","state":"Rejected","rejectionReason":"notification.unauthorized.topic",
             "missingPermissions":["wfm:realtimeAdherence:view"]}]}"#;
        let expected = RejectedTopic {
            topic: "v2.users.c.activity".into(),
            reason: "notification.unauthorized.topic".into(),
            missing_permissions: vec!["wfm:realtimeAdherence:view".into()],
        };
        let topics_of = topics(body).unwrap();
        assert_eq!(topics_of.rejected, [expected]);
        let permitted = ["v2.users.a.activity", "v2.users.b.activity"];
        assert_eq!(topics_of.permitted, BTreeSet::from(permitted.map(str::to_owned)));
        assert!(topics(b"[]").is_err() && topics(br#"{"entities":[{}]}"#).is_err());
    }
}
