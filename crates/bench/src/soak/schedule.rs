//! What is done to the platform, and when: data out of a seed, so that a run can be repeated. Pure.
//!
//! Each kind of trouble has a slot of its own, in an order that the seed decides, with quiet behind it. Two have their
//! place: whoever was taken over waits a minute before a new channel is made, and what events lose only a full listing
//! finds, so that both come where nothing is measured any more.

use std::fmt;
use std::time::Duration;

use serde_json::{Value, json};

/// One thing to do, and when, counted from the beginning.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Step {
    /// When.
    pub(crate) at: Duration,
    /// What.
    pub(crate) act: Act,
}

/// What can be done.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Act {
    /// Orders the simulator to do something to so many channels.
    Channels(Ending, u32),
    /// Revokes all tokens, and with them the channels that they made.
    Revoke,
    /// Trouble that lasts begins.
    Begin(Lasting),
    /// It ends.
    End(Lasting),
    /// What push has told so far is held against the truth.
    Inspect,
}

/// How a channel can come to an end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    /// The socket is cut.
    Cut,
    /// The platform announces that it will close the socket.
    CloseSoon,
    /// The socket stays open, deaf and dumb.
    HalfOpen,
    /// The channel's life is over.
    Expire,
    /// Somebody else takes the channel over.
    TakeOver,
}

/// Trouble that lasts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lasting {
    /// No heartbeats.
    NoHeartbeats,
    /// Requests for users and channels are refused with 429 and a `Retry-After`.
    Storm,
    /// Events are doubled, late, and out of order.
    Disorder,
    /// One event in twenty is lost.
    Loss,
}

/// A kind of trouble, with a slot of its own.
#[derive(Clone, Copy, Debug)]
enum Kind {
    Channels(Ending),
    Revoke,
    Lasting(Lasting),
}

/// Those whose order the seed decides.
const SHUFFLED: [Kind; 8] = [
    Kind::Channels(Ending::Cut),
    Kind::Channels(Ending::CloseSoon),
    Kind::Channels(Ending::HalfOpen),
    Kind::Channels(Ending::Expire),
    Kind::Revoke,
    Kind::Lasting(Lasting::NoHeartbeats),
    Kind::Lasting(Lasting::Storm),
    Kind::Lasting(Lasting::Disorder),
];
/// Slots: theirs, and the take-over's.
const SLOTS: u32 = 9;
/// Events are lost from this slot on, to the end.
const LOSS_FROM: u32 = 6;
/// Channels hit at once, at most.
const HIT_MAX: u64 = 3;
/// The channels that the simulator makes and puts topics on.
const CHANNELS: &str = "/api/v2/notifications/channels";
const SUBSCRIPTIONS: &str = "/api/v2/notifications/channels/{channelId}/subscriptions";

/// Everything that is done in a run of this length.
pub(crate) fn schedule(seed: u64, length: Duration) -> Vec<Step> {
    let mut chance = Chance(seed);
    let mut order = SHUFFLED;
    for last in (1..order.len()).rev() {
        order.swap(last, chance.below(last as u64 + 1) as usize);
    }
    let slot = length / SLOTS;
    let kinds = order.into_iter().chain([Kind::Channels(Ending::TakeOver)]);
    let mut steps = vec![Step { at: slot * LOSS_FROM, act: Act::Begin(Lasting::Loss) }];
    for (number, kind) in (0..SLOTS).zip(kinds) {
        let begins_at = slot * number + slot.mul_f64(0.05 + 0.1 * chance.share());
        let mut step = |at, act| steps.push(Step { at, act });
        match kind {
            Kind::Channels(ending) => {
                step(begins_at, Act::Channels(ending, 1 + chance.below(HIT_MAX) as u32));
            }
            Kind::Revoke => step(begins_at, Act::Revoke),
            Kind::Lasting(lasting) => {
                step(begins_at, Act::Begin(lasting));
                step(begins_at + slot.mul_f64(0.3 + 0.1 * chance.share()), Act::End(lasting));
            }
        }
        if number < LOSS_FROM {
            step(slot * (number + 1) - slot / 20, Act::Inspect);
        }
    }
    steps.sort_by_key(|step| step.at);
    steps
}

/// What the simulator is told: how, where, and the body.
pub(crate) enum Order {
    /// `POST /sim/disconnect`.
    Disconnect(Value),
    /// `PUT /sim/faults`.
    Faults(Value),
}

impl Act {
    /// How the simulator is told, if it is told anything.
    pub(crate) fn order(self) -> Option<Order> {
        Some(match self {
            Self::Channels(ending, count) => Order::Disconnect(json!({ ending.name(): count })),
            Self::Revoke => Order::Disconnect(json!({ "revoke": true })),
            Self::Begin(lasting) => Order::Faults(lasting.switches(true)),
            Self::End(lasting) => Order::Faults(lasting.switches(false)),
            Self::Inspect => return None,
        })
    }

