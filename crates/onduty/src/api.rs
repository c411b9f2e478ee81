//! What callers see. Everything here parses, delegates and converts; what is decided is decided in core, and what
//! is known comes from the published roster alone.

pub mod admin;
mod compat;
mod convert;
mod deadline;
pub mod diagnosis;
mod encode;
mod freshness;
pub mod front;
mod grpc;
mod listing;
mod page_token;
mod paging;
mod platform_json;
pub mod problem;
mod request;
mod rest;
#[cfg(test)]
mod rows;
mod sync;
mod timeline;
mod violation;
mod watch;
