//! Section `limits`: a bound for everything that a stranger or a burst could make large.

use std::time::Duration;

use super::input::Input;
use super::kind::{Count, Span};
use super::setting::{Key, Setting};

/// Section `limits`, checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LimitsConfig {
    /// Connections open at once on the api listener.
    pub api_connections: usize,
    /// Connections open at once on the ingress listener.
    pub ingress_connections: usize,
    /// Calls and watches open at once on one connection.
    pub streams_per_connection: u32,
    /// Watches open at once, over all connections.
    pub watches: usize,
    /// Ids in one batch, and in one watch.
    pub ids_per_batch: usize,
    /// The longest gRPC request, in bytes.
    pub request_bytes: usize,
    /// How long a unary call may take when its caller sets no deadline (and at most, when it does).
    pub request_timeout: Duration,
    /// How long a client may take to send the head of an HTTP request.
    pub header_timeout: Duration,
    /// Ids that may wait for a look-up at once.
    pub lookup_queue: usize,
    /// How long a caller waits for a look-up before it is told why there is no answer.
    pub lookup_timeout: Duration,
    /// Statements that may wait for the keeper at once.
    pub inlet_queue: usize,
    /// How long a stop waits for calls to end before it cuts them.
    pub stop_timeout: Duration,
}

const API_CONNECTIONS: Setting<Count> = Setting {
    name: "limits.api_connections",
    kind: Count { min: 1, max: 100_000 },
    default: || 4_096,
    doc: "Connections open at once on the api listener.",
};

const INGRESS_CONNECTIONS: Setting<Count> = Setting {
    name: "limits.ingress_connections",
    kind: Count { min: 1, max: 100_000 },
    default: || 512,
    doc: "Connections open at once on the ingress listener.",
};

const STREAMS_PER_CONNECTION: Setting<Count> = Setting {
    name: "limits.streams_per_connection",
    kind: Count { min: 1, max: 100_000 },
    default: || 1_024,
    doc: "Calls and watches open at once on one connection.",
};

const WATCHES: Setting<Count> = Setting {
    name: "limits.watches",
    kind: Count { min: 1, max: 1_000_000 },
    default: || 10_000,
    doc: "Watches open at once, over all connections.",
};

// 1,000 is what the contract promises at most; fewer may be allowed.
const IDS_PER_BATCH: Setting<Count> = Setting {
    name: "limits.ids_per_batch",
    kind: Count { min: 1, max: 1_000 },
    default: || 1_000,
    doc: "Ids in one batch, and in one watch.",
};

const REQUEST_BYTES: Setting<Count> = Setting {
    name: "limits.request_bytes",
    kind: Count { min: 1_024, max: 64 * 1_048_576 },
    default: || 4 * 1_048_576,
    doc: "The longest gRPC request, in bytes.",
};

const REQUEST_TIMEOUT: Setting<Span> = Setting {
    name: "limits.request_timeout",
    kind: Span { min: Duration::from_millis(100), max: Duration::from_secs(600) },
    default: || Duration::from_secs(30),
    doc: "How long a unary call may take.",
};

const HEADER_TIMEOUT: Setting<Span> = Setting {
    name: "limits.header_timeout",
    kind: Span { min: Duration::from_millis(100), max: Duration::from_secs(300) },
    default: || Duration::from_secs(10),
    doc: "How long a client may take to send the head of an HTTP request.",
};

const LOOKUP_QUEUE: Setting<Count> = Setting {
    name: "limits.lookup_queue",
    kind: Count { min: 1, max: 1_000_000 },
    default: || 10_000,
    doc: "Ids that may wait for a look-up at once.",
};

const LOOKUP_TIMEOUT: Setting<Span> = Setting {
    name: "limits.lookup_timeout",
    kind: Span { min: Duration::from_millis(100), max: Duration::from_secs(300) },
    default: || Duration::from_secs(15),
    doc: "How long a caller waits for a look-up.",
};

const INLET_QUEUE: Setting<Count> = Setting {
    name: "limits.inlet_queue",
    kind: Count { min: 1, max: 1_000_000 },
    default: || 4_096,
    doc: "Statements that may wait for the keeper at once.",
};

const STOP_TIMEOUT: Setting<Span> = Setting {
    name: "limits.stop_timeout",
    kind: Span { min: Duration::from_millis(100), max: Duration::from_secs(600) },
    default: || Duration::from_secs(20),
    doc: "How long a stop waits for calls to end before it cuts them.",
};

pub(super) fn keys() -> Vec<Key> {
    vec![
        API_CONNECTIONS.key(),
        INGRESS_CONNECTIONS.key(),
        STREAMS_PER_CONNECTION.key(),
        WATCHES.key(),
        IDS_PER_BATCH.key(),
        REQUEST_BYTES.key(),
        REQUEST_TIMEOUT.key(),
        HEADER_TIMEOUT.key(),
        LOOKUP_QUEUE.key(),
        LOOKUP_TIMEOUT.key(),
        INLET_QUEUE.key(),
        STOP_TIMEOUT.key(),
    ]
}

pub(super) fn read(input: &mut Input) -> LimitsConfig {
    LimitsConfig {
        api_connections: count(input, &API_CONNECTIONS),
        ingress_connections: count(input, &INGRESS_CONNECTIONS),
        streams_per_connection: u32::try_from(input.value(&STREAMS_PER_CONNECTION)).unwrap_or(u32::MAX),
        watches: count(input, &WATCHES),
        ids_per_batch: count(input, &IDS_PER_BATCH),
        request_bytes: count(input, &REQUEST_BYTES),
        request_timeout: input.value(&REQUEST_TIMEOUT),
        header_timeout: input.value(&HEADER_TIMEOUT),
        lookup_queue: count(input, &LOOKUP_QUEUE),
        lookup_timeout: input.value(&LOOKUP_TIMEOUT),
        inlet_queue: count(input, &INLET_QUEUE),
        stop_timeout: input.value(&STOP_TIMEOUT),
    }
}

fn count(input: &mut Input, setting: &Setting<Count>) -> usize {
    usize::try_from(input.value(setting)).unwrap_or(usize::MAX)
}