    /// Whether push may miss something from here on.
    pub(crate) const fn disturbs(self) -> bool {
        !matches!(self, Self::Inspect | Self::End(_))
    }
}

impl Ending {
    /// As `/sim/disconnect` calls it.
    const fn name(self) -> &'static str {
        match self {
            Self::Cut => "sockets",
            Self::CloseSoon => "closeSoon",
            Self::HalfOpen => "halfOpen",
            Self::Expire => "expire",
            Self::TakeOver => "takeover",
        }
    }
}

impl Lasting {
    fn switches(self, on: bool) -> Value {
        let chance = |p: f64| if on { p } else { 0.0 };
        match self {
            Self::NoHeartbeats => json!({ "heartbeat_stop": on }),
            Self::Storm => json!({
                "http_error_p": chance(1.0),
                "http_error_status": 429,
                "http_trouble_routes": ["/api/v2/users", CHANNELS, SUBSCRIPTIONS],
            }),
            Self::Disorder => json!({
                "event_dup": { "channel": chance(0.1) },
                "event_reorder": { "channel": chance(0.3) },
                "event_delay": { "channel": if on { 2_000 } else { 0 } },
            }),
            Self::Loss => json!({ "event_loss": { "channel": chance(0.05) } }),
        }
    }
}

impl fmt::Display for Act {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Channels(ending, count) => {
                let what = match ending {
                    Ending::Cut => "sockets cut",
                    Ending::CloseSoon => "sockets to be closed soon",
                    Ending::HalfOpen => "sockets half open",
                    Ending::Expire => "channels expired",
                    Ending::TakeOver => "channels taken over",
                };
                write!(f, "{what}: {count}")
            }
            Self::Revoke => f.write_str("all tokens revoked"),
            Self::Begin(lasting) => write!(f, "{lasting}"),
            Self::End(lasting) => write!(f, "over: {lasting}"),
            Self::Inspect => f.write_str("held against the truth"),
        }
    }
}

impl fmt::Display for Lasting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoHeartbeats => "no heartbeats",
            Self::Storm => "429 for users and channels",
            Self::Disorder => "10 % of events doubled, 30 % out of order, all late by up to 2 s",
            Self::Loss => "5 % of events lost",
        })
    }
}

/// SplitMix64: the same numbers from the same seed in every version of this program.
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// A number below that one, which is small.
    fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }

    /// From 0 to 1.
    fn share(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LENGTH: Duration = Duration::from_secs(600);

    #[test]
    fn one_seed_gives_one_schedule_and_another_seed_another() {
        assert_eq!(schedule(7, LENGTH), schedule(7, LENGTH));
        assert_ne!(schedule(7, LENGTH), schedule(8, LENGTH));
    }

    #[test]
    fn every_kind_of_trouble_comes_once_and_all_of_it_within_the_run() {
        for seed in 0..200 {
            let steps = schedule(seed, LENGTH);
            assert!(steps.is_sorted_by_key(|step| step.at) && steps.iter().all(|step| step.at < LENGTH));
            let count = |wanted: &dyn Fn(Act) -> bool| steps.iter().filter(|step| wanted(step.act)).count();
            for ending in [Ending::Cut, Ending::CloseSoon, Ending::HalfOpen, Ending::Expire, Ending::TakeOver]
            {
                let hit = |act| matches!(act, Act::Channels(this, 1..=3) if this == ending);
                assert_eq!(count(&hit), 1, "{ending:?} with seed {seed}");
            }
            for lasting in [Lasting::NoHeartbeats, Lasting::Storm, Lasting::Disorder] {
                assert_eq!(count(&|act| act == Act::Begin(lasting)), 1);
                assert_eq!(count(&|act| act == Act::End(lasting)), 1);
            }
            assert_eq!(count(&|act| act == Act::Revoke), 1);
            assert_eq!(count(&|act| act == Act::Inspect), 6);
            assert_eq!(count(&|act| act == Act::Begin(Lasting::Loss)), 1);
            assert_eq!(count(&|act| act == Act::End(Lasting::Loss)), 0, "it lasts to the end");
        }
    }

    #[test]
    fn nothing_is_inspected_while_events_are_lost_or_trouble_lasts() {
        for seed in 0..200 {
            let mut under_way = 0_i32;
            for step in schedule(seed, LENGTH) {
                match step.act {
                    Act::Begin(_) => under_way += 1,
                    Act::End(_) => under_way -= 1,
                    Act::Inspect => assert_eq!(under_way, 0, "seed {seed}"),
                    Act::Channels(..) | Act::Revoke => {}
                }
            }
        }
    }
}
