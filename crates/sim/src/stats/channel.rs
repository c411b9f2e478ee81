//! What became of events on notification channels, and why sockets ended.

use std::collections::BTreeMap;

use serde_json::{Value, json};

/// Deliveries over sockets. `made + duplicated = sent + lost + outstanding`.
#[derive(Clone, Debug, Default)]
pub(crate) struct ChannelStats {
    /// Deliveries meant: one for each event and each channel that has subscribed to its topic.
    pub(crate) made: u64,
    /// Second copies made by the switch.
    pub(crate) duplicated: u64,
    /// Written to a socket.
    pub(crate) sent: u64,
    /// Dropped by a switch.
    pub(crate) lost_by_switch: u64,
    /// Nobody was connected to the channel.
    pub(crate) lost_unconnected: u64,
    /// The socket was half open.
    pub(crate) lost_half_open: u64,
    /// The socket ended before they were written.
    pub(crate) lost_cut: u64,
    /// Sockets opened.
    pub(crate) opened: u64,
    ended: BTreeMap<&'static str, u64>,
}

/// Why a socket ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    /// The client closed it, or is gone.
    Client,
    /// Another socket was opened on the same channel.
    Replaced,
    /// The client made more channels than it may have.
    Displaced,
    /// The channel's life was over.
    Expired,
    /// The channel's token died.
    TokenRevoked,
    /// The client was silent for too long.
    Idle,
    /// Closed as announced.
    Planned,
    /// The client did not read.
    Slow,
    /// The control plane cut it.
    Control,
}

impl Ending {
    const ALL: [Self; 9] = [
        Self::Client,
        Self::Replaced,
        Self::Displaced,
        Self::Expired,
        Self::TokenRevoked,
        Self::Idle,
        Self::Planned,
        Self::Slow,
        Self::Control,
    ];

    fn text(self) -> &'static str {
        match self {
            Self::Client => "client",
            Self::Replaced => "replaced",
            Self::Displaced => "displaced",
            Self::Expired => "expired",
            Self::TokenRevoked => "tokenRevoked",
            Self::Idle => "idle",
            Self::Planned => "planned",
            Self::Slow => "slow",
            Self::Control => "control",
        }
    }
}

impl ChannelStats {
    /// Counts the end of a socket.
    pub(crate) fn count_end(&mut self, ending: Ending) {
        *self.ended.entry(ending.text()).or_default() += 1;
    }

    /// Deliveries that will never happen.
    pub(crate) fn lost(&self) -> u64 {
        self.lost_by_switch + self.lost_unconnected + self.lost_half_open + self.lost_cut
    }

    /// Deliveries held back, or on the way to a socket.
    pub(crate) fn outstanding(&self) -> u64 {
        (self.made + self.duplicated).saturating_sub(self.sent + self.lost())
    }

    /// The deliveries as the control plane shows them.
    pub(crate) fn events_json(&self) -> Value {
        json!({
            "made": self.made,
            "duplicated": self.duplicated,
            "sent": self.sent,
            "lost": self.lost(),
            "lostBySwitch": self.lost_by_switch,
            "lostUnconnected": self.lost_unconnected,
            "lostHalfOpen": self.lost_half_open,
            "lostCut": self.lost_cut,
            "outstanding": self.outstanding(),
        })
    }

    /// Ends of sockets by cause.
    pub(crate) fn ended_json(&self) -> Value {
        let count = |ending: Ending| self.ended.get(ending.text()).copied().unwrap_or(0);
        Ending::ALL.iter().map(|ending| (ending.text().to_owned(), Value::from(count(*ending)))).collect()
    }
}
