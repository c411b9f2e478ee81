//! Where statements come from. Each source hears, decodes and hands over to the inlet; none of them merges,
//! answers, or knows of another.

pub mod channel;
pub mod lookup;
pub mod sweep;
pub mod webhook;
