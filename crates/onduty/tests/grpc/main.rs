//! The gRPC services over real sockets: a real server, ordinary tonic clients, and in place of the platform a task
//! that plays the look-up's end of `ask`.

#![expect(clippy::expect_used, clippy::unwrap_used, reason = "a test fails by panicking")]

mod admin;
mod answers;
mod connections;
mod follower;
mod health;
mod http;
mod limits;
mod list;
mod reflection;
mod stage;
mod timeline;
mod watch;
mod watch_every_change;
mod watch_misses;
mod watch_resume;
