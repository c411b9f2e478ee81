//! The loading side: servers as processes, a gRPC wire that costs little, and the calls.

pub(crate) mod calls;
pub(crate) mod process;
pub(crate) mod wire;
