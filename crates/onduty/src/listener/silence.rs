//! Notices connections that never say anything. The HTTP versions are told apart by the first bytes, and nothing
//! that reads those has a time-out of its own.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::sleep;

/// A stream that counts what was read from it.
#[derive(Debug)]
pub(super) struct Heard<S> {
    stream: S,
    bytes: Arc<AtomicUsize>,
}

/// What was heard so far.
#[derive(Debug)]
pub(super) struct Ear(Arc<AtomicUsize>);

/// The connection preface of HTTP/2 (RFC 9113, 3.4). Whoever has said that much is known as one version or the other,
/// and under that version's own time-outs.
const PREFACE_BYTES: usize = 24;

impl<S> Heard<S> {
    /// A stream and an ear at it.
    pub(super) fn listen(stream: S) -> (Self, Ear) {
        let bytes = Arc::new(AtomicUsize::new(0));
        (Self { stream, bytes: Arc::clone(&bytes) }, Ear(bytes))
    }
}

impl Ear {
    /// Returns after this long if too little was heard by then, otherwise never.
    pub(super) async fn silent_for(self, span: Duration) {
        sleep(span).await;
        if self.0.load(Ordering::Relaxed) >= PREFACE_BYTES {
            std::future::pending::<()>().await;
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Heard<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(context, buffer))?;
        self.bytes.fetch_add(buffer.filled().len() - before, Ordering::Relaxed);
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Heard<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(context, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
