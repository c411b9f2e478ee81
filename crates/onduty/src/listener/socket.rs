//! TCP or unix: binding and accepting.

use std::fs;
use std::io;
use std::os::unix::fs::{FileTypeExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream, UnixListener, UnixStream};

use crate::config::Listen;

/// Why a listener could not be bound.
#[derive(Debug, thiserror::Error)]
pub enum BindError {
    /// Somebody else has the address.
    #[error("{0} is in use: another process listens there; stop it or choose another address")]
    InUse(Listen),
    /// A file that is no socket stands where the socket should.
    #[error("{0} is a file and no socket: remove it or choose another path")]
    NotASocket(Listen),
    /// The system refused.
    #[error("could not listen on {at}")]
    Refused {
        /// Where.
        at: Listen,
        /// What the system said.
        source: io::Error,
    },
}

/// A bound socket. Dropping it frees the address; the file of a unix socket goes with it.
#[derive(Debug)]
pub(super) struct Socket {
    kind: Kind,
    address: Listen,
}

#[derive(Debug)]
enum Kind {
    Tcp(TcpListener),
    Unix(UnixListener),
}

/// An accepted connection.
#[derive(Debug)]
pub(super) enum Accepted {
    Tcp(TcpStream),
    Unix(UnixStream),
}

impl Socket {
    /// Binds.
    pub(super) async fn bind(at: &Listen) -> Result<Self, BindError> {
        let refused = |source: io::Error| match source.kind() {
            io::ErrorKind::AddrInUse => BindError::InUse(at.clone()),
            _ => BindError::Refused { at: at.clone(), source },
        };
        match at {
            Listen::Tcp(address) => {
                let listener = TcpListener::bind(address).await.map_err(refused)?;
                let bound = Listen::Tcp(listener.local_addr().map_err(refused)?);
                Ok(Self { kind: Kind::Tcp(listener), address: bound })
            }
            Listen::Unix(path) => {
                make_way(at, path).await?;
                let listener = UnixListener::bind(path).map_err(refused)?;
                // States of people: for the user who runs the sidecar, and for nobody else unless he says so.
                fs::set_permissions(path, fs::Permissions::from_mode(0o600)).map_err(refused)?;
                Ok(Self { kind: Kind::Unix(listener), address: at.clone() })
            }
        }
    }

    /// Where it is bound.
    pub(super) const fn address(&self) -> &Listen {
        &self.address
    }

    /// The next connection.
    pub(super) async fn accept(&self) -> io::Result<Accepted> {
        match &self.kind {
            Kind::Tcp(listener) => {
                let (stream, _) = listener.accept().await?;
                // Small answers must not wait for more to send.
                stream.set_nodelay(true)?;
                Ok(Accepted::Tcp(stream))
            }
            Kind::Unix(listener) => Ok(Accepted::Unix(listener.accept().await?.0)),
        }
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        if let Listen::Unix(path) = &self.address {
            // If it stays, the next start replaces it.
            let _ = fs::remove_file(path);
        }
    }
}

/// Removes a socket that nobody answers at. Anything else at that path is somebody's.
async fn make_way(at: &Listen, path: &PathBuf) -> Result<(), BindError> {
    match fs::symlink_metadata(path) {
        Err(_) => Ok(()),
        Ok(found) if !found.file_type().is_socket() => Err(BindError::NotASocket(at.clone())),
        Ok(_) if is_answered(path).await => Err(BindError::InUse(at.clone())),
        Ok(_) => fs::remove_file(path).map_err(|source| BindError::Refused { at: at.clone(), source }),
    }
}

async fn is_answered(path: &Path) -> bool {
    match UnixStream::connect(path).await {
        Ok(_) => true,
        // Only a refusal proves that nobody is there.
        Err(error) => error.kind() != io::ErrorKind::ConnectionRefused,
    }
}

/// Whether an error of `accept` is about that one connection only, so that the next may be tried at once.
pub(super) fn concerns_one_connection(error: &io::Error) -> bool {
    use io::ErrorKind::{
        BrokenPipe, ConnectionAborted, ConnectionRefused, ConnectionReset, Interrupted, InvalidInput,
        NotConnected,
    };
    matches!(
        error.kind(),
        BrokenPipe
            | ConnectionAborted
            | ConnectionRefused
            | ConnectionReset
            | Interrupted
            | InvalidInput
            | NotConnected
    )
}

impl AsyncRead for Accepted {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Tcp(stream) => Pin::new(stream).poll_read(context, buffer),
            Self::Unix(stream) => Pin::new(stream).poll_read(context, buffer),
        }
    }
}

impl AsyncWrite for Accepted {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Tcp(stream) => Pin::new(stream).poll_write(context, bytes),
            Self::Unix(stream) => Pin::new(stream).poll_write(context, bytes),
        }
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Tcp(stream) => Pin::new(stream).poll_write_vectored(context, slices),
            Self::Unix(stream) => Pin::new(stream).poll_write_vectored(context, slices),
        }
    }

    fn is_write_vectored(&self) -> bool {
        match self {
            Self::Tcp(stream) => stream.is_write_vectored(),
            Self::Unix(stream) => stream.is_write_vectored(),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Tcp(stream) => Pin::new(stream).poll_flush(context),
            Self::Unix(stream) => Pin::new(stream).poll_flush(context),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Tcp(stream) => Pin::new(stream).poll_shutdown(context),
            Self::Unix(stream) => Pin::new(stream).poll_shutdown(context),
        }
    }
}
