//! What callers see. Everything here parses, delegates and converts; what is decided is decided in core, and what
//! is known comes from the published roster alone.

pub mod admin;
mod convert;
mod encode;
pub mod grpc;
mod paging;
pub mod problem;
#[cfg(test)]
mod rows;
mod timeline;
