//! The sidecar as a library: sources on one side, readers on the other, one keeper between them.
//!
//! Data moves one way: `sources` hear statements, the `inlet` hands them to the `keeper`, which merges them,
//! commits them to the `journal` and `publish`es a snapshot that answers and watches read. Two arrows lead back,
//! and neither carries state: "sweep again soon" and "please look these ids up" (`ask`).

pub mod answers;
pub mod api;
pub mod app;
pub mod ask;
pub mod catalogue;
pub mod cli;
pub mod clock;
pub mod config;
pub mod doctor;
pub mod error_chain;
pub mod forecast;
pub mod history;
pub mod inlet;
pub mod journal;
pub mod keeper;
pub mod lifecycle;
pub mod lint;
pub mod listener;
pub mod logging;
pub mod meters;
pub mod platform;
pub mod proto_json;
pub mod publish;
pub mod readiness;
pub mod reasons;
pub mod sources;
pub mod status;
