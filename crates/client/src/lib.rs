//! The Rust client of the onduty sidecar: get, batch, list, and a watch that reconnects and resumes by itself.
//!
//! ```no_run
//! use onduty_client::Client;
//!
//! # async fn example() -> Result<(), onduty_client::ClientError> {
//! let client = Client::connect("127.0.0.1:7400").await?;
//! match client.get("3b1a6f5e-0a41-4c5c-9d6f-0f6f3f1f9d11").await {
//!     Ok(state) => println!("{} is {:?}", state.name, state.presence),
//!     // A miss always says why: a reason, evidence, and what to do.
//!     Err(error) => match error.finding() {
//!         Some(finding) => println!("{}: {} {}", finding.reason, finding.summary, finding.remedy),
//!         None => return Err(error),
//!     },
//! }
//! # Ok(())
//! # }
//! ```
//!
//! A copy of everything, kept current:
//!
//! ```no_run
//! use onduty_client::{Client, Replica, Scope};
//!
//! # async fn example() -> Result<(), onduty_client::ClientError> {
//! let client = Client::connect("unix:/run/onduty/api.sock").await?;
//! let mut watch = client.watch(Scope::everyone());
//! let mut replica = Replica::default();
//! loop {
//!     let event = watch.next().await?;
//!     replica.apply(&event);
//!     println!("{} agents at {}", replica.len(), watch.cursor());
//! }
//! # }
//! ```
//!
//! What is decided is kept apart from what is sent: [`Session`], [`Replica`] and [`Backoff`] are plain values that
//! need neither network nor clock.

mod address;
mod client;
mod diagnose;
mod error;
mod list;
mod replica;
mod timeline;
mod watch;

pub use address::{Address, DEFAULT_ADDRESS};
pub use client::Client;
pub use error::{ClientError, Met};
pub use list::{Listing, Pages};
pub use replica::Replica;
pub use watch::backoff::Backoff;
pub use watch::session::{Session, Step};
pub use watch::{Cause, Event, Scope, Watch, WatchOptions};

pub use onduty_proto::v1 as proto;
