//! The whole thing: the real binary as a process of its own, the simulator over TCP, an ordinary client.

mod durability;
mod lookups;
mod stage;
mod sync;
mod truth;
