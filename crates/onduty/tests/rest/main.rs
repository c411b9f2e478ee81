//! REST over real sockets: the stage of the gRPC tests, and ordinary HTTP clients.

#![expect(clippy::expect_used, clippy::unwrap_used, reason = "a test fails by panicking")]

mod batch;
mod caller;
mod compat;
mod paths;
mod platform_states;
mod random_ids;
mod reads;
#[expect(dead_code, reason = "the gRPC tests need more of it")]
#[path = "../grpc/stage.rs"]
mod stage;
mod statuses;
mod watch;
