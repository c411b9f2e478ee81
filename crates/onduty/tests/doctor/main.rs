//! The doctor as people meet it: the real binary against a simulated platform over real sockets, beside a sidecar and
//! without one.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod agents;
mod clients;
mod clock;
mod forms;
#[path = "../e2e/ports.rs"]
mod ports;
mod stage;
mod storm;
