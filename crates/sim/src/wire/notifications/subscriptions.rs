//! What a channel is subscribed to: shown, added to, replaced, taken away.
//!
//! Without `ignoreErrors=true` one refused topic fails the whole request. With it the others are taken, and the
//! answer says of each refused one why.

use std::collections::BTreeSet;

use serde::Deserialize;
use serde_json::{Value, json};

use super::{channel_id, owned};
use crate::channels::{Examined, Objection, Rejected, Subscribed, TOPICS_MAX, TooMany, Topic};
use crate::cloud::Cloud;
use crate::cloud::access::{Client, Held};
use crate::cloud::id::Id;
use crate::cloud::stamp::Stamp;
use crate::faults::Faults;
use crate::wire::call::{Answer, Asked};
use crate::wire::refusal::Refusal;
use crate::world::{Where, World};

/// Said to be missing where the switch refuses a topic that needs no permission.
const STAND_IN_PERMISSION: &str = "directory:user:view";
const TOO_MANY: &str = "notification.subscription.too.many.subscriptions";

#[derive(Deserialize)]
struct NamedTopic {
    id: String,
}

/// `GET …/subscriptions`
pub(in crate::wire) fn show(asked: &mut Asked<'_>) -> Result<Answer, Refusal> {
    let id = channel_id(asked)?;
    let now = asked.call.now;
    let channel = owned(asked, &id)?;
    let answer = listing(channel.topics(), &[], false);
    asked.world.site_mut(asked.place).channels.touch(&id, now);
    Ok(answer)
}

/// `POST …/subscriptions?ignoreErrors=`: adds.
pub(in crate::wire) fn add(asked: &mut Asked<'_>) -> Result<Answer, Refusal> {
    subscribe(asked, false)
}

/// `PUT …/subscriptions?ignoreErrors=`: replaces.
pub(in crate::wire) fn replace(asked: &mut Asked<'_>) -> Result<Answer, Refusal> {
    subscribe(asked, true)
}

/// `DELETE …/subscriptions`: takes all away.
pub(in crate::wire) fn clear(asked: &mut Asked<'_>) -> Result<Answer, Refusal> {
    let id = channel_id(asked)?;
    owned(asked, &id)?;
    let now = asked.call.now;
    let (site, _, stats) = asked.world.with_channels(asked.place);
    site.channels.unsubscribe(&id, now);
    site.channels.tell_of_change(&id, stats);
    Ok(Answer::empty(200))
}

fn subscribe(asked: &mut Asked<'_>, instead: bool) -> Result<Answer, Refusal> {
    let id = channel_id(asked)?;
    owned(asked, &id)?;
    let ignore_errors = match asked.call.query.get("ignoreErrors") {
        None => false,
        Some(text) if text.eq_ignore_ascii_case("true") => true,
        Some(text) if text.eq_ignore_ascii_case("false") => false,
        Some(other) => return Err(Refusal::parameter("ignoreErrors", other, "true, false")),
    };
    let wanted: Vec<NamedTopic> = asked.body()?;
    if wanted.len() > TOPICS_MAX {
        return Err(too_many());
    }
    let subscriber = Subscriber {
        cloud: asked.cloud(),
        client: &asked.client,
        faults: &asked.world.faults,
        now: asked.call.now,
        replacing: instead,
    };
    let Examined { permitted, rejected } = subscriber.examine(wanted.iter().map(|topic| topic.id.as_str()));
    if let Some(first) = rejected.first().filter(|_| !ignore_errors) {
        return Err(refusal(first));
    }
    let now = asked.call.now;
    let (site, _, stats) = asked.world.with_channels(asked.place);
    site.channels.subscribe(&id, permitted, instead, &asked.token, now).map_err(|_| too_many())?;
    site.channels.tell_of_change(&id, stats);
    let channel = owned(asked, &id)?;
    Ok(listing(channel.topics(), &rejected, ignore_errors))
}

