//! Somebody on the wire between the platform and the sidecar, who can falsify what the platform sends.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

/// Longer than any frame that is falsified.
const PIECE_MAX: usize = 256 * 1024;

/// Every occurrence of the first is replaced by the second, which is as long.
type Falsehood = Arc<Mutex<Told>>;

#[derive(Clone, Copy, Default)]
struct Told {
    falsehood: Option<(&'static str, &'static str)>,
    times: usize,
}

/// The heads of the requests that put topics.
type Puts = Arc<Mutex<Vec<String>>>;

/// Passes everything on.
pub(crate) struct Wire {
    address: SocketAddr,
    falsehood: Falsehood,
    puts: Puts,
    _passing: JoinSet<()>,
}

impl Wire {
    pub(crate) async fn to(platform: SocketAddr) -> Self {
        let listener = TcpListener::bind((std::net::Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let (address, falsehood) = (listener.local_addr().unwrap(), Falsehood::default());
        let puts = Puts::default();
        let (mut passing, by, counted) = (JoinSet::new(), Arc::clone(&falsehood), Arc::clone(&puts));
        passing.spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((near, _)) = listener.accept().await {
                let Ok(far) = TcpStream::connect(platform).await else { continue };
                let ((near_in, near_out), (far_in, far_out)) = (near.into_split(), far.into_split());
                connections.spawn(up(near_in, far_out, Arc::clone(&counted)));
                connections.spawn(down(far_in, near_out, Arc::clone(&by)));
            }
        });
        Self { address, falsehood, puts, _passing: passing }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// From now on this is replaced by that.
    pub(crate) fn falsify(&self, this: &'static str, that: &'static str) {
        assert_eq!(this.len(), that.len(), "or frames would not fit");
        *self.falsehood.lock().unwrap_or_else(PoisonError::into_inner) =
            Told { falsehood: Some((this, that)), times: 0 };
    }

    /// How often it was replaced since.
    pub(crate) fn falsified(&self) -> usize {
        self.falsehood.lock().unwrap_or_else(PoisonError::into_inner).times
    }

    /// How often topics were put.
    pub(crate) fn puts(&self) -> usize {
        self.puts.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// Where topics were put last, and with which authorization.
    pub(crate) fn last_put(&self) -> (String, String) {
        let puts = self.puts.lock().unwrap_or_else(PoisonError::into_inner);
        let head = puts.last().unwrap();
        let path = head.split(' ').nth(1).unwrap().to_owned();
        let mut lines = head.lines().filter_map(|line| line.split_once(": "));
        let bearer = lines.find(|(name, _)| name.eq_ignore_ascii_case("authorization"));
        (path, bearer.unwrap().1.to_owned())
    }

    /// From now on the truth is told.
    pub(crate) fn be_honest(&self) {
        *self.falsehood.lock().unwrap_or_else(PoisonError::into_inner) = Told::default();
    }
}

async fn up(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, puts: Puts) {
    let mut piece = vec![0; PIECE_MAX];
    while let Ok(length @ 1..) = from.read(&mut piece).await {
        // A request begins with a piece: no other is sent before it is answered.
        if piece[..length].starts_with(b"PUT /api/v2/notifications/") {
            let text = String::from_utf8_lossy(&piece[..length]);
            let head = text.split("\r\n\r\n").next().unwrap_or_default().to_owned();
            puts.lock().unwrap_or_else(PoisonError::into_inner).push(head);
        }
        if to.write_all(&piece[..length]).await.is_err() {
            break;
        }
    }
    let _ = to.shutdown().await;
}

async fn down(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, falsehood: Falsehood) {
    let mut piece = vec![0; PIECE_MAX];
    while let Ok(length @ 1..) = from.read(&mut piece).await {
        let told = falsehood.lock().unwrap_or_else(PoisonError::into_inner).falsehood;
        let times =
            told.map_or(0, |(this, that)| replace(&mut piece[..length], this.as_bytes(), that.as_bytes()));
        if to.write_all(&piece[..length]).await.is_err() {
            break;
        }
        falsehood.lock().unwrap_or_else(PoisonError::into_inner).times += times;
    }
    let _ = to.shutdown().await;
}

/// Gives how often.
fn replace(text: &mut [u8], this: &[u8], that: &[u8]) -> usize {
    let mut times = 0;
    for at in 0..(text.len() + 1).saturating_sub(this.len()) {
        if &text[at..at + this.len()] == this {
            text[at..at + this.len()].copy_from_slice(that);
            times += 1;
        }
    }
    times
}
