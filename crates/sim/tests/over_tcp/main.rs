//! The simulator as its users meet it: over TCP, in plain HTTP and over WebSockets.

#[cfg(test)]
mod accounts;
#[cfg(test)]
mod agent_states;
#[cfg(test)]
mod analytics;
#[cfg(test)]
mod causes;
#[cfg(test)]
mod channel_events;
#[cfg(test)]
mod channel_faults;
#[cfg(test)]
mod channel_orders;
#[cfg(test)]
mod channel_sockets;
#[cfg(test)]
mod channels;
#[cfg(test)]
mod clients;
#[cfg(test)]
mod control_plane;
#[cfg(test)]
mod duty;
#[cfg(test)]
mod errors;
#[cfg(test)]
mod fixtures;
#[cfg(test)]
mod house;
#[cfg(test)]
mod parameters;
#[cfg(test)]
mod search;
#[cfg(test)]
mod seeds;
#[cfg(test)]
mod senders;
#[cfg(test)]
mod sign_in;
#[cfg(test)]
mod socket;
#[cfg(test)]
mod subscriptions;
#[cfg(test)]
mod surfaces;
#[cfg(test)]
mod switches;
#[cfg(test)]
mod triggers;
#[cfg(test)]
mod users;
#[cfg(test)]
mod webhooks;
#[cfg(test)]
mod withholding;
#[cfg(test)]
mod writes;
