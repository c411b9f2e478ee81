//! The contact-centre clouds that can be mirrored.

pub mod genesys;
