//! One line: the agents that share a channel, and whatever channel that is just now.
//!
//! A line waits for many things at once (frames, pings that are due, agents that come and go, requests under way),
//! and does one thing at a time with each.

mod hearing;
mod loss;
mod mend;
mod tap;
mod timetable;
mod upkeep;

use std::collections::BTreeSet;
use std::future::pending;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use onduty_core::agent::UserId;
use onduty_core::time::Timestamp;
use tokio::sync::watch;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

use super::ledger::Ledger;
use super::mending::Mending;
use super::overlap::{Overlap, Side, Term, Turn};
use super::plan::LineId;
use super::recovery::{Loss, TakeOvers};
use super::rotations::Rotation;
use super::standing::LineStanding;
use super::{FAREWELL, Shared};
use crate::clock::SetBacks;
use crate::platform::genesys::channel::{Channel, Heard, SocketError};
use crate::platform::genesys::client::Client;
use mend::Mended;
use tap::Tap;
use timetable::Listening;
use upkeep::Upkeep;

/// The agents of a line.
pub(super) type Agents = Arc<BTreeSet<UserId>>;

/// The longest sleep before the clock is read again, so that a corrected clock is noticed.
const SLEEP_MAX: Duration = Duration::from_secs(5);

/// The agents that share a channel.
pub(super) struct Line {
    shared: Arc<Shared>,
    id: LineId,
    wanted: watch::Receiver<Agents>,
    ledger: Ledger,
    mending: Mending,
    state: State,
    /// Its agents are another line's now.
    is_given_up: bool,
    /// What was heard since a channel is made in the place of another.
    overlap: Option<Overlap>,
    upkeep: Option<BoxFuture<'static, Upkeep>>,
    /// What is under way is a replacement: it goes on when the present channel is lost.
    is_rotating: bool,
    mend: Option<BoxFuture<'static, Mended>>,
    set_backs: SetBacks,
    /// When to look next for agents who are to be read again.
    look_at: Timestamp,
    /// Losses in a row, without an answer to a ping between them.
    losses: u32,
    take_overs: TakeOvers,
    /// Since when one channel or another is listened to.
    open_since: Option<Timestamp>,
    /// A channel that was made to replace another and could not be opened: it is the next to be tried.
    spare: Option<Channel>,
}

/// What the line listens to.
enum State {
    /// Nothing. Something is opened when it is time, if it is not being opened already.
    Deaf {
        /// Not before then.
        retry_at: Timestamp,
        /// The channel whose socket is to be opened again; otherwise a new one is made.
        kept: Option<Channel>,
    },
    /// A channel.
    Open(Box<Tap>),
    /// Two of them, while the second takes the place of the first.
    Changing(Box<Changing>),
}

/// Two channels with the same topics.
struct Changing {
    old: Tap,
    new: Tap,
    term: Term,
    /// Leave to hold one channel more than planned.
    _rotation: Rotation,
}

/// What a line waited for.
enum Event {
    Heard(Side, Result<Heard, SocketError>),
    Upkeep(Upkeep),
    Mended(Mended),
    Wanted,
    Woke,
}

impl Line {
    pub(super) fn new(shared: Arc<Shared>, id: LineId, wanted: watch::Receiver<Agents>) -> Self {
        let (now, set_backs) = (shared.clock.now(), SetBacks::of(&shared.clock));
        Self {
            shared,
            id,
            wanted,
            ledger: Ledger::default(),
            mending: Mending::default(),
            state: State::Deaf { retry_at: now, kept: None },
            is_given_up: false,
            overlap: None,
            upkeep: None,
            is_rotating: false,
            mend: None,
            set_backs,
            look_at: Timestamp::MIN,
            losses: 0,
            take_overs: TakeOvers::default(),
            open_since: None,
            spare: None,
        }
    }

    /// Listens until told to stop, and a little longer: where its agents go, their topics may not be live yet.
    pub(super) async fn run(mut self, stop: CancellationToken) {
        self.listen(&stop).await;
        self.give_up();
        let _ = timeout(FAREWELL, self.listen(&stop)).await;
    }

    /// Nobody is covered by this one any longer, it only passes on what it hears.
    fn give_up(&mut self) {
        self.is_given_up = true;
        self.is_rotating = false;
        (self.upkeep, self.mend) = (None, None);
        self.ledger.gap();
    }

    /// Until the line is to be given up; then, as long as there is something to be heard.
    async fn listen(&mut self, stop: &CancellationToken) {
        while !(self.is_given_up && matches!(self.state, State::Deaf { .. })) {
            self.look_at_the_clock();
            self.begin_what_is_due();
            // The plan gave it up before this task knows.
            if !stop.is_cancelled() {
                self.report();
            }
            let wake_in = self.wake_at().since(self.now()).min(SLEEP_MAX);
            let (old, new) = self.state.taps();
            let client = self.shared.platform.client();
            let event = tokio::select! {
                heard = next_of(old, client) => Event::Heard(Side::Old, heard),
                heard = next_of(new, client) => Event::Heard(Side::New, heard),
                done = work(&mut self.upkeep) => Event::Upkeep(done),
                done = work(&mut self.mend) => Event::Mended(done),
                Ok(()) = self.wanted.changed() => Event::Wanted,
                () = sleep(wake_in) => Event::Woke,
                // Between two events: what was read of a socket is not dropped half-way to the keeper.
                () = stop.cancelled(), if !self.is_given_up => return,
            };
            self.take(event).await;
        }
    }