/// Subscribes over the socket itself, all or nothing. Gives the result and its text.
pub(super) fn by_socket(
    world: &mut World,
    place: Where,
    channel: &str,
    topics: &[String],
    now: Stamp,
) -> (&'static str, &'static str) {
    let site = world.site(place);
    let Some(known) = site.channels.living(channel, &world.faults, now) else { return ("404", "not found") };
    let Some(client) = site.cloud.access.client(&known.client) else { return ("404", "not found") };
    let subscriber = Subscriber { cloud: &site.cloud, client, faults: &world.faults, now, replacing: false };
    let token = known.token.clone();
    let Examined { permitted, rejected } = subscriber.examine(topics.iter().map(String::as_str));
    if let Some(first) = rejected.first() {
        return ("400", first.why.code());
    }
    let (site, _, stats) = world.with_channels(place);
    match site.channels.subscribe(channel, permitted, false, &token, now) {
        Err(TooMany) => ("400", TOO_MANY),
        Ok(()) => {
            site.channels.tell_of_change(channel, stats);
            ("200", "subscribed")
        }
    }
}

/// Who wants to subscribe, and under which switches.
struct Subscriber<'a> {
    cloud: &'a Cloud,
    client: &'a Client,
    faults: &'a Faults,
    now: Stamp,
    /// Whether the list is to be replaced.
    replacing: bool,
}

impl Subscriber<'_> {
    fn examine<'a>(&self, names: impl Iterator<Item = &'a str>) -> Examined {
        Examined::of(names, |topic, name| self.objection(topic, name))
    }

    /// What stands against a topic for this subscriber.
    fn objection(&self, topic: &Topic, name: &str) -> Option<Objection> {
        if topic.template.own_only {
            return Some(Objection::OwnOnly { replacing: self.replacing });
        }
        let object = topic.object.map(|id| id.to_string()).unwrap_or_default();
        let listed = [topic.template.text, topic.name.as_str(), name, object.as_str()];
        if self.faults.topic_reject.lists(&listed) {
            let permission = topic.template.permission.unwrap_or(STAND_IN_PERMISSION);
            return Some(Objection::Unauthorized(permission.to_owned()));
        }
        let permission = topic.template.permission?;
        let held = self.usable(permission);
        if held.nowhere() {
            return Some(Objection::Unauthorized(permission.to_owned()));
        }
        let division = topic.object.and_then(|id| self.division_of(id))?;
        (!held.covers(division)).then(|| Objection::OtherDivision(permission.to_owned()))
    }

    /// Where a permission is held and no policy of the organisation refuses it.
    fn usable(&self, permission: &str) -> Held {
        if self.client.denials(permission).next().is_some() {
            return Held::In(BTreeSet::new());
        }
        let lag_ms = i64::try_from(self.faults.permission_lag_s).unwrap_or(i64::MAX).saturating_mul(1000);
        self.cloud.access.held(self.client, permission, self.now, lag_ms)
    }

    fn division_of(&self, id: Id) -> Option<Id> {
        let user = self.cloud.user(id).map(|agent| agent.division);
        user.or_else(|| self.cloud.queue(id).map(|queue| queue.division))
    }
}

fn refusal(rejected: &Rejected) -> Refusal {
    let (status, message) = match rejected.why {
        Objection::Invalid => (400, "The topic is invalid."),
        Objection::Transport => (400, "The topic is not available over this transport."),
        Objection::Unauthorized(_) => (403, "You are missing a permission for the topic."),
        Objection::OtherDivision(_) => (403, "You are missing a permission in the division of the topic."),
        Objection::OwnOnly { .. } => (403, "The topic is for its own user only."),
    };
    Refusal::plain(status, rejected.why.code(), message).about(&rejected.name)
}

fn too_many() -> Refusal {
    let message = "A channel can have 1000 subscriptions at most.";
    Refusal::plain(400, TOO_MANY, message)
}

/// Plain answers name the topics only; with `ignoreErrors` each has a state.
fn listing(topics: &[Subscribed], rejected: &[Rejected], with_states: bool) -> Answer {
    let permitted = topics.iter().map(|topic| match with_states {
        true => json!({"id": topic.name, "state": "Permitted"}),
        false => json!({"id": topic.name}),
    });
    let refused = rejected.iter().map(|topic| {
        json!({
            "id": topic.name,
            "state": "Rejected",
            "rejectionReason": topic.why.code(),
            "missingPermissions": topic.why.permission().into_iter().collect::<Vec<&str>>(),
        })
    });
    Answer::ok(&json!({"entities": permitted.chain(refused).collect::<Vec<Value>>()}))
}
