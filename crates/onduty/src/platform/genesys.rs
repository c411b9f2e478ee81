//! Genesys Cloud.

pub mod decode;
