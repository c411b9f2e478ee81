//! The platform client and the sources against the simulated platform, over real sockets.

#![expect(clippy::unwrap_used, reason = "what goes wrong in a test fails it")]

mod auto;
mod budget;
mod counterfactual;
mod definitions;
mod front;
mod house;
mod ingress;
mod lookup;
mod oauth;
mod storm;
mod sweep;
mod together;
