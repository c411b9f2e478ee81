//! The socket's side of a channel, without the socket: who may connect, and what is answered to what a client says.

use super::subscriptions;
use crate::channels::{Channels, LineEnd, Said};
use crate::cloud::stamp::Stamp;
use crate::faults::Outage;
use crate::stats::Ending;
use crate::wire::call::Answer;
use crate::wire::refusal::Refusal;
use crate::wire::{NO_CLIENT, placed};
use crate::world::{Where, World};

/// The path of every socket, under which connecting is counted.
pub(in crate::wire) const CONNECT: &str = "/channels/{channelId}";
/// What every such path begins with.
const PATH_PREFIX: &str = "/channels/";
/// Status under which an opened socket is counted.
const SWITCHING_PROTOCOLS: u16 = 101;

/// What comes of a wish to connect.
#[derive(Debug)]
pub(crate) enum Connected {
    /// The line to the channel.
    Open(Place, LineEnd),
    /// A refusal. The channel's id is the credential, so an unknown one is 404 and nothing more.
    Refused(Answer),
    /// No answer.
    Hang,
}

/// Which channel of which organisation a socket is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    site: Where,
    channel: String,
}

/// Whether a path is one of a socket.
pub(crate) fn is_socket(path: &str) -> bool {
    placed(path).1.starts_with(PATH_PREFIX)
}

/// Opens a socket on the channel that the path names.
pub(crate) fn connect(world: &mut World, path: &str, now: Stamp) -> Connected {
    let (connected, client, status) = try_connect(world, path, now);
    world.stats.count_request(CONNECT, &client, status);
    connected
}

fn try_connect(world: &mut World, path: &str, now: Stamp) -> (Connected, String, u16) {
    let correlation = world.correlation();
    let (site, path) = placed(path);
    let nobody = || NO_CLIENT.to_owned();
    let refuse = |refusal: Refusal, client: String| {
        let answer = refusal.into_answer(correlation);
        let status = answer.status;
        (Connected::Refused(answer), client, status)
    };
    match world.faults.region_down {
        Outage::None => {}
        Outage::Unavailable => return refuse(Refusal::unavailable(), nobody()),
        Outage::Timeout => return (Connected::Hang, nobody(), 0),
    }
    if world.faults.http_trouble_routes.list(CONNECT) {
        if world.request_suffers(world.faults.http_hang_p) {
            return (Connected::Hang, nobody(), 0);
        }
        if world.request_suffers(world.faults.http_error_p) {
            return refuse(Refusal::by_status(world.faults.http_error_status), nobody());
        }
    }
    let channel = path.strip_prefix(PATH_PREFIX).filter(|id| Channels::is_id(id)).unwrap_or_default();
    let (organisation, faults, stats) = world.with_channels(site);
    let Some(line) = organisation.channels.connect(channel, faults, stats, now) else {
        return refuse(Refusal::not_found(), nobody());
    };
    let living = organisation.channels.living(channel, faults, now);
    let client = living.map_or_else(nobody, |channel| channel.client.clone());
    let place = Place { site, channel: channel.to_owned() };
    (Connected::Open(place, line), client, SWITCHING_PROTOCOLS)
}

/// Takes something that a client sent over its socket; `text` is none for anything but a text frame.
pub(crate) fn say(world: &mut World, place: &Place, socket: u64, text: Option<&str>, now: Stamp) {
    let (site, _, stats) = world.with_channels(place.site);
    match site.channels.hear(&place.channel, socket, text, stats, now) {
        Said::Ping | Said::Other => {}
        Said::Subscribe { topics, correlation } => {
            let (result, status) = subscriptions::by_socket(world, place.site, &place.channel, &topics, now);
            let (site, _, stats) = world.with_channels(place.site);
            site.channels.answer(&place.channel, correlation.as_deref(), result, status, stats);
        }
    }
}

/// A socket is gone, with so many events unsent.
pub(crate) fn hung_up(world: &mut World, place: &Place, socket: u64, unsent: u64, ending: Ending) {
    let (site, _, stats) = world.with_channels(place.site);
    stats.lost_cut += unsent;
    site.channels.hung_up(&place.channel, socket, ending, stats);
}
