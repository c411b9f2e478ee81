//! Where a listener binds.

use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;

/// A TCP address or a unix socket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Listen {
    /// An IP address and a port; port 0 lets the system choose.
    Tcp(SocketAddr),
    /// The path of a unix socket.
    Unix(PathBuf),
}

impl Listen {
    /// Reads `127.0.0.1:7400`, `[::1]:7400` or `unix:/path`. Host names are not looked up: a bind says exactly where.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        match text.strip_prefix("unix:") {
            Some(path) => {
                let usable = path.starts_with('/') && path.len() > 1 && !path.contains('\0');
                usable.then(|| Self::Unix(PathBuf::from(path)))
            }
            None => text.parse().ok().map(Self::Tcp),
        }
    }

    /// Whether others than this machine could reach it.
    #[must_use]
    pub fn is_exposed(&self) -> bool {
        match self {
            Self::Tcp(address) => !address.ip().to_canonical().is_loopback(),
            Self::Unix(_) => false,
        }
    }

    /// The TCP address, if it is one.
    #[must_use]
    pub fn tcp(&self) -> Option<SocketAddr> {
        match self {
            Self::Tcp(address) => Some(*address),
            Self::Unix(_) => None,
        }
    }
}

impl fmt::Display for Listen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(address) => address.fmt(f),
            Self::Unix(path) => write!(f, "unix:{}", path.display()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_another_machine_can_reach_counts_as_exposed() {
        let table = [
            ("127.0.0.1:7400", Some(false)),
            ("127.8.8.8:0", Some(false)),
            ("[::1]:7400", Some(false)),
            ("[::ffff:127.0.0.1]:7400", Some(false)),
            ("0.0.0.0:7400", Some(true)),
            ("[::]:7400", Some(true)),
            ("10.0.0.5:7400", Some(true)),
            ("unix:/run/onduty.sock", Some(false)),
            ("unix:relative.sock", None),
            ("unix:/", None),
            ("localhost:7400", None),
            ("127.0.0.1", None),
            ("7400", None),
            ("127.0.0.1:65536", None),
        ];
        for (text, expected) in table {
            assert_eq!(Listen::parse(text).map(|listen| listen.is_exposed()), expected, "{text}");
        }
    }
}
