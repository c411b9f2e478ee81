//! Genesys Cloud: one client, two of its APIs.
//!
//! `discovery` finds out which is there. [`client`] sends requests: with a token from [`oauth`], when [`budget`] allows, not while an [`outage`] lasts.
//! [`users_api`] and [`agent_states_api`] know what to ask and what an answer (or a gap in it) proves; [`decode`]
//! reads the bytes. Regions are data of the configuration.

pub mod access;
pub mod agent_states_api;
pub mod backoff;
pub mod budget;
pub mod channel;
pub mod client;
pub mod decode;
pub mod definitions;
pub mod discovery;
pub mod error;
mod kind;
pub mod oauth;
pub mod outage;
pub mod reach;
mod region;
pub mod route;
mod skew;
mod transport;
mod unwelcome;
pub mod users_api;
