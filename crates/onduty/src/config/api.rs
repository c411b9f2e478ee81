//! Section `api`: the listener that answers callers.

use std::net::{Ipv4Addr, SocketAddr};

use super::input::Input;
use super::kind::ListenAddress;
use super::listen::Listen;
use super::setting::{Key, Setting};

/// Section `api`, checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiConfig {
    /// Where gRPC is served. Never reachable from another machine as long as callers cannot be authenticated.
    pub listen: Listen,
}

/// The port that the api listens on unless told otherwise.
pub const DEFAULT_PORT: u16 = 7400;

pub(super) const LISTEN: Setting<ListenAddress> = Setting {
    name: "api.listen",
    kind: ListenAddress,
    default: || Listen::Tcp(SocketAddr::from((Ipv4Addr::LOCALHOST, DEFAULT_PORT))),
    doc: "Where the api listens.",
};

pub(super) fn keys() -> Vec<Key> {
    vec![LISTEN.key()]
}

pub(super) fn read(input: &mut Input) -> ApiConfig {
    let listen = input.value(&LISTEN);
    if listen.is_exposed() {
        input.refuse(
            LISTEN.name,
            "others could reach this address and callers are not authenticated; \
             bind a loopback address or unix:/path, and put an authenticating proxy before it",
        );
    }
    ApiConfig { listen }
}
