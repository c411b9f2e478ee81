//! Notification channels, end to end: the whole sidecar, a simulated platform whose channels are all that brings news,
//! and each of the platform's client rules (facts 11.4) put to the test by breaking what it is about.
//!
//! What is promised is counted at the platform, not at the sidecar, wherever it can be: channels made, topics put,
//! sockets opened, agents read.
//!
//! | rule | where |
//! | --- | --- |
//! | no frame, no pong; socket closed; refused, expired | [`gaps`] |
//! | 404, or topics missing, when a channel is asked for; taken over; near its end; 401 to a subscription; no heartbeats; closing; token revoked | [`rules`] |
//! | one channel takes another's place | [`rotation`] |
//! | who is covered and who is not, and what a mark is worth | [`cover`] |

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

mod cover;
mod figures;
mod gaps;
#[path = "../e2e/ports.rs"]
mod ports;
mod rotation;
mod rules;
mod stage;
#[path = "../e2e/truth.rs"]
#[expect(dead_code, reason = "only the users API has channels")]
mod truth;
mod wire;
