//! A channel that is listened to: its socket, its topics, and what is due for it.

use std::collections::BTreeSet;
use std::sync::Arc;

use futures_util::FutureExt as _;
use onduty_core::agent::UserId;
use onduty_core::time::Timestamp;

use super::Agents;
use super::timetable::{Due, Timetable};
use crate::error_chain::Chain;
use crate::platform::genesys::channel::{Channel, Heard, Socket, SocketError, Subscribed};
use crate::platform::genesys::client::Client;
use crate::platform::genesys::decode::RejectedTopic;
use crate::platform::genesys::error::PlatformError;
use crate::sources::channel::Rhythm;
use crate::sources::channel::ledger::SETTLING;
use crate::sources::channel::recovery::Loss;
use crate::sources::channel::vigil::{Step, Vigil};

/// The platform's code for an id that is no channel's. Other refusals with 400 are of topics, and another channel would
/// not be given them either.
const BAD_CHANNEL: &str = "notification.unable.to.get.channel.id";

/// A channel that is listened to.
pub(super) struct Tap {
    pub(super) channel: Channel,
    pub(super) socket: Socket,
    /// Agents whose topics were put.
    pub(super) asked: Agents,
    /// Agents whose topics the platform took.
    pub(super) permitted: BTreeSet<UserId>,
    /// How many of those that it was told it refused.
    pub(super) rejected: usize,
    /// Why one of them.
    pub(super) rejection: Option<Arc<RejectedTopic>>,
    /// Why its topics could not be put again, until they are.
    pub(super) not_put: Option<Arc<str>>,
    /// Refusals in a row to take them.
    refusals: u32,
    /// When all of those topics were live.
    pub(super) live_at: Timestamp,
    /// Its socket will be closed: it is to be replaced before.
    pub(super) is_closing: bool,
    pub(super) timetable: Timetable,
    vigil: Vigil,
}

/// Why no channel could be opened.
pub(super) struct Failed {
    pub(super) loss: Loss,
    pub(super) detail: String,
    /// When the platform wants to be asked again.
    pub(super) not_before: Option<Timestamp>,
    /// The channel that was not opened, if there is one: the platform lets few live, and it may be tried again.
    pub(super) channel: Option<Box<Channel>>,
}

impl Tap {
    /// Opens a channel: this one, or one that is made for it.
    ///
    /// # Errors
    ///
    /// With the channel, when it was had.
    pub(super) async fn open(
        client: &Client,
        kept: Option<Channel>,
        agents: Agents,
        rhythm: Rhythm,
    ) -> Result<Self, Failed> {
        let mut channel = match kept {
            Some(kept) => kept,
            None => Channel::make(client).await?,
        };
        match Self::connect(client, &mut channel, &agents).await {
            Ok((socket, subscribed)) => {
                let live_at = client.now().after(SETTLING);
                Ok(Self::new(channel, socket, agents, subscribed, live_at, rhythm))
            }
            Err(failed) => Err(Failed { channel: Some(Box::new(channel)), ..failed }),
        }
    }

    /// Opens the socket of a channel and puts the topics, in this order: of a client's channels an unconnected one is
    /// displaced first. Of one that had them, putting them again tells which are refused, and gives it its whole life.
    async fn connect(
        client: &Client,
        channel: &mut Channel,
        agents: &Agents,
    ) -> Result<(Socket, Subscribed), Failed> {
        let socket = channel.connect(client).await?;
        Ok((socket, channel.subscribe(client, agents).await?))
    }

    fn new(
        channel: Channel,
        socket: Socket,
        asked: Agents,
        subscribed: Subscribed,
        live_at: Timestamp,
        rhythm: Rhythm,
    ) -> Self {
        let mut tap = Self {
            vigil: Vigil::begin(live_at.before(SETTLING), rhythm.ping),
            timetable: Timetable::begin(live_at, rhythm.rotation, rand::random()),
            channel,
            socket,
            permitted: BTreeSet::new(),
            rejected: 0,
            rejection: None,
            not_put: None,
            refusals: 0,
            asked,
            live_at,
            is_closing: false,
        };
        let asked = Arc::clone(&tap.asked);
        tap.subscribed(asked, subscribed, live_at);
        tap
    }

    /// The topics of these agents were put.
    pub(super) fn subscribed(&mut self, asked: Agents, subscribed: Subscribed, now: Timestamp) {
        self.permitted = subscribed.permitted;
        self.rejected = asked.len() - self.permitted.len();
        self.rejection = subscribed.why.map(Arc::new);
        self.asked = asked;
        (self.not_put, self.refusals) = (None, 0);
        self.timetable.subscribed(self.channel.expires_at, self.rejection.is_some(), now);
    }

    /// The next frame, if it has come already.
    pub(super) fn next_unread(&mut self, client: &Client) -> Option<Result<Heard, SocketError>> {
        self.socket.next(client).now_or_never()
    }

