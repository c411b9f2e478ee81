//! Somebody on the wire between the platform and the sidecar, who can falsify what the platform sends.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, copy};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

/// Longer than any frame that is falsified.
const PIECE_MAX: usize = 256 * 1024;

/// Every occurrence of the first is replaced by the second, which is as long.
type Falsehood = Arc<Mutex<Option<(&'static str, &'static str)>>>;

/// Passes everything on.
pub(crate) struct Wire {
    address: SocketAddr,
    falsehood: Falsehood,
    _passing: JoinSet<()>,
}

impl Wire {
    pub(crate) async fn to(platform: SocketAddr) -> Self {
        let listener = TcpListener::bind((std::net::Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let (address, falsehood) = (listener.local_addr().unwrap(), Falsehood::default());
        let (mut passing, by) = (JoinSet::new(), Arc::clone(&falsehood));
        passing.spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((near, _)) = listener.accept().await {
                let Ok(far) = TcpStream::connect(platform).await else { continue };
                let ((near_in, near_out), (far_in, far_out)) = (near.into_split(), far.into_split());
                connections.spawn(up(near_in, far_out));
                connections.spawn(down(far_in, near_out, Arc::clone(&by)));
            }
        });
        Self { address, falsehood, _passing: passing }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// From now on this is replaced by that.
    pub(crate) fn falsify(&self, this: &'static str, that: &'static str) {
        assert_eq!(this.len(), that.len(), "or frames would not fit");
        *self.falsehood.lock().unwrap_or_else(PoisonError::into_inner) = Some((this, that));
    }

    /// From now on the truth is told.
    pub(crate) fn be_honest(&self) {
        *self.falsehood.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}

async fn up(mut from: OwnedReadHalf, mut to: OwnedWriteHalf) {
    let _ = copy(&mut from, &mut to).await;
    let _ = to.shutdown().await;
}

async fn down(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, falsehood: Falsehood) {
    let mut piece = vec![0; PIECE_MAX];
    while let Ok(length @ 1..) = from.read(&mut piece).await {
        let told = *falsehood.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((this, that)) = told {
            replace(&mut piece[..length], this.as_bytes(), that.as_bytes());
        }
        if to.write_all(&piece[..length]).await.is_err() {
            break;
        }
    }
    let _ = to.shutdown().await;
}

fn replace(text: &mut [u8], this: &[u8], that: &[u8]) {
    for at in 0..(text.len() + 1).saturating_sub(this.len()) {
        if &text[at..at + this.len()] == this {
            text[at..at + this.len()].copy_from_slice(that);
        }
    }
}
