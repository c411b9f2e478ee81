//! The whole thing: the real binary as a process of its own, the simulator over TCP, an ordinary client.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "in a test, what can't be is a failure with a line number"
)]

mod auto;
mod durability;
mod event;
mod hostile;
mod lookups;
mod ports;
mod pushes;
mod python;
mod readme;
mod sdk;
mod stage;
mod sync;
mod timeline;
mod tls;
mod truth;