    /// Whether it is to be given up for what has been read of it.
    pub(super) fn is_silent(&self, now: Timestamp) -> bool {
        self.vigil.step(now) == Step::GiveUp
    }

    /// Pings if it is time.
    ///
    /// # Errors
    ///
    /// When the socket is to be given up.
    pub(super) async fn watch_over(&mut self, now: Timestamp) -> Result<(), (Loss, String)> {
        match self.vigil.step(now) {
            Step::Wait(_) => Ok(()),
            Step::GiveUp => Err((Loss::Silent, "a ping was not answered".to_owned())),
            Step::Ping => {
                self.vigil.pinged(now);
                self.socket.ping().await.map_err(|error| (Loss::Closed, error.to_string()))
            }
        }
    }

    pub(super) fn heard(&mut self, at: Timestamp) {
        self.vigil.heard(at);
    }

    /// The answer to a ping came: everything that was sent to us before that instant has been read.
    pub(super) fn answered(&mut self) -> Option<Timestamp> {
        self.vigil.answered()
    }

    /// What was sent to it before this instant has been read.
    pub(super) const fn vouched_at(&self) -> Timestamp {
        self.vigil.vouched_at()
    }

    /// The platform did not take the topics of these agents: they are put again after a while, and not before.
    pub(super) fn not_subscribed(&mut self, asked: Agents, failed: Failed, now: Timestamp) {
        self.refusals = if failed.loss == Loss::Refused { self.refusals.saturating_add(1) } else { 0 };
        let wait = failed.loss.before_putting_again(self.refusals, rand::random());
        self.timetable.extend_later(failed.not_before.unwrap_or(now).max(now.after(wait)));
        self.not_put = Some(failed.detail.into());
        self.asked = asked;
    }

    /// What is due for it: topics are put again when other agents are wanted, too. A channel may end with the token that
    /// made it.
    pub(super) fn due(&self, now: Timestamp, token_generation: u64, wanted: &Agents) -> Option<Due> {
        let ends = self.is_closing || self.channel.token_generation != token_generation;
        // Whoever is hired while topics are refused is no reason to ask again at once.
        let has_others = self.not_put.is_none() && self.asked != *wanted;
        self.timetable.due(now, ends, has_others)
    }

    /// Not to be replaced for a while.
    pub(super) fn put_off(&mut self, now: Timestamp) {
        self.timetable.put_off(now, self.is_closing);
    }

    /// When something is due for it next.
    pub(super) fn due_at(&self) -> Timestamp {
        self.timetable.due_at(self.is_closing)
    }

    /// It is to be pinged then, whatever its rhythm.
    pub(super) const fn ping_then(&mut self, at: Timestamp) {
        self.vigil.want(at);
    }

    /// When it is to be pinged next, or given up.
    pub(super) fn ping_at(&self) -> Timestamp {
        match self.vigil.step(Timestamp::MIN) {
            Step::Wait(until) => until,
            Step::Ping | Step::GiveUp => Timestamp::MIN,
        }
    }
}

impl From<PlatformError> for Failed {
    fn from(error: PlatformError) -> Self {
        let detail = Chain(&error).to_string();
        let (loss, not_before) = match &error {
            PlatformError::RateLimited { until } => (Loss::Unreachable, Some(*until)),
            PlatformError::Unavailable { .. } | PlatformError::Malformed { .. } => (Loss::Unreachable, None),
            PlatformError::Refused(refused) if refused.status == 404 || refused.code == BAD_CHANNEL => {
                (Loss::Gone, None)
            }
            PlatformError::CredentialsRejected { .. }
            | PlatformError::WrongRegion { .. }
            | PlatformError::Refused(_) => (Loss::Refused, None),
        };
        Self { loss, detail, not_before, channel: None }
    }
}

impl From<SocketError> for Failed {
    fn from(error: SocketError) -> Self {
        let loss = match error {
            SocketError::Refused { .. } => Loss::Gone,
            SocketError::Address(_) => Loss::Refused,
            SocketError::Unreachable(_) | SocketError::Ended(_) => Loss::Unreachable,
        };
        Self { loss, detail: error.to_string(), not_before: None, channel: None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::genesys::error::Refused;
    use crate::platform::genesys::route::Route;

    #[test]
    fn only_what_is_said_of_the_channel_ends_it_and_not_what_is_said_of_topics() {
        let table = [
            (404, "entity.not.found", Loss::Gone),
            (400, "notification.unable.to.get.channel.id", Loss::Gone),
            (400, "notification.subscription.too.many.subscriptions", Loss::Refused),
            (400, "notification.invalid.topic", Loss::Refused),
            (400, Refused::WITHOUT_CODE, Loss::Refused),
            (403, "notification.unauthorized.topic", Loss::Refused),
        ];
        for (status, code, loss) in table {
            let (code, message) = (code.to_owned(), String::new());
            let refused =
                Refused { route: Route::Subscriptions, status, code, message, correlation_id: None };
            assert_eq!(Failed::from(PlatformError::Refused(refused.clone())).loss, loss, "{refused}");
        }
    }
}
