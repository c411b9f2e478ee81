//! The messages themselves. A tag is never used again for something else.

use prost::{Message, Oneof};

/// A row, but for its key.
#[derive(Clone, PartialEq, Message)]
pub(super) struct RowRecord {
    #[prost(uint32, tag = "1")]
    pub(super) format: u32,
    #[prost(uint64, tag = "2")]
    pub(super) revision: u64,
    #[prost(uint32, tag = "3")]
    pub(super) changed_by: u32,
    #[prost(sint64, tag = "4")]
    pub(super) changed_at: i64,
    #[prost(bool, tag = "5")]
    pub(super) present: bool,
    #[prost(message, optional, tag = "6")]
    pub(super) agent_id: Option<WordRecord>,
    #[prost(message, optional, tag = "7")]
    pub(super) name: Option<WordRecord>,
    #[prost(message, optional, tag = "8")]
    pub(super) division_id: Option<WordRecord>,
    #[prost(message, optional, tag = "9")]
    pub(super) account: Option<WordRecord>,
    #[prost(message, optional, tag = "10")]
    pub(super) presence: Option<RegisterRecord>,
    #[prost(message, optional, tag = "11")]
    pub(super) routing_status: Option<RegisterRecord>,
    #[prost(message, optional, tag = "12")]
    pub(super) out_of_office: Option<RegisterRecord>,
    #[prost(message, optional, tag = "13")]
    pub(super) active_queues: Option<RegisterRecord>,
    #[prost(message, optional, tag = "14")]
    pub(super) login: Option<RegisterRecord>,
    #[prost(sint64, optional, tag = "15")]
    pub(super) seen_at: Option<i64>,
    #[prost(sint64, optional, tag = "16")]
    pub(super) absent_at: Option<i64>,
    #[prost(string, optional, tag = "17")]
    pub(super) label: Option<String>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct StatementRecord {
    #[prost(uint32, tag = "1")]
    pub(super) format: u32,
    #[prost(string, optional, tag = "2")]
    pub(super) agent_id: Option<String>,
    #[prost(string, optional, tag = "3")]
    pub(super) name: Option<String>,
    #[prost(string, optional, tag = "4")]
    pub(super) division_id: Option<String>,
    #[prost(string, optional, tag = "5")]
    pub(super) account: Option<String>,
    #[prost(message, optional, tag = "6")]
    pub(super) presence: Option<SaidRecord>,
    #[prost(message, optional, tag = "7")]
    pub(super) routing_status: Option<SaidRecord>,
    #[prost(message, optional, tag = "8")]
    pub(super) out_of_office: Option<SaidRecord>,
    #[prost(message, optional, tag = "9")]
    pub(super) active_queues: Option<SaidRecord>,
    #[prost(message, optional, tag = "10")]
    pub(super) login: Option<SaidRecord>,
    #[prost(bool, tag = "11")]
    pub(super) absent: bool,
    #[prost(message, optional, tag = "12")]
    pub(super) secondary_presence: Option<SaidRecord>,
}

/// A word of the profile.
#[derive(Clone, PartialEq, Message)]
pub(super) struct WordRecord {
    #[prost(string, tag = "1")]
    pub(super) value: String,
    #[prost(sint64, tag = "2")]
    pub(super) at: i64,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct RegisterRecord {
    #[prost(message, optional, tag = "1")]
    pub(super) exact: Option<ExactRecord>,
    #[prost(message, optional, tag = "2")]
    pub(super) estimate: Option<EstimateRecord>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct ExactRecord {
    #[prost(oneof = "Value", tags = "1, 2, 3, 4")]
    pub(super) value: Option<Value>,
    #[prost(sint64, tag = "5")]
    pub(super) clock_at: i64,
    #[prost(uint64, tag = "6")]
    pub(super) clock_version: u64,
    #[prost(uint32, tag = "7")]
    pub(super) source: u32,
    #[prost(sint64, tag = "8")]
    pub(super) vouched_at: i64,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct EstimateRecord {
    #[prost(oneof = "Value", tags = "1, 2, 3, 4")]
    pub(super) value: Option<Value>,
    #[prost(sint64, tag = "5")]
    pub(super) heard_at: i64,
    #[prost(sint64, optional, tag = "6")]
    pub(super) read_until: Option<i64>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct SaidRecord {
    #[prost(oneof = "Value", tags = "1, 2, 3, 4")]
    pub(super) value: Option<Value>,
    #[prost(sint64, optional, tag = "5")]
    pub(super) clock_at: Option<i64>,
    #[prost(uint64, tag = "6")]
    pub(super) clock_version: u64,
}

/// The value of one facet.
#[derive(Clone, PartialEq, Oneof)]
pub(super) enum Value {
    #[prost(message, tag = "1")]
    Presence(PresenceRecord),
    #[prost(string, tag = "2")]
    RoutingStatus(String),
    #[prost(bool, tag = "3")]
    Flag(bool),
    #[prost(message, tag = "4")]
    Queues(QueuesRecord),
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct PresenceRecord {
    #[prost(string, tag = "1")]
    pub(super) system: String,
    #[prost(string, optional, tag = "2")]
    pub(super) definition_id: Option<String>,
    #[prost(string, tag = "3")]
    pub(super) message: String,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct QueuesRecord {
    #[prost(string, repeated, tag = "1")]
    pub(super) ids: Vec<String>,
}
