//! The onduty sidecar as a library, and the parts of the command line around it.

pub mod config;
