//! What was asked and what was pushed, counted.

mod channel;

use std::collections::BTreeMap;

use serde_json::{Value, json};

pub(crate) use channel::{ChannelStats, Ending};

/// Counts of requests and events since the start.
#[derive(Debug, Default)]
pub(crate) struct Stats {
    requests: BTreeMap<(&'static str, String, u16), u64>,
    /// Requests beyond the allowance of their token, by client.
    over_allowance: BTreeMap<String, u64>,
    /// Changes of state that others can see.
    pub(crate) events_made: u64,
    /// What became of them on the webhook.
    pub(crate) webhook: WebhookStats,
    /// What became of them on notification channels.
    pub(crate) channel: ChannelStats,
}

/// Deliveries on the webhook. `made + duplicated = acknowledged + lost + outstanding`.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct WebhookStats {
    /// Events that were meant for the receiver.
    pub(crate) made: u64,
    /// Second copies made by the switch.
    pub(crate) duplicated: u64,
    /// Deliveries tried at least once.
    pub(crate) pushed: u64,
    /// Deliveries answered with 2xx.
    pub(crate) acknowledged: u64,
    /// Further tries of deliveries that were not.
    pub(crate) retried: u64,
    /// Dropped by the switch.
    pub(crate) lost_by_switch: u64,
    /// Refused too often with a 4xx.
    pub(crate) lost_refused: u64,
    /// Older than the switch lets events become.
    pub(crate) lost_expired: u64,
    /// No room to keep them while the receiver was down.
    pub(crate) lost_overflow: u64,
}

/// How many there are just now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Census {
    /// Notification channels.
    pub(crate) channels: usize,
    /// Topics on them.
    pub(crate) topics: usize,
    /// Sockets connected to them.
    pub(crate) sockets: usize,
}

impl WebhookStats {
    /// Deliveries that will never happen.
    pub(crate) fn lost(&self) -> u64 {
        self.lost_by_switch + self.lost_refused + self.lost_expired + self.lost_overflow
    }

    /// Deliveries still to be made.
    pub(crate) fn outstanding(&self) -> u64 {
        (self.made + self.duplicated).saturating_sub(self.acknowledged + self.lost())
    }
}

impl Stats {
    /// Counts one answered request. Routes are templates, so their number is small; clients are few.
    pub(crate) fn count_request(&mut self, route: &'static str, client: &str, status: u16) {
        *self.requests.entry((route, client.to_owned(), status)).or_default() += 1;
    }

    /// Counts a request that was one too many for its token's window. Those refused by a switch are not among them.
    pub(crate) fn count_over_allowance(&mut self, client: &str) {
        *self.over_allowance.entry(client.to_owned()).or_default() += 1;
    }

    /// Starts counting requests from nothing. Events stay counted: what was made has to add up with what was pushed.
    pub(crate) fn forget_requests(&mut self) {
        self.requests.clear();
        self.over_allowance.clear();
    }

    /// Deliveries that are still to be made.
    pub(crate) fn outstanding(&self) -> u64 {
        self.webhook.outstanding() + self.channel.outstanding()
    }

    /// The counts as the control plane shows them; channels, topics and sockets are counted where they live.
    pub(crate) fn to_json(&self, census: Census) -> Value {
        let requests: Vec<Value> = self
            .requests
            .iter()
            .map(|((route, client, status), count)| {
                json!({"route": route, "client": client, "status": status, "count": count})
            })
            .collect();
        let webhook = &self.webhook;
        json!({
            "requests": requests,
            "overAllowance": self.over_allowance,
            "events": {
                "made": self.events_made,
                "webhook": {
                    "made": webhook.made,
                    "duplicated": webhook.duplicated,
                    "pushed": webhook.pushed,
                    "acknowledged": webhook.acknowledged,
                    "retried": webhook.retried,
                    "lost": webhook.lost(),
                    "lostBySwitch": webhook.lost_by_switch,
                    "lostRefused": webhook.lost_refused,
                    "lostExpired": webhook.lost_expired,
                    "lostOverflow": webhook.lost_overflow,
                    "outstanding": webhook.outstanding(),
                },
                "channel": self.channel.events_json(),
            },
            "channels": {"open": census.channels, "topics": census.topics},
            "sockets": {
                "open": census.sockets,
                "opened": self.channel.opened,
                "ended": self.channel.ended_json(),
            },
        })
    }
}
