//! Ports for whoever has to be told which to take before it takes them.
//!
//! All are below those that systems give to outgoing connections: one of these would be taken in the moment between
//! our letting go of it and the sidecar's taking it. Tests run side by side, so that they are drawn by chance.

use std::net::TcpListener;
use std::ops::Range;

const PORTS: Range<u16> = 10_000..30_000;
/// More would mean that something else is wrong.
const TRIES: usize = 100;

/// Ports that are free, each held until its listener is dropped.
pub(crate) fn free<const COUNT: usize>() -> [TcpListener; COUNT] {
    let mut tries = std::iter::repeat_with(|| rand::random_range(PORTS)).take(TRIES);
    [(); COUNT].map(|()| tries.find_map(|port| TcpListener::bind(("127.0.0.1", port)).ok()).unwrap())
}
