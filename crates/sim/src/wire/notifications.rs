//! Notification channels over REST: made, listed, probed. There is no read of one channel, and no delete.

pub(crate) mod socket;
pub(super) mod subscriptions;
pub(super) mod topics;

use serde::Serialize;
use serde_json::{Value, json};

use super::call::{Answer, Asked};
use super::refusal::Refusal;
use crate::channels::{Asker, Channel, Channels};
use crate::cloud::stamp::Stamp;
use crate::world::{OTHER_REGION, Where};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ChannelBody<'a> {
    id: &'a str,
    connect_uri: String,
    expires: Stamp,
}

/// `POST /api/v2/notifications/channels`. Official SDKs send no body, or `null`.
pub(super) fn create(asked: &mut Asked<'_>) -> Result<Answer, Refusal> {
    let body = asked.call.body.trim_ascii();
    if !body.is_empty() && serde_json::from_slice::<Value>(body).is_err() {
        return Err(Refusal::bad_request());
    }
    let (site, faults, stats) = asked.world.with_channels(asked.place);
    let asker = Asker { client: &asked.client.id, token: &asked.token };
    let id = site.channels.create(asker, faults, stats, asked.call.now);
    let channel = owned(asked, &id)?;
    Ok(Answer::ok(&body_of(asked, channel)))
}

/// `GET /api/v2/notifications/channels?includechannels=token|oauthclient`: of channels that another token made, only
/// that they exist.
pub(super) fn list(asked: &mut Asked<'_>) -> Result<Answer, Refusal> {
    let all = match asked.call.query.get("includechannels") {
        None | Some("token") => false,
        Some("oauthclient") => true,
        Some(other) => return Err(Refusal::parameter("includechannels", other, "token, oauthclient")),
    };
    let faults = &asked.world.faults;
    let channels = asked.world.site(asked.place).channels.of_client(&asked.client.id);
    let living = channels.filter(|channel| channel.lives(faults, asked.call.now));
    let bodies: Vec<Value> = living
        .filter_map(|channel| match channel.token == asked.token {
            true => Some(json!(body_of(asked, channel))),
            false => all.then(|| json!({"expires": channel.expires(faults)})),
        })
        .collect();
    Ok(Answer::ok(&json!({"entities": bodies})))
}

/// `HEAD /api/v2/notifications/channels/{channelId}`: 200 if the channel lives, 404 if not.
pub(super) fn probe(asked: &mut Asked<'_>) -> Result<Answer, Refusal> {
    let id = channel_id(asked)?;
    owned(asked, &id).map(|_| Answer::empty(200))
}

fn body_of<'a>(asked: &Asked<'_>, channel: &'a Channel) -> ChannelBody<'a> {
    let scheme = if asked.call.secure { "wss" } else { "ws" };
    let region = match asked.place {
        Where::Here => String::new(),
        Where::Elsewhere => format!("/region/{OTHER_REGION}"),
    };
    ChannelBody {
        id: &channel.id,
        connect_uri: format!("{scheme}://{}{region}/channels/{}", asked.call.host, channel.id),
        expires: channel.expires(&asked.world.faults),
    }
}

/// The channel id in the path, if it has the form of one.
fn channel_id(asked: &Asked<'_>) -> Result<String, Refusal> {
    let id = asked.param();
    if Channels::is_id(id) {
        return Ok(id.to_owned());
    }
    Err(Refusal::plain(400, "notification.unable.to.get.channel.id", "Unable to get the channel id."))
}

/// The caller's living channel of an id.
fn owned<'a>(asked: &'a Asked<'_>, id: &str) -> Result<&'a Channel, Refusal> {
    let channels = &asked.world.site(asked.place).channels;
    channels.owned(id, &asked.client.id, &asked.world.faults, asked.call.now).ok_or_else(gone)
}

fn gone() -> Refusal {
    Refusal::plain(404, "entity.not.found", "Subscription list not found.")
}
