//! What is true about agents, what changed, and why something is missing.
//!
//! This crate performs no IO, reads no clock, draws no random number and logs nothing: time and ids come in as
//! values, effects go out as values. Statements ([`observation`]) enter the [`roster`], which merges them into
//! rows; a [`snapshot`] is the roster at one revision, shared by every reader; [`answer`] turns a question into a
//! state or a [`finding`], and has no third way out. Which finding, [`diagnose`] decides from [`facts`].

pub mod access;
pub mod account;
pub mod agent;
pub mod answer;
pub mod cursor;
pub mod definition;
pub mod diagnose;
pub mod dialect;
pub mod facts;
pub mod finding;
pub mod observation;
pub mod roster;
pub mod row;
pub mod selector;
pub mod snapshot;
pub mod time;
