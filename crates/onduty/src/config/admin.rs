//! Section `admin`: the listener for metrics, probes and draining.

use std::net::{Ipv4Addr, SocketAddr};

use super::input::Input;
use super::kind::TcpAddress;
use super::listen::Listen;
use super::setting::{Key, Setting};

/// Section `admin`, checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AdminConfig {
    /// Where metrics and probes are served. Loopback only, as for the api.
    pub listen: SocketAddr,
}

pub(super) const LISTEN: Setting<TcpAddress> = Setting {
    name: "admin.listen",
    kind: TcpAddress,
    default: || SocketAddr::from((Ipv4Addr::LOCALHOST, 7402)),
    doc: "Where metrics, probes and /drainz listen.",
};

pub(super) fn keys() -> Vec<Key> {
    vec![LISTEN.key()]
}

pub(super) fn read(input: &mut Input) -> AdminConfig {
    let listen = input.value(&LISTEN);
    if Listen::Tcp(listen).is_exposed() {
        input.refuse(
            LISTEN.name,
            "others could reach this address and stop the process through it, for callers are not authenticated; \
             bind a loopback address",
        );
    }
    AdminConfig { listen }
}
