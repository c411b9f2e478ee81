//! How much of unfinished requests is held at once. Each body has a limit of its own, but a peer may begin as many
//! as it has connections and streams, and stall just before the end of each.

use std::error::Error;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Bytes of the beginnings of bodies, over all connections of a listener.
const BEGINNINGS_BYTES: usize = 16 * 1_048_576;

/// Bytes of what comes after the beginnings, or two of the longest body, whichever is more. Apart, so that whoever
/// fills this with large bodies does not keep out the small ones that nearly all requests have.
const REST_BYTES: usize = 16 * 1_048_576;

/// The beginning of a body.
const BEGINNING: usize = 16 * 1_024;

/// What all bodies at one listener share.
#[derive(Clone, Debug)]
pub(super) struct Ration {
    beginnings: Arc<Semaphore>,
    rest: Arc<Semaphore>,
}

/// Too much of other requests is being held; this one may come again later.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("more requests are being received than can be held; try again in a moment")]
pub struct Crowded;

impl Crowded {
    /// Whether this is why a body could not be read.
    pub fn is_cause_of(error: &(dyn Error + 'static)) -> bool {
        error.is::<Self>() || error.source().is_some_and(Self::is_cause_of)
    }
}

/// A body whose bytes count until it is dropped, which its reader does once it has all of it or has given up.
#[derive(Debug)]
pub(super) struct Rationed<B> {
    body: B,
    ration: Ration,
    heard: usize,
    held: [Option<OwnedSemaphorePermit>; 2],
}

impl Ration {
    /// For a listener that takes bodies of up to so many bytes.
    pub(super) fn new(longest: usize) -> Self {
        Self::of(BEGINNINGS_BYTES, longest.saturating_mul(2).clamp(REST_BYTES, Semaphore::MAX_PERMITS))
    }

    fn of(beginnings: usize, rest: usize) -> Self {
        Self { beginnings: Arc::new(Semaphore::new(beginnings)), rest: Arc::new(Semaphore::new(rest)) }
    }

    pub(super) fn body<B>(&self, body: B) -> Rationed<B> {
        Rationed { body, ration: self.clone(), heard: 0, held: [None, None] }
    }
}

impl<B> Rationed<B> {
    fn hold(&mut self, bytes: usize) -> Result<(), Crowded> {
        let (pool, held) = if self.heard < BEGINNING {
            (&self.ration.beginnings, &mut self.held[0])
        } else {
            (&self.ration.rest, &mut self.held[1])
        };
        let count = u32::try_from(bytes).map_err(|_| Crowded)?;
        let more = Arc::clone(pool).try_acquire_many_owned(count).map_err(|_| Crowded)?;
        match held {
            Some(held) => held.merge(more),
            None => *held = Some(more),
        }
        self.heard = self.heard.saturating_add(bytes);
        Ok(())
    }
}

impl<B> Body for Rationed<B>
where
    B: Body<Data = Bytes> + Unpin,
    B::Error: Into<Box<dyn Error + Send + Sync>>,
{
    type Data = Bytes;
    type Error = Box<dyn Error + Send + Sync>;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        let frame = match ready!(Pin::new(&mut self.body).poll_frame(context)) {
            Some(Ok(frame)) => frame,
            Some(Err(error)) => return Poll::Ready(Some(Err(error.into()))),
            None => return Poll::Ready(None),
        };
        let bytes = frame.data_ref().map_or(0, Bytes::len);
        Poll::Ready(Some(self.hold(bytes).map(|()| frame).map_err(Into::into)))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http_body_util::{BodyExt as _, Full};

    fn body(ration: &Ration, bytes: usize) -> Rationed<Full<Bytes>> {
        ration.body(Full::new(Bytes::from(vec![0; bytes])))
    }

    #[tokio::test]
    async fn what_is_held_is_bounded_and_given_back() {
        let ration = Ration::of(100, 0);
        let mut first = body(&ration, 60);
        first.frame().await.unwrap().unwrap();
        let crowded = body(&ration, 60).frame().await.unwrap().unwrap_err();
        assert!(Crowded::is_cause_of(&axum::Error::new(crowded)));
        drop(first);
        body(&ration, 60).frame().await.unwrap().unwrap();
    }

    #[tokio::test]
    async fn large_bodies_do_not_keep_out_small_ones() {
        let ration = Ration::of(2 * BEGINNING, 0);
        let mut large = ration.body(axum::body::Body::from_stream(futures_util::stream::iter(
            [vec![0; BEGINNING], vec![0; 1]].map(Ok::<_, std::io::Error>),
        )));
        large.frame().await.unwrap().unwrap();
        large.frame().await.unwrap().unwrap_err();
        body(&ration, BEGINNING).frame().await.unwrap().unwrap();
    }
}