    async fn take(&mut self, event: Event) {
        match event {
            Event::Heard(side, Ok(first)) => self.hear(side, first).await,
            Event::Heard(side, Err(error)) => self.lose(side, Loss::Closed, &error.to_string()),
            Event::Upkeep(upkeep) => {
                self.upkeep = None;
                self.is_rotating = false;
                self.kept_up(upkeep);
            }
            Event::Mended(mended) => {
                self.mend = None;
                self.mended(mended);
            }
            Event::Wanted => {
                let wanted = Arc::clone(&self.wanted.borrow_and_update());
                self.ledger.keep(&wanted);
            }
            Event::Woke => self.watch_over().await,
        }
    }

    /// Pings that are due, and sockets that are silent.
    async fn watch_over(&mut self) {
        // The new one first: a loss of the old one promotes it.
        for side in [Side::New, Side::Old] {
            let now = self.now();
            let unread = match self.state.tap(side) {
                Some(tap) if tap.is_silent(now) => tap.next_unread(self.shared.platform.client()),
                Some(_) | None => None,
            };
            // Whoever stood still for a while may have the answer to a ping, and not have read it.
            if let Some(Ok(heard)) = unread {
                self.hear(side, heard).await;
            }
            let Some(tap) = self.state.tap(side) else { continue };
            if let Err((loss, detail)) = tap.watch_over(now).await {
                self.lose(side, loss, &detail);
            }
        }
    }

    /// The state, in whose place another is put. If none is, the line is deaf and opens a channel at once.
    fn take_state(&mut self) -> State {
        let retry_at = self.now();
        std::mem::replace(&mut self.state, State::Deaf { retry_at, kept: None })
    }

    /// Listens to a channel from now on.
    fn open(&mut self, tap: Tap) {
        if self.is_given_up {
            self.state = State::Open(Box::new(tap));
            return;
        }
        self.open_since.get_or_insert(tap.live_at);
        self.ledger.keep(&tap.permitted);
        self.ledger.cover(&tap.permitted, tap.live_at);
        if self.is_listing_first() {
            self.mending.leave_to_listing(self.now());
        }
        self.state = State::Open(Box::new(tap));
    }

    /// Says how the line fares.
    fn report(&mut self) {
        let (old, _) = self.state.taps();
        let mut standing = LineStanding::default();
        if let Some(tap) = old {
            standing.is_open = true;
            standing.rejected = tap.rejected;
            standing.rejection = tap.rejection.clone();
            standing.not_put = tap.not_put.clone();
        }
        standing.covered = self.ledger.covered();
        self.shared.board.report(self.id, standing);
    }

    /// Whether the full listing that begins every run is under way: what a store held is read again by that.
    fn is_listing_first(&self) -> bool {
        let listing = self.shared.view.snapshot().listing();
        listing.is_none_or(|listing| listing.finished_at < self.shared.started_at)
    }

    fn now(&self) -> Timestamp {
        self.shared.clock.now()
    }

    fn wake_at(&self) -> Timestamp {
        let listening = match &self.state {
            State::Deaf { retry_at, .. } => Listening::Deaf { retry_at: *retry_at },
            State::Open(tap) => Listening::One { ping_at: tap.ping_at(), due_at: tap.due_at() },
            State::Changing(changing) => Listening::Two {
                ping_at: changing.old.ping_at().min(changing.new.ping_at()),
                until: match changing.term.turn(changing.old.vouched_at(), self.now()) {
                    Turn::Both(until) => until,
                    Turn::Change | Turn::ChangeWithGap => Timestamp::MIN,
                },
            },
        };
        listening.wake_at(self.upkeep.is_some() || self.is_given_up).min(self.mend_at())
    }
}

impl State {
    /// The old (or only) channel, and the new one.
    fn taps(&mut self) -> (Option<&mut Tap>, Option<&mut Tap>) {
        match self {
            Self::Deaf { .. } => (None, None),
            Self::Open(tap) => (Some(tap), None),
            Self::Changing(changing) => (Some(&mut changing.old), Some(&mut changing.new)),
        }
    }

    /// One of them, while it is listened to.
    fn tap(&mut self, side: Side) -> Option<&mut Tap> {
        let (old, new) = self.taps();
        match side {
            Side::Old => old,
            Side::New => new,
        }
    }
}

async fn next_of(tap: Option<&mut Tap>, client: &Client) -> Result<Heard, SocketError> {
    match tap {
        Some(tap) => tap.socket.next(client).await,
        None => pending().await,
    }
}

async fn work<T>(slot: &mut Option<BoxFuture<'static, T>>) -> T {
    match slot {
        Some(work) => work.await,
        None => pending().await,
    }
}
